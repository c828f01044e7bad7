/* silsila-gateway: reads the probes of one site and brings every reading, signed, to the national ledger.
 *
 *   probe ─▶ sampler ─▶ keeper ─▶ outbox (samples) ─▶ sealer ─▶ outbox (envelopes) ══▶ uplink ══▶ broker … ledger
 *                                                                     ▲                   │
 *                                                                     └──── receipt ◀═════┘
 *
 *   drivers/        one kind of probe each                quality     what a reading is worth, and why
 *   probes, lanes   who is there; nobody waits for another  clock_state what time it is, and how surely
 *   sampler         the step grid                         seal        when samples become a signed body
 *   keeper, ring    what is refused waits in memory       station     what is done now and then, and what comes down
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/log.h"
#include "gateway/probe_list.h"
#include "gateway/station.h"

enum { EXIT_USAGE = 2, RING_ROOM = 20000, OPEN_TRIES = 6 };
enum { OVERDUE_VALUES = 60, BODY_BYTES = 16 * 1024 };

static enum outcome check_settings(const void *settings, struct why *why)
{
    return gateway_settings_check(settings, why);
}

static const struct daemon_about about = {
    .program = "silsila-gateway",
    .purpose = "reads the probes of one site and brings every reading, signed, to the national ledger",
    .default_config = "/etc/silsila/gateway.conf",
    .check = check_settings,
    .words = "[probe list]",
};

static const char *state_file(const struct station *station, const char *name, char *path, size_t room)
{
    (void)snprintf(path, room, "%s/%s", station->settings->state_dir, name);
    return path;
}

/* A medium that fails at the start may only be slow to come; ending at once would be a storm of restarts. */
static enum outcome open_outbox(struct station *station, struct why *why)
{
    char path[PATH_MAX];
    const struct gateway_settings *settings = station->settings;
    const char *high_water = settings->high_water_path && *settings->high_water_path ? settings->high_water_path : NULL;
    struct outbox_settings outbox = {.path = state_file(station, "outbox.db", path, sizeof path),
                                     .high_water_path = high_water,
                                     .quota_bytes = settings->quota_mib * 1024 * 1024,
                                     .retention_ms = settings->retention_days * 24 * 3600 * 1000,
                                     .make_lost_item = keeper_lost_item};
    memcpy(outbox.boot_id, station->boot_id, sizeof outbox.boot_id);
    (void)mkdir(settings->state_dir, 0700);
    enum outcome outcome = RETRY;
    for (unsigned i = 0; i < OPEN_TRIES && outcome == RETRY; i++) {
        if (i > 0)
            (void)sleep(1u << (i - 1));
        outcome = outbox_open(&station->outbox, &outbox, clock_read(&station->clock).wall_ms, why);
    }
    return outcome;
}

/* The ratchet: no time claimed is before the newest one that was ever journaled or sealed. */
static bool newest_sample(void *context, const struct outbox_sample *sample)
{
    int64_t *newest_ms = context;
    if (!sample->has_up_ms && sample->scheduled_ms > *newest_ms)
        *newest_ms = sample->scheduled_ms;
    return true;
}

static enum outcome open_clock(struct station *station, struct why *why)
{
    struct clock_rule rule = clock_rule_default();
    struct outbox_state state;
    outbox_read_state(station->outbox, &state);
    int64_t newest_ms = state.newest_sealed_ms;
    (void)!outbox_samples(station->outbox, SIZE_MAX >> 1, newest_sample, &newest_ms, why);
    clock_state_begin(&station->clock_state, &rule, newest_ms);
    return DONE;
}

static enum outcome open_sealer(struct station *station, struct why *why)
{
    struct sealer_settings sealer = {
        .outbox = station->outbox,
        .signer = {.key = station->key},
        .rule = {station->settings->seal_s * 1000, OVERDUE_VALUES, BODY_BYTES},
        .context = station,
        .on_sealed = station_on_sealed,
    };
    (void)snprintf(sealer.signer.gateway, sizeof sealer.signer.gateway, "%s", station->settings->id);
    key_private_id(station->key, sealer.signer.key_id);
    memcpy(sealer.signer.origin, station->enrolment.origin, ORIGIN_LEN);
    memcpy(sealer.signer.boot_id, station->boot_id, BOOT_ID_LEN);
    return sealer_open(&station->sealer, &sealer, station->started_boot_ms, why);
}

static enum outcome open_keeper(struct station *station, struct why *why)
{
    struct keeper_settings keeper = {station->outbox, station->sealer, RING_ROOM};
    return keeper_open(&station->keeper, &keeper, why);
}

static enum outcome open_sampler(struct station *station, struct why *why)
{
    struct sampler_settings sampler = {.loop = station->loop,
                                       .local = station->settings,
                                       .keeper = station->keeper,
                                       .sealer = station->sealer,
                                       .outbox = station->outbox,
                                       .clock = &station->clock_state,
                                       .context = station,
                                       .on_ready = station_on_ready,
                                       .on_round = station_on_round,
                                       .receipts_overdue = station_receipts_overdue};
    return sampler_open(&station->sampler, &sampler, why);
}

