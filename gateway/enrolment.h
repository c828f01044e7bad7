/* Enrolment: what was pinned when this gateway was enrolled, read from the bundle that came back by hand.
 *
 * The bundle names the ledger's origin and the authority's key; both are trusted from then on and never changed by anything
 * that comes over the network. TLS files that the settings do not name are written out of the bundle into the state folder.
 */
#ifndef GATEWAY_ENROLMENT_H
#define GATEWAY_ENROLMENT_H

#include "common/bytes.h"
#include "gateway/settings.h"

struct enrolment {
    uint8_t origin[32];
    struct buffer authority_key; /* SubjectPublicKeyInfo DER */
    char *tls_ca, *tls_cert;     /* paths; NULL: no TLS */
};

/* REJECT: no bundle, or one for another gateway. RETRY: a file cannot be read or written. */
MUST_CHECK enum outcome enrolment_load(const struct gateway_settings *settings, struct enrolment *enrolment,
                                       struct why *why);
void enrolment_free(struct enrolment *enrolment);

#endif
