#include "coldchain/custody.h"

#include <stdlib.h>
#include <string.h>

#include "coldchain/custody_private.h"
#include "coldchain/identifier.h"

/* ---- beginning ---- */

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

typedef VEC(const char *) text_list;

static void sort_texts(text_list *texts)
{
    size_t kept = 0;
    if (texts->count > 1)
        qsort(texts->items, texts->count, sizeof *texts->items, by_text);
    for (size_t i = 0; i < texts->count; i++)
        if (kept == 0 || strcmp(texts->items[kept - 1], texts->items[i]) != 0)
            texts->items[kept++] = texts->items[i];
    texts->count = kept;
}

static void name_event(struct custody *c, const struct event *event, text_list *donations, text_list *analyses)
{
    if (event->donation)
        vec_push(c->arena, donations, event->donation);
    for (size_t i = 0; i < event->result_count; i++)
        vec_push(c->arena, analyses, event->results[i].analysis);
    if (event->clock_error_ms > c->widest_error_ms)
        c->widest_error_ms = event->clock_error_ms;
}

/* All donations and analyses anybody names: tables that the fold only fills in. */
static void name_all(struct custody *c)
{
    text_list donations = {0};
    text_list analyses = {0};
    for (size_t i = 0; i < c->facts->event_count; i++) {
        name_event(c, &c->facts->events[i], &donations, &analyses);
        if (c->facts->events[i].replace)
            name_event(c, c->facts->events[i].replace, &donations, &analyses);
    }
    for (size_t i = 0; i < c->facts->lot_count; i++) {
        char din[DIN_LENGTH + 1];
        bool named = identifier_din_of(c->facts->lots[i].id, din);
        vec_push(c->arena, &donations,
                 named ? arena_text(c->arena, din, DIN_LENGTH) : c->facts->lots[i].id);
    }
    if (c->arena->failed)
        return;
    sort_texts(&donations);
    sort_texts(&analyses);
    c->donations = donations.items;
    c->donation_count = donations.count;
    c->analyses = analyses.items;
    c->analysis_count = analyses.count;
}

static struct lot_state blank_state(const struct lot *lot)
{
    return (struct lot_state){
        .ended_at = TIME_OPEN,
        .ended_by = NONE,
        .place = {NONE, NONE, NONE},
        .transit_to = NONE,
        .due = TIME_NONE,
        .product = lot->product,
        .donation = NONE,
        .collected_at = TIME_NONE,
        .expires = TIME_NONE,
        .split_from = NONE,
        .released_by = NONE,
        .released_at = TIME_NONE,
        .known_until = TIME_NONE,
        .first_child = NONE,
        .next_sibling = NONE,
        .previous_sibling = NONE,
    };
}

/* The tables of the event being folded: they say nothing between events, so a snapshot gets fresh ones. */
static void make_scratch(struct custody *c)
{
    size_t lots = c->facts->lot_count;
    c->changed_in = arena_new(c->arena, lots, sizeof *c->changed_in);
    c->effect_in = arena_new(c->arena, lots, sizeof *c->effect_in);
    c->touched_in = arena_new(c->arena, lots, sizeof *c->touched_in);
    c->inside_in = arena_new(c->arena, lots, sizeof *c->inside_in);
}

struct custody *custody_begin(const struct facts *facts, struct arena *arena)
{
    struct custody *c = arena_new(arena, 1, sizeof *c);
    if (!c)
        return NULL;
    c->facts = facts;
    c->arena = arena;
    c->generation = 1;
    name_all(c);
    make_scratch(c);
    size_t answers = c->donation_count * c->analysis_count;
    c->lots = arena_new(arena, facts->lot_count, sizeof *c->lots);
    c->donation_known = arena_new(arena, c->donation_count, sizeof *c->donation_known);
    c->answers = arena_new(arena, answers, sizeof *c->answers);
    c->touches = arena_new(arena, facts->lot_count, sizeof *c->touches);
    c->release_open = arena_new(arena, facts->lot_count, sizeof *c->release_open);
    c->event_effect = arena_new(arena, facts->event_count, sizeof *c->event_effect);
    if (arena->failed)
        return NULL;
    memset(c->answers, ANSWER_MISSING, answers);
    for (size_t i = 0; i < facts->lot_count; i++) {
        c->lots[i] = blank_state(&facts->lots[i]);
        c->release_open[i] = NONE;
    }
    return c;
}

/* ---- folding ---- */

