#include "gateway/uplink.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coldchain/wire.h"
#include "common/cleanup.h"
#include "common/log.h"
#include "gateway/receipt_in.h"
#include "gateway/send_plan.h"
#include "gateway/server_word.h"

/* Messages handed to the broker and not taken by it yet: enough to fill a link, few enough that live data waits little. */
enum { UNTAKEN_MOST = 32, MIDS = 64, EPOCHS_MOST = 64, MINUTE_MS = 60000 };

enum topic { TOPIC_LIVE, TOPIC_LATE, TOPIC_RECEIPT, TOPIC_CONFIG, TOPIC_NOTICE, TOPIC_STATUS, TOPIC_NOW, TOPICS };

struct uplink {
    struct loop *loop;
    struct outbox *outbox;
    struct mqtt *mqtt;
    struct loop_timer *timer;
    struct uplink_callbacks callbacks;
    struct server_pins pins;
    struct receipt_in receipts;
    struct send_plan plan;
    char gateway[33];
    char topics[TOPICS][96];
    struct {
        int mid;
        struct send_place place;
    } mids[MIDS]; /* of the last messages sent: which place a PUBACK means */
    unsigned mid_next;
    struct buffer envelope; /* the one to be sent next */
    bool pumping;
    struct log_rate puback_rate, trouble_rate;
    int64_t told_ms[3]; /* when a security event of each topic was last told */
    struct uplink_state state;
};

/* --- reading the outbox for the plan --- */

struct pick {
    const struct send_plan *plan;
    const uint8_t *epoch;
    uint64_t up_to;     /* take none beyond */
    bool skip_on_way;
    uint64_t seq;       /* found; 0: none */
    struct buffer *raw;
};

static bool pick_one(void *context, const struct outbox_envelope *envelope)
{
    struct pick *pick = context;
    struct send_place place = {.seq = envelope->seq};
    memcpy(place.epoch, pick->epoch, sizeof place.epoch);
    if (envelope->seq > pick->up_to)
        return false;
    if (pick->skip_on_way && send_plan_on_the_way(pick->plan, &place))
        return true;
    pick->seq = envelope->seq;
    buffer_reset(pick->raw);
    buffer_add(pick->raw, envelope->raw.data, envelope->raw.len);
    return false;
}

/* The first unreceipted envelope behind `after`, *seq 0: there is none; leaves its bytes in u->envelope. RETRY: the outbox
 * cannot be read, and nothing is known. */
static enum outcome pick(struct uplink *u, const uint8_t epoch[16], uint64_t after, uint64_t up_to, bool skip_on_way,
                         uint64_t *seq)
{
    *seq = 0;
    struct why why = {""};
    struct pick p = {&u->plan, epoch, up_to, skip_on_way, 0, &u->envelope};
    size_t most = skip_on_way ? SIZE_MAX : 1;
    if (outbox_unreceipted(u->outbox, epoch, after, most, pick_one, &p, &why) != DONE) {
        struct log_quoted q;
        log_often(&u->trouble_rate, LOG_LEVEL_WARN, "outbox_unreadable", "why=%s", log_text(&q, why.text));
        return RETRY;
    }
    if (p.seq > 0 && u->envelope.failed)
        return RETRY;
    *seq = p.seq;
    return DONE;
}

/* Goes on to the next epoch only when the one before is known to hold nothing more. */
static enum outcome find_late(struct uplink *u, struct send_place *late)
{
    uint8_t epochs[EPOCHS_MOST][16];
    size_t count = outbox_open_epochs(u->outbox, epochs, EPOCHS_MOST), at = 0;
    while (at < count && memcmp(epochs[at], u->plan.late.epoch, 16) != 0)
        at++;
    bool known = u->plan.late.seq > 0 && at < count;
    for (size_t i = known ? at : 0; i < count; i++) {
        bool present = memcmp(epochs[i], u->plan.present_epoch, 16) == 0;
        uint64_t after = known && i == at ? u->plan.late.seq : 0;
        enum outcome outcome = pick(u, epochs[i], after, present ? u->plan.live_after : UINT64_MAX, true, &late->seq);
        if (outcome != DONE)
            return outcome;
        memcpy(late->epoch, epochs[i], 16);
        if (late->seq > 0)
            return DONE;
    }
    return DONE;
}

