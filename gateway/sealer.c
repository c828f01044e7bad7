#include "gateway/sealer.h"

#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/log.h"
#include "gateway/blocks.h"
#include "gateway/device_event.h"
#include "gateway/uplink.h"

/* A value costs about two bytes in a block and a block's head about forty; enough for an estimate. */
enum { VALUE_BYTES = 2, HEAD_BYTES = 40, PROBES_COUNTED = 256, BATCH_MOST = 4096 };
/* What a body may hold besides its items: head, hashes, clock, epoch start, checkpoint. */
enum { BODY_FRAME_BYTES = 1024 };

struct probe_tally {
    char source[65];
    size_t samples;
};

struct sealer {
    struct sealer_settings settings;
    struct seal_pending pending;
    size_t items;
    uint64_t config_version;
    int64_t items_given_up; /* since the start */
    struct probe_tally tallies[PROBES_COUNTED];
    size_t tally_count;
};

static struct probe_tally *tally_of(struct sealer *sealer, const char *source)
{
    for (size_t i = 0; i < sealer->tally_count; i++)
        if (strcmp(sealer->tallies[i].source, source) == 0)
            return &sealer->tallies[i];
    if (sealer->tally_count == PROBES_COUNTED)
        return &sealer->tallies[0]; /* counts more than it has: seals a little early, and never too late */
    struct probe_tally *tally = &sealer->tallies[sealer->tally_count++];
    *tally = (struct probe_tally){0};
    size_t len = strnlen(source, sizeof tally->source - 1);
    memcpy(tally->source, source, len);
    return tally;
}

void sealer_kept(struct sealer *sealer, const struct outbox_sample *sample)
{
    struct seal_pending *pending = &sealer->pending;
    if (sample->item.len > 0) {
        sealer->items++;
        pending->item = true;
        return;
    }
    struct probe_tally *tally = tally_of(sealer, sample->source);
    pending->bytes += tally->samples++ == 0 ? HEAD_BYTES + VALUE_BYTES : VALUE_BYTES;
    pending->samples++;
    if (tally->samples > pending->most_of_a_probe)
        pending->most_of_a_probe = tally->samples;
}

void sealer_mark(struct sealer *sealer, enum seal_reason reason)
{
    sealer->pending.limit_touched |= reason == SEAL_LIMIT;
    sealer->pending.quality_changed |= reason == SEAL_QUALITY;
    sealer->pending.clock_changed |= reason == SEAL_CLOCK;
}

void sealer_use_config(struct sealer *sealer, uint64_t version, int64_t seal_ms)
{
    sealer->config_version = version;
    sealer->settings.rule.seal_ms = seal_ms;
}

const struct seal_pending *sealer_pending(const struct sealer *sealer)
{
    return &sealer->pending;
}

static bool count_kept(void *context, const struct outbox_sample *sample)
{
    sealer_kept(context, sample);
    return true;
}

static void begin_count(struct sealer *sealer, int64_t now_boot_ms)
{
    sealer->pending = (struct seal_pending){.last_sealed_boot_ms = now_boot_ms};
    sealer->items = 0;
    sealer->tally_count = 0;
}

/* Counts anew from the journal itself: at the start, and after a body that left something behind. */
static enum outcome count_anew(struct sealer *sealer, int64_t now_boot_ms, struct why *why)
{
    begin_count(sealer, now_boot_ms);
    return outbox_samples(sealer->settings.outbox, SIZE_MAX >> 1, count_kept, sealer, why);
}

enum outcome sealer_open(struct sealer **made, const struct sealer_settings *settings, int64_t now_boot_ms,
                         struct why *why)
{
    scoped_by(cleanup_free) struct sealer *sealer = calloc(1, sizeof *sealer);
    if (!sealer)
        return fail(why, RETRY, "out of memory");
    sealer->settings = *settings;
    enum outcome outcome = count_anew(sealer, now_boot_ms, why);
    if (outcome == DONE)
        *made = take(sealer);
    return outcome;
}

