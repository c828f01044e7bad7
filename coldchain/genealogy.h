/* Genealogy: what became of what, both ways.
 *
 *     donation's bag ─split─▶ part ─pool─▶ plasma pool ─split─▶ …
 *
 * A look-back asks from a recipient's lot to every donation in it, a recall from one donation to everything it went
 * into; both walk the same edges (struct descent of coldchain/custody.h), one step an edge, however wide a pool is.
 */
#ifndef COLDCHAIN_GENEALOGY_H
#define COLDCHAIN_GENEALOGY_H

#include "coldchain/arena.h"
#include "coldchain/custody.h"

struct genealogy;

/* Prepares the edges among `lot_count` lots for walking; NULL when memory is out. The edges may come in any order and
 * repeatedly; the arena outlives the result. */
struct genealogy *genealogy_make(const struct descent *edges, size_t count, size_t lot_count, struct arena *arena);

/* One lot reached: by which event, from which lot, after how many steps. */
struct kin {
    int32_t lot;
    int32_t from;
    int32_t event;
    int32_t steps;
};

enum trace { TRACE_FORWARD, TRACE_BACK };

/* Everything that descends from `lot` (forward) or that it descends from (back), each lot once, by the fewest steps,
 * nearest first; the lot itself is not among them. NULL when memory is out. */
const struct kin *genealogy_trace(const struct genealogy *genealogy, int32_t lot, enum trace way, struct arena *arena,
                                  size_t *count);

#endif
