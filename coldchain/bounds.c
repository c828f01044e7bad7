#include "coldchain/bounds.h"

enum { DEEPEST_ANCESTRY = 64 };

static int64_t first_of(const struct lot_life *lives, int32_t lot, size_t mark_count, enum event_type type,
                        int64_t not_before, int64_t until, int depth);

/* The latest of the members' firsts; TIME_NONE when one of them has none. */
static int64_t latest_of_members(const struct lot_life *lives, const struct lot_life *pool, enum event_type type,
                                 int depth)
{
    int64_t latest = TIME_NONE;
    for (size_t i = 0; i < pool->member_count; i++) {
        int32_t member = pool->members[i];
        int64_t first =
            first_of(lives, member, lives[member].mark_count, type, TIME_NONE, pool->begun_at, depth + 1);
        if (first == TIME_NONE)
            return TIME_NONE;
        latest = first > latest ? first : latest;
    }
    return latest;
}

static int64_t earlier_known(int64_t a, int64_t b)
{
    if (a == TIME_NONE || b == TIME_NONE)
        return a == TIME_NONE ? b : a;
    return a < b ? a : b;
}

static int64_t first_of(const struct lot_life *lives, int32_t lot, size_t mark_count, enum event_type type,
                        int64_t not_before, int64_t until, int depth)
{
    const struct lot_life *life = &lives[lot];
    int64_t first = TIME_NONE;
    for (size_t i = 0; i < mark_count && i < life->mark_count; i++) {
        const struct life_mark *mark = &life->marks[i];
        if (mark->type == type && mark->at >= not_before && mark->at <= until)
            first = earlier_known(first, mark->at);
    }
    if (depth >= DEEPEST_ANCESTRY)
        return first;
    if (life->split_from != NONE) {
        int64_t split_at = life->begun_at < until ? life->begun_at : until;
        first = earlier_known(first, first_of(lives, life->split_from, lives[life->split_from].mark_count, type,
                                              not_before, split_at, depth + 1));
    }
    if (life->member_count > 0) {
        int64_t inherited = latest_of_members(lives, life, type, depth);
        if (inherited != TIME_NONE && inherited >= not_before && inherited <= until)
            first = earlier_known(first, inherited);
    }
    return first;
}

int64_t bounds_first(const struct life_view *view, enum event_type type, int64_t not_before)
{
    return first_of(view->lives, view->lot, view->mark_count, type, not_before, TIME_OPEN, 0);
}

struct interval bounds_of_rule(const struct life_view *view, const struct policy_rule *rule)
{
    struct interval bounds = {TIME_NONE, TIME_OPEN};
    if (rule->from != EVENT_NONE) {
        bounds.from = bounds_first(view, rule->from, TIME_NONE);
        if (bounds.from == TIME_NONE)
            return (struct interval){0, 0};
    }
    if (rule->to != EVENT_NONE) {
        int64_t to = bounds_first(view, rule->to, TIME_NONE);
        bounds.to = to == TIME_NONE ? TIME_OPEN : to;
    }
    return bounds;
}
