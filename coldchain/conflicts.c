#include "coldchain/conflicts.h"

#include <stdlib.h>
#include <string.h>

static int compare(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static int compare_texts(const char *a, const char *b)
{
    if (!a || !b)
        return (a != NULL) - (b != NULL);
    return strcmp(a, b);
}

/* Two conflicts that agree in at, lot, code and event differ in their detail at most; that order has no meaning, but
 * it must be one. */
static int compare_details(const struct conflict *a, const struct conflict *b)
{
    int order = compare(a->why, b->why);
    if (order == 0)
        order = compare(a->place.site, b->place.site);
    if (order == 0)
        order = compare(a->place.equipment, b->place.equipment);
    if (order == 0)
        order = compare(a->place.parent, b->place.parent);
    if (order == 0)
        order = compare(a->other, b->other);
    return order != 0 ? order : compare_texts(a->rule, b->rule);
}

static int by_order(const void *left, const void *right)
{
    const struct conflict *a = left;
    const struct conflict *b = right;
    int order = compare(a->at, b->at);
    if (order == 0)
        order = compare(a->lot, b->lot);
    if (order == 0)
        order = compare(a->code, b->code);
    if (order == 0)
        order = compare(a->event, b->event);
    return order != 0 ? order : compare_details(a, b);
}

static int by_event(const void *left, const void *right)
{
    const struct conflict *const *a = left;
    const struct conflict *const *b = right;
    int order = compare((*a)->event, (*b)->event);
    return order != 0 ? order : compare((*a)->code, (*b)->code);
}

static void give(struct event_result *event, enum conflict_code **next, enum conflict_code code)
{
    if (event->conflict_count == 0)
        event->conflicts = *next;
    else if (event->conflicts[event->conflict_count - 1] == code)
        return;
    *(*next)++ = code;
    event->conflict_count++;
}

static void show_on_events(const struct conflict *conflicts, size_t count, struct arena *arena,
                           struct event_result *events)
{
    const struct conflict **sorted = arena_new(arena, count, sizeof *sorted);
    enum conflict_code *codes = arena_new(arena, count, sizeof *codes);
    if (!sorted || !codes)
        return;
    for (size_t i = 0; i < count; i++)
        sorted[i] = &conflicts[i];
    if (count > 1)
        qsort(sorted, count, sizeof *sorted, by_event);
    for (size_t i = 0; i < count; i++)
        if (sorted[i]->event != NONE)
            give(&events[sorted[i]->event], &codes, sorted[i]->code);
}

void conflicts_show(conflict_list *conflicts, size_t event_count, struct arena *arena, struct results *results)
{
    size_t kept = 0;
    if (conflicts->count > 1)
        qsort(conflicts->items, conflicts->count, sizeof *conflicts->items, by_order);
    for (size_t i = 0; i < conflicts->count; i++)
        if (kept == 0 || by_order(&conflicts->items[kept - 1], &conflicts->items[i]) != 0)
            conflicts->items[kept++] = conflicts->items[i];
    results->conflicts = conflicts->items;
    results->conflict_count = kept;
    if (event_count > 0)
        show_on_events(conflicts->items, kept, arena, results->events);
}
