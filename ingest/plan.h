/* Plan: one batch on its way into the ledger: what of it is new, what is there already, and the parameters of append.
 *
 *   plan_fill     arrivals in order of sender, epoch, seq and hash; exact repetitions within the batch found
 *   plan_epochs   which epochs have to be read first            → plan_take_epoch for each row
 *   plan_edges    which bodies at edges of their ranges         → plan_take_edge for each row
 *   plan_lookups  which stored seqs need their body's hash      → plan_take_lookup for each row
 *   plan_make     judges each, changes the picture, fills the parameters
 *   plan_commit   what was planned may be said in receipts
 *
 * Each of the three middle steps may find nothing to ask. Everything can be done again from plan_fill on after the picture
 * was forgotten. Owns its arrivals. Pure: no I/O, no clock.
 */
#ifndef INGEST_PLAN_H
#define INGEST_PLAN_H

#include "ingest/arrival.h"
#include "ingest/arrays.h"
#include "ingest/picture.h"

struct plan_item {
    struct arrival *arrival;
    struct epoch *epoch;
    enum standing_of_body standing;
    bool repeated; /* the very same body stands before it in this batch */
};

/* The hash of a body stored at (epoch number, seq). */
struct plan_lookup {
    int32_t epoch_number;
    uint64_t seq;
    uint8_t hash[HASH_LEN];
};

/* Parameters of ledger.append(), see schema/sql/0003; in its order. */
struct append_parameters {
    struct array key_no, key_id, key_owner;
    struct array epoch_no, epoch_gateway, epoch, epoch_stored, epoch_through, epoch_through_hash, epoch_disputed;
    struct tree_tiles tiles;
    struct array entry_epoch, seq, entry_key, algorithm, signature, body, certificate, via, lane, received_at;
    struct buffer frontier;
};

struct plan {
    struct plan_item *items;
    size_t count, room;
    struct epoch **touched; /* each epoch of the batch once */
    size_t touched_count, touched_room;
    struct plan_lookup *lookups;
    size_t lookup_count, lookup_room;
    struct array ask_gateway, ask_epoch; /* plan_epochs */
    struct array ask_number, ask_seq;    /* plan_edges, plan_lookups */
    struct append_parameters parameters;
    uint64_t old_size, new_size;
    merkle_hash old_root, new_root;
    size_t stored, duplicates, forks;
    bool made; /* the picture contains it */
};

void plan_free(struct plan *plan);

/* Takes over up to `most` arrivals and `most_bytes` from the lists, live first; a quarter of a full batch is kept for late
 * ones that wait. At least one is taken when there is one. RETRY: out of memory, nothing taken. */
MUST_CHECK enum outcome plan_fill(struct plan *plan, struct arrival_list lanes[LANES], size_t most, size_t most_bytes,
                                  struct why *why);

/* Each returns how many things have to be asked for, with the ask_ arrays filled. */
size_t plan_epochs(struct plan *plan, const struct picture *picture);
MUST_CHECK enum outcome plan_take_epoch(struct plan *plan, struct picture *picture, struct epoch *read, struct why *why);
size_t plan_edges(struct plan *plan);
void plan_take_edge(struct plan *plan, int32_t epoch_number, struct bytes body);
size_t plan_lookups(struct plan *plan, const struct picture *picture);
MUST_CHECK enum outcome plan_take_lookup(struct plan *plan, int32_t epoch_number, uint64_t seq,
                                         const uint8_t hash[HASH_LEN], struct why *why);

/* RETRY: out of memory; the picture has to be forgotten. DONE with stored 0: nothing to append, go to plan_commit. */
MUST_CHECK enum outcome plan_make(struct plan *plan, struct picture *picture, struct why *why);

void plan_commit(struct plan *plan, struct picture *picture);

/* Gives the arrivals back in front of the lists: nothing of the plan came about. */
void plan_undo(struct plan *plan, struct arrival_list lanes[LANES]);
/* Frees the arrivals: their story is over. */
void plan_clear(struct plan *plan);

#endif
