#include "ingest/intake.h"

#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "ingest/failpoint.h"

enum { SESSION_EXPIRY_S = 600, RECEIVE_MAXIMUM = 2000, UNACKNOWLEDGED_MOST = 20000 };

struct intake {
    struct loop *loop;
    const struct ingest_settings *settings;
    struct intake_callbacks callbacks;
    struct mqtt *mqtt;
    struct loop_timer *stop; /* closing waits for its turn: not from inside a callback */
    struct arrival_house house;
    size_t queue_most, queue_bytes_most;
    bool paused;
    struct log_rate memory_rate, down_rate;
};

static bool is_full(const struct intake *intake)
{
    return intake->house.count >= intake->queue_most || intake->house.bytes >= intake->queue_bytes_most;
}

double intake_fill(const struct intake *intake)
{
    double by_count = (double)intake->house.count / (double)intake->queue_most;
    double by_bytes = (double)intake->house.bytes / (double)intake->queue_bytes_most;
    return by_count > by_bytes ? by_count : by_bytes;
}

static void on_message(void *context, const char *topic, struct bytes payload, bool retained)
{
    struct intake *intake = context;
    struct why why = {""};
    (void)retained;
    FAILPOINT("after_receive");
    struct arrival *arrival = arrival_new(payload, &intake->house);
    if (!arrival) {
        /* As if the broker had dropped it: its sender has no receipt and sends again. */
        log_often(&intake->memory_rate, LOG_LEVEL_ERROR, "arrival_dropped", "why=\"out of memory\" bytes=%zu", payload.len);
        return;
    }
    struct clock_reading now = clock_read(loop_clock(intake->loop));
    arrival->arrived_us = now.wall_ms * 1000;
    arrival->arrived_ms = now.boot_ms;
    if (arrival_read_topic(arrival, topic, &why) != DONE) {
        arrival->authenticity = BAD_TOPIC;
        snprintf(arrival->why, sizeof arrival->why, "%s", why.text);
    }
    intake->callbacks.on_arrival(intake->callbacks.context, arrival, topic);
    intake_look(intake);
}

static void on_up(void *context)
{
    struct intake *intake = context;
    log_line(LOG_LEVEL_INFO, "broker_up", "host=%s port=%lld", intake->settings->broker_host,
             (long long)intake->settings->broker_port);
    intake->callbacks.on_broker(intake->callbacks.context, true, "");
}

static void on_down(void *context, const char *why)
{
    struct intake *intake = context;
    struct log_quoted quoted;
    log_often(&intake->down_rate, LOG_LEVEL_WARN, "broker_down", "why=%s", log_text(&quoted, why));
    intake->callbacks.on_broker(intake->callbacks.context, false, why);
}

static void on_stop(void *context)
{
    struct intake *intake = context;
    mqtt_close(&intake->mqtt);
    intake->paused = false;
    intake->callbacks.on_broker(intake->callbacks.context, false, "standby");
}

enum outcome intake_open(struct intake **made, struct loop *loop, const struct ingest_settings *settings,
                         const struct intake_callbacks *callbacks, struct why *why)
{
    struct intake *intake = calloc(1, sizeof *intake);
    if (!intake)
        return fail(why, RETRY, "out of memory");
    intake->loop = loop;
    intake->settings = settings;
    intake->callbacks = *callbacks;
    intake_set(intake, (size_t)settings->queue_most, (size_t)settings->queue_mib_most << 20);
    enum outcome outcome = loop_timer_new(loop, on_stop, intake, &intake->stop, why);
    if (outcome != DONE)
        free(intake);
    else
        *made = intake;
    return outcome;
}

void intake_close(struct intake **intake)
{
    struct intake *closing = *intake;
    if (!closing)
        return;
    mqtt_close(&closing->mqtt);
    loop_timer_free(&closing->stop);
    free(closing);
    *intake = NULL;
}

static enum outcome subscribe(struct intake *intake, struct why *why)
{
    char topic[64];
    snprintf(topic, sizeof topic, "silsila/v1/up/%lld/+/+", (long long)intake->settings->shard);
    enum outcome outcome = mqtt_subscribe(intake->mqtt, topic, why);
    if (outcome != DONE)
        return outcome;
    snprintf(topic, sizeof topic, "silsila/v1/via/+/%lld/+/+", (long long)intake->settings->shard);
    return mqtt_subscribe(intake->mqtt, topic, why);
}

static const char *or_null(const char *text)
{
    return text && text[0] ? text : NULL;
}

void intake_start(struct intake *intake)
{
    struct why why = {""};
    const struct ingest_settings *s = intake->settings;
    loop_timer_clear(intake->stop);
    if (intake->mqtt)
        return;
    const struct mqtt_settings settings = {
        .host = s->broker_host, .port = (int)s->broker_port, .client_id = s->id, .tls_ca = or_null(s->tls_ca),
        .tls_cert = or_null(s->tls_cert), .tls_key = or_null(s->tls_key), .keepalive_s = 10,
        .receive_maximum = RECEIVE_MAXIMUM, .backoff_first_ms = 100, .backoff_most_ms = 5000, .clean_start = false,
        .session_expiry_s = SESSION_EXPIRY_S};
    const struct mqtt_callbacks callbacks = {.context = intake, .on_up = on_up, .on_down = on_down, .on_message = on_message};
    enum outcome outcome = mqtt_open(&intake->mqtt, intake->loop, &settings, &callbacks, &why);
    if (outcome == DONE)
        outcome = subscribe(intake, &why);
    if (outcome != DONE)
        log_line(LOG_LEVEL_ERROR, "broker_unusable", "why=\"%s\"", why.text);
}

void intake_stop(struct intake *intake)
{
    if (intake->mqtt)
        loop_timer_set(intake->stop, loop_now_ms(intake->loop));
}

const struct arrival_house *intake_house(const struct intake *intake)
{
    return &intake->house;
}

void intake_look(struct intake *intake)
{
    if (!intake->mqtt)
        return;
    if (!intake->paused && is_full(intake)) {
        intake->paused = true;
        mqtt_pause_reading(intake->mqtt);
        log_line(LOG_LEVEL_NOTICE, "intake_paused", "envelopes=%zu bytes=%zu", intake->house.count, intake->house.bytes);
    } else if (intake->paused && intake_fill(intake) < 0.5) {
        intake->paused = false;
        log_line(LOG_LEVEL_NOTICE, "intake_resumed", "envelopes=%zu", intake->house.count);
        mqtt_resume_reading(intake->mqtt);
    }
}

void intake_set(struct intake *intake, size_t queue_most, size_t queue_bytes_most)
{
    intake->queue_most = queue_most;
    intake->queue_bytes_most = queue_bytes_most;
}

bool intake_is_paused(const struct intake *intake)
{
    return intake->paused;
}

bool intake_is_up(const struct intake *intake)
{
    return intake->mqtt && mqtt_is_up(intake->mqtt);
}

enum outcome intake_publish(struct intake *intake, const char *topic, struct bytes payload, bool retain, struct why *why)
{
    if (!intake->mqtt)
        return fail(why, RETRY, "not connected to the broker");
    if (mqtt_unacknowledged(intake->mqtt) > UNACKNOWLEDGED_MOST)
        return fail(why, RETRY, "the broker is behind with acknowledging");
    return mqtt_publish(intake->mqtt, topic, payload, 1, retain, NULL, why);
}
