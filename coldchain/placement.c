#include "coldchain/placement.h"

#include <stdlib.h>

static int compare_i64(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

struct numbered {
    struct placement said;
    size_t number; /* in the facts: of two with the same from, the later rules */
};

static int by_probe_and_from(const void *left, const void *right)
{
    const struct numbered *a = left;
    const struct numbered *b = right;
    if (a->said.probe != b->said.probe)
        return compare_i64(a->said.probe, b->said.probe);
    if (a->said.from != b->said.from)
        return compare_i64(a->said.from, b->said.from);
    return (a->number > b->number) - (a->number < b->number);
}

static int by_equipment_and_from(const void *left, const void *right)
{
    const struct placed *a = left;
    const struct placed *b = right;
    if (a->equipment != b->equipment)
        return compare_i64(a->equipment, b->equipment);
    if (a->from != b->from)
        return compare_i64(a->from, b->from);
    return compare_i64(a->probe, b->probe);
}

/* Cuts each placement at the next one of its probe and keeps what is left of it. Returns how many. */
static size_t cut_at_the_next(const struct numbered *sorted, size_t count, const struct facts *facts,
                              const int64_t *watermarks, struct placed *out)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        const struct placement *said = &sorted[i].said;
        int64_t to = said->to;
        if (i + 1 < count && sorted[i + 1].said.probe == said->probe && sorted[i + 1].said.from < to)
            to = sorted[i + 1].said.from;
        if (to <= said->from)
            continue;
        out[kept++] = (struct placed){said->probe, said->equipment, said->role, said->from, to,
                                      watermarks[facts->probes[said->probe].gateway]};
    }
    return kept;
}

struct placed_list *placements_resolve(const struct facts *facts, const int64_t *watermarks, struct arena *arena)
{
    size_t count = facts->placement_count;
    struct placed_list *lists = arena_new(arena, facts->equipment_count, sizeof *lists);
    struct numbered *sorted = arena_new(arena, count, sizeof *sorted);
    struct placed *placed = arena_new(arena, count, sizeof *placed);
    if (!lists || !sorted || !placed)
        return NULL;
    for (size_t i = 0; i < count; i++)
        sorted[i] = (struct numbered){facts->placements[i], i};
    qsort(sorted, count, sizeof *sorted, by_probe_and_from);
    count = cut_at_the_next(sorted, count, facts, watermarks, placed);
    qsort(placed, count, sizeof *placed, by_equipment_and_from);
    for (size_t i = 0; i < count; i++) {
        struct placed_list *list = &lists[placed[i].equipment];
        if (list->count == 0)
            list->items = &placed[i];
        list->count++;
    }
    return lists;
}

static bool has_role(const struct placed *placed, enum probe_role role)
{
    return role == ROLE_ANY || placed->role == role;
}

/* The earliest watermark among the in-use probes of those placements for which `to` is `ended_at`, or, when
 * ended_at is TIME_NONE, which are in force at `at`. TIME_NONE when there is none. */
static int64_t earliest(struct placed_list list, enum probe_role role, int64_t at, int64_t ended_at)
{
    int64_t product = TIME_OPEN;
    int64_t air = TIME_OPEN;
    bool any_product = false;
    bool any_air = false;
    for (size_t i = 0; i < list.count; i++) {
        const struct placed *placed = &list.items[i];
        if (!has_role(placed, role) || (ended_at == TIME_NONE ? !placed_at(placed, at) : placed->to != ended_at))
            continue;
        if (placed->role == ROLE_PRODUCT) {
            any_product = true;
            product = placed->watermark < product ? placed->watermark : product;
        } else {
            any_air = true;
            air = placed->watermark < air ? placed->watermark : air;
        }
    }
    return any_product ? product : any_air ? air : TIME_NONE;
}

int64_t placements_watermark_of_role(struct placed_list list, enum probe_role role, int64_t at)
{
    int64_t last_end = TIME_NONE;
    for (size_t i = 0; i < list.count; i++) {
        const struct placed *placed = &list.items[i];
        if (!has_role(placed, role))
            continue;
        if (placed_at(placed, at))
            return earliest(list, role, at, TIME_NONE);
        if (placed->to <= at && placed->to > last_end)
            last_end = placed->to;
    }
    if (last_end != TIME_NONE)
        return earliest(list, role, at, last_end);
    /* Before the first of its role an equipment is heard by whoever is there. */
    return role == ROLE_ANY ? TIME_NONE : placements_watermark(list, at);
}

int64_t placements_watermark(struct placed_list list, int64_t at)
{
    return placements_watermark_of_role(list, ROLE_ANY, at);
}

void placements_monitored(struct placed_list list, struct arena *arena, struct interval_list *out)
{
    for (size_t i = 0; i < list.count; i++) {
        const struct placed *placed = &list.items[i];
        struct interval *last = out->vec.count ? &out->vec.items[out->vec.count - 1] : NULL;
        if (last && placed->from <= last->to) {
            if (placed->to > last->to)
                last->to = placed->to;
            continue;
        }
        vec_push(arena, &out->vec, (struct interval){placed->from, placed->to});
    }
}
