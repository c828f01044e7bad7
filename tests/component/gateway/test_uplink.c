/* gateway/uplink.c against a real Mosquitto, with a small server on the other side that signs receipts: rows 29, 30, 35, 49,
 * 89 and 91 of the fault list. Bodies are the outbox bench's texts: nobody here looks into them. */
#include "gateway/uplink.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/log.h"
#include "tests/helpers/broker.h"
#include "tests/helpers/check_main.h"
#include "tests/helpers/outbox_bench.h"
#include "tests/helpers/server_words.h"

enum { DEADLINE_MS = 40000, BODIES = 300 };

static struct broker broker;
static struct scratch scratch;
static struct loop *loop;
static struct clock clock_now;
static struct outbox *o;
static struct uplink *uplink;
static struct why why;
static struct key_private *authority, *server_key, *rogue;
static const uint8_t origin[32] = {4, 2};

/* The server: holds what came, answers each arrival with a receipt as far as it has no gap. */
static struct server {
    struct mqtt *mqtt;
    bool stored[BODIES + 64];
    uint64_t through, arrivals, live, late;
    unsigned lose_every; /* of its receipts this many-th is lost; 0: none */
    const struct key_private *signs;
    bool silent;
    char status[16];
} server;

static int securities, configs, links;

static void send_receipt(const uint8_t epoch[16])
{
    uint8_t hash[32];
    hash_of_body(epoch, server.through, hash);
    scoped_by(buffer_free) struct buffer payload = receipt_payload(origin, "gw-one", epoch, server.through, hash, 64, NULL, NULL);
    scoped_by(buffer_free) struct buffer raw =
        signed_message(PURPOSE_RECEIPT, buffer_view(&payload), server.signs, server.signs == rogue ? rogue : authority, 1,
                       origin);
    if (mqtt_publish(server.mqtt, "silsila/v1/receipt/gw-one", buffer_view(&raw), 1, false, NULL, &why) != DONE)
        server.silent = false; /* it comes again with the next arrival */
}

static void server_message(void *context, const char *topic, struct bytes payload, bool retained)
{
    (void)context;
    (void)retained;
    char text[128], hex[33];
    unsigned long long seq;
    uint8_t epoch[16];
    if (strstr(topic, "/status/")) {
        (void)snprintf(server.status, sizeof server.status, "%.*s", (int)payload.len, (const char *)payload.data);
        return;
    }
    (void)snprintf(text, sizeof text, "%.*s", (int)payload.len, (const char *)payload.data);
    ck_assert_int_eq(sscanf(text, "body %32s %llu", hex, &seq), 2);
    ck_assert(bytes_from_hex(hex, epoch, 16));
    ck_assert_uint_lt(seq, sizeof server.stored);
    server.stored[seq] = true;
    server.arrivals++;
    server.live += strstr(topic, "/live") != NULL;
    server.late += strstr(topic, "/late") != NULL;
    while (server.stored[server.through + 1])
        server.through++;
    bool lost = server.lose_every && server.arrivals % server.lose_every == 0;
    if (!server.silent && !lost && server.through > 0)
        send_receipt(epoch);
}

static void nothing(void *context)
{
    (void)context;
}

static void server_down(void *context, const char *reason)
{
    (void)context;
    (void)reason;
}

static void server_puback(void *context, int mid, int reason)
{
    (void)context;
    (void)mid;
    (void)reason;
}

static void on_config(void *context, struct bytes payload, struct bytes raw)
{
    (void)context;
    (void)payload;
    (void)raw;
    configs++;
}

static void on_security(void *context, const char *text)
{
    (void)context;
    (void)text;
    securities++;
}

static int64_t claimed; /* 0: the uplink is not told of any but the machine's */

static int64_t claimed_ms(void *context)
{
    (void)context;
    return claimed;
}

static void on_link(void *context, bool up)
{
    (void)context;
    links += up;
}

/* The outbox as the uplink finds it: reads fail as long as `reads_to_fail` says. */
static unsigned reads_to_fail;

enum outcome __real_outbox_unreceipted(struct outbox *, const uint8_t[16], uint64_t, size_t,
                                       bool (*)(void *, const struct outbox_envelope *), void *, struct why *);
enum outcome __wrap_outbox_unreceipted(struct outbox *, const uint8_t[16], uint64_t, size_t,
                                       bool (*)(void *, const struct outbox_envelope *), void *, struct why *);

enum outcome __wrap_outbox_unreceipted(struct outbox *outbox, const uint8_t epoch[16], uint64_t after_seq, size_t most,
                                       bool (*each)(void *, const struct outbox_envelope *), void *context,
                                       struct why *reason)
{
    if (reads_to_fail > 0 && reads_to_fail-- > 0)
        return fail(reason, RETRY, "the medium fails");
    return __real_outbox_unreceipted(outbox, epoch, after_seq, most, each, context, reason);
}

static void start_broker(void)
{
    broker_start(&broker, "allow_anonymous true\nmax_queued_messages 10000\n");
}

