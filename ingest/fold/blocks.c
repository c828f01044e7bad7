#include "ingest/fold/blocks.h"

#include <stdlib.h>

#define HOUR_MS 3600000LL

static bool value_possible(const struct reading_run *run, size_t i)
{
    return !run->values_mc || (run->values_mc[i] >= READING_LEAST_MC && run->values_mc[i] <= READING_MOST_MC);
}

static bool time_possible(const struct reading_run *run, int64_t at_ms)
{
    return at_ms >= BLOCKS_EARLIEST_MS && at_ms < BLOCKS_LATEST_MS && at_ms <= run->latest_ms;
}

void blocks_cut(const struct reading_run *run, struct run_judged *judged,
                void (*each)(void *context, const struct block_piece *piece), void *context)
{
    *judged = (struct run_judged){0};
    struct block_piece piece = {0};
    for (size_t i = 0; i < run->count; i++) {
        /* At most 20,000 steps of 2^32 ms from an int64 in range: cannot overflow once t0 was checked by the caller's
         * decoder to be within ±2^60. */
        int64_t at_ms = run->t0_ms + (int64_t)i * run->step_ms;
        bool timely = time_possible(run, at_ms);
        bool possible = value_possible(run, i);
        if (!timely)
            judged->untimely++;
        else if (!possible)
            judged->out_of_range++;
        bool same_hour = piece.count > 0 && at_ms / HOUR_MS == piece.t0_ms / HOUR_MS;
        if (piece.count > 0 && (!timely || !possible || !same_hour || piece.count == PIECE_READINGS_MOST)) {
            each(context, &piece);
            piece.count = 0;
        }
        if (!timely || !possible)
            continue;
        if (piece.count == 0) {
            piece.t0_ms = at_ms;
            piece.values_mc = run->values_mc ? run->values_mc + i : NULL;
        }
        piece.count++;
    }
    if (piece.count > 0)
        each(context, &piece);
}

static bool nearer(const struct clock_sync *a, const struct clock_sync *b, int64_t up_ms)
{
    int64_t da = llabs(a->up_ms - up_ms), db = llabs(b->up_ms - up_ms);
    if (da != db)
        return da < db;
    if (a->up_ms != b->up_ms)
        return a->up_ms < b->up_ms;
    return a->wall_ms < b->wall_ms;
}

bool blocks_repair_time(const struct clock_sync *syncs, size_t count, int64_t up_ms, int64_t *wall_ms)
{
    const struct clock_sync *best = NULL;
    for (size_t i = 0; i < count; i++) {
        if (!best || nearer(&syncs[i], best, up_ms))
            best = &syncs[i];
    }
    if (!best)
        return false;
    *wall_ms = best->wall_ms + (up_ms - best->up_ms);
    return true;
}
