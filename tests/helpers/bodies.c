#include "tests/helpers/bodies.h"

#include <check.h>
#include <string.h>

static void encode(struct chain_script *chain, const uint8_t *previous, const Silsila__V1__ClockState *clock,
                   Silsila__V1__Item **items, size_t count, struct buffer *out)
{
    Silsila__V1__Body body = SILSILA__V1__BODY__INIT;
    Silsila__V1__EpochStart start = SILSILA__V1__EPOCH_START__INIT;
    Silsila__V1__ClockState its_clock = *clock;
    struct why why = {0};
    body.version = 1;
    body.gateway = chain->sender;
    body.epoch = (ProtobufCBinaryData){16, chain->epoch};
    body.seq = chain->seq;
    uint8_t previous_copy[32];
    if (previous) {
        memcpy(previous_copy, previous, 32);
        body.previous = (ProtobufCBinaryData){32, previous_copy};
    }
    if (chain->seq == 1) {
        start.reason = chain->has_previous_epoch ? SILSILA__V1__EPOCH_REASON__EPOCH_REASON_BOOT
                                                 : SILSILA__V1__EPOCH_REASON__EPOCH_REASON_FIRST;
        if (chain->has_previous_epoch) {
            start.previous_epoch = (ProtobufCBinaryData){16, chain->previous_epoch};
            start.last_certain_seq = chain->last_certain;
        }
        body.epoch_start = &start;
    }
    body.clock = &its_clock;
    body.items = items;
    body.n_items = count;
    ck_assert_msg(body_encode(&body, out, &why) == DONE, "body_encode: %s", why.text);
    sha256(buffer_view(out), chain->last_hash);
}

void script_body(struct chain_script *chain, const Silsila__V1__ClockState *clock, Silsila__V1__Item **items,
                 size_t count, struct buffer *out)
{
    uint8_t previous[32];
    memcpy(previous, chain->last_hash, 32);
    chain->seq++;
    encode(chain, chain->seq > 1 ? previous : NULL, clock, items, count, out);
}

void script_fork(struct chain_script *chain, const uint8_t previous[32], const Silsila__V1__ClockState *clock,
                 Silsila__V1__Item **items, size_t count, struct buffer *out)
{
    encode(chain, chain->seq > 1 ? previous : NULL, clock, items, count, out);
}
