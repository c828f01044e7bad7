/* Epoch: which bodies of one sender's epoch are stored, as the single writer keeps it in memory.
 *
 * A body of an epoch is stored (its seq lies in a range) or not. Ranges are kept with the hashes at their edges, so that a
 * receipt can say "everything up to here" only where each body names the one before it: such a receipt can be believed by
 * its last hash alone. When two bodies claim one seq, or one does not follow the other, the epoch is disputed: from then
 * on receipts name single bodies, each by its own hash, and no two branches can be mixed up.
 *
 * Planned and committed are two things. epoch_add() changes the plan; epoch_commit() copies it to what receipts may say.
 * Pure: no I/O, no clock. Not thread-safe.
 */
#ifndef INGEST_EPOCH_H
#define INGEST_EPOCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/bytes.h"
#include "common/hash.h"
#include "common/keys.h"
#include "ingest/arrival.h"

enum { EPOCH_RECENT = 64 };

struct epoch_range {
    uint64_t from, to; /* both inclusive */
    uint8_t to_hash[HASH_LEN];
    uint8_t from_previous[HASH_LEN]; /* what the body at `from` names as the one before */
    bool has_from_previous;
};

/* What receipts may say. */
struct epoch_said {
    uint64_t through;
    uint8_t through_hash[HASH_LEN];
    struct epoch_range *above; /* beyond gaps, in order */
    size_t above_count;
    bool disputed;
};

struct epoch {
    int32_t number;
    char gateway[SENDER_ID_ROOM];
    uint8_t epoch[EPOCH_LEN];
    struct epoch_range *ranges; /* in order; neighbours touch only in a disputed epoch's past */
    size_t count, room;
    bool disputed;
    uint64_t frozen_through; /* of a disputed epoch: what held before */
    uint8_t frozen_hash[HASH_LEN];
    bool planned; /* in the batch being planned; the planner's mark */
    bool changed; /* since ledger.epoch was last written */
    struct epoch_said said;
    /* Hashes of bodies lately stored or looked up, so that most duplicates cost no query. */
    struct {
        uint64_t seq; /* 0: empty */
        uint8_t hash[HASH_LEN];
    } recent[EPOCH_RECENT];
    unsigned recent_next;
    /* Used by the receipts desk. */
    int64_t receipt_sent_ms;
    int64_t receipt_waits_since_ms; /* arrival of the oldest envelope not answered yet */
    bool receipt_due;
    struct epoch *due_next;
    struct epoch *map_next; /* in the table of epochs */
};

/* NULL: out of memory. */
struct epoch *epoch_new(int32_t number, const char *gateway, const uint8_t epoch[EPOCH_LEN]);
void epoch_free(struct epoch *epoch);

bool epoch_has(const struct epoch *epoch, uint64_t seq);

/* How a body stands to what is stored (planned included). UNDECIDED: its seq is stored, but with which body has to be
 * looked up. */
enum standing_of_body { BODY_NEW, BODY_DUPLICATE, BODY_FORK, BODY_UNDECIDED };

/* `stored` are the hashes found for that seq by a look-up, NULL when none was made. */
enum standing_of_body epoch_judge(const struct epoch *epoch, uint64_t seq, const uint8_t hash[HASH_LEN],
                                  const uint8_t (*stored)[HASH_LEN], size_t stored_count);

/* Plans to store a body that is new or a fork. RETRY: out of memory, nothing changed. */
MUST_CHECK enum outcome epoch_add(struct epoch *epoch, const struct body_head *head, const uint8_t hash[HASH_LEN],
                                  struct why *why);

/* Remembers that `hash` is stored at `seq`. */
void epoch_remember(struct epoch *epoch, uint64_t seq, const uint8_t hash[HASH_LEN]);

/* The planned state, for ledger.epoch: `stored` gets the text of an int8multirange. */
uint64_t epoch_through(const struct epoch *epoch);
const uint8_t *epoch_through_hash(const struct epoch *epoch); /* NULL while through is 0 */
void epoch_stored_text(const struct epoch *epoch, struct buffer *out);

/* Takes over what ledger.epoch says: the text of its multirange, through, its hash and whether disputed. Edges of ranges
 * above through are unknown until epoch_set_edge() told of each (not for disputed epochs, which need none). REJECT: the text
 * is not what PostgreSQL writes. */
MUST_CHECK enum outcome epoch_load(struct epoch *epoch, const char *stored, uint64_t through,
                                   const uint8_t *through_hash, bool disputed, struct why *why);
/* The body stored at `seq`, which is an edge of a range. */
void epoch_set_edge(struct epoch *epoch, const struct body_head *head, const uint8_t hash[HASH_LEN]);

/* What was planned is committed: receipts may say it from now on. RETRY: out of memory; receipts then say what they said
 * before, which is true too. */
MUST_CHECK enum outcome epoch_commit(struct epoch *epoch, struct why *why);

/* ---- a table of epochs ---- */

struct epoch_table {
    struct epoch **slots;
    size_t slot_count; /* power of two */
    size_t count;
};

struct epoch *epoch_find(const struct epoch_table *table, const char *gateway, const uint8_t epoch[EPOCH_LEN]);
MUST_CHECK enum outcome epoch_insert(struct epoch_table *table, struct epoch *epoch, struct why *why);
void epoch_table_clear(struct epoch_table *table);

#endif
