#include <stdlib.h>
#include <string.h>

#include "coldchain/bounds.h"
#include "coldchain/exposure.h"
#include "coldchain/judge.h"
#include "coldchain/judge_private.h"
#include "coldchain/policy.h"
#include "coldchain/threshold.h"
#include "coldchain/verdict.h"
#include "common/cleanup.h"

enum { DEEPEST_ANCESTRY = 64 };

struct lot_pieces {
    VEC(struct lot_piece) vec;
};

struct intervals {
    VEC(struct interval) vec;
};

/* One lot, or one lot cut, on its way to a verdict. */
struct lot_case {
    struct judge *judge;
    struct arena *scratch;
    int32_t lot;
    int64_t until; /* the cut, or TIME_OPEN */
    struct life_view view;
    const struct policy *policy; /* NULL: none */
    struct whereabouts_list where; /* with what is inherited */
    struct interval *bounds;       /* one per rule of the policy; a deadline's is empty */
    struct lot_spans spans;
    int64_t horizon; /* figures count to here */
    struct exposure *exposures;
    bool *unknown_would_breach;
    struct intervals unknown; /* inside the bounds of a temperature rule */
    struct intervals pending;
};

/* ---- who it is ---- */

static int64_t alive_from(const struct lot_life *lives, int32_t lot)
{
    for (int depth = 0; depth < DEEPEST_ANCESTRY && lives[lot].split_from != NONE; depth++)
        lot = lives[lot].split_from;
    return lives[lot].begun_at;
}

/* The instant up to which the lot's life, or an ancestor's, is attested; TIME_NONE when none is. */
static int64_t attested_until(const struct lot_life *lives, int32_t lot, bool *attested)
{
    for (int depth = 0; depth < DEEPEST_ANCESTRY; depth++) {
        if (lives[lot].attested) {
            *attested = true;
            return lives[lot].attested_until;
        }
        if (lives[lot].split_from == NONE)
            break;
        lot = lives[lot].split_from;
    }
    *attested = false;
    return TIME_NONE;
}

/* The product at the cut: relabelled by the marks that count. */
static int32_t product_of(const struct lot_case *c)
{
    const struct lot_life *life = &c->judge->lives[c->lot];
    if (c->until == TIME_OPEN)
        return life->product;
    int32_t product = c->judge->facts->lots[c->lot].product;
    for (size_t i = 0; i < c->view.mark_count && i < life->mark_count; i++) {
        if (life->marks[i].type == EVENT_RELABEL)
            product = life->marks[i].product;
    }
    return product;
}

static const struct policy *policy_of(const struct lot_case *c)
{
    const struct facts *facts = c->judge->facts;
    const struct lot_life *life = &c->judge->lives[c->lot];
    int32_t product = product_of(c);
    if (product == NONE || !facts->products[product].policy)
        return NULL;
    int64_t end = life->ended_at < c->until ? life->ended_at : c->until;
    return policy_for_life(facts->policies, facts->policy_count, facts->products[product].policy,
                           alive_from(c->judge->lives, c->lot), end);
}

/* ---- its time ---- */

/* The equipment the lot is in at the last instant of what is looked at, and that instant; NONE when unmonitored. */
static int32_t last_equipment(const struct whereabouts_list *where, int64_t *at)
{
    if (where->vec.count == 0)
        return NONE;
    const struct whereabouts *last = &where->vec.items[where->vec.count - 1];
    *at = last->to == TIME_OPEN ? TIME_OPEN : last->to - 1;
    return last->equipment;
}

/* Figures count to the end of the life or, while it lives, to the watermark of the equipment it is in (fine print 2), in
 * hand to its last known event; what was measured before it came there counts whatever that watermark is. */
static int64_t find_horizon(const struct lot_case *c)
{
    int64_t at = 0;
    int32_t equipment = last_equipment(&c->where, &at);
    if (c->where.vec.count == 0)
        return TIME_NONE;
    const struct whereabouts *last = &c->where.vec.items[c->where.vec.count - 1];
    if (last->to != TIME_OPEN)
        return last->to;
    int64_t known = equipment == NONE ? c->judge->lives[c->lot].known_until
                                      : judge_equipment_watermark(c->judge, equipment, at);
    return known > last->from ? known : last->from;
}

static int64_t known_until(const struct lot_case *c)
{
    if (c->until != TIME_OPEN)
        return c->until;
    int64_t at = 0;
    int32_t equipment = last_equipment(&c->where, &at);
    int64_t known = c->judge->lives[c->lot].known_until;
    int64_t watermark = equipment == NONE ? TIME_NONE : judge_equipment_watermark(c->judge, equipment, at);
    return watermark > known ? watermark : known;
}

