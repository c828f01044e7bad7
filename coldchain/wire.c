#include "coldchain/wire.h"

#include <string.h>

#include "schema/body.pb-c.h"
#include "schema/receipt.pb-c.h"

enum { FIELDS_MOST = 32, REPEATS_MOST = 512, VARINT_MOST = 10 };

/* How often a repeated field may occur where the contract says; REPEATS_MOST elsewhere. */
static uint32_t repeats_most(const ProtobufCMessageDescriptor *of, uint32_t number)
{
    static const struct {
        const ProtobufCMessageDescriptor *of;
        uint32_t number;
        uint32_t most;
    } limits[] = {
        {&silsila__v1__body__descriptor, 10, 4096},              /* items */
        {&silsila__v1__temperature_block__descriptor, 4, 20000}, /* values */
        {&silsila__v1__custody_event__descriptor, 6, 500},       /* lots */
        {&silsila__v1__custody_event__descriptor, 11, 500},      /* parts */
        {&silsila__v1__custody_event__descriptor, 13, 500},      /* expected */
        {&silsila__v1__custody_event__descriptor, 16, 500},      /* results */
        {&silsila__v1__custody_event__descriptor, 25, 500},      /* described */
        {&silsila__v1__receipt__descriptor, 6, 64},              /* above */
        {&silsila__v1__receipt__descriptor, 7, 64},              /* above_hashes */
        {&silsila__v1__receipt__descriptor, 8, 64},              /* resend */
    };
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        if (limits[i].of == of && limits[i].number == number)
            return limits[i].most;
    }
    return REPEATS_MOST;
}

/* ---- reading ---- */

/* In the shortest form only: a number has one spelling. */
static bool read_varint(struct bytes *rest, uint64_t *value)
{
    *value = 0;
    for (size_t i = 0; i < rest->len && i < VARINT_MOST; i++) {
        uint8_t byte = rest->data[i];
        if (i == VARINT_MOST - 1 && byte > 1)
            return false;
        *value |= (uint64_t)(byte & 0x7f) << (7 * i);
        if (!(byte & 0x80)) {
            *rest = bytes_of(rest->data + i + 1, rest->len - i - 1);
            return byte != 0 || i == 0;
        }
    }
    return false;
}

static bool read_fixed(struct bytes *rest, size_t len, uint64_t *value)
{
    if (rest->len < len)
        return false;
    *value = 0;
    for (size_t i = 0; i < len; i++)
        *value |= (uint64_t)rest->data[i] << (8 * i);
    *rest = bytes_of(rest->data + len, rest->len - len);
    return true;
}

static bool read_length(struct bytes *rest, struct bytes *data)
{
    uint64_t len;
    if (!read_varint(rest, &len) || len > rest->len)
        return false;
    *data = bytes_of(rest->data, (size_t)len);
    *rest = bytes_of(rest->data + len, rest->len - (size_t)len);
    return true;
}

bool wire_next(struct bytes *rest, struct wire_field *field)
{
    if (rest->len == 0)
        return false;
    struct bytes left = *rest;
    uint64_t key;
    if (!read_varint(&left, &key) || key > UINT32_MAX || key >> 3 == 0)
        return false;
    *field = (struct wire_field){.number = (uint32_t)(key >> 3), .type = (unsigned)(key & 7)};
    bool read = false;
    switch (field->type) {
    case WIRE_VARINT:
        read = read_varint(&left, &field->value);
        break;
    case WIRE_FIXED64:
        read = read_fixed(&left, 8, &field->value);
        break;
    case WIRE_LENGTH:
        read = read_length(&left, &field->data);
        break;
    case WIRE_FIXED32:
        read = read_fixed(&left, 4, &field->value);
        break;
    default: /* groups, and what was never given a meaning */
        break;
    }
    if (read)
        *rest = left;
    return read;
}

/* How many bytes follow the first byte of a character, and the least and greatest second byte; false: no
 * first byte. */
