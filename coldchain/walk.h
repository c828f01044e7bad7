/* Walk: the probes of one equipment, merged in time into spans during which nothing changes (5-domain section 2).
 *
 * A span tells which probes are placed, which of them are in use, the extremes of the good values among these, and
 * whether the time is pending. The probes in use are those with role `product`, or where none is placed at that
 * instant the `air` probes; a walk for one role uses only that role's. A silent product probe is not replaced by an
 * air probe.
 *
 *     time      ──────────────────────────────────────────────▶
 *     probe 1   |-20.0    |-19.8    |   (gap)     |-20.1
 *     probe 2        |-18.0    |-18.1    |-18.0        |
 *     spans     [   )[   )[    )[   )[   )[       )[   )…
 *
 * A walk may start anywhere: what came before is found again in the readings given, which must then reach back to
 * each placed probe's last reading and last good reading before the start. Spans are adjacent and run from the first
 * placement's from (or the start) to TIME_OPEN; the last ones, after the last placement, have `after_last` set.
 */
#ifndef COLDCHAIN_WALK_H
#define COLDCHAIN_WALK_H

#include "coldchain/carry.h"
#include "coldchain/placement.h"
#include "common/outcome.h"

/* One placement during a walk. */
struct slot {
    const struct placed *placed;
    struct carried_list readings; /* of its probe */
    size_t next;                  /* the first reading after the span's from */
    int64_t change_at;            /* when this slot changes next by itself */
    bool in_use;
    bool good;
    int64_t mc;    /* while good */
    bool fell_silent;  /* it was good in this placement and is not now */
    int64_t silent_at; /* when its last carry ended */
    int64_t silent_mc; /* the last value it carried */
};

struct span {
    int64_t from;
    int64_t to;
    bool placed;     /* any probe of either role: the equipment is monitored */
    bool known;      /* at least one probe in use is good */
    bool pending;    /* from the watermark on: where nothing is beyond, nothing can be said yet */
    bool after_last; /* after the end of the last placement: no segment, but an excursion goes on */
    int64_t lowest;  /* of the good values in use, while known */
    int64_t highest;
    struct slot *const *slots; /* the placed ones; valid until the next call */
    size_t slot_count;
};

struct walk {
    struct placed_list list;
    const struct carried_list *readings; /* by probe index */
    int64_t max_gap_ms;
    enum probe_role role; /* ROLE_ANY: the role in use */
    bool strict;          /* readings under a lapsed calibration are not good */
    struct slot *slots;
    struct slot **active;
    size_t active_count;
    size_t next_placement;
    int64_t now;
    int64_t last_to; /* the end of the last placement */
};

/* Starts at `from`, or with the first placement when that is later (TIME_NONE: with the first placement). False when
 * memory is out. With no placement at all the walk has no span. */
MUST_CHECK bool walk_begin(struct walk *walk, struct placed_list list, const struct carried_list *readings,
                           int64_t max_gap_ms, enum probe_role role, bool strict, int64_t from, struct arena *arena);

/* The next span; false after the one that runs to TIME_OPEN. */
bool walk_next(struct walk *walk, struct span *span);

#endif