/* Copies the part of a timeline that lies in the span. */
static void copy_levels(struct lot_case *c, const struct timeline *timeline, const struct lot_span *span,
                        struct lot_pieces *out)
{
    for (size_t i = timeline_find(timeline, span->from); i < timeline->count; i++) {
        const struct timeline_item *item = &timeline->items[i];
        if (item->from >= span->to)
            break;
        vec_push(c->scratch, &out->vec,
                 (struct lot_piece){item->from > span->from ? item->from : span->from,
                                    item->to < span->to ? item->to : span->to, item->level, span->equipment});
    }
}

/* The lot's whole life at one threshold. */
static struct lot_pieces pieces_of(struct lot_case *c, struct threshold threshold, int64_t hysteresis_mc)
{
    struct lot_pieces out = {0};
    for (size_t i = 0; i < c->spans.vec.count; i++) {
        const struct lot_span *span = &c->spans.vec.items[i];
        if (span->equipment == NONE) {
            vec_push(c->scratch, &out.vec, (struct lot_piece){span->from, span->to, span->level, NONE});
            continue;
        }
        struct timeline timeline = judge_timeline(c->judge, span->equipment, c->policy->lapsed_is_unproven,
                                                  threshold, hysteresis_mc);
        copy_levels(c, &timeline, span, &out);
    }
    return out;
}

/* ---- rules ---- */

static void fold_piece(struct lot_case *c, struct rule_fold *fold, const struct lot_piece *piece, int64_t from,
                       int64_t to)
{
    if (piece->level == LEVEL_UNKNOWN)
        vec_push(c->scratch, &c->unknown.vec, (struct interval){from, to});
    if (piece->level == LEVEL_PENDING)
        vec_push(c->scratch, &c->pending.vec, (struct interval){from, to});
    bool unseen = outside_phase(fold->rule, c->judge->facts, piece->equipment);
    rule_fold_add(fold, unseen ? LEVEL_UNSEEN : piece->level, from, to);
}

static void judge_temperature_rule(struct lot_case *c, size_t index)
{
    const struct policy_rule *rule = &c->policy->rules[index];
    struct lot_pieces pieces = pieces_of(c, rule->threshold, rule->hysteresis_mc);
    struct interval bounds = c->bounds[index];
    int64_t end = bounds.to < c->horizon ? bounds.to : c->horizon;
    struct rule_fold fold;
    rule_fold_begin(&fold, rule);
    for (size_t i = 0; i < pieces.vec.count; i++) {
        const struct lot_piece *piece = &pieces.vec.items[i];
        int64_t from = piece->from > bounds.from ? piece->from : bounds.from;
        int64_t to = piece->to < end ? piece->to : end;
        if (from < to)
            fold_piece(c, &fold, piece, from, to);
    }
    c->exposures[index] = rule_fold_exposure(&fold);
    c->unknown_would_breach[index] = rule_fold_unknown_would_breach(&fold);
}

static void judge_deadline(struct lot_case *c, size_t index)
{
    const struct policy_rule *rule = &c->policy->rules[index];
    const struct lot_life *life = &c->judge->lives[c->lot];
    int64_t a = bounds_first(&c->view, rule->from, TIME_NONE);
    int64_t b = a == TIME_NONE ? TIME_NONE : bounds_first(&c->view, rule->to, a);
    int64_t end = life->ended_at < c->until ? life->ended_at : c->until;
    c->exposures[index] = deadline_exposure(rule, a, b, known_until(c), end);
}

static int by_from(const void *left, const void *right)
{
    const struct interval *a = left;
    const struct interval *b = right;
    return (a->from > b->from) - (a->from < b->from);
}

/* How long the intervals are together, what overlaps counted once. */
static int64_t measure(struct intervals *list)
{
    int64_t sum = 0;
    int64_t covered = TIME_NONE;
    if (list->vec.count > 1)
        qsort(list->vec.items, list->vec.count, sizeof *list->vec.items, by_from);
    for (size_t i = 0; i < list->vec.count; i++) {
        struct interval one = list->vec.items[i];
        int64_t from = one.from > covered ? one.from : covered;
        if (one.to > from) {
            sum += one.to - from;
            covered = one.to;
        }
    }
    return sum;
}

/* ---- the case ---- */

