#include "cli/sender.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/sender_queue.h"
#include "common/cleanup.h"
#include "common/loop.h"
#include "common/mqtt.h"

enum { WINDOW_FIRST = 64, WINDOW_MOST = 1000, RESEND_MS = 5000, OPEN_EPOCHS_MOST = 16, TOPIC_ROOM = 96 };

struct sender {
    struct home *home;
    struct sender_settings settings;
    struct outbox *outbox;
    struct clock clock;
    struct loop *loop;
    struct mqtt *mqtt;
    struct sender_queue queue;
    size_t window;
    bool was_up;
    int64_t heard_at_ms; /* last receipt that took something off the queue */
    unsigned not_believed;
    struct why trouble; /* the last that made no progress possible */
    char topic_up[TOPIC_ROOM], topic_receipt[TOPIC_ROOM];
};

enum outcome sender_open(struct sender **made, struct home *home, const struct sender_settings *settings,
                         struct why *why)
{
    scoped_by(sender_close) struct sender *sender = calloc(1, sizeof *sender);
    if (!sender)
        return fail(why, RETRY, "out of memory");
    sender->home = home;
    sender->settings = *settings;
    sender->clock = clock_system();
    (void)snprintf(sender->topic_up, TOPIC_ROOM, "silsila/v1/up/0/%s/%s", settings->id,
                   settings->late ? "late" : "live");
    (void)snprintf(sender->topic_receipt, TOPIC_ROOM, "silsila/v1/receipt/%s", settings->id);
    struct outbox_settings box = {.path = settings->outbox_path,
                                  .retention_ms = INT64_C(30) * 86400000,
                                  .random = settings->random,
                                  .random_context = settings->random_context};
    memcpy(box.boot_id, settings->boot_id, sizeof box.boot_id);
    enum outcome outcome = outbox_open(&sender->outbox, &box, clock_read(&sender->clock).wall_ms, why);
    if (outcome != DONE)
        return fail_within(why, outcome, "%.100s", settings->outbox_path);
    *made = take(sender);
    return DONE;
}

void sender_close(struct sender **sender)
{
    if (!*sender)
        return;
    if ((*sender)->mqtt)
        mqtt_close(&(*sender)->mqtt);
    if ((*sender)->loop)
        loop_close(&(*sender)->loop);
    if ((*sender)->outbox)
        outbox_close(&(*sender)->outbox);
    sender_queue_free(&(*sender)->queue);
    free(*sender);
    *sender = NULL;
}

uint64_t sender_last_seq(const struct sender *sender)
{
    struct outbox_state state;
    outbox_read_state(sender->outbox, &state);
    return state.next_seq - 1;
}

enum outcome sender_again(struct sender *sender, struct why *why)
{
    struct outbox_state state;
    uint64_t again;
    outbox_read_state(sender->outbox, &state);
    return state.next_seq < 2
               ? DONE
               : outbox_resend(sender->outbox, state.epoch.epoch, 1, state.next_seq - 1, &again, why);
}

/* ---- sealing ---- */

struct sealing {
    struct sender *sender;
    Silsila__V1__Item **items;
    size_t count;
    const struct clock_reading *clock;
};

static ProtobufCBinaryData binary(uint8_t *data, size_t len)
{
    return (ProtobufCBinaryData){len, data};
}

/* The epoch's reasons have the wire's numbers. */
static void fill_start(struct outbox_epoch *epoch, Silsila__V1__EpochStart *start)
{
    start->reason = (Silsila__V1__EpochReason)epoch->reason;
    if (!epoch->has_previous)
        return;
    start->previous_epoch = binary(epoch->previous_epoch, 16);
    start->last_certain_seq = epoch->last_certain_seq;
    if (epoch->has_last_body_hash)
        start->last_body_hash = binary(epoch->last_body_hash, HASH_LEN);
}

