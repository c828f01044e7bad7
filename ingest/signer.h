/* Signer: the server's voice: signs receipts, checkpoints, configurations and notices, and wraps them for the way down.
 *
 * The certificate by which the authority vouches for the key travels with each message, so that a gateway that missed any
 * number of rotations needs nothing else. Used by one thread.
 */
#ifndef INGEST_SIGNER_H
#define INGEST_SIGNER_H

#include "common/bytes.h"
#include "common/keys.h"

struct signer {
    struct key_private *key;
    uint8_t key_id[KEY_ID_LEN];
    uint8_t origin[ORIGIN_LEN];
    struct buffer certificate; /* raw KeyCertificate */
};

struct signer_files {
    const char *key;         /* PEM */
    const char *certificate; /* raw KeyCertificate */
    const char *authority;   /* DER; NULL or "": the ledger is believed */
};

/* Loads the server's key and certificate and checks that the authority whose public key the ledger names (`authority`,
 * SubjectPublicKeyInfo, DER) is the one in our file and certified this key as a server's for `origin`. REJECT: they do not
 * belong together. */
MUST_CHECK enum outcome signer_open(struct signer *signer, const struct signer_files *files,
                                    const uint8_t origin[ORIGIN_LEN], struct bytes authority, struct why *why);
void signer_close(struct signer *signer);

/* Appends the encoded Signed message of `payload` to `out`. */
MUST_CHECK enum outcome signer_seal(const struct signer *signer, enum purpose purpose, struct bytes payload,
                                    struct buffer *out, struct why *why);

#endif
