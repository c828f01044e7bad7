#include "ingest/service.h"

#include <string.h>

#include "common/log.h"

enum { TICK_MS = 1000 };

/* ---- the way of an envelope ---- */

static void quarantine(struct service *service, struct arrival *arrival, const char *topic)
{
    log_often(&service->quarantine_rate, LOG_LEVEL_WARN, "unauthenticated", "cause=%s topic=%s why=\"%s\"",
              authenticity_word(arrival->authenticity), topic, arrival->why);
    metric_add(service->figures.unauthenticated[arrival->authenticity], 1);
    errands_quarantine(service->errands, arrival, topic);
    arrival_free(arrival);
}

static void on_arrival(void *context, struct arrival *arrival, const char *topic)
{
    struct service *service = context;
    metric_add(service->figures.received[arrival->lane], 1);
    if (arrival->authenticity == BAD_TOPIC)
        quarantine(service, arrival, topic);
    else
        verify_pool_give(service->verify, arrival);
}

static void on_verified(void *context, struct arrival_list *done)
{
    struct service *service = context;
    struct arrival_list authentic = {0};
    struct arrival *arrival;
    while ((arrival = arrival_pop(done))) {
        if (arrival->authenticity == AUTHENTIC) {
            arrival_push(&authentic, arrival);
        } else {
            char topic[128];
            arrival_topic(arrival, (int)service->settings->shard, topic, sizeof topic);
            quarantine(service, arrival, topic);
        }
    }
    if (writer_is_active(service->writer))
        writer_offer(service->writer, &authentic);
    else
        arrival_free_all(&authentic); /* the active one gets them, or gets them again */
    intake_look(service->intake);
}

static void on_committed(void *context, const struct plan *plan, uint32_t generation)
{
    struct service *service = context;
    receipts_set_pressure(service->receipts, intake_fill(service->intake));
    receipts_committed(service->receipts, plan, generation);
    figures_batch(&service->figures, plan);
    if (service->fold && plan->stored)
        fold_keeper_head(service->fold);
}

static void on_receipt_sent(void *context, int64_t waited_ms)
{
    struct service *service = context;
    metric_add(service->figures.receipts, 1);
    metric_add(service->figures.receipt_wait_sum, (double)waited_ms / 1000);
}

/* ---- active and standby ---- */

static void tell_ready(struct service *service)
{
    const char *trouble = writer_trouble(service->writer);
    if (!service->has_signer)
        daemon_ready(service->daemon, false, "no server key may be used yet");
    else if (!writer_is_active(service->writer))
        daemon_ready(service->daemon, trouble[0] == '\0', trouble[0] ? trouble : "standby");
    else if (trouble[0])
        daemon_ready(service->daemon, false, trouble);
    else if (!intake_is_up(service->intake))
        daemon_ready(service->daemon, false, "the broker is away");
    else
        daemon_ready(service->daemon, true, "");
}

/* Messages are taken once there is somebody to append them and a key to answer with. */
static void take_messages(struct service *service)
{
    if (writer_is_active(service->writer) && service->has_signer)
        intake_start(service->intake);
    tell_ready(service);
}

static void on_active(void *context)
{
    struct service *service = context;
    metric_set(service->figures.active, 1);
    metric_set(service->figures.head_size, (double)writer_size(service->writer));
    take_messages(service);
    errands_publish_retained(service->errands);
}

static void on_standby(void *context)
{
    struct service *service = context;
    log_line(LOG_LEVEL_NOTICE, "standby", "why=\"another ingest holds the lock\"");
    metric_set(service->figures.active, 0);
    intake_stop(service->intake);
    tell_ready(service);
}

static void on_forget(void *context)
{
    struct service *service = context;
    receipts_forget(service->receipts);
}

static void on_progress(void *context)
{
    struct service *service = context;
    daemon_progress(service->daemon);
}

static void on_trouble(void *context, const char *word)
{
    struct service *service = context;
    figures_trouble(&service->figures, word);
    tell_ready(service);
}

static void on_broker(void *context, bool up, const char *why)
{
    struct service *service = context;
    (void)why;
    metric_set(service->figures.broker_up, up ? 1 : 0);
    if (up) {
        receipts_flush(service->receipts);
        errands_publish_retained(service->errands);
    }
    tell_ready(service);
}

/* ---- keys ---- */

static enum outcome load_signer(struct service *service, struct why *why)
{
    const struct ingest_settings *settings = service->settings;
    const struct signer_files files = {settings->server_key, settings->server_certificate, settings->authority_key};
    struct signer loaded;
    enum outcome outcome =
        signer_open(&loaded, &files, keyring_origin(service->keyring), errands_authority(service->errands), why);
    if (outcome != DONE)
        return outcome;
    signer_close(&service->signer);
    service->signer = loaded;
    service->has_signer = true;
    return DONE;
}

static void on_keys(void *context)
{
    struct service *service = context;
    struct why why = {""};
    service->has_keys = true;
    if (!service->has_signer && load_signer(service, &why) != DONE)
        log_often(&service->signer_rate, LOG_LEVEL_ERROR, "server_key_unusable", "why=\"%s\"", why.text);
    take_messages(service);
}

static const struct signer *signer_of(void *context)
{
    struct service *service = context;
    return service->has_signer && writer_is_active(service->writer) && intake_is_up(service->intake) ? &service->signer
                                                                                                      : NULL;
}

static enum outcome publish(void *context, const char *topic, struct bytes payload, bool retain, struct why *why)
{
    struct service *service = context;
    return intake_publish(service->intake, topic, payload, retain, why);
}