static enum outcome encode_body(const struct sealing *sealing, struct outbox_state *state, struct buffer *out,
                                struct why *why)
{
    Silsila__V1__Body body = SILSILA__V1__BODY__INIT;
    Silsila__V1__EpochStart start = SILSILA__V1__EPOCH_START__INIT;
    Silsila__V1__ClockState clock = SILSILA__V1__CLOCK_STATE__INIT;
    char id[33];
    uint8_t boot_id[16];
    (void)snprintf(id, sizeof id, "%s", sealing->sender->settings.id);
    memcpy(boot_id, sealing->sender->settings.boot_id, sizeof boot_id);
    body.version = 1;
    body.gateway = id;
    body.epoch = binary(state->epoch.epoch, 16);
    body.seq = state->next_seq;
    if (body.seq > 1) {
        body.previous = binary(state->last_body_hash, HASH_LEN);
    } else {
        fill_start(&state->epoch, &start);
        body.epoch_start = &start;
    }
    clock.wall_ms = sealing->clock->wall_ms;
    clock.boot_id = binary(boot_id, sizeof boot_id);
    clock.boot_ms = sealing->clock->boot_ms;
    clock.synchronised = sealing->clock->synchronised;
    clock.error_ms = sealing->clock->error_ms;
    body.clock = &clock;
    body.items = sealing->items;
    body.n_items = sealing->count;
    return body_encode(&body, out, why);
}

static enum outcome make_envelope(void *context, const struct outbox_state *state, struct buffer *raw,
                                  uint8_t body_hash[32], struct why *why)
{
    const struct sealing *sealing = context;
    const struct sender_settings *settings = &sealing->sender->settings;
    scoped_by(buffer_free) struct buffer body = {0};
    struct outbox_state copy = *state;
    uint8_t signature[SIGNATURE_LEN], key_id[KEY_ID_LEN];
    enum outcome outcome = encode_body(sealing, &copy, &body, why);
    if (outcome != DONE)
        return outcome;
    sha256(buffer_view(&body), body_hash);
    key_private_id(settings->key, key_id);
    outcome = key_sign_hash(settings->key, PURPOSE_ENVELOPE, sealing->sender->home->origin, body_hash,
                            signature, why);
    return outcome == DONE
               ? envelope_seal(buffer_view(&body), key_id, signature, settings->certificate, raw, why)
               : outcome;
}

enum outcome sender_seal(struct sender *sender, Silsila__V1__Item **items, size_t count,
                         const struct clock_reading *clock, struct sender_place *place, struct why *why)
{
    struct sealing sealing = {sender, items, count, clock};
    struct outbox_state state;
    enum outcome outcome = outbox_seal(sender->outbox, NULL, 0, make_envelope, &sealing,
                                       clock_read(&sender->clock).wall_ms, why);
    if (outcome != DONE)
        return outcome;
    outbox_read_state(sender->outbox, &state);
    memcpy(place->epoch, state.epoch.epoch, 16);
    place->seq = state.next_seq - 1;
    return DONE;
}

/* ---- receipts ---- */

/* The highest serial ever taken is kept beside the queue: who stole a retired server key cannot empty this
 * outbox. */
static enum outcome check_serial(struct sender *sender, uint64_t serial, struct why *why)
{
    static const char name[] = "server_serial";
    scoped_by(buffer_free) struct buffer kept = {0};
    uint64_t highest = 0;
    struct why none;
    if (outbox_get(sender->outbox, name, &kept, &none) == DONE && kept.len == sizeof highest)
        memcpy(&highest, kept.data, sizeof highest);
    if (serial < highest)
        return fail(why, REJECT, "certificate of serial %" PRIu64 " after %" PRIu64, serial, highest);
    return serial == highest ? DONE : outbox_put(sender->outbox, name, bytes_of(&serial, sizeof serial), why);
}

static enum outcome check_signed(struct sender *sender, const struct envelope_view *view, struct why *why)
{
    struct certificate certificate;
    scoped_by(key_public_free) struct key_public *key = NULL;
    uint8_t id[KEY_ID_LEN];
    enum outcome outcome = home_certificate_check(sender->home, view->certificate,
                                                  SILSILA__V1__KEY_KIND__KEY_KIND_SERVER, &certificate, why);
    if (outcome == DONE)
        outcome = key_public_read(bytes_of(certificate.public_key, sizeof certificate.public_key), &key, why);
    if (outcome != DONE)
        return outcome;
    key_public_id(key, id);
    if (memcmp(id, view->key_id, KEY_ID_LEN) != 0)
        return fail(why, REJECT, "the certificate is of another key");
    outcome = key_verify(key, PURPOSE_RECEIPT, sender->home->origin, view->body, view->signature, why);
    return outcome == DONE ? check_serial(sender, certificate.serial, why) : outcome;
}

