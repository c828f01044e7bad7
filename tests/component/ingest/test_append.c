/* The ingest against a real PostgreSQL and a real Mosquitto: what is authentic is stored once and receipted, whatever it
 * says; what is not gets no receipt and is counted. Each test checks the invariants (tests/helpers/ledger_bench.h). */
#include "tests/helpers/check_main.h"
#include "tests/helpers/ledger_bench.h"

#include <signal.h>
#include <string.h>

static struct bench bench;
static struct sender one, two;
static struct why why;

static void once(void)
{
    (void)postgres_template();
}

static void once_over(void)
{
    postgres_template_remove();
}

static void open_bench(void)
{
    bench_open(&bench);
    bench_add(&bench, &one, "gw-one");
    bench_start(&bench, 0, "", NULL);
    bench_until_ready(&bench, 0);
}

static void close_bench(void)
{
    bench_close(&bench);
}

static bool quarantine_complete(struct bench *of)
{
    return postgres_number(of->db, "SELECT coalesce(sum(messages), 0) FROM ledger.quarantine_count") >= (long)of->quarantined;
}

/* Publishes bytes that nobody can be shown to have sent. */
static void send_bad(struct bytes message)
{
    bench_publish(&bench, "silsila/v1/up/0/gw-one/live", message);
    bench.quarantined++;
}

static long entries(void)
{
    return postgres_number(bench.db, "SELECT count(*) FROM ledger.entry");
}

START_TEST(what_arrives_is_stored_and_receipted)
{
    bench_add(&bench, &two, "gw-two");
    for (int i = 0; i < 300; i++) {
        (void)sender_next(&one, 20);
        (void)sender_next(&two, 1);
    }
    bench_deliver(&bench);
    bench_check(&bench);
    ck_assert_int_eq(entries(), 600);
}
END_TEST

static bool first_receipted(struct bench *of)
{
    (void)of;
    return one.bodies[1].receipted;
}

START_TEST(the_path_and_the_lane_are_stored)
{
    bench_publish(&bench, "silsila/v1/via/bridge-7/0/gw-one/late", sender_envelope(&one, sender_next(&one, 3)));
    bench_until(&bench, first_receipted, "a receipt for what came by a bridge");
    bench_check(&bench);
    ck_assert_int_eq(postgres_number(bench.db, "SELECT count(*) FROM ledger.envelope WHERE via = 'bridge-7' AND lane = 'late'"), 1);
}
END_TEST

/* Row 56. */
START_TEST(one_bad_of_500_is_alone_in_its_fate)
{
    struct buffer bad = {0};
    for (int i = 0; i < 499; i++)
        (void)sender_next(&one, 2);
    buffer_add(&bad, one.bodies[250].envelope.data, one.bodies[250].envelope.len);
    bad.data[bad.len - 1] ^= 1;
    for (uint64_t seq = 1; seq <= 499; seq++) {
        bench_send(&bench, &one, seq, "live");
        if (seq == 250)
            send_bad(buffer_view(&bad));
    }
    bench_deliver(&bench);
    bench_check(&bench);
    ck_assert_int_eq(entries(), 499);
    buffer_free(&bad);
}
END_TEST

static unsigned answers_wanted;

static bool answered_again(struct bench *of)
{
    (void)of;
    return one.bodies[1].receipts >= answers_wanted;
}

/* Row 73. Receipts are put together when there are many, so each round waits for an answer of its own. */
START_TEST(a_duplicate_is_stored_once_and_answered_again)
{
    uint64_t seq = sender_next(&one, 20);
    for (unsigned round = 0; round < 10; round++) {
        answers_wanted = (unsigned)one.bodies[1].receipts + 1;
        for (int i = 0; i < 100; i++)
            bench_send(&bench, &one, seq, "live");
        bench_until(&bench, answered_again, "a receipt for each round of duplicates");
    }
    bench_check(&bench);
    ck_assert_int_eq(entries(), 1);
}
END_TEST

static bool all_answered_again(struct bench *of)
{
    (void)of;
    for (uint64_t seq = 1; seq <= one.seq; seq++)
        if (one.bodies[seq].receipts < 1)
            return false;
    return true;
}

