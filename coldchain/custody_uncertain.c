/* order_uncertain: two events of a lot, side by side in its order, from clocks that disagree by more than lies between
 * them. Whether it matters is found out by trying: everything since the earlier is taken back, folded with the two
 * exchanged, looked at, taken back again and folded as it was. */
#include <stdlib.h>
#include <string.h>

#include "coldchain/custody_private.h"

/* A lot that both events touched, and how it stands now. */
struct doubt {
    int32_t lot;
    size_t earlier; /* index into recent */
    bool earlier_effect;
    bool later_effect;
    struct lot_state state;
    bool later_effect_exchanged;
};

typedef VEC(struct doubt) doubt_list;

static bool is_too_close(const struct ordered_event *earlier, const struct ordered_event *later)
{
    int64_t errors = earlier->event->clock_error_ms + later->event->clock_error_ms;
    return earlier->gateway != later->gateway && later->at - earlier->at < errors;
}

static bool same_outcome(const struct lot_state *a, const struct lot_state *b)
{
    bool same_place = a->place.site == b->place.site && a->place.equipment == b->place.equipment &&
                      a->place.parent == b->place.parent;
    bool same_transit = a->in_transit == b->in_transit && (!a->in_transit || a->transit_to == b->transit_to);
    bool same_end = a->ended == b->ended && (!a->ended || a->ended_by == b->ended_by);
    return same_place && same_transit && same_end && a->begun == b->begun && a->stock == b->stock &&
           a->on_hold == b->on_hold && a->recalled == b->recalled;
}

static int by_earlier(const void *a, const void *b)
{
    const struct doubt *left = a;
    const struct doubt *right = b;
    if (left->earlier != right->earlier)
        return left->earlier < right->earlier ? -1 : 1;
    return (left->lot > right->lot) - (left->lot < right->lot);
}

static void find_doubts(struct custody *c, const struct ordered_event *o, doubt_list *doubts)
{
    for (size_t i = 0; i < c->touched.count; i++) {
        int32_t lot = c->touched.items[i];
        const struct touch *touch = &c->touches[lot];
        if (touch->generation != c->generation || !is_too_close(&c->recent.items[touch->recent].event, o))
            continue;
        struct doubt doubt = {.lot = lot,
                              .earlier = touch->recent,
                              .earlier_effect = touch->effect,
                              .later_effect = c->effect_in[lot] == c->serial,
                              .state = c->lots[lot]};
        vec_push(c->arena, doubts, doubt);
    }
    if (doubts->count > 1)
        qsort(doubts->items, doubts->count, sizeof *doubts->items, by_earlier);
}

static void remember(struct custody *c, const struct ordered_event *o)
{
    for (size_t i = 0; i < c->touched.count; i++) {
        int32_t lot = c->touched.items[i];
        c->touches[lot] =
            (struct touch){c->generation, c->recent.count - 1, c->effect_in[lot] == c->serial};
    }
    (void)o;
}

/* Folds recent[earlier .. last] again, the first and the last exchanged; says for each doubt whether it matters. */
static void try_exchanged(struct custody *c, struct doubt *doubts, size_t count, bool *matters)
{
    size_t first = doubts->earlier;
    size_t last = c->recent.count - 1;
    const struct recent *recent = c->recent.items;
    size_t mark = recent[first].undo_from;
    custody_undo_to(c, mark);
    custody_apply(c, &recent[last].event);
    for (size_t i = 0; i < count; i++)
        doubts[i].later_effect_exchanged = c->effect_in[doubts[i].lot] == c->serial;
    for (size_t i = first + 1; i < last; i++)
        custody_apply(c, &recent[i].event);
    custody_apply(c, &recent[first].event);
    for (size_t i = 0; i < count; i++) {
        const struct doubt *doubt = &doubts[i];
        bool earlier_effect = c->effect_in[doubt->lot] == c->serial;
        matters[i] = earlier_effect != doubt->earlier_effect ||
                     doubt->later_effect_exchanged != doubt->later_effect ||
                     !same_outcome(&c->lots[doubt->lot], &doubt->state);
    }
    custody_undo_to(c, mark);
    for (size_t i = first; i <= last; i++)
        custody_apply(c, &recent[i].event);
}

static void settle_doubts(struct custody *c, const struct ordered_event *o, struct doubt *doubts, size_t count)
{
    bool *matters = arena_new(c->arena, count, sizeof *matters);
    if (!matters)
        return;
    c->quiet = true;
    try_exchanged(c, doubts, count, matters);
    c->quiet = false;
    for (size_t i = 0; i < count; i++) {
        struct conflict conflict = custody_conflict(CONFLICT_ORDER_UNCERTAIN, doubts[i].lot, o);
        conflict.other = c->recent.items[doubts[i].earlier].event.index;
        if (matters[i])
            custody_leave(c, conflict);
    }
}

void custody_check_order(struct custody *c, const struct ordered_event *o)
{
    doubt_list doubts = {0};
    find_doubts(c, o, &doubts);
    remember(c, o);
    for (size_t from = 0, to; from < doubts.count; from = to) {
        for (to = from + 1; to < doubts.count; to++)
            if (doubts.items[to].earlier != doubts.items[from].earlier)
                break;
        settle_doubts(c, o, doubts.items + from, to - from);
    }
}
