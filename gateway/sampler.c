#include "gateway/sampler.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/log.h"
#include "gateway/feeder.h"
#include "gateway/known.h"
#include "gateway/note.h"

/* Quick probes are not made to wait in memory for slow ones: what has answered by then is journaled. */
enum { GATHER_MS = 2000, QUALITIES = 7 };

struct sampler {
    struct sampler_settings settings;
    const struct gateway_settings *local;
    const struct signed_config *config;
    struct probes *probes;
    struct feeder *feeder;
    struct known known;
    bool scanned_once, told_ready;
    struct loop_timer *round_timer, *gather_timer, *deadline_timer, *scan_timer;
    /* The running round; `round` counts them. */
    uint64_t round, rounds_ended;
    bool running, starting;
    int64_t scheduled_ms, due_boot_ms;
    struct clock_claim round_clock;
    uint64_t readings[QUALITIES];
};

static void arm_round(struct sampler *sampler, const struct clock_claim *clock);

static int64_t interval_ms(const struct sampler *sampler)
{
    return signed_config_interval_ms(sampler->config, sampler->local->interval_s * 1000);
}

/* Clock and events. */

static void queue_clock_event(struct sampler *sampler, const struct clock_change *change,
                              const struct clock_claim *clock)
{
    bool stepped = change->event == CLOCK_STEPPED;
    struct device_event event = {.type = stepped ? SILSILA__V1__DEVICE_EVENT_TYPE__CLOCK_STEP
                                                 : SILSILA__V1__DEVICE_EVENT_TYPE__CLOCK_SUSPECT,
                                 .value = change->gained_ms};
    log_line(LOG_LEVEL_WARN, stepped ? "clock_stepped" : "clock_suspect", "gained_ms=%" PRId64, change->gained_ms);
    keeper_event(sampler->settings.keeper, &event, clock);
}

struct clock_claim sampler_clock(struct sampler *sampler)
{
    struct clock_reading reading = clock_read(loop_clock(sampler->settings.loop));
    struct clock_change change;
    reading.synchronised |= sampler->local->clock_trusted;
    struct clock_claim clock = clock_state_tick(sampler->settings.clock, &reading, &change);
    if (change.event != CLOCK_STEADY)
        queue_clock_event(sampler, &change, &clock);
    if (change.seal)
        sealer_mark(sampler->settings.sealer, SEAL_CLOCK);
    if (change.event == CLOCK_STEPPED && !sampler->running)
        arm_round(sampler, &clock);
    return clock;
}

static void queue_faults(struct sampler *sampler, const struct clock_claim *clock);

static bool flush(struct sampler *sampler, const struct clock_claim *clock)
{
    struct why why = {""};
    queue_faults(sampler, clock);
    bool overdue = sampler->settings.receipts_overdue && sampler->settings.receipts_overdue(sampler->settings.context);
    return keeper_flush(sampler->settings.keeper, clock, overdue, &why) == DONE;
}

void sampler_event(struct sampler *sampler, const struct device_event *event)
{
    struct clock_claim clock = sampler_clock(sampler);
    keeper_event(sampler->settings.keeper, event, &clock);
    (void)flush(sampler, &clock);
}

static void probe_event(struct sampler *sampler, Silsila__V1__DeviceEventType type, const char *probe,
                        const char *text)
{
    struct device_event event = {.type = type, .probe = probe, .text = text};
    sampler_event(sampler, &event);
}

/* Readings. */

static struct quality_rule rule_of(const struct sampler *sampler, const struct probe *probe)
{
    int64_t stuck = probe->found.stuck_samples >= 0 ? probe->found.stuck_samples : sampler->local->stuck_samples;
    if (probe->driver->next)
        stuck = 0; /* what was recorded was judged when it was recorded */
    return (struct quality_rule){.lowest_mc = probe->found.lowest_mc,
                                 .highest_mc = probe->found.highest_mc,
                                 .stuck_samples = (int32_t)stuck,
                                 .stuck_below_mc = (int32_t)sampler->local->stuck_below_mc};
}

static void queue_fault(struct sampler *sampler, const struct probe *probe, const struct note *note,
                        const struct clock_claim *clock)
{
    char text[160];
    struct log_quoted quoted;
    enum quality quality = note->latest.quality;
    (void)snprintf(text, sizeof text, "%s%s%s", quality_word(quality), note->why[0] ? ": " : "", note->why);
    log_line(LOG_LEVEL_WARN, "probe_faulty", "probe=%s why=%s", probe->found.id, log_text(&quoted, text));
    struct device_event event = {.type = SILSILA__V1__DEVICE_EVENT_TYPE__PROBE_FAULTY,
                                 .probe = probe->found.id,
                                 .value = (int64_t)quality,
                                 .text = text};
    keeper_event(sampler->settings.keeper, &event, clock);
}

