/* common/mqtt.c against a real Mosquitto: each test has its own broker and its own certificates. */
#include "common/mqtt.h"
#include "tests/helpers/broker.h"
#include "tests/helpers/check_main.h"

#include <mqtt_protocol.h>
#include <signal.h>
#include <string.h>

enum { DEADLINE_MS = 30000 };

#define PLAIN "allow_anonymous true\n"

struct client {
    struct mqtt *mqtt;
    int ups, downs, messages, pubacks, writables;
    int last_reason;
    bool last_retained;
    char last_payload[64];
    char why[256];
    int pause_at; /* pause when this many messages came; 0: never */
};

static struct broker broker;
static struct loop *loop;
static struct clock clock_now;
static struct why why;

static void on_up(void *context)
{
    ((struct client *)context)->ups++;
}

static void on_down(void *context, const char *reason)
{
    struct client *client = context;
    client->downs++;
    (void)snprintf(client->why, sizeof client->why, "%s", reason);
}

static void on_message(void *context, const char *topic, struct bytes payload, bool retained)
{
    struct client *client = context;
    (void)topic;
    client->messages++;
    client->last_retained = retained;
    (void)snprintf(client->last_payload, sizeof client->last_payload, "%.*s", (int)payload.len, (const char *)payload.data);
    if (client->messages == client->pause_at)
        mqtt_pause_reading(client->mqtt);
}

static void on_puback(void *context, int mid, int reason)
{
    struct client *client = context;
    (void)mid;
    client->pubacks++;
    client->last_reason = reason;
}

static void on_writable(void *context)
{
    ((struct client *)context)->writables++;
}

static void set_up(void)
{
    clock_now = clock_system();
    ck_assert_int_eq(loop_open(&loop, &clock_now, &why), DONE);
    broker_make(&broker);
}

static void tear_down(void)
{
    broker_remove(&broker);
    loop_close(&loop);
}

static void open_client(struct client *client, const struct mqtt_settings *wanted)
{
    struct mqtt_settings settings = *wanted;
    const struct mqtt_callbacks callbacks = {
        .context = client, .on_up = on_up, .on_down = on_down, .on_message = on_message, .on_puback = on_puback,
        .on_writable = on_writable,
    };
    settings.host = settings.host ? settings.host : "127.0.0.1";
    settings.port = settings.port ? settings.port : broker.port;
    settings.backoff_first_ms = 20;
    settings.backoff_most_ms = 200;
    ck_assert_int_eq(mqtt_open(&client->mqtt, loop, &settings, &callbacks, &why), DONE);
}

static void open_plain(struct client *client, const char *id)
{
    open_client(client, &(struct mqtt_settings){.client_id = id, .clean_start = true});
}

