/* Which lots an event concerns, and whether it may: the doors that every event passes before it takes effect. */
#include <stdlib.h>

#include "coldchain/custody_private.h"

bool custody_is_outside(const struct custody *c, int32_t site)
{
    return !(c->facts->sites[site].registered && c->facts->sites[site].own);
}

/* Fine print 32: of the events that do not move, these still count after the end. */
static bool counts_after_end(const struct lot_state *lot, enum event_type type)
{
    if (type == EVENT_TEST || type == EVENT_HOLD || type == EVENT_RECALL)
        return true;
    return type == EVENT_DISPOSE && lot->ended_how == EVENT_ISSUE; /* its disposition */
}

static bool begins_by_itself(const struct custody *c, const struct event *event)
{
    if (event->type == EVENT_RECEIVE)
        return event->from.site != NONE && custody_is_outside(c, event->from.site);
    return event->type == EVENT_COLLECT || event->type == EVENT_SAMPLE || event->type == EVENT_OPENING;
}

bool custody_admit(struct custody *c, const struct ordered_event *o, int32_t lot)
{
    static const struct place unknown = {NONE, NONE, NONE};
    const struct lot_state *state = &c->lots[lot];
    if (!c->facts->lots[lot].registered) {
        custody_leave(c, custody_conflict(CONFLICT_BAD_IDENTIFIER, lot, o));
        return false;
    }
    custody_touch(c, lot, o);
    if (state->ended && !counts_after_end(state, o->event->type)) {
        custody_leave(c, custody_conflict(CONFLICT_AFTER_END, lot, o));
        return false;
    }
    if (state->begun || begins_by_itself(c, o->event))
        return true;
    if (c->facts->lots[lot].kind != LOT_CONTAINER) {
        custody_leave(c, custody_conflict(CONFLICT_NOT_COLLECTED, lot, o));
        return false;
    }
    custody_begin_life(c, lot, o, unknown);
    return true;
}

/* ---- ↓ ---- */

static void reach_inside(struct custody *c, int32_t container, target_list *out)
{
    for (int32_t lot = c->lots[container].first_child; lot != NONE; lot = c->lots[lot].next_sibling) {
        if (c->inside_in[lot] == c->serial)
            continue;
        c->inside_in[lot] = c->serial;
        vec_push(c->arena, out, (struct target){lot, false});
        reach_inside(c, lot, out);
    }
}

static int by_lot(const void *a, const void *b)
{
    const struct target *left = a;
    const struct target *right = b;
    return (left->lot > right->lot) - (left->lot < right->lot);
}

/* A lot that is inside another one the event names was not taken out: it moves with the box, once. */
void custody_targets(struct custody *c, const struct ordered_event *o, target_list *out)
{
    const struct event *event = o->event;
    for (size_t i = 0; i < event->lot_count; i++)
        if (!c->lots[event->lots[i]].ended)
            reach_inside(c, event->lots[i], out);
    for (size_t i = 0; i < event->lot_count; i++)
        if (c->inside_in[event->lots[i]] != c->serial && custody_admit(c, o, event->lots[i]))
            vec_push(c->arena, out, (struct target){event->lots[i], true});
    if (out->count > 1)
        qsort(out->items, out->count, sizeof *out->items, by_lot);
}

/* ---- from ---- */

/* Which parts of a lot's own place are known, if only to be none. No lot is at no site: none is an unknown one. */
struct known_parts {
    bool site;
    bool equipment;
    bool parent;
};

static struct known_parts known_parts(const struct lot_state *lot)
{
    const struct place *own = &lot->place;
    if (lot->knowledge == PLACE_UNKNOWN)
        return (struct known_parts){0};
    if (own->parent != NONE)
        return (struct known_parts){.parent = true};
    bool stands = lot->knowledge == PLACE_STATED;
    return (struct known_parts){.site = own->site != NONE, .equipment = stands || own->equipment != NONE, .parent = true};
}

/* Equipment and the container it is bound to are one thing under two names. */
static bool is_bound(const struct custody *c, int32_t container)
{
    for (size_t i = 0; i < c->facts->equipment_count; i++)
        if (c->facts->equipment[i].container == container)
            return true;
    return false;
}

bool custody_is_out_of_equipment(const struct custody *c, const struct lot_state *lot)
{
    if (lot->place.parent != NONE)
        return !is_bound(c, lot->place.parent);
    return lot->place.equipment == NONE && known_parts(lot).equipment;
}

bool custody_is_out_of_parent(const struct custody *c, const struct lot_state *lot)
{
    bool in_box = lot->place.equipment != NONE && c->facts->equipment[lot->place.equipment].container != NONE;
    return lot->place.parent == NONE && known_parts(lot).parent && !in_box;
}

static bool differs(int32_t stated, int32_t own, bool known)
{
    return stated != NONE && known && stated != own;
}

