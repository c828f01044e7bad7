#include "gateway/probe_list.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "gateway/probes.h"
#include "gateway/quality.h"

enum { SCAN_MOST_MS = 5000, PROBES_MOST = 256 };

struct line {
    char id[PROBE_ID_MOST + 1];
    char address[PROBE_ADDRESS_MOST + 1];
    const char *what;
    struct judged judged;
    char why[sizeof((struct reading *)0)->why];
};

struct listing {
    FILE *to;
    struct loop *loop;
    struct probes *probes;
    struct loop_timer *timer;
    bool scanned;
    struct line lines[PROBES_MOST];
    size_t count;
};

static void on_found(void *context, struct probe *probe)
{
    (void)context;
    (void)probe;
}

static void on_complaint(void *context, const char *text)
{
    struct listing *listing = context;
    (void)fprintf(listing->to, "attention: %s\n", text);
}

static void on_answer(void *context, uint64_t round, struct probe *probe, const struct reading *reading)
{
    struct listing *listing = context;
    struct quality_rule rule = {probe->found.lowest_mc, probe->found.highest_mc, 0, 0};
    struct quality_memory memory = {0};
    (void)round;
    if (listing->count == PROBES_MOST)
        return;
    struct line *line = &listing->lines[listing->count++];
    (void)snprintf(line->id, sizeof line->id, "%s", probe->found.id);
    (void)snprintf(line->address, sizeof line->address, "%s", probe->found.address);
    (void)snprintf(line->why, sizeof line->why, "%s", reading->why);
    line->what = probe->driver->what;
    line->judged = quality_judge(&rule, &memory, reading);
    if (probes_awaited(listing->probes) == 0)
        loop_stop(listing->loop);
}

static void on_scanned(void *context)
{
    struct listing *listing = context;
    if (!listing->scanned)
        loop_stop(listing->loop);
    listing->scanned = true;
}

/* The scan hangs, or a probe does not answer: go on with what there is. */
static void too_late(void *context)
{
    struct listing *listing = context;
    loop_stop(listing->loop);
}

static const char *advice(enum quality quality)
{
    switch (quality) {
    case GOOD:
        return "";
    case EMPTY_READ:
        return "no answer: check plug and cable";
    case CRC_ERROR:
        return "answers arrive damaged: check cable length, joints and pull-up";
    case POWER_ON_VALUE:
        return "this is what the probe says before it measures: check its power supply";
    case OUT_OF_RANGE:
        return "outside what this probe can measure: wrong type, or shorted";
    case STUCK:
        return "the value never changes";
    case FAULT:
        return "open or shorted probe, or a wrong setting";
    }
    return "";
}

static void write_celsius(int32_t value_mc, char *out, size_t room)
{
    int64_t size = value_mc < 0 ? -(int64_t)value_mc : value_mc;
    (void)snprintf(out, room, "%s%" PRId64 ".%03" PRId64 " °C", value_mc < 0 ? "-" : "", size / 1000, size % 1000);
}

static int by_id(const void *a, const void *b)
{
    const struct line *x = a, *y = b;
    return strcmp(x->id, y->id);
}

static int write_table(struct listing *listing)
{
    int bad = 0;
    qsort(listing->lines, listing->count, sizeof listing->lines[0], by_id);
    if (listing->count > 0)
        (void)fprintf(listing->to, "%-24s %12s  %-15s %s\n", "PROBE", "TEMPERATURE", "STATE", "WHAT AND WHERE");
    for (size_t i = 0; i < listing->count; i++) {
        const struct line *line = &listing->lines[i];
        char celsius[32] = "-";
        if (line->judged.has_value)
            write_celsius(line->judged.value_mc, celsius, sizeof celsius);
        bad += line->judged.quality != GOOD;
        (void)fprintf(listing->to, "%-24s %*s  %-15s %s, %s\n", line->id, line->judged.has_value ? 13 : 12, celsius,
                      quality_word(line->judged.quality), line->what, line->address);
        if (line->judged.quality != GOOD)
            (void)fprintf(listing->to, "%24s %s%s%s\n", "", advice(line->judged.quality), line->why[0] ? ": " : "",
                          line->why);
    }
    return bad;
}

/* Recorded files are not probes to be read, but a technician should see that they are set. */
static size_t write_recorded(const struct listing *listing)
{
    size_t count = 0;
    for (size_t i = 0; i < probes_count(listing->probes); i++) {
        const struct probe *probe = probes_at(listing->probes, i);
        if (probe->driver->read)
            continue;
        (void)fprintf(listing->to, "%-24s %12s  %-15s %s\n", probe->found.id, "-", "recorded", probe->driver->what);
        count++;
    }
    return count;
}

static int list(struct listing *listing, const struct gateway_settings *settings, struct why *why)
{
    int64_t now_ms = clock_read(loop_clock(listing->loop)).boot_ms;
    probes_scan(listing->probes);
    loop_timer_set(listing->timer, now_ms + SCAN_MOST_MS);
    if (loop_run(listing->loop, why) != DONE)
        return EXIT_FAILURE;
    now_ms = clock_read(loop_clock(listing->loop)).boot_ms;
    listing->scanned = true;
    loop_timer_set(listing->timer, now_ms + settings->read_deadline_ms);
    probes_round(listing->probes, 1);
    if (probes_awaited(listing->probes) > 0 && loop_run(listing->loop, why) != DONE)
        return EXIT_FAILURE;
    probes_expire(listing->probes, 1);
    int bad = write_table(listing);
    size_t all = listing->count + write_recorded(listing);
    if (all == 0)
        (void)fprintf(listing->to, "no probe was found: is one plugged in, and does the configuration name it?\n");
    else
        (void)fprintf(listing->to, "%zu found, %d with trouble\n", all, bad);
    return all > 0 && bad == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int probe_list(const struct gateway_settings *settings, FILE *to)
{
    struct clock clock = clock_system();
    struct why why = {""};
    struct listing *listing = calloc(1, sizeof *listing);
    struct probes_callbacks callbacks = {listing, on_found, on_found, on_answer, on_scanned, on_complaint};
    int code = EXIT_FAILURE;
    if (!listing)
        return code;
    listing->to = to;
    if (loop_open(&listing->loop, &clock, &why) == DONE &&
        loop_timer_new(listing->loop, too_late, listing, &listing->timer, &why) == DONE &&
        probes_open(&listing->probes, listing->loop, settings, &callbacks, &why) == DONE)
        code = list(listing, settings, &why);
    if (why.text[0])
        (void)fprintf(stderr, "silsila-gateway: %s\n", why.text);
    (void)probes_close(&listing->probes); /* a thread that hangs is left: the program ends */
    loop_timer_free(&listing->timer);
    loop_close(&listing->loop);
    free(listing);
    return code;
}