/* Turns the loop until `condition` holds; fails the test after the deadline. */
#define UNTIL(condition)                                                                                               \
    do {                                                                                                               \
        int64_t until_ms = clock_read(&clock_now).boot_ms + DEADLINE_MS;                                                 \
        while (!(condition)) {                                                                                         \
            ck_assert_msg(clock_read(&clock_now).boot_ms < until_ms, "waited in vain for %s", #condition);               \
            ck_assert_int_eq(loop_turn(loop, 100, &why), DONE);                                                        \
        }                                                                                                              \
    } while (0)

static void publish(struct client *client, const char *topic, const char *text, bool retain)
{
    ck_assert_int_eq(mqtt_publish(client->mqtt, topic, bytes_of(text, strlen(text)), 1, retain, NULL, &why), DONE);
}

START_TEST(a_message_goes_round_and_is_acknowledged)
{
    struct client one = {0}, two = {0};
    broker_start(&broker, PLAIN);
    open_plain(&one, "one");
    ck_assert_int_eq(mqtt_subscribe(one.mqtt, "silsila/v1/receipt/one", &why), DONE);
    UNTIL(one.ups == 1);
    open_plain(&two, "two");
    UNTIL(two.ups == 1);
    ck_assert_str_eq(mqtt_state_word(two.mqtt), "up");
    publish(&two, "silsila/v1/receipt/one", "hello", false);
    ck_assert_uint_eq(mqtt_unacknowledged(two.mqtt), 1);
    UNTIL(one.messages == 1 && two.pubacks == 1);
    ck_assert_str_eq(one.last_payload, "hello");
    ck_assert(!one.last_retained);
    ck_assert_int_eq(two.last_reason, 0);
    ck_assert_uint_eq(mqtt_unacknowledged(two.mqtt), 0);
    ck_assert_int_eq(two.writables, 1);
    mqtt_close(&one.mqtt);
    mqtt_close(&two.mqtt);
}
END_TEST

START_TEST(a_subscription_made_while_up_brings_what_is_retained)
{
    struct client one = {0};
    broker_start(&broker, PLAIN);
    open_plain(&one, "one");
    UNTIL(one.ups == 1);
    publish(&one, "silsila/v1/config/one", "v7", true);
    UNTIL(one.pubacks == 1);
    ck_assert_int_eq(mqtt_subscribe(one.mqtt, "silsila/v1/config/+", &why), DONE);
    UNTIL(one.messages == 1);
    ck_assert(one.last_retained);
    ck_assert_int_eq(mqtt_subscribe(one.mqtt, "not/a#/filter", &why), REJECT);
    mqtt_close(&one.mqtt);
}
END_TEST

START_TEST(a_killed_broker_is_found_again_and_subscribed_again)
{
    struct client one = {0};
    broker_start(&broker, PLAIN);
    open_plain(&one, "one");
    ck_assert_int_eq(mqtt_subscribe(one.mqtt, "t/#", &why), DONE);
    UNTIL(one.ups == 1);
    for (int round = 2; round < 5; round++) {
        broker_signal(&broker, round == 3 ? SIGTERM : SIGKILL);
        UNTIL(one.downs >= 1);
        ck_assert(!mqtt_is_up(one.mqtt));
        ck_assert_int_eq(mqtt_publish(one.mqtt, "t/x", bytes_of("a", 1), 1, false, NULL, &why), RETRY);
        int tries = one.downs + 2;
        UNTIL(one.downs >= tries); /* refused again and again while it is away */
        broker_start(&broker, PLAIN);
        UNTIL(one.ups == round);
        publish(&one, "t/x", "again", false);
        UNTIL(one.messages == round - 1);
        one.downs = 0;
    }
    mqtt_close(&one.mqtt);
}
END_TEST

START_TEST(puback_tells_when_nobody_subscribes_or_the_access_list_forbids)
{
    struct client one = {0};
    char lines[256], path[128];
    (void)snprintf(path, sizeof path, "%s/acl", broker.folder);
    FILE *file = fopen(path, "we");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs("topic readwrite open/#\n", file), 0);
    ck_assert_int_eq(fclose(file), 0);
    (void)snprintf(lines, sizeof lines, PLAIN "acl_file %s\n", path);
    broker_start(&broker, lines);
    open_plain(&one, "one");
    UNTIL(one.ups == 1);
    publish(&one, "open/x", "a", false);
    UNTIL(one.pubacks == 1);
    ck_assert_int_eq(one.last_reason, MQTT_RC_NO_MATCHING_SUBSCRIBERS);
    publish(&one, "closed/x", "a", false);
    UNTIL(one.pubacks == 2);
    ck_assert_int_eq(one.last_reason, MQTT_RC_NOT_AUTHORIZED);
    mqtt_close(&one.mqtt);
}
END_TEST

