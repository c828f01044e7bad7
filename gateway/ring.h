/* Ring: samples in memory on their way into the outbox, and where they wait while the outbox refuses (7-faults, row 6).
 *
 * First in, first out, of a fixed length; what does not fit pushes the oldest reading out, and the ring counts it. Items
 * (device events) are pushed out last. Owns copies of what it holds. Not thread-safe.
 */
#ifndef GATEWAY_RING_H
#define GATEWAY_RING_H

#include "common/outbox.h"

struct ring; /* opaque */

/* What was pushed out since the last ring_lost_take(). */
struct ring_lost {
    uint64_t count;
    int64_t from_ms, until_ms;
};

MUST_CHECK enum outcome ring_open(struct ring **made, size_t room, struct why *why);
void ring_close(struct ring **ring);

/* Takes a copy; without memory for it the sample counts as lost. */
void ring_push(struct ring *ring, const struct outbox_sample *sample);

size_t ring_count(const struct ring *ring);

/* Views of up to `most` of the oldest, good until the ring changes; returns how many. */
size_t ring_peek(const struct ring *ring, struct outbox_sample *out, size_t most);

/* Forgets the `count` oldest: they are durable elsewhere. */
void ring_drop(struct ring *ring, size_t count);

/* What was lost since the last call; count 0: nothing. */
struct ring_lost ring_lost_take(struct ring *ring);

#endif
