#include "common/keys.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/keys_private.h"

struct key_public {
    EVP_PKEY *pkey;
    EVP_PKEY_CTX *verifying;
    uint8_t der[KEY_DER_LEN];
    uint8_t id[KEY_ID_LEN];
};

enum { HALF_LEN = 32, ALGORITHM_BYTE = 1, DER_SIGNATURE_MOST = 72 };

/* The order n of P-256 and its half, big-endian (SEC 2, section 2.4.2). */
static const uint8_t order[HALF_LEN] = {0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff,
                                        0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17,
                                        0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51};
static const uint8_t half_order[HALF_LEN] = {0x7f, 0xff, 0xff, 0xff, 0x80, 0x00, 0x00, 0x00, 0x7f, 0xff, 0xff,
                                             0xff, 0xff, 0xff, 0xff, 0xff, 0xde, 0x73, 0x7d, 0x56, 0xd3, 0x8b,
                                             0xcf, 0x42, 0x79, 0xdc, 0xe5, 0x61, 0x7e, 0x31, 0x92, 0xa8};

/* Everything of the one accepted SubjectPublicKeyInfo before the point's two coordinates (RFC 5480). */
static const uint8_t der_prefix[] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48,
                                     0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
                                     0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04};

const char *purpose_word(enum purpose purpose)
{
    switch (purpose) {
    case PURPOSE_ENVELOPE:
        return "envelope";
    case PURPOSE_RECEIPT:
        return "receipt";
    case PURPOSE_CHECKPOINT:
        return "checkpoint";
    case PURPOSE_CONFIG:
        return "config";
    case PURPOSE_NOTICE:
        return "notice";
    case PURPOSE_BOOK:
        return "book";
    case PURPOSE_CERTIFICATE:
        return "certificate";
    case PURPOSE_ENROLMENT:
        return "enrolment";
    case PURPOSE_RESTORE:
        return "restore";
    }
    return "unknown";
}

void signed_digest(enum purpose purpose, const uint8_t origin[ORIGIN_LEN],
                   const uint8_t payload_hash[HASH_LEN], uint8_t digest[HASH_LEN])
{
    static const char product[] = "silsila/v1"; /* its NUL is the separator */
    static const uint8_t algorithm = ALGORITHM_BYTE;
    const char *word = purpose_word(purpose);
    const struct bytes parts[] = {
        bytes_of(product, sizeof product), bytes_of(word, strlen(word) + 1), bytes_of(&algorithm, 1),
        bytes_of(origin, ORIGIN_LEN),      bytes_of(payload_hash, HASH_LEN),
    };
    sha256_parts(parts, sizeof parts / sizeof parts[0], digest);
}

/* OpenSSL's queue is per thread and grows: read the reason, leave it empty. */
static const char *openssl_reason(void)
{
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());
    ERR_clear_error();
    return reason ? reason : "no reason given";
}

static void pkey_free(EVP_PKEY **pkey)
{
    EVP_PKEY_free(*pkey);
}

/* The accepted DER of `pkey`, or false when it is on another curve or of another form. */
static bool write_der(const EVP_PKEY *pkey, uint8_t der[KEY_DER_LEN])
{
    uint8_t *to = der;
    if (i2d_PUBKEY(pkey, NULL) != KEY_DER_LEN || i2d_PUBKEY(pkey, &to) != KEY_DER_LEN)
        return false;
    return memcmp(der, der_prefix, sizeof der_prefix) == 0;
}

/* ---- private keys ---- */

enum outcome key_private_wrap(EVP_PKEY *pkey, struct key_private **made, struct why *why)
{
    scoped_by(pkey_free) EVP_PKEY *owned = pkey;
    scoped_by(key_private_free) struct key_private *key = calloc(1, sizeof *key);
    if (!key)
        return fail(why, RETRY, "no memory for a key");
    if (!write_der(owned, key->der))
        return fail(why, REJECT, "not a P-256 key");
    sha256(bytes_of(key->der, KEY_DER_LEN), key->id);
    key->pkey = take(owned);
    key->signing = EVP_PKEY_CTX_new(key->pkey, NULL);
    if (!key->signing || EVP_PKEY_sign_init(key->signing) != 1)
        return fail(why, RETRY, "cannot prepare a key for signing: %s", openssl_reason());
    *made = take(key);
    return DONE;
}