/* What the plan has to know to decide; the late lane is looked at only when something could go there. */
static enum outcome look(struct uplink *u, struct send_view *view)
{
    *view = (struct send_view){0};
    enum outcome outcome =
        pick(u, u->plan.present_epoch, u->plan.live_after, UINT64_MAX, false, &view->live_seq);
    if (outcome == DONE && view->live_seq == 0 && u->plan.count < u->plan.window)
        outcome = find_late(u, &view->late);
    return outcome;
}

/* --- sending --- */

static bool hand_over(struct uplink *u, const struct send_step *step)
{
    struct why why = {""};
    int mid = 0;
    uint64_t seq = 0;
    /* Read by its place: what `look` left in the buffer may be another envelope's. */
    if (pick(u, step->place.epoch, step->place.seq - 1, step->place.seq, false, &seq) != DONE)
        return false;
    if (seq == 0) {
        send_plan_receipted(&u->plan, step->place.epoch, step->place.seq, step->place.seq);
        return step->what == SEND_AGAIN; /* receipted meanwhile: nothing to send, go on */
    }
    const char *topic = u->topics[step->what == SEND_LIVE ? TOPIC_LIVE : TOPIC_LATE];
    if (mqtt_publish(u->mqtt, topic, buffer_view(&u->envelope), 1, false, &mid, &why) != DONE) {
        struct log_quoted q;
        log_often(&u->trouble_rate, LOG_LEVEL_WARN, "send_failed", "seq=%" PRIu64 " why=%s", seq, log_text(&q, why.text));
        return false;
    }
    u->mids[u->mid_next % MIDS].mid = mid;
    u->mids[u->mid_next++ % MIDS].place = step->place;
    u->state.sent_live += step->what == SEND_LIVE;
    u->state.sent_late += step->what == SEND_LATE;
    u->state.sent_again += step->what == SEND_AGAIN;
    send_plan_sent(&u->plan, step, loop_now_ms(u->loop), arc4random());
    return true;
}

static void pump(struct uplink *u)
{
    if (u->pumping || !u->plan.up)
        return; /* a PUBACK may come while a message is being handed over */
    u->pumping = true;
    struct send_step step = {.what = SEND_NOTHING, .wake_ms = INT64_MAX};
    int64_t now_ms = loop_now_ms(u->loop);
    bool go_on = true, readable = true;
    while (go_on && u->plan.up && mqtt_unacknowledged(u->mqtt) < UNTAKEN_MOST) {
        struct send_view view;
        readable = look(u, &view) == DONE;
        if (!readable)
            break;
        step = send_plan_next(&u->plan, &view, now_ms);
        go_on = step.what != SEND_NOTHING && hand_over(u, &step);
    }
    /* Whatever stopped it, look again within a second when something is waiting. */
    int64_t wake_ms = readable && step.what == SEND_NOTHING ? step.wake_ms : now_ms + 1000;
    if (wake_ms == INT64_MAX)
        loop_timer_clear(u->timer);
    else
        loop_timer_set(u->timer, wake_ms);
    u->pumping = false;
}

static void on_due(void *context)
{
    pump(context);
}

/* --- what the broker says --- */

static void publish_status(struct uplink *u, const char *text)
{
    struct why why = {""};
    if (mqtt_publish(u->mqtt, u->topics[TOPIC_STATUS], bytes_of(text, strlen(text)), 1, true, NULL, &why) != DONE) {
        struct log_quoted q;
        log_often(&u->trouble_rate, LOG_LEVEL_WARN, "status_not_sent", "why=%s", log_text(&q, why.text));
    }
}

static void on_up(void *context)
{
    struct uplink *u = context;
    struct outbox_state outbox;
    outbox_read_state(u->outbox, &outbox);
    send_plan_up(&u->plan, outbox.epoch.epoch, outbox.next_seq - 1, loop_now_ms(u->loop));
    publish_status(u, "online");
    if (u->callbacks.on_link)
        u->callbacks.on_link(u->callbacks.context, true);
    pump(u);
}

static void on_down(void *context, const char *why)
{
    struct uplink *u = context;
    struct log_quoted q;
    bool was_up = u->plan.up;
    send_plan_down(&u->plan);
    loop_timer_clear(u->timer);
    log_often(&u->trouble_rate, LOG_LEVEL_NOTICE, "link_down", "why=%s", log_text(&q, why));
    if (was_up && u->callbacks.on_link)
        u->callbacks.on_link(u->callbacks.context, false);
}

