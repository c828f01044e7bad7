#include "coldchain/clock.h"

#include <stdlib.h>

static int compare_i64(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static int compare_syncs(const void *left, const void *right)
{
    const struct sync *a = left;
    const struct sync *b = right;
    if (a->gateway != b->gateway)
        return compare_i64(a->gateway, b->gateway);
    if (a->boot != b->boot)
        return compare_i64(a->boot, b->boot);
    if (a->up_ms != b->up_ms)
        return compare_i64(a->up_ms, b->up_ms);
    return compare_i64(a->t, b->t);
}

struct sync *clock_sort(const struct sync *syncs, size_t count, struct arena *arena)
{
    struct sync *sorted = arena_copy(arena, syncs, count, sizeof *sorted);
    if (sorted && count > 1)
        qsort(sorted, count, sizeof *sorted, compare_syncs);
    return sorted;
}

/* The first sync not before (gateway, boot, up_ms, any wall time). */
static size_t lower_bound(const struct sync *sorted, size_t count, const struct sync *wanted)
{
    size_t low = 0;
    size_t high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare_syncs(&sorted[middle], wanted) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

int64_t clock_repair(const struct sync *sorted, size_t count, int32_t gateway, int32_t boot, int64_t up_ms)
{
    struct sync wanted = {gateway, boot, up_ms, INT64_MIN};
    size_t after = lower_bound(sorted, count, &wanted);
    const struct sync *best = NULL;
    if (after > 0 && sorted[after - 1].gateway == gateway && sorted[after - 1].boot == boot) {
        /* Of several at one boot time the smallest wall time counts, so step back to the first of them. */
        wanted.up_ms = sorted[after - 1].up_ms;
        best = &sorted[lower_bound(sorted, count, &wanted)];
    }
    if (after < count && sorted[after].gateway == gateway && sorted[after].boot == boot &&
        (!best || sorted[after].up_ms - up_ms < up_ms - best->up_ms))
        best = &sorted[after];
    return best ? best->t + (up_ms - best->up_ms) : TIME_NONE;
}

int64_t clock_of_event(const struct sync *sorted, size_t count, const struct event *event)
{
    if (event->boot == NONE)
        return event->at;
    return clock_repair(sorted, count, event->gateway, event->boot, event->up_ms);
}
