/* The messages behind the golden vectors, written once for the maker and for the test that they still come
 * out alike. */
#ifndef TESTS_GOLDEN_SAMPLE_H
#define TESTS_GOLDEN_SAMPLE_H

#include "coldchain/envelope.h"
#include "common/keys.h"
#include "common/merkle.h"

enum { GOLDEN_LEAVES = 9 };

static const uint8_t golden_origin[ORIGIN_LEN] = {
    0x0a, 0x1b, 0x2c, 0x3d, 0x4e, 0x5f, 0x60, 0x71, 0x82, 0x93, 0xa4, 0xb5, 0xc6, 0xd7, 0xe8, 0xf9,
    0x0a, 0x1b, 0x2c, 0x3d, 0x4e, 0x5f, 0x60, 0x71, 0x82, 0x93, 0xa4, 0xb5, 0xc6, 0xd7, 0xe8, 0xf9};

/* Bodies of gateway gw-golden: seq 1 with an epoch start, readings and a device event; seq 2 with `previous`.
 */
MUST_CHECK enum outcome golden_body(uint64_t seq, const uint8_t previous[HASH_LEN], struct buffer *out,
                                    struct why *why);
/* A body of the admin with one register entry, in Arabic and French. */
MUST_CHECK enum outcome golden_register(struct buffer *out, struct why *why);
/* A receipt through seq 2 with a checkpoint that `server` signs (NULL: signed by zeros, to compare all else).
 */
MUST_CHECK enum outcome golden_receipt(const uint8_t through_hash[HASH_LEN], const struct key_private *server,
                                       struct buffer *out, struct why *why);
MUST_CHECK enum outcome golden_config(struct buffer *out, struct why *why);
void golden_leaf(uint8_t number, merkle_hash out);

#endif
