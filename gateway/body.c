#include "gateway/body.h"

#include "coldchain/wire.h"
#include "common/cleanup.h"

/* protobuf-c wants pointers it may write to, though it only reads. */
static ProtobufCBinaryData data_of(const uint8_t *bytes, size_t len)
{
    union {
        const uint8_t *from;
        uint8_t *to;
    } same = {bytes};
    return (ProtobufCBinaryData){len, same.to};
}

static char *text_of(const char *text)
{
    union {
        const char *from;
        char *to;
    } same = {text};
    return same.to;
}

static void fill_epoch_start(Silsila__V1__EpochStart *start, const struct outbox_epoch *epoch)
{
    silsila__v1__epoch_start__init(start);
    start->reason = (Silsila__V1__EpochReason)epoch->reason;
    start->last_certain_seq = epoch->last_certain_seq;
    if (epoch->has_previous)
        start->previous_epoch = data_of(epoch->previous_epoch, sizeof epoch->previous_epoch);
    if (epoch->has_last_body_hash)
        start->last_body_hash = data_of(epoch->last_body_hash, sizeof epoch->last_body_hash);
}

static void fill_clock(Silsila__V1__ClockState *clock, const struct clock_claim *claim, const uint8_t boot_id[16])
{
    silsila__v1__clock_state__init(clock);
    clock->wall_ms = claim->wall_ms;
    clock->boot_ms = claim->boot_ms;
    clock->synchronised = claim->synchronised;
    clock->error_ms = claim->error_ms;
    clock->boot_id = data_of(boot_id, BOOT_ID_LEN);
}

static enum outcome encode(const struct body_signer *signer, const struct body_content *content,
                           const struct outbox_state *state, Silsila__V1__Checkpoint *checkpoint, struct buffer *out,
                           struct why *why)
{
    Silsila__V1__Body body = SILSILA__V1__BODY__INIT;
    Silsila__V1__EpochStart start;
    Silsila__V1__ClockState clock;
    fill_clock(&clock, &content->clock, signer->boot_id);
    body.version = 1;
    body.gateway = text_of(signer->gateway);
    body.epoch = data_of(state->epoch.epoch, EPOCH_LEN);
    body.seq = state->next_seq;
    body.clock = &clock;
    body.config_version = content->config_version;
    body.checkpoint = checkpoint;
    body.items = content->items;
    body.n_items = content->item_count;
    if (state->next_seq == 1) {
        fill_epoch_start(&start, &state->epoch);
        body.epoch_start = &start;
    } else {
        body.previous = data_of(state->last_body_hash, HASH_LEN);
    }
    return body_encode(&body, out, why);
}

static void free_message(ProtobufCMessage **message)
{
    if (*message)
        wire_free(message);
}

enum outcome body_sign(const struct body_signer *signer, const struct body_content *content,
                       const struct outbox_state *state, struct buffer *envelope, uint8_t body_hash[HASH_LEN],
                       struct why *why)
{
    scoped_by(free_message) ProtobufCMessage *checkpoint = NULL;
    scoped_by(buffer_free) struct buffer body = {0};
    uint8_t signature[SIGNATURE_LEN];
    struct why ignored;
    /* A checkpoint that cannot be read any more is left out: no reading waits for it. */
    if (content->checkpoint.len > 0 && wire_decode(&silsila__v1__checkpoint__descriptor, content->checkpoint,
                                                   BODY_MOST, &checkpoint, &ignored) != DONE)
        checkpoint = NULL;
    enum outcome outcome =
        encode(signer, content, state, (Silsila__V1__Checkpoint *)checkpoint, &body, why);
    if (outcome != DONE)
        return outcome;
    sha256(buffer_view(&body), body_hash);
    outcome = key_sign_hash(signer->key, PURPOSE_ENVELOPE, signer->origin, body_hash, signature, why);
    if (outcome != DONE)
        return outcome;
    return envelope_seal(buffer_view(&body), signer->key_id, signature, bytes_of(NULL, 0), envelope, why);
}
