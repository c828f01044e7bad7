#include "gateway/station.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "coldchain/envelope.h"
#include "common/cleanup.h"
#include "common/log.h"

enum { NOW_EVERY_MS = 60 * 1000, TIDY_EVERY_MS = 60 * 1000, PULSE_EVERY_MS = 15 * 1000, STALLED_ROUNDS = 3 };

/* Going up. */

void station_on_sealed(void *context, enum seal_reason reason, uint64_t seq)
{
    struct station *station = context;
    log_line(LOG_LEVEL_DEBUG, "sealed", "seq=%" PRIu64 " reason=%s", seq, seal_word(reason));
    if (station->uplink)
        uplink_sealed(station->uplink);
}

bool station_receipts_overdue(void *context)
{
    const struct station *station = context;
    struct uplink_state state = {0};
    if (station->uplink)
        uplink_read_state(station->uplink, &state);
    return state.overdue;
}

void station_on_round(void *context, bool durable)
{
    struct station *station = context;
    int64_t since_ms = keeper_refused_since_ms(station->keeper);
    if (durable) {
        daemon_progress(station->daemon);
        daemon_ready(station->daemon, true, "");
        return;
    }
    daemon_ready(station->daemon, false, "the outbox refuses");
    if (loop_now_ms(station->loop) - since_ms < REFUSED_TOO_LONG_MS)
        return;
    log_line(LOG_LEVEL_ERROR, "giving_up", "why=outbox_refuses_for_ms_%d waiting=%zu", REFUSED_TOO_LONG_MS,
             keeper_waiting(station->keeper));
    station->broken = true;
    loop_stop(station->loop);
}

/* Certificates are held against the time we claim, and receipts stamped by it: a board that boots in 1970 would find every one not yet valid, and one
 * whose clock was thrown ahead every one expired (7-faults, rows 22 and 23). */
int64_t station_claimed_ms(void *context)
{
    struct station *station = context;
    return sampler_clock(station->sampler).wall_ms;
}

void station_on_link(void *context, bool up)
{
    (void)context;
    if (up) /* that it is down, and why, the uplink says itself */
        log_line(LOG_LEVEL_NOTICE, "link_up", "to=broker");
}

/* Coming down. */

static void use_config(struct station *station, struct signed_config *config)
{
    struct signed_config *old = station->config;
    station->config = config;
    sampler_use_config(station->sampler, config);
    sealer_use_config(station->sealer, signed_config_version(config),
                      signed_config_seal_ms(config, station->settings->seal_s * 1000));
    signed_config_free(&old);
    log_line(LOG_LEVEL_NOTICE, "config_in_force", "version=%" PRIu64, signed_config_version(config));
}

static void refuse_config(struct station *station, const struct why *why)
{
    struct log_quoted quoted;
    struct device_event event = {.type = SILSILA__V1__DEVICE_EVENT_TYPE__CONFIG_REFUSED, .text = why->text};
    log_line(LOG_LEVEL_WARN, "config_refused", "why=%s", log_text(&quoted, why->text));
    sampler_event(station->sampler, &event);
}

void station_on_config(void *context, struct bytes payload, struct bytes raw)
{
    struct station *station = context;
    scoped_by(signed_config_free) struct signed_config *offered = NULL;
    struct why why = {""};
    enum outcome outcome = signed_config_read(payload, &offered, &why);
    if (outcome == DONE)
        outcome = signed_config_may_replace(station->config, offered, &why);
    if (outcome == REJECT)
        refuse_config(station, &why);
    if (outcome != DONE || signed_config_version(offered) == signed_config_version(station->config))
        return;
    /* Durable before it is used: a body must never name a version that a restart would not know. */
    if (outbox_put(station->outbox, SIGNED_CONFIG_KEPT, raw, &why) != DONE) {
        struct log_quoted quoted;
        log_line(LOG_LEVEL_ERROR, "config_not_kept", "why=%s", log_text(&quoted, why.text));
        return; /* it is retained at the broker and comes again */
    }
    use_config(station, take(offered));
}

void station_load_config(struct station *station)
{
    scoped_by(buffer_free) struct buffer raw = {0};
    scoped_by(signed_config_free) struct signed_config *kept = NULL;
    struct bytes payload;
    struct why why = {""};
    if (outbox_get(station->outbox, SIGNED_CONFIG_KEPT, &raw, &why) != DONE)
        return;
    enum outcome outcome = uplink_check(&station->uplink_settings, buffer_view(&raw), &payload, &why);
    if (outcome == DONE)
        outcome = signed_config_read(payload, &kept, &why);
    if (outcome == DONE)
        use_config(station, take(kept));
    else
        refuse_config(station, &why);
}

