/* Chain: what the fold knows of one epoch of one sender, as a pure function of the set of its bodies.
 *
 * Bodies may come in any order. The chain keeps which seqs are there as ranges, with the hashes at the edges of each, so
 * that when two ranges meet it can tell once, and whatever the order, whether the later body names the earlier one.
 * Two bodies for one seq are a fork: chain_add() says REPEATED and changes nothing; the caller folds that epoch again with
 * fork_resolve() (fork.h).
 * No I/O, no clock. Not thread-safe.
 */
#ifndef INGEST_FOLD_CHAIN_H
#define INGEST_FOLD_CHAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/outcome.h"

enum { CHAIN_NO_TIME = 0 }; /* times are ms UTC and positive; 0 stands for not known */

struct chain_range {
    int64_t from, to;           /* seqs, both inclusive */
    uint8_t first_previous[32]; /* previous hash named by the body at `from` */
    bool has_first_previous;    /* false at seq 1, and for a body that names none */
    uint8_t last_hash[32];      /* SHA-256 of the body at `to` */
};

struct chain {
    int32_t epoch_no;
    char sender[33];
    uint8_t epoch[16];
    bool first_heard; /* the body at seq 1 has been folded: the next four are known */
    bool has_previous;
    uint8_t previous_epoch[16];
    int64_t last_certain_seq;
    int reason;
    int32_t rank; /* place in the sender's chain of epochs; -1: not linked */
    struct chain_range *ranges;
    size_t range_count, range_room;
    int64_t watermark_ms; /* sealing time of the body at through; CHAIN_NO_TIME: not known */
    int64_t heard_ms;     /* latest sealing time on a synchronised clock */
    uint8_t (*boots)[16];
    size_t boot_count, boot_room;
    int64_t disputed_from; /* 0: not forked */
    uint8_t branch[32];
    bool has_branch;
    int64_t config_version;
    bool stored; /* a row of silsila.chain exists */
    bool dirty;  /* differs from that row */
    bool repairs; /* a boot of it has unsynchronised content: its synchronised bodies are kept (repair.c) */
};

enum chain_added {
    CHAIN_ADDED,    /* new; `broken` says which links do not hold */
    CHAIN_REPEATED, /* this seq is there already, with other bytes (the ledger stores equal ones once) */
    CHAIN_NO_MEMORY
};

struct chain_links {
    bool broken_before; /* the body before it is there, and this one names another hash */
    bool broken_after;  /* the body after it is there and names another hash */
};

/* Puts one body into its place. `previous` may be NULL: the body names none. */
enum chain_added chain_add(struct chain *chain, int64_t seq, const uint8_t *previous, const uint8_t body_hash[32],
                           struct chain_links *links);

/* Every seq from 1 to here is there; 0: none. */
int64_t chain_through(const struct chain *chain);

/* Remembers a boot id; true when it was new. A failed allocation keeps quiet and answers false. */
bool chain_saw_boot(struct chain *chain, const uint8_t boot[16]);
bool chain_has_boot(const struct chain *chain, const uint8_t boot[16]);

/* Forgets all bodies, keeps identity and rank: before the epoch is folded again. */
void chain_clear(struct chain *chain);
void chain_free(struct chain **chain);

/* Ranks of a sender's epochs: the one whose first body names no previous epoch is 0, the one that names it 1, and so on; of
 * several that name the same one the smaller epoch bytes go on the chain first and the others after it. An epoch whose first
 * body is not heard, or that names an epoch which is not linked, gets -1. Writes chain->rank and returns how many changed. */
size_t chain_rank_all(struct chain **chains, size_t count);

/* Sort key of an item in the order of 5-domain: sender, place of the epoch, seq, position. memcmp order. Unlinked epochs come
 * after the linked, by their bytes. Writes at most PLACE_IN_ORDER_MOST bytes, returns how many. */
enum { PLACE_IN_ORDER_MOST = 33 + 4 + 16 + 8 + 4 };
size_t chain_place_in_order(const struct chain *chain, int64_t seq, int32_t item, uint8_t out[PLACE_IN_ORDER_MOST]);

#endif
