/* What each event does: one function a type, as the table of 5-domain section 6 has them. */
#include "coldchain/custody_private.h"

static void settle(struct custody *c, const struct ordered_event *o, int32_t lot)
{
    custody_change(c, lot)->settled_at = o->at;
    custody_mark(c, lot, o);
}

static void leave_two_places(struct custody *c, const struct ordered_event *o, int32_t lot)
{
    struct conflict conflict = custody_conflict(CONFLICT_TWO_PLACES, lot, o);
    conflict.place = c->lots[lot].place;
    custody_leave(c, conflict);
}

static void leave_held(struct custody *c, const struct ordered_event *o, int32_t lot, unsigned why)
{
    struct conflict conflict = custody_conflict(CONFLICT_HELD, lot, o);
    conflict.why = why;
    if (why)
        custody_leave(c, conflict);
}

/* ---- lives begin ---- */

/* False when the parent refuses the lot: no effect. */
static bool begin(struct custody *c, const struct ordered_event *o, int32_t lot)
{
    struct place target = custody_to(c, o);
    if (target.parent != NONE && !custody_enter(c, o, lot, &target))
        return false;
    custody_begin_life(c, lot, o, target);
    struct lot_state *state = custody_change(c, lot);
    state->expires = o->event->expires;
    if (o->event->donation)
        state->donation = custody_donation(c, o->event->donation);
    custody_mark(c, lot, o);
    return true;
}

static void name_donation(struct custody *c, const struct ordered_event *o, int32_t lot)
{
    struct lot_state *state = custody_change(c, lot);
    if (!o->event->donation)
        state->donation = custody_donation_of_id(c, c->facts->lots[lot].id);
    custody_set_known(c, state->donation);
}

static void apply_beginning(struct custody *c, const struct ordered_event *o, int32_t lot)
{
    if (c->lots[lot].begun) {
        leave_two_places(c, o, lot);
        return;
    }
    if (!begin(c, o, lot))
        return;
    struct lot_state *state = custody_change(c, lot);
    if (o->event->type == EVENT_COLLECT)
        state->collected_at = o->at;
    if (o->event->type == EVENT_OPENING)
        state->attested = true;
    if (o->event->type != EVENT_SAMPLE)
        name_donation(c, o, lot);
    if (o->event->type == EVENT_OPENING && o->event->has_state)
        custody_set_stock(c, lot, o, o->event->state);
}

/* A lot from outside Silsila begins here, its earlier life attested by the document. */
static void begin_received(struct custody *c, const struct ordered_event *o, int32_t lot)
{
    if (!begin(c, o, lot))
        return;
    custody_change(c, lot)->attested = true;
    name_donation(c, o, lot);
    if (o->event->has_state)
        custody_set_stock(c, lot, o, o->event->state);
    settle(c, o, lot);
}

/* ---- lots move ---- */

static void apply_store(struct custody *c, const struct ordered_event *o, int32_t lot)
{
    struct place target = custody_to(c, o);
    struct place entered = target;
    if (target.parent != NONE && !custody_enter(c, o, lot, &entered))
        return;
    custody_check_from(c, o, lot);
    custody_check_two_places(c, o, lot, target);
    custody_place(c, lot, o->at, entered, custody_stated(entered));
    settle(c, o, lot);
}

static void apply_freeze(struct custody *c, const struct ordered_event *o, const struct target *target)
{
    if (target->named)
        apply_store(c, o, target->lot);
    bool done = !target->named || c->effect_in[target->lot] == c->serial;
    if (done && c->lots[target->lot].stock == STATE_RAW)
        custody_set_stock(c, target->lot, o, STATE_QUARANTINE);
    if (!target->named)
        settle(c, o, target->lot);
}

/* `pack` without a parent leaves parent_unknown, so the parent is asked even when it is not stated. */
static void apply_pack(struct custody *c, const struct ordered_event *o, int32_t lot)
{
    struct place target = custody_to(c, o);
    target = (struct place){NONE, NONE, target.parent};
    struct place entered = target;
    if (!custody_enter(c, o, lot, &entered))
        return;
    custody_check_from(c, o, lot);
    custody_check_two_places(c, o, lot, target);
    custody_place(c, lot, o->at, entered, custody_stated(entered));
    settle(c, o, lot);
}

static void leave_elsewhere(struct custody *c, const struct ordered_event *o, int32_t lot)
{
    struct conflict conflict = custody_conflict(CONFLICT_ELSEWHERE, lot, o);
    conflict.place = c->lots[lot].place;
    custody_leave(c, conflict);
    custody_blank(c, lot, o->at);
}

/* The site a container is at, through the containers it is in. */
static int32_t site_of(const struct custody *c, int32_t lot)
{
    while (c->lots[lot].place.parent != NONE)
        lot = c->lots[lot].place.parent;
    return c->lots[lot].place.site;
}

/* Where the event says it took the lot from: the newest scan is what someone saw. */
static int32_t site_of_from(const struct custody *c, const struct ordered_event *o)
{
    const struct place *from = &o->event->from;
    if (from->site != NONE)
        return from->site;
    if (from->equipment != NONE)
        return c->facts->equipment[from->equipment].site;
    return from->parent != NONE ? site_of(c, from->parent) : NONE;
}