static bool utf8_first(uint8_t byte, size_t *more, uint8_t *least, uint8_t *most)
{
    *least = 0x80;
    *most = 0xbf;
    if (byte >= 0xc2 && byte <= 0xdf) {
        *more = 1;
    } else if (byte >= 0xe0 && byte <= 0xef) {
        *more = 2;
        *least = byte == 0xe0 ? 0xa0 : 0x80; /* no longer form of what fits two bytes */
        *most = byte == 0xed ? 0x9f : 0xbf;  /* no surrogates */
    } else if (byte >= 0xf0 && byte <= 0xf4) {
        *more = 3;
        *least = byte == 0xf0 ? 0x90 : 0x80;
        *most = byte == 0xf4 ? 0x8f : 0xbf; /* nothing beyond U+10FFFF */
    } else {
        return false;
    }
    return true;
}

bool utf8_valid(struct bytes text)
{
    for (size_t i = 0; i < text.len;) {
        uint8_t byte = text.data[i++], least, most;
        size_t more;
        if (byte > 0 && byte < 0x80)
            continue;
        if (!utf8_first(byte, &more, &least, &most) || more > text.len - i)
            return false;
        for (; more > 0; more--, least = 0x80, most = 0xbf) {
            byte = text.data[i++];
            if (byte < least || byte > most)
                return false;
        }
    }
    return true;
}

/* ---- scanning ---- */

static unsigned wire_type_of(ProtobufCType type)
{
    switch (type) {
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_FLOAT:
        return WIRE_FIXED32;
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return WIRE_FIXED64;
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_BYTES:
    case PROTOBUF_C_TYPE_MESSAGE:
        return WIRE_LENGTH;
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_BOOL:
    case PROTOBUF_C_TYPE_ENUM:
        break;
    }
    return WIRE_VARINT;
}

/* protobuf-c would cut the number to the field's width without a word. */
static bool varint_fits(ProtobufCType type, uint64_t value)
{
    if (type == PROTOBUF_C_TYPE_BOOL)
        return value <= 1;
    if (type == PROTOBUF_C_TYPE_UINT32 || type == PROTOBUF_C_TYPE_SINT32)
        return value <= UINT32_MAX;
    if (type == PROTOBUF_C_TYPE_INT32 || type == PROTOBUF_C_TYPE_ENUM)
        return (int64_t)value >= INT32_MIN && (int64_t)value <= INT32_MAX;
    return true;
}

struct scan {
    const ProtobufCMessageDescriptor *of;
    const ProtobufCMessageDescriptor *within; /* the message around this one, or NULL */
    unsigned depth;
    struct why *why;
};

static enum outcome refuse(const struct scan *scan, const ProtobufCFieldDescriptor *field, const char *what)
{
    return fail(scan->why, REJECT, "%s.%s %s", scan->of->short_name, field->name, what);
}

static enum outcome scan_message(const struct scan *scan, struct bytes raw);

/* A packed field: counts its numbers into `*count`. */
static enum outcome scan_packed(const struct scan *scan, const ProtobufCFieldDescriptor *field,
                                struct bytes data, uint32_t *count)
{
    unsigned type = wire_type_of(field->type);
    uint32_t most = repeats_most(scan->of, field->id);
    while (data.len > 0) {
        uint64_t value;
        bool read = type == WIRE_VARINT ? read_varint(&data, &value)
                                        : read_fixed(&data, type == WIRE_FIXED32 ? 4 : 8, &value);
        if (!read || !varint_fits(field->type, value))
            return refuse(scan, field, "holds a number that is cut short, overlong or too large");
        if (++*count > most)
            return refuse(scan, field, "has too many numbers");
    }
    return DONE;
}

static enum outcome scan_nested(const struct scan *scan, const ProtobufCFieldDescriptor *field,
                                struct bytes data)
{
    const ProtobufCMessageDescriptor *of = field->descriptor;
    if (scan->depth >= WIRE_DEPTH_MOST || (of == scan->of && of == scan->within))
        return refuse(scan, field, "is nested too deep");
    return scan_message(&(struct scan){of, scan->of, scan->depth + 1, scan->why}, data);
}

