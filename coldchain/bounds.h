/* Bounds: the events of a lot and its ancestors that begin and end a rule (5-domain section 4, fine print 17).
 *
 * A part inherits its parent's events up to the split; a pool inherits an event when every member has it, at the
 * latest of the members' firsts.
 */
#ifndef COLDCHAIN_BOUNDS_H
#define COLDCHAIN_BOUNDS_H

#include "coldchain/facts.h"
#include "coldchain/life.h"

/* A life as far as it is looked at: all of it, or up to a cut (for the verdict at a release). */
struct life_view {
    const struct lot_life *lives; /* by lot */
    int32_t lot;
    size_t mark_count; /* of the lot's own marks, the first so many count */
};

/* The first event of that type at or after `not_before`, of the lot or any ancestor; TIME_NONE when there is none. */
int64_t bounds_first(const struct life_view *view, enum event_type type, int64_t not_before);

/* What the bounds of a rule leave: [from, to), empty when it has not started. Without bounds all time. */
struct interval bounds_of_rule(const struct life_view *view, const struct policy_rule *rule);

#endif
