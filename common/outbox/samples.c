#include <string.h>

#include "common/outbox/internal.h"

struct batch {
    const struct outbox_sample *samples;
    size_t count;
};

static void add_sample(struct outbox *o, const struct outbox_sample *sample)
{
    use(o, S_SAMPLE_ADD);
    bind_number(o, S_SAMPLE_ADD, 1, ++o->counters.samples_taken);
    bind_text(o, S_SAMPLE_ADD, 2, sample->source ? sample->source : "");
    bind_number(o, S_SAMPLE_ADD, 3, sample->scheduled_ms);
    if (sample->has_value)
        bind_number(o, S_SAMPLE_ADD, 4, sample->value_mc);
    bind_number(o, S_SAMPLE_ADD, 5, sample->quality);
    if (sample->has_up_ms)
        bind_number(o, S_SAMPLE_ADD, 6, sample->up_ms);
    bind_number(o, S_SAMPLE_ADD, 7, sample->thinned);
    bind_bytes(o, S_SAMPLE_ADD, 8, sample->item.len ? sample->item.data : NULL, sample->item.len);
    run(o, S_SAMPLE_ADD);
    o->samples++;
}

/* What could not be kept earlier is said before what is kept now. */
static void say_lost(struct outbox *o)
{
    struct counters *c = &o->counters;
    if (c->lost_pending == 0 || !o->settings.make_lost_item)
        return;
    struct buffer item = {0};
    o->settings.make_lost_item(o->settings.lost_context, (uint64_t)c->lost_pending, c->lost_from_ms, c->lost_until_ms,
                               &item);
    if (item.failed)
        o->error = SQLITE_NOMEM;
    add_sample(o, &(struct outbox_sample){.source = "", .scheduled_ms = c->lost_until_ms, .item = buffer_view(&item)});
    use(o, S_SAMPLE_ADD); /* lets go of the item before it is freed */
    buffer_free(&item);
    c->lost_pending = c->lost_from_ms = c->lost_until_ms = 0;
}

static enum outcome add_batch(struct outbox *o, void *context, struct why *why)
{
    const struct batch *batch = context;
    say_lost(o);
    for (size_t i = 0; i < batch->count; i++)
        add_sample(o, &batch->samples[i]);
    bool gave_up = false;
    while (over_quota(o) && sacrifice(o))
        gave_up = true;
    if (over_quota(o)) {
        o->full = true;
        return fail(why, RETRY, "the quota of %lld bytes is used up", (long long)o->settings.quota_bytes);
    }
    o->full = gave_up;
    return DONE;
}

void outbox_lost(struct outbox *o, uint64_t count, int64_t from_ms, int64_t until_ms)
{
    struct counters *c = &o->counters;
    bool first = c->lost_pending == 0;
    c->lost_from_ms = first || from_ms < c->lost_from_ms ? from_ms : c->lost_from_ms;
    c->lost_until_ms = first || until_ms > c->lost_until_ms ? until_ms : c->lost_until_ms;
    c->lost_pending += (int64_t)count;
    c->samples_lost += (int64_t)count;
}

enum outcome outbox_offer(struct outbox *o, const struct outbox_sample *samples, size_t count, int64_t now_ms,
                          struct why *why)
{
    struct batch batch = {samples, count};
    o->now_ms = now_ms;
    enum outcome outcome = store_ready(o, why);
    if (outcome == DONE && !reserve_make(o) && !(make_room(o) && reserve_make(o))) {
        o->full = !o->read_only;
        outcome = fail(why, RETRY, "the disk is full");
    }
    o->spare_reserve = true;
    if (outcome == DONE)
        outcome = store_write(o, add_batch, &batch, why);
    o->spare_reserve = false;
    return outcome;
}

enum outcome outbox_take(struct outbox *o, const struct outbox_sample *samples, size_t count, int64_t now_ms,
                         struct why *why)
{
    enum outcome outcome = outbox_offer(o, samples, count, now_ms, why);
    for (size_t i = 0; outcome != DONE && i < count; i++)
        outbox_lost(o, 1, samples[i].scheduled_ms, samples[i].scheduled_ms);
    return outcome;
}

static void read_sample(sqlite3_stmt *s, struct outbox_sample *sample)
{
    const char *source = (const char *)sqlite3_column_text(s, 1);
    *sample = (struct outbox_sample){
        .id = sqlite3_column_int64(s, 0),
        .source = source ? source : "",
        .scheduled_ms = sqlite3_column_int64(s, 2),
        .has_value = sqlite3_column_type(s, 3) != SQLITE_NULL,
        .value_mc = sqlite3_column_int(s, 3),
        .quality = (uint32_t)sqlite3_column_int64(s, 4),
        .has_up_ms = sqlite3_column_type(s, 5) != SQLITE_NULL,
        .up_ms = sqlite3_column_int64(s, 5),
        .thinned = sqlite3_column_int(s, 6) != 0,
    };
    sample->item.data = sqlite3_column_blob(s, 7);
    sample->item.len = (size_t)sqlite3_column_bytes(s, 7);
}

enum outcome outbox_samples(struct outbox *o, size_t most, bool (*each)(void *, const struct outbox_sample *),
                            void *context, struct why *why)
{
    enum outcome outcome = store_ready(o, why);
    if (outcome != DONE)
        return outcome;
    o->error = SQLITE_OK;
    use(o, S_SAMPLE_LIST);
    bind_number(o, S_SAMPLE_LIST, 1, most > INT64_MAX ? INT64_MAX : (int64_t)most);
    while (row(o, S_SAMPLE_LIST)) {
        sqlite3_stmt *s = o->statement[S_SAMPLE_LIST];
        struct outbox_sample sample;
        if (sqlite3_column_int(s, 8) != 1) {
            o->damaged = true;
            return fail(why, RETRY, "sample %lld does not fit its hash", (long long)sqlite3_column_int64(s, 0));
        }
        read_sample(s, &sample);
        if (!each(context, &sample))
            break;
    }
    (void)sqlite3_reset(o->statement[S_SAMPLE_LIST]);
    return o->error == SQLITE_OK ? DONE : store_fail(o, o->error, why, "read samples");
}