enum outcome key_generate(struct key_private **made, struct why *why)
{
    EVP_PKEY *pkey = EVP_EC_gen("P-256");
    if (!pkey)
        return fail(why, RETRY, "cannot generate a key: %s", openssl_reason());
    return key_private_wrap(pkey, made, why);
}

void key_private_free(struct key_private **key)
{
    if (!*key)
        return;
    EVP_PKEY_CTX_free((*key)->signing);
    EVP_PKEY_free((*key)->pkey);
    free(*key);
    *key = NULL;
}

enum outcome key_public_der(const struct key_private *key, struct buffer *out, struct why *why)
{
    buffer_add(out, key->der, KEY_DER_LEN);
    return out->failed ? fail(why, RETRY, "no memory for a public key") : DONE;
}

void key_private_id(const struct key_private *key, uint8_t id[KEY_ID_LEN])
{
    memcpy(id, key->id, KEY_ID_LEN);
}

/* ---- public keys ---- */

enum outcome key_public_read(struct bytes der, struct key_public **made, struct why *why)
{
    if (der.len != KEY_DER_LEN || memcmp(der.data, der_prefix, sizeof der_prefix) != 0)
        return fail(why, REJECT, "not a P-256 public key of the one accepted form");
    scoped_by(key_public_free) struct key_public *key = calloc(1, sizeof *key);
    if (!key)
        return fail(why, RETRY, "no memory for a public key");
    memcpy(key->der, der.data, KEY_DER_LEN);
    sha256(der, key->id);
    const uint8_t *at = der.data;
    key->pkey = d2i_PUBKEY(NULL, &at, KEY_DER_LEN);
    if (!key->pkey)
        return fail(why, REJECT, "not a point of P-256: %s", openssl_reason());
    key->verifying = EVP_PKEY_CTX_new(key->pkey, NULL);
    if (!key->verifying || EVP_PKEY_verify_init(key->verifying) != 1)
        return fail(why, RETRY, "cannot prepare a key for verifying: %s", openssl_reason());
    *made = take(key);
    return DONE;
}

enum outcome key_public_of(const struct key_private *key, struct key_public **made, struct why *why)
{
    return key_public_read(bytes_of(key->der, KEY_DER_LEN), made, why);
}

enum outcome key_public_clone(const struct key_public *key, struct key_public **made, struct why *why)
{
    return key_public_read(bytes_of(key->der, KEY_DER_LEN), made, why);
}

void key_public_id(const struct key_public *key, uint8_t id[KEY_ID_LEN])
{
    memcpy(id, key->id, KEY_ID_LEN);
}

void key_public_free(struct key_public **key)
{
    if (!*key)
        return;
    EVP_PKEY_CTX_free((*key)->verifying);
    EVP_PKEY_free((*key)->pkey);
    free(*key);
    *key = NULL;
}

/* ---- signatures: r ‖ s outside, DER inside OpenSSL ---- */

/* s := n − s */
static void negate_half(uint8_t s[HALF_LEN])
{
    int borrow = 0;
    for (int i = HALF_LEN - 1; i >= 0; i--) {
        int digit = order[i] - s[i] - borrow;
        borrow = digit < 0;
        s[i] = (uint8_t)(digit + (borrow ? 256 : 0));
    }
}

/* Appends one INTEGER of DER at `to` and returns the end. */
static uint8_t *der_integer(uint8_t *to, const uint8_t half[HALF_LEN])
{
    size_t skip = 0;
    while (skip < HALF_LEN - 1 && half[skip] == 0)
        skip++;
    bool sign_byte = half[skip] & 0x80;
    *to++ = 0x02;
    *to++ = (uint8_t)(HALF_LEN - skip + (sign_byte ? 1 : 0));
    if (sign_byte)
        *to++ = 0;
    memcpy(to, half + skip, HALF_LEN - skip);
    return to + (HALF_LEN - skip);
}

