/* Life: what custody tells exposure of each lot. Custody (coldchain/custody.h) writes it, exposure reads it.
 *
 * Conventions of coldchain/facts.h. A lot that never began has `begun` false and nothing else.
 */
#ifndef COLDCHAIN_LIFE_H
#define COLDCHAIN_LIFE_H

#include "coldchain/facts.h"

/* One interval of a lot in one place, its own (what it stands in directly; not its parents' places). Stays are in
 * order, adjacent, cover [begun_at, ended_at) whole, and neighbours differ. An unknown place is all NONE. */
struct stay {
    int64_t from;
    int64_t to; /* TIME_OPEN: still there */
    struct place place;
};

/* One event that took effect on the lot, by name or through a container (the ↓ of 5-domain section 6). In the order
 * of the lot's history. */
struct life_mark {
    enum event_type type;
    int64_t at;
    int32_t event;   /* index into facts.events; a replacement goes by the event it replaces */
    int32_t product; /* relabel: what it became; else NONE */
};

struct lot_life {
    bool begun;
    int64_t begun_at; /* the first custody event */
    int64_t ended_at; /* TIME_OPEN while it lives */
    int32_t ended_by; /* event index or NONE */
    int32_t product;  /* the present one: index into facts.products or NONE */
    bool attested;    /* opening stock, or received from outside: at best `within` (fine print 25) */
    int64_t attested_until; /* the instant it was taken on; TIME_NONE when not attested */
    const struct stay *stays;
    size_t stay_count;
    const struct life_mark *marks;
    size_t mark_count;
    int64_t known_until; /* the latest time at which something of the lot is known: its last event, in effect or not */
    int32_t split_from;  /* the lot it is a part of, or NONE; its life up to begun_at is inherited */
    const int32_t *members; /* of a pool: what went in, sorted; the members' lives end at the pooling */
    size_t member_count;
};

#endif
