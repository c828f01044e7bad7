/* From the steps a fold wrote to the lives that exposure reads. */
#include <stdlib.h>

#include "coldchain/custody_private.h"

typedef VEC(struct stay) stay_list;

/* Steps and marks of one lot, as they were written: counted first, then dealt out. */
struct dealt {
    const size_t *first; /* by lot, one more than lots */
    const size_t *order; /* indexes, grouped by lot */
};

static struct dealt deal(struct arena *arena, size_t lots, const int32_t *lot_of, size_t stride, size_t count)
{
    size_t *first = arena_new(arena, lots + 2, sizeof *first);
    size_t *order = arena_new(arena, count, sizeof *order);
    if (!first || !order)
        return (struct dealt){0};
    const unsigned char *at = (const unsigned char *)lot_of;
    for (size_t i = 0; i < count; i++)
        first[*(const int32_t *)(const void *)(at + i * stride) + 2]++;
    for (size_t i = 2; i < lots + 2; i++)
        first[i] += first[i - 1];
    for (size_t i = 0; i < count; i++)
        order[first[*(const int32_t *)(const void *)(at + i * stride) + 1]++] = i;
    return (struct dealt){first, order};
}

static bool same_place(const struct place *a, const struct place *b)
{
    return a->site == b->site && a->equipment == b->equipment && a->parent == b->parent;
}

static void add_stay(struct arena *arena, stay_list *stays, struct stay stay)
{
    struct stay *last = stays->count > 0 ? &stays->items[stays->count - 1] : NULL;
    if (stay.from >= stay.to)
        return;
    if (last && same_place(&last->place, &stay.place))
        last->to = stay.to;
    else
        vec_push(arena, stays, stay);
}

/* Over [from, to) nobody knows where it was; the stays so far end at `to`. */
static void blank_out(struct arena *arena, stay_list *stays, int64_t from, int64_t to)
{
    static const struct place unknown = {NONE, NONE, NONE};
    while (stays->count > 0 && stays->items[stays->count - 1].from >= from)
        stays->count--;
    if (stays->count > 0 && stays->items[stays->count - 1].to > from)
        stays->items[stays->count - 1].to = from;
    add_stay(arena, stays, (struct stay){from, to, unknown});
}

static void make_stays(const struct custody *c, struct arena *arena, const struct dealt *steps, int32_t lot,
                       struct lot_life *life)
{
    stay_list stays = {0};
    struct place place = {NONE, NONE, NONE};
    int64_t since = life->begun_at;
    for (size_t i = steps->first[lot]; i < steps->first[lot + 1]; i++) {
        const struct stay_step *step = &c->steps.items[steps->order[i]];
        add_stay(arena, &stays, (struct stay){since, step->at, place});
        since = step->at;
        if (step->is_blank)
            blank_out(arena, &stays, step->blank_from > life->begun_at ? step->blank_from : life->begun_at, step->at);
        else
            place = step->place;
    }
    add_stay(arena, &stays, (struct stay){since, life->ended_at, place});
    life->stays = stays.items;
    life->stay_count = stays.count;
}

static void make_marks(const struct custody *c, struct arena *arena, const struct dealt *marks, int32_t lot,
                       struct lot_life *life)
{
    size_t count = marks->first[lot + 1] - marks->first[lot];
    struct life_mark *made = arena_new(arena, count, sizeof *made);
    for (size_t i = 0; made && i < count; i++)
        made[i] = c->marks.items[marks->order[marks->first[lot] + i]].mark;
    life->marks = made;
    life->mark_count = made ? count : 0;
}

static int by_number(const void *a, const void *b)
{
    int32_t left = *(const int32_t *)a;
    int32_t right = *(const int32_t *)b;
    return (left > right) - (left < right);
}

/* A pool's members, from the descents into it. */
static void make_members(const struct custody *c, struct arena *arena, struct lot_life *lives)
{
    size_t *counts = arena_new(arena, c->facts->lot_count, sizeof *counts);
    int32_t **members = arena_new(arena, c->facts->lot_count, sizeof *members);
    if (!counts || !members)
        return;
    for (size_t i = 0; i < c->descent.count; i++)
        counts[c->descent.items[i].to]++;
    for (size_t i = 0; i < c->descent.count; i++) {
        const struct descent *descent = &c->descent.items[i];
        if (c->lots[descent->to].split_from != NONE)
            continue;
        if (!members[descent->to])
            members[descent->to] = arena_new(arena, counts[descent->to], sizeof **members);
        if (arena->failed)
            return;
        members[descent->to][lives[descent->to].member_count++] = descent->from;
    }
    for (size_t i = 0; i < c->facts->lot_count; i++) {
        if (lives[i].member_count > 1)
            qsort(members[i], lives[i].member_count, sizeof **members, by_number);
        lives[i].members = members[i];
    }
}

static struct lot_life bare_life(const struct lot_state *state)
{
    if (!state->begun)
        return (struct lot_life){.ended_by = NONE,
                                 .ended_at = TIME_OPEN,
                                 .product = NONE,
                                 .attested_until = TIME_NONE,
                                 .split_from = NONE,
                                 .known_until = TIME_NONE};
    return (struct lot_life){.begun = true,
                             .begun_at = state->begun_at,
                             .ended_at = state->ended_at,
                             .ended_by = state->ended_by,
                             .product = state->product,
                             .attested = state->attested,
                             .attested_until = state->attested ? state->first_at : TIME_NONE,
                             .known_until = state->known_until,
                             .split_from = state->split_from};
}

struct lot_life *custody_lives(const struct custody *c, struct arena *arena)
{
    size_t lots = c->facts->lot_count;
    struct lot_life *lives = arena_new(arena, lots, sizeof *lives);
    struct dealt steps = deal(arena, lots, c->steps.count ? &c->steps.items->lot : NULL, sizeof *c->steps.items,
                              c->steps.count);
    struct dealt marks = deal(arena, lots, c->marks.count ? &c->marks.items->lot : NULL, sizeof *c->marks.items,
                              c->marks.count);
    if (arena->failed)
        return NULL;
    for (size_t i = 0; i < lots; i++) {
        lives[i] = bare_life(&c->lots[i]);
        if (!lives[i].begun)
            continue;
        make_stays(c, arena, &steps, (int32_t)i, &lives[i]);
        make_marks(c, arena, &marks, (int32_t)i, &lives[i]);
    }
    make_members(c, arena, lives);
    return arena->failed ? NULL : lives;
}