static size_t der_signature(const uint8_t signature[SIGNATURE_LEN], uint8_t der[DER_SIGNATURE_MOST])
{
    uint8_t *end = der_integer(der + 2, signature);
    end = der_integer(end, signature + HALF_LEN);
    der[0] = 0x30;
    der[1] = (uint8_t)(end - der - 2);
    return (size_t)(end - der);
}

/* r and s out of OpenSSL's DER, s brought into the lower half. */
static bool read_signature(const uint8_t *der, size_t len, uint8_t signature[SIGNATURE_LEN])
{
    ECDSA_SIG *parsed = d2i_ECDSA_SIG(NULL, &der, (long)len);
    if (!parsed)
        return false;
    bool sound = BN_bn2binpad(ECDSA_SIG_get0_r(parsed), signature, HALF_LEN) == HALF_LEN &&
                 BN_bn2binpad(ECDSA_SIG_get0_s(parsed), signature + HALF_LEN, HALF_LEN) == HALF_LEN;
    ECDSA_SIG_free(parsed);
    if (sound && memcmp(signature + HALF_LEN, half_order, HALF_LEN) > 0)
        negate_half(signature + HALF_LEN);
    return sound;
}

enum outcome key_sign_hash(const struct key_private *key, enum purpose purpose,
                           const uint8_t origin[ORIGIN_LEN], const uint8_t payload_hash[HASH_LEN],
                           uint8_t signature[SIGNATURE_LEN], struct why *why)
{
    uint8_t digest[HASH_LEN];
    uint8_t der[DER_SIGNATURE_MOST];
    size_t len = sizeof der;
    signed_digest(purpose, origin, payload_hash, digest);
    if (EVP_PKEY_sign(key->signing, der, &len, digest, HASH_LEN) != 1 || !read_signature(der, len, signature))
        return fail(why, RETRY, "cannot sign: %s", openssl_reason());
    return DONE;
}

enum outcome key_sign(const struct key_private *key, enum purpose purpose, const uint8_t origin[ORIGIN_LEN],
                      struct bytes payload, uint8_t signature[SIGNATURE_LEN], struct why *why)
{
    uint8_t hash[HASH_LEN];
    sha256(payload, hash);
    return key_sign_hash(key, purpose, origin, hash, signature, why);
}

enum outcome key_verify_hash(struct key_public *key, enum purpose purpose, const uint8_t origin[ORIGIN_LEN],
                             const uint8_t payload_hash[HASH_LEN], const uint8_t signature[SIGNATURE_LEN],
                             struct why *why)
{
    if (memcmp(signature + HALF_LEN, half_order, HALF_LEN) > 0)
        return fail(why, REJECT, "signature is of the refused half (high s)");
    uint8_t digest[HASH_LEN];
    uint8_t der[DER_SIGNATURE_MOST];
    signed_digest(purpose, origin, payload_hash, digest);
    int answer = EVP_PKEY_verify(key->verifying, der, der_signature(signature, der), digest, HASH_LEN);
    if (answer == 1)
        return DONE;
    bool no_memory = answer < 0 && ERR_GET_REASON(ERR_peek_last_error()) == ERR_R_MALLOC_FAILURE;
    ERR_clear_error();
    return no_memory ? fail(why, RETRY, "no memory to check a signature")
                     : fail(why, REJECT, "signature for purpose %s does not fit key and bytes",
                            purpose_word(purpose));
}

enum outcome key_verify(struct key_public *key, enum purpose purpose, const uint8_t origin[ORIGIN_LEN],
                        struct bytes payload, const uint8_t signature[SIGNATURE_LEN], struct why *why)
{
    uint8_t hash[HASH_LEN];
    sha256(payload, hash);
    return key_verify_hash(key, purpose, origin, hash, signature, why);
}
