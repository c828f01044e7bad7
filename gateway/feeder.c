#include "gateway/feeder.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/log.h"

enum { ROWS_A_TURN = 512, UNRECEIPTED_MOST = 2000, PAUSE_MS = 200, REFUSED_MS = 1000 };

struct tape {
    struct tape *next;
    struct feeder *feeder;
    struct probe *probe;
    const struct probe_setting *setting;
    struct loop_timer *timer;
    struct recorded_reading ahead; /* read, not yet due */
    bool has_ahead, ended, begun;
    int64_t first_ms, first_boot_ms; /* of the recording, and of its telling */
    uint64_t told_line, marked_line, told, bad;
    bool behind_crash; /* what follows the mark may be in the journal already */
    struct log_rate bad_rows;
};

/* A reading that lay unsealed in the journal at the start: told already, whatever the mark says. */
struct journaled {
    char source[PROBE_ID_MOST + 1];
    int64_t at_ms;
    int32_t value_mc;
};

struct feeder {
    struct loop *loop;
    struct outbox *outbox;
    struct feeder_callbacks callbacks;
    struct tape *tapes;
    struct buffer unsealed; /* of struct journaled */
};

static void mark_name(const struct tape *tape, char *name, size_t room)
{
    (void)snprintf(name, room, "replay/%s", tape->probe->found.id);
}

/* "LINE FILE": another file under the same probe begins anew. */
static uint64_t line_marked(const struct tape *tape)
{
    scoped_by(buffer_free) struct buffer mark = {0};
    struct why why;
    char name[80];
    mark_name(tape, name, sizeof name);
    if (outbox_get(tape->feeder->outbox, name, &mark, &why) != DONE)
        return 0;
    buffer_add_byte(&mark, '\0');
    if (mark.failed)
        return 0;
    char *file;
    unsigned long long line = strtoull((const char *)mark.data, &file, 10);
    return *file == ' ' && strcmp(file + 1, tape->setting->file) == 0 ? line : 0;
}

static void mark_line(struct tape *tape)
{
    scoped_by(buffer_free) struct buffer mark = {0};
    struct why why;
    char name[80];
    if (tape->told_line == tape->marked_line)
        return;
    mark_name(tape, name, sizeof name);
    buffer_printf(&mark, "%" PRIu64 " %s", tape->told_line, tape->setting->file);
    if (mark.failed || outbox_put(tape->feeder->outbox, name, buffer_view(&mark), &why) != DONE)
        return; /* then more is told twice after a restart */
    tape->marked_line = tape->told_line;
}

static bool note_journaled(void *context, const struct outbox_sample *sample)
{
    struct feeder *feeder = context;
    struct journaled one = {.at_ms = sample->scheduled_ms, .value_mc = sample->value_mc};
    (void)snprintf(one.source, sizeof one.source, "%s", sample->source);
    if (sample->has_value)
        buffer_add(&feeder->unsealed, &one, sizeof one);
    return !feeder->unsealed.failed;
}

/* The rows behind the mark that a crash left in the journal come first; the first that is not there ends the looking. */
static bool was_journaled(struct tape *tape)
{
    const struct buffer *unsealed = &tape->feeder->unsealed;
    for (size_t at = 0; tape->behind_crash && !unsealed->failed && at < unsealed->len; at += sizeof(struct journaled)) {
        struct journaled one;
        memcpy(&one, unsealed->data + at, sizeof one);
        if (one.at_ms == tape->ahead.at_ms && one.value_mc == tape->ahead.value_mc &&
            strcmp(one.source, tape->probe->found.id) == 0) {
            tape->told_line = tape->ahead.line;
            return true;
        }
    }
    tape->behind_crash = false;
    return false;
}

/* Reads on until there is a reading that was not told before, or the end. */
static void read_ahead(struct tape *tape)
{
    const struct driver *driver = tape->probe->driver;
    while (!tape->has_ahead && !tape->ended) {
        driver->next(tape->probe->bus, &tape->probe->found, &tape->ahead);
        if (tape->ahead.kind == RECORDED_END) {
            tape->ended = true;
        } else if (tape->ahead.kind == RECORDED_BAD) {
            struct log_quoted quoted;
            tape->bad++;
            log_often(&tape->bad_rows, LOG_LEVEL_WARN, "recorded_row_bad", "probe=%s line=%" PRIu64 " why=%s",
                      tape->probe->found.id, tape->ahead.line, log_text(&quoted, tape->ahead.why.text));
        } else {
            tape->has_ahead = tape->ahead.line > tape->marked_line && !was_journaled(tape);
        }
    }
}

