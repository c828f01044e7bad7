#include "coldchain/excursion.h"

#include <stdlib.h>
#include <string.h>

#include "coldchain/threshold.h"

/* ---- one rule ---- */

void excursion_fold_begin(struct excursion_fold *fold, const struct equipment_rule *rule, size_t rule_index)
{
    *fold = (struct excursion_fold){
        .rule = rule,
        .rule_index = rule_index,
        .inward = threshold_inward(rule->threshold, rule->hysteresis_mc),
    };
}

/* A probe in use that was beyond when its carry ended, whenever that was, and is silent since. It must be in use: an air
 * probe that a product probe has replaced would not hold the candidate open by speaking, so it does not by silence. */
static bool warm_and_silent(const struct excursion_fold *fold, const struct span *span)
{
    for (size_t i = 0; i < span->slot_count; i++) {
        const struct slot *slot = span->slots[i];
        if (slot->in_use && slot->fell_silent &&
            threshold_beyond(fold->rule->threshold, slot->silent_mc, slot->silent_mc))
            return true;
    }
    return false;
}

/* Which gateways must have been heard for the candidate to be confirmed. */
static void note_who_is_beyond(struct excursion_fold *fold, const struct span *span)
{
    for (size_t i = 0; i < span->slot_count; i++) {
        const struct slot *slot = span->slots[i];
        if (slot->in_use && slot->good && threshold_beyond(fold->rule->threshold, slot->mc, slot->mc) &&
            slot->placed->watermark < fold->heard)
            fold->heard = slot->placed->watermark;
    }
}

static void open_candidate(struct excursion_fold *fold, int64_t at, int64_t value)
{
    fold->open = true;
    fold->heard = TIME_OPEN;
    fold->candidate = (struct excursion){
        .rule = fold->rule->id,
        .rule_index = fold->rule_index,
        .opened_at = at,
        .confirmed_at = TIME_NONE,
        .closed_at = TIME_OPEN,
        .ended = END_OPEN,
        .peak_mc = value,
        .peak_at = at,
    };
}

/* Writes the candidate as it ends at `at`, judged by 5-domain section 3. */
static void close_candidate(struct excursion_fold *fold, int64_t at, enum excursion_end end, struct excursion *closed)
{
    int64_t confirmable = fold->candidate.opened_at + fold->rule->delay_ms;
    fold->candidate.closed_at = at;
    fold->candidate.ended = end;
    if (at >= confirmable && fold->heard >= confirmable)
        fold->candidate.confirmed_at = confirmable;
    *closed = fold->candidate;
    fold->open = false;
}

bool excursion_fold_add(struct excursion_fold *fold, const struct span *span, int64_t from, int64_t to,
                        struct excursion *closed)
{
    const struct equipment_rule *rule = fold->rule;
    bool closes = fold->open && span->known && !threshold_beyond(fold->inward, span->lowest, span->highest) &&
                  !warm_and_silent(fold, span);
    if (closes)
        close_candidate(fold, from, END_RECOVERED, closed);
    bool beyond = span->known && threshold_beyond(rule->threshold, span->lowest, span->highest);
    int64_t value = span->known ? threshold_value(rule->threshold, span->lowest, span->highest) : 0;
    if (!fold->open && beyond)
        open_candidate(fold, from, value);
    fold->unheard = span->pending && !beyond;
    if (!fold->open)
        return closes;
    if (beyond && from <= fold->candidate.opened_at + rule->delay_ms)
        note_who_is_beyond(fold, span);
    if (span->known && threshold_more_extreme(rule->threshold, value, fold->candidate.peak_mc)) {
        fold->candidate.peak_mc = value;
        fold->candidate.peak_at = from;
    }
    if (!span->known && !span->pending)
        fold->candidate.unknown_ms += to - from;
    return closes;
}

bool excursion_fold_end(struct excursion_fold *fold, int64_t at, enum excursion_end end, struct excursion *last)
{
    if (!fold->open)
        return false;
    if (fold->unheard)
        at = TIME_OPEN;
    close_candidate(fold, at, at == TIME_OPEN ? END_OPEN : end, last);
    return true;
}

enum excursion_class excursion_class_of(const struct excursion *excursion, const struct equipment_rule *rule)
{
    if (excursion->confirmed_at != TIME_NONE)
        return CLASS_EXCURSION;
    return excursion->closed_at < excursion->opened_at + rule->delay_ms ? CLASS_DEVIATION : CLASS_OPEN;
}

/* ---- all rules of an equipment ---- */

/* One stretch in which a version of a rule is in force. */
struct stretch {
    int64_t from;
    int64_t to;
    enum excursion_end end; /* why it ends */
};

struct stretches {
    VEC(struct stretch) vec;
};