/* Behind the readings of the round, so that one body holds them all and the event goes alone after it. */
static void queue_faults(struct sampler *sampler, const struct clock_claim *clock)
{
    for (size_t i = 0; sampler->probes && i < probes_count(sampler->probes); i++) {
        const struct probe *probe = probes_at(sampler->probes, i);
        struct note *note = probe->attached;
        if (!note || !note->to_tell)
            continue;
        note->to_tell = false;
        queue_fault(sampler, probe, note, clock);
    }
}

/* `clock` NULL: a recorded reading, whose time is not ours to doubt. */
static void take_reading(struct sampler *sampler, struct probe *probe, const struct reading *reading, int64_t at_ms,
                         const struct clock_claim *clock)
{
    static const struct clock_claim recorded = {.synchronised = true};
    struct note *note = probe->attached;
    size_t limit_count;
    const struct limit *limits = signed_config_limits(sampler->config, probe->found.id, &limit_count);
    struct quality_rule rule = rule_of(sampler, probe);
    if (!note)
        return; /* no memory for it when it was found */
    struct noted noted = note_reading(note, &rule, limits, limit_count, reading, at_ms);
    keeper_reading(sampler->settings.keeper, probe->found.id, at_ms, clock ? clock : &recorded, &noted.judged);
    sampler->readings[noted.judged.quality]++;
    if (noted.limit_touched)
        sealer_mark(sampler->settings.sealer, SEAL_LIMIT);
    if (noted.quality_changed)
        sealer_mark(sampler->settings.sealer, SEAL_QUALITY);
    if (noted.became_faulty) {
        note->to_tell = true;
        (void)snprintf(note->why, sizeof note->why, "%s", reading->why);
    }
}

static void end_round(struct sampler *sampler)
{
    loop_timer_clear(sampler->gather_timer);
    loop_timer_clear(sampler->deadline_timer);
    sampler->running = false;
    sampler->rounds_ended++;
    struct clock_claim clock = sampler_clock(sampler);
    bool durable = flush(sampler, &clock);
    arm_round(sampler, &clock);
    if (sampler->settings.on_round)
        sampler->settings.on_round(sampler->settings.context, durable);
}

static void on_answer(void *context, uint64_t round, struct probe *probe, const struct reading *reading)
{
    struct sampler *sampler = context;
    if (!sampler->running || round != sampler->round)
        return;
    take_reading(sampler, probe, reading, sampler->scheduled_ms, &sampler->round_clock);
    if (!sampler->starting && probes_awaited(sampler->probes) == 0)
        end_round(sampler);
}

static void gathered(void *context)
{
    struct sampler *sampler = context;
    struct clock_claim clock = sampler_clock(sampler);
    (void)flush(sampler, &clock);
}

static void deadline(void *context)
{
    struct sampler *sampler = context;
    sampler->starting = true; /* one flush at the end, not one an answer */
    probes_expire(sampler->probes, sampler->round);
    sampler->starting = false;
    if (sampler->running)
        end_round(sampler);
}

/* Rounds. */

static void arm_round(struct sampler *sampler, const struct clock_claim *clock)
{
    int64_t interval = interval_ms(sampler);
    int64_t next_ms = (clock->wall_ms / interval + 1) * interval;
    sampler->due_boot_ms = clock->boot_ms + (next_ms - clock->wall_ms);
    loop_timer_set(sampler->round_timer, sampler->due_boot_ms);
}

static void start_round(struct sampler *sampler, int64_t scheduled_ms, const struct clock_claim *clock)
{
    int64_t patience = sampler->local->read_deadline_ms, half = interval_ms(sampler) / 2;
    sampler->round++;
    sampler->running = sampler->starting = true;
    sampler->scheduled_ms = scheduled_ms;
    sampler->round_clock = *clock;
    probes_round(sampler->probes, sampler->round);
    sampler->starting = false;
    if (probes_awaited(sampler->probes) == 0) {
        end_round(sampler);
        return;
    }
    loop_timer_set(sampler->gather_timer, clock->boot_ms + GATHER_MS);
    loop_timer_set(sampler->deadline_timer, clock->boot_ms + (patience < half ? patience : half));
}

static void round_due(void *context)
{
    struct sampler *sampler = context;
    struct clock_claim clock = sampler_clock(sampler);
    int64_t interval = interval_ms(sampler);
    int64_t scheduled_ms = clock.wall_ms / interval * interval;
    if (sampler->running || scheduled_ms == sampler->scheduled_ms) {
        /* The clock was held back a little, or the timer came a hair early: this instant was had, by us or, at the first round,
         * by the process before us. */
        arm_round(sampler, &clock);
        return;
    }
    start_round(sampler, scheduled_ms, &clock);
}

