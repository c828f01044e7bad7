#include "coldchain/exposure.h"

/* ---- handling ---- */

/* "Touched" as with excursions: the two have an instant in common. */
static bool touches(int64_t from, int64_t to, const struct interval *bounds, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (bounds[i].from < bounds[i].to && from < bounds[i].to && bounds[i].from < to)
            return true;
    return false;
}

void lot_spans_make(const struct whereabouts *where, size_t where_count, int64_t known_until,
                    const struct policy *policy, const struct interval *bounds, size_t bounds_count,
                    struct arena *arena, struct lot_spans *out)
{
    int64_t handlings = 0;
    for (size_t i = 0; i < where_count; i++) {
        struct lot_span span = {where[i].from, where[i].to, where[i].equipment, LEVEL_UNKNOWN};
        if (span.equipment != NONE) {
            vec_push(arena, &out->vec, span);
            continue;
        }
        if (span.to == TIME_OPEN)
            span.to = known_until > span.from ? known_until : span.from;
        bool counts = touches(span.from, span.to, bounds, bounds_count);
        if (policy && span.to - span.from <= policy->handling_max_ms && (!counts || handlings < policy->handlings)) {
            span.level = LEVEL_HANDLING;
            handlings += counts;
        }
        if (span.from < span.to)
            vec_push(arena, &out->vec, span);
        if (where[i].to == TIME_OPEN)
            vec_push(arena, &out->vec, (struct lot_span){span.to, TIME_OPEN, NONE, LEVEL_PENDING});
    }
}

/* ---- one rule ---- */

void rule_fold_begin(struct rule_fold *fold, const struct policy_rule *rule)
{
    *fold = (struct rule_fold){.rule = rule, .breached_at = TIME_NONE};
}

static void run_close(struct run_length *run)
{
    *run = (struct run_length){.longest = run->longest};
}

/* Time that counts by itself: the run opens or goes on, and what lay between joins. */
static void run_extend(struct run_length *run, int64_t ms)
{
    run->ms += run->between + ms;
    run->between = 0;
    run->open = true;
    if (run->ms > run->longest)
        run->longest = run->ms;
}

static void run_wait(struct run_length *run, int64_t ms)
{
    if (run->open)
        run->between += ms;
}

static void breach(struct rule_fold *fold, int64_t at)
{
    if (fold->breached_at == TIME_NONE)
        fold->breached_at = at;
}

/* A run's length goes from its first beyond instant to its last, so time between two beyond stretches counts from the
 * moment the second begins: a run may jump over its allowance there. */
static void breach_by_length(struct rule_fold *fold, int64_t from, int64_t ms)
{
    int64_t left = fold->rule->allowed - fold->run.ms - fold->run.between;
    if (left < ms)
        breach(fold, left > 0 ? from + left : from);
}

static void add_beyond(struct rule_fold *fold, int64_t from, int64_t to)
{
    const struct policy_rule *rule = fold->rule;
    int64_t ms = to - from;
    if (!fold->counted_run_open)
        fold->runs++;
    fold->counted_run_open = true;
    if (rule->kind == RULE_NEVER)
        breach(fold, from);
    if (rule->kind == RULE_TOTAL && fold->beyond_ms + ms > rule->allowed)
        breach(fold, from + (rule->allowed - fold->beyond_ms));
    if (rule->kind == RULE_OCCASIONS && fold->runs > rule->allowed)
        breach(fold, from);
    if (rule->kind == RULE_SINGLE)
        breach_by_length(fold, from, ms);
    fold->beyond_ms += ms;
    run_extend(&fold->run, ms);
    run_extend(&fold->worst, ms);
}

void rule_fold_add(struct rule_fold *fold, enum level level, int64_t from, int64_t to)
{
    if (from >= to)
        return;
    switch (level) {
    case LEVEL_BEYOND:
        add_beyond(fold, from, to);
        break;
    case LEVEL_INSIDE:
    case LEVEL_UNSEEN:
#ifdef TEETH_INSIDE_COUNTS
        fold->runs++;
        if (fold->rule->kind == RULE_OCCASIONS && fold->runs > fold->rule->allowed)
            breach(fold, from);
#endif
        fold->counted_run_open = false;
        run_close(&fold->run);
        run_close(&fold->worst);
        break;
    case LEVEL_UNKNOWN:
#ifdef TEETH_UNKNOWN_FORGIVES
        fold->beyond_ms = 0;
        fold->breached_at = TIME_NONE;
#endif
        fold->unknown_ms += to - from;
        fold->counted_run_open = false;
        run_wait(&fold->run, to - from);
        run_extend(&fold->worst, to - from);
        break;
    case LEVEL_PENDING:
        fold->pending_ms += to - from;
        fold->counted_run_open = false;
        run_wait(&fold->run, to - from);
        run_wait(&fold->worst, to - from);
        break;
    case LEVEL_NEAR:
        run_wait(&fold->run, to - from);
        run_wait(&fold->worst, to - from);
        break;
    case LEVEL_HANDLING:
        break;
    }
}

struct exposure rule_fold_exposure(const struct rule_fold *fold)
{
    struct exposure out = {
        .rule = fold->rule,
        .allowed = fold->rule->allowed,
        .occasions = fold->runs,
        .longest_ms = fold->run.longest,
        .beyond_ms = fold->beyond_ms,
        .unknown_ms = fold->unknown_ms,
        .pending_ms = fold->pending_ms,
        .breached = fold->breached_at != TIME_NONE,
        .breached_at = fold->breached_at,
    };
    switch (fold->rule->kind) {
    case RULE_NEVER:
        out.allowed = 0;
        out.used = fold->beyond_ms;
        break;
    case RULE_TOTAL:
    case RULE_DEADLINE: /* has no temperature; deadline_exposure() is its own */
        out.used = fold->beyond_ms;
        break;
    case RULE_SINGLE:
        out.used = fold->run.longest;
        break;
    case RULE_OCCASIONS:
        out.used = fold->runs;
        break;
    }
    out.remaining = out.used < out.allowed ? out.allowed - out.used : 0;
    return out;
}

bool rule_fold_unknown_would_breach(const struct rule_fold *fold)
{
    if (fold->rule->kind == RULE_TOTAL)
        return fold->beyond_ms + fold->unknown_ms > fold->rule->allowed;
    return fold->rule->kind == RULE_SINGLE && fold->worst.longest > fold->rule->allowed;
}

struct exposure deadline_exposure(const struct policy_rule *rule, int64_t a, int64_t b, int64_t known_until,
                                  int64_t ended_at)
{
    struct exposure out = {
        .rule = rule,
        .used = -1,
        .allowed = rule->allowed,
        .remaining = -1,
        .occasions = -1,
        .longest_ms = -1,
        .beyond_ms = -1,
        .breached_at = TIME_NONE,
    };
    if (a == TIME_NONE)
        return out;
    int64_t latest = a + rule->allowed;
    if (b != TIME_NONE) {
        out.used = b - a;
        out.remaining = out.used < rule->allowed ? rule->allowed - out.used : 0;
        out.breached = b > latest;
    } else {
        out.breached = known_until > latest && ended_at >= latest;
    }
    if (out.breached)
        out.breached_at = latest;
    return out;
}