#ifdef TEETH_PUBACK_EMPTIES
static bool note_hash(void *context, const struct outbox_envelope *envelope)
{
    memcpy(context, envelope->body_hash, 32);
    return false;
}

static void empty(struct uplink *u, const struct send_place *place)
{
    struct why why = {""};
    struct outbox_range range = {place->seq, place->seq, {0}};
    uint64_t newly;
    bool rewound;
    if (outbox_unreceipted(u->outbox, place->epoch, place->seq - 1, 1, note_hash, range.hash, &why) == DONE &&
        outbox_receipt(u->outbox, place->epoch, &range, 1, 1, &newly, &rewound, &why) != DONE)
        return;
}
#else
static void empty(struct uplink *u, const struct send_place *place)
{
    (void)u;
    (void)place;
}
#endif

static void on_puback(void *context, int mid, int reason_code)
{
    struct uplink *u = context;
    u->state.pubacks++;
    if (reason_code >= 0x80) {
        u->state.puback_failures++;
        log_often(&u->puback_rate, LOG_LEVEL_WARN, "broker_refused", "reason=0x%02x", (unsigned)reason_code);
    }
    for (unsigned i = 0; i < MIDS; i++)
        if (u->mids[i].mid == mid && send_plan_puback(&u->plan, &u->mids[i].place))
            empty(u, &u->mids[i].place);
}

static void on_writable(void *context)
{
    pump(context);
}

/* --- what the server says --- */

static void tell_security(struct uplink *u, enum topic topic, const struct why *why)
{
    static const char *const names[] = {"receipt", "configuration", "notice"};
    int64_t now_ms = loop_now_ms(u->loop), *told_ms = &u->told_ms[topic - TOPIC_RECEIPT];
    u->state.receipts_ignored += topic == TOPIC_RECEIPT;
    if (*told_ms != 0 && now_ms - *told_ms < MINUTE_MS)
        return;
    *told_ms = now_ms;
    struct why text;
    struct log_quoted q;
    (void)fail(&text, REJECT, "%s not believed: %s", names[topic - TOPIC_RECEIPT], why->text);
    log_line(LOG_LEVEL_WARN, "not_believed", "gateway=%s why=%s", u->gateway, log_text(&q, text.text));
    if (u->callbacks.on_security)
        u->callbacks.on_security(u->callbacks.context, text.text);
}

/* Rows are stamped by the clock that the caller tidies by: a board in 1970 would lose what was receipted at once. */
static int64_t claimed_now_ms(const struct uplink *u)
{
    return u->callbacks.claimed_ms ? u->callbacks.claimed_ms(u->callbacks.context)
                                   : clock_read(loop_clock(u->loop)).wall_ms;
}

/* A higher serial is durable before anything is done by its word: else a restart would believe the older key again. */
static enum outcome keep_serial(struct uplink *u, uint64_t serial, struct why *why)
{
    if (serial <= u->pins.serial)
        return DONE;
    uint8_t raw[8];
    for (int i = 0; i < 8; i++)
        raw[i] = (uint8_t)(serial >> (56 - 8 * i));
    enum outcome outcome = outbox_put(u->outbox, "server_serial", bytes_of(raw, sizeof raw), why);
    if (outcome == DONE)
        u->pins.serial = serial;
    return outcome;
}

static enum outcome take_receipt(struct uplink *u, const struct server_word *word, struct why *why)
{
    struct receipt_effect effect = {0};
    int64_t now_ms = loop_now_ms(u->loop);
    enum outcome outcome = receipt_in_apply(&u->receipts, &u->plan, word, claimed_now_ms(u), &effect, why);
    if (outcome != DONE)
        return outcome;
    u->state.receipts++;
    u->state.last_receipt_boot_ms = now_ms;
    if (effect.rewound && u->callbacks.on_rewound)
        u->callbacks.on_rewound(u->callbacks.context);
    if (effect.doubt.text[0])
        tell_security(u, TOPIC_RECEIPT, &effect.doubt);
    return DONE;
}

static enum outcome take_config(struct uplink *u, const struct server_word *word, struct bytes raw, struct why *why)
{
    Silsila__V1__GatewayConfig *config = NULL;
    enum outcome outcome = config_decode(word->payload, &config, why);
    if (outcome != DONE)
        return outcome;
    bool ours = config->origin.len == ORIGIN_LEN && memcmp(config->origin.data, u->pins.origin, ORIGIN_LEN) == 0 &&
                strcmp(config->gateway, u->gateway) == 0;
    silsila__v1__gateway_config__free_unpacked(config, NULL);
    if (!ours)
        return fail(why, REJECT, "for another gateway or ledger");
    if (u->callbacks.on_config)
        u->callbacks.on_config(u->callbacks.context, word->payload, raw);
    return DONE;
}