START_TEST(a_paused_reader_gets_nothing_until_it_resumes)
{
    struct client reader = {.pause_at = 1}, writer = {0};
    broker_start(&broker, PLAIN "max_queued_messages 0\nmax_inflight_messages 0\n");
    open_plain(&reader, "reader");
    ck_assert_int_eq(mqtt_subscribe(reader.mqtt, "t/#", &why), DONE);
    UNTIL(reader.ups == 1);
    open_plain(&writer, "writer");
    UNTIL(writer.ups == 1);
    for (int i = 0; i < 500; i++)
        publish(&writer, "t/x", "m", false);
    UNTIL(writer.pubacks == 500);
    ck_assert_int_ge(reader.messages, 1);
    int paused_at = reader.messages;
    ck_assert_int_lt(paused_at, 500);
    for (int i = 0; i < 50; i++)
        ck_assert_int_eq(loop_turn(loop, 0, &why), DONE);
    ck_assert_int_eq(reader.messages, paused_at);
    mqtt_resume_reading(reader.mqtt);
    UNTIL(reader.messages == 500);
    mqtt_close(&reader.mqtt);
    mqtt_close(&writer.mqtt);
}
END_TEST

START_TEST(a_paused_reader_stays_away_until_it_resumes)
{
    struct client one = {0};
    broker_start(&broker, PLAIN);
    open_plain(&one, "one");
    UNTIL(one.ups == 1);
    mqtt_pause_reading(one.mqtt);
    broker_signal(&broker, SIGKILL);
    UNTIL(one.downs == 1);
    broker_start(&broker, PLAIN);
    int64_t end_ms = clock_read(&clock_now).boot_ms + 300; /* the backoff is at most 200 ms here */
    while (clock_read(&clock_now).boot_ms < end_ms)
        ck_assert_int_eq(loop_turn(loop, 20, &why), DONE);
    ck_assert_int_eq(one.ups, 1);
    mqtt_resume_reading(one.mqtt);
    UNTIL(one.ups == 2);
    mqtt_close(&one.mqtt);
}
END_TEST

START_TEST(a_session_keeps_what_came_while_away)
{
    struct client one = {0}, two = {0};
    const struct mqtt_settings session = {.client_id = "one", .clean_start = false, .session_expiry_s = 3600};
    broker_start(&broker, PLAIN);
    open_client(&one, &session);
    ck_assert_int_eq(mqtt_subscribe(one.mqtt, "t/#", &why), DONE);
    UNTIL(one.ups == 1);
    mqtt_close(&one.mqtt);
    open_plain(&two, "two");
    UNTIL(two.ups == 1);
    publish(&two, "t/x", "kept", false);
    UNTIL(two.pubacks == 1);
    open_client(&one, &session);
    UNTIL(one.messages == 1);
    ck_assert_str_eq(one.last_payload, "kept");
    mqtt_close(&one.mqtt);
    mqtt_close(&two.mqtt);
}
END_TEST

START_TEST(the_will_is_published_for_the_dead_and_not_for_the_leaving)
{
    struct client watcher = {0}, one = {0};
    const struct mqtt_settings settings = {
        .client_id = "one", .clean_start = true, .will_topic = "silsila/v1/status/one", .will = {(const uint8_t *)"offline", 7}};
    broker_start(&broker, PLAIN);
    open_plain(&watcher, "watcher");
    ck_assert_int_eq(mqtt_subscribe(watcher.mqtt, "silsila/v1/status/+", &why), DONE);
    UNTIL(watcher.ups == 1);
    open_client(&one, &settings);
    UNTIL(one.ups == 1);
    publish(&one, "silsila/v1/status/one", "leaving", true);
    mqtt_close(&one.mqtt);
    UNTIL(watcher.messages == 1);
    ck_assert_str_eq(watcher.last_payload, "leaving");
    /* The same name again throws the first out, which is a death. */
    struct client first = {0}, second = {0};
    open_client(&first, &settings);
    UNTIL(first.ups == 1);
    open_plain(&second, "one");
    UNTIL(watcher.messages == 2);
    ck_assert_str_eq(watcher.last_payload, "offline");
    mqtt_close(&first.mqtt);
    mqtt_close(&second.mqtt);
    mqtt_close(&watcher.mqtt);
}
END_TEST

