/* Receipt: builds the payload of a Receipt from what is committed of an epoch. Pure.
 *
 * A receipt says only what is stored, and says "everything up to here" only where the chain of hashes makes that safe to
 * believe (ingest/epoch.h). Signing and sending are others' work.
 */
#ifndef INGEST_RECEIPT_H
#define INGEST_RECEIPT_H

#include "ingest/epoch.h"

enum { RECEIPT_RANGES_MOST = 64 };

/* The ledger's head, signed. */
struct receipt_checkpoint {
    struct buffer statement; /* a CheckpointStatement, raw */
    uint8_t key_id[KEY_ID_LEN];
    uint8_t signature[SIGNATURE_LEN];
    bool present;
};

struct receipt_request {
    const uint8_t *origin;
    const char *gateway;
    const uint8_t *epoch;
    uint32_t send_window;
    const struct receipt_checkpoint *checkpoint; /* may be NULL */
};

/* How many receipts it takes to say all of `said`: 64 ranges beyond gaps in each; at least one. */
size_t receipt_parts(const struct epoch_said *said);

/* Appends the payload of part `part` to `out`. All parts carry `through`. */
MUST_CHECK enum outcome receipt_build(const struct receipt_request *request, const struct epoch_said *said, size_t part,
                                      struct buffer *out, struct why *why);

/* Appends the payload of a receipt for one body alone, by its own hash: for disputed epochs. */
MUST_CHECK enum outcome receipt_build_single(const struct receipt_request *request, uint64_t seq,
                                             const uint8_t hash[HASH_LEN], struct buffer *out, struct why *why);

/* Appends a CheckpointStatement. */
MUST_CHECK enum outcome receipt_checkpoint_statement(const uint8_t origin[ORIGIN_LEN], uint32_t generation, uint64_t size,
                                                     const uint8_t root[HASH_LEN], int64_t at_ms, struct buffer *out,
                                                     struct why *why);

#endif
