/* Excursion: one rule of one equipment, walked in time (5-domain section 3, fine print 4, 15, 16).
 *
 *     Normal ──first instant beyond: s──▶ Open ──known and inside by H, no warm probe silent: e──▶ Normal
 *
 * The candidate [s, e) is a deviation when e < s + D; an excursion when it was not closed before s + D and the gateways
 * of all probes that were beyond within [s, s + D] have been heard to s + D; until then it stays open. Unknown time and
 * time without a placement close nothing and are counted inside. A probe that was beyond when its carry ended keeps the
 * candidate open until it is good again or its placement ends.
 */
#ifndef COLDCHAIN_EXCURSION_H
#define COLDCHAIN_EXCURSION_H

#include "coldchain/arena.h"
#include "coldchain/results.h"
#include "coldchain/walk.h"

/* The fold of one rule over one stretch in which it is in force without a break; a plain value, its own snapshot. */
struct excursion_fold {
    const struct equipment_rule *rule;
    size_t rule_index;
    struct threshold inward;
    bool open;
    struct excursion candidate;
    int64_t heard; /* the earliest watermark of the gateways of probes beyond within [s, s + D] */
    bool unheard;  /* the last span was pending and not beyond: whether it closed there is not known yet */
};

void excursion_fold_begin(struct excursion_fold *fold, const struct equipment_rule *rule, size_t rule_index);

/* Adds the next span, already cut to [from, to) of the stretch. When it closes a candidate, that is written to `closed`
 * and true returned. */
bool excursion_fold_add(struct excursion_fold *fold, const struct span *span, int64_t from, int64_t to,
                        struct excursion *closed);

/* Ends the stretch at `at` (TIME_OPEN: it goes on). Writes what is open and returns true, or returns false. What is open
 * ends there only if that has been heard: else its end stays open, for it may have closed before. */
bool excursion_fold_end(struct excursion_fold *fold, int64_t at, enum excursion_end end, struct excursion *last);

/* Where a candidate belongs, from its own fields. */
enum excursion_class { CLASS_DEVIATION, CLASS_EXCURSION, CLASS_OPEN };
enum excursion_class excursion_class_of(const struct excursion *excursion, const struct equipment_rule *rule);

/* All rules of an equipment over all its time: fills excursions, deviations and open of `result`. False when memory is
 * out. `readings` as for walk_begin(). */
MUST_CHECK bool excursions_make(const struct equipment *equipment, struct placed_list list,
                                const struct carried_list *readings, struct arena *arena,
                                struct equipment_result *result);

#endif