/* Probes come and go. */

static const struct probe_setting *setting_of(const struct sampler *sampler, const struct probe *probe)
{
    for (size_t i = 0; i < sampler->local->probe_count; i++)
        if (strcmp(sampler->local->probes[i].name, probe->found.id) == 0)
            return &sampler->local->probes[i];
    return NULL;
}

static void on_found(void *context, struct probe *probe)
{
    struct sampler *sampler = context;
    struct why why = {""};
    probe->attached = calloc(1, sizeof(struct note));
    log_line(LOG_LEVEL_INFO, "probe_found", "probe=%s driver=%s", probe->found.id, probe->driver->name);
    if (!known_has(&sampler->known, probe->found.id)) {
        probe_event(sampler, SILSILA__V1__DEVICE_EVENT_TYPE__PROBE_FOUND, probe->found.id, probe->driver->what);
        known_add(&sampler->known, probe->found.id);
    }
    const struct probe_setting *setting = setting_of(sampler, probe);
    if (probe->driver->next && setting && feeder_add(sampler->feeder, probe, setting, &why) != DONE)
        log_line(LOG_LEVEL_ERROR, "replay_fails", "probe=%s", probe->found.id);
}

static void forget(struct sampler *sampler, struct probe *probe)
{
    if (probe->driver->next)
        feeder_remove(sampler->feeder, probe);
    free(probe->attached);
    probe->attached = NULL;
}

static void on_lost(void *context, struct probe *probe)
{
    struct sampler *sampler = context;
    log_line(LOG_LEVEL_WARN, "probe_lost", "probe=%s", probe->found.id);
    known_remove(&sampler->known, probe->found.id);
    probe_event(sampler, SILSILA__V1__DEVICE_EVENT_TYPE__PROBE_LOST, probe->found.id, NULL);
    forget(sampler, probe);
}

static bool is_present(const struct sampler *sampler, const char *id)
{
    for (size_t i = 0; i < probes_count(sampler->probes); i++)
        if (strcmp(probes_at(sampler->probes, i)->found.id, id) == 0)
            return true;
    return false;
}

struct missing {
    struct sampler *sampler;
    struct buffer ids; /* NUL-ended, one behind the other */
};

static void note_missing(void *context, const char *id)
{
    struct missing *missing = context;
    if (!is_present(missing->sampler, id))
        buffer_add(&missing->ids, id, strlen(id) + 1);
}

/* What was there before the restart and is not now. */
static void tell_missing(struct sampler *sampler)
{
    struct missing missing = {.sampler = sampler};
    known_each(&sampler->known, note_missing, &missing);
    for (size_t at = 0; !missing.ids.failed && at < missing.ids.len;) {
        const char *id = (const char *)missing.ids.data + at;
        at += strlen(id) + 1;
        log_line(LOG_LEVEL_WARN, "probe_lost", "probe=%s while=stopped", id);
        known_remove(&sampler->known, id);
        probe_event(sampler, SILSILA__V1__DEVICE_EVENT_TYPE__PROBE_LOST, id, "while stopped");
    }
    buffer_free(&missing.ids);
}

static void on_scanned(void *context)
{
    struct sampler *sampler = context;
    if (!sampler->told_ready && sampler->settings.on_ready)
        sampler->settings.on_ready(sampler->settings.context);
    sampler->told_ready = true;
    if (!sampler->scanned_once)
        tell_missing(sampler);
    sampler->scanned_once = true;
}

static void on_complaint(void *context, const char *text)
{
    struct log_quoted quoted;
    (void)context;
    log_line(LOG_LEVEL_WARN, "probe_doubtful", "why=%s", log_text(&quoted, text));
}

static void scan_due(void *context)
{
    struct sampler *sampler = context;
    probes_scan(sampler->probes);
    loop_timer_set(sampler->scan_timer, loop_now_ms(sampler->settings.loop) + sampler->local->scan_s * 1000);
}

static void on_recorded(void *context, struct probe *probe, int64_t at_ms, int32_t value_mc)
{
    struct reading reading;
    reading_value(&reading, value_mc);
    take_reading(context, probe, &reading, at_ms, NULL);
}

static bool on_batch(void *context)
{
    struct sampler *sampler = context;
    struct why why = {""};
    struct clock_claim clock = sampler_clock(sampler);
    queue_faults(sampler, &clock);
    return keeper_store(sampler->settings.keeper, &clock, &why) == DONE;
}

static void on_noted(void *context)
{
    struct sampler *sampler = context;
    struct clock_claim clock = sampler_clock(sampler);
    (void)flush(sampler, &clock);
}

/* Opening, reloading, closing. */