static void open_server(void)
{
    struct mqtt_settings settings = {.host = "127.0.0.1", .port = broker.port, .client_id = "server", .clean_start = true,
                                     .backoff_first_ms = 20, .backoff_most_ms = 100};
    struct mqtt_callbacks callbacks = {NULL, nothing, server_down, server_message, server_puback, nothing};
    ck_assert(mqtt_open(&server.mqtt, loop, &settings, &callbacks, &why) == DONE);
    ck_assert(mqtt_subscribe(server.mqtt, "silsila/v1/up/0/+/+", &why) == DONE);
    ck_assert(mqtt_subscribe(server.mqtt, "silsila/v1/status/+", &why) == DONE);
}

static void open_uplink(void)
{
    scoped_by(buffer_free) struct buffer der = public_der(authority);
    struct uplink_settings settings = {.gateway = "gw-one", .authority_key = buffer_view(&der), .resend_first_ms = 200,
                                       .resend_most_ms = 2000,
                                       .mqtt = {.host = "127.0.0.1", .port = broker.port, .backoff_first_ms = 20,
                                                .backoff_most_ms = 100}};
    struct uplink_callbacks callbacks = {.on_config = on_config, .on_security = on_security, .on_link = on_link};
    if (claimed > 0)
        callbacks.claimed_ms = claimed_ms;
    memcpy(settings.origin, origin, 32);
    ck_assert_msg(uplink_open(&uplink, loop, o, &settings, &callbacks, &why) == DONE, "%s", why.text);
}

static void set_up(void)
{
    log_set_level(LOG_LEVEL_ERROR);
    clock_now = clock_system();
    scratch_make(&scratch);
    scratch.settings.retention_ms = INT64_MAX / 4;
    ck_assert(loop_open(&loop, &clock_now, &why) == DONE);
    ck_assert(outbox_open(&o, &scratch.settings, 1, &why) == DONE);
    ck_assert(key_generate(&authority, &why) == DONE && key_generate(&server_key, &why) == DONE &&
              key_generate(&rogue, &why) == DONE);
    memset(&server, 0, sizeof server);
    server.signs = server_key;
    broker_make(&broker);
    start_broker();
}

static void tear_down(void)
{
    uplink_close(&uplink);
    mqtt_close(&server.mqtt);
    outbox_close(&o);
    loop_close(&loop);
    broker_remove(&broker);
    scratch_remove(&scratch);
    key_private_free(&authority);
    key_private_free(&server_key);
    key_private_free(&rogue);
}

static void turn_until(bool (*true_at_last)(void), const char *what)
{
    int64_t end_ms = clock_read(&clock_now).boot_ms + DEADLINE_MS;
    while (!true_at_last()) {
        ck_assert_msg(clock_read(&clock_now).boot_ms < end_ms, "waited in vain: %s", what);
        ck_assert(loop_turn(loop, 20, &why) == DONE);
    }
}

static uint64_t unreceipted(void)
{
    struct outbox_state state;
    outbox_read_state(o, &state);
    return state.unreceipted;
}

static bool all_receipted(void)
{
    return unreceipted() == 0;
}

static bool server_up(void)
{
    return mqtt_is_up(server.mqtt);
}

static bool uplink_up(void)
{
    struct uplink_state state;
    uplink_read_state(uplink, &state);
    return state.up;
}

static void seal(int count)
{
    for (int i = 0; i < count; i++)
        ck_assert(seal_all(o, 10, &why) == DONE);
}

START_TEST(a_backlog_goes_late_and_what_is_sealed_now_goes_live)
{
    seal(BODIES);
    open_server();
    turn_until(server_up, "the server connects");
    open_uplink();
    turn_until(uplink_up, "the uplink connects");
    seal(3);
    uplink_sealed(uplink);
    turn_until(all_receipted, "everything is receipted");
    ck_assert_uint_eq(server.through, BODIES + 3);
    ck_assert_uint_ge(server.live, 3);
    ck_assert_uint_ge(server.late, BODIES);
    ck_assert_str_eq(server.status, "online");
    ck_assert_int_eq(securities, 0);
}
END_TEST

/* A machine whose clock is decades behind the claimed one, which is the one that tidies. */
START_TEST(what_is_receipted_is_kept_by_the_claimed_clock)
{
    struct outbox_state state;
    claimed = INT64_C(4000000000000);
    outbox_close(&o);
    scratch.settings.retention_ms = 60000;
    ck_assert(outbox_open(&o, &scratch.settings, claimed, &why) == DONE);
    seal(5);
    open_server();
    open_uplink();
    turn_until(all_receipted, "everything is receipted");
    ck_assert(outbox_tidy(o, claimed + 59000, &why) == DONE);
    outbox_read_state(o, &state);
    ck_assert_uint_eq(state.receipted_kept, 5);
    ck_assert(outbox_tidy(o, claimed + 61000, &why) == DONE);
    outbox_read_state(o, &state);
    ck_assert_uint_eq(state.receipted_kept, 0);
}
END_TEST

static bool half_way(void)
{
    return server.through > BODIES / 2;
}

