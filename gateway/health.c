#include "gateway/health.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

int64_t health_resident_kib(void)
{
    long total, resident;
    FILE *file = fopen("/proc/self/statm", "re");
    if (!file)
        return 0;
    int got = fscanf(file, "%ld %ld", &total, &resident);
    (void)fclose(file);
    return got == 2 ? (int64_t)resident * (sysconf(_SC_PAGESIZE) / 1024) : 0;
}

int64_t health_cpu_ms(void)
{
    struct rusage usage;
    if (getrusage(RUSAGE_SELF, &usage) != 0)
        return 0;
    return ((int64_t)usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000 +
           (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1000;
}

struct list {
    struct device_measure *measures;
    size_t count;
};

static void add(struct list *list, const char *name, int64_t value)
{
    if (list->count < HEALTH_MEASURES)
        list->measures[list->count++] = (struct device_measure){name, value};
}

static void add_outbox(struct list *list, const struct health_sources *sources)
{
    struct outbox_state state;
    outbox_read_state(sources->outbox, &state);
    add(list, "samples_taken_total", (int64_t)state.samples_taken);
    add(list, "samples_lost_total", (int64_t)state.samples_lost);
    add(list, "samples_thinned_total", (int64_t)state.samples_thinned);
    add(list, "samples_unsealed", (int64_t)state.samples);
    add(list, "samples_in_memory", (int64_t)keeper_waiting(sources->keeper));
    add(list, "envelopes_unreceipted", (int64_t)state.unreceipted);
    add(list, "envelopes_kept", (int64_t)state.receipted_kept);
    add(list, "outbox_bytes", state.bytes_used);
}

static void add_probes(struct list *list, const struct health_sources *sources)
{
    uint64_t bad = 0;
    for (int quality = EMPTY_READ; quality <= FAULT; quality++)
        bad += sampler_readings(sources->sampler, (enum quality)quality);
    add(list, "probes", (int64_t)sampler_probe_count(sources->sampler));
    add(list, "readings_good_total", (int64_t)sampler_readings(sources->sampler, GOOD));
    add(list, "readings_bad_total", (int64_t)bad);
    add(list, "rounds_total", (int64_t)sampler_rounds(sources->sampler));
}

static void add_uplink(struct list *list, const struct health_sources *sources)
{
    struct uplink_state state;
    uplink_read_state(sources->uplink, &state);
    add(list, "uplink_up", state.up);
    add(list, "envelopes_sent_total", (int64_t)(state.sent_live + state.sent_late));
    add(list, "envelopes_sent_again_total", (int64_t)state.sent_again);
    add(list, "receipts_total", (int64_t)state.receipts);
    add(list, "receipts_ignored_total", (int64_t)state.receipts_ignored);
}

size_t health_measure(const struct health_sources *sources, struct device_measure measures[HEALTH_MEASURES])
{
    struct list list = {.measures = measures};
    add(&list, "uptime_seconds", (sources->now_boot_ms - sources->started_boot_ms) / 1000);
    add(&list, "resident_kib", health_resident_kib());
    add(&list, "cpu_ms_total", health_cpu_ms());
    add_probes(&list, sources);
    add_outbox(&list, sources);
    if (sources->uplink)
        add_uplink(&list, sources);
    return list.count;
}

static bool is_counter(const char *name)
{
    size_t len = strlen(name);
    return len > 6 && strcmp(name + len - 6, "_total") == 0;
}

void health_publish(struct daemon *daemon, const struct device_measure *measures, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char name[80];
        (void)snprintf(name, sizeof name, "silsila_gateway_%s", measures[i].name);
        struct metric *metric = daemon_metric(daemon, is_counter(measures[i].name) ? METRIC_COUNTER : METRIC_GAUGE,
                                              name, NULL, "As in the gateway's health report");
        metric_set(metric, (double)measures[i].value);
    }
}