static enum outcome take_notice(struct uplink *u, const struct server_word *word, struct why *why)
{
    Silsila__V1__Notice *notice = NULL;
    enum outcome outcome = notice_decode(word->payload, &notice, why);
    if (outcome != DONE)
        return outcome;
    bool ours = notice->origin.len == ORIGIN_LEN && memcmp(notice->origin.data, u->pins.origin, ORIGIN_LEN) == 0 &&
                strcmp(notice->gateway, u->gateway) == 0;
    silsila__v1__notice__free_unpacked(notice, NULL);
    if (!ours)
        return fail(why, REJECT, "for another gateway or ledger");
    if (u->callbacks.on_notice)
        u->callbacks.on_notice(u->callbacks.context, word->payload);
    return DONE;
}

static enum outcome take_word(struct uplink *u, enum topic topic, struct bytes raw, struct why *why)
{
    static const enum purpose purposes[] = {PURPOSE_RECEIPT, PURPOSE_CONFIG, PURPOSE_NOTICE};
    struct server_word word = {0};
    enum outcome outcome = server_word_check(&u->pins, purposes[topic - TOPIC_RECEIPT], raw, &word, why);
    if (outcome != DONE)
        return outcome;
    outcome = keep_serial(u, word.serial, why);
    if (outcome == DONE && topic == TOPIC_RECEIPT)
        outcome = take_receipt(u, &word, why);
    else if (outcome == DONE && topic == TOPIC_CONFIG)
        outcome = take_config(u, &word, raw, why);
    else if (outcome == DONE)
        outcome = take_notice(u, &word, why);
    server_word_free(&word);
    return outcome;
}

static void on_message(void *context, const char *name, struct bytes payload, bool retained)
{
    (void)retained;
    struct uplink *u = context;
    struct why why = {""};
    for (enum topic topic = TOPIC_RECEIPT; topic <= TOPIC_NOTICE; topic++) {
        if (strcmp(name, u->topics[topic]) != 0)
            continue;
        enum outcome outcome = take_word(u, topic, payload, &why);
        if (outcome == REJECT) {
            tell_security(u, topic, &why);
        } else if (outcome != DONE) {
            /* Not applied: what it would have receipted goes again, and its receipt comes again. */
            struct log_quoted q;
            log_often(&u->trouble_rate, LOG_LEVEL_WARN, "not_applied", "why=%s", log_text(&q, why.text));
        }
    }
    pump(u);
}

/* --- opening, closing --- */

static void name_topics(struct uplink *u)
{
    static const struct {
        const char *before, *behind;
    } parts[TOPICS] = {
        [TOPIC_LIVE] = {"up/0/", "/live"},   [TOPIC_LATE] = {"up/0/", "/late"}, [TOPIC_RECEIPT] = {"receipt/", ""},
        [TOPIC_CONFIG] = {"config/", ""},    [TOPIC_NOTICE] = {"notice/", ""},  [TOPIC_STATUS] = {"status/", ""},
        [TOPIC_NOW] = {"now/", ""},
    };
    for (int i = 0; i < TOPICS; i++)
        (void)snprintf(u->topics[i], sizeof u->topics[i], "silsila/v1/%s%s%s", parts[i].before, u->gateway,
                       parts[i].behind);
}

static enum outcome load_serial(struct outbox *outbox, uint64_t *serial, struct why *why)
{
    scoped_by(buffer_free) struct buffer kept = {0};
    *serial = 0;
    enum outcome outcome = outbox_get(outbox, "server_serial", &kept, why);
    for (size_t i = 0; outcome == DONE && i < kept.len; i++)
        *serial = *serial << 8 | kept.data[i];
    return outcome == REJECT ? DONE : outcome; /* REJECT: none yet */
}

