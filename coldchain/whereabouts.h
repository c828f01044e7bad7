/* Whereabouts: from a lot's stays to the innermost monitored equipment that holds it (5-domain section 4).
 *
 *     bag ─in─▶ box (bound to a transport box: monitored?) ─in─▶ pallet ─stands in─▶ van (monitored?)
 *
 * At each instant the first monitored one on the way outwards is where the lot is; with none it is unmonitored. The
 * equipment a container is bound to holds what is inside it, not itself.
 */
#ifndef COLDCHAIN_WHEREABOUTS_H
#define COLDCHAIN_WHEREABOUTS_H

#include "coldchain/arena.h"
#include "coldchain/placement.h"
#include "coldchain/results.h"

/* What whereabouts are worked out from; all arrays are the caller's. */
struct whereabouts_map {
    const struct facts *facts;
    const struct lot_life *lives;           /* by lot */
    const struct interval_list *monitored;  /* by equipment */
    const int32_t *bound;                   /* by lot: the equipment that is the same thing, or NONE */
};

struct whereabouts_list {
    VEC(struct whereabouts) vec;
};

/* The lot's own life, [begun_at, ended_at) cut to end at `until`: adjacent, neighbours differ. Empty when it never
 * began. When memory is out the arena is marked. */
void whereabouts_of(const struct whereabouts_map *map, int32_t lot, int64_t until, struct arena *arena,
                    struct whereabouts_list *out);

/* The same with the inherited life of a split part's parents before it. */
void whereabouts_inherited(const struct whereabouts_map *map, int32_t lot, int64_t until, struct arena *arena,
                           struct whereabouts_list *out);

#endif
