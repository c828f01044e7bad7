#include "ingest/receipts.h"

#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/log.h"

enum { FULL_GAP_AT = 64 }; /* envelopes in a batch */

struct receipts {
    struct loop *loop;
    struct receipts_settings settings;
    struct epoch *due; /* list through due_next */
    struct loop_timer *timer;
    struct receipt_checkpoint checkpoint;
    uint64_t checkpoint_size;
    uint32_t generation;
    uint64_t size;
    merkle_hash root;
    double pressure;
    int64_t gap_ms; /* in force: the setting's share by the size of the last batch */
    struct buffer payload, message; /* used again for each */
    struct log_rate trouble;
};

static void on_timer(void *context)
{
    receipts_flush(context);
}

enum outcome receipts_open(struct receipts **made, struct loop *loop, const struct receipts_settings *settings,
                           struct why *why)
{
    struct receipts *receipts = calloc(1, sizeof *receipts);
    if (!receipts)
        return fail(why, RETRY, "out of memory");
    receipts->loop = loop;
    receipts->settings = *settings;
    enum outcome outcome = loop_timer_new(loop, on_timer, receipts, &receipts->timer, why);
    if (outcome != DONE)
        free(receipts);
    else
        *made = receipts;
    return outcome;
}

void receipts_close(struct receipts **receipts)
{
    struct receipts *closing = *receipts;
    if (!closing)
        return;
    receipts_forget(closing);
    loop_timer_free(&closing->timer);
    buffer_free(&closing->checkpoint.statement);
    buffer_free(&closing->payload);
    buffer_free(&closing->message);
    free(closing);
    *receipts = NULL;
}

void receipts_set(struct receipts *receipts, int64_t gap_ms, uint32_t send_window)
{
    receipts->settings.gap_ms = gap_ms;
    receipts->settings.send_window = send_window;
}

void receipts_set_pressure(struct receipts *receipts, double fill)
{
    receipts->pressure = fill;
}

static uint32_t send_window(const struct receipts *receipts)
{
    uint32_t window = receipts->settings.send_window;
    if (receipts->pressure > 0.9)
        window /= 8;
    else if (receipts->pressure > 0.5)
        window /= 2;
    return window ? window : 1;
}

/* Signs the head once however many receipts carry it. Without a signature receipts go without a checkpoint. */
static void sign_checkpoint(struct receipts *receipts)
{
    struct receipt_checkpoint *checkpoint = &receipts->checkpoint;
    const struct signer *signer = receipts->settings.signer;
    struct why why = {""};
    if (checkpoint->present && receipts->checkpoint_size == receipts->size)
        return;
    buffer_reset(&checkpoint->statement);
    checkpoint->present = false;
    int64_t at_ms = clock_read(loop_clock(receipts->loop)).wall_ms;
    if (receipt_checkpoint_statement(signer->origin, receipts->generation, receipts->size, receipts->root, at_ms,
                                     &checkpoint->statement, &why) != DONE ||
        key_sign(signer->key, PURPOSE_CHECKPOINT, signer->origin, buffer_view(&checkpoint->statement),
                 checkpoint->signature, &why) != DONE) {
        log_often(&receipts->trouble, LOG_LEVEL_ERROR, "checkpoint_unsigned", "why=\"%s\"", why.text);
        return;
    }
    memcpy(checkpoint->key_id, signer->key_id, KEY_ID_LEN);
    checkpoint->present = true;
    receipts->checkpoint_size = receipts->size;
}

/* Signs and publishes what stands in receipts->payload. */
static enum outcome send_payload(struct receipts *receipts, const char *gateway, struct why *why)
{
    char topic[64];
    snprintf(topic, sizeof topic, "silsila/v1/receipt/%s", gateway);
    buffer_reset(&receipts->message);
    enum outcome outcome = signer_seal(receipts->settings.signer, PURPOSE_RECEIPT, buffer_view(&receipts->payload),
                                       &receipts->message, why);
    if (outcome == DONE)
        outcome = receipts->settings.publish(receipts->settings.context, topic, buffer_view(&receipts->message), why);
    return outcome;
}

static struct receipt_request request_for(struct receipts *receipts, const struct epoch *epoch)
{
    sign_checkpoint(receipts);
    return (struct receipt_request){.origin = receipts->settings.signer->origin, .gateway = epoch->gateway,
                                    .epoch = epoch->epoch, .send_window = send_window(receipts),
                                    .checkpoint = &receipts->checkpoint};
}

static enum outcome send_epoch(struct receipts *receipts, const struct epoch *epoch, struct why *why)
{
    struct receipt_request request = request_for(receipts, epoch);
    enum outcome outcome = DONE;
    for (size_t part = 0; part < receipt_parts(&epoch->said) && outcome == DONE; part++) {
        buffer_reset(&receipts->payload);
        outcome = receipt_build(&request, &epoch->said, part, &receipts->payload, why);
        if (outcome == DONE)
            outcome = send_payload(receipts, epoch->gateway, why);
    }
    return outcome;
}

