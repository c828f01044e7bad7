/* Recorded temperatures told again with the times they were recorded at: CSV `time,celsius` (coldchain/recording.h).
 *
 * How fast they are told, and from which line after a restart, is the feeder's business (feeder.h); here is only the file,
 * read once from its beginning.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coldchain/recording.h"
#include "common/cleanup.h"
#include "gateway/driver.h"

enum { LINE_MOST = 512, REPLAY_LOWEST_MC = -273150, REPLAY_HIGHEST_MC = 2000000 };

struct tape {
    const struct probe_setting *setting;
    FILE *file; /* touched by `next` only, not by scans */
    uint64_t line;
    bool ended;
};

struct bus {
    struct tape *tapes;
    size_t count;
};

static void replay_close(struct bus **bus)
{
    if (!*bus)
        return;
    for (size_t i = 0; i < (*bus)->count; i++)
        if ((*bus)->tapes[i].file)
            (void)fclose((*bus)->tapes[i].file);
    free((*bus)->tapes);
    free(*bus);
    *bus = NULL;
}

static enum outcome replay_open(const struct gateway_settings *settings, struct bus **made, struct why *why)
{
    scoped_by(replay_close) struct bus *bus = calloc(1, sizeof *bus);
    if (!bus || !(bus->tapes = calloc(settings->probe_count + 1, sizeof *bus->tapes)))
        return fail(why, RETRY, "out of memory");
    for (size_t i = 0; i < settings->probe_count; i++)
        if (strcmp(settings->probes[i].driver, "replay") == 0)
            bus->tapes[bus->count++].setting = &settings->probes[i];
    *made = take(bus);
    return DONE;
}

static enum outcome replay_scan(struct bus *bus, void (*found)(void *, const struct probe_found *),
                                void (*complaint)(void *, const char *), void *context, struct why *why)
{
    (void)complaint;
    (void)why;
    for (size_t i = 0; i < bus->count; i++) {
        const struct probe_setting *setting = bus->tapes[i].setting;
        struct probe_found probe = {0};
        if (access(setting->file, R_OK) != 0)
            continue;
        probe_describe(&probe, setting, setting->name, REPLAY_LOWEST_MC, REPLAY_HIGHEST_MC);
        (void)snprintf(probe.address, sizeof probe.address, "%s", setting->name);
        (void)snprintf(probe.lane, sizeof probe.lane, "replay %s", setting->name);
        found(context, &probe);
    }
    return DONE;
}

static struct tape *tape_of(struct bus *bus, const struct probe_found *probe)
{
    for (size_t i = 0; i < bus->count; i++)
        if (strcmp(bus->tapes[i].setting->name, probe->address) == 0)
            return &bus->tapes[i];
    return NULL;
}

/* The next line into `text`; a line too long is read to its end and reported as cut. */
static bool next_line(struct tape *tape, char *text, bool *cut)
{
    if (!fgets(text, LINE_MOST, tape->file))
        return false;
    tape->line++;
    *cut = strlen(text) == LINE_MOST - 1 && text[LINE_MOST - 2] != '\n';
    int c = *cut ? 0 : '\n';
    while (c != '\n' && c != EOF)
        c = fgetc(tape->file);
    return true;
}

static void bad_row(const struct tape *tape, struct recorded_reading *out)
{
    out->kind = RECORDED_BAD;
    out->line = tape->line;
}

static void replay_next(struct bus *bus, const struct probe_found *probe, struct recorded_reading *out)
{
    struct tape *tape = tape_of(bus, probe);
    *out = (struct recorded_reading){.kind = RECORDED_END};
    if (!tape || tape->ended)
        return;
    if (!tape->file && !(tape->file = fopen(tape->setting->file, "re"))) {
        (void)fail(&out->why, RETRY, "cannot open %s: %s", tape->setting->file, strerror(errno));
        bad_row(tape, out);
        tape->ended = true;
        return;
    }
    char text[LINE_MOST];
    bool cut;
    while (next_line(tape, text, &cut)) {
        struct recorded row = {0};
        enum recording_row kind = RECORDING_BAD;
        if (cut)
            (void)fail(&out->why, REJECT, "longer than %d characters", LINE_MOST - 2);
        else
            kind = recording_row_read(bytes_of(text, strlen(text)), tape->line == 1, &row, &out->why);
        if (kind == RECORDING_NOTHING)
            continue;
        if (kind == RECORDING_BAD) {
            bad_row(tape, out);
            return;
        }
        *out = (struct recorded_reading){RECORDED_READING, row.at_ms, row.value_mc, tape->line, {""}};
        return;
    }
    tape->ended = true;
}

const struct driver *driver_replay(void)
{
    static const struct driver driver = {
        .name = "replay",
        .what = "recorded temperatures (CSV)",
        .open = replay_open,
        .close = replay_close,
        .scan = replay_scan,
        .next = replay_next,
    };
    return &driver;
}
