/* One libmosquitto object a connection: files of a renewed certificate are read anew each time, and nothing of a broken
 * link lives on. What its queue held is lost with it, which costs nothing: only receipts say that a message arrived. */
#include "common/mqtt.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "common/backoff.h"
#include "common/cleanup.h"
#include "common/mqtt_settings.h"

enum {
    STEP_MOST_MS = 20000,  /* connecting, and subscribing: then the link counts as dead */
    TICK_MS = 1000,        /* libmosquitto looks at its keepalive this often */
    PACKETS_A_TURN = 64,
    FEW_UNACKNOWLEDGED = 32,
    MIDS = 65536,
};

enum state { STATE_IDLE, STATE_CONNECTING, STATE_SUBSCRIBING, STATE_UP, STATE_WAITING };

struct mqtt {
    struct loop *loop;
    struct mqtt_settings *settings; /* our own copy */
    struct mqtt_callbacks callbacks;
    struct mqtt_topics topics;
    struct mqtt_properties properties;
    struct backoff backoff;
    enum state state;
    struct mosquitto *link;   /* NULL while idle or waiting */
    int fd;                   /* our own duplicate of the link's socket, the one watched; -1: none */
    struct loop_watch *watch;
    struct loop_timer *step;  /* deadline of a state, or the end of a wait */
    struct loop_timer *tick;
    struct loop_timer *check; /* something outside our own calls may have broken the link */
    bool first_contact;       /* the TCP connection is not known to stand yet */
    bool paused;
    bool has_puback;          /* since on_writable was last called */
    unsigned calls;           /* depth of calls into libmosquitto: it must not be destroyed from inside itself */
    unsigned subacks_due;
    unsigned unacknowledged;
    struct why trouble;       /* first cause of the present break */
    uint8_t qos1_mids[MIDS / 8];
};

static const char *word_of(enum state state)
{
    static const char *const words[] = {"idle", "connecting", "subscribing", "up", "waiting"};
    return words[state];
}

static void blame(struct mqtt *mqtt, const char *text)
{
    if (mqtt->trouble.text[0] == '\0')
        (void)fail(&mqtt->trouble, RETRY, "%s", text);
}

static uint32_t random_number(void)
{
    uint32_t number = 0;
    /* Without it the wait is merely not jittered. */
    if (getrandom(&number, sizeof number, GRND_NONBLOCK) != (ssize_t)sizeof number)
        number = 0;
    return number;
}

static void set_state(struct mqtt *mqtt, enum state state, int64_t step_ms)
{
    mqtt->state = state;
    if (step_ms > 0)
        loop_timer_set(mqtt->step, loop_now_ms(mqtt->loop) + step_ms);
    else
        loop_timer_clear(mqtt->step);
}

/* While a link comes up its socket is read whatever the pause says: a pause is for messages. */
static void watch_what_is_wanted(struct mqtt *mqtt)
{
    if (!mqtt->watch)
        return;
    unsigned events = 0;
    if (!mqtt->paused || mqtt->state != STATE_UP)
        events |= LOOP_READ;
    if (mqtt->first_contact || mosquitto_want_write(mqtt->link))
        events |= LOOP_WRITE;
    loop_watch_change(mqtt->watch, events);
}

static void drop_link(struct mqtt *mqtt)
{
    loop_watch_remove(&mqtt->watch);
    cleanup_close(&mqtt->fd);
    mqtt->fd = -1;
    loop_timer_clear(mqtt->tick);
    loop_timer_clear(mqtt->check);
    if (mqtt->link)
        mosquitto_destroy(mqtt->link);
    mqtt->link = NULL;
    mqtt->unacknowledged = 0;
    mqtt->subacks_due = 0;
    mqtt->has_puback = false;
    memset(mqtt->qos1_mids, 0, sizeof mqtt->qos1_mids);
}

static void go_down(struct mqtt *mqtt)
{
    struct why cause = mqtt->trouble;
    mqtt->trouble.text[0] = '\0';
    drop_link(mqtt);
    set_state(mqtt, STATE_WAITING, backoff_next_ms(&mqtt->backoff, random_number()));
    if (mqtt->callbacks.on_down)
        mqtt->callbacks.on_down(mqtt->callbacks.context, cause.text[0] ? cause.text : "connection lost");
}

