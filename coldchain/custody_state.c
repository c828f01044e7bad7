/* Changing what is known of a lot, so that it can be put back. */
#include <string.h>

#include "coldchain/custody_private.h"

static const struct undo nothing_changed = {.lot = NONE, .donation = NONE, .answer = NONE};

struct lot_state *custody_change(struct custody *c, int32_t lot)
{
    if (c->changed_in[lot] != c->serial) {
        struct undo undo = nothing_changed;
        undo.lot = lot;
        undo.state = c->lots[lot];
        vec_push(c->arena, &c->undo, undo);
        c->changed_in[lot] = c->serial;
    }
    return &c->lots[lot];
}

void custody_set_known(struct custody *c, int32_t donation)
{
    struct undo undo = nothing_changed;
    if (donation == NONE)
        return;
    undo.donation = donation;
    undo.known = c->donation_known[donation];
    vec_push(c->arena, &c->undo, undo);
    c->donation_known[donation] = true;
}

void custody_set_answer(struct custody *c, int32_t answer, enum test_answer value)
{
    struct undo undo = nothing_changed;
    undo.answer = answer;
    undo.value = c->answers[answer];
    vec_push(c->arena, &c->undo, undo);
    c->answers[answer] = (int8_t)value;
}

void custody_undo_to(struct custody *c, size_t mark)
{
    while (c->undo.count > mark) {
        const struct undo *undo = &c->undo.items[--c->undo.count];
        if (undo->lot != NONE)
            c->lots[undo->lot] = undo->state;
        else if (undo->donation != NONE)
            c->donation_known[undo->donation] = undo->known;
        else
            c->answers[undo->answer] = undo->value;
    }
}

/* ---- places ---- */

static void leave_parent(struct custody *c, int32_t lot)
{
    struct lot_state *state = custody_change(c, lot);
    int32_t parent = state->place.parent;
    if (parent == NONE)
        return;
    if (state->previous_sibling != NONE)
        custody_change(c, state->previous_sibling)->next_sibling = state->next_sibling;
    else
        custody_change(c, parent)->first_child = state->next_sibling;
    if (state->next_sibling != NONE)
        custody_change(c, state->next_sibling)->previous_sibling = state->previous_sibling;
    state->next_sibling = NONE;
    state->previous_sibling = NONE;
}

static void join_parent(struct custody *c, int32_t lot, int32_t parent)
{
    struct lot_state *state = custody_change(c, lot);
    struct lot_state *container = custody_change(c, parent);
    state->next_sibling = container->first_child;
    if (container->first_child != NONE)
        custody_change(c, container->first_child)->previous_sibling = lot;
    container->first_child = lot;
}

static void add_step(struct custody *c, struct stay_step step)
{
    if (!c->quiet)
        vec_push(c->arena, &c->steps, step);
}

enum place_knowledge custody_stated(struct place place)
{
    bool stated = place.site != NONE || place.equipment != NONE || place.parent != NONE;
    return stated ? PLACE_STATED : PLACE_UNKNOWN;
}

void custody_place(struct custody *c, int32_t lot, int64_t at, struct place place, enum place_knowledge knowledge)
{
    leave_parent(c, lot);
    custody_change(c, lot)->place = place;
    custody_change(c, lot)->knowledge = knowledge;
    if (place.parent != NONE)
        join_parent(c, lot, place.parent);
    add_step(c, (struct stay_step){.lot = lot, .at = at, .place = place});
}

void custody_blank(struct custody *c, int32_t lot, int64_t at)
{
    add_step(c, (struct stay_step){.lot = lot, .is_blank = true, .blank_from = c->lots[lot].settled_at, .at = at});
}

bool custody_is_inside(const struct custody *c, int32_t lot, int32_t container)
{
    /* Cycles are refused at the door, so the way outwards ends. */
    for (; lot != NONE; lot = c->lots[lot].place.parent)
        if (lot == container)
            return true;
    return false;
}

/* ---- lives ---- */

void custody_begin_life(struct custody *c, int32_t lot, const struct ordered_event *o, struct place place)
{
    struct lot_state *state = custody_change(c, lot);
    state->begun = true;
    state->begun_at = o->at;
    state->first_at = o->at;
    state->settled_at = o->at;
    state->ended_at = TIME_OPEN;
    /* A pool or a box is tested under its own name; a donation under the one its collection gives it. */
    enum lot_kind kind = c->facts->lots[lot].kind;
    if (kind == LOT_CONTAINER || kind == LOT_POOL) {
        state->donation = custody_donation_of_id(c, c->facts->lots[lot].id);
        custody_set_known(c, state->donation);
    }
    custody_place(c, lot, o->at, place, custody_stated(place));
}

static void close_release(struct custody *c, int32_t lot, int64_t at)
{
    int32_t open = c->release_open[lot];
    if (open != NONE)
        c->releases.items[open].to = at;
    c->release_open[lot] = NONE;
}

void custody_end_life(struct custody *c, int32_t lot, const struct ordered_event *o)
{
    leave_parent(c, lot);
    struct lot_state *state = custody_change(c, lot);
    state->ended = true;
    state->ended_at = o->at;
    state->ended_by = o->index;
    state->ended_how = o->event->type;
    state->in_transit = false;
    state->place.parent = NONE;
}

void custody_set_stock(struct custody *c, int32_t lot, const struct ordered_event *o, enum stock_state stock)
{
    struct lot_state *state = custody_change(c, lot);
    state->stock = stock;
    state->released_by = stock == STATE_RELEASED ? o->index : NONE;
    state->released_at = stock == STATE_RELEASED ? o->at : TIME_NONE;
    if (c->quiet)
        return;
    close_release(c, lot, o->at);
    if (stock != STATE_RELEASED)
        return;
    c->release_open[lot] = (int32_t)c->releases.count;
    vec_push(c->arena, &c->releases, (struct released_span){lot, o->index, o->at, TIME_OPEN});
}

/* ---- what an event leaves ---- */

void custody_touch(struct custody *c, int32_t lot, const struct ordered_event *o)
{
    if (c->touched_in[lot] == c->serial)
        return;
    c->touched_in[lot] = c->serial;
    custody_change(c, lot)->known_until = o->at;
    if (!c->quiet)
        vec_push(c->arena, &c->touched, lot);
}

void custody_mark(struct custody *c, int32_t lot, const struct ordered_event *o)
{
    custody_touch(c, lot, o);
    c->effect = true;
    if (c->effect_in[lot] == c->serial)
        return;
    c->effect_in[lot] = c->serial;
    if (!c->quiet)
        vec_push(c->arena, &c->marks, (struct mark_step){lot, {o->event->type, o->at, o->index, o->event->product}});
}

struct conflict custody_conflict(enum conflict_code code, int32_t lot, const struct ordered_event *o)
{
    return (struct conflict){
        .code = code, .lot = lot, .event = o->index, .at = o->at, .place = {NONE, NONE, NONE}, .other = NONE};
}

void custody_leave(struct custody *c, struct conflict conflict)
{
    if (!c->quiet)
        vec_push(c->arena, &c->conflicts, conflict);
}