static void leave_with_place(struct custody *c, enum conflict_code code, const struct ordered_event *o, int32_t lot)
{
    struct conflict conflict = custody_conflict(code, lot, o);
    conflict.place = c->lots[lot].place;
    custody_leave(c, conflict);
}

bool custody_check_from(struct custody *c, const struct ordered_event *o, int32_t lot)
{
    struct place stated = o->event->from;
    const struct place *own = &c->lots[lot].place;
    struct known_parts known = known_parts(&c->lots[lot]);
    if (custody_from(c, o).parent != NONE && stated.parent == NONE) /* equipment that is a container */
        stated = (struct place){stated.site, NONE, custody_from(c, o).parent};
    if (!differs(stated.site, own->site, known.site) && !differs(stated.equipment, own->equipment, known.equipment) &&
        !differs(stated.parent, own->parent, known.parent))
        return false;
    leave_with_place(c, CONFLICT_ELSEWHERE, o, lot);
    custody_blank(c, lot, o->at);
    return true;
}

static bool is_stated(const struct place *place)
{
    return place->site != NONE || place->equipment != NONE || place->parent != NONE;
}

static bool is_same_thing(const struct custody *c, int32_t equipment, int32_t container)
{
    return equipment != NONE && container != NONE && c->facts->equipment[equipment].container == container;
}

void custody_check_two_places(struct custody *c, const struct ordered_event *o, int32_t lot, struct place target)
{
    const struct place *own = &c->lots[lot].place;
    if (is_stated(&o->event->from))
        return;
    bool other_equipment = own->equipment != NONE && own->equipment != target.equipment &&
                           !is_same_thing(c, own->equipment, target.parent);
    bool other_parent =
        own->parent != NONE && own->parent != target.parent && !is_same_thing(c, target.equipment, own->parent);
    if (other_equipment || other_parent)
        leave_with_place(c, CONFLICT_TWO_PLACES, o, lot);
}

/* ---- to ---- */

static struct place whole_place(const struct custody *c, struct place place)
{
    int32_t container = place.equipment == NONE ? NONE : c->facts->equipment[place.equipment].container;
    if (place.parent != NONE || container != NONE)
        return (struct place){NONE, NONE, place.parent != NONE ? place.parent : container};
    if (place.site == NONE && place.equipment != NONE)
        place.site = c->facts->equipment[place.equipment].site;
    return place;
}

struct place custody_to(const struct custody *c, const struct ordered_event *o)
{
    return whole_place(c, o->event->to);
}

struct place custody_from(const struct custody *c, const struct ordered_event *o)
{
    return whole_place(c, o->event->from);
}

static void leave_with_parent(struct custody *c, enum conflict_code code, const struct ordered_event *o, int32_t lot,
                              int32_t parent)
{
    struct conflict conflict = custody_conflict(code, lot, o);
    conflict.place.parent = parent;
    custody_leave(c, conflict);
}

bool custody_enter(struct custody *c, const struct ordered_event *o, int32_t lot, struct place *target)
{
    static const struct place unknown = {NONE, NONE, NONE};
    int32_t parent = target->parent;
    bool container = parent != NONE && c->facts->lots[parent].kind == LOT_CONTAINER;
    if (parent == NONE || !c->facts->lots[parent].registered || (!container && !c->lots[parent].begun)) {
        leave_with_parent(c, CONFLICT_PARENT_UNKNOWN, o, lot, parent);
        *target = unknown;
        return true;
    }
    if (c->lots[parent].ended) {
        custody_leave(c, custody_conflict(CONFLICT_AFTER_END, lot, o));
        return false;
    }
    if (custody_is_inside(c, parent, lot)) {
        leave_with_parent(c, CONFLICT_PARENT_CYCLE, o, lot, parent);
        return false;
    }
    if (!c->lots[parent].begun)
        custody_begin_life(c, parent, o, unknown);
    return true;
}

/* ---- contents ---- */

static int by_number(const void *a, const void *b)
{
    int32_t left = *(const int32_t *)a;
    int32_t right = *(const int32_t *)b;
    return (left > right) - (left < right);
}

typedef VEC(int32_t) lot_list;

static bool holds(const int32_t *sorted, size_t count, int32_t lot)
{
    return count > 0 && bsearch(&lot, sorted, count, sizeof lot, by_number) != NULL;
}

static void add_contents(struct custody *c, int32_t container, lot_list *out)
{
    for (int32_t lot = c->lots[container].first_child; lot != NONE; lot = c->lots[lot].next_sibling)
        vec_push(c->arena, out, lot);
    if (out->count > 1)
        qsort(out->items, out->count, sizeof *out->items, by_number);
}