static void tell_writable(struct mqtt *mqtt)
{
    if (!mqtt->has_puback || mqtt->state != STATE_UP || mqtt->unacknowledged >= FEW_UNACKNOWLEDGED)
        return;
    mqtt->has_puback = false;
    if (mqtt->callbacks.on_writable)
        mqtt->callbacks.on_writable(mqtt->callbacks.context);
}

/* After calls into libmosquitto: is the link still there, and what does it want? */
static void settle(struct mqtt *mqtt, int code)
{
    if (code != MOSQ_ERR_SUCCESS)
        blame(mqtt, code == MOSQ_ERR_ERRNO ? strerror(errno) : mosquitto_strerror(code));
    if (code != MOSQ_ERR_SUCCESS || mqtt->trouble.text[0] || mosquitto_socket(mqtt->link) < 0) {
        go_down(mqtt);
        return;
    }
    tell_writable(mqtt);
    if (mqtt->link)
        watch_what_is_wanted(mqtt);
}

/* What libmosquitto calls. */

static void became_up(struct mqtt *mqtt)
{
    set_state(mqtt, STATE_UP, 0);
    backoff_succeeded(&mqtt->backoff);
    if (mqtt->callbacks.on_up)
        mqtt->callbacks.on_up(mqtt->callbacks.context);
}

static void send_subscribe(struct mqtt *mqtt, const char *topic)
{
    int code = mosquitto_subscribe_v5(mqtt->link, NULL, topic, 1, 0, NULL);
    if (code == MOSQ_ERR_SUCCESS)
        mqtt->subacks_due++;
    else
        blame(mqtt, mosquitto_strerror(code));
}

static void handle_connack(struct mosquitto *link, void *object, int code, int flags, const mosquitto_property *properties)
{
    struct mqtt *mqtt = object;
    (void)link;
    (void)flags;
    (void)properties;
    if (code != 0) {
        (void)fail(&mqtt->trouble, RETRY, "broker refused the connection: %s", mosquitto_reason_string(code));
        return;
    }
    /* Always subscribed anew: a broker may have lost its sessions without knowing. */
    set_state(mqtt, STATE_SUBSCRIBING, STEP_MOST_MS);
    for (size_t i = 0; i < mqtt->topics.count; i++)
        send_subscribe(mqtt, mqtt->topics.names[i]);
    if (mqtt->subacks_due == 0 && mqtt->trouble.text[0] == '\0')
        became_up(mqtt);
}

static void handle_suback(struct mosquitto *link, void *object, int mid, int count, const int *granted,
                          const mosquitto_property *properties)
{
    struct mqtt *mqtt = object;
    (void)link;
    (void)mid;
    (void)properties;
    for (int i = 0; i < count; i++)
        if (granted[i] >= 0x80)
            (void)fail(&mqtt->trouble, RETRY, "broker refused a subscription: %s", mosquitto_reason_string(granted[i]));
    if (mqtt->subacks_due > 0)
        mqtt->subacks_due--;
    if (mqtt->state == STATE_SUBSCRIBING && mqtt->subacks_due == 0 && mqtt->trouble.text[0] == '\0')
        became_up(mqtt);
}

static void handle_message(struct mosquitto *link, void *object, const struct mosquitto_message *message,
                           const mosquitto_property *properties)
{
    struct mqtt *mqtt = object;
    (void)link;
    (void)properties;
    if (mqtt->callbacks.on_message)
        mqtt->callbacks.on_message(mqtt->callbacks.context, message->topic,
                                   bytes_of(message->payload, (size_t)message->payloadlen), message->retain);
}

