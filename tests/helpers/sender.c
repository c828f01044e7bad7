#include "tests/helpers/sender.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static struct why why;

static uint8_t *writable(const uint8_t *data)
{
    return (uint8_t *)(uintptr_t)data;
}

void sender_new_epoch(struct sender *sender)
{
    for (uint64_t seq = 1; seq <= sender->seq; seq++)
        buffer_free(&sender->bodies[seq].envelope);
    memset(sender->bodies, 0, (SENDER_BODIES_MOST + 1) * sizeof *sender->bodies);
    sender->seq = 0;
    ck_assert_int_eq(getrandom(sender->epoch, EPOCH_LEN, 0), EPOCH_LEN);
}

void sender_make(struct sender *sender, const char *id, const uint8_t origin[ORIGIN_LEN])
{
    *sender = (struct sender){0};
    snprintf(sender->id, sizeof sender->id, "%s", id);
    memcpy(sender->origin, origin, ORIGIN_LEN);
    sender->bodies = calloc(SENDER_BODIES_MOST + 1, sizeof *sender->bodies);
    ck_assert_ptr_nonnull(sender->bodies);
    ck_assert_int_eq(key_generate(&sender->key, &why), DONE);
    ck_assert_int_eq(key_public_der(sender->key, &sender->key_der, &why), DONE);
    key_private_id(sender->key, sender->key_id);
    sender_new_epoch(sender);
}

void sender_clone(struct sender *sender, const struct sender *from)
{
    *sender = *from;
    sender->is_clone = true;
    sender->bodies = calloc(SENDER_BODIES_MOST + 1, sizeof *sender->bodies);
    ck_assert_ptr_nonnull(sender->bodies);
    for (uint64_t seq = 1; seq <= from->seq; seq++) {
        sender->bodies[seq] = from->bodies[seq];
        sender->bodies[seq].envelope = (struct buffer){0};
        buffer_add(&sender->bodies[seq].envelope, from->bodies[seq].envelope.data, from->bodies[seq].envelope.len);
    }
}

void sender_free(struct sender *sender)
{
    if (sender->is_clone) {
        sender->key = NULL;
        sender->key_der = (struct buffer){0};
    }
    for (uint64_t seq = 1; seq <= sender->seq; seq++)
        buffer_free(&sender->bodies[seq].envelope);
    free(sender->bodies);
    key_private_free(&sender->key);
    buffer_free(&sender->key_der);
}

void sender_body(const struct sender *sender, uint64_t seq, int readings, int32_t value_mc, struct buffer *out)
{
    static int32_t values[READINGS_MOST];
    static uint8_t boot_id[BOOT_ID_LEN];
    Silsila__V1__Body body = SILSILA__V1__BODY__INIT;
    Silsila__V1__ClockState clock = SILSILA__V1__CLOCK_STATE__INIT;
    Silsila__V1__EpochStart start = SILSILA__V1__EPOCH_START__INIT;
    Silsila__V1__Item item = SILSILA__V1__ITEM__INIT;
    Silsila__V1__Item *items[] = {&item};
    Silsila__V1__TemperatureBlock block = SILSILA__V1__TEMPERATURE_BLOCK__INIT;
    char probe[] = "probe-1";
    for (int i = 0; i < readings; i++)
        values[i] = value_mc + i % 7;
    ck_assert(block_deltas(values, (size_t)readings));
    block.probe = probe;
    block.t0_ms = 1750000000000 + (int64_t)seq * 900000;
    block.step_ms = 60000;
    block.values = values;
    block.n_values = (size_t)readings;
    item.kind_case = SILSILA__V1__ITEM__KIND_TEMPERATURE;
    item.temperature = &block;
    clock.wall_ms = block.t0_ms + 900000;
    clock.boot_id = (ProtobufCBinaryData){BOOT_ID_LEN, boot_id};
    clock.boot_ms = (int64_t)seq * 900000;
    clock.synchronised = 1;
    clock.error_ms = 10;
    start.reason = SILSILA__V1__EPOCH_REASON__EPOCH_REASON_FIRST;
    body.version = 1;
    body.gateway = (char *)(uintptr_t)sender->id;
    body.epoch = (ProtobufCBinaryData){EPOCH_LEN, writable(sender->epoch)};
    body.seq = seq;
    if (seq > 1)
        body.previous = (ProtobufCBinaryData){HASH_LEN, sender->bodies[seq - 1].hash};
    else
        body.epoch_start = &start;
    body.clock = &clock;
    body.items = items;
    body.n_items = 1;
    ck_assert_msg(body_encode(&body, out, &why) == DONE, "%s", why.text);
}