/* The site a lot is at once it is taken out: its own or its parent's; where the event says it took it from, if it was
 * not there or if nobody knows that site. */
static int32_t site_left(const struct custody *c, const struct ordered_event *o, int32_t lot, bool elsewhere)
{
    int32_t known = site_of(c, lot);
    int32_t from = elsewhere || known == NONE ? site_of_from(c, o) : NONE;
    return from != NONE ? from : known;
}

static void apply_take_out(struct custody *c, const struct ordered_event *o, int32_t lot)
{
    bool elsewhere = custody_check_from(c, o, lot);
    if (!elsewhere && custody_is_out_of_equipment(c, &c->lots[lot]))
        leave_elsewhere(c, o, lot);
    int32_t site = o->event->to.site;
    if (site == NONE)
        site = site_left(c, o, lot, elsewhere);
    custody_place(c, lot, o->at, (struct place){site, NONE, NONE}, PLACE_STATED);
    settle(c, o, lot);
}

/* The lot itself, or the first container around it that is under way; NONE when none is. */
static int32_t in_transit_with(const struct custody *c, int32_t lot)
{
    for (; lot != NONE; lot = c->lots[lot].place.parent)
        if (c->lots[lot].in_transit)
            return lot;
    return NONE;
}

static void travel_with(struct custody *c, int32_t lot, int32_t carrier)
{
    struct lot_state *state = custody_change(c, lot);
    state->in_transit = true;
    state->transit_to = c->lots[carrier].transit_to;
    state->due = c->lots[carrier].due;
}

static void apply_unpack(struct custody *c, const struct ordered_event *o, int32_t lot)
{
    int32_t parent = c->lots[lot].place.parent;
    int32_t carrier = parent == NONE ? NONE : in_transit_with(c, parent);
    struct place target = custody_to(c, o);
    if (target.parent != NONE && !custody_enter(c, o, lot, &target))
        return;
    bool elsewhere = custody_check_from(c, o, lot);
    if (!elsewhere && custody_is_out_of_parent(c, &c->lots[lot]))
        leave_elsewhere(c, o, lot);
    if (custody_stated(o->event->to) == PLACE_UNKNOWN)
        target.site = site_left(c, o, lot, elsewhere);
    custody_place(c, lot, o->at, target, PLACE_STATED);
    if (carrier != NONE && !c->lots[lot].in_transit)
        travel_with(c, lot, carrier);
    custody_mark(c, lot, o);
}

/* ---- lots travel ---- */

static void set_transit(struct custody *c, const struct ordered_event *o, int32_t lot)
{
    struct lot_state *state = custody_change(c, lot);
    state->in_transit = true;
    state->transit_to = o->event->to.site;
    state->due = o->event->due;
}

/* The box it travels in: the equipment, or the container that is the same thing. */
static struct place travelling_place(const struct custody *c, const struct ordered_event *o)
{
    struct place place = custody_to(c, o);
    place.site = NONE;
    return place;
}

static void apply_ship(struct custody *c, const struct ordered_event *o, const struct target *target)
{
    int32_t lot = target->lot;
    int32_t to = o->event->to.site;
    bool outside = to != NONE && custody_is_outside(c, to);
    struct place place = travelling_place(c, o);
    struct place entered = place;
    if (target->named && place.parent != NONE && !custody_enter(c, o, lot, &entered))
        return;
    leave_held(c, o, lot, custody_held(c, lot, o->at) & (outside ? ~0u : HELD_ON_HOLD | HELD_RECALLED));
    if (target->named) {
        custody_check_from(c, o, lot);
        custody_check_two_places(c, o, lot, place);
    }
    if (outside) {
        custody_end_life(c, lot, o);
    } else {
        set_transit(c, o, lot);
        if (target->named)
            custody_place(c, lot, o->at, entered, entered.parent != NONE ? PLACE_STATED : PLACE_UNDER_WAY);
    }
    custody_mark(c, lot, o);
}

static void check_shipped(struct custody *c, const struct ordered_event *o, int32_t lot, int32_t to)
{
    const struct lot_state *state = &c->lots[lot];
    bool expected_here = state->transit_to == NONE || to == NONE || state->transit_to == to;
    if (state->in_transit && expected_here)
        return;
    struct conflict conflict = custody_conflict(CONFLICT_NOT_SHIPPED, lot, o);
    conflict.place.site = state->in_transit ? state->transit_to : NONE;
    custody_leave(c, conflict);
    custody_blank(c, lot, o->at);
}

static void apply_receive(struct custody *c, const struct ordered_event *o, const struct target *target)
{
    int32_t lot = target->lot;
    if (!c->lots[lot].begun) {
        begin_received(c, o, lot);
        return;
    }
    struct place place = custody_to(c, o);
    struct place entered = place;
    if (target->named && place.parent != NONE && !custody_enter(c, o, lot, &entered))
        return;
    if (target->named) {
        custody_check_from(c, o, lot);
        check_shipped(c, o, lot, o->event->to.site != NONE ? o->event->to.site : place.site);
        custody_place(c, lot, o->at, entered, custody_stated(entered));
    }
    struct lot_state *state = custody_change(c, lot);
    state->in_transit = false;
    state->transit_to = NONE;
    state->due = TIME_NONE;
    settle(c, o, lot);
}

