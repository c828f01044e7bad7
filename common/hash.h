/* SHA-256: the one hash of Silsila, for bodies, keys, leaves and what is signed.
 *
 * Uses OpenSSL's low-level functions: a call through EVP costs a fetch and two allocations, five times the
 * work of hashing 64 bytes, and the Merkle tree hashes little else. These functions cannot fail. No globals;
 * safe in any thread.
 */
#ifndef COMMON_HASH_H
#define COMMON_HASH_H

#include <stddef.h>
#include <stdint.h>

#include "common/bytes.h"

enum { HASH_LEN = 32 };

void sha256(struct bytes in, uint8_t out[HASH_LEN]);

/* The hash of the parts one behind the other; `out` may be what a part looks at. */
void sha256_parts(const struct bytes *parts, size_t count, uint8_t out[HASH_LEN]);

#endif