/* TLS. */

static char paths[5][128];

static struct mqtt_settings tls_settings(const char *ca, const char *client)
{
    (void)snprintf(paths[0], sizeof paths[0], "%s/%s/ca.crt", broker.folder, ca);
    (void)snprintf(paths[1], sizeof paths[1], "%s/good/%s.crt", broker.folder, client);
    (void)snprintf(paths[2], sizeof paths[2], "%s/good/%s.key", broker.folder, client);
    return (struct mqtt_settings){
        .client_id = client, .tls_ca = paths[0], .tls_cert = paths[1], .tls_key = paths[2], .clean_start = true};
}

static const char *tls_lines(const char *ca, const char *server)
{
    static char lines[1024];
    (void)snprintf(lines, sizeof lines,
                   "cafile %s/good/ca.crt\ncertfile %s/%s/%s.crt\nkeyfile %s/%s/%s.key\nrequire_certificate true\n"
                   "use_identity_as_username true\nallow_anonymous false\n",
                   broker.folder, broker.folder, ca, server, broker.folder, ca, server);
    return lines;
}

static void make_certificates(void)
{
    broker_certificate(&broker, "good", "init", "");
    broker_certificate(&broker, "good", "server", "broker");
    broker_certificate(&broker, "good", "client", "gw-one");
    broker_certificate(&broker, "bad", "init", "");
    broker_certificate(&broker, "bad", "server", "broker");
}

START_TEST(tls_both_ways_carries_messages)
{
    struct client one = {0};
    static char big[20000];
    memset(big, 'b', sizeof big);
    make_certificates();
    broker_start(&broker, tls_lines("good", "broker"));
    struct mqtt_settings settings = tls_settings("good", "gw-one");
    open_client(&one, &settings);
    ck_assert_int_eq(mqtt_subscribe(one.mqtt, "t/#", &why), DONE);
    UNTIL(one.ups == 1);
    for (int i = 0; i < 100; i++)
        ck_assert_int_eq(mqtt_publish(one.mqtt, "t/x", bytes_of(big, sizeof big), 1, false, NULL, &why), DONE);
    UNTIL(one.messages == 100 && one.pubacks == 100);
    ck_assert_int_eq(one.downs, 0);
    mqtt_close(&one.mqtt);
}
END_TEST

static int64_t time_held(void *context)
{
    return *(int64_t *)context;
}

START_TEST(certificates_are_held_against_the_time_that_is_claimed)
{
    struct client one = {0};
    int64_t now_ms = 0; /* 1970, as a board without a clock would say */
    make_certificates();
    broker_start(&broker, tls_lines("good", "broker"));
    struct mqtt_settings settings = tls_settings("good", "gw-one");
    settings.tls_time_ms = time_held;
    settings.tls_time_context = &now_ms;
    open_client(&one, &settings);
    UNTIL(one.downs >= 2);
    ck_assert_int_eq(one.ups, 0);
    now_ms = clock_read(&clock_now).wall_ms; /* the ratchet, or a synchronisation: no restart is needed */
    UNTIL(one.ups == 1);
    mqtt_close(&one.mqtt);
}
END_TEST

START_TEST(a_wrong_broker_gets_no_data_and_a_right_one_is_found_without_restart)
{
    struct client one = {0};
    make_certificates();
    broker_start(&broker, tls_lines("bad", "broker"));
    struct mqtt_settings settings = tls_settings("good", "gw-one");
    open_client(&one, &settings);
    UNTIL(one.downs == 3);
    ck_assert_int_eq(one.ups, 0);
    ck_assert_msg(strstr(one.why, "certificate verify failed"), "%s", one.why);
    broker_signal(&broker, SIGKILL);
    broker_start(&broker, tls_lines("good", "broker"));
    UNTIL(one.ups == 1);
    mqtt_close(&one.mqtt);
}
END_TEST

