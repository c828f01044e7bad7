#include "coldchain/whereabouts.h"

/* A chain of containers longer than this is a cycle that custody should have refused. */
enum { DEEPEST_NESTING = 64 };

struct search {
    const struct whereabouts_map *map;
    struct arena *arena;
    struct whereabouts_list *out;
};

static void give(const struct search *search, int64_t from, int64_t to, int32_t equipment)
{
    if (from >= to)
        return;
    struct whereabouts *last =
        search->out->vec.count ? &search->out->vec.items[search->out->vec.count - 1] : NULL;
    if (last && last->equipment == equipment && last->to == from)
        last->to = to;
    else
        vec_push(search->arena, &search->out->vec, (struct whereabouts){from, to, equipment});
}

static void search_stays(const struct search *search, int32_t lot, int64_t from, int64_t to, int depth);

/* Outwards from a parent: the equipment it is bound to is looked at before this; here what it stands in. */
static void search_outer(const struct search *search, int32_t container, int64_t from, int64_t to, int depth)
{
    if (container == NONE || depth >= DEEPEST_NESTING)
        give(search, from, to, NONE);
    else
        search_stays(search, container, from, to, depth + 1);
}

/* Where `equipment` is monitored it holds the lot; elsewhere in time the search goes on outwards. */
static void search_equipment(const struct search *search, int32_t equipment, int32_t container, int64_t from,
                             int64_t to, int depth)
{
    const struct interval_list *monitored = &search->map->monitored[equipment];
    int64_t at = from;
    for (size_t i = 0; i < monitored->vec.count && at < to; i++) {
        struct interval one = monitored->vec.items[i];
        if (one.to <= at)
            continue;
        if (one.from >= to)
            break;
        if (one.from > at) {
            search_outer(search, container, at, one.from, depth);
            at = one.from;
        }
        int64_t end = one.to < to ? one.to : to;
        give(search, at, end, equipment);
        at = end;
    }
    if (at < to)
        search_outer(search, container, at, to, depth);
}

static void search_place(const struct search *search, struct place place, int64_t from, int64_t to, int depth)
{
    if (place.equipment != NONE) {
        /* An equipment that is also a container stands where that stands. */
        int32_t outer = search->map->facts->equipment[place.equipment].container;
        search_equipment(search, place.equipment, outer == NONE ? place.parent : outer, from, to, depth);
    } else if (place.parent != NONE) {
        int32_t bound = search->map->bound[place.parent];
        if (bound != NONE)
            search_equipment(search, bound, place.parent, from, to, depth);
        else
            search_outer(search, place.parent, from, to, depth);
    } else {
        give(search, from, to, NONE);
    }
}

/* The first stay that ends after `at`. */
static size_t first_stay(const struct lot_life *life, int64_t at)
{
    size_t low = 0;
    size_t high = life->stay_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (life->stays[middle].to <= at)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void search_stays(const struct search *search, int32_t lot, int64_t from, int64_t to, int depth)
{
    const struct lot_life *life = &search->map->lives[lot];
    int64_t at = from;
    for (size_t i = first_stay(life, from); i < life->stay_count && at < to; i++) {
        const struct stay *stay = &life->stays[i];
        if (stay->from >= to)
            break;
        if (stay->from > at) {
            give(search, at, stay->from, NONE);
            at = stay->from;
        }
        int64_t end = stay->to < to ? stay->to : to;
        search_place(search, stay->place, at, end, depth);
        at = end;
    }
    /* A container that has ended, or has not begun, stands nowhere. */
    give(search, at, to, NONE);
}

void whereabouts_of(const struct whereabouts_map *map, int32_t lot, int64_t until, struct arena *arena,
                    struct whereabouts_list *out)
{
    const struct lot_life *life = &map->lives[lot];
    struct search search = {map, arena, out};
    int64_t end = life->ended_at < until ? life->ended_at : until;
    if (life->begun)
        search_stays(&search, lot, life->begun_at, end, 0);
}

static void inherit(const struct whereabouts_map *map, int32_t lot, int64_t until, struct arena *arena,
                    struct whereabouts_list *out, int depth)
{
    const struct lot_life *life = &map->lives[lot];
    if (!life->begun)
        return;
    if (life->split_from != NONE && depth < DEEPEST_NESTING)
        inherit(map, life->split_from, life->begun_at < until ? life->begun_at : until, arena, out, depth + 1);
    whereabouts_of(map, lot, until, arena, out);
}

void whereabouts_inherited(const struct whereabouts_map *map, int32_t lot, int64_t until, struct arena *arena,
                           struct whereabouts_list *out)
{
    inherit(map, lot, until, arena, out, 0);
}
