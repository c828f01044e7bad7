#include "coldchain/carry.h"

#include <stdlib.h>

#include "coldchain/clock.h"

int64_t carry_time(const struct probe *probe, const struct reading *reading, const struct sync *syncs,
                   size_t sync_count)
{
    if (reading->boot == NONE)
        return reading->t;
    return clock_repair(syncs, sync_count, probe->gateway, reading->boot, reading->up_ms);
}

static int compare_i64(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

/* The order of 5-domain section 1 within one probe; value and quality last, so that two readings that claim the very
 * same place give the same result in either order of arrival. */
static int compare_readings(const void *left, const void *right)
{
    const struct reading *a = left;
    const struct reading *b = right;
    if (a->t != b->t)
        return compare_i64(a->t, b->t);
    if (a->epoch != b->epoch)
        return compare_i64(a->epoch, b->epoch);
    if (a->seq != b->seq)
        return compare_i64(a->seq, b->seq);
    if (a->position != b->position)
        return compare_i64(a->position, b->position);
    if (a->mc != b->mc)
        return compare_i64(a->mc, b->mc);
    return (int)b->good - (int)a->good;
}

static bool in_order(const struct reading *readings, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (readings[i].boot != NONE || (i > 0 && compare_readings(&readings[i - 1], &readings[i]) > 0))
            return false;
    return true;
}

/* The readings with their repaired times, sorted. The facts' own array when it already is so: a year of a probe comes
 * in order, and sorting it would be most of the work. */
static const struct reading *ordered(const struct probe *probe, const struct sync *syncs, size_t sync_count,
                                     struct arena *arena, size_t *count)
{
    *count = probe->reading_count;
    if (in_order(probe->readings, probe->reading_count))
        return probe->readings;
    struct reading *copy = arena_new(arena, probe->reading_count, sizeof *copy);
    if (!copy)
        return NULL;
    size_t kept = 0;
    for (size_t i = 0; i < probe->reading_count; i++) {
        int64_t t = carry_time(probe, &probe->readings[i], syncs, sync_count);
        if (t == TIME_NONE)
            continue;
        copy[kept] = probe->readings[i];
        copy[kept++].t = t;
    }
    qsort(copy, kept, sizeof *copy, compare_readings);
    *count = kept;
    return copy;
}

struct carried_list carry_readings(const struct probe *probe, const struct sync *syncs, size_t sync_count,
                                   struct arena *arena)
{
    size_t count;
    const struct reading *readings = ordered(probe, syncs, sync_count, arena, &count);
    struct carried *items = readings ? arena_new(arena, count, sizeof *items) : NULL;
    if (!items)
        return (struct carried_list){0};
    size_t made = 0;
    size_t next_calibration = 0;
    for (size_t i = 0; i < count; i++) {
        if (i + 1 < count && readings[i + 1].t == readings[i].t)
            continue;
        while (next_calibration < probe->calibration_count &&
               probe->calibrations[next_calibration].from <= readings[i].t)
            next_calibration++;
        const struct calibration *calibration =
            next_calibration ? &probe->calibrations[next_calibration - 1] : NULL;
        items[made++] = (struct carried){
            .t = readings[i].t,
            .mc = readings[i].mc + (calibration ? calibration->offset_mc : 0),
            .good = readings[i].good,
            .lapsed = calibration && calibration->due != TIME_NONE && readings[i].t > calibration->due,
        };
    }
    return (struct carried_list){items, made};
}
