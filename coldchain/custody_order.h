/* The order of custody events: clocks repaired, duplicates set aside, corrections applied.
 *
 *     events as they came ─▶ time ─▶ order ─▶ one per id ─▶ corrections, latest first ─▶ events that count, in order
 *
 * The order is (event time, gateway, epoch, seq, position); events that tie in all of these, which a real gateway
 * cannot make, stand by id. What does not count leaves a conflict: `time_unknown`, `duplicate_id`, `unknown_event`,
 * `already_voided`; a voided event leaves nothing but its correction's name. Such a conflict is about the event as
 * a whole: it stands once, on no lot.
 *
 * A function of the set of events: their order in the facts says nothing.
 */
#ifndef COLDCHAIN_CUSTODY_ORDER_H
#define COLDCHAIN_CUSTODY_ORDER_H

#include "coldchain/arena.h"
#include "coldchain/facts.h"
#include "coldchain/results.h"

/* An event in its place. A replacement stands under the index (and so the id) of the event it replaces, at its own
 * time, with its correction's gateway and place in the chain. */
struct ordered_event {
    const struct event *event;
    int32_t index; /* into facts.events: what conflicts and marks name */
    int32_t gateway;
    int64_t at;
    int64_t epoch;
    int64_t seq;
    int64_t position;
};

typedef VEC(struct conflict) conflict_list;

/* Before, the same, or after in the order: negative, 0 only for the same event, positive. */
int ordered_compare(const struct ordered_event *a, const struct ordered_event *b);

/* The events that count, sorted; `count` of them. Fills voided_by and the corrections' effect in `results` (one per
 * event of the facts, zeroed by the caller but for voided_by = NONE) and appends conflicts. `syncs` is from
 * clock_sort(). NULL when memory is out. */
const struct ordered_event *custody_order(const struct facts *facts, const struct sync *syncs, struct arena *arena,
                                          struct event_result *results, conflict_list *conflicts, size_t *count);

#endif
