/* Bodies: the head by a scan, the whole by scan and unpacking, blocks of readings. Documented in envelope.h.
 */
#include <string.h>

#include "coldchain/envelope.h"

enum { BODY_VERSION = 1, HASH_BYTES = 32, EPOCH_BYTES = 16, GATEWAY_MOST = 32 };

/* The five fields whose numbers and meaning no later version may change. */
enum { FIELD_VERSION = 1, FIELD_GATEWAY = 2, FIELD_EPOCH = 3, FIELD_SEQ = 4, FIELD_PREVIOUS = 5 };

/* ---- head ---- */

struct head_fields {
    struct wire_field field[FIELD_PREVIOUS + 1];
    bool seen[FIELD_PREVIOUS + 1];
};

static bool has(const struct head_fields *found, uint32_t number, unsigned type)
{
    return found->seen[number] && found->field[number].type == type;
}

static void collect(struct bytes body, struct head_fields *found)
{
    struct wire_field field;
    while (wire_next(&body, &field)) {
        if (field.number > FIELD_PREVIOUS || found->seen[field.number])
            continue;
        found->seen[field.number] = true;
        found->field[field.number] = field;
    }
}

enum outcome body_head_read(struct bytes body, struct body_head *head, struct why *why)
{
    struct head_fields found = {0};
    collect(body, &found);
    *head = (struct body_head){0};
    struct bytes gateway = found.field[FIELD_GATEWAY].data, epoch = found.field[FIELD_EPOCH].data;
    if (!has(&found, FIELD_GATEWAY, WIRE_LENGTH) || gateway.len > GATEWAY_MOST ||
        memchr(gateway.data, 0, gateway.len))
        return fail(why, REJECT, "body names no sender");
    memcpy(head->gateway, gateway.data, gateway.len);
    if (!sender_id_valid(head->gateway))
        return fail(why, REJECT, "body names a sender of no valid form");
    if (!has(&found, FIELD_EPOCH, WIRE_LENGTH) || epoch.len != EPOCH_BYTES)
        return fail(why, REJECT, "body of %s without an epoch of 16 bytes", head->gateway);
    memcpy(head->epoch, epoch.data, EPOCH_BYTES);
    head->seq = has(&found, FIELD_SEQ, WIRE_VARINT) ? found.field[FIELD_SEQ].value : 0;
    if (head->seq == 0 || head->seq > INT64_MAX) /* the database counts in int8 */
        return fail(why, REJECT, "body of %s without a seq", head->gateway);
    uint64_t version = has(&found, FIELD_VERSION, WIRE_VARINT) ? found.field[FIELD_VERSION].value : 0;
    head->version = version > UINT32_MAX ? UINT32_MAX : (uint32_t)version;
    struct bytes previous = found.field[FIELD_PREVIOUS].data;
    head->has_previous = has(&found, FIELD_PREVIOUS, WIRE_LENGTH) && previous.len == HASH_BYTES;
    if (head->has_previous)
        memcpy(head->previous, previous.data, HASH_BYTES);
    return DONE;
}

/* ---- whole ---- */

static bool len_is_one_of(const ProtobufCBinaryData *data, size_t one, size_t other)
{
    return data->len == one || data->len == other;
}

static enum outcome check_start(const Silsila__V1__Body *body, struct why *why)
{
    const Silsila__V1__EpochStart *start = body->epoch_start;
    if ((body->seq == 1) != (start != NULL))
        return fail(why, REJECT,
                    start ? "epoch start at another seq than 1" : "seq 1 without an epoch start");
    if (start && (!len_is_one_of(&start->previous_epoch, 0, EPOCH_BYTES) ||
                  !len_is_one_of(&start->last_body_hash, 0, HASH_BYTES)))
        return fail(why, REJECT, "epoch start with an epoch or hash of a wrong length");
    return DONE;
}

