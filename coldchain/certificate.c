#include "coldchain/certificate.h"

#include <string.h>

enum { ORIGIN_BYTES = 32, SIGNATURE_BYTES = 64, KEY_DER_BYTES = 91, CERTIFICATE_MOST = 448 };

/* Field numbers of KeyCertificate and of KeyStatement. */
enum { FIELD_STATEMENT = 1, FIELD_SIGNATURE = 2 };
enum {
    FIELD_ORIGIN = 1,
    FIELD_SERIAL = 2,
    FIELD_KIND = 3,
    FIELD_OWNER = 4,
    FIELD_PUBLIC_KEY = 5,
    FIELD_NOT_BEFORE = 6
};

static enum outcome read_outer(struct bytes raw, struct bytes *statement, struct bytes *signature,
                               struct why *why)
{
    struct wire_field field;
    if (raw.len > CERTIFICATE_MOST)
        return fail(why, REJECT, "certificate of %zu bytes", raw.len);
    enum outcome scanned = wire_scan(&silsila__v1__key_certificate__descriptor, raw, why);
    if (scanned != DONE)
        return scanned;
    while (wire_next(&raw, &field))
        *(field.number == FIELD_STATEMENT ? statement : signature) = field.data;
    if (signature->len != SIGNATURE_BYTES)
        return fail(why, REJECT, "certificate with a signature of %zu bytes", signature->len);
    return DONE;
}

static enum outcome read_statement(struct bytes statement, struct certificate *certificate,
                                   struct bytes *origin, struct why *why)
{
    struct bytes owner = {0}, key = {0};
    struct wire_field field;
    enum outcome scanned = wire_scan(&silsila__v1__key_statement__descriptor, statement, why);
    if (scanned != DONE)
        return scanned;
    *certificate = (struct certificate){0};
    while (wire_next(&statement, &field)) {
        if (field.number == FIELD_ORIGIN)
            *origin = field.data;
        else if (field.number == FIELD_SERIAL)
            certificate->serial = field.value;
        else if (field.number == FIELD_KIND)
            certificate->kind = (Silsila__V1__KeyKind)field.value;
        else if (field.number == FIELD_OWNER)
            owner = field.data;
        else if (field.number == FIELD_PUBLIC_KEY)
            key = field.data;
        else
            certificate->not_before_ms = (int64_t)field.value;
    }
    if (owner.len >= sizeof certificate->owner || key.len != KEY_DER_BYTES)
        return fail(why, REJECT, "certificate with an owner of %zu bytes and a key of %zu", owner.len,
                    key.len);
    if (owner.len > 0)
        memcpy(certificate->owner, owner.data, owner.len);
    memcpy(certificate->public_key, key.data, key.len);
    return DONE;
}

static enum outcome check_form(const struct certificate *certificate, struct why *why)
{
    if (certificate->kind != SILSILA__V1__KEY_KIND__KEY_KIND_SERVER &&
        certificate->kind != SILSILA__V1__KEY_KIND__KEY_KIND_ADMIN)
        return fail(why, REJECT, "certificate for a key of kind %d, which is not certified",
                    (int)certificate->kind);
    if (!sender_id_valid(certificate->owner) || certificate->serial == 0 || certificate->serial > INT64_MAX)
        return fail(why, REJECT, "certificate without an owner or a serial in form");
    return DONE;
}

enum outcome certificate_check(struct bytes raw, const uint8_t origin[32], Silsila__V1__KeyKind kind,
                               certificate_signature_check check, void *context,
                               struct certificate *certificate, struct why *why)
{
    struct bytes statement = {0}, signature = {0}, named = {0};
    enum outcome outcome = read_outer(raw, &statement, &signature, why);
    if (outcome == DONE)
        outcome = read_statement(statement, certificate, &named, why);
    if (outcome == DONE)
        outcome = check_form(certificate, why);
    if (outcome != DONE)
        return outcome;
    if (!bytes_equal(named, bytes_of(origin, ORIGIN_BYTES)))
        return fail(why, REJECT, "certificate of another ledger");
    if (certificate->kind != kind)
        return fail(why, REJECT, "certificate of %s is not of the kind that may say this",
                    certificate->owner);
    return check(context, statement, signature.data, why);
}

enum outcome certificate_statement(const struct certificate *certificate, const uint8_t origin[32],
                                   struct buffer *out, struct why *why)
{
    struct certificate copy = *certificate;
    uint8_t origin_copy[ORIGIN_BYTES];
    memcpy(origin_copy, origin, ORIGIN_BYTES);
    enum outcome form = check_form(&copy, why);
    if (form != DONE)
        return form;
    Silsila__V1__KeyStatement statement = SILSILA__V1__KEY_STATEMENT__INIT;
    statement.origin = (ProtobufCBinaryData){ORIGIN_BYTES, origin_copy};
    statement.serial = copy.serial;
    statement.kind = copy.kind;
    statement.owner = copy.owner;
    statement.public_key = (ProtobufCBinaryData){KEY_DER_BYTES, copy.public_key};
    statement.not_before_ms = copy.not_before_ms;
    return wire_encode(&statement.base, CERTIFICATE_MOST, out, why);
}

enum outcome certificate_seal(struct bytes statement, const uint8_t signature[64], struct buffer *out,
                              struct why *why)
{
    if (statement.len == 0 || statement.len > 255)
        return fail(why, REJECT, "a statement of %zu bytes", statement.len);
    buffer_add_byte(out, FIELD_STATEMENT << 3 | WIRE_LENGTH);
    if (statement.len >= 0x80)
        buffer_add_byte(out, (uint8_t)(statement.len | 0x80));
    buffer_add_byte(out, (uint8_t)(statement.len >= 0x80 ? statement.len >> 7 : statement.len));
    buffer_add(out, statement.data, statement.len);
    buffer_add_byte(out, FIELD_SIGNATURE << 3 | WIRE_LENGTH);
    buffer_add_byte(out, SIGNATURE_BYTES);
    buffer_add(out, signature, SIGNATURE_BYTES);
    return out->failed ? fail(why, RETRY, "no memory for a certificate") : DONE;
}