START_TEST(a_broker_that_dies_half_way_costs_nothing)
{
    server.lose_every = 3;
    seal(BODIES);
    open_server();
    open_uplink();
    turn_until(half_way, "half of it arrives");
    broker_signal(&broker, SIGKILL);
    ck_assert_uint_gt(unreceipted(), 0);
    start_broker();
    turn_until(all_receipted, "everything is receipted");
    for (uint64_t seq = 1; seq <= BODIES; seq++)
        ck_assert_msg(server.stored[seq], "seq %d was forgotten and never arrived", (int)seq);
    ck_assert_int_eq(links, 2);
}
END_TEST

static uint64_t sent_at_least;

static bool sent_enough(void)
{
    struct uplink_state state;
    uplink_read_state(uplink, &state);
    return state.pubacks >= sent_at_least;
}

START_TEST(with_nobody_there_pubacks_empty_nothing)
{
    seal(20);
    open_uplink();
    sent_at_least = 40; /* each more than once: by the timer */
    turn_until(sent_enough, "the broker takes them, and again");
    ck_assert_uint_eq(unreceipted(), 20);
    open_server();
    turn_until(all_receipted, "everything is receipted once somebody is there");
}
END_TEST

static bool reads_have_failed(void)
{
    return reads_to_fail == 0;
}

START_TEST(what_cannot_be_read_for_a_while_is_neither_forgotten_nor_passed_over)
{
    struct uplink_state before, after;
    seal(20);
    open_uplink();
    sent_at_least = 20;
    turn_until(sent_enough, "the broker takes some"); /* all that the window holds are on the way */
    uplink_read_state(uplink, &before);
    reads_to_fail = 2;
    turn_until(reads_have_failed, "reads fail when they are due again");
    uplink_read_state(uplink, &after);
    ck_assert_uint_gt(before.on_the_way, 0);
    ck_assert_uint_eq(after.on_the_way, before.on_the_way);
    open_server();
    turn_until(all_receipted, "everything is receipted");
}
END_TEST

static bool told(void)
{
    return securities > 0;
}

START_TEST(a_rogue_server_empties_nothing_and_is_told_once)
{
    server.signs = rogue;
    seal(20);
    open_server();
    turn_until(server_up, "the server connects");
    open_uplink();
    turn_until(told, "the forgery is told");
    sent_at_least = 60;
    turn_until(sent_enough, "more is sent");
    ck_assert_uint_eq(unreceipted(), 20);
    ck_assert_int_eq(securities, 1);
    server.signs = server_key;
    turn_until(all_receipted, "the right server's receipts count");
}
END_TEST

static bool is_offline(void)
{
    return strcmp(server.status, "offline") == 0;
}

START_TEST(a_clean_stop_says_offline)
{
    open_server();
    turn_until(server_up, "the server connects");
    open_uplink();
    turn_until(uplink_up, "the uplink connects");
    uplink_close(&uplink);
    turn_until(is_offline, "the status is offline");
}
END_TEST

static bool config_came(void)
{
    return configs > 0;
}

START_TEST(a_right_configuration_is_handed_on)
{
    static char id[] = "gw-one";
    uint8_t ledger[32];
    Silsila__V1__GatewayConfig config = SILSILA__V1__GATEWAY_CONFIG__INIT;
    scoped_by(buffer_free) struct buffer payload = {0};
    memcpy(ledger, origin, 32);
    config.origin = (ProtobufCBinaryData){32, ledger};
    config.gateway = id;
    config.version = 3;
    ck_assert(wire_encode(&config.base, 65536, &payload, &why) == DONE);
    scoped_by(buffer_free) struct buffer raw =
        signed_message(PURPOSE_CONFIG, buffer_view(&payload), server_key, authority, 1, origin);
    open_server();
    turn_until(server_up, "the server connects");
    ck_assert(mqtt_publish(server.mqtt, "silsila/v1/config/gw-one", buffer_view(&raw), 1, true, NULL, &why) == DONE);
    open_uplink();
    turn_until(config_came, "the configuration comes");
    ck_assert_int_eq(securities, 0);
}
END_TEST

static Suite *suite_of_uplink(void)
{
    Suite *s = suite_create("uplink");
    TCase *t = tcase_create("uplink");
    tcase_set_timeout(t, 60);
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, a_backlog_goes_late_and_what_is_sealed_now_goes_live);
    tcase_add_test(t, what_is_receipted_is_kept_by_the_claimed_clock);
    tcase_add_test(t, a_broker_that_dies_half_way_costs_nothing);
    tcase_add_test(t, with_nobody_there_pubacks_empty_nothing);
    tcase_add_test(t, what_cannot_be_read_for_a_while_is_neither_forgotten_nor_passed_over);
    tcase_add_test(t, a_rogue_server_empties_nothing_and_is_told_once);
    tcase_add_test(t, a_clean_stop_says_offline);
    tcase_add_test(t, a_right_configuration_is_handed_on);
    suite_add_tcase(s, t);
    return s;
}

TEST_MAIN(suite_of_uplink)
