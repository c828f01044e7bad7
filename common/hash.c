/* The low-level functions are "deprecated since 3.0" for the sake of engines, not because they are wrong; see
 * hash.h. */
#define OPENSSL_API_COMPAT 0x10100000L

#include "common/hash.h"

#include <openssl/sha.h>

_Static_assert(HASH_LEN == SHA256_DIGEST_LENGTH, "HASH_LEN is SHA-256's");

void sha256(struct bytes in, uint8_t out[HASH_LEN])
{
    sha256_parts(&in, 1, out);
}

void sha256_parts(const struct bytes *parts, size_t count, uint8_t out[HASH_LEN])
{
    SHA256_CTX state;
    (void)SHA256_Init(&state);
    for (size_t i = 0; i < count; i++) {
        if (parts[i].len > 0)
            (void)SHA256_Update(&state, parts[i].data, parts[i].len);
    }
    (void)SHA256_Final(out, &state);
}
