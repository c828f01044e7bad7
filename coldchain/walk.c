#include "coldchain/walk.h"

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* The first reading after `at`. */
static size_t first_after(struct carried_list readings, int64_t at)
{
    size_t low = 0;
    size_t high = readings.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (readings.items[middle].t <= at)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool usable(const struct walk *walk, const struct carried *reading)
{
    return reading->good && !(walk->strict && reading->lapsed);
}

/* Where the carry of reading `i` ends: at the next reading, after max_gap, with its placement, or at the watermark. */
static int64_t carry_end(const struct walk *walk, const struct slot *slot, size_t i)
{
    int64_t end = slot->readings.items[i].t + walk->max_gap_ms;
    if (i + 1 < slot->readings.count)
        end = earlier(end, slot->readings.items[i + 1].t);
    return earlier(end, earlier(slot->placed->to, slot->placed->watermark));
}

/* Brings a slot to `now`: the reading that speaks, whether it still carries, and when that changes. */
static void slot_refresh(const struct walk *walk, struct slot *slot, int64_t now)
{
    bool was_good = slot->good;
    while (slot->next < slot->readings.count && slot->readings.items[slot->next].t <= now)
        slot->next++;
    slot->good = false;
    slot->change_at = slot->placed->to;
    if (slot->next < slot->readings.count)
        slot->change_at = earlier(slot->change_at, slot->readings.items[slot->next].t);
    if (slot->next > 0) {
        const struct carried *reading = &slot->readings.items[slot->next - 1];
        int64_t end = carry_end(walk, slot, slot->next - 1);
        if (reading->t >= slot->placed->from && usable(walk, reading) && now < end) {
            slot->good = true;
            slot->fell_silent = false;
            slot->mc = reading->mc;
            slot->change_at = end;
        }
    }
    if (was_good && !slot->good) {
        slot->fell_silent = true;
        slot->silent_at = now;
        slot->silent_mc = slot->mc;
    }
}

/* For a walk that starts within a placement: the carry that ended before, if any. */
static void slot_recall_silence(const struct walk *walk, struct slot *slot, int64_t now)
{
    for (size_t i = slot->next; i > 0 && slot->readings.items[i - 1].t >= slot->placed->from; i--) {
        const struct carried *reading = &slot->readings.items[i - 1];
        int64_t end = carry_end(walk, slot, i - 1);
        if (!usable(walk, reading) || end <= reading->t)
            continue;
        if (end > now)
            return;
        slot->fell_silent = true;
        slot->silent_at = end;
        slot->silent_mc = reading->mc;
        return;
    }
}

/* Takes away the slots whose placement ended and adds those whose placement began. */
static void update_active(struct walk *walk)
{
    size_t kept = 0;
    for (size_t i = 0; i < walk->active_count; i++)
        if (walk->active[i]->placed->to > walk->now)
            walk->active[kept++] = walk->active[i];
    walk->active_count = kept;
    for (; walk->next_placement < walk->list.count; walk->next_placement++) {
        const struct placed *placed = &walk->list.items[walk->next_placement];
        if (placed->from > walk->now)
            break;
        if (placed->to <= walk->now)
            continue;
        struct slot *slot = &walk->slots[walk->next_placement];
        *slot = (struct slot){.placed = placed, .readings = walk->readings[placed->probe]};
        slot->next = first_after(slot->readings, walk->now);
        if (placed->from < walk->now)
            slot_recall_silence(walk, slot, walk->now);
        walk->active[walk->active_count++] = slot;
    }
}

/* Which role speaks now, as the walk was asked. */
static enum probe_role speaking_role(const struct walk *walk)
{
    if (walk->role != ROLE_ANY)
        return walk->role;
    for (size_t i = 0; i < walk->active_count; i++)
        if (walk->active[i]->placed->role == ROLE_PRODUCT)
            return ROLE_PRODUCT;
    return ROLE_AIR;
}

/* Joins the good values of the slots in use into the span; returns the earliest watermark among those in use, TIME_OPEN
 * with none in use. */
static int64_t join_slots(struct walk *walk, struct span *span)
{
    enum probe_role role = speaking_role(walk);
    int64_t watermark = TIME_OPEN;
    for (size_t i = 0; i < walk->active_count; i++) {
        struct slot *slot = walk->active[i];
        span->to = earlier(span->to, slot->change_at);
        slot->in_use = slot->placed->role == role;
        if (!slot->in_use)
            continue;
        watermark = earlier(watermark, slot->placed->watermark);
        if (!slot->good)
            continue;
        if (!span->known || slot->mc < span->lowest)
            span->lowest = slot->mc;
        if (!span->known || slot->mc > span->highest)
            span->highest = slot->mc;
        span->known = true;
    }
    return watermark;
}

static bool any_in_use(const struct walk *walk)
{
    for (size_t i = 0; i < walk->active_count; i++)
        if (walk->active[i]->in_use)
            return true;
    return false;
}

bool walk_begin(struct walk *walk, struct placed_list list, const struct carried_list *readings, int64_t max_gap_ms,
                enum probe_role role, bool strict, int64_t from, struct arena *arena)
{
    *walk = (struct walk){
        .list = list,
        .readings = readings,
        .max_gap_ms = max_gap_ms,
        .role = role,
        .strict = strict,
        .slots = arena_new(arena, list.count, sizeof *walk->slots),
        .active = arena_new(arena, list.count, sizeof(struct slot *)),
        .now = TIME_OPEN,
        .last_to = TIME_NONE,
    };
    if (!walk->slots || !walk->active)
        return false;
    for (size_t i = 0; i < list.count; i++)
        if (list.items[i].to > walk->last_to)
            walk->last_to = list.items[i].to;
    if (list.count > 0)
        walk->now = from > list.items[0].from ? from : list.items[0].from;
    return true;
}

bool walk_next(struct walk *walk, struct span *span)
{
    if (walk->now == TIME_OPEN)
        return false;
    update_active(walk);
    *span = (struct span){.from = walk->now, .to = TIME_OPEN, .after_last = walk->now >= walk->last_to};
    if (walk->next_placement < walk->list.count)
        span->to = walk->list.items[walk->next_placement].from;
    for (size_t i = 0; i < walk->active_count; i++)
        slot_refresh(walk, walk->active[i], walk->now);
    int64_t watermark = join_slots(walk, span);
    if (!any_in_use(walk))
        watermark = placements_watermark_of_role(walk->list, walk->role, walk->now);
    span->placed = walk->active_count > 0;
    span->pending = walk->now >= watermark;
    if (watermark > walk->now)
        span->to = earlier(span->to, watermark);
    span->slots = walk->active;
    span->slot_count = walk->active_count;
    walk->now = span->to;
    return true;
}
