/* Carry: the readings of one probe, put in order and corrected, ready to be carried (5-domain section 1).
 *
 * Of readings with the same time only the last in the order (epoch, seq, position) counts, good or bad. A reading
 * without a known time is left out: it carries nothing and ends no carry. Raw values are the facts'; here stands what
 * is used: raw + the offset of the calibration valid at that instant, 0 before the first.
 */
#ifndef COLDCHAIN_CARRY_H
#define COLDCHAIN_CARRY_H

#include "coldchain/arena.h"
#include "coldchain/facts.h"

struct carried {
    int64_t t;
    int64_t mc; /* raw + offset */
    bool good;
    bool lapsed; /* taken after the due time of the calibration in force (fine print 11) */
};

struct carried_list {
    const struct carried *items; /* by t, each t once */
    size_t count;
};

/* `syncs` sorted by clock_sort(). When memory is out the list is empty and the arena marked failed. */
struct carried_list carry_readings(const struct probe *probe, const struct sync *syncs, size_t sync_count,
                                   struct arena *arena);

/* The repaired time of one reading of the probe, or TIME_NONE. */
int64_t carry_time(const struct probe *probe, const struct reading *reading, const struct sync *syncs,
                   size_t sync_count);

#endif
