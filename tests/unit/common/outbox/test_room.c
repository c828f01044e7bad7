/* Room: the order of sacrifice, thinning, losses that are said, and what is never given up. */
#include <stdlib.h>
#include <string.h>

#include "tests/helpers/check_main.h"
#include "tests/helpers/outbox_bench.h"

static struct scratch scratch;
static struct why why;
static struct outbox *o;

static void say_lost(void *context, uint64_t count, int64_t from_ms, int64_t until_ms, struct buffer *item)
{
    (void)context;
    buffer_printf(item, "lost %llu %lld %lld", (unsigned long long)count, (long long)from_ms, (long long)until_ms);
}

static void set_up(void)
{
    scratch_make(&scratch);
    scratch.settings.quota_bytes = 160 * 1024;
    scratch.settings.retention_ms = INT64_MAX / 4;
    scratch.settings.make_lost_item = say_lost;
    ck_assert_msg(outbox_open(&o, &scratch.settings, 1, &why) == DONE, "%s", why.text);
}

static void tear_down(void)
{
    outbox_close(&o);
    scratch_remove(&scratch);
}

static struct outbox_state state(void)
{
    struct outbox_state s;
    outbox_read_state(o, &s);
    return s;
}

static enum outcome make_large(void *context, const struct outbox_state *s, struct buffer *raw, uint8_t hash[32],
                               struct why *reason)
{
    (void)context;
    (void)reason;
    uint8_t *to = buffer_reserve(raw, 4096);
    memset(to, (int)s->next_seq, 4096);
    raw->len += 4096;
    hash_of_body(s->epoch.epoch, s->next_seq, hash);
    return DONE;
}

static void seal_large(int count)
{
    for (int i = 0; i < count; i++)
        ck_assert_msg(outbox_seal(o, NULL, 0, make_large, NULL, 10, &why) == DONE, "%s", why.text);
}

START_TEST(receipted_bodies_go_first)
{
    uint64_t n;
    bool rewound;
    seal_large(20);
    ck_assert(receipt_through(o, state().epoch.epoch, 20, 20, &n, &rewound, &why) == DONE);
    seal_large(12);
    ck_assert_uint_eq(state().receipted_kept, 20);
    ck_assert(take_readings(o, "28-01", 0, 300, &why) == DONE);
    ck_assert_uint_lt(state().receipted_kept, 20);
    ck_assert_uint_eq(state().samples, 300);
    ck_assert_uint_eq(state().samples_thinned, 0);
    ck_assert_uint_eq(state().unreceipted, 12);
    ck_assert_int_le(state().bytes_used, scratch.settings.quota_bytes);
}
END_TEST

struct extremes {
    int32_t least, greatest;
    size_t count, thinned, items;
    char item[64];
};

static bool note_extremes(void *context, const struct outbox_sample *sample)
{
    struct extremes *e = context;
    if (sample->item.len) {
        e->items++;
        memcpy(e->item, sample->item.data, sample->item.len < 63 ? sample->item.len : 63);
        return true;
    }
    e->count++;
    e->thinned += sample->thinned;
    e->least = sample->value_mc < e->least ? sample->value_mc : e->least;
    e->greatest = sample->value_mc > e->greatest ? sample->value_mc : e->greatest;
    return true;
}

START_TEST(then_samples_are_thinned_and_extremes_stay)
{
    seal_large(30);
    uint64_t taken = 0;
    while (state().samples_thinned == 0 && taken < 5000) {
        int32_t value = taken == 37 ? -90000 : taken == 41 ? 50000 : (int32_t)(taken % 7);
        struct outbox_sample sample = {
            .source = "28-01", .scheduled_ms = (int64_t)taken * 60000, .value_mc = value, .has_value = true};
        ck_assert_msg(outbox_take(o, &sample, 1, 5, &why) == DONE, "%s", why.text);
        taken++;
    }
    ck_assert_uint_gt(state().samples_thinned, 0);
    ck_assert(state().full);
    ck_assert_uint_eq(state().unreceipted, 30);
    ck_assert_uint_eq(state().samples + state().samples_thinned, taken);
    struct extremes e = {INT32_MAX, INT32_MIN, 0, 0, 0, ""};
    ck_assert(outbox_samples(o, SIZE_MAX, note_extremes, &e, &why) == DONE);
    ck_assert_int_eq(e.least, -90000);
    ck_assert_int_eq(e.greatest, 50000);
    ck_assert_uint_eq(e.thinned, e.count);
}
END_TEST

