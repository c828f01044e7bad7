#include "tests/helpers/server_words.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "coldchain/certificate.h"
#include "common/cleanup.h"

static struct why why;

struct buffer public_der(const struct key_private *key)
{
    struct buffer der = {0};
    ck_assert(key_public_der(key, &der, &why) == DONE);
    return der;
}

struct buffer signed_message(enum purpose purpose, struct bytes payload, const struct key_private *key,
                             const struct key_private *certifier, uint64_t serial, const uint8_t ledger[32])
{
    struct certificate certificate = {.serial = serial, .kind = SILSILA__V1__KEY_KIND__KEY_KIND_SERVER, .owner = "server"};
    scoped_by(buffer_free) struct buffer der = public_der(key);
    scoped_by(buffer_free) struct buffer statement = {0};
    scoped_by(buffer_free) struct buffer sealed = {0};
    struct buffer raw = {0};
    uint8_t signature[64], id[32];
    memcpy(certificate.public_key, der.data, sizeof certificate.public_key);
    ck_assert(certificate_statement(&certificate, ledger, &statement, &why) == DONE);
    ck_assert(key_sign(certifier, PURPOSE_CERTIFICATE, ledger, buffer_view(&statement), signature, &why) == DONE);
    ck_assert(certificate_seal(buffer_view(&statement), signature, &sealed, &why) == DONE);
    ck_assert(key_sign(key, purpose, ledger, payload, signature, &why) == DONE);
    key_private_id(key, id);
    ck_assert(envelope_seal(payload, id, signature, buffer_view(&sealed), &raw, &why) == DONE);
    return raw;
}

struct buffer receipt_payload(const uint8_t ledger[32], const char *gateway, const uint8_t epoch[16], uint64_t through,
                              const uint8_t hash[32], uint32_t window, Silsila__V1__Checkpoint *checkpoint,
                              Silsila__V1__ResendRequest *resend)
{
    Silsila__V1__Receipt receipt = SILSILA__V1__RECEIPT__INIT;
    uint8_t origin[32], at[32], in[16];
    char id[33];
    struct buffer out = {0};
    memcpy(origin, ledger, 32);
    memcpy(at, hash, 32);
    memcpy(in, epoch, 16);
    (void)snprintf(id, sizeof id, "%s", gateway);
    receipt.origin = (ProtobufCBinaryData){32, origin};
    receipt.gateway = id;
    receipt.epoch = (ProtobufCBinaryData){16, in};
    receipt.through = through;
    receipt.through_hash = (ProtobufCBinaryData){through ? 32 : 0, at};
    receipt.checkpoint = checkpoint;
    receipt.resend = &resend;
    receipt.n_resend = resend != NULL;
    receipt.send_window = window;
    ck_assert_msg(wire_encode(&receipt.base, 65536, &out, &why) == DONE, "%s", why.text);
    return out;
}