void sealer_close(struct sealer **sealer)
{
    free(*sealer);
    *sealer = NULL;
}

/* What goes into one body: samples up to the first item, or that item alone. */
struct batch {
    struct taken *samples;
    int64_t *ids;
    size_t count, room;
    struct buffer item;
    bool failed;
};

static void batch_free(struct batch *batch)
{
    free(batch->samples);
    free(batch->ids);
    buffer_free(&batch->item);
}

static bool grow(struct batch *batch)
{
    if (batch->count < batch->room)
        return true;
    size_t room = batch->room == 0 ? 64 : batch->room * 2;
    struct taken *samples = realloc(batch->samples, room * sizeof *samples);
    if (samples)
        batch->samples = samples;
    int64_t *ids = realloc(batch->ids, room * sizeof *ids);
    if (ids)
        batch->ids = ids;
    if (!samples || !ids)
        return false;
    batch->room = room;
    return true;
}

static bool add_to_batch(void *context, const struct outbox_sample *sample)
{
    struct batch *batch = context;
    bool is_item = sample->item.len > 0;
    if (is_item && batch->count > 0)
        return false;
    if (!grow(batch)) {
        batch->failed = true;
        return false;
    }
    taken_copy(&batch->samples[batch->count], sample);
    batch->ids[batch->count++] = sample->id;
    if (is_item)
        buffer_add(&batch->item, sample->item.data, sample->item.len);
    return !is_item;
}

struct sealing {
    const struct sealer *sealer;
    struct body_content content;
    uint64_t seq;
};

static enum outcome make_envelope(void *context, const struct outbox_state *state, struct buffer *raw,
                                  uint8_t body_hash[32], struct why *why)
{
    struct sealing *sealing = context;
    sealing->seq = state->next_seq;
    return body_sign(&sealing->sealer->settings.signer, &sealing->content, state, raw, body_hash, why);
}

static enum outcome seal_items(struct sealer *sealer, const struct clock_claim *clock, Silsila__V1__Item **items,
                               size_t item_count, const struct batch *batch, uint64_t *seq, struct why *why)
{
    scoped_by(buffer_free) struct buffer checkpoint = {0};
    struct sealing sealing = {.sealer = sealer};
    struct why none;
    if (outbox_get(sealer->settings.outbox, UPLINK_CHECKPOINT, &checkpoint, &none) != DONE)
        buffer_reset(&checkpoint);
    sealing.content = (struct body_content){*clock, sealer->config_version, buffer_view(&checkpoint), items, item_count};
    enum outcome outcome = outbox_seal(sealer->settings.outbox, batch->ids, batch->count, make_envelope, &sealing,
                                       clock->wall_ms, why);
    *seq = sealing.seq;
    return outcome;
}

static void free_item(Silsila__V1__Item **item)
{
    if (*item)
        silsila__v1__item__free_unpacked(*item, NULL);
}

/* REJECT: no body can hold this item. */
static enum outcome try_item(struct sealer *sealer, const struct clock_claim *clock, const struct batch *batch,
                             struct bytes raw, uint64_t *seq, struct why *why)
{
    scoped_by(free_item) Silsila__V1__Item *item = silsila__v1__item__unpack(NULL, raw.len, raw.data);
    if (!item)
        return fail(why, REJECT, "an item in the journal cannot be read");
    return seal_items(sealer, clock, &item, 1, batch, seq, why);
}

/* An item that no body can hold would stand at the front of the journal for ever: in its place, and in the same commit
 * that takes it out, goes an event that says so and how many it were since the start. */
