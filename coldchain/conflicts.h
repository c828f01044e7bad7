/* Conflicts: what the steps of a fold left, put in the one order and shown beside the events they stand on.
 */
#ifndef COLDCHAIN_CONFLICTS_H
#define COLDCHAIN_CONFLICTS_H

#include "coldchain/custody_order.h"
#include "coldchain/results.h"

/* Sorts the conflicts by at (none first), lot, code, event, each once; sets results->conflicts and the codes of every
 * event of results->events (`event_count` of them). When memory is out the arena is marked. */
void conflicts_show(conflict_list *conflicts, size_t event_count, struct arena *arena, struct results *results);

#endif