static void find_bounds(struct lot_case *c)
{
    size_t count = c->policy ? c->policy->rule_count : 0;
    c->bounds = arena_new(c->scratch, count, sizeof *c->bounds);
    for (size_t i = 0; i < count && c->bounds; i++)
        c->bounds[i] = policy_rule_is_temperature(&c->policy->rules[i])
                           ? bounds_of_rule(&c->view, &c->policy->rules[i])
                           : (struct interval){0, 0};
}

/* Everything before the exposures. */
static void open_case(struct lot_case *c, struct judge *judge, struct arena *scratch, int32_t lot, int64_t until,
                      size_t mark_count)
{
    *c = (struct lot_case){
        .judge = judge,
        .scratch = scratch,
        .lot = lot,
        .until = until,
        .view = {judge->lives, lot, mark_count},
    };
    struct whereabouts_map map = {judge->facts, judge->lives, judge->monitored, judge->bound};
    whereabouts_inherited(&map, lot, until, scratch, &c->where);
    c->horizon = find_horizon(c);
    c->policy = policy_of(c);
    find_bounds(c);
    lot_spans_make(c->where.vec.items, c->where.vec.count, judge->lives[lot].known_until, c->policy, c->bounds,
                   c->policy ? c->policy->rule_count : 0, scratch, &c->spans);
}

static struct verdict judge_case(struct lot_case *c)
{
    struct verdict none = {.member = NONE, .attested_until = TIME_NONE, .breached_at = TIME_NONE};
    if (!c->policy)
        return none;
    size_t count = c->policy->rule_count;
    c->exposures = arena_new(c->judge->arena, count, sizeof *c->exposures);
    c->unknown_would_breach = arena_new(c->scratch, count, sizeof *c->unknown_would_breach);
    if (!c->exposures || !c->unknown_would_breach)
        return none;
    for (size_t i = 0; i < count; i++) {
        if (policy_rule_is_temperature(&c->policy->rules[i]))
            judge_temperature_rule(c, i);
        else
            judge_deadline(c, i);
    }
    struct verdict_grounds grounds = {
        .exposures = c->exposures,
        .unknown_would_breach = c->unknown_would_breach,
        .unknown_ms = measure(&c->unknown),
        .pending_ms = measure(&c->pending),
    };
    grounds.attested_until = attested_until(c->judge->lives, c->lot, &grounds.attested);
    return verdict_decide(c->policy, &grounds);
}

static struct verdict verdict_of_whole(struct judge *judge, int32_t lot);

static void join_members(struct judge *judge, int32_t lot, struct verdict *verdict)
{
    const struct lot_life *life = &judge->lives[lot];
    for (size_t i = 0; i < life->member_count; i++) {
        struct verdict member = verdict_of_whole(judge, life->members[i]);
        verdict_join_member(verdict, &member, life->members[i]);
    }
}

/* Kept once made: a pool asks for each of its members, and each member is judged for itself too. */
static struct verdict verdict_of_whole(struct judge *judge, int32_t lot)
{
    if (!judge->verdict_made[lot] && judge->lives[lot].begun) {
        scoped_by(arena_free) struct arena scratch = {.limit = judge->arena->limit};
        struct lot_case c;
        judge->verdict_made[lot] = true; /* first: a pool within itself must end */
        open_case(&c, judge, &scratch, lot, TIME_OPEN, SIZE_MAX);
        judge->verdicts[lot] = judge_case(&c);
        join_members(judge, lot, &judge->verdicts[lot]);
        judge->arena->failed |= scratch.failed;
    }
    return judge->verdicts[lot];
}

enum outcome judge_verdict_cut(struct judge *judge, int32_t lot, int64_t cut_at, size_t mark_count,
                               struct verdict *verdict, struct why *why)
{
    scoped_by(arena_free) struct arena scratch = {.limit = judge->arena->limit};
    struct lot_case c;
    *verdict = (struct verdict){.member = NONE};
    if (!judge->lives[lot].begun)
        return DONE;
    open_case(&c, judge, &scratch, lot, cut_at, mark_count);
    *verdict = judge_case(&c);
    join_members(judge, lot, verdict);
    if (scratch.failed || judge->arena->failed)
        return fail(why, RETRY, "lot %s: out of memory", judge->facts->lots[lot].id);
    return DONE;
}