static enum outcome seal_one_item(struct sealer *sealer, const struct clock_claim *clock, struct batch *batch,
                                  uint64_t *seq, struct why *why)
{
    enum outcome outcome = try_item(sealer, clock, batch, buffer_view(&batch->item), seq, why);
    if (outcome != REJECT)
        return outcome;
    scoped_by(buffer_free) struct buffer substitute = {0};
    struct log_quoted quoted;
    struct device_event event = {.type = SILSILA__V1__DEVICE_EVENT_TYPE__OUTBOX_TROUBLE,
                                 .at_ms = batch->samples[0].scheduled_ms,
                                 .value = sealer->items_given_up + 1,
                                 .text = "an item of the journal fits into no body and was given up"};
    log_line(LOG_LEVEL_ERROR, "item_given_up", "why=%s", log_text(&quoted, why->text));
    device_event_encode(&event, &substitute);
    if (substitute.failed)
        return fail(why, RETRY, "out of memory");
    outcome = try_item(sealer, clock, batch, buffer_view(&substitute), seq, why);
    sealer->items_given_up += outcome == DONE;
    return outcome;
}

static enum outcome collect(struct sealer *sealer, size_t most, struct batch *batch, struct why *why)
{
    enum outcome outcome = outbox_samples(sealer->settings.outbox, most, add_to_batch, batch, why);
    if (outcome != DONE)
        return outcome;
    return batch->failed || batch->item.failed ? fail(why, RETRY, "out of memory") : DONE;
}

/* Seals at most `most` samples, or, when they do not fit into one body, says so in *too_many and seals nothing. */
static enum outcome seal_samples(struct sealer *sealer, const struct clock_claim *clock, struct batch *batch,
                                 uint64_t *seq, bool *too_many, struct why *why)
{
    scoped_by(blocks_free) struct blocks blocks = {0};
    enum outcome outcome = blocks_build(batch->samples, batch->count, &blocks, why);
    if (outcome != DONE)
        return outcome;
    *too_many = batch->count > 1 && (blocks_size(&blocks) > sealer->settings.rule.most_bytes + BODY_FRAME_BYTES ||
                                     blocks.count > ITEMS_MOST);
    if (*too_many)
        return DONE;
    return seal_items(sealer, clock, blocks.items, blocks.count, batch, seq, why);
}

/* One body from the front of the journal; *sealed says how many samples it took, 0: the journal is empty. What does not
 * fit is tried again with half as many, the earlier ones: no sample may be sealed behind a later one of its probe. */
static enum outcome seal_next(struct sealer *sealer, const struct clock_claim *clock, enum seal_reason reason,
                              size_t *sealed, struct why *why)
{
    bool too_many = true;
    *sealed = 0;
    for (size_t most = BATCH_MOST; too_many;) {
        scoped_by(batch_free) struct batch batch = {0};
        uint64_t seq = 0;
        too_many = false;
        enum outcome outcome = collect(sealer, most, &batch, why);
        if (outcome != DONE || batch.count == 0)
            return outcome;
        outcome = batch.item.len > 0 ? seal_one_item(sealer, clock, &batch, &seq, why)
                                     : seal_samples(sealer, clock, &batch, &seq, &too_many, why);
        if (outcome != DONE)
            return outcome;
        most = batch.count / 2;
        if (too_many)
            continue;
        *sealed = batch.count;
        sealer->items -= batch.item.len > 0 && sealer->items > 0 ? 1 : 0;
        if (sealer->settings.on_sealed)
            sealer->settings.on_sealed(sealer->settings.context, reason, seq);
    }
    return DONE;
}

enum outcome sealer_consider(struct sealer *sealer, const struct clock_claim *clock, bool receipts_overdue,
                             struct why *why)
{
    enum seal_reason reason = seal_decide(&sealer->settings.rule, &sealer->pending, clock->boot_ms, receipts_overdue);
    if (reason == SEAL_NOT_YET)
        return DONE;
    size_t sealed;
    do {
        enum outcome outcome = seal_next(sealer, clock, reason, &sealed, why);
        if (outcome != DONE)
            return outcome;
        /* An item takes with it what came before; what came after waits for a reason of its own. */
    } while (sealed > 0 && (reason != SEAL_ITEM || sealer->items > 0));
    if (reason != SEAL_ITEM) {
        begin_count(sealer, clock->boot_ms);
        return DONE;
    }
    return count_anew(sealer, clock->boot_ms, why);
}