static enum outcome publish_receipt(void *context, const char *topic, struct bytes payload, struct why *why)
{
    return publish(context, topic, payload, false, why);
}

static void on_tick(void *context)
{
    struct service *service = context;
    const struct arrival_house *house = intake_house(service->intake);
    loop_timer_set(service->tick, loop_now_ms(service->loop) + TICK_MS);
    metric_set(service->figures.in_house, (double)house->count);
    metric_set(service->figures.in_house_bytes, (double)house->bytes);
    metric_set(service->figures.paused, intake_is_paused(service->intake) ? 1 : 0);
    if (service->fold)
        figures_fold(&service->figures, service->fold);
    if (service->has_keys && !service->has_signer)
        on_keys(service); /* the server's key may have come meanwhile */
    intake_look(service->intake);
    tell_ready(service);
    /* A database that is away is no reason to be restarted; a writer that has one and gets nowhere is. */
    if (writer_is_away(service->writer))
        daemon_progress(service->daemon);
}

/* ---- opening, closing, reloading ---- */

static enum outcome open_way(struct service *service, struct why *why)
{
    const struct ingest_settings *s = service->settings;
    const struct intake_callbacks intake = {.context = service, .on_arrival = on_arrival, .on_broker = on_broker};
    const struct writer_settings writer = {
        .conninfo = s->database, .shard = (int)s->shard, .batch_most = (size_t)s->batch_most,
        .batch_bytes_most = (size_t)s->batch_kib_most << 10, .batch_wait_ms = s->batch_wait_ms,
        .heartbeat_ms = s->heartbeat_ms, .silence_ms = s->takeover_ms, .lock_wait_ms = s->lock_wait_ms,
        .append_ms = s->append_deadline_ms};
    const struct writer_callbacks writer_calls = {
        .context = service, .on_active = on_active, .on_standby = on_standby, .on_committed = on_committed,
        .on_forget = on_forget, .on_progress = on_progress, .on_trouble = on_trouble};
    const struct receipts_settings receipts = {
        .signer = &service->signer, .gap_ms = s->receipt_gap_ms, .send_window = (uint32_t)s->send_window,
        .publish = publish_receipt, .sent = on_receipt_sent, .context = service};
    enum outcome outcome = intake_open(&service->intake, service->loop, s, &intake, why);
    if (outcome == DONE)
        outcome = verify_pool_open(&service->verify, service->loop, service->keyring, (unsigned)s->verify_threads,
                                   on_verified, service, why);
    if (outcome == DONE)
        outcome = writer_open(&service->writer, service->loop, &writer, &writer_calls, why);
    if (outcome == DONE)
        outcome = receipts_open(&service->receipts, service->loop, &receipts, why);
    return outcome;
}

enum outcome service_open(struct service *service, const char *program, struct why *why)
{
    const struct errands_callbacks errands = {.context = service, .on_keys = on_keys, .publish = publish,
                                              .signer = signer_of};
    figures_open(&service->figures, service->daemon);
    enum outcome outcome = keyring_open(&service->keyring, why);
    if (outcome == DONE)
        outcome = open_way(service, why);
    if (outcome == DONE)
        outcome = errands_open(&service->errands, service->loop, service->settings->database, service->keyring, &errands, why);
    if (outcome == DONE && service->settings->fold)
        outcome = fold_keeper_open(&service->fold, service->loop, program, service->config_path, why);
    if (outcome == DONE)
        outcome = loop_timer_new(service->loop, on_tick, service, &service->tick, why);
    if (outcome == DONE)
        loop_timer_set(service->tick, loop_now_ms(service->loop) + TICK_MS);
    return outcome;
}

void service_close(struct service *service)
{
    loop_timer_free(&service->tick);
    fold_keeper_close(&service->fold);
    verify_pool_close(&service->verify);
    receipts_close(&service->receipts); /* it points into the writer's epochs */
    writer_close(&service->writer);
    errands_close(&service->errands);
    intake_close(&service->intake);
    keyring_close(&service->keyring);
    signer_close(&service->signer);
}

static void take_over_settings(struct service *service, struct ingest_settings *loaded)
{
    conf_free(ingest_settings_table(), service->settings);
    *service->settings = *loaded;
    const struct ingest_settings *s = service->settings;
    intake_set(service->intake, (size_t)s->queue_most, (size_t)s->queue_mib_most << 20);
    writer_set(service->writer, (size_t)s->batch_most, (size_t)s->batch_kib_most << 10, s->batch_wait_ms);
    receipts_set(service->receipts, s->receipt_gap_ms, (uint32_t)s->send_window);
}

void service_reload(void *context)
{
    struct service *service = context;
    struct ingest_settings loaded = {0};
    struct why why = {""};
    if (conf_load(ingest_settings_table(), service->config_path, &loaded, &why) != DONE) {
        log_line(LOG_LEVEL_ERROR, "reload_refused", "why=\"%s\"", why.text);
        return;
    }
    const char *fixed = conf_unreloadable_change(ingest_settings_table(), service->settings, &loaded);
    if (fixed) {
        log_line(LOG_LEVEL_ERROR, "reload_refused", "setting=%s why=\"it can only change with a restart\"", fixed);
        conf_free(ingest_settings_table(), &loaded);
        return;
    }
    if (service->has_signer && load_signer(service, &why) != DONE) {
        log_line(LOG_LEVEL_ERROR, "reload_refused", "why=\"%s\"", why.text);
        conf_free(ingest_settings_table(), &loaded);
        return;
    }
    take_over_settings(service, &loaded);
    log_line(LOG_LEVEL_INFO, "reloaded", "send_window=%lld", (long long)service->settings->send_window);
}