/* Row 74: a capture played again after a restart, when memory has nothing of it. */
START_TEST(an_old_capture_changes_nothing_and_is_answered)
{
    for (int i = 0; i < 200; i++)
        (void)sender_next(&one, 2);
    bench_deliver(&bench);
    ck_assert_int_eq(WEXITSTATUS(bench_signal(&bench, 0, SIGTERM)), 0);
    bench_start(&bench, 0, "", NULL);
    bench_until_ready(&bench, 0);
    for (uint64_t seq = 1; seq <= one.seq; seq++)
        one.bodies[seq].receipts = 0;
    for (uint64_t seq = one.seq; seq >= 1; seq--)
        bench_send(&bench, &one, seq, "late");
    bench_until(&bench, all_answered_again, "receipts for the capture");
    bench_check(&bench);
    ck_assert_int_eq(entries(), 200);
}
END_TEST

/* Row 76: both branches are kept and answered, whichever came first, and also when memory has forgotten the first. */
START_TEST(a_fork_keeps_every_branch)
{
    struct buffer body = {0};
    for (int i = 0; i < 5; i++)
        (void)sender_next(&one, 2);
    sender_clone(&two, &one);
    two.seq = 2;
    sender_body(&two, 3, 2, -7000, &body);
    sender_sign(&two, 3, buffer_view(&body));
    (void)sender_next(&two, 2);
    (void)sender_next(&two, 2);
    bench_join(&bench, &two);
    bool other_first = _i & 1;
    const struct sender *first = other_first ? &two : &one;
    for (uint64_t seq = 1; seq <= 5; seq++)
        bench_send(&bench, first, seq, "live");
    if (_i & 2) {
        while (sender_unreceipted(first))
            bench_pump(&bench, 10);
        ck_assert_int_eq(WEXITSTATUS(bench_signal(&bench, 0, SIGTERM)), 0);
        bench_start(&bench, 0, "", NULL);
        bench_until_ready(&bench, 0);
    }
    bench_deliver(&bench);
    bench_check(&bench);
    ck_assert_int_eq(entries(), 8);
    ck_assert_int_eq(postgres_number(bench.db, "SELECT count(*) FROM ledger.epoch WHERE disputed"), 1);
    buffer_free(&body);
}
END_TEST

/* A restored card: it holds the first bodies of an epoch whose later ones it never made, and knows no hash but its own. */
START_TEST(an_older_image_is_answered_as_far_as_it_goes)
{
    for (int i = 0; i < 3; i++)
        (void)sender_next(&one, 2);
    sender_clone(&two, &one);
    for (int i = 0; i < 5; i++)
        (void)sender_next(&one, 2);
    bench_deliver(&bench);
    bench_join(&bench, &two);
    ck_assert_uint_eq(sender_unreceipted(&two), 3);
    bench_deliver(&bench);
    bench_check(&bench);
    ck_assert_int_eq(entries(), 8);
}
END_TEST

static bool four_receipted(struct bench *of)
{
    (void)of;
    return one.bodies[1].receipted && one.bodies[2].receipted && one.bodies[5].receipted && one.bodies[6].receipted;
}

/* Row 77: stored beyond a gap, receipted so, over a restart; the later arrival closes it. */
START_TEST(a_gap_is_told_and_closed)
{
    for (int i = 0; i < 6; i++)
        (void)sender_next(&one, 2);
    const uint64_t early[] = {1, 2, 6, 5};
    for (int i = 0; i < 4; i++)
        bench_send(&bench, &one, early[i], "live");
    bench_until(&bench, four_receipted, "receipts on both sides of the gap");
    ck_assert(!one.bodies[3].receipted && !one.bodies[4].receipted);
    ck_assert_int_eq(postgres_number(bench.db, "SELECT through FROM ledger.epoch"), 2);
    if (_i) {
        (void)bench_signal(&bench, 0, SIGKILL);
        bench_start(&bench, 0, "", NULL);
    }
    bench_deliver(&bench);
    bench_check(&bench);
    ck_assert_int_eq(postgres_number(bench.db, "SELECT through FROM ledger.epoch WHERE NOT disputed"), 6);
}
END_TEST

/* Row 79: a body cut short at any length is stored as it is, if it still says whose it is and where it belongs. */
START_TEST(truncated_bodies_are_stored_or_counted)
{
    struct buffer body = {0};
    struct body_head head;
    for (size_t len = 1;; len++) {
        buffer_reset(&body);
        sender_body(&one, one.seq + 1, 3, 4000, &body);
        if (len > body.len)
            break;
        if (body_head_read(bytes_of(body.data, len), &head, &why) == DONE) {
            sender_sign(&one, one.seq + 1, bytes_of(body.data, len));
        } else {
            struct buffer envelope = {0};
            sender_wrap(&one, bytes_of(body.data, len), &envelope);
            send_bad(buffer_view(&envelope));
            buffer_free(&envelope);
        }
    }
    ck_assert_uint_gt(one.seq, 10);
    bench_deliver(&bench);
    bench_check(&bench);
    buffer_free(&body);
}
END_TEST

