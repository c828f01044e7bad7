/* Effects of readings and device events. */
#include <stdlib.h>
#include <string.h>

#include "ingest/fold/state.h"

#define TIME_BOUND_MS (1LL << 60)

static enum outcome out_of_memory(struct fold *fold, struct why *why)
{
    fold->trouble = (struct sql_trouble){0};
    return fail(why, RETRY, "out of memory");
}

enum outcome fold_piece(struct fold *fold, const struct block_piece *piece, const struct fold_probe *probe,
                        const struct folding *with, const Silsila__V1__TemperatureBlock *block, int32_t item,
                        bool repaired, int64_t piece_up_ms, struct why *why)
{
    enum outcome outcome = fold_ensure_month(fold, piece->t0_ms, why);
    if (outcome != DONE)
        return outcome;
    struct rows *rows = &fold->rows[TABLE_BLOCK];
    rows_begin(rows, 14);
    rows_time(rows, piece->t0_ms);
    rows_int8(rows, with->entry->seq);
    rows_int4(rows, probe->probe_no);
    rows_int4(rows, with->chain->epoch_no);
    rows_int4(rows, (int32_t)block->step_ms);
    rows_int2(rows, (int16_t)item);
    rows_int2(rows, (int16_t)block->quality);
    rows_int2(rows, (int16_t)with->standing);
    rows_int2(rows, (int16_t)piece->count);
    rows_bool(rows, block->thinned);
    if (piece->values_mc)
        rows_int4_array(rows, piece->values_mc, piece->count);
    else
        rows_null(rows);
    rows_null(rows); /* superseded: found afterwards (overlap.c) */
    if (repaired)
        rows_int8(rows, piece_up_ms);
    else
        rows_null(rows);
    if (with->in_fork)
        rows_bytea(rows, bytes_of(with->entry->body_hash, 32));
    else
        rows_null(rows);
    return DONE;
}

struct cutting {
    struct fold *fold;
    struct folding *with;
    struct fold_probe *probe;
    const Silsila__V1__TemperatureBlock *block;
    int32_t item;
    enum outcome outcome;
    struct why *why;
};

static void take_piece(void *context, const struct block_piece *piece)
{
    struct cutting *c = context;
    if (c->outcome != DONE)
        return;
    int64_t end_ms = piece->t0_ms + (int64_t)(piece->count - 1) * c->block->step_ms;
    if (piece->t0_ms <= c->probe->end_ms) {
        struct overlap o = {c->probe->probe_no, piece->t0_ms, end_ms};
        if (!list_add(&c->fold->overlaps, &o, sizeof o)) {
            c->outcome = out_of_memory(c->fold, c->why);
            return;
        }
    }
    if (end_ms > c->probe->end_ms)
        c->probe->end_ms = end_ms;
    c->outcome = fold_piece(c->fold, piece, c->probe, c->with, c->block, c->item, false, 0, c->why);
}

static enum outcome timed_run(struct fold *fold, struct folding *with, struct fold_probe *probe,
                              const Silsila__V1__TemperatureBlock *block, const int32_t *values, size_t count,
                              int32_t item, struct why *why)
{
    struct reading_run run = {block->t0_ms, block->step_ms, values, count, with->sealed_ms};
    struct cutting cutting = {fold, with, probe, block, item, DONE, why};
    struct run_judged judged;
    blocks_cut(&run, &judged, take_piece, &cutting);
    if (judged.untimely > 0)
        fold_judge(fold, with, item, "time_unknown",
                   "%zu of %zu readings of %s are later than the sealing of their own body, or outside 2020 to 2100",
                   judged.untimely, count, block->probe);
    if (judged.out_of_range > 0)
        fold_judge(fold, with, item, "out_of_range", "%zu of %zu readings of %s are below -273.150 or above 1000 degrees",
                   judged.out_of_range, count, block->probe);
    return cutting.outcome;
}

static enum outcome untimed_run(struct fold *fold, struct folding *with, const struct fold_probe *probe,
                                const Silsila__V1__TemperatureBlock *block, const int32_t *values, size_t count,
                                int32_t item, struct why *why)
{
    const Silsila__V1__ClockState *clock = with->body->clock;
    if (!clock || clock->boot_id.len != 16 || clock->boot_ms > UP_MOST_MS || clock->boot_ms < -UP_MOST_MS) {
        fold_judge(fold, with, item, "time_unknown",
                   "readings on an unsynchronised clock without a boot id or a boot time that can be");
        return DONE;
    }
    size_t possible = 0;
    for (size_t i = 0; i < count; i++)
        possible += !values || (values[i] >= READING_LEAST_MC && values[i] <= READING_MOST_MC);
    if (possible < count)
        fold_judge(fold, with, item, "out_of_range", "%zu of %zu readings of %s are below -273.150 or above 1000 degrees",
                   count - possible, count, block->probe);
    struct rows *rows = &fold->rows[TABLE_BLOCK_UNTIMED];
    rows_begin(rows, 13);
    rows_int4(rows, probe->probe_no);
    rows_int4(rows, with->chain->epoch_no);
    rows_int8(rows, with->entry->seq);
    rows_int2(rows, (int16_t)item);
    rows_bytea(rows, bytes_of(clock->boot_id.data, 16));
    rows_int8(rows, block->up->ms);
    rows_int8(rows, clock->boot_ms);
    rows_int4(rows, (int32_t)block->step_ms);
    rows_int2(rows, (int16_t)block->quality);
    rows_int2(rows, (int16_t)with->standing);
    rows_int2(rows, (int16_t)count);
    if (values)
        rows_int4_array(rows, values, count);
    else
        rows_null(rows);
    rows_bytea(rows, bytes_of(with->entry->body_hash, 32));
    return fold_track_boot(fold, with->chain->sender, clock->boot_id.data, why);
}

