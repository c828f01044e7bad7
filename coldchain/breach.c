#include "coldchain/breach.h"

/* The level at an instant; unknown where the timeline says nothing. */
static enum level level_at(const struct timeline *timeline, int64_t at)
{
    size_t i = timeline_find(timeline, at);
    return i < timeline->count ? timeline->items[i].level : LEVEL_UNKNOWN;
}

/* Do the lot's counted run and the store's agree from `at` on? Both are open after a beyond instant, closed after an
 * inside or unknown one; only near the limit does it matter what was before. */
static bool runs_in_step(const struct rule_fold *fold, struct sums sums, enum level level)
{
    return level != LEVEL_NEAR || fold->counted_run_open == sums.counted_run_open;
}

/* The same for the run that unknown time joins: it is in doubt near the limit and in unknown time. */
static bool lengths_in_step(const struct rule_fold *fold, struct sums sums, enum level level)
{
    return level == LEVEL_BEYOND || level == LEVEL_INSIDE || (!fold->run.open && sums.run_from == TIME_NONE);
}

static struct breach_key runs_key(const struct rule_fold *fold, struct sums sums, enum level level)
{
    int64_t left = fold->rule->allowed - fold->runs;
    bool lot_counts = level == LEVEL_BEYOND && !fold->counted_run_open;
    bool store_counts = level == LEVEL_BEYOND && !sums.counted_run_open;
    return (struct breach_key){BREACH_RUNS, sums.runs + left + (int)store_counts - (int)lot_counts, TIME_NONE};
}

static struct breach_key run_key(const struct rule_fold *fold, struct sums sums, enum level level, int64_t at)
{
    if (level != LEVEL_BEYOND)
        return (struct breach_key){BREACH_RUN, fold->rule->allowed, TIME_NONE};
    int64_t lasted = fold->run.ms + fold->run.between; /* zero when none is open */
    return (struct breach_key){BREACH_RUN, at + fold->rule->allowed - lasted,
                               sums.run_from == TIME_NONE ? at : sums.run_from};
}

struct breach_key breach_key_of(const struct rule_fold *fold, const struct timeline *timeline, int64_t at)
{
    struct sums sums = timeline_sums(timeline, at);
    enum level level = level_at(timeline, at);
    const struct breach_key look = {BREACH_LOOK, sums.beyond_ms, TIME_NONE};
    if (fold->breached_at != TIME_NONE)
        return (struct breach_key){BREACH_NONE, 0, TIME_NONE};
    switch (fold->rule->kind) {
    case RULE_NEVER:
        return (struct breach_key){BREACH_BEYOND, sums.beyond_ms, TIME_NONE};
    case RULE_TOTAL:
        return (struct breach_key){BREACH_BEYOND, sums.beyond_ms + fold->rule->allowed - fold->beyond_ms, TIME_NONE};
    case RULE_OCCASIONS:
        return runs_in_step(fold, sums, level) ? runs_key(fold, sums, level) : look;
    case RULE_SINGLE:
        return lengths_in_step(fold, sums, level) ? run_key(fold, sums, level, at) : look;
    case RULE_DEADLINE:
        break;
    }
    return (struct breach_key){BREACH_NONE, 0, TIME_NONE};
}

/* ---- firing ---- */

/* The first item whose end has a measure above `value`; measures never fall along a timeline. */
static size_t first_past(const struct timeline *timeline, int64_t value, bool runs)
{
    size_t low = 0;
    size_t high = timeline->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct timeline_item *item = &timeline->items[middle];
        int64_t to = item->to == TIME_OPEN ? item->from + 1 : item->to; /* an open end is pending: it adds nothing */
        struct sums after = sums_after(item->before, item->level, item->from, to);
        if ((runs ? after.runs : after.beyond_ms) <= value)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* When a run passes its length: follows the store's runs from `from`, the first with its own end instant. */
static int64_t run_fires(const struct breach_key *key, int64_t allowed, const struct timeline *timeline, int64_t from,
                         int64_t until)
{
    int64_t passes_at = key->run_from == TIME_NONE ? TIME_NONE : key->value;
    for (size_t i = timeline_find(timeline, from); i < timeline->count && timeline->items[i].from < until; i++) {
        const struct timeline_item *item = &timeline->items[i];
        if (item->level == LEVEL_INSIDE) {
            passes_at = TIME_NONE;
            continue;
        }
        if (item->level != LEVEL_BEYOND)
            continue;
        int64_t begin = item->from > from ? item->from : from;
        if (passes_at == TIME_NONE)
            passes_at = begin + allowed;
        if ((item->to < until ? item->to : until) > passes_at)
            return passes_at > begin ? passes_at : begin;
    }
    return TIME_NONE;
}

int64_t breach_key_fires(const struct breach_key *key, int64_t allowed, const struct timeline *timeline, int64_t from,
                         int64_t until)
{
    int64_t at = TIME_NONE;
    size_t i;
    switch (key->measure) {
    case BREACH_NONE:
        break;
    case BREACH_BEYOND:
    case BREACH_LOOK:
        i = first_past(timeline, key->value, false);
        if (i < timeline->count)
            at = timeline->items[i].from + (key->value - timeline->items[i].before.beyond_ms);
        break;
    case BREACH_RUNS:
        i = first_past(timeline, key->value, true);
        if (i < timeline->count)
            at = timeline->items[i].from > from ? timeline->items[i].from : from;
        break;
    case BREACH_RUN:
        at = run_fires(key, allowed, timeline, from, until);
        break;
    }
    return at != TIME_NONE && at < until ? at : TIME_NONE;
}

void breach_fold_stay(struct rule_fold *fold, const struct timeline *timeline, int64_t from, int64_t to)
{
    for (size_t i = timeline_find(timeline, from); i < timeline->count && timeline->items[i].from < to; i++) {
        const struct timeline_item *item = &timeline->items[i];
        rule_fold_add(fold, item->level, item->from > from ? item->from : from, item->to < to ? item->to : to);
    }
}

int64_t breach_next(const struct rule_fold *fold, const struct timeline *timeline, int64_t at, int64_t until)
{
    struct rule_fold moved = *fold;
    for (;;) {
        struct breach_key key = breach_key_of(&moved, timeline, at);
        int64_t fires = breach_key_fires(&key, moved.rule->allowed, timeline, at, until);
        if (fires == TIME_NONE || key.measure != BREACH_LOOK)
            return fires;
        /* One millisecond into the beyond time: the lot's runs and the store's are both open there. */
        breach_fold_stay(&moved, timeline, at, fires + 1);
        if (moved.breached_at != TIME_NONE)
            return moved.breached_at;
        at = fires + 1;
    }
}
