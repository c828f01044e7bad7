/* Keeper: brings what was taken into the outbox, each reading as it is taken, and has it sealed when due.
 *
 *   keeper_reading, keeper_event ──▶ ring (memory) ──▶ outbox_offer (durable) ──▶ sealer
 *
 * The ring is only a passage while the outbox works; while it refuses (disk full, read-only, I/O error) it is where samples
 * wait. What the ring cannot hold is counted and told as SAMPLES_LOST when the outbox takes again. A refusal is told in the
 * log and, at the end, as an OUTBOX_TROUBLE event.
 */
#ifndef GATEWAY_KEEPER_H
#define GATEWAY_KEEPER_H

#include "gateway/clock_state.h"
#include "gateway/device_event.h"
#include "gateway/quality.h"
#include "gateway/sealer.h"

struct keeper; /* opaque */

struct keeper_settings {
    struct outbox *outbox;
    struct sealer *sealer;
    size_t ring_room;
};

/* Encodes SAMPLES_LOST; given to the outbox as its make_lost_item (context: unused). */
void keeper_lost_item(void *context, uint64_t count, int64_t from_ms, int64_t until_ms, struct buffer *item);

MUST_CHECK enum outcome keeper_open(struct keeper **made, const struct keeper_settings *settings, struct why *why);
void keeper_close(struct keeper **keeper);

/* Queue; nothing is durable before keeper_flush. */
void keeper_reading(struct keeper *keeper, const char *probe, int64_t scheduled_ms, const struct clock_claim *clock,
                    const struct judged *judged);
/* `at_ms` 0: now. The clock's state is filled in. */
void keeper_event(struct keeper *keeper, const struct device_event *event, const struct clock_claim *clock);

/* Writes all that is queued in one commit, and seals nothing. */
MUST_CHECK enum outcome keeper_store(struct keeper *keeper, const struct clock_claim *clock, struct why *why);

/* Writes all that is queued in one commit and seals what is due. DONE: everything is durable. RETRY: it waits in memory. */
MUST_CHECK enum outcome keeper_flush(struct keeper *keeper, const struct clock_claim *clock, bool receipts_overdue,
                                     struct why *why);

/* Boot time since when the outbox refuses; 0: it does not. */
int64_t keeper_refused_since_ms(const struct keeper *keeper);
size_t keeper_waiting(const struct keeper *keeper);

#endif
