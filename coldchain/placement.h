/* Placement: where each probe really was, and how far an equipment has been heard.
 *
 * A probe is in one place: its placement ends when it says so or when the next one of that probe begins (5-domain
 * section 2). An equipment is monitored at an instant when at least one probe of either role is placed there.
 */
#ifndef COLDCHAIN_PLACEMENT_H
#define COLDCHAIN_PLACEMENT_H

#include "coldchain/arena.h"
#include "coldchain/facts.h"

/* A placement as it held: [from, to) is never empty. */
struct placed {
    int32_t probe;
    int32_t equipment;
    enum probe_role role;
    int64_t from;
    int64_t to;
    int64_t watermark; /* of the gateway that owns the probe */
};

/* The placements of one equipment, by from, then probe. */
struct placed_list {
    const struct placed *items;
    size_t count;
};

/* Resolves all placements: one list per equipment of the facts. `watermarks` has one per gateway. NULL when memory is
 * out. Of two placements of one probe with the same from, the later in the array rules. */
struct placed_list *placements_resolve(const struct facts *facts, const int64_t *watermarks, struct arena *arena);

/* Is the placement in force at `at`? At TIME_OPEN, "the last instant", those that still run are. */
static inline bool placed_at(const struct placed *placed, int64_t at)
{
    return placed->from <= at && (at < placed->to || placed->to == TIME_OPEN);
}

/* How far the equipment has been heard at an instant: the earliest among the gateways that own probes of the role in
 * use placed there; with none placed, those of the last placement; TIME_NONE before the first (fine print 6). */
int64_t placements_watermark(struct placed_list list, int64_t at);

/* The same for the probes of one role only, as a rule that names it sees the equipment; before the first of that role
 * those of the other count. ROLE_ANY is the role in use. */
int64_t placements_watermark_of_role(struct placed_list list, enum probe_role role, int64_t at);

/* Appends the intervals during which the equipment was monitored, in order, not touching each other. */
struct interval_list {
    VEC(struct interval) vec;
};
void placements_monitored(struct placed_list list, struct arena *arena, struct interval_list *out);

#endif