static enum outcome apply_receipt(struct sender *sender, const Silsila__V1__Receipt *receipt, struct why *why)
{
    struct outbox_range ranges[65];
    size_t count = 0;
    uint64_t newly = 0;
    bool rewound = false;
    if (receipt->origin.len != ORIGIN_LEN ||
        memcmp(receipt->origin.data, sender->home->origin, ORIGIN_LEN) != 0 ||
        strcmp(receipt->gateway, sender->settings.id) != 0)
        return fail(why, REJECT, "a receipt for somebody else");
    if (receipt->through > 0) {
        ranges[count].from = 1;
        ranges[count].to = receipt->through;
        memcpy(ranges[count++].hash, receipt->through_hash.data, HASH_LEN);
    }
    for (size_t i = 0; i < receipt->n_above; i++) {
        ranges[count].from = receipt->above[i]->from;
        ranges[count].to = receipt->above[i]->to;
        memcpy(ranges[count++].hash, receipt->above_hashes[i].data, HASH_LEN);
    }
    enum outcome outcome = outbox_receipt(sender->outbox, receipt->epoch.data, ranges, count,
                                          clock_read(&sender->clock).wall_ms, &newly, &rewound, why);
    if (outcome != DONE)
        return outcome;
    for (size_t i = 0; i < count; i++)
        sender_queue_receipted(&sender->queue, receipt->epoch.data, ranges[i].from, ranges[i].to);
    if (receipt->send_window > 0)
        sender->window = receipt->send_window < WINDOW_MOST ? receipt->send_window : WINDOW_MOST;
    if (newly > 0)
        sender->heard_at_ms = loop_now_ms(sender->loop);
    return DONE;
}

static void on_message(void *context, const char *topic, struct bytes payload, bool retained)
{
    struct sender *sender = context;
    struct envelope_view view;
    struct why why = {""};
    Silsila__V1__Receipt *receipt = NULL;
    (void)retained;
    if (strcmp(topic, sender->topic_receipt) != 0)
        return;
    enum outcome outcome = envelope_open(payload, &view, &why);
    if (outcome == DONE)
        outcome = check_signed(sender, &view, &why);
    if (outcome == DONE)
        outcome = receipt_decode(view.body, &receipt, &why);
    if (outcome == DONE)
        outcome = apply_receipt(sender, receipt, &why);
    silsila__v1__receipt__free_unpacked(receipt, NULL);
    if (outcome != DONE) { /* nothing is believed that is not signed: it counts as if it had not come */
        sender->not_believed++;
        (void)fail(&sender->trouble, outcome, "a receipt was not believed: %s", why.text);
    }
}

/* ---- sending ---- */

static bool publish_one(void *context, const struct outbox_envelope *envelope)
{
    struct sender *sender = context;
    if (mqtt_publish(sender->mqtt, sender->topic_up, envelope->raw, 1, false, NULL, &sender->trouble) == DONE)
        sender_queue_sent(&sender->queue, loop_now_ms(sender->loop));
    return false;
}

/* Sends what has not been sent, or was long enough ago, while fewer than the window are on the way. */
static void pump(struct sender *sender)
{
    const struct sender_place *next;
    int64_t now_ms = loop_now_ms(sender->loop);
    sender_queue_overdue(&sender->queue, now_ms - RESEND_MS);
    while (mqtt_is_up(sender->mqtt) && sender->queue.on_the_way < sender->window &&
           mqtt_unacknowledged(sender->mqtt) < 100 && (next = sender_queue_next(&sender->queue))) {
        size_t before = sender->queue.on_the_way;
        if (outbox_unreceipted(sender->outbox, next->epoch, next->seq - 1, 1, publish_one, sender,
                               &sender->trouble) != DONE ||
            sender->queue.on_the_way == before)
            return;
    }
}

static void on_up(void *context)
{
    struct sender *sender = context;
    sender->was_up = true;
    sender->trouble.text[0] = '\0';
    sender_queue_overdue(&sender->queue, INT64_MAX); /* what the old connection took may be lost */
}