/* The one container that all of the event's lots are in, or NONE. */
static int32_t common_parent(const struct custody *c, const struct event *event)
{
    int32_t parent = event->lot_count > 0 ? c->lots[event->lots[0]].place.parent : NONE;
    for (size_t i = 1; i < event->lot_count; i++)
        if (c->lots[event->lots[i]].place.parent != parent)
            return NONE;
    return parent;
}

static bool is_container(const struct custody *c, int32_t lot)
{
    return c->facts->lots[lot].registered && c->facts->lots[lot].kind == LOT_CONTAINER;
}

/* The container that an event's list of contents is about, or NONE. */
static int32_t listed_container(const struct custody *c, const struct event *event)
{
    if (event->type == EVENT_PACK)
        return event->to.parent;
    if (event->type == EVENT_UNPACK)
        return event->from.parent != NONE ? event->from.parent : common_parent(c, event);
    for (size_t i = 0; i < event->lot_count; i++)
        if (is_container(c, event->lots[i]))
            return event->lots[i];
    return NONE;
}

static void compare_contents(struct custody *c, const struct ordered_event *o, const lot_list *expected,
                             const lot_list *scanned)
{
    lot_list missing = {0};
    lot_list extra = {0};
    for (size_t i = 0; i < expected->count; i++)
        if (!holds(scanned->items, scanned->count, expected->items[i]))
            vec_push(c->arena, &missing, expected->items[i]);
    for (size_t i = 0; i < scanned->count; i++)
        if (!holds(expected->items, expected->count, scanned->items[i]))
            vec_push(c->arena, &extra, scanned->items[i]);
    if (missing.count + extra.count == 0)
        return;
    struct conflict conflict = custody_conflict(CONFLICT_WRONG_CONTENTS, listed_container(c, o->event), o);
    conflict.missing = missing.items;
    conflict.missing_count = missing.count;
    conflict.extra = extra.items;
    conflict.extra_count = extra.count;
    custody_leave(c, conflict);
}

static void compare_with_list(struct custody *c, const struct ordered_event *o)
{
    lot_list expected = {0};
    lot_list scanned = {0};
    for (size_t i = 0; i < o->event->expected_count; i++)
        vec_push(c->arena, &expected, o->event->expected[i]);
    for (size_t i = 0; i < o->event->lot_count; i++)
        vec_push(c->arena, &scanned, o->event->lots[i]);
    compare_contents(c, o, &expected, &scanned);
}

/* Unpacking takes out of one container; what was scanned should be all that is in it. */
static void compare_unpacked(struct custody *c, const struct ordered_event *o)
{
    int32_t container = listed_container(c, o->event);
    lot_list expected = {0};
    lot_list scanned = {0};
    if (container == NONE || !c->lots[container].begun || c->lots[container].ended)
        return;
    add_contents(c, container, &expected);
    for (size_t i = 0; i < o->event->lot_count; i++)
        vec_push(c->arena, &scanned, o->event->lots[i]);
    compare_contents(c, o, &expected, &scanned);
}

static void add_all_inside(struct custody *c, int32_t container, lot_list *out)
{
    for (int32_t lot = c->lots[container].first_child; lot != NONE; lot = c->lots[lot].next_sibling) {
        vec_push(c->arena, out, lot);
        add_all_inside(c, lot, out);
    }
}

/* Receiving boxes with something scanned beside them: that should be all that is in them. A sealed box received by its
 * own name says nothing of its contents. */
static void compare_received(struct custody *c, const struct ordered_event *o)
{
    const struct event *event = o->event;
    lot_list expected = {0};
    lot_list scanned = {0};
    size_t bags = 0;
    for (size_t i = 0; i < event->lot_count; i++) {
        int32_t lot = event->lots[i];
        int32_t parent = c->lots[lot].place.parent;
        bool nested = parent != NONE && holds(event->lots, event->lot_count, parent);
        bags += !is_container(c, lot);
        if (!is_container(c, lot) || nested)
            vec_push(c->arena, &scanned, lot);
        else
            add_all_inside(c, lot, &expected);
    }
    if (bags == 0 || bags == event->lot_count)
        return;
    if (expected.count > 1)
        qsort(expected.items, expected.count, sizeof *expected.items, by_number);
    compare_contents(c, o, &expected, &scanned);
}

/* Fine print 40: a stated list; without one, unpacking or receiving a container expects what the fold has in it. */
void custody_check_contents(struct custody *c, const struct ordered_event *o)
{
    enum event_type type = o->event->type;
    if (c->quiet || (type != EVENT_PACK && type != EVENT_UNPACK && type != EVENT_RECEIVE))
        return;
    if (o->event->has_expected)
        compare_with_list(c, o);
    else if (type == EVENT_UNPACK)
        compare_unpacked(c, o);
    else if (type == EVENT_RECEIVE)
        compare_received(c, o);
}