int64_t judge_known_until(struct judge *judge, int32_t lot)
{
    scoped_by(arena_free) struct arena scratch = {.limit = judge->arena->limit};
    struct lot_case c = {.judge = judge, .scratch = &scratch, .lot = lot, .until = TIME_OPEN};
    struct whereabouts_map map = {judge->facts, judge->lives, judge->monitored, judge->bound};
    whereabouts_of(&map, lot, TIME_OPEN, &scratch, &c.where);
    judge->arena->failed |= scratch.failed;
    return known_until(&c);
}

/* ---- what is written down ---- */

static struct segments segments_of(struct lot_case *c, struct threshold threshold)
{
    struct lot_pieces pieces = pieces_of(c, threshold, 0);
    VEC(struct segment) out = {0};
    for (size_t i = 0; i < pieces.vec.count; i++) {
        const struct lot_piece *piece = &pieces.vec.items[i];
        enum segment_state state = level_state(piece->level);
        if (out.count && out.items[out.count - 1].state == state)
            out.items[out.count - 1].to = piece->to;
        else
            vec_push(c->judge->arena, &out, (struct segment){piece->from, piece->to, state});
    }
    return (struct segments){threshold, ROLE_ANY, out.items, out.count};
}

static int by_key(const void *left, const void *right)
{
    char a[THRESHOLD_KEY_ROOM];
    char b[THRESHOLD_KEY_ROOM];
    threshold_key(((const struct segments *)left)->threshold, ROLE_ANY, a);
    threshold_key(((const struct segments *)right)->threshold, ROLE_ANY, b);
    return strcmp(a, b);
}

static void write_segments(struct lot_case *c, struct lot_result *result)
{
    VEC(struct segments) found = {0};
    for (size_t i = 0; c->policy && i < c->policy->rule_count; i++) {
        const struct policy_rule *rule = &c->policy->rules[i];
        size_t same = 0;
        while (same < found.count && !threshold_equal(found.items[same].threshold, rule->threshold))
            same++;
        if (policy_rule_is_temperature(rule) && same == found.count)
            vec_push(c->judge->arena, &found, segments_of(c, rule->threshold));
    }
    if (found.count > 1)
        qsort(found.items, found.count, sizeof *found.items, by_key);
    result->timelines = found.items;
    result->timeline_count = found.count;
}

static void write_handling(struct lot_case *c, struct lot_result *result)
{
    VEC(struct interval) out = {0};
    for (size_t i = 0; i < c->spans.vec.count; i++) {
        const struct lot_span *span = &c->spans.vec.items[i];
        if (span->equipment == NONE && span->level == LEVEL_HANDLING)
            vec_push(c->judge->arena, &out, (struct interval){span->from, span->to});
    }
    result->handling = out.items;
    result->handling_count = out.count;
}

static void write_mkt(struct lot_case *c, struct lot_result *result)
{
    struct mkt mean = {0};
    bool strict = c->policy && c->policy->lapsed_is_unproven;
    for (size_t i = 0; i < c->where.vec.count; i++) {
        const struct whereabouts *where = &c->where.vec.items[i];
        int64_t to = where->to < c->horizon ? where->to : c->horizon; /* it is a figure too */
        if (where->equipment != NONE && where->from < to)
            judge_add_mean(c->judge, where->equipment, strict, where->from, to, &mean);
    }
    result->has_mkt = mkt_value(&mean, &result->mkt_mc);
}

enum outcome judge_lot(struct judge *judge, int32_t lot, struct lot_result *result, struct why *why)
{
    scoped_by(arena_free) struct arena scratch = {.limit = judge->arena->limit};
    struct lot_case c;
    result->verdict = (struct verdict){.member = NONE, .attested_until = TIME_NONE, .breached_at = TIME_NONE};
    if (!judge->lives[lot].begun)
        return DONE;
    open_case(&c, judge, &scratch, lot, TIME_OPEN, SIZE_MAX);
    judge->verdicts[lot] = judge_case(&c);
    judge->verdict_made[lot] = true;
    join_members(judge, lot, &judge->verdicts[lot]);
    result->verdict = judge->verdicts[lot];
    result->exposures = c.exposures;
    result->exposure_count = c.policy ? c.policy->rule_count : 0;
    write_segments(&c, result);
    write_handling(&c, result);
    write_mkt(&c, result);
    result->where = arena_copy(judge->arena, c.where.vec.items, c.where.vec.count, sizeof *c.where.vec.items);
    result->where_count = c.where.vec.count;
    if (scratch.failed || judge->arena->failed)
        return fail(why, RETRY, "lot %s: out of memory", judge->facts->lots[lot].id);
    return DONE;
}