static enum outcome check_blocks(const Silsila__V1__Body *body, struct why *why)
{
    for (size_t i = 0; i < body->n_items; i++) {
        const Silsila__V1__Item *item = body->items[i];
        if (item->kind_case == SILSILA__V1__ITEM__KIND_TEMPERATURE &&
            item->temperature->count > READINGS_MOST)
            return fail(why, REJECT, "item %zu counts %u readings, at most %d are taken", i,
                        item->temperature->count, READINGS_MOST);
    }
    return DONE;
}

/* The rules that go over a single field; the head's own are body_head_read's. */
static enum outcome check_whole(const Silsila__V1__Body *body, struct why *why)
{
    if (body->previous.len != (body->seq == 1 ? 0 : HASH_BYTES))
        return fail(why, REJECT, "hash of the body before has %zu bytes at seq %llu", body->previous.len,
                    (unsigned long long)body->seq);
    if (!body->clock || !len_is_one_of(&body->clock->boot_id, 0, EPOCH_BYTES))
        return fail(why, REJECT, "body without a clock state, or with a boot id of a wrong length");
    if (body->checkpoint && !checkpoint_form_valid(body->checkpoint))
        return fail(why, REJECT, "body with a checkpoint out of form");
    enum outcome outcome = check_start(body, why);
    return outcome == DONE ? check_blocks(body, why) : outcome;
}

enum outcome body_decode(struct bytes raw, Silsila__V1__Body **body, enum body_flaw *flaw, struct why *why)
{
    struct body_head head;
    ProtobufCMessage *made = NULL;
    *flaw = BODY_MALFORMED;
    *body = NULL;
    enum outcome outcome = body_head_read(raw, &head, why);
    if (outcome == DONE && head.version > BODY_VERSION) {
        *flaw = BODY_UNSUPPORTED;
        return fail(why, REJECT, "body of version %u, this program knows %d", head.version, BODY_VERSION);
    }
    if (outcome == DONE && head.version == 0)
        outcome = fail(why, REJECT, "body without a version");
    if (outcome == DONE)
        outcome = wire_decode(&silsila__v1__body__descriptor, raw, BODY_MOST, &made, why);
    if (outcome == DONE)
        outcome = check_whole((const Silsila__V1__Body *)(const void *)made, why);
    if (outcome != DONE) {
        wire_free(&made);
        return outcome;
    }
    *flaw = BODY_SOUND;
    *body = (Silsila__V1__Body *)(void *)made;
    return DONE;
}

void body_free(Silsila__V1__Body **body)
{
    if (*body)
        silsila__v1__body__free_unpacked(*body, NULL);
    *body = NULL;
}

enum outcome body_encode(const Silsila__V1__Body *body, struct buffer *out, struct why *why)
{
    size_t start = out->len;
    struct body_head head;
    if (body->version != BODY_VERSION)
        return fail(why, REJECT, "version %u is not written here", body->version);
    enum outcome outcome = wire_encode(&body->base, BODY_MOST, out, why);
    if (outcome != DONE)
        return outcome;
    outcome = body_head_read(bytes_of(out->data + start, out->len - start), &head, why);
    if (outcome == DONE)
        outcome = check_whole(body, why);
    if (outcome != DONE)
        out->len = start;
    return outcome;
}

/* ---- blocks of readings ---- */

bool block_values(const Silsila__V1__TemperatureBlock *block, int32_t *out)
{
    int64_t value = 0;
    for (size_t i = 0; i < block->n_values; i++) {
        value += block->values[i];
        if (value < INT32_MIN || value > INT32_MAX)
            return false;
        out[i] = (int32_t)value;
    }
    return true;
}

bool block_deltas(int32_t *values, size_t count)
{
    for (size_t i = count; i-- > 1;) {
        int64_t delta = (int64_t)values[i] - values[i - 1];
        if (delta < INT32_MIN || delta > INT32_MAX) {
            /* What was turned already is turned back: the caller may split the block and try again. */
            for (size_t k = i + 1; k < count; k++)
                values[k] = (int32_t)((int64_t)values[k] + values[k - 1]);
            return false;
        }
        values[i] = (int32_t)delta;
    }
    return true;
}