START_TEST(truncated_envelopes_are_counted)
{
    uint64_t seq = sender_next(&one, 3);
    struct bytes whole = sender_envelope(&one, seq);
    for (size_t len = 1; len < whole.len; len++)
        send_bad(bytes_of(whole.data, len));
    bench_until(&bench, quarantine_complete, "all counted");
    ck_assert_uint_eq(bench.receipts, 0);
    bench_deliver(&bench);
    bench_check(&bench);
}
END_TEST

/* Rows 80 and 88: what a strict reader refuses is stored raw and receipted; the fold judges it. */
START_TEST(odd_bodies_are_stored_as_they_are)
{
    static const struct {
        const char *bytes;
        size_t len;
    } tails[] = {
        {"\x00\x01", 2},                 /* field number 0 */
        {"\xfa\x7f\x01x", 4},            /* a field nobody knows */
        {"\x40\x81\x80\x80\x80\x00", 6}, /* a number longer than it need be */
        {"\x20\x07", 2},                 /* seq a second time */
        {"\x12\x02\xff\xfe", 4},         /* gateway a second time, not UTF-8 */
        {"\x52\x7f", 2},                 /* a length beyond the end */
        {"\x08\x02", 2},                 /* version a second time: 2 */
    };
    struct buffer body = {0};
    for (size_t i = 0; i < sizeof tails / sizeof tails[0]; i++) {
        buffer_reset(&body);
        sender_body(&one, one.seq + 1, 3, 4000, &body);
        buffer_add(&body, tails[i].bytes, tails[i].len);
        sender_sign(&one, one.seq + 1, buffer_view(&body));
    }
    buffer_reset(&body);
    sender_body(&one, one.seq + 1, 3, 4000, &body);
    ck_assert_uint_eq(body.data[1], 1); /* the version, first field */
    body.data[1] = 9;
    sender_sign(&one, one.seq + 1, buffer_view(&body));
    bench_deliver(&bench);
    bench_check(&bench);
    ck_assert_int_eq(entries(), (long)(sizeof tails / sizeof tails[0]) + 1);
    buffer_free(&body);
}
END_TEST

/* Row 81. */
START_TEST(a_huge_message_is_counted_and_a_large_envelope_stored)
{
    struct buffer huge = {0};
    uint8_t *room = buffer_reserve(&huge, 900000);
    ck_assert_ptr_nonnull(room);
    memset(room, 0x0a, 900000);
    huge.len = 900000;
    send_bad(buffer_view(&huge));
    (void)sender_next(&one, 20000);
    ck_assert_uint_gt(one.bodies[1].envelope.len, 19000);
    bench_deliver(&bench);
    bench_check(&bench);
    ck_assert_int_eq(postgres_number(bench.db, "SELECT length FROM ledger.quarantine"), 900000);
    ck_assert_int_le(postgres_number(bench.db, "SELECT length(message) FROM ledger.quarantine"), 65536);
    buffer_free(&huge);
}
END_TEST

/* s becomes order − s: the other half of the pair, valid for the curve and refused by us. */
static void make_high_s(uint8_t *signature)
{
    static const uint8_t order[32] = {0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                      0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51};
    int borrow = 0;
    for (int i = 31; i >= 0; i--) {
        int digit = order[i] - signature[32 + i] - borrow;
        borrow = digit < 0;
        signature[32 + i] = (uint8_t)digit;
    }
}

/* An envelope of seq 1 of gw-one, with its signature changed by `how`. */
static void send_forged(void (*how)(uint8_t *signature))
{
    struct envelope_view view;
    struct buffer copy = {0};
    uint8_t signature[SIGNATURE_LEN];
    ck_assert_int_eq(envelope_open(sender_envelope(&one, 1), &view, &why), DONE);
    memcpy(signature, view.signature, SIGNATURE_LEN);
    how(signature);
    ck_assert_int_eq(envelope_seal(view.body, view.key_id, signature, bytes_of(NULL, 0), &copy, &why), DONE);
    send_bad(buffer_view(&copy));
    buffer_free(&copy);
}

static void make_zero(uint8_t *signature)
{
    memset(signature, 0, SIGNATURE_LEN);
}

static void flip_a_bit(uint8_t *signature)
{
    signature[5] ^= 4;
}