/* Forgets what no later event can be too close to. */
static void forget(struct custody *c, int64_t at)
{
    size_t count = c->recent.count;
    if (count > 0 && c->widest_error_ms > 0 && at - c->recent.items[count - 1].event.at < 2 * c->widest_error_ms)
        return;
    c->recent.count = 0;
    c->undo.count = 0;
    c->generation++;
}

enum outcome custody_fold(struct custody *custody, const struct ordered_event *events, size_t count, struct why *why)
{
    for (size_t i = 0; i < count && !custody->arena->failed; i++) {
        const struct ordered_event *o = &events[i];
        forget(custody, o->at);
        vec_push(custody->arena, &custody->recent, (struct recent){*o, custody->undo.count});
        if (custody->arena->failed)
            break;
        custody_apply(custody, o);
        custody->event_effect[o->index] = custody->event_effect[o->index] || custody->effect;
        custody_check_order(custody, o);
    }
    return custody->arena->failed ? fail(why, RETRY, "folding custody: out of memory") : DONE;
}

/* ---- snapshots ---- */

#define COPY_VEC(copy, arena, name)                                                                                    \
    do {                                                                                                               \
        (copy)->name.items = arena_copy((arena), (copy)->name.items, (copy)->name.count, sizeof *(copy)->name.items);  \
        (copy)->name.room = (copy)->name.count;                                                                        \
    } while (0)

#define COPY_ARRAY(copy, arena, name, count)                                                                           \
    ((copy)->name = arena_copy((arena), (copy)->name, (count), sizeof *(copy)->name))

struct custody *custody_copy(const struct custody *custody, struct arena *arena)
{
    struct custody *c = arena_copy(arena, custody, 1, sizeof *c);
    if (!c)
        return NULL;
    size_t lots = c->facts->lot_count;
    c->arena = arena;
    c->touched.items = NULL;
    c->touched.count = c->touched.room = 0;
    c->serial = 0;
    make_scratch(c);
#ifdef TEETH_SNAPSHOT_FORGETS
    c->generation++; /* the short memory for order_uncertain is lost */
#endif
    COPY_ARRAY(c, arena, lots, lots);
    COPY_ARRAY(c, arena, donation_known, c->donation_count);
    COPY_ARRAY(c, arena, answers, c->donation_count * c->analysis_count);
    COPY_ARRAY(c, arena, touches, lots);
    COPY_ARRAY(c, arena, release_open, lots);
    COPY_ARRAY(c, arena, event_effect, c->facts->event_count);
    COPY_VEC(c, arena, undo);
    COPY_VEC(c, arena, recent);
    COPY_VEC(c, arena, conflicts);
    COPY_VEC(c, arena, steps);
    COPY_VEC(c, arena, marks);
    COPY_VEC(c, arena, releases);
    COPY_VEC(c, arena, descent);
    return arena->failed ? NULL : c;
}

const struct lot_state *custody_state(const struct custody *custody, int32_t lot)
{
    return &custody->lots[lot];
}

void custody_put(struct custody *custody, int32_t lot, const struct lot_state *state)
{
    struct place place = state->place;
    custody->serial++;
    struct lot_state *kept = custody_change(custody, lot);
    int32_t first_child = kept->first_child;
    *kept = *state;
    kept->place = (struct place){NONE, NONE, NONE};
    kept->first_child = first_child;
    kept->next_sibling = NONE;
    kept->previous_sibling = NONE;
    if (state->begun && !state->ended)
        custody_place(custody, lot, state->settled_at, place, state->knowledge);
    if (state->released_by != NONE) {
        custody->release_open[lot] = (int32_t)custody->releases.count;
        vec_push(custody->arena, &custody->releases,
                 (struct released_span){lot, state->released_by, state->released_at, TIME_OPEN});
    }
    if (state->donation != NONE)
        custody->donation_known[state->donation] = true;
    custody->undo.count = 0;
}

/* ---- what was found ---- */

const struct conflict *custody_conflicts(const struct custody *custody, size_t *count)
{
    *count = custody->conflicts.count;
    return custody->conflicts.items;
}

const struct released_span *custody_releases(const struct custody *custody, size_t *count)
{
    *count = custody->releases.count;
    return custody->releases.items;
}

const struct descent *custody_descent(const struct custody *custody, size_t *count)
{
    *count = custody->descent.count;
    return custody->descent.items;
}

bool custody_effect(const struct custody *custody, int32_t event)
{
    return custody->event_effect[event];
}
