/* Rows 89, 90 and 91 of the fault list: receipts that are forged, foreign, from another time, repeated or reordered. */
#include <string.h>

#include "common/cleanup.h"
#include "gateway/receipt_in.h"
#include "gateway/uplink.h"
#include "tests/helpers/check_main.h"
#include "tests/helpers/outbox_bench.h"
#include "tests/helpers/server_words.h"

static struct scratch scratch;
static struct outbox *o;
static struct why why;
static struct key_private *authority, *server, *rogue;
static struct server_pins pins;
static struct receipt_in in;
static struct send_plan plan;
static const uint8_t origin[32] = {4, 2};
static const uint8_t other_origin[32] = {9};

static struct outbox_state state(void)
{
    struct outbox_state s;
    outbox_read_state(o, &s);
    return s;
}

struct said {
    const uint8_t *ledger;
    const char *gateway;
    uint8_t epoch[16];
    uint64_t through;
    bool wrong_hash;
    Silsila__V1__Checkpoint *checkpoint;
    Silsila__V1__ResendRequest *resend;
    uint32_t window;
};

static struct said right(uint64_t through)
{
    struct said said = {.ledger = origin, .gateway = "gw-one", .through = through};
    memcpy(said.epoch, state().epoch.epoch, 16);
    return said;
}

static struct buffer payload_of(const struct said *said)
{
    uint8_t hash[32];
    hash_of_body(said->epoch, said->through, hash);
    hash[31] ^= said->wrong_hash;
    return receipt_payload(said->ledger, said->gateway, said->epoch, said->through, hash, said->window, said->checkpoint,
                           said->resend);
}

static enum outcome deliver(struct said said, const struct key_private *key, const struct key_private *certifier,
                            uint64_t serial, struct receipt_effect *effect)
{
    scoped_by(buffer_free) struct buffer payload = payload_of(&said);
    scoped_by(buffer_free) struct buffer raw =
        signed_message(PURPOSE_RECEIPT, buffer_view(&payload), key, certifier, serial, said.ledger);
    struct server_word word;
    *effect = (struct receipt_effect){0};
    enum outcome outcome = server_word_check(&pins, PURPOSE_RECEIPT, buffer_view(&raw), &word, &why);
    if (outcome == DONE)
        outcome = receipt_in_apply(&in, &plan, &word, 1000, effect, &why);
    server_word_free(&word);
    return outcome;
}

static void set_up(void)
{
    scratch_make(&scratch);
    scratch.settings.retention_ms = INT64_MAX / 4;
    ck_assert(outbox_open(&o, &scratch.settings, 1, &why) == DONE);
    ck_assert(key_generate(&authority, &why) == DONE && key_generate(&server, &why) == DONE &&
              key_generate(&rogue, &why) == DONE);
    scoped_by(buffer_free) struct buffer der = public_der(authority);
    ck_assert(server_pins_make(&pins, origin, buffer_view(&der), 3, &why) == DONE);
    ck_assert(receipt_in_open(&in, o, &pins, "gw-one", &why) == DONE);
    send_plan_begin(&plan, 10000, 300000);
    for (int i = 0; i < 5; i++)
        ck_assert(seal_all(o, 10, &why) == DONE);
}

static void tear_down(void)
{
    outbox_close(&o);
    server_pins_free(&pins);
    key_private_free(&authority);
    key_private_free(&server);
    key_private_free(&rogue);
    scratch_remove(&scratch);
}

START_TEST(a_right_receipt_empties_and_a_repeated_one_changes_nothing)
{
    struct receipt_effect effect;
    ck_assert_msg(deliver(right(4), server, authority, 3, &effect) == DONE, "%s", why.text);
    ck_assert_uint_eq(effect.newly, 4);
    ck_assert(deliver(right(2), server, authority, 3, &effect) == DONE);
    ck_assert(deliver(right(4), server, authority, 3, &effect) == DONE);
    ck_assert_uint_eq(effect.newly, 0);
    ck_assert_uint_eq(state().unreceipted, 1);
}
END_TEST

static void ignored(struct said said, const struct key_private *key, const struct key_private *certifier, uint64_t serial)
{
    struct receipt_effect effect;
    ck_assert_int_eq(deliver(said, key, certifier, serial, &effect), REJECT);
    ck_assert_uint_eq(state().unreceipted, 5);
}

START_TEST(forged_and_foreign_ones_are_ignored)
{
    struct said said = right(5);
    ignored(said, rogue, rogue, 3);
    ignored(said, rogue, server, 3);
    ignored(said, server, authority, 2);
    said.gateway = "gw-two";
    ignored(said, server, authority, 3);
    said = right(5);
    said.ledger = other_origin;
    ignored(said, server, authority, 3);
    said = right(5);
    said.wrong_hash = true;
    ignored(said, server, authority, 3);
    said = right(5);
    memset(said.epoch, 5, 16);
    ignored(said, server, authority, 3);
}
END_TEST