static enum outcome open_uplink(struct station *station, struct why *why)
{
    struct uplink_callbacks callbacks = {.context = station,
                                         .on_config = station_on_config,
                                         .on_notice = station_on_notice,
                                         .on_security = station_on_security,
                                         .on_link = station_on_link,
                                         .on_rewound = station_on_rewound,
                                         .claimed_ms = station_claimed_ms};
    return uplink_open(&station->uplink, station->loop, station->outbox, &station->uplink_settings, &callbacks, why);
}

static void describe_uplink(struct station *station)
{
    const struct gateway_settings *settings = station->settings;
    bool tls = settings->tls_key && *settings->tls_key;
    station->uplink_settings = (struct uplink_settings){
        .gateway = settings->id,
        .authority_key = buffer_view(&station->enrolment.authority_key),
        .mqtt = {.host = settings->broker_host,
                 .port = (int)settings->broker_port,
                 .tls_ca = tls ? station->enrolment.tls_ca : NULL,
                 .tls_cert = tls ? station->enrolment.tls_cert : NULL,
                 .tls_key = tls ? settings->tls_key : NULL,
                 .tls_time_ms = station_claimed_ms,
                 .tls_time_context = station},
    };
    memcpy(station->uplink_settings.origin, station->enrolment.origin, ORIGIN_LEN);
}

/* In the order in which a reading passes: nothing is asked of a probe before there is room to keep its answer. */
static enum outcome open_station(struct station *station, struct why *why)
{
    station->clock = clock_system();
    station->started_boot_ms = clock_read(&station->clock).boot_ms;
    enum outcome outcome = clock_boot_id_read("/proc/sys/kernel/random/boot_id", station->boot_id, why);
    if (outcome == DONE)
        outcome = enrolment_load(station->settings, &station->enrolment, why);
    if (outcome == DONE)
        outcome = key_load(station->settings->record_key, &station->key, why);
    if (outcome == DONE)
        outcome = loop_open(&station->loop, &station->clock, why);
    if (outcome == DONE)
        outcome = loop_signals(station->loop, station_on_stop, station_on_reload, station, why);
    if (outcome == DONE)
        outcome = daemon_open(&station->daemon, station->loop, about.program, (int)station->settings->http_port, why);
    if (outcome == DONE)
        outcome = open_outbox(station, why);
    if (outcome == DONE)
        outcome = open_clock(station, why);
    if (outcome == DONE)
        outcome = open_sealer(station, why);
    if (outcome == DONE)
        outcome = open_keeper(station, why);
    if (outcome == DONE)
        outcome = open_sampler(station, why);
    if (outcome == DONE) {
        describe_uplink(station);
        outcome = open_uplink(station, why);
    }
    return outcome;
}

static void close_station(struct station *station)
{
    loop_timer_free(&station->now_timer);
    loop_timer_free(&station->health_timer);
    loop_timer_free(&station->tidy_timer);
    loop_timer_free(&station->pulse_timer);
    uplink_close(&station->uplink);
    if (!sampler_close(&station->sampler))
        station->settings = NULL; /* a thread hangs in a driver and still looks at them: left to the end of the process */
    keeper_close(&station->keeper);
    sealer_close(&station->sealer);
    outbox_close(&station->outbox);
    daemon_close(&station->daemon);
    loop_close(&station->loop);
    signed_config_free(&station->config);
    key_private_free(&station->key);
    enrolment_free(&station->enrolment);
}

static int run(struct station *station)
{
    struct why why = {""};
    struct log_quoted quoted;
    log_set_level((enum log_level)station->settings->log_level);
    enum outcome outcome = open_station(station, &why);
    if (outcome == DONE) {
        station_load_config(station);
        outcome = station_start_timers(station, &why);
    }
    if (outcome == DONE) {
        log_line(LOG_LEVEL_NOTICE, "started", "gateway=%s http_port=%d", station->settings->id,
                 daemon_port(station->daemon));
        outcome = loop_run(station->loop, &why);
    }
    if (outcome != DONE)
        log_line(LOG_LEVEL_ERROR, "cannot_run", "why=%s", log_text(&quoted, why.text));
    return outcome == DONE && !station->broken ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* The one sub-command; everything else behind the options is a mistake. */
static int do_words(int argc, char **argv, const struct gateway_settings *settings)
{
    if (argc - optind == 2 && strcmp(argv[optind], "probe") == 0 && strcmp(argv[optind + 1], "list") == 0)
        return probe_list(settings, stdout);
    (void)fprintf(stderr, "silsila-gateway: \"%s\" is not understood; try --help\n", argv[optind]);
    return EXIT_USAGE;
}

int main(int argc, char **argv)
{
    struct daemon_about me = about;
    struct station station = {.settings = calloc(1, sizeof *station.settings)};
    int code = EXIT_FAILURE;
    me.table = gateway_conf_table();
    if (!station.settings || daemon_arguments(&me, argc, argv, station.settings, &station.config_path, &code) ==
                                 DAEMON_EXIT) {
        free(station.settings);
        return code;
    }
    if (optind < argc) {
        code = do_words(argc, argv, station.settings);
    } else {
        code = run(&station);
        close_station(&station);
    }
    if (station.settings) {
        conf_free(gateway_conf_table(), station.settings);
        free(station.settings);
    }
    return code;
}
