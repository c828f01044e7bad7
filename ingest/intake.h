/* Intake: from the broker's socket into memory, and nothing else: one copy, then the next stage has it.
 *
 * Back-pressure is by not reading: when too much is in the house the socket is left alone until half of it has gone. The
 * broker then queues and at last drops, which costs nothing: whoever has no receipt sends again.
 */
#ifndef INGEST_INTAKE_H
#define INGEST_INTAKE_H

#include "common/mqtt.h"
#include "ingest/arrival.h"
#include "ingest/settings.h"

struct intake; /* opaque */

struct intake_callbacks {
    void *context;
    /* Takes the arrival over. `topic` lives until the call returns. authenticity is BAD_TOPIC when the topic is none of
     * the contract's, else AUTHENTIC still has to be shown. */
    void (*on_arrival)(void *context, struct arrival *arrival, const char *topic);
    void (*on_broker)(void *context, bool up, const char *why);
};

MUST_CHECK enum outcome intake_open(struct intake **made, struct loop *loop, const struct ingest_settings *settings,
                                    const struct intake_callbacks *callbacks, struct why *why);
void intake_close(struct intake **intake);

/* Connects and subscribes (again: nothing). A standby does not. */
void intake_start(struct intake *intake);
/* Leaves the broker, soon: not from within one of its callbacks. */
void intake_stop(struct intake *intake);

/* What is in the house; to be looked at after arrivals went: reading goes on if there is room again. */
const struct arrival_house *intake_house(const struct intake *intake);
void intake_look(struct intake *intake);
void intake_set(struct intake *intake, size_t queue_most, size_t queue_bytes_most);
bool intake_is_paused(const struct intake *intake);
bool intake_is_up(const struct intake *intake);
/* 0: empty, 1: paused for want of room. */
double intake_fill(const struct intake *intake);

/* Publishes with QoS 1. RETRY: not now. */
MUST_CHECK enum outcome intake_publish(struct intake *intake, const char *topic, struct bytes payload, bool retain,
                                       struct why *why);

#endif