static enum outcome open_probes(struct sampler *sampler, const struct gateway_settings *local, struct probes **made,
                                struct why *why)
{
    struct probes_callbacks callbacks = {sampler, on_found, on_lost, on_answer, on_scanned, on_complaint};
    return probes_open(made, sampler->settings.loop, local, &callbacks, why);
}

static enum outcome open_timers(struct sampler *sampler, struct why *why)
{
    const struct {
        void (*due)(void *);
        struct loop_timer **timer;
    } timers[] = {{round_due, &sampler->round_timer},
                  {gathered, &sampler->gather_timer},
                  {deadline, &sampler->deadline_timer},
                  {scan_due, &sampler->scan_timer}};
    for (size_t i = 0; i < sizeof timers / sizeof timers[0]; i++)
        if (loop_timer_new(sampler->settings.loop, timers[i].due, sampler, timers[i].timer, why) != DONE)
            return RETRY;
    return DONE;
}

enum outcome sampler_open(struct sampler **made, const struct sampler_settings *settings, struct why *why)
{
    struct sampler *sampler = calloc(1, sizeof *sampler);
    if (!sampler)
        return fail(why, RETRY, "out of memory");
    sampler->settings = *settings;
    sampler->local = settings->local;
    known_open(&sampler->known, settings->outbox);
    struct feeder_callbacks feeding = {sampler, on_recorded, on_batch, on_noted};
    enum outcome outcome = open_timers(sampler, why);
    if (outcome == DONE)
        outcome = feeder_open(&sampler->feeder, settings->loop, settings->outbox, &feeding, why);
    if (outcome == DONE)
        outcome = open_probes(sampler, sampler->local, &sampler->probes, why);
    if (outcome != DONE) {
        (void)sampler_close(&sampler);
        return outcome;
    }
    struct clock_claim clock = sampler_clock(sampler);
    sampler->scheduled_ms = clock.wall_ms / interval_ms(sampler) * interval_ms(sampler);
    arm_round(sampler, &clock);
    scan_due(sampler);
    *made = sampler;
    return DONE;
}

static bool close_probes(struct sampler *sampler)
{
    for (size_t i = 0; sampler->probes && i < probes_count(sampler->probes); i++)
        forget(sampler, probes_at(sampler->probes, i));
    return probes_close(&sampler->probes);
}

bool sampler_close(struct sampler **sampler)
{
    struct sampler *s = *sampler;
    if (!s)
        return true;
    bool all_ended = close_probes(s);
    feeder_close(&s->feeder);
    loop_timer_free(&s->round_timer);
    loop_timer_free(&s->gather_timer);
    loop_timer_free(&s->deadline_timer);
    loop_timer_free(&s->scan_timer);
    known_close(&s->known);
    free(s);
    *sampler = NULL;
    return all_ended;
}

enum outcome sampler_reload(struct sampler *sampler, const struct gateway_settings *local, bool *old_in_use,
                            struct why *why)
{
    struct probes *fresh;
    enum outcome outcome = open_probes(sampler, local, &fresh, why);
    if (outcome != DONE)
        return outcome;
    if (sampler->running)
        deadline(sampler);
    *old_in_use = !close_probes(sampler);
    sampler->probes = fresh;
    sampler->local = local;
    sampler->scanned_once = false;
    struct clock_claim clock = sampler_clock(sampler);
    arm_round(sampler, &clock);
    scan_due(sampler);
    return DONE;
}

void sampler_use_config(struct sampler *sampler, const struct signed_config *config)
{
    bool cadence_changes = signed_config_interval_ms(config, sampler->local->interval_s * 1000) != interval_ms(sampler);
    sampler->config = config;
    if (!cadence_changes || sampler->running)
        return; /* a running round arms the next one when it ends */
    struct clock_claim clock = sampler_clock(sampler);
    arm_round(sampler, &clock);
}

/* What others may see. */

size_t sampler_probe_count(const struct sampler *sampler)
{
    return probes_count(sampler->probes);
}

bool sampler_latest(const struct sampler *sampler, size_t index, struct latest *latest)
{
    const struct probe *probe = probes_at(sampler->probes, index);
    const struct note *note = probe ? probe->attached : NULL;
    if (!note || !note->has_latest)
        return false;
    *latest = (struct latest){probe->found.id, note->latest, note->latest_ms, probe->driver->name};
    return true;
}

uint64_t sampler_rounds(const struct sampler *sampler)
{
    return sampler->rounds_ended;
}

uint64_t sampler_readings(const struct sampler *sampler, enum quality quality)
{
    return sampler->readings[quality];
}

bool sampler_is_stalled(const struct sampler *sampler, int64_t late_ms)
{
    return loop_now_ms(sampler->settings.loop) - sampler->due_boot_ms > late_ms;
}