/* When the reading ahead is due, boot time. */
static int64_t due_ms(struct tape *tape, int64_t now_ms)
{
    if (tape->setting->speed == 0)
        return now_ms;
    if (!tape->begun) {
        tape->begun = true;
        tape->first_ms = tape->ahead.at_ms;
        tape->first_boot_ms = now_ms;
    }
    return tape->first_boot_ms + (tape->ahead.at_ms - tape->first_ms) / tape->setting->speed;
}

/* Tells what is due; returns when to go on. */
static int64_t tell(struct tape *tape, int64_t now_ms)
{
    for (int rows = 0; rows < ROWS_A_TURN; rows++) {
        read_ahead(tape);
        if (!tape->has_ahead)
            return now_ms;
        int64_t due = due_ms(tape, now_ms);
        if (due > now_ms)
            return due;
        struct feeder_callbacks *callbacks = &tape->feeder->callbacks;
        callbacks->on_recorded(callbacks->context, tape->probe, tape->ahead.at_ms, tape->ahead.value_mc);
        tape->has_ahead = false;
        tape->told_line = tape->ahead.line;
        tape->told++;
    }
    return now_ms;
}

static bool way_is_long(const struct feeder *feeder)
{
    struct outbox_state state;
    outbox_read_state(feeder->outbox, &state);
    return state.unreceipted > UNRECEIPTED_MOST;
}

static void go_on(void *context)
{
    struct tape *tape = context;
    struct feeder *feeder = tape->feeder;
    int64_t now_ms = loop_now_ms(feeder->loop);
    if (tape->setting->speed == 0 && way_is_long(feeder)) {
        loop_timer_set(tape->timer, now_ms + PAUSE_MS);
        return;
    }
    int64_t next_ms = tell(tape, now_ms);
    bool durable = feeder->callbacks.on_batch(feeder->callbacks.context);
    if (durable) {
        mark_line(tape);
        feeder->callbacks.on_noted(feeder->callbacks.context);
    }
    if (!tape->ended)
        loop_timer_set(tape->timer, durable ? next_ms : now_ms + REFUSED_MS);
    else
        log_line(LOG_LEVEL_INFO, "recording_ended", "probe=%s told=%" PRIu64 " bad_rows=%" PRIu64,
                 tape->probe->found.id, tape->told, tape->bad);
}

enum outcome feeder_add(struct feeder *feeder, struct probe *probe, const struct probe_setting *setting,
                        struct why *why)
{
    struct tape *tape = calloc(1, sizeof *tape);
    if (!tape)
        return fail(why, RETRY, "out of memory");
    tape->feeder = feeder;
    tape->probe = probe;
    tape->setting = setting;
    enum outcome outcome = loop_timer_new(feeder->loop, go_on, tape, &tape->timer, why);
    if (outcome != DONE) {
        free(tape);
        return outcome;
    }
    tape->marked_line = tape->told_line = line_marked(tape);
    tape->behind_crash = true;
    read_ahead(tape); /* marked now, before anything seals what was recognised */
    mark_line(tape);
    tape->next = feeder->tapes;
    feeder->tapes = tape;
    loop_timer_set(tape->timer, loop_now_ms(feeder->loop));
    return DONE;
}

static void tape_free(struct tape *tape)
{
    loop_timer_free(&tape->timer);
    free(tape);
}

void feeder_remove(struct feeder *feeder, const struct probe *probe)
{
    for (struct tape **at = &feeder->tapes; *at; at = &(*at)->next)
        if ((*at)->probe == probe) {
            struct tape *tape = *at;
            *at = tape->next;
            tape_free(tape);
            return;
        }
}

enum outcome feeder_open(struct feeder **made, struct loop *loop, struct outbox *outbox,
                         const struct feeder_callbacks *callbacks, struct why *why)
{
    struct feeder *feeder = calloc(1, sizeof *feeder);
    if (!feeder)
        return fail(why, RETRY, "out of memory");
    *feeder = (struct feeder){.loop = loop, .outbox = outbox, .callbacks = *callbacks};
    /* Now, while nothing of this run has sealed them. What cannot be read is told twice at worst. */
    (void)!outbox_samples(outbox, SIZE_MAX >> 1, note_journaled, feeder, why);
    *made = feeder;
    return DONE;
}

void feeder_close(struct feeder **feeder)
{
    if (*feeder)
        buffer_free(&(*feeder)->unsealed);
    while (*feeder && (*feeder)->tapes) {
        struct tape *tape = (*feeder)->tapes;
        (*feeder)->tapes = tape->next;
        tape_free(tape);
    }
    free(*feeder);
    *feeder = NULL;
}