/* Rows 82 and 84: unsigned, of other bytes, of the other half, by another's key: no receipt; the good one is stored. */
START_TEST(what_is_not_authentic_gets_no_receipt)
{
    struct buffer body = {0};
    struct buffer envelope = {0};
    struct sender thief;
    (void)sender_next(&one, 3);
    send_forged(make_zero);
    send_forged(flip_a_bit);
    send_forged(make_high_s);
    bench_add(&bench, &two, "gw-two");
    sender_clone(&thief, &two); /* two's key, one's name */
    memcpy(thief.id, one.id, sizeof thief.id);
    sender_body(&thief, 1, 3, 4000, &body);
    sender_wrap(&thief, buffer_view(&body), &envelope);
    send_bad(buffer_view(&envelope));
    bench_until(&bench, quarantine_complete, "all counted");
    ck_assert_uint_eq(bench.receipts, 0);
    ck_assert_int_eq(entries(), 0);
    ck_assert_int_eq(postgres_number(bench.db, "SELECT messages FROM ledger.quarantine_count WHERE cause = 'unknown_key'"), 1);
    ck_assert_int_eq(postgres_number(bench.db, "SELECT messages FROM ledger.quarantine_count WHERE cause = 'bad_signature'"), 3);
    bench_deliver(&bench);
    bench_check(&bench);
    sender_free(&thief);
    buffer_free(&body);
    buffer_free(&envelope);
}
END_TEST

/* A stranger can neither fill the table nor the memory. */
START_TEST(the_sample_of_bad_messages_is_bounded)
{
    for (int i = 0; i < 3000; i++) {
        send_bad(bytes_of("nonsense", 8));
        if (i % 200 == 0)
            bench_pump(&bench, 5);
    }
    bench_until(&bench, quarantine_complete, "all counted");
    ck_assert_int_le(postgres_number(bench.db, "SELECT count(*) FROM ledger.quarantine"), 1000);
    bench_check(&bench);
}
END_TEST

static bool is_quarantined(struct bench *of)
{
    return postgres_number(of->db, "SELECT coalesce(sum(messages), 0) FROM ledger.quarantine_count") > 0;
}

/* An enrolment that comes after the data heals it: the sender still has everything. */
START_TEST(a_key_registered_late_heals_what_came_before)
{
    sender_make(&two, "gw-two", bench.origin);
    (void)sender_next(&two, 3);
    bench_send(&bench, &two, 1, "live");
    bench_until(&bench, is_quarantined, "the unknown key counted");
    bench_register(&bench, &two);
    bench_join(&bench, &two);
    bench_deliver(&bench);
    bench.quarantined = (unsigned long)postgres_number(bench.db, "SELECT sum(messages) FROM ledger.quarantine_count");
    bench_check(&bench);
}
END_TEST

/* Row 85, the ledger's part: a revocation stops no receipt; what it does to the content is the fold's to say. */
START_TEST(a_revoked_key_is_still_stored)
{
    char id[2 * KEY_ID_LEN + 1];
    bytes_to_hex(bytes_of(one.key_id, KEY_ID_LEN), id);
    (void)postgres_number(bench.db, "INSERT INTO silsila.key_revocation (key_id, owner, trusted_epoch, trusted_seq, why,"
                                    " valid_from, epoch_no, seq, item, body_hash, place_in_order)"
                                    " VALUES ('\\x%s', 'gw-one', NULL, 0, 'test', now(), 0, 0, 0, '', ''); NOTIFY silsila_keys",
                          id);
    (void)sender_next(&one, 3);
    bench_deliver(&bench);
    bench_check(&bench);
}
END_TEST

/* A new epoch of the same sender beside the old one. */
START_TEST(epochs_are_kept_apart)
{
    for (int i = 0; i < 10; i++)
        (void)sender_next(&one, 2);
    bench_deliver(&bench);
    bench_check(&bench);
    sender_new_epoch(&one);
    for (int i = 0; i < 10; i++)
        (void)sender_next(&one, 2);
    bench_deliver(&bench);
    bench_check(&bench);
    ck_assert_int_eq(postgres_number(bench.db, "SELECT count(*) FROM ledger.epoch"), 2);
    ck_assert_int_eq(entries(), 20);
}
END_TEST

/* Full tiles are stored, and a restart finds the unfinished ones again. */
START_TEST(tiles_survive_restarts)
{
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 300; i++)
            (void)sender_next(&one, 1);
        bench_deliver(&bench);
        (void)bench_signal(&bench, 0, round % 2 ? SIGTERM : SIGKILL);
        bench_start(&bench, 0, "", NULL);
        bench_until_ready(&bench, 0);
    }
    bench_check(&bench);
    ck_assert_int_eq(postgres_number(bench.db, "SELECT count(*) FROM ledger.tile WHERE level = 0"), 3);
}
END_TEST

