/* Clock repair: times for what a gateway recorded while its clock was not synchronised (5-domain section 1).
 *
 * A synchronised body says: at boot time up_ms of boot B of gateway G the wall clock said t. Anything else of the same
 * gateway and boot gets its time from the one nearest in boot time, before or after; of two equally near the one with
 * the smaller boot time, then the smaller wall time (fine print 10).
 */
#ifndef COLDCHAIN_CLOCK_H
#define COLDCHAIN_CLOCK_H

#include "coldchain/arena.h"
#include "coldchain/facts.h"

/* The syncs in the order clock_repair() needs: gateway, boot, boot time, wall time. NULL when memory is out. */
struct sync *clock_sort(const struct sync *syncs, size_t count, struct arena *arena);

/* The wall time of boot time `up_ms`, or TIME_NONE while no sync of that gateway and boot is known. `sorted` is from
 * clock_sort(). */
int64_t clock_repair(const struct sync *sorted, size_t count, int32_t gateway, int32_t boot, int64_t up_ms);

/* The time of an event: its own, or the repaired one when it has a boot. TIME_NONE: unknown. */
int64_t clock_of_event(const struct sync *sorted, size_t count, const struct event *event);

#endif