static enum outcome scan_value(const struct scan *scan, const ProtobufCFieldDescriptor *field,
                               const struct wire_field *found, uint32_t *count)
{
    unsigned type = wire_type_of(field->type);
    bool repeated = field->label == PROTOBUF_C_LABEL_REPEATED;
    if (repeated && type != WIRE_LENGTH && found->type == WIRE_LENGTH)
        return scan_packed(scan, field, found->data, count);
    if (found->type != type)
        return refuse(scan, field, "is of another wire type");
    if (++*count > (repeated ? repeats_most(scan->of, field->id) : 1))
        return refuse(scan, field, repeated ? "is repeated too often" : "is given twice");
    if (type == WIRE_VARINT && !varint_fits(field->type, found->value))
        return refuse(scan, field, "is too large a number");
    if (field->type == PROTOBUF_C_TYPE_STRING && !utf8_valid(found->data))
        return refuse(scan, field, "is not UTF-8");
    return field->type == PROTOBUF_C_TYPE_MESSAGE ? scan_nested(scan, field, found->data) : DONE;
}

/* Members of one oneof share the place that says which of them is set. */
static bool other_member_seen(const struct scan *scan, const ProtobufCFieldDescriptor *field,
                              const uint32_t *counts)
{
    if (!(field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF))
        return false;
    for (unsigned i = 0; i < scan->of->n_fields; i++) {
        const ProtobufCFieldDescriptor *other = &scan->of->fields[i];
        if (other != field && counts[i] > 0 && (other->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) &&
            other->quantifier_offset == field->quantifier_offset)
            return true;
    }
    return false;
}

static enum outcome scan_message(const struct scan *scan, struct bytes raw)
{
    uint32_t counts[FIELDS_MOST] = {0};
    struct wire_field found;
    if (scan->of->n_fields > FIELDS_MOST)
        return fail(scan->why, REJECT, "%s has more fields than the scan can count", scan->of->short_name);
    while (wire_next(&raw, &found)) {
        const ProtobufCFieldDescriptor *field =
            protobuf_c_message_descriptor_get_field(scan->of, found.number);
        if (!field)
            return fail(scan->why, REJECT, "%s has no field %u", scan->of->short_name,
                        (unsigned)found.number);
        if (other_member_seen(scan, field, counts))
            return refuse(scan, field, "stands beside another of which only one may be");
        enum outcome outcome = scan_value(scan, field, &found, &counts[field - scan->of->fields]);
        if (outcome != DONE)
            return outcome;
    }
    if (raw.len > 0)
        return fail(scan->why, REJECT, "%s is cut short or holds what is no field, %zu bytes before its end",
                    scan->of->short_name, raw.len);
    return DONE;
}

enum outcome wire_scan(const ProtobufCMessageDescriptor *of, struct bytes raw, struct why *why)
{
    return scan_message(&(struct scan){of, NULL, 1, why}, raw);
}

/* ---- whole messages ---- */

enum outcome wire_decode(const ProtobufCMessageDescriptor *of, struct bytes raw, size_t most,
                         ProtobufCMessage **made, struct why *why)
{
    if (raw.len > most)
        return fail(why, REJECT, "%s of %zu bytes, at most %zu are taken", of->short_name, raw.len, most);
    enum outcome scanned = wire_scan(of, raw, why);
    if (scanned != DONE)
        return scanned;
    *made = protobuf_c_message_unpack(of, NULL, raw.len, raw.data);
    /* The scan left nothing that protobuf-c refuses, so only memory can have failed. */
    return *made ? DONE : fail(why, RETRY, "no memory for a %s", of->short_name);
}

void wire_free(ProtobufCMessage **message)
{
    if (*message)
        protobuf_c_message_free_unpacked(*message, NULL);
    *message = NULL;
}

enum outcome wire_encode(const ProtobufCMessage *message, size_t most, struct buffer *out, struct why *why)
{
    size_t len = protobuf_c_message_get_packed_size(message);
    if (len > most)
        return fail(why, REJECT, "%s of %zu bytes, at most %zu may be sent", message->descriptor->short_name,
                    len, most);
    uint8_t *to = buffer_reserve(out, len);
    if (!to && len > 0)
        return fail(why, RETRY, "no memory for a %s", message->descriptor->short_name);
    if (len > 0)
        (void)protobuf_c_message_pack(message, to);
    enum outcome scanned = wire_scan(message->descriptor, bytes_of(to, len), why);
    if (scanned == DONE)
        out->len += len;
    return scanned;
}