/* A version ends when it says so or when the next version of the same rule begins. */
static int64_t version_end(const struct equipment *equipment, const struct equipment_rule *rule)
{
    int64_t end = rule->valid_to;
    for (size_t i = 0; i < equipment->rule_count; i++) {
        const struct equipment_rule *other = &equipment->rules[i];
        if (strcmp(other->id, rule->id) == 0 && other->valid_from > rule->valid_from && other->valid_from < end)
            end = other->valid_from;
    }
    return end;
}

/* The next time out of service that ends after `at`: the earliest by its beginning, NULL when none is left. */
static const struct interval *next_break(const struct equipment *equipment, int64_t at)
{
    const struct interval *next = NULL;
    for (size_t i = 0; i < equipment->out_of_service_count; i++) {
        const struct interval *candidate = &equipment->out_of_service[i];
        if (candidate->to > at && candidate->to > candidate->from && (!next || candidate->from < next->from))
            next = candidate;
    }
    return next;
}

/* The validity of a rule without the times out of service. */
static struct stretches stretches_of(const struct equipment *equipment, const struct equipment_rule *rule,
                                     struct arena *arena)
{
    struct stretches out = {0};
    int64_t end = version_end(equipment, rule);
    int64_t at = rule->valid_from;
    while (at < end) {
        const struct interval *out_of_service = next_break(equipment, at);
        if (!out_of_service || out_of_service->from >= end) {
            vec_push(arena, &out.vec, (struct stretch){at, end, END_RULE});
            break;
        }
        if (out_of_service->from > at)
            vec_push(arena, &out.vec, (struct stretch){at, out_of_service->from, END_OUT_OF_SERVICE});
        at = out_of_service->to;
    }
    return out;
}

struct found {
    VEC(struct excursion) vec;
};

static void walk_stretch(struct walk *walk, struct span *span, bool *more, struct stretch stretch,
                         struct excursion_fold *fold, struct arena *arena, struct found *found)
{
    struct excursion closed;
    for (; *more && span->from < stretch.to; *more = walk_next(walk, span)) {
        int64_t from = span->from > stretch.from ? span->from : stretch.from;
        int64_t to = span->to < stretch.to ? span->to : stretch.to;
        if (from < to && excursion_fold_add(fold, span, from, to, &closed))
            vec_push(arena, &found->vec, closed);
        if (span->to > stretch.to)
            break; /* the rest of this span is the next stretch's */
    }
    if (excursion_fold_end(fold, stretch.to, stretch.end, &closed))
        vec_push(arena, &found->vec, closed);
}

static bool walk_rule(const struct equipment *equipment, size_t rule_index, struct placed_list list,
                      const struct carried_list *readings, struct arena *arena, struct found *found)
{
    const struct equipment_rule *rule = &equipment->rules[rule_index];
    struct stretches stretches = stretches_of(equipment, rule, arena);
    struct walk walk;
    struct span span;
    if (stretches.vec.count == 0)
        return !arena->failed;
    if (!walk_begin(&walk, list, readings, equipment->max_gap_ms, rule->role, false, stretches.vec.items[0].from,
                    arena))
        return false;
    bool more = walk_next(&walk, &span);
    for (size_t i = 0; i < stretches.vec.count; i++) {
        struct excursion_fold fold;
        excursion_fold_begin(&fold, rule, rule_index);
        walk_stretch(&walk, &span, &more, stretches.vec.items[i], &fold, arena, found);
    }
    return !arena->failed;
}

static int by_opened_then_rule(const void *left, const void *right)
{
    const struct excursion *a = left;
    const struct excursion *b = right;
    if (a->opened_at != b->opened_at)
        return a->opened_at < b->opened_at ? -1 : 1;
    int ids = strcmp(a->rule, b->rule);
    return ids ? ids : (a->rule_index > b->rule_index) - (a->rule_index < b->rule_index);
}

bool excursions_make(const struct equipment *equipment, struct placed_list list, const struct carried_list *readings,
                     struct arena *arena, struct equipment_result *result)
{
    struct found found = {0};
    struct found sorted[3] = {0};
    for (size_t i = 0; i < equipment->rule_count; i++)
        if (!walk_rule(equipment, i, list, readings, arena, &found))
            return false;
    if (found.vec.count > 1)
        qsort(found.vec.items, found.vec.count, sizeof *found.vec.items, by_opened_then_rule);
    for (size_t i = 0; i < found.vec.count; i++) {
        const struct excursion *one = &found.vec.items[i];
        enum excursion_class class = excursion_class_of(one, &equipment->rules[one->rule_index]);
        vec_push(arena, &sorted[class].vec, *one);
    }
    result->deviations = (struct excursions){sorted[CLASS_DEVIATION].vec.items, sorted[CLASS_DEVIATION].vec.count};
    result->excursions = (struct excursions){sorted[CLASS_EXCURSION].vec.items, sorted[CLASS_EXCURSION].vec.count};
    result->open = (struct excursions){sorted[CLASS_OPEN].vec.items, sorted[CLASS_OPEN].vec.count};
    return !arena->failed;
}
