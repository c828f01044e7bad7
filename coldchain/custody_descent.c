/* Splits, pools and tests: events about more than the lots they name. */
#include <stdlib.h>

#include "coldchain/custody_private.h"

static void leave_two_places(struct custody *c, const struct ordered_event *o, int32_t lot)
{
    struct conflict conflict = custody_conflict(CONFLICT_TWO_PLACES, lot, o);
    conflict.place = c->lots[lot].place;
    custody_leave(c, conflict);
}

static void descend(struct custody *c, const struct ordered_event *o, int32_t from, int32_t to)
{
    if (!c->quiet)
        vec_push(c->arena, &c->descent, (struct descent){from, to, o->index});
}

/* ---- split ---- */

/* Where it was, with its state, holds, transit and collection time; the release of the whole is the part's too. */
static void begin_part(struct custody *c, const struct ordered_event *o, int32_t whole, int32_t part, bool elsewhere)
{
    struct lot_state from = c->lots[whole];
    if (elsewhere) { /* it was where the event took it from */
        from.place = custody_from(c, o);
        from.knowledge = PLACE_STATED;
        if (from.place.parent != NONE && !custody_enter(c, o, part, &from.place))
            from.place = (struct place){NONE, NONE, NONE};
    }
    custody_begin_life(c, part, o, from.place);
    struct lot_state *state = custody_change(c, part);
    state->knowledge = from.knowledge;
    state->on_hold = from.on_hold;
    state->recalled = from.recalled;
    state->in_transit = from.in_transit;
    state->transit_to = from.transit_to;
    state->due = from.due;
    state->attested = from.attested;
    state->settled_at = from.settled_at;
    state->donation = from.donation;
    state->collected_at = from.collected_at;
    state->expires = o->event->expires != TIME_NONE ? o->event->expires : from.expires;
    state->first_at = from.first_at;
    state->split_from = whole;
    custody_set_stock(c, part, o, from.stock);
    state->released_by = from.released_by;
    state->released_at = from.released_at;
    if (!c->quiet && from.released_by != NONE) {
        c->releases.items[c->release_open[part]].event = from.released_by;
        c->releases.items[c->release_open[part]].from = from.released_at;
    }
    custody_mark(c, part, o);
    descend(c, o, whole, part);
}

static void split_into(struct custody *c, const struct ordered_event *o, int32_t whole, int32_t part, bool elsewhere)
{
    if (!c->facts->lots[part].registered) {
        custody_leave(c, custody_conflict(CONFLICT_BAD_IDENTIFIER, part, o));
        return;
    }
    custody_touch(c, part, o);
    if (c->lots[part].begun)
        leave_two_places(c, o, part);
    else
        begin_part(c, o, whole, part, elsewhere);
}

void custody_apply_split(struct custody *c, const struct ordered_event *o)
{
    for (size_t i = 0; i < o->event->lot_count; i++) {
        int32_t whole = o->event->lots[i];
        if (!custody_admit(c, o, whole))
            continue;
        bool elsewhere = custody_check_from(c, o, whole);
        for (size_t k = 0; k < o->event->part_count; k++)
            split_into(c, o, whole, o->event->parts[k], elsewhere);
        custody_end_life(c, whole, o);
        custody_mark(c, whole, o);
    }
}

/* ---- pool ---- */

static int by_lot(const void *a, const void *b)
{
    const struct target *left = a;
    const struct target *right = b;
    return (left->lot > right->lot) - (left->lot < right->lot);
}

/* Everything inside a container that is not itself a container: what it stands for (fine print 40). False when there
 * is nothing. */
static bool add_inside(struct custody *c, int32_t container, target_list *members)
{
    bool found = false;
    for (int32_t lot = c->lots[container].first_child; lot != NONE; lot = c->lots[lot].next_sibling) {
        if (c->facts->lots[lot].kind == LOT_CONTAINER) {
            found = add_inside(c, lot, members) || found;
            continue;
        }
        if (c->inside_in[lot] != c->serial)
            vec_push(c->arena, members, (struct target){lot, false});
        c->inside_in[lot] = c->serial;
        found = true;
    }
    return found;
}

/* True when there was something in it. */
static bool add_container(struct custody *c, const struct ordered_event *o, int32_t lot, target_list *members)
{
    return !custody_admit(c, o, lot) || add_inside(c, lot, members);
}

/* Nothing but empty boxes: no member, and nothing said about it yet. */
static void leave_empty(struct custody *c, const struct ordered_event *o)
{
    for (size_t i = 0; i < o->event->lot_count; i++)
        custody_leave(c, custody_conflict(CONFLICT_NOT_COLLECTED, o->event->lots[i], o));
}

