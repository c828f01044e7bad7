#include "gateway/keeper.h"

#include <stdlib.h>

#include "common/cleanup.h"
#include "common/log.h"
#include "gateway/ring.h"

enum { A_COMMIT = 512 };

struct keeper {
    struct keeper_settings settings;
    struct ring *ring;
    struct log_rate refusals;
    int64_t refused_since_ms;
    struct why refused_why;
};

void keeper_lost_item(void *context, uint64_t count, int64_t from_ms, int64_t until_ms, struct buffer *item)
{
    (void)context;
    struct device_event lost = {.type = SILSILA__V1__DEVICE_EVENT_TYPE__SAMPLES_LOST,
                                .at_ms = from_ms,
                                .until_ms = until_ms,
                                .value = (int64_t)count};
    device_event_encode(&lost, item);
}

enum outcome keeper_open(struct keeper **made, const struct keeper_settings *settings, struct why *why)
{
    struct keeper *keeper = calloc(1, sizeof *keeper);
    if (!keeper)
        return fail(why, RETRY, "out of memory");
    keeper->settings = *settings;
    enum outcome outcome = ring_open(&keeper->ring, settings->ring_room, why);
    if (outcome != DONE) {
        free(keeper);
        return outcome;
    }
    *made = keeper;
    return DONE;
}

void keeper_close(struct keeper **keeper)
{
    if (!*keeper)
        return;
    ring_close(&(*keeper)->ring);
    free(*keeper);
    *keeper = NULL;
}

void keeper_reading(struct keeper *keeper, const char *probe, int64_t scheduled_ms, const struct clock_claim *clock,
                    const struct judged *judged)
{
    struct outbox_sample sample = {.source = probe,
                                   .scheduled_ms = scheduled_ms,
                                   .value_mc = judged->value_mc,
                                   .has_value = judged->has_value,
                                   .quality = (uint32_t)judged->quality,
                                   .has_up_ms = !clock->synchronised};
    if (sample.has_up_ms)
        sample.up_ms = scheduled_ms - clock->wall_ms + clock->boot_ms;
    ring_push(keeper->ring, &sample);
}

void keeper_event(struct keeper *keeper, const struct device_event *event, const struct clock_claim *clock)
{
    scoped_by(buffer_free) struct buffer item = {0};
    struct device_event stamped = *event;
    if (stamped.at_ms == 0)
        stamped.at_ms = clock->wall_ms;
    stamped.has_up_ms = !clock->synchronised;
    stamped.up_ms = stamped.has_up_ms ? stamped.at_ms - clock->wall_ms + clock->boot_ms : 0;
    device_event_encode(&stamped, &item);
    if (item.failed || item.len == 0)
        return; /* no memory for a few bytes: the next event will say more than this one */
    ring_push(keeper->ring, &(struct outbox_sample){
                                .source = "", .scheduled_ms = stamped.at_ms, .item = buffer_view(&item)});
}

/* One commit's worth from the front of the ring. */
static enum outcome offer_some(struct keeper *keeper, int64_t now_ms, struct why *why)
{
    struct outbox_sample some[A_COMMIT];
    size_t count = ring_peek(keeper->ring, some, A_COMMIT);
    enum outcome outcome = outbox_offer(keeper->settings.outbox, some, count, now_ms, why);
    if (outcome != DONE)
        return outcome;
    for (size_t i = 0; i < count; i++)
        sealer_kept(keeper->settings.sealer, &some[i]);
    ring_drop(keeper->ring, count);
    return DONE;
}

static void note_refusal(struct keeper *keeper, const struct clock_claim *clock, const struct why *why)
{
    struct log_quoted quoted;
    if (keeper->refused_since_ms == 0) {
        keeper->refused_since_ms = clock->boot_ms > 0 ? clock->boot_ms : 1;
        keeper->refused_why = *why;
    }
    log_often(&keeper->refusals, LOG_LEVEL_ERROR, "outbox_refuses", "waiting=%zu why=%s", ring_count(keeper->ring),
              log_text(&quoted, why->text));
}

/* The outbox takes again: say how it was. */
static void note_recovery(struct keeper *keeper, const struct clock_claim *clock)
{
    int64_t refused_ms = clock->boot_ms - keeper->refused_since_ms;
    struct device_event event = {.type = SILSILA__V1__DEVICE_EVENT_TYPE__OUTBOX_TROUBLE,
                                 .value = refused_ms,
                                 .text = keeper->refused_why.text};
    log_line(LOG_LEVEL_NOTICE, "outbox_takes_again", "after_ms=%lld", (long long)refused_ms);
    keeper->refused_since_ms = 0;
    keeper_event(keeper, &event, clock);
}

enum outcome keeper_store(struct keeper *keeper, const struct clock_claim *clock, struct why *why)
{
    while (ring_count(keeper->ring) > 0) {
        enum outcome outcome = offer_some(keeper, clock->wall_ms, why);
        struct ring_lost lost = ring_lost_take(keeper->ring);
        if (lost.count > 0)
            outbox_lost(keeper->settings.outbox, lost.count, lost.from_ms, lost.until_ms);
        if (outcome != DONE) {
            note_refusal(keeper, clock, why);
            return RETRY;
        }
    }
    return DONE;
}

static enum outcome seal(struct keeper *keeper, const struct clock_claim *clock, bool receipts_overdue,
                         struct why *why)
{
    enum outcome outcome = sealer_consider(keeper->settings.sealer, clock, receipts_overdue, why);
    if (outcome != DONE)
        note_refusal(keeper, clock, why);
    return outcome == DONE ? DONE : RETRY;
}

enum outcome keeper_flush(struct keeper *keeper, const struct clock_claim *clock, bool receipts_overdue,
                          struct why *why)
{
    if (keeper_store(keeper, clock, why) != DONE || seal(keeper, clock, receipts_overdue, why) != DONE)
        return RETRY;
    if (keeper->refused_since_ms == 0)
        return DONE;
    /* Only when both went well is the trouble over; said each time half of it works, it would be trouble itself. */
    note_recovery(keeper, clock);
    if (keeper_store(keeper, clock, why) != DONE)
        return RETRY;
    return seal(keeper, clock, receipts_overdue, why);
}

int64_t keeper_refused_since_ms(const struct keeper *keeper)
{
    return keeper->refused_since_ms;
}

size_t keeper_waiting(const struct keeper *keeper)
{
    return ring_count(keeper->ring);
}