static void handle_puback(struct mosquitto *link, void *object, int mid, int code, const mosquitto_property *properties)
{
    struct mqtt *mqtt = object;
    const uint8_t bit = (uint8_t)(1u << (mid & 7));
    uint8_t *byte = &mqtt->qos1_mids[(mid & (MIDS - 1)) >> 3];
    (void)link;
    (void)properties;
    if (!(*byte & bit))
        return; /* QoS 0: libmosquitto tells when it has written one */
    *byte &= (uint8_t)~bit;
    if (mqtt->unacknowledged > 0)
        mqtt->unacknowledged--;
    mqtt->has_puback = true;
    if (mqtt->callbacks.on_puback)
        mqtt->callbacks.on_puback(mqtt->callbacks.context, mid, code);
}

static void handle_disconnect(struct mosquitto *link, void *object, int code, const mosquitto_property *properties)
{
    struct mqtt *mqtt = object;
    (void)link;
    (void)properties;
    if (code != MOSQ_ERR_SUCCESS && code != MOSQ_ERR_ERRNO)
        blame(mqtt, code < 0x80 ? mosquitto_strerror(code) : mosquitto_reason_string(code));
}

/* TLS failures are told nowhere else; the first of them is the cause. */
static void handle_log(struct mosquitto *link, void *object, int level, const char *text)
{
    (void)link;
    if (level == MOSQ_LOG_ERR)
        blame(object, text);
}

/* Connecting. */

static void socket_ready(void *context, unsigned events);

static enum outcome make_link(struct mqtt *mqtt, struct why *why)
{
    mqtt->link = mqtt_settings_link(mqtt->settings, mqtt, why);
    if (!mqtt->link)
        return RETRY;
    mosquitto_connect_v5_callback_set(mqtt->link, handle_connack);
    mosquitto_disconnect_v5_callback_set(mqtt->link, handle_disconnect);
    mosquitto_subscribe_v5_callback_set(mqtt->link, handle_suback);
    mosquitto_message_v5_callback_set(mqtt->link, handle_message);
    mosquitto_publish_v5_callback_set(mqtt->link, handle_puback);
    mosquitto_log_callback_set(mqtt->link, handle_log);
    return DONE;
}

static enum outcome begin_connecting(struct mqtt *mqtt, struct why *why)
{
    if (make_link(mqtt, why) != DONE)
        return RETRY;
    errno = 0;
    mqtt->calls++;
    int code = mqtt_settings_connect(mqtt->settings, mqtt->link);
    mqtt->calls--;
    if (code != MOSQ_ERR_SUCCESS)
        return fail(why, RETRY, "%s", code == MOSQ_ERR_ERRNO ? strerror(errno) : mosquitto_strerror(code));
    mqtt->first_contact = true;
    /* libmosquitto closes its socket before it tells us. If a child process still held it, epoll would go on reporting it
     * for a watch long freed; and a child is not to hold it at all. */
    int socket = mosquitto_socket(mqtt->link);
    (void)fcntl(socket, F_SETFD, FD_CLOEXEC);
    mqtt->fd = fcntl(socket, F_DUPFD_CLOEXEC, 0);
    if (mqtt->fd < 0)
        return fail(why, RETRY, "cannot duplicate a descriptor: %s", strerror(errno));
    return loop_watch_add(mqtt->loop, mqtt->fd, LOOP_READ | LOOP_WRITE, socket_ready, mqtt, &mqtt->watch, why);
}

static void connect_now(struct mqtt *mqtt)
{
    struct why why = {""};
    mqtt->trouble.text[0] = '\0';
    set_state(mqtt, STATE_CONNECTING, STEP_MOST_MS);
    if (begin_connecting(mqtt, &why) != DONE) {
        blame(mqtt, why.text);
        go_down(mqtt);
        return;
    }
    loop_timer_set(mqtt->tick, loop_now_ms(mqtt->loop) + TICK_MS);
}

static void step_due(void *context)
{
    struct mqtt *mqtt = context;
    if (mqtt->state == STATE_WAITING || mqtt->state == STATE_IDLE) {
        /* Who does not read does not ask for more: a paused reader stays away until it resumes. */
        if (!mqtt->paused)
            connect_now(mqtt);
        return;
    }
    (void)fail(&mqtt->trouble, RETRY, "still %s after %d s", word_of(mqtt->state), STEP_MOST_MS / 1000);
    go_down(mqtt);
}

