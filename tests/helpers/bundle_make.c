/* bundle_make ID DIR: what a gateway has after its enrolment, without an authority to ask: DIR/record.key and DIR/bundle,
 * with a made-up origin and server key and no TLS. For tests of the gateway alone. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coldchain/certificate.h"
#include "coldchain/wire.h"
#include "common/cleanup.h"
#include "common/keys.h"

static int failed(const struct why *why)
{
    (void)fprintf(stderr, "bundle_make: %s\n", why->text);
    return EXIT_FAILURE;
}

static enum outcome certify(const struct key_private *authority, const uint8_t origin[32], struct buffer *out,
                            struct why *why)
{
    scoped_by(key_private_free) struct key_private *server = NULL;
    scoped_by(buffer_free) struct buffer statement = {0}, der = {0};
    struct certificate certificate = {.serial = 1, .kind = SILSILA__V1__KEY_KIND__KEY_KIND_SERVER, .owner = "server"};
    uint8_t signature[SIGNATURE_LEN];
    enum outcome outcome = key_generate(&server, why);
    if (outcome == DONE)
        outcome = key_public_der(server, &der, why);
    if (outcome != DONE)
        return outcome;
    memcpy(certificate.public_key, der.data, sizeof certificate.public_key);
    outcome = certificate_statement(&certificate, origin, &statement, why);
    if (outcome == DONE)
        outcome = key_sign(authority, PURPOSE_CERTIFICATE, origin, buffer_view(&statement), signature, why);
    return outcome == DONE ? certificate_seal(buffer_view(&statement), signature, out, why) : outcome;
}

static enum outcome write_bundle(char *id, const struct key_private *authority, const char *path, struct why *why)
{
    scoped_by(buffer_free) struct buffer der = {0}, certificate = {0}, raw = {0};
    uint8_t origin[ORIGIN_LEN] = "an origin only for tests";
    Silsila__V1__EnrolmentBundle bundle = SILSILA__V1__ENROLMENT_BUNDLE__INIT;
    ProtobufCMessage *server = NULL;
    enum outcome outcome = key_public_der(authority, &der, why);
    if (outcome == DONE)
        outcome = certify(authority, origin, &certificate, why);
    if (outcome == DONE)
        outcome = wire_decode(&silsila__v1__key_certificate__descriptor, buffer_view(&certificate), 4096, &server, why);
    if (outcome != DONE)
        return outcome;
    uint8_t none[] = "-";
    bundle.gateway = id;
    bundle.origin = (ProtobufCBinaryData){sizeof origin, origin};
    bundle.authority_key = (ProtobufCBinaryData){der.len, der.data};
    bundle.tls_certificate = bundle.tls_ca = (ProtobufCBinaryData){1, none};
    bundle.server_key = (Silsila__V1__KeyCertificate *)server;
    outcome = wire_encode(&bundle.base, 65536, &raw, why);
    wire_free(&server);
    FILE *file = outcome == DONE ? fopen(path, "we") : NULL;
    if (outcome != DONE)
        return outcome;
    if (!file || fwrite(raw.data, 1, raw.len, file) != raw.len || fclose(file) != 0)
        return fail(why, RETRY, "cannot write %s", path);
    return DONE;
}

int main(int argc, char **argv)
{
    scoped_by(key_private_free) struct key_private *authority = NULL, *record = NULL;
    struct why why = {""};
    char path[4096];
    if (argc != 3) {
        (void)fprintf(stderr, "usage: bundle_make ID DIR\n");
        return 2;
    }
    if (key_generate(&authority, &why) != DONE || key_generate(&record, &why) != DONE)
        return failed(&why);
    (void)snprintf(path, sizeof path, "%s/record.key", argv[2]);
    if (key_save(record, path, &why) != DONE)
        return failed(&why);
    (void)snprintf(path, sizeof path, "%s/bundle", argv[2]);
    return write_bundle(argv[1], authority, path, &why) == DONE ? EXIT_SUCCESS : failed(&why);
}
