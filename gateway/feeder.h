/* Feeder: tells recorded temperatures at the pace that was asked for, with the times they were recorded at.
 *
 * One feeder for all probes whose driver tells. Speed 1 is as recorded, N is N times as fast, 0 does not wait, except for
 * the way ahead: with many envelopes unreceipted it pauses, so that a year of recordings does not fill the outbox. How far a
 * file was told is kept in the outbox (value "replay/PROBE": line and file name) after the readings and before they are sealed,
 * so that a restart goes on from there and what a crash left between the two is recognised in the journal.
 */
#ifndef GATEWAY_FEEDER_H
#define GATEWAY_FEEDER_H

#include "common/loop.h"
#include "common/outbox.h"
#include "gateway/probes.h"

struct feeder; /* opaque */

struct feeder_callbacks {
    void *context;
    /* A recorded reading that is due. */
    void (*on_recorded)(void *context, struct probe *probe, int64_t at_ms, int32_t value_mc);
    /* The end of a batch: make it durable, but seal nothing yet. False: refused for now, and the feeder waits. */
    bool (*on_batch)(void *context);
    /* The feeder has noted how far it is: what is due may be sealed. */
    void (*on_noted)(void *context);
};

MUST_CHECK enum outcome feeder_open(struct feeder **made, struct loop *loop, struct outbox *outbox,
                                    const struct feeder_callbacks *callbacks, struct why *why);
void feeder_close(struct feeder **feeder);

/* Begins telling. `setting` is the probe's own. */
MUST_CHECK enum outcome feeder_add(struct feeder *feeder, struct probe *probe, const struct probe_setting *setting,
                                   struct why *why);
/* Before the probe is freed. */
void feeder_remove(struct feeder *feeder, const struct probe *probe);

#endif
