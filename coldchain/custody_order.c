#include "coldchain/custody_order.h"

#include <stdlib.h>
#include <string.h>

#include "coldchain/clock.h"

struct ordering {
    const struct facts *facts;
    const struct sync *syncs;
    struct arena *arena;
    struct event_result *results;
    conflict_list *conflicts;
    VEC(struct ordered_event) known;    /* every event with a time, sorted */
    const struct ordered_event **by_id; /* the one of each id that counts, sorted by id */
    size_t id_count;
    VEC(struct ordered_event) counting;
};

static int compare_i64(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

int ordered_compare(const struct ordered_event *a, const struct ordered_event *b)
{
    int order = compare_i64(a->at, b->at);
    if (order == 0)
        order = compare_i64(a->gateway, b->gateway);
    if (order == 0)
        order = compare_i64(a->epoch, b->epoch);
    if (order == 0)
        order = compare_i64(a->seq, b->seq);
    if (order == 0)
        order = compare_i64(a->position, b->position);
    if (order == 0)
        order = strcmp(a->event->id, b->event->id);
    return order != 0 ? order : compare_i64(a->index, b->index);
}

static int by_order(const void *a, const void *b)
{
    return ordered_compare(a, b);
}

static void leave(struct ordering *o, enum conflict_code code, const struct event *event, int32_t index, int64_t at)
{
    struct conflict conflict = {.code = code,
                                .event = index,
                                .at = at,
                                .lot = NONE,
                                .other = NONE,
                                .place = {NONE, NONE, NONE},
                                .voids = event->voids};
    vec_push(o->arena, o->conflicts, conflict);
}

static struct ordered_event as_it_came(const struct ordering *o, size_t index)
{
    const struct event *event = &o->facts->events[index];
    return (struct ordered_event){.event = event,
                                  .index = (int32_t)index,
                                  .gateway = event->gateway,
                                  .at = clock_of_event(o->syncs, o->facts->sync_count, event),
                                  .epoch = event->epoch,
                                  .seq = event->seq,
                                  .position = event->position};
}

static void find_times(struct ordering *o)
{
    for (size_t i = 0; i < o->facts->event_count; i++) {
        struct ordered_event one = as_it_came(o, i);
        if (one.at == TIME_NONE)
            leave(o, CONFLICT_TIME_UNKNOWN, one.event, one.index, TIME_NONE);
        else
            vec_push(o->arena, &o->known, one);
    }
    if (o->known.count > 1)
        qsort(o->known.items, o->known.count, sizeof *o->known.items, by_order);
}

static int by_id(const void *a, const void *b)
{
    const struct ordered_event *left = *(const struct ordered_event *const *)a;
    const struct ordered_event *right = *(const struct ordered_event *const *)b;
    int ids = strcmp(left->event->id, right->event->id);
    return ids != 0 ? ids : ordered_compare(left, right);
}

/* Of several events under one id the first in the order counts. */
static void find_duplicates(struct ordering *o)
{
    o->by_id = arena_new(o->arena, o->known.count, sizeof *o->by_id);
    if (!o->by_id)
        return;
    for (size_t i = 0; i < o->known.count; i++)
        o->by_id[i] = &o->known.items[i];
    if (o->known.count > 1)
        qsort(o->by_id, o->known.count, sizeof *o->by_id, by_id);
    for (size_t i = 0; i < o->known.count; i++) {
        const struct ordered_event *one = o->by_id[i];
        if (o->id_count > 0 && strcmp(o->by_id[o->id_count - 1]->event->id, one->event->id) == 0)
            leave(o, CONFLICT_DUPLICATE_ID, one->event, one->index, one->at);
        else
            o->by_id[o->id_count++] = one;
    }
}

static const struct ordered_event *find(const struct ordering *o, const char *id)
{
    size_t low = 0;
    size_t high = o->id_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(o->by_id[middle]->event->id, id);
        if (order == 0)
            return o->by_id[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

static bool counts(const struct ordering *o, const struct ordered_event *one)
{
    return find(o, one->event->id) == one;
}

/* The replacement takes the voided event's index and the correction's place in the chain. */
static void put_in_place(struct ordering *o, const struct ordered_event *correction,
                         const struct ordered_event *voided)
{
    struct event *event = arena_copy(o->arena, correction->event->replace, 1, sizeof *event);
    if (!event)
        return;
    event->id = voided->event->id;
    event->gateway = correction->gateway;
    struct ordered_event one = *correction;
    one.event = event;
    one.index = voided->index;
    one.at = clock_of_event(o->syncs, o->facts->sync_count, event);
    if (one.at == TIME_NONE)
        leave(o, CONFLICT_TIME_UNKNOWN, event, one.index, TIME_NONE);
    else
        vec_push(o->arena, &o->counting, one);
}

/* Called from the latest correction backwards, so a correction that is itself voided is known to be when its turn
 * comes. */
static void correct(struct ordering *o, const struct ordered_event *correction)
{
    const char *voids = correction->event->voids;
    const struct ordered_event *target = voids ? find(o, voids) : NULL;
    if (!target || ordered_compare(target, correction) >= 0) {
        leave(o, CONFLICT_UNKNOWN_EVENT, correction->event, correction->index, correction->at);
        return;
    }
    if (o->results[target->index].voided_by != NONE) {
        leave(o, CONFLICT_ALREADY_VOIDED, correction->event, correction->index, correction->at);
        return;
    }
    o->results[target->index].voided_by = correction->index;
    o->results[correction->index].effect = true;
    /* A correction may be voided, not replaced. */
    if (correction->event->replace && target->event->type != EVENT_CORRECT)
        put_in_place(o, correction, target);
}

static void apply_corrections(struct ordering *o)
{
    for (size_t i = o->known.count; i-- > 0;) {
        const struct ordered_event *one = &o->known.items[i];
        bool valid = counts(o, one) && o->results[one->index].voided_by == NONE;
        if (one->event->type == EVENT_CORRECT && valid)
            correct(o, one);
    }
    for (size_t i = 0; i < o->known.count; i++) {
        const struct ordered_event *one = &o->known.items[i];
        if (one->event->type != EVENT_CORRECT && counts(o, one) && o->results[one->index].voided_by == NONE)
            vec_push(o->arena, &o->counting, *one);
    }
    if (o->counting.count > 1)
        qsort(o->counting.items, o->counting.count, sizeof *o->counting.items, by_order);
}

const struct ordered_event *custody_order(const struct facts *facts, const struct sync *syncs, struct arena *arena,
                                          struct event_result *results, conflict_list *conflicts, size_t *count)
{
    struct ordering o = {.facts = facts, .syncs = syncs, .arena = arena, .results = results, .conflicts = conflicts};
    find_times(&o);
    find_duplicates(&o);
    if (arena->failed)
        return NULL;
    apply_corrections(&o);
    *count = o.counting.count;
    if (!o.counting.items)
        o.counting.items = arena_new(arena, 0, sizeof *o.counting.items);
    return arena->failed ? NULL : o.counting.items;
}