static void on_down(void *context, const char *why)
{
    struct sender *sender = context;
    (void)snprintf(sender->trouble.text, sizeof sender->trouble.text, "%s", why);
}

static bool queue_one(void *context, const struct outbox_envelope *envelope)
{
    struct sender *sender = context;
    return sender_queue_add(&sender->queue, envelope->epoch, envelope->seq);
}

static enum outcome fill_queue(struct sender *sender, struct why *why)
{
    uint8_t epochs[OPEN_EPOCHS_MOST][16];
    size_t count = outbox_open_epochs(sender->outbox, epochs, OPEN_EPOCHS_MOST);
    sender_queue_clear(&sender->queue);
    for (size_t i = 0; i < count; i++) {
        enum outcome outcome =
            outbox_unreceipted(sender->outbox, epochs[i], 0, SIZE_MAX / 2, queue_one, sender, why);
        if (outcome != DONE)
            return outcome;
    }
    if (sender->queue.failed)
        return fail(why, RETRY, "out of memory");
    if (sender->settings.shuffle)
        sender_queue_shuffle(&sender->queue, sender->settings.shuffle);
    return DONE;
}

static enum outcome connect_broker(struct sender *sender, struct why *why)
{
    const struct home_settings *home = &sender->home->settings;
    const char *cert = sender->settings.tls_cert ? sender->settings.tls_cert : home->tls_cert;
    const char *key = sender->settings.tls_key ? sender->settings.tls_key : home->tls_key;
    bool tls = home->tls_ca && home->tls_ca[0];
    struct mqtt_settings settings = {.host = home->broker_host,
                                     .port = (int)home->broker_port,
                                     .client_id = sender->settings.id,
                                     .tls_ca = tls ? home->tls_ca : NULL,
                                     .tls_cert = tls ? cert : NULL,
                                     .tls_key = tls ? key : NULL,
                                     .keepalive_s = 20,
                                     .clean_start = true};
    struct mqtt_callbacks callbacks = {sender, on_up, on_down, on_message, NULL, NULL};
    enum outcome outcome = loop_open(&sender->loop, &sender->clock, why);
    if (outcome == DONE)
        outcome = mqtt_open(&sender->mqtt, sender->loop, &settings, &callbacks, why);
    return outcome == DONE ? mqtt_subscribe(sender->mqtt, sender->topic_receipt, why) : outcome;
}

static enum outcome give_up(const struct sender *sender, int64_t wait_ms, struct why *why)
{
    const char *trouble = sender->trouble.text;
    if (!sender->was_up)
        return fail(why, RETRY,
                    "no connection to the broker %.60s:%d (%.120s); it stays in the outbox and goes with the "
                    "next command",
                    sender->home->settings.broker_host, (int)sender->home->settings.broker_port, trouble);
    return fail(why, RETRY,
                "no receipt for %zu of them within %" PRId64
                " s%s%.120s; they stay in the outbox and go with the next command",
                sender->queue.count, wait_ms / 1000, trouble[0] ? ": " : "", trouble);
}

enum outcome sender_deliver(struct sender *sender, int64_t wait_ms,
                            void (*progress)(void *context, size_t receipted, size_t total), void *context,
                            struct why *why)
{
    enum { TURN_MS = 100 };
    enum outcome outcome = fill_queue(sender, why);
    size_t total = sender->queue.count;
    if (outcome != DONE || total == 0)
        return outcome;
    if (!sender->mqtt)
        outcome = connect_broker(sender, why);
    if (outcome != DONE)
        return outcome;
    sender->window = WINDOW_FIRST;
    sender->heard_at_ms = clock_read(&sender->clock).boot_ms;
    while (sender->queue.count > 0 && outcome == DONE) {
        outcome = loop_turn(sender->loop, TURN_MS, why);
        pump(sender);
        if (progress)
            progress(context, total - sender->queue.count, total);
        if (outcome == DONE && sender->queue.count > 0 &&
            loop_now_ms(sender->loop) - sender->heard_at_ms > wait_ms)
            outcome = give_up(sender, wait_ms, why);
    }
    return outcome;
}
