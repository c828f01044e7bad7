#include "gateway/receipt_in.h"

#include <string.h>

#include "coldchain/wire.h"
#include "common/cleanup.h"
#include "gateway/uplink.h"

/* One range for `through` and one for each range above (at most 64 by the decoder's limit). */
enum { RANGES_MOST = 65 };

enum outcome receipt_in_open(struct receipt_in *in, struct outbox *outbox, const struct server_pins *pins,
                             const char *gateway, struct why *why)
{
    scoped_by(buffer_free) struct buffer kept = {0};
    *in = (struct receipt_in){.outbox = outbox, .pins = pins, .gateway = gateway};
    enum outcome outcome = outbox_get(outbox, UPLINK_CHECKPOINT, &kept, why);
    if (outcome != DONE)
        return outcome == REJECT ? DONE : outcome; /* REJECT: none yet */
    ProtobufCMessage *message = NULL;
    Silsila__V1__CheckpointStatement *said = NULL;
    outcome = wire_decode(&silsila__v1__checkpoint__descriptor, buffer_view(&kept), kept.len, &message, why);
    if (outcome == DONE) {
        const Silsila__V1__Checkpoint *checkpoint = (const Silsila__V1__Checkpoint *)message;
        outcome = checkpoint_statement_decode(bytes_of(checkpoint->statement.data, checkpoint->statement.len), &said, why);
    }
    if (outcome == DONE) {
        in->generation = said->generation;
        in->size = said->size;
        silsila__v1__checkpoint_statement__free_unpacked(said, NULL);
    }
    wire_free(&message);
    return outcome == REJECT ? DONE : outcome; /* one that cannot be read is replaced by the next */
}

static size_t ranges_of(const Silsila__V1__Receipt *receipt, struct outbox_range *ranges)
{
    size_t count = 0;
    if (receipt->through > 0) {
        ranges[count] = (struct outbox_range){1, receipt->through, {0}};
        memcpy(ranges[count++].hash, receipt->through_hash.data, 32);
    }
    for (size_t i = 0; i < receipt->n_above && count < RANGES_MOST; i++) {
        ranges[count] = (struct outbox_range){receipt->above[i]->from, receipt->above[i]->to, {0}};
        memcpy(ranges[count++].hash, receipt->above_hashes[i].data, 32);
    }
    return count;
}

static bool followed_before(const struct receipt_in *in, uint64_t id)
{
    for (unsigned i = 0; i < RESENDS_KNOWN; i++)
        if (in->resends[i] == id)
            return true;
    return false;
}

/* The server lost what it had receipted (a restore from backup) and asks for it again. */
static enum outcome follow_resends(struct receipt_in *in, struct send_plan *plan, const Silsila__V1__Receipt *receipt,
                                   int64_t wall_ms, struct why *why)
{
    for (size_t i = 0; i < receipt->n_resend; i++) {
        const Silsila__V1__ResendRequest *request = receipt->resend[i];
        uint64_t again = 0;
        bool expired = request->expires_ms > 0 && request->expires_ms < wall_ms;
        if (request->id == 0 || expired || request->epoch.len != 16 || followed_before(in, request->id))
            continue;
        enum outcome outcome = outbox_resend(in->outbox, request->epoch.data, request->from, request->to, &again, why);
        if (outcome != DONE)
            return outcome;
        in->resends[in->resend_next++ % RESENDS_KNOWN] = request->id;
        send_plan_look_again(plan);
    }
    return DONE;
}

static enum outcome keep_checkpoint(struct receipt_in *in, const struct server_word *word,
                                    const Silsila__V1__Checkpoint *checkpoint, struct receipt_effect *effect)
{
    scoped_by(buffer_free) struct buffer raw = {0};
    uint32_t generation = 0;
    uint64_t size = 0;
    struct why why = {""};
    enum outcome outcome = server_checkpoint_check(in->pins, word, checkpoint, &generation, &size, &why);
    if (outcome == REJECT)
        effect->doubt = why;
    if (outcome != DONE)
        return outcome;
    if (generation < in->generation || (generation == in->generation && size <= in->size))
        return DONE;
    outcome = wire_encode(&checkpoint->base, 4096, &raw, &why);
    if (outcome == DONE)
        outcome = outbox_put(in->outbox, UPLINK_CHECKPOINT, buffer_view(&raw), &why);
    if (outcome == DONE) {
        in->generation = generation;
        in->size = size;
    }
    return outcome;
}

static bool note_seq(void *context, const struct outbox_envelope *envelope)
{
    *(uint64_t *)context = envelope->seq;
    return false;
}

/* The outbox alone knows what a receipt emptied (a range with a foreign hash empties nothing): it is asked for each
 * envelope on the way. */
static void forget_receipted(struct receipt_in *in, struct send_plan *plan)
{
    struct why why = {""};
    for (size_t i = plan->count; i-- > 0;) {
        struct send_place place = plan->way[i].place;
        uint64_t seq = 0;
        enum outcome outcome = outbox_unreceipted(in->outbox, place.epoch, place.seq - 1, 1, note_seq, &seq, &why);
        if (outcome == DONE && seq != place.seq)
            send_plan_receipted(plan, place.epoch, place.seq, place.seq);
    }
}

static enum outcome apply(struct receipt_in *in, struct send_plan *plan, const Silsila__V1__Receipt *receipt,
                          int64_t wall_ms, struct receipt_effect *effect, struct why *why)
{
    struct outbox_range ranges[RANGES_MOST];
    if (receipt->origin.len != ORIGIN_LEN || memcmp(receipt->origin.data, in->pins->origin, ORIGIN_LEN) != 0)
        return fail(why, REJECT, "for another ledger");
    if (strcmp(receipt->gateway, in->gateway) != 0)
        return fail(why, REJECT, "for another gateway");
    size_t count = ranges_of(receipt, ranges);
    enum outcome outcome = DONE;
    if (count > 0)
        outcome = outbox_receipt(in->outbox, receipt->epoch.data, ranges, count, wall_ms, &effect->newly, &effect->rewound,
                                 why);
    if (outcome != DONE)
        return outcome;
    forget_receipted(in, plan);
    send_plan_answered(plan);
    send_plan_window(plan, receipt->send_window);
    if (effect->rewound) {
        struct outbox_state state;
        outbox_read_state(in->outbox, &state);
        send_plan_epoch(plan, state.epoch.epoch);
    }
    return follow_resends(in, plan, receipt, wall_ms, why);
}

enum outcome receipt_in_apply(struct receipt_in *in, struct send_plan *plan, const struct server_word *word,
                              int64_t wall_ms, struct receipt_effect *effect, struct why *why)
{
    Silsila__V1__Receipt *receipt = NULL;
    enum outcome outcome = receipt_decode(word->payload, &receipt, why);
    if (outcome != DONE)
        return outcome;
    outcome = apply(in, plan, receipt, wall_ms, effect, why);
    /* A checkpoint that cannot be kept now comes again with the next receipt. */
    if (outcome == DONE && receipt->checkpoint && keep_checkpoint(in, word, receipt->checkpoint, effect) == UNSURE)
        outcome = DONE;
    silsila__v1__receipt__free_unpacked(receipt, NULL);
    return outcome;
}