START_TEST(then_new_samples_are_lost_and_counted_and_said_when_room_returns)
{
    uint64_t n;
    bool rewound;
    struct outbox_sample event = {.source = "", .scheduled_ms = 7, .item = bytes_of("door", 4)};
    seal_large(20);
    enum outcome outcome = DONE;
    /* items are not thinned: in the end there is no room */
    for (int i = 0; i < 20000 && outcome == DONE; i++)
        outcome = outbox_take(o, &event, 1, 5, &why);
    ck_assert_int_eq(outcome, RETRY);
    event.scheduled_ms = 9;
    ck_assert(outbox_take(o, &event, 1, 5, &why) == RETRY);
    ck_assert_uint_eq(state().samples_lost, 2);
    ck_assert(state().full);
    ck_assert_uint_eq(state().unreceipted, 20);
    ck_assert(receipt_through(o, state().epoch.epoch, 20, 20, &n, &rewound, &why) == DONE);
    ck_assert(outbox_take(o, &event, 1, 5, &why) == DONE);
    struct extremes e = {0};
    ck_assert(outbox_samples(o, SIZE_MAX, note_extremes, &e, &why) == DONE);
    ck_assert_uint_gt(e.items, 2);
    outbox_close(&o);
    ck_assert(outbox_open(&o, &scratch.settings, 1, &why) == DONE);
    ck_assert_uint_eq(state().samples_lost, 2);
}
END_TEST

static bool find_lost(void *context, const struct outbox_sample *sample)
{
    bool *found = context;
    *found = *found || bytes_equal(sample->item, bytes_of("lost 2 7 9", 10));
    return true;
}

START_TEST(the_loss_is_said_once_with_count_and_times)
{
    bool found = false, rewound;
    uint64_t n;
    struct outbox_sample event = {.source = "", .scheduled_ms = 7, .item = bytes_of("door", 4)};
    seal_large(60);
    ck_assert(outbox_take(o, &event, 1, 5, &why) == RETRY);
    event.scheduled_ms = 9;
    ck_assert(outbox_take(o, &event, 1, 5, &why) == RETRY);
    ck_assert(receipt_through(o, state().epoch.epoch, 60, 20, &n, &rewound, &why) == DONE);
    ck_assert(outbox_take(o, &event, 1, 5, &why) == DONE);
    ck_assert_uint_eq(state().samples, 2);
    ck_assert(outbox_take(o, &event, 1, 5, &why) == DONE);
    ck_assert_uint_eq(state().samples, 3);
    ck_assert(outbox_samples(o, SIZE_MAX, find_lost, &found, &why) == DONE);
    ck_assert(found);
}
END_TEST

START_TEST(tidy_keeps_to_the_retention)
{
    uint64_t n;
    bool rewound;
    outbox_close(&o);
    scratch.settings.retention_ms = 1000;
    ck_assert(outbox_open(&o, &scratch.settings, 1, &why) == DONE);
    seal_large(3);
    ck_assert(receipt_through(o, state().epoch.epoch, 2, 100, &n, &rewound, &why) == DONE);
    ck_assert(outbox_tidy(o, 1099, &why) == DONE);
    ck_assert_uint_eq(state().receipted_kept, 2);
    ck_assert(outbox_tidy(o, 1100, &why) == DONE);
    ck_assert_uint_eq(state().receipted_kept, 0);
    ck_assert_uint_eq(state().unreceipted, 1);
}
END_TEST

static Suite *suite_of_room(void)
{
    Suite *s = suite_create("outbox room");
    TCase *t = tcase_create("room");
    tcase_set_timeout(t, 30);
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, receipted_bodies_go_first);
    tcase_add_test(t, then_samples_are_thinned_and_extremes_stay);
    tcase_add_test(t, then_new_samples_are_lost_and_counted_and_said_when_room_returns);
    tcase_add_test(t, the_loss_is_said_once_with_count_and_times);
    tcase_add_test(t, tidy_keeps_to_the_retention);
    suite_add_tcase(s, t);
    return s;
}

TEST_MAIN(suite_of_room)
