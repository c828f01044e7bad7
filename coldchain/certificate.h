/* Certificates: the authority's word that a key speaks for the server or for the administration of one
 * ledger.
 *
 * The authority's private key is kept offline; its public key and the ledger's origin are pinned at enrolment
 * (gateways) and in ledger.origin (ingest). A certificate counts when its statement is signed by that key
 * with purpose "certificate", names this origin, and is of the wanted kind. Server certificates rise in
 * serial: who has seen a higher one refuses a lower, so that an old stolen server key stops working at each
 * gateway as soon as that gateway hears a newer one.
 *
 * Pure: the arithmetic of the signature is passed in (common/keys.h does it), so that nothing here needs a
 * library.
 */
#ifndef COLDCHAIN_CERTIFICATE_H
#define COLDCHAIN_CERTIFICATE_H

#include <stdint.h>

#include "coldchain/envelope.h"

struct certificate {
    uint64_t serial;
    Silsila__V1__KeyKind kind; /* SERVER or ADMIN */
    char owner[33];
    uint8_t public_key[91]; /* SubjectPublicKeyInfo, DER: P-256 is 91 bytes */
    int64_t not_before_ms;
};

/* Says whether `signature` (64 bytes) is the authority's over `statement` with purpose "certificate" and this
 * ledger's origin: DONE, REJECT, or RETRY (no memory). */
typedef enum outcome (*certificate_signature_check)(void *context, struct bytes statement,
                                                    const uint8_t *signature, struct why *why);

/* Takes a raw KeyCertificate apart, without allocating, and checks it. REJECT: out of form, another ledger's,
 * another kind than `kind`, or not the authority's. RETRY: as the check says. Whether `serial` is high enough
 * is the caller's to ask. */
MUST_CHECK enum outcome certificate_check(struct bytes raw, const uint8_t origin[32],
                                          Silsila__V1__KeyKind kind, certificate_signature_check check,
                                          void *context, struct certificate *certificate, struct why *why);

/* Appends the statement that the authority then signs: REJECT when a part of it is out of form. */
MUST_CHECK enum outcome certificate_statement(const struct certificate *certificate, const uint8_t origin[32],
                                              struct buffer *out, struct why *why);
/* Appends the raw KeyCertificate of a statement and its signature. */
MUST_CHECK enum outcome certificate_seal(struct bytes statement, const uint8_t signature[64],
                                         struct buffer *out, struct why *why);

#endif
