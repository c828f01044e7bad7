/* Exposure: what one rule of a policy counts of a lot's life (5-domain section 4, fine print 20 to 29).
 *
 *     where ─▶ lot spans (handling told from unknown) ─▶ pieces of one threshold ─▶ rule fold ─▶ used, breached
 *
 * A rule fold is a plain value: its own snapshot, and what a running count is continued from.
 */
#ifndef COLDCHAIN_EXPOSURE_H
#define COLDCHAIN_EXPOSURE_H

#include "coldchain/arena.h"
#include "coldchain/results.h"
#include "coldchain/timeline.h"

/* ---- a lot's time, before any threshold ---- */

/* One interval of a lot's life in one equipment, or unmonitored: then `level` says handling, unknown or pending. */
struct lot_span {
    int64_t from;
    int64_t to;
    int32_t equipment;
    enum level level; /* where equipment is NONE */
};

struct lot_spans {
    VEC(struct lot_span) vec;
};

/* Tells handling from unknown: an unmonitored interval of at most handling_max, of those that touch the bounds of a
 * temperature rule at most `handlings`, the earliest first. An interval without an end is judged up to the lot's last
 * known event, `known_until`, and pending from there (fine print 3). `bounds` are those of the policy's temperature
 * rules. Without a policy nothing is handling. */
void lot_spans_make(const struct whereabouts *where, size_t where_count, int64_t known_until,
                    const struct policy *policy, const struct interval *bounds, size_t bounds_count,
                    struct arena *arena, struct lot_spans *out);

/* ---- one rule ---- */

/* A stretch of one level, for one threshold and hysteresis. */
struct lot_piece {
    int64_t from;
    int64_t to;
    enum level level;
    int32_t equipment; /* NONE: unmonitored, which every phase sees */
};

struct run_length {
    bool open;
    int64_t ms;      /* from its first counted instant to its last, handling left out */
    int64_t between; /* since then: counted once the run goes on */
    int64_t longest; /* over all runs */
};

struct rule_fold {
    const struct policy_rule *rule;
    int64_t beyond_ms;
    int64_t unknown_ms;
    int64_t pending_ms;
    int64_t runs;
    bool counted_run_open;
    struct run_length run;
    struct run_length worst; /* the same, were all unknown time beyond */
    int64_t breached_at;     /* TIME_NONE: not breached */
};

void rule_fold_begin(struct rule_fold *fold, const struct policy_rule *rule);

/* Adds the next stretch, which the caller has cut to the rule's bounds; LEVEL_UNSEEN for time outside its phase. Time
 * between calls that is not given is not part of the bounds. `to` is not TIME_OPEN. */
void rule_fold_add(struct rule_fold *fold, enum level level, int64_t from, int64_t to);

/* The columns of the rule. */
struct exposure rule_fold_exposure(const struct rule_fold *fold);

/* A total or single rule that would be breached were all its unknown time beyond. */
bool rule_fold_unknown_would_breach(const struct rule_fold *fold);

/* The columns of a deadline: `a` and `b` as bounds_first() found them (TIME_NONE: none), known_until and ended_at of
 * the lot (fine print 23). */
struct exposure deadline_exposure(const struct policy_rule *rule, int64_t a, int64_t b, int64_t known_until,
                                  int64_t ended_at);

/* Is time in this equipment outside the rule's phase? */
static inline bool outside_phase(const struct policy_rule *rule, const struct facts *facts, int32_t equipment)
{
    if (rule->phase == PHASE_ANY || equipment == NONE)
        return false;
    return facts->equipment[equipment].transport != (rule->phase == PHASE_TRANSPORT);
}

#endif
