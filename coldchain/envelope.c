#include "coldchain/envelope.h"

#include <string.h>

enum { KEY_ID_BYTES = 32, SIGNATURE_BYTES = 64 };

/* Field numbers of Envelope and of Signed, which are the same. */
enum { FIELD_BODY = 1, FIELD_KEY_ID = 2, FIELD_ALGORITHM = 3, FIELD_SIGNATURE = 4, FIELD_CERTIFICATE = 5 };

static void take_field(const struct wire_field *field, struct envelope_view *view, struct bytes *key_id,
                       struct bytes *signature)
{
    switch (field->number) {
    case FIELD_BODY:
        view->body = field->data;
        break;
    case FIELD_KEY_ID:
        *key_id = field->data;
        break;
    case FIELD_ALGORITHM:
        view->algorithm = (uint32_t)field->value;
        break;
    case FIELD_SIGNATURE:
        *signature = field->data;
        break;
    case FIELD_CERTIFICATE:
        view->certificate = field->data;
        break;
    default: /* the scan let no other pass */
        break;
    }
}

enum outcome envelope_open(struct bytes raw, struct envelope_view *view, struct why *why)
{
    struct bytes key_id = {0}, signature = {0};
    struct wire_field field;
    if (raw.len > ENVELOPE_MOST)
        return fail(why, REJECT, "envelope of %zu bytes, at most %d are taken", raw.len, ENVELOPE_MOST);
    enum outcome scanned = wire_scan(&silsila__v1__envelope__descriptor, raw, why);
    if (scanned != DONE)
        return scanned;
    *view = (struct envelope_view){0};
    while (wire_next(&raw, &field))
        take_field(&field, view, &key_id, &signature);
    if (view->body.len == 0 || view->body.len > BODY_MOST)
        return fail(why, REJECT, "envelope with a body of %zu bytes", view->body.len);
    if (key_id.len != KEY_ID_BYTES || signature.len != SIGNATURE_BYTES)
        return fail(why, REJECT, "envelope with a key id of %zu bytes and a signature of %zu", key_id.len,
                    signature.len);
    /* The number is not signed over as it stands here: another one must not make a second envelope of the same body. */
    if (view->algorithm != SILSILA__V1__ALGORITHM__ALGORITHM_ECDSA_P256_SHA256)
        return fail(why, REJECT, "envelope signed by algorithm %u, which nobody here can check", view->algorithm);
    view->key_id = key_id.data;
    view->signature = signature.data;
    return DONE;
}

enum outcome envelope_seal(struct bytes body, const uint8_t key_id[32], const uint8_t signature[64],
                           struct bytes certificate, struct buffer *out, struct why *why)
{
    size_t start = out->len;
    const struct {
        uint32_t number;
        struct bytes data;
    } parts[] = {{FIELD_BODY, body},
                 {FIELD_KEY_ID, bytes_of(key_id, KEY_ID_BYTES)},
                 {FIELD_SIGNATURE, bytes_of(signature, SIGNATURE_BYTES)},
                 {FIELD_CERTIFICATE, certificate}};
    if (body.len == 0 || body.len > BODY_MOST)
        return fail(why, REJECT, "a body of %zu bytes, at most %d may be sent", body.len, BODY_MOST);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if (parts[i].data.len == 0)
            continue;
        if (parts[i].number == FIELD_SIGNATURE) { /* fields stand in the order of their numbers */
            buffer_add_byte(out, FIELD_ALGORITHM << 3 | WIRE_VARINT);
            buffer_add_byte(out, SILSILA__V1__ALGORITHM__ALGORITHM_ECDSA_P256_SHA256);
        }
        buffer_add_byte(out, (uint8_t)(parts[i].number << 3 | WIRE_LENGTH));
        size_t len = parts[i].data.len;
        for (; len >= 0x80; len >>= 7)
            buffer_add_byte(out, (uint8_t)(len | 0x80));
        buffer_add_byte(out, (uint8_t)len);
        buffer_add(out, parts[i].data.data, parts[i].data.len);
    }
    if (out->failed)
        return fail(why, RETRY, "no memory for an envelope");
    if (out->len - start > ENVELOPE_MOST) {
        size_t made = out->len - start;
        out->len = start;
        return fail(why, REJECT, "an envelope of %zu bytes, at most %d may be sent", made, ENVELOPE_MOST);
    }
    return DONE;
}

bool sender_id_valid(const char *id)
{
    size_t len = strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789-");
    return len >= 3 && len <= 32 && id[len] == '\0' && id[0] != '-';
}

bool probe_id_valid(const char *id)
{
    size_t len = 0;
    while (id[len] > 0x20 && id[len] < 0x7f)
        len++;
    return len >= 1 && len <= 64 && id[len] == '\0';
}

bool checkpoint_form_valid(const Silsila__V1__Checkpoint *checkpoint)
{
    return checkpoint->statement.len > 0 && checkpoint->statement.len <= 256 &&
           checkpoint->key_id.len == KEY_ID_BYTES && checkpoint->signature.len == SIGNATURE_BYTES;
}