static void log_judgement(const Silsila__V1__JudgementNote *note)
{
    struct log_quoted code, text;
    log_line(LOG_LEVEL_WARN, "judged", "seq=%" PRIu64 " position=%" PRIu32 " code=%s text=%s", note->seq,
             note->position, log_text(&code, note->code), log_text(&text, note->text));
}

void station_on_notice(void *context, struct bytes payload)
{
    Silsila__V1__Notice *notice = NULL;
    struct why why;
    (void)context;
    if (notice_decode(payload, &notice, &why) != DONE)
        return;
    for (size_t i = 0; i < notice->n_judgements; i++)
        log_judgement(notice->judgements[i]);
    silsila__v1__notice__free_unpacked(notice, NULL);
}

void station_on_security(void *context, const char *text)
{
    struct station *station = context;
    struct log_quoted quoted;
    struct device_event event = {.type = SILSILA__V1__DEVICE_EVENT_TYPE__SECURITY, .text = text};
    log_line(LOG_LEVEL_WARN, "security", "what=%s", log_text(&quoted, text));
    sampler_event(station->sampler, &event);
}

void station_on_rewound(void *context)
{
    struct station *station = context;
    struct device_event event = {.type = SILSILA__V1__DEVICE_EVENT_TYPE__OUTBOX_TROUBLE,
                                 .text = "the outbox was older than what was already sent: a new epoch began"};
    log_line(LOG_LEVEL_ERROR, "outbox_rewound", "new_epoch=yes");
    sampler_event(station->sampler, &event);
}

/* Now and then. */

enum { PROBES_SHOWN = 256 };

static void publish_now(void *context)
{
    struct station *station = context;
    Silsila__V1__NowValue values[PROBES_SHOWN], *pointers[PROBES_SHOWN];
    Silsila__V1__Now now = SILSILA__V1__NOW__INIT;
    scoped_by(buffer_free) struct buffer out = {0};
    struct latest latest;
    for (size_t i = 0; i < sampler_probe_count(station->sampler) && now.n_values < PROBES_SHOWN; i++) {
        if (!sampler_latest(station->sampler, i, &latest))
            continue;
        Silsila__V1__NowValue *value = &values[now.n_values];
        union {
            const char *from;
            char *to;
        } id = {latest.probe};
        silsila__v1__now_value__init(value);
        value->probe = id.to;
        value->value_mc = latest.judged.value_mc;
        value->at_ms = latest.at_ms;
        value->quality = (uint32_t)latest.judged.quality;
        pointers[now.n_values++] = value;
    }
    union {
        const char *from;
        char *to;
    } gateway = {station->settings->id};
    now.gateway = gateway.to;
    now.values = pointers;
    size_t size = silsila__v1__now__get_packed_size(&now);
    uint8_t *at = buffer_reserve(&out, size);
    if (at) {
        out.len = silsila__v1__now__pack(&now, at);
        uplink_publish_now(station->uplink, buffer_view(&out));
    }
    loop_timer_set(station->now_timer, loop_now_ms(station->loop) + NOW_EVERY_MS);
}

static size_t measure(const struct station *station, struct device_measure measures[HEALTH_MEASURES])
{
    struct health_sources sources = {.outbox = station->outbox,
                                     .keeper = station->keeper,
                                     .sampler = station->sampler,
                                     .uplink = station->uplink,
                                     .now_boot_ms = loop_now_ms(station->loop),
                                     .started_boot_ms = station->started_boot_ms};
    return health_measure(&sources, measures);
}

static void report_health(void *context)
{
    struct station *station = context;
    struct device_measure measures[HEALTH_MEASURES];
    size_t count = measure(station, measures);
    struct device_event event = {.type = SILSILA__V1__DEVICE_EVENT_TYPE__HEALTH,
                                 .measures = measures,
                                 .measure_count = count};
    sampler_event(station->sampler, &event);
    loop_timer_set(station->health_timer, loop_now_ms(station->loop) + station->settings->health_s * 1000);
}

static void refresh_metrics(void *context)
{
    struct station *station = context;
    struct device_measure measures[HEALTH_MEASURES];
    health_publish(station->daemon, measures, measure(station, measures));
}

static void tidy(void *context)
{
    struct station *station = context;
    struct why why = {""};
    struct log_quoted quoted;
    struct clock_claim clock = sampler_clock(station->sampler);
    if (outbox_tidy(station->outbox, clock.wall_ms, &why) != DONE)
        log_line(LOG_LEVEL_WARN, "outbox_not_tidied", "why=%s", log_text(&quoted, why.text));
    loop_timer_set(station->tidy_timer, loop_now_ms(station->loop) + TIDY_EVERY_MS);
}

