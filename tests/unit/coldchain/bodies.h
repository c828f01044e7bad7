/* Bodies for tests: a small sound one to bend, and bytes written by hand for what no encoder would write. */
#ifndef TESTS_UNIT_COLDCHAIN_BODIES_H
#define TESTS_UNIT_COLDCHAIN_BODIES_H

#include <string.h>

#include "coldchain/envelope.h"
#include "common/cleanup.h"
#include "tests/helpers/check_main.h"

struct sample_body {
    Silsila__V1__Body body;
    Silsila__V1__EpochStart start;
    Silsila__V1__ClockState clock;
    Silsila__V1__Item item;
    Silsila__V1__Item *items[1];
    Silsila__V1__TemperatureBlock block;
    int32_t values[3];
    uint8_t epoch[16];
    uint8_t hash[32];
    char gateway[33];
    char probe[65];
};

/* Seq 1 of gateway gw-001 with one block of three readings; points into itself: fill in place, do not copy.
 */
static inline void sample_body_fill(struct sample_body *s)
{
    memset(s, 0, sizeof *s);
    memset(s->epoch, 0xe1, sizeof s->epoch);
    memset(s->hash, 0x4a, sizeof s->hash);
    memcpy(s->gateway, "gw-001", 7);
    memcpy(s->probe, "28-0000075c1f3b", 16);
    s->values[0] = -30000;
    s->values[1] = 62;
    s->values[2] = -125;
    silsila__v1__body__init(&s->body);
    silsila__v1__epoch_start__init(&s->start);
    silsila__v1__clock_state__init(&s->clock);
    silsila__v1__item__init(&s->item);
    silsila__v1__temperature_block__init(&s->block);
    s->start.reason = SILSILA__V1__EPOCH_REASON__EPOCH_REASON_FIRST;
    s->clock.wall_ms = 1700000000000;
    s->clock.boot_ms = 5000;
    s->clock.synchronised = 1;
    s->clock.error_ms = 20;
    s->block.probe = s->probe;
    s->block.t0_ms = 1699999940000;
    s->block.step_ms = 60000;
    s->block.n_values = 3;
    s->block.values = s->values;
    s->item.kind_case = SILSILA__V1__ITEM__KIND_TEMPERATURE;
    s->item.temperature = &s->block;
    s->items[0] = &s->item;
    s->body.version = 1;
    s->body.gateway = s->gateway;
    s->body.epoch = (ProtobufCBinaryData){16, s->epoch};
    s->body.seq = 1;
    s->body.epoch_start = &s->start;
    s->body.clock = &s->clock;
    s->body.n_items = 1;
    s->body.items = s->items;
}

/* The encoded sample. Free with buffer_free. */
static inline struct buffer sample_body_bytes(void)
{
    struct sample_body s;
    struct buffer out = {0};
    struct why why = {""};
    sample_body_fill(&s);
    ck_assert_msg(body_encode(&s.body, &out, &why) == DONE, "%s", why.text);
    return out;
}

/* Decodes and says which flaw; frees what came. */
static inline enum body_flaw flaw_of(struct bytes raw)
{
    Silsila__V1__Body *body = NULL;
    enum body_flaw flaw;
    struct why why = {""};
    enum outcome outcome = body_decode(raw, &body, &flaw, &why);
    ck_assert_int_eq(outcome, flaw == BODY_SOUND ? DONE : REJECT);
    ck_assert((body != NULL) == (flaw == BODY_SOUND));
    ck_assert((why.text[0] != '\0') == (flaw != BODY_SOUND));
    body_free(&body);
    return flaw;
}

/* Key byte and length of a field, both below 128. */
static inline void add_field(struct buffer *out, unsigned number, const void *data, size_t len)
{
    buffer_add_byte(out, (uint8_t)(number << 3 | WIRE_LENGTH));
    buffer_add_byte(out, (uint8_t)len);
    buffer_add(out, data, len);
}

#endif