START_TEST(a_broker_of_another_name_is_refused)
{
    struct client one = {0};
    make_certificates();
    broker_start(&broker, tls_lines("good", "broker"));
    struct mqtt_settings settings = tls_settings("good", "gw-one");
    settings.host = "127.0.0.2"; /* reaches nobody or the wrong one: the certificate names 127.0.0.1 */
    broker_signal(&broker, SIGKILL);
    char lines[2200];
    (void)snprintf(lines, sizeof lines, "%slistener %d 127.0.0.2\n%s", tls_lines("good", "broker"), broker.port,
                   tls_lines("good", "broker"));
    broker_start(&broker, lines);
    open_client(&one, &settings);
    UNTIL(one.downs == 2);
    ck_assert_int_eq(one.ups, 0);
    ck_assert_msg(strstr(one.why, "host name"), "%s", one.why);
    mqtt_close(&one.mqtt);
}
END_TEST

START_TEST(certificates_put_in_place_later_are_taken_up)
{
    struct client one = {0};
    make_certificates();
    broker_start(&broker, tls_lines("good", "broker"));
    struct mqtt_settings settings = tls_settings("good", "gw-two");
    open_client(&one, &settings);
    UNTIL(one.downs == 2);
    broker_certificate(&broker, "good", "client", "gw-two");
    UNTIL(one.ups == 1);
    mqtt_close(&one.mqtt);
}
END_TEST

START_TEST(a_peer_that_never_answers_is_left_at_the_deadline)
{
    struct client one = {0};
    struct clock_reading held = clock_read(&clock_now);
    struct clock hand = clock_held(&held);
    struct loop *real = loop;
    ck_assert_int_eq(loop_open(&loop, &hand, &why), DONE);
    broker_start(&broker, PLAIN);
    broker_signal(&broker, SIGSTOP);
    open_plain(&one, "one");
    for (int i = 0; i < 5; i++)
        ck_assert_int_eq(loop_turn(loop, 0, &why), DONE);
    ck_assert_str_eq(mqtt_state_word(one.mqtt), "connecting");
    held.boot_ms += 20001;
    ck_assert_int_eq(loop_turn(loop, 0, &why), DONE);
    ck_assert_int_eq(one.downs, 1);
    ck_assert_str_eq(one.why, "still connecting after 20 s");
    ck_assert_str_eq(mqtt_state_word(one.mqtt), "waiting");
    mqtt_close(&one.mqtt);
    loop_close(&loop);
    loop = real;
}
END_TEST

static Suite *suite_of_mqtt(void)
{
    Suite *s = suite_create("mqtt");
    TCase *t = tcase_create("mqtt");
    tcase_set_timeout(t, 120);
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, a_message_goes_round_and_is_acknowledged);
    tcase_add_test(t, a_subscription_made_while_up_brings_what_is_retained);
    tcase_add_test(t, a_killed_broker_is_found_again_and_subscribed_again);
    tcase_add_test(t, puback_tells_when_nobody_subscribes_or_the_access_list_forbids);
    tcase_add_test(t, a_paused_reader_gets_nothing_until_it_resumes);
    tcase_add_test(t, a_paused_reader_stays_away_until_it_resumes);
    tcase_add_test(t, a_session_keeps_what_came_while_away);
    tcase_add_test(t, the_will_is_published_for_the_dead_and_not_for_the_leaving);
    tcase_add_test(t, tls_both_ways_carries_messages);
    tcase_add_test(t, certificates_are_held_against_the_time_that_is_claimed);
    tcase_add_test(t, a_wrong_broker_gets_no_data_and_a_right_one_is_found_without_restart);
    tcase_add_test(t, a_broker_of_another_name_is_refused);
    tcase_add_test(t, certificates_put_in_place_later_are_taken_up);
    tcase_add_test(t, a_peer_that_never_answers_is_left_at_the_deadline);
    suite_add_tcase(s, t);
    return s;
}

TEST_MAIN(suite_of_mqtt)