/* True when it names nothing but empty boxes. */
static bool find_members(struct custody *c, const struct ordered_event *o, target_list *members)
{
    const struct event *event = o->event;
    size_t empty = 0;
    for (size_t i = 0; i < event->lot_count; i++)
        if (c->facts->lots[event->lots[i]].registered && c->facts->lots[event->lots[i]].kind == LOT_CONTAINER)
            empty += !add_container(c, o, event->lots[i], members);
    for (size_t i = 0; i < event->lot_count; i++) {
        int32_t lot = event->lots[i];
        bool container = c->facts->lots[lot].registered && c->facts->lots[lot].kind == LOT_CONTAINER;
        if (!container && c->inside_in[lot] != c->serial && custody_admit(c, o, lot))
            vec_push(c->arena, members, (struct target){lot, true});
    }
    if (members->count > 1)
        qsort(members->items, members->count, sizeof *members->items, by_lot);
    return empty > 0 && empty == event->lot_count;
}

/* The lot a pool event makes may begin: it is one of ours and does not live already. */
static bool pool_is_free(struct custody *c, const struct ordered_event *o)
{
    int32_t pool = o->event->pool;
    if (pool == NONE || !c->facts->lots[pool].registered) {
        custody_leave(c, custody_conflict(CONFLICT_BAD_IDENTIFIER, pool, o));
        return false;
    }
    custody_touch(c, pool, o);
    if (!c->lots[pool].begun)
        return true;
    leave_two_places(c, o, pool);
    return false;
}

static void take_member(struct custody *c, const struct ordered_event *o, const struct target *member)
{
    struct conflict held = custody_conflict(CONFLICT_HELD, member->lot, o);
    held.why = custody_held(c, member->lot, o->at);
    if (held.why)
        custody_leave(c, held);
    if (member->named)
        custody_check_from(c, o, member->lot);
    custody_end_life(c, member->lot, o);
    custody_mark(c, member->lot, o);
    descend(c, o, member->lot, o->event->pool);
}

static void begin_pool(struct custody *c, const struct ordered_event *o)
{
    int32_t pool = o->event->pool;
    struct place target = custody_to(c, o);
    if (target.parent != NONE && !custody_enter(c, o, pool, &target))
        target = (struct place){NONE, NONE, NONE};
    custody_begin_life(c, pool, o, target);
    struct lot_state *state = custody_change(c, pool);
    state->expires = o->event->expires;
    if (o->event->donation)
        state->donation = custody_donation(c, o->event->donation);
    custody_set_known(c, state->donation);
    custody_mark(c, pool, o);
}

void custody_apply_pool(struct custody *c, const struct ordered_event *o)
{
    target_list members = {0};
    bool is_free = pool_is_free(c, o);
    bool only_empty = find_members(c, o, &members);
    if (is_free && only_empty)
        leave_empty(c, o);
    if (!is_free || members.count == 0)
        return;
    for (size_t i = 0; i < members.count; i++)
        take_member(c, o, &members.items[i]);
    begin_pool(c, o);
}

/* ---- test ---- */

static bool join(struct custody *c, const struct ordered_event *o, int32_t donation)
{
    if (donation == NONE || !c->donation_known[donation])
        return false;
    for (size_t i = 0; i < o->event->result_count; i++) {
        const struct analysis_result *result = &o->event->results[i];
        int32_t answer = custody_answer_index(c, donation, result->analysis);
        if (answer != NONE)
            custody_set_answer(c, answer, result->answer);
    }
    return true;
}

/* Fine print 36: a reactive result after the release says that it should not have been. */
static void warn_released(struct custody *c, const struct ordered_event *o, int32_t donation)
{
    bool reactive = false;
    for (size_t i = 0; i < o->event->result_count; i++)
        reactive = reactive || o->event->results[i].answer == TEST_REACTIVE;
    if (c->quiet || !reactive)
        return;
    for (size_t i = 0; i < c->facts->lot_count; i++) {
        const struct lot_state *lot = &c->lots[i];
        if (lot->begun && lot->donation == donation && lot->stock == STATE_RELEASED)
            custody_leave(c, custody_conflict(CONFLICT_FIT_LOST, (int32_t)i, o));
    }
}

static bool test_donation(struct custody *c, const struct ordered_event *o, int32_t donation)
{
    bool joined = join(c, o, donation);
    if (joined)
        warn_released(c, o, donation);
    return joined;
}

/* The donation it names, else the donations of the lots it names. False when that donation is unknown. */
static bool test_lot(struct custody *c, const struct ordered_event *o, int32_t lot, bool joined)
{
    if (!custody_admit(c, o, lot))
        return true; /* it has its conflict already */
    if (!o->event->donation)
        joined = test_donation(c, o, c->lots[lot].donation);
    if (joined)
        custody_mark(c, lot, o);
    return joined;
}

void custody_apply_test(struct custody *c, const struct ordered_event *o)
{
    bool named = o->event->donation != NULL;
    bool joined = named && test_donation(c, o, custody_donation(c, o->event->donation));
    c->effect = joined;
    bool known = joined || (!named && o->event->lot_count > 0);
    for (size_t i = 0; i < o->event->lot_count; i++)
        known = test_lot(c, o, o->event->lots[i], joined) && known;
    if (!known)
        custody_leave(c, custody_conflict(CONFLICT_NOT_COLLECTED, NONE, o));
}