static enum outcome connect(struct uplink *u, const struct uplink_settings *settings, struct why *why)
{
    static const char offline[] = "offline";
    struct mqtt_settings mqtt = settings->mqtt;
    mqtt.client_id = u->gateway;
    mqtt.will_topic = u->topics[TOPIC_STATUS];
    mqtt.will = bytes_of(offline, sizeof offline - 1);
    /* Nothing is to be kept for us by a broker: receipts are repeated, configuration is retained. */
    mqtt.clean_start = true;
    mqtt.session_expiry_s = 0;
    struct mqtt_callbacks callbacks = {u, on_up, on_down, on_message, on_puback, on_writable};
    enum outcome outcome = mqtt_open(&u->mqtt, u->loop, &mqtt, &callbacks, why);
    for (enum topic topic = TOPIC_RECEIPT; outcome == DONE && topic <= TOPIC_NOTICE; topic++)
        outcome = mqtt_subscribe(u->mqtt, u->topics[topic], why);
    return outcome;
}

static enum outcome start(struct uplink *u, const struct uplink_settings *settings, struct why *why)
{
    uint64_t serial = 0;
    enum outcome outcome = load_serial(u->outbox, &serial, why);
    if (outcome == DONE)
        outcome = server_pins_make(&u->pins, settings->origin, settings->authority_key, serial, why);
    if (outcome == DONE)
        outcome = receipt_in_open(&u->receipts, u->outbox, &u->pins, u->gateway, why);
    if (outcome == DONE)
        outcome = loop_timer_new(u->loop, on_due, u, &u->timer, why);
    return outcome == DONE ? connect(u, settings, why) : outcome;
}

enum outcome uplink_open(struct uplink **made, struct loop *loop, struct outbox *outbox,
                         const struct uplink_settings *settings, const struct uplink_callbacks *callbacks, struct why *why)
{
    if (!sender_id_valid(settings->gateway))
        return fail(why, REJECT, "the gateway's id is not one");
    scoped_by(uplink_close) struct uplink *u = calloc(1, sizeof *u);
    if (!u)
        return fail(why, RETRY, "out of memory");
    u->loop = loop;
    u->outbox = outbox;
    u->callbacks = *callbacks;
    (void)snprintf(u->gateway, sizeof u->gateway, "%s", settings->gateway);
    name_topics(u);
    send_plan_begin(&u->plan, settings->resend_first_ms > 0 ? settings->resend_first_ms : 10000,
                    settings->resend_most_ms > 0 ? settings->resend_most_ms : 300000);
    enum outcome outcome = start(u, settings, why);
    if (outcome == DONE)
        *made = take(u);
    return outcome;
}

void uplink_close(struct uplink **uplink)
{
    struct uplink *u = *uplink;
    if (!u)
        return;
    if (u->mqtt && mqtt_is_up(u->mqtt))
        publish_status(u, "offline");
    mqtt_close(&u->mqtt);
    loop_timer_free(&u->timer);
    server_pins_free(&u->pins);
    buffer_free(&u->envelope);
    free(u);
    *uplink = NULL;
}

void uplink_sealed(struct uplink *u)
{
    struct outbox_state outbox;
    outbox_read_state(u->outbox, &outbox);
    if (u->plan.up && memcmp(outbox.epoch.epoch, u->plan.present_epoch, 16) != 0)
        send_plan_epoch(&u->plan, outbox.epoch.epoch);
    pump(u);
}

void uplink_publish_now(struct uplink *u, struct bytes now)
{
    struct why why = {""};
    if (mqtt_is_up(u->mqtt) && mqtt_publish(u->mqtt, u->topics[TOPIC_NOW], now, 0, true, NULL, &why) != DONE) {
        struct log_quoted q;
        log_often(&u->trouble_rate, LOG_LEVEL_INFO, "now_not_sent", "why=%s", log_text(&q, why.text));
    }
}

void uplink_read_state(const struct uplink *u, struct uplink_state *state)
{
    *state = u->state;
    state->up = u->plan.up;
    state->word = mqtt_state_word(u->mqtt);
    state->on_the_way = (uint32_t)u->plan.count;
    state->window = u->plan.window;
    state->overdue = !u->plan.up || send_plan_overdue(&u->plan, loop_now_ms(u->loop));
}

enum outcome uplink_check(const struct uplink_settings *settings, struct bytes raw, struct bytes *payload, struct why *why)
{
    struct server_pins pins = {0};
    struct server_word word = {0};
    enum outcome outcome = server_pins_make(&pins, settings->origin, settings->authority_key, 0, why);
    if (outcome == DONE)
        outcome = server_word_check(&pins, PURPOSE_CONFIG, raw, &word, why);
    if (outcome == DONE)
        *payload = word.payload;
    server_word_free(&word);
    server_pins_free(&pins);
    return outcome;
}