/* ---- lots are judged ---- */

static void apply_hold(struct custody *c, const struct ordered_event *o, int32_t lot)
{
    struct lot_state *state = custody_change(c, lot);
    if (o->event->type == EVENT_HOLD)
        state->on_hold = true;
    else
        state->recalled = true;
    custody_mark(c, lot, o);
}

/* Fine print 38: it ends a person's hold, not a recall. */
static void apply_release(struct custody *c, const struct ordered_event *o, int32_t lot)
{
    unsigned why = custody_held(c, lot, o->at) & (HELD_UNTESTED | HELD_INVENTORY_HOLD | HELD_EXPIRED);
    leave_held(c, o, lot, why);
    if (why)
        return;
    custody_change(c, lot)->on_hold = false;
    custody_set_stock(c, lot, o, STATE_RELEASED);
    custody_mark(c, lot, o);
}

static void apply_reject(struct custody *c, const struct ordered_event *o, int32_t lot)
{
    custody_set_stock(c, lot, o, STATE_REJECTED);
    custody_mark(c, lot, o);
}

static void apply_relabel(struct custody *c, const struct ordered_event *o, int32_t lot)
{
    custody_change(c, lot)->product = o->event->product;
    custody_mark(c, lot, o);
}

/* Issued, disposed of. A lot that was issued keeps its end: the disposal is what became of it there. */
static void apply_end(struct custody *c, const struct ordered_event *o, const struct target *target)
{
    int32_t lot = target->lot;
    if (!c->lots[lot].ended) {
        if (o->event->type == EVENT_ISSUE)
            leave_held(c, o, lot, custody_held(c, lot, o->at));
        if (target->named)
            custody_check_from(c, o, lot);
        custody_end_life(c, lot, o);
    }
    custody_mark(c, lot, o);
}

/* ---- one event ---- */

static void apply_to_target(struct custody *c, const struct ordered_event *o, const struct target *target)
{
    switch (o->event->type) {
    case EVENT_COLLECT:
    case EVENT_SAMPLE:
    case EVENT_OPENING: apply_beginning(c, o, target->lot); break;
    case EVENT_FREEZE: apply_freeze(c, o, target); break;
    case EVENT_STORE: apply_store(c, o, target->lot); break;
    case EVENT_TAKE_OUT: apply_take_out(c, o, target->lot); break;
    case EVENT_PACK: apply_pack(c, o, target->lot); break;
    case EVENT_UNPACK: apply_unpack(c, o, target->lot); break;
    case EVENT_SHIP: apply_ship(c, o, target); break;
    case EVENT_RECEIVE: apply_receive(c, o, target); break;
    case EVENT_HOLD:
    case EVENT_RECALL: apply_hold(c, o, target->lot); break;
    case EVENT_RELEASE: apply_release(c, o, target->lot); break;
    case EVENT_REJECT: apply_reject(c, o, target->lot); break;
    case EVENT_RELABEL: apply_relabel(c, o, target->lot); break;
    case EVENT_ISSUE:
    case EVENT_DISPOSE: apply_end(c, o, target); break;
    case EVENT_SPLIT:
    case EVENT_POOL:
    case EVENT_TEST:
    case EVENT_CORRECT:
    case EVENT_NONE:
    case EVENT_TYPE_COUNT: break; /* not reached: they have their own way in */
    }
}

/* ↓ of 5-domain section 6 and fine print 18. */
static bool reaches_inside(enum event_type type)
{
    static const bool reaches[EVENT_TYPE_COUNT] = {
        [EVENT_FREEZE] = true, [EVENT_SHIP] = true,   [EVENT_RECEIVE] = true, [EVENT_HOLD] = true,
        [EVENT_RECALL] = true, [EVENT_REJECT] = true, [EVENT_ISSUE] = true,   [EVENT_DISPOSE] = true,
    };
    return reaches[type];
}

static void apply_to_lots(struct custody *c, const struct ordered_event *o)
{
    target_list targets = {0};
    if (reaches_inside(o->event->type)) {
        custody_targets(c, o, &targets);
        for (size_t i = 0; i < targets.count; i++)
            apply_to_target(c, o, &targets.items[i]);
        return;
    }
    for (size_t i = 0; i < o->event->lot_count; i++) {
        struct target target = {o->event->lots[i], true};
        if (custody_admit(c, o, target.lot))
            apply_to_target(c, o, &target);
    }
}

void custody_apply(struct custody *c, const struct ordered_event *o)
{
    c->serial++;
    c->effect = false;
    c->touched.count = 0;
    custody_check_contents(c, o);
    if (o->event->type == EVENT_SPLIT)
        custody_apply_split(c, o);
    else if (o->event->type == EVENT_POOL)
        custody_apply_pool(c, o);
    else if (o->event->type == EVENT_TEST)
        custody_apply_test(c, o);
    else
        apply_to_lots(c, o);
}