/* A block that cannot be read as readings at all: the sentence, or NULL. */
static const char *block_flaw(const Silsila__V1__TemperatureBlock *block, size_t count)
{
    if (!probe_id_valid(block->probe))
        return "the probe id is not 1 to 64 printable characters";
    if (count == 0)
        return "holds no readings";
    if (count > READINGS_MOST)
        return "holds more readings than a block may";
    if (block->step_ms == 0 || block->step_ms > 86400000)
        return "its step is not between a millisecond and a day";
    if (block->t0_ms > TIME_BOUND_MS || block->t0_ms < -TIME_BOUND_MS ||
        (block->up && (block->up->ms > UP_MOST_MS || block->up->ms < -UP_MOST_MS)))
        return "its first instant cannot be";
    if ((unsigned)block->quality > SILSILA__V1__QUALITY__QUALITY_FAULT)
        return "its quality is not one this version knows";
    return NULL;
}

enum outcome fold_temperature(struct fold *fold, struct folding *with, const Silsila__V1__TemperatureBlock *block,
                              int32_t item, struct why *why)
{
    size_t count = block->n_values > 0 ? block->n_values : block->count;
    const char *flaw = block_flaw(block, count);
    if (flaw) {
        fold_judge(fold, with, item, "bad_item", "temperature block: %s", flaw);
        return DONE;
    }
    scoped_by(cleanup_free) int32_t *values = NULL;
    if (block->n_values > 0) {
        values = malloc(block->n_values * sizeof *values);
        if (!values)
            return out_of_memory(fold, why);
        if (!block_values(block, values)) {
            fold_judge(fold, with, item, "out_of_range", "values of %s leave the range of the format", block->probe);
            return DONE;
        }
    }
    struct fold_probe *probe;
    enum outcome outcome = load_probe(fold, with->chain->sender, block->probe, &probe, why);
    if (outcome != DONE)
        return outcome;
    return block->up ? untimed_run(fold, with, probe, block, values, count, item, why)
                     : timed_run(fold, with, probe, block, values, count, item, why);
}

static bool time_storable(int64_t ms)
{
    return ms >= BLOCKS_EARLIEST_MS && ms < BLOCKS_LATEST_MS;
}

static void json_measures(struct buffer *json, const Silsila__V1__DeviceEvent *event)
{
    buffer_add_byte(json, '{');
    bool any = false;
    for (size_t i = 0; i < event->n_measures; i++) {
        /* Names are words of ours; anything else is left out rather than escaped. */
        const char *name = event->measures[i]->name;
        size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_");
        if (len == 0 || len > 64 || name[len] != '\0')
            continue;
        buffer_printf(json, "%s\"%s\":%lld", any ? "," : "", name, (long long)event->measures[i]->value);
        any = true;
    }
    buffer_add_byte(json, '}');
}

enum outcome fold_device(struct fold *fold, struct folding *with, const Silsila__V1__DeviceEvent *event, int32_t item,
                         struct why *why)
{
    const Silsila__V1__ClockState *clock = with->body->clock;
    bool boot_known = event->up && clock && clock->boot_id.len == 16 && event->up->ms <= UP_MOST_MS &&
                      event->up->ms >= -UP_MOST_MS;
    bool timely = !event->up && time_storable(event->at_ms) && event->at_ms <= with->sealed_ms;
    if (!timely && !boot_known)
        fold_judge(fold, with, item, "time_unknown",
                   "the event's time is later than the sealing of its own body, or outside 2020 to 2100");
    scoped_by(buffer_free) struct buffer json = {0};
    json_measures(&json, event);
    struct rows *rows = &fold->rows[TABLE_DEVICE_EVENT];
    rows_begin(rows, 16);
    rows_int4(rows, with->chain->epoch_no);
    rows_int8(rows, with->entry->seq);
    rows_int4(rows, item);
    rows_int2(rows, (int16_t)with->standing);
    rows_int2(rows, (int16_t)((unsigned)event->type & 0x7fff));
    if (timely)
        rows_time(rows, event->at_ms);
    else
        rows_null(rows);
    if (time_storable(event->until_ms))
        rows_time(rows, event->until_ms);
    else
        rows_null(rows);
    if (boot_known) {
        rows_bytea(rows, bytes_of(clock->boot_id.data, 16));
        rows_int8(rows, event->up->ms);
    } else {
        rows_null(rows);
        rows_null(rows);
    }
    rows_text(rows, event->probe);
    rows_int8(rows, event->value);
    rows_text(rows, event->text);
    rows_int4(rows, event->latitude_e7);
    rows_int4(rows, event->longitude_e7);
    if (event->n_measures > 0)
        rows_jsonb(rows, buffer_view(&json));
    else
        rows_null(rows);
    rows_bytea(rows, bytes_of(with->entry->body_hash, 32));
    return boot_known ? fold_track_boot(fold, with->chain->sender, clock->boot_id.data, why) : DONE;
}