/* Driving. */

static int read_packets(struct mqtt *mqtt)
{
    for (int i = 0; i < PACKETS_A_TURN; i++) {
        errno = 0;
        int code = mosquitto_loop_read(mqtt->link, 1);
        if (code != MOSQ_ERR_SUCCESS || errno == EAGAIN || errno == EWOULDBLOCK || mosquitto_socket(mqtt->link) < 0)
            return code;
        if (mqtt->paused && mqtt->state == STATE_UP)
            return code;
    }
    return MOSQ_ERR_SUCCESS;
}

static void socket_ready(void *context, unsigned events)
{
    struct mqtt *mqtt = context;
    int code = MOSQ_ERR_SUCCESS;
    bool reads = (events & LOOP_READ) || mqtt->first_contact;
    mqtt->calls++;
    if ((events & LOOP_HANGUP) && mqtt->paused && mqtt->state == STATE_UP)
        code = MOSQ_ERR_CONN_LOST; /* what was not read is sent again by those who have no receipt */
    else if (reads || (events & LOOP_HANGUP))
        code = read_packets(mqtt); /* drives the TLS handshake too */
    if (code == MOSQ_ERR_SUCCESS && mosquitto_socket(mqtt->link) >= 0 && mosquitto_want_write(mqtt->link))
        code = mosquitto_loop_write(mqtt->link, PACKETS_A_TURN);
    if (events & LOOP_WRITE)
        mqtt->first_contact = false;
    mqtt->calls--;
    settle(mqtt, code);
}

static void tick_due(void *context)
{
    struct mqtt *mqtt = context;
    loop_timer_set(mqtt->tick, loop_now_ms(mqtt->loop) + TICK_MS);
    mqtt->calls++;
    int code = mosquitto_loop_misc(mqtt->link);
    mqtt->calls--;
    settle(mqtt, code);
}

/* A publish or subscribe from outside, or the end of a pause. */
static void check_due(void *context)
{
    struct mqtt *mqtt = context;
    if (!mqtt->link)
        return;
    mqtt->calls++;
    /* TLS may hold bytes that the socket no longer shows. */
    int code = mosquitto_socket(mqtt->link) >= 0 && !mqtt->first_contact ? read_packets(mqtt) : MOSQ_ERR_SUCCESS;
    mqtt->calls--;
    settle(mqtt, code);
}

static void touched(struct mqtt *mqtt, int code)
{
    if (mqtt->calls > 0)
        return; /* the call we are inside of settles */
    if (code != MOSQ_ERR_SUCCESS && code != MOSQ_ERR_OVERSIZE_PACKET && code != MOSQ_ERR_PAYLOAD_SIZE)
        loop_timer_set(mqtt->check, 0);
    else
        watch_what_is_wanted(mqtt);
}

/* The header's functions. */

static enum outcome make_parts(struct mqtt *mqtt, const struct mqtt_settings *settings, struct why *why)
{
    enum outcome result = mqtt_settings_copy(settings, &mqtt->settings, why);
    if (result == DONE)
        result = mqtt_properties_make(&mqtt->properties, why);
    if (result == DONE)
        result = loop_timer_new(mqtt->loop, step_due, mqtt, &mqtt->step, why);
    if (result == DONE)
        result = loop_timer_new(mqtt->loop, tick_due, mqtt, &mqtt->tick, why);
    if (result == DONE)
        result = loop_timer_new(mqtt->loop, check_due, mqtt, &mqtt->check, why);
    return result;
}

enum outcome mqtt_open(struct mqtt **made, struct loop *loop, const struct mqtt_settings *settings,
                       const struct mqtt_callbacks *callbacks, struct why *why)
{
    struct mqtt *mqtt = calloc(1, sizeof *mqtt);
    if (!mqtt)
        return fail(why, RETRY, "mqtt: out of memory");
    (void)mosquitto_lib_init();
    mqtt->fd = -1;
    mqtt->loop = loop;
    mqtt->callbacks = *callbacks;
    enum outcome result = make_parts(mqtt, settings, why);
    if (result != DONE) {
        mqtt_close(&mqtt);
        return result;
    }
    mqtt->backoff = (struct backoff){
        .first_ms = settings->backoff_first_ms ? settings->backoff_first_ms : 500,
        .most_ms = settings->backoff_most_ms ? settings->backoff_most_ms : 60000,
    };
    loop_timer_set(mqtt->step, 0); /* the first turn connects: no callback before this function returned */
    *made = mqtt;
    return DONE;
}