/* Between rounds waiting is what there is to do, and counts as progress; a round that is overdue does not. */
static void pulse(void *context)
{
    struct station *station = context;
    int64_t round_ms = signed_config_interval_ms(station->config, station->settings->interval_s * 1000);
    if (!sampler_is_stalled(station->sampler, STALLED_ROUNDS * round_ms) &&
        keeper_refused_since_ms(station->keeper) == 0)
        daemon_progress(station->daemon);
    loop_timer_set(station->pulse_timer, loop_now_ms(station->loop) + PULSE_EVERY_MS);
}

enum outcome station_start_timers(struct station *station, struct why *why)
{
    int64_t now_ms = loop_now_ms(station->loop);
    daemon_before_metrics(station->daemon, refresh_metrics, station);
    const struct {
        void (*due)(void *);
        struct loop_timer **timer;
        int64_t first_ms;
    } timers[] = {{publish_now, &station->now_timer, 5 * 1000},
                  {report_health, &station->health_timer, station->settings->health_s * 1000},
                  {pulse, &station->pulse_timer, 0},
                  {tidy, &station->tidy_timer, 1000}};
    for (size_t i = 0; i < sizeof timers / sizeof timers[0]; i++) {
        enum outcome outcome = loop_timer_new(station->loop, timers[i].due, station, timers[i].timer, why);
        if (outcome != DONE)
            return outcome;
        loop_timer_set(*timers[i].timer, now_ms + timers[i].first_ms);
    }
    return DONE;
}

#define BOOT_KEPT "boot"

void station_on_ready(void *context)
{
    struct station *station = context;
    scoped_by(buffer_free) struct buffer before = {0};
    struct why why;
    struct bytes boot = bytes_of(station->boot_id, sizeof station->boot_id);
    bool known = outbox_get(station->outbox, BOOT_KEPT, &before, &why) == DONE;
    bool same_boot = known && bytes_equal(buffer_view(&before), boot);
    if (!same_boot)
        (void)!outbox_put(station->outbox, BOOT_KEPT, boot, &why);
    struct device_event event = {.type = SILSILA__V1__DEVICE_EVENT_TYPE__RESTART,
                                 .text = same_boot ? "the program ended and was started again"
                                         : known   ? "the machine was started"
                                                   : "the first start with this outbox"};
    sampler_event(station->sampler, &event);
    daemon_ready(station->daemon, true, "");
}

void station_on_stop(void *context)
{
    struct station *station = context;
    log_line(LOG_LEVEL_NOTICE, "stopping", "program=silsila-gateway");
    daemon_stopping(station->daemon);
    loop_stop(station->loop);
}

/* SIGHUP: all or nothing. */

static void free_settings(struct gateway_settings **settings)
{
    if (*settings) {
        conf_free(gateway_conf_table(), *settings);
        free(*settings);
    }
    *settings = NULL;
}

static enum outcome reload(struct station *station, struct why *why)
{
    const struct conf_table *table = gateway_conf_table();
    scoped_by(free_settings) struct gateway_settings *fresh = calloc(1, sizeof *fresh);
    bool old_in_use = false;
    if (!fresh)
        return fail(why, RETRY, "out of memory");
    enum outcome outcome = conf_load(table, station->config_path, fresh, why);
    if (outcome == DONE)
        outcome = gateway_settings_check(fresh, why);
    if (outcome != DONE)
        return outcome;
    const char *fixed = conf_unreloadable_change(table, station->settings, fresh);
    if (fixed)
        return fail(why, REJECT, "%s cannot change while the gateway runs: restart it", fixed);
    outcome = sampler_reload(station->sampler, fresh, &old_in_use, why);
    if (outcome != DONE)
        return outcome;
    struct gateway_settings *old = station->settings;
    station->settings = take(fresh);
    if (!old_in_use) /* else a thread hangs in a driver that still looks at them */
        free_settings(&old);
    log_set_level((enum log_level)station->settings->log_level);
    sealer_use_config(station->sealer, signed_config_version(station->config),
                      signed_config_seal_ms(station->config, station->settings->seal_s * 1000));
    return DONE;
}

void station_on_reload(void *context)
{
    struct station *station = context;
    struct why why = {""};
    struct log_quoted quoted;
    if (reload(station, &why) == DONE)
        log_line(LOG_LEVEL_NOTICE, "reloaded", "file=%s", log_text(&quoted, station->config_path));
    else
        log_line(LOG_LEVEL_ERROR, "not_reloaded", "why=%s", log_text(&quoted, why.text));
}