/* Configurations and notices that the fold wants sent are signed, sent, marked; retained ones again after the broker's end. */
static unsigned configs;

static void on_config(struct mosquitto *mqtt, void *object, const struct mosquitto_message *message)
{
    struct envelope_view view;
    uint8_t hash[HASH_LEN];
    (void)mqtt;
    (void)object;
    if (strncmp(message->topic, "silsila/v1/config/", 18) != 0)
        return;
    ck_assert_int_eq(envelope_open(bytes_of(message->payload, (size_t)message->payloadlen), &view, &why), DONE);
    sha256(view.body, hash);
    ck_assert_int_eq(key_verify_hash(bench.server_public, PURPOSE_CONFIG, bench.origin, hash, view.signature, &why), DONE);
    ck_assert_uint_eq(view.body.len, 3);
    ck_assert_uint_gt(view.certificate.len, 0);
    configs++;
}

static bool config_came(struct bench *of)
{
    (void)of;
    return configs > 0;
}

static bool all_marked(struct bench *of)
{
    return postgres_number(of->db, "SELECT count(*) FROM silsila.outgoing WHERE sent_at IS NULL") == 0;
}

static void subscribe_config(void)
{
    configs = 0;
    mosquitto_message_callback_set(bench.mqtt, on_config);
    ck_assert_int_eq(mosquitto_subscribe(bench.mqtt, NULL, "silsila/v1/config/+", 1), MOSQ_ERR_SUCCESS);
}

START_TEST(what_the_fold_wants_sent_is_signed_and_sent)
{
    subscribe_config();
    (void)postgres_number(bench.db, "INSERT INTO silsila.outgoing (topic, purpose, retained, payload)"
                                    " VALUES ('silsila/v1/config/gw-one', 'config', true, 'old'),"
                                    " ('silsila/v1/config/gw-one', 'config', true, 'new'); NOTIFY silsila_outgoing");
    bench_until(&bench, config_came, "the configuration on its topic");
    bench_until(&bench, all_marked, "sent ones marked");
    broker_signal(&bench.broker, SIGKILL);
    broker_start(&bench.broker, "allow_anonymous true\nmax_queued_messages 50000\nmessage_size_limit 1000000\n");
    while (mosquitto_reconnect(bench.mqtt) != MOSQ_ERR_SUCCESS)
        bench_pump(&bench, 20);
    subscribe_config();
    bench_until(&bench, config_came, "the retained configuration again");
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("ingest append");
    TCase *c = tcase_create("append");
    tcase_set_timeout(c, 120);
    tcase_add_unchecked_fixture(c, once, once_over);
    tcase_add_checked_fixture(c, open_bench, close_bench);
    tcase_add_test(c, what_arrives_is_stored_and_receipted);
    tcase_add_test(c, the_path_and_the_lane_are_stored);
    tcase_add_test(c, one_bad_of_500_is_alone_in_its_fate);
    tcase_add_test(c, a_duplicate_is_stored_once_and_answered_again);
    tcase_add_test(c, an_old_capture_changes_nothing_and_is_answered);
    tcase_add_loop_test(c, a_fork_keeps_every_branch, 0, 4);
    tcase_add_test(c, an_older_image_is_answered_as_far_as_it_goes);
    tcase_add_loop_test(c, a_gap_is_told_and_closed, 0, 2);
    tcase_add_test(c, truncated_bodies_are_stored_or_counted);
    tcase_add_test(c, truncated_envelopes_are_counted);
    tcase_add_test(c, odd_bodies_are_stored_as_they_are);
    tcase_add_test(c, a_huge_message_is_counted_and_a_large_envelope_stored);
    tcase_add_test(c, what_is_not_authentic_gets_no_receipt);
    tcase_add_test(c, the_sample_of_bad_messages_is_bounded);
    tcase_add_test(c, a_key_registered_late_heals_what_came_before);
    tcase_add_test(c, a_revoked_key_is_still_stored);
    tcase_add_test(c, epochs_are_kept_apart);
    tcase_add_test(c, tiles_survive_restarts);
    tcase_add_test(c, what_the_fold_wants_sent_is_signed_and_sent);
    suite_add_tcase(s, c);
    return s;
}

TEST_MAIN(suite)