void sender_wrap(const struct sender *sender, struct bytes body, struct buffer *out)
{
    uint8_t signature[SIGNATURE_LEN];
    ck_assert_int_eq(key_sign(sender->key, PURPOSE_ENVELOPE, sender->origin, body, signature, &why), DONE);
    ck_assert_int_eq(envelope_seal(body, sender->key_id, signature, bytes_of(NULL, 0), out, &why), DONE);
}

void sender_sign(struct sender *sender, uint64_t seq, struct bytes body)
{
    ck_assert_uint_le(seq, SENDER_BODIES_MOST);
    struct sent_body *sent = &sender->bodies[seq];
    buffer_reset(&sent->envelope);
    sha256(body, sent->hash);
    sender_wrap(sender, body, &sent->envelope);
    sent->receipted = false;
    sent->receipts = 0;
    if (seq > sender->seq)
        sender->seq = seq;
}

uint64_t sender_next(struct sender *sender, int readings)
{
    struct buffer body = {0};
    sender_body(sender, sender->seq + 1, readings, 4000, &body);
    sender_sign(sender, sender->seq + 1, buffer_view(&body));
    buffer_free(&body);
    return sender->seq;
}

struct bytes sender_envelope(const struct sender *sender, uint64_t seq)
{
    return buffer_view(&sender->bodies[seq].envelope);
}

static unsigned mark(struct sender *sender, uint64_t from, uint64_t to, ProtobufCBinaryData hash)
{
    unsigned newly = 0;
    if (to == 0 || to > sender->seq || from > to || hash.len != HASH_LEN ||
        memcmp(hash.data, sender->bodies[to].hash, HASH_LEN) != 0)
        return 0;
    for (uint64_t seq = from; seq <= to; seq++) {
        sender->bodies[seq].receipts++;
        if (!sender->bodies[seq].receipted && sender->bodies[seq].envelope.len)
            newly++;
        sender->bodies[seq].receipted = true;
    }
    return newly;
}

unsigned sender_take_receipt(struct sender *sender, struct bytes payload)
{
    Silsila__V1__Receipt *receipt = NULL;
    unsigned newly = 0;
    ck_assert_msg(receipt_decode(payload, &receipt, &why) == DONE, "receipt: %s", why.text);
    ck_assert_mem_eq(receipt->origin.data, sender->origin, ORIGIN_LEN);
    if (receipt->epoch.len == EPOCH_LEN && memcmp(receipt->epoch.data, sender->epoch, EPOCH_LEN) == 0) {
        newly += mark(sender, 1, receipt->through, receipt->through_hash);
        for (size_t i = 0; i < receipt->n_above; i++)
            newly += mark(sender, receipt->above[i]->from, receipt->above[i]->to, receipt->above_hashes[i]);
    }
    silsila__v1__receipt__free_unpacked(receipt, NULL);
    return newly;
}

uint64_t sender_unreceipted(const struct sender *sender)
{
    uint64_t count = 0;
    for (uint64_t seq = 1; seq <= sender->seq; seq++)
        count += sender->bodies[seq].envelope.len && !sender->bodies[seq].receipted;
    return count;
}