void receipts_flush(struct receipts *receipts)
{
    int64_t now_ms = loop_now_ms(receipts->loop);
    int64_t next_ms = INT64_MAX;
    struct epoch **link = &receipts->due;
    struct why why = {""};
    loop_timer_clear(receipts->timer);
    while (*link) {
        struct epoch *epoch = *link;
        int64_t at_ms = epoch->receipt_sent_ms + receipts->gap_ms;
        if (epoch->receipt_sent_ms && at_ms > now_ms) {
            if (at_ms < next_ms)
                next_ms = at_ms;
            link = &epoch->due_next;
            continue;
        }
        if (send_epoch(receipts, epoch, &why) != DONE) {
            log_often(&receipts->trouble, LOG_LEVEL_WARN, "receipt_not_sent", "gateway=%s why=\"%s\"", epoch->gateway, why.text);
            return; /* the broker is away: receipts_flush() comes when it is back */
        }
        if (receipts->settings.sent)
            receipts->settings.sent(receipts->settings.context, now_ms - epoch->receipt_waits_since_ms);
        *link = epoch->due_next;
        epoch->receipt_due = false;
        epoch->receipt_sent_ms = now_ms;
    }
    if (next_ms != INT64_MAX)
        loop_timer_set(receipts->timer, next_ms);
}

/* In a disputed epoch each body is answered by itself, and at once. */
static void send_single(struct receipts *receipts, const struct plan_item *item)
{
    struct why why = {""};
    struct receipt_request request = request_for(receipts, item->epoch);
    buffer_reset(&receipts->payload);
    if (receipt_build_single(&request, item->arrival->head.seq, item->arrival->body_hash, &receipts->payload, &why) != DONE ||
        send_payload(receipts, item->epoch->gateway, &why) != DONE)
        log_often(&receipts->trouble, LOG_LEVEL_WARN, "receipt_not_sent", "gateway=%s why=\"%s\"", item->epoch->gateway,
                  why.text);
    else if (receipts->settings.sent)
        receipts->settings.sent(receipts->settings.context,
                                loop_now_ms(receipts->loop) - item->arrival->arrived_ms);
}

/* Is this the last of its epoch in the batch, and a repetition of what lies before the epoch's end? Then its sender may be
 * an older image of itself, which does not know the body at the end and could not use a receipt that names it. */
static bool shows_an_older_end(const struct plan *plan, size_t i)
{
    const struct plan_item *item = &plan->items[i];
    bool last = i + 1 == plan->count || plan->items[i + 1].epoch != item->epoch;
    return last && item->standing == BODY_DUPLICATE && item->arrival->head.seq < item->epoch->said.through;
}

/* Receipted as far as it has shown, by the hash that it knows. */
static void send_as_far_as_shown(struct receipts *receipts, const struct plan_item *item)
{
    struct why why = {""};
    struct receipt_request request = request_for(receipts, item->epoch);
    struct epoch_said said = {.through = item->arrival->head.seq};
    memcpy(said.through_hash, item->arrival->body_hash, HASH_LEN);
    buffer_reset(&receipts->payload);
    if (receipt_build(&request, &said, 0, &receipts->payload, &why) != DONE ||
        send_payload(receipts, item->epoch->gateway, &why) != DONE)
        log_often(&receipts->trouble, LOG_LEVEL_WARN, "receipt_not_sent", "gateway=%s why=\"%s\"", item->epoch->gateway,
                  why.text);
}

static void make_due(struct receipts *receipts, struct epoch *epoch, int64_t arrived_ms)
{
    if (!epoch->receipt_due || arrived_ms < epoch->receipt_waits_since_ms)
        epoch->receipt_waits_since_ms = arrived_ms;
    if (epoch->receipt_due)
        return;
    epoch->receipt_due = true;
    epoch->due_next = receipts->due;
    receipts->due = epoch;
}

void receipts_committed(struct receipts *receipts, const struct plan *plan, uint32_t generation)
{
    receipts->generation = generation;
    receipts->size = plan->new_size;
    memcpy(receipts->root, plan->new_root, HASH_LEN);
    /* With little to do receipts go at once; they are only put together when there are many. */
    receipts->gap_ms = receipts->settings.gap_ms * (int64_t)(plan->count < FULL_GAP_AT ? plan->count : FULL_GAP_AT) / FULL_GAP_AT;
    for (size_t i = 0; i < plan->count; i++) {
        const struct plan_item *item = &plan->items[i];
        bool disputed = item->epoch->said.disputed;
        if (!disputed)
            make_due(receipts, item->epoch, item->arrival->arrived_ms);
        if (!disputed && shows_an_older_end(plan, i))
            send_as_far_as_shown(receipts, item);
        else if (disputed && !item->repeated)
            send_single(receipts, item);
    }
    receipts_flush(receipts);
}

void receipts_forget(struct receipts *receipts)
{
    while (receipts->due) {
        struct epoch *epoch = receipts->due;
        receipts->due = epoch->due_next;
        epoch->receipt_due = false;
    }
}