void mqtt_close(struct mqtt **mqtt)
{
    struct mqtt *m = *mqtt;
    if (!m)
        return;
    if (m->link && m->state == STATE_UP) {
        (void)mosquitto_disconnect_v5(m->link, 0, NULL);
        for (int i = 0; i < PACKETS_A_TURN && mosquitto_want_write(m->link); i++)
            if (mosquitto_loop_write(m->link, 1) != MOSQ_ERR_SUCCESS)
                break;
    }
    if (m->step && m->tick && m->check)
        drop_link(m);
    loop_timer_free(&m->step);
    loop_timer_free(&m->tick);
    loop_timer_free(&m->check);
    mqtt_topics_free(&m->topics);
    mqtt_properties_free(&m->properties);
    mqtt_settings_free(&m->settings);
    free(m);
    (void)mosquitto_lib_cleanup();
    *mqtt = NULL;
}

enum outcome mqtt_subscribe(struct mqtt *mqtt, const char *topic, struct why *why)
{
    if (mosquitto_sub_topic_check(topic) != MOSQ_ERR_SUCCESS)
        return fail(why, REJECT, "mqtt: \"%s\" is no topic filter", topic);
    enum outcome result = mqtt_topics_add(&mqtt->topics, topic, why);
    if (result != DONE || (mqtt->state != STATE_UP && mqtt->state != STATE_SUBSCRIBING))
        return result;
    send_subscribe(mqtt, topic);
    touched(mqtt, mqtt->trouble.text[0] ? MOSQ_ERR_CONN_LOST : MOSQ_ERR_SUCCESS);
    return DONE;
}

enum outcome mqtt_publish(struct mqtt *mqtt, const char *topic, struct bytes payload, int qos, bool retain, int *mid,
                          struct why *why)
{
    int given = 0;
    if (mqtt->state != STATE_UP)
        return fail(why, RETRY, "mqtt: %s, not up", word_of(mqtt->state));
    if (payload.len > INT32_MAX)
        return fail(why, RETRY, "mqtt: message of %zu bytes is too long", payload.len);
    int code = mosquitto_publish_v5(mqtt->link, &given, topic, (int)payload.len, payload.data, qos, retain,
                                    mqtt_properties_for(&mqtt->properties, topic));
    if (code != MOSQ_ERR_SUCCESS) {
        touched(mqtt, code);
        return fail(why, RETRY, "mqtt: publish: %s", mosquitto_strerror(code));
    }
    if (qos > 0) {
        mqtt->qos1_mids[(given & (MIDS - 1)) >> 3] |= (uint8_t)(1u << (given & 7));
        mqtt->unacknowledged++;
    }
    if (mid)
        *mid = given;
    touched(mqtt, MOSQ_ERR_SUCCESS);
    return DONE;
}

bool mqtt_is_up(const struct mqtt *mqtt)
{
    return mqtt->state == STATE_UP;
}

const char *mqtt_state_word(const struct mqtt *mqtt)
{
    return word_of(mqtt->state);
}

unsigned mqtt_unacknowledged(const struct mqtt *mqtt)
{
    return mqtt->unacknowledged;
}

void mqtt_pause_reading(struct mqtt *mqtt)
{
    mqtt->paused = true;
    watch_what_is_wanted(mqtt);
}

void mqtt_resume_reading(struct mqtt *mqtt)
{
    if (!mqtt->paused)
        return;
    mqtt->paused = false;
    watch_what_is_wanted(mqtt);
    if (mqtt->link)
        loop_timer_set(mqtt->check, 0);
    else
        loop_timer_set(mqtt->step, 0);
}
