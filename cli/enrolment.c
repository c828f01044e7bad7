#include "cli/enrolment.h"

#include <string.h>

#include "cli/say.h"
#include "common/cleanup.h"

static const uint8_t no_origin[ORIGIN_LEN]; /* a gateway knows of no ledger yet */

static ProtobufCBinaryData binary(struct bytes bytes)
{
    return (ProtobufCBinaryData){bytes.len, (uint8_t *)(uintptr_t)bytes.data}; /* encoding only reads */
}

enum outcome enrolment_request_write(const char *id, const struct key_private *record_key,
                                     struct bytes tls_request, int64_t now_ms, struct buffer *out,
                                     struct why *why)
{
    Silsila__V1__EnrolmentRequest request = SILSILA__V1__ENROLMENT_REQUEST__INIT;
    scoped_by(buffer_free) struct buffer der = {0}, payload = {0};
    uint8_t signature[SIGNATURE_LEN], key_id[KEY_ID_LEN];
    enum outcome outcome = key_public_der(record_key, &der, why);
    if (outcome != DONE)
        return outcome;
    request.gateway = wire_text(id);
    request.public_key = binary(buffer_view(&der));
    request.tls_request = binary(tls_request);
    request.at_ms = now_ms;
    key_private_id(record_key, key_id);
    outcome = wire_encode(&request.base, REQUEST_MOST, &payload, why);
    if (outcome == DONE)
        outcome = key_sign(record_key, PURPOSE_ENROLMENT, no_origin, buffer_view(&payload), signature, why);
    return outcome == DONE
               ? envelope_seal(buffer_view(&payload), key_id, signature, bytes_of("", 0), out, why)
               : outcome;
}

static enum outcome check_possession(const struct envelope_view *view,
                                     const Silsila__V1__EnrolmentRequest *request, struct why *why)
{
    scoped_by(key_public_free) struct key_public *key = NULL;
    uint8_t id[KEY_ID_LEN];
    enum outcome outcome =
        key_public_read(bytes_of(request->public_key.data, request->public_key.len), &key, why);
    if (outcome != DONE)
        return outcome;
    key_public_id(key, id);
    if (memcmp(id, view->key_id, KEY_ID_LEN) != 0)
        return fail(why, REJECT, "the request is signed by another key than it carries");
    return key_verify(key, PURPOSE_ENROLMENT, no_origin, view->body, view->signature, why);
}

enum outcome enrolment_request_read(struct bytes raw, Silsila__V1__EnrolmentRequest **request,
                                    struct why *why)
{
    struct envelope_view view;
    enum outcome outcome = envelope_open(raw, &view, why);
    if (outcome == DONE)
        outcome = enrolment_request_decode(view.body, request, why);
    if (outcome != DONE)
        return outcome;
    outcome = check_possession(&view, *request, why);
    if (outcome != DONE) {
        silsila__v1__enrolment_request__free_unpacked(*request, NULL);
        *request = NULL;
    }
    return outcome;
}

enum outcome enrolment_bundle_write(struct home *home, const char *id, struct bytes tls_certificate,
                                    struct bytes tls_ca, struct buffer *out, struct why *why)
{
    char path[PATH_MAX];
    scoped_by(buffer_free) struct buffer authority = {0}, server = {0};
    Silsila__V1__EnrolmentBundle bundle = SILSILA__V1__ENROLMENT_BUNDLE__INIT;
    struct certificate certificate;
    home_file(home, "authority.der", path);
    enum outcome outcome = file_read(path, 1024, &authority, why);
    home_file(home, "server.certificate", path);
    if (outcome == DONE)
        outcome = file_read(path, 1024, &server, why);
    if (outcome == DONE)
        outcome = home_certificate_check(home, buffer_view(&server), SILSILA__V1__KEY_KIND__KEY_KIND_SERVER,
                                         &certificate, why);
    if (outcome != DONE)
        return outcome;
    bundle.server_key = silsila__v1__key_certificate__unpack(NULL, server.len, server.data);
    if (!bundle.server_key)
        return fail(why, RETRY, "out of memory");
    bundle.gateway = wire_text(id);
    bundle.origin = binary(bytes_of(home->origin, ORIGIN_LEN));
    bundle.authority_key = binary(buffer_view(&authority));
    bundle.tls_certificate = binary(tls_certificate);
    bundle.tls_ca = binary(tls_ca);
    outcome = wire_encode(&bundle.base, BUNDLE_MOST, out, why);
    silsila__v1__key_certificate__free_unpacked(bundle.server_key, NULL);
    return outcome;
}
