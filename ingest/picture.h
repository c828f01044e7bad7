/* Picture: what the single writer knows of the ledger without asking: head, tree, key numbers, epochs.
 *
 * It is right as long as nobody else writes, which the compare-and-set on the head guards: when that fails, the picture is
 * forgotten and read again. Planning changes it ahead of the commit; a plan that comes to nothing means forgetting it too.
 * Not thread-safe.
 */
#ifndef INGEST_PICTURE_H
#define INGEST_PICTURE_H

#include "ingest/epoch.h"
#include "ingest/tree.h"

struct key_number {
    uint8_t key_id[KEY_ID_LEN];
    int32_t number; /* 0: empty slot */
};

struct picture {
    bool known;
    uint32_t generation;
    struct tree tree;
    merkle_hash root;
    struct epoch_table epochs;
    int32_t next_epoch_number;
    struct key_number *keys; /* open addressing */
    size_t key_slots, key_count;
    int32_t next_key_number;
    uint64_t partition_end; /* positions below this have a partition */
};

/* Frees what it holds; `known` is false then. */
void picture_forget(struct picture *picture);

/* Number of a key, 0: not known. */
int32_t picture_key(const struct picture *picture, const uint8_t key_id[KEY_ID_LEN]);
MUST_CHECK enum outcome picture_add_key(struct picture *picture, const uint8_t key_id[KEY_ID_LEN], int32_t number,
                                        struct why *why);

#endif