START_TEST(another_purpose_is_no_receipt)
{
    struct said said = right(5);
    struct server_word word;
    scoped_by(buffer_free) struct buffer payload = payload_of(&said);
    scoped_by(buffer_free) struct buffer raw =
        signed_message(PURPOSE_CONFIG, buffer_view(&payload), server, authority, 3, origin);
    ck_assert_int_eq(server_word_check(&pins, PURPOSE_RECEIPT, buffer_view(&raw), &word, &why), REJECT);
    ck_assert_int_eq(server_word_check(&pins, PURPOSE_CONFIG, buffer_view(&raw), &word, &why), DONE);
    server_word_free(&word);
    for (size_t i = 0; i < raw.len; i += 7) {
        raw.data[i] ^= 1;
        ck_assert_msg(server_word_check(&pins, PURPOSE_CONFIG, buffer_view(&raw), &word, &why) == REJECT, "byte %zu of %zu %02x",
                      i, raw.len, raw.data[i]);
        raw.data[i] ^= 1;
    }
}
END_TEST

START_TEST(one_beyond_our_end_begins_an_epoch)
{
    struct receipt_effect effect;
    struct said said = right(9);
    ck_assert(deliver(said, server, authority, 3, &effect) == DONE);
    ck_assert(effect.rewound);
    ck_assert_mem_ne(state().epoch.epoch, said.epoch, 16);
    ck_assert_mem_eq(plan.present_epoch, state().epoch.epoch, 16);
}
END_TEST

static enum outcome deliver_checkpoint(uint64_t size, const struct key_private *key, struct receipt_effect *effect)
{
    Silsila__V1__CheckpointStatement statement = SILSILA__V1__CHECKPOINT_STATEMENT__INIT;
    Silsila__V1__Checkpoint checkpoint = SILSILA__V1__CHECKPOINT__INIT;
    uint8_t ledger[32], root[32] = {1}, id[32], signature[64];
    scoped_by(buffer_free) struct buffer raw = {0};
    memcpy(ledger, origin, 32);
    statement.origin = (ProtobufCBinaryData){32, ledger};
    statement.generation = 1;
    statement.size = size;
    statement.root = (ProtobufCBinaryData){32, root};
    ck_assert(wire_encode(&statement.base, 4096, &raw, &why) == DONE);
    ck_assert(key_sign(key, PURPOSE_CHECKPOINT, origin, buffer_view(&raw), signature, &why) == DONE);
    key_private_id(server, id);
    checkpoint.statement = (ProtobufCBinaryData){raw.len, raw.data};
    checkpoint.key_id = (ProtobufCBinaryData){32, id};
    checkpoint.algorithm = SILSILA__V1__ALGORITHM__ALGORITHM_ECDSA_P256_SHA256;
    checkpoint.signature = (ProtobufCBinaryData){64, signature};
    struct said said = right(5);
    said.checkpoint = &checkpoint;
    return deliver(said, server, authority, 3, effect);
}

START_TEST(the_largest_checkpoint_is_kept)
{
    struct receipt_effect effect;
    struct buffer first = {0}, second = {0};
    ck_assert_msg(deliver_checkpoint(100, server, &effect) == DONE, "%s", why.text);
    ck_assert_str_eq(effect.doubt.text, "");
    ck_assert(outbox_get(o, UPLINK_CHECKPOINT, &first, &why) == DONE);
    ck_assert(deliver_checkpoint(50, server, &effect) == DONE);
    ck_assert(outbox_get(o, UPLINK_CHECKPOINT, &second, &why) == DONE);
    ck_assert(bytes_equal(buffer_view(&first), buffer_view(&second)));
    ck_assert(deliver_checkpoint(200, rogue, &effect) == DONE);
    ck_assert_str_ne(effect.doubt.text, "");
    ck_assert_uint_eq(in.size, 100);
    struct receipt_in again;
    ck_assert(receipt_in_open(&again, o, &pins, "gw-one", &why) == DONE);
    ck_assert_uint_eq(again.size, 100);
    buffer_free(&first);
    buffer_free(&second);
}
END_TEST

START_TEST(a_resend_request_is_followed_once)
{
    struct receipt_effect effect;
    Silsila__V1__ResendRequest request = SILSILA__V1__RESEND_REQUEST__INIT;
    struct said said = right(5);
    said.window = 77;
    ck_assert(deliver(said, server, authority, 3, &effect) == DONE);
    ck_assert_uint_eq(plan.window, 77);
    request.id = 6;
    request.epoch = (ProtobufCBinaryData){16, said.epoch};
    request.from = 2;
    request.to = 3;
    request.expires_ms = 2000;
    said.through = 0;
    said.resend = &request;
    ck_assert_msg(deliver(said, server, authority, 3, &effect) == DONE, "%s", why.text);
    ck_assert_uint_eq(state().unreceipted, 2);
    ck_assert(deliver(right(5), server, authority, 3, &effect) == DONE);
    ck_assert(deliver(said, server, authority, 3, &effect) == DONE);
    ck_assert_uint_eq(state().unreceipted, 0);
    request.id = 7;
    request.expires_ms = 999;
    ck_assert(deliver(said, server, authority, 3, &effect) == DONE);
    ck_assert_uint_eq(state().unreceipted, 0);
}
END_TEST

static Suite *suite_of_receipt_in(void)
{
    Suite *s = suite_create("receipt in");
    TCase *t = tcase_create("receipt in");
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, a_right_receipt_empties_and_a_repeated_one_changes_nothing);
    tcase_add_test(t, forged_and_foreign_ones_are_ignored);
    tcase_add_test(t, another_purpose_is_no_receipt);
    tcase_add_test(t, one_beyond_our_end_begins_an_epoch);
    tcase_add_test(t, the_largest_checkpoint_is_kept);
    tcase_add_test(t, a_resend_request_is_followed_once);
    suite_add_tcase(s, t);
    return s;
}

TEST_MAIN(suite_of_receipt_in)
