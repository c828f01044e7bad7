/* The life of a sample: taken, sealed, receipted, forgotten; and who begins a new epoch when. */
#include <stdlib.h>
#include <string.h>

#include "tests/helpers/check_main.h"
#include "tests/helpers/outbox_bench.h"

static struct scratch scratch;
static struct why why;

static void set_up(void)
{
    scratch_make(&scratch);
}

static void tear_down(void)
{
    scratch_remove(&scratch);
}

static struct outbox *opened(void)
{
    struct outbox *o = NULL;
    ck_assert_msg(outbox_open(&o, &scratch.settings, 5000, &why) == DONE, "%s", why.text);
    return o;
}

static struct outbox_state state_of(const struct outbox *o)
{
    struct outbox_state state;
    outbox_read_state(o, &state);
    return state;
}

START_TEST(a_sample_is_sealed_receipted_and_forgotten)
{
    struct outbox *o = opened();
    uint64_t newly;
    bool rewound;
    ck_assert(take_readings(o, "28-01", 1000, 15, &why) == DONE);
    ck_assert_uint_eq(state_of(o).samples, 15);
    ck_assert(seal_all(o, 900000, &why) == DONE);
    struct outbox_state s = state_of(o);
    ck_assert_uint_eq(s.samples, 0);
    ck_assert_uint_eq(s.unreceipted, 1);
    ck_assert_uint_eq(s.next_seq, 2);
    ck_assert_int_eq(s.oldest_unreceipted_ms, 900000);
    ck_assert(receipt_through(o, s.epoch.epoch, 1, 900500, &newly, &rewound, &why) == DONE);
    ck_assert_uint_eq(newly, 1);
    ck_assert(!rewound);
    ck_assert_uint_eq(count_open(o, s.epoch.epoch), 0);
    ck_assert_uint_eq(state_of(o).receipted_kept, 1);
    ck_assert(outbox_tidy(o, 901000, &why) == DONE);
    ck_assert_uint_eq(state_of(o).receipted_kept, 1);
    ck_assert(outbox_tidy(o, 901500, &why) == DONE);
    ck_assert_uint_eq(state_of(o).receipted_kept, 0);
    /* the receipt repeated after retention is nothing bad and changes nothing */
    ck_assert(receipt_through(o, s.epoch.epoch, 1, 902000, &newly, &rewound, &why) == DONE);
    ck_assert_uint_eq(newly, 0);
    outbox_close(&o);
}
END_TEST

START_TEST(all_of_it_is_there_after_opening_again)
{
    struct outbox *o = opened();
    ck_assert(take_readings(o, "28-01", 1000, 3, &why) == DONE);
    ck_assert(seal_all(o, 2000, &why) == DONE);
    ck_assert(take_readings(o, "28-02", 1000, 2, &why) == DONE);
    struct outbox_state before = state_of(o);
    outbox_close(&o);
    o = opened();
    struct outbox_state after = state_of(o);
    ck_assert_mem_eq(before.epoch.epoch, after.epoch.epoch, 16);
    ck_assert_mem_eq(before.last_body_hash, after.last_body_hash, 32);
    ck_assert_uint_eq(after.next_seq, 2);
    ck_assert_uint_eq(after.samples, 2);
    ck_assert_uint_eq(after.unreceipted, 1);
    ck_assert_uint_eq(after.samples_taken, 5);
    outbox_close(&o);
}
END_TEST

static bool look_at_sample(void *context, const struct outbox_sample *sample)
{
    int *seen = context;
    if (*seen == 0) {
        ck_assert_str_eq(sample->source, "28-01");
        ck_assert_int_eq(sample->value_mc, -30123);
        ck_assert(sample->has_value && sample->has_up_ms && !sample->thinned);
        ck_assert_int_eq(sample->up_ms, 77);
        ck_assert_uint_eq(sample->item.len, 0);
    } else {
        ck_assert(!sample->has_value && !sample->has_up_ms);
        ck_assert_uint_eq(sample->quality, 6);
        ck_assert(bytes_equal(sample->item, bytes_of("item", 4)));
    }
    ++*seen;
    return true;
}

START_TEST(a_sample_comes_back_as_it_went_in)
{
    struct outbox *o = opened();
    struct outbox_sample both[2] = {
        {.source = "28-01", .scheduled_ms = 60000, .value_mc = -30123, .has_value = true, .has_up_ms = true, .up_ms = 77},
        {.source = "", .scheduled_ms = 60001, .quality = 6, .item = bytes_of("item", 4)}};
    int seen = 0;
    ck_assert(outbox_take(o, both, 2, 60002, &why) == DONE);
    ck_assert(outbox_samples(o, 100, look_at_sample, &seen, &why) == DONE);
    ck_assert_int_eq(seen, 2);
    outbox_close(&o);
}
END_TEST

static enum outcome refuse(void *context, const struct outbox_state *state, struct buffer *raw, uint8_t hash[32],
                           struct why *reason)
{
    (void)context;
    (void)state;
    (void)hash;
    buffer_add_text(raw, "half a body");
    return fail(reason, REJECT, "no key");
}

START_TEST(a_seal_that_fails_changes_nothing)
{
    struct outbox *o = opened();
    int64_t id = 1;
    ck_assert(take_readings(o, "28-01", 1000, 1, &why) == DONE);
    ck_assert(outbox_seal(o, &id, 1, refuse, NULL, 5, &why) == REJECT);
    ck_assert_str_eq(why.text, "no key");
    ck_assert_uint_eq(state_of(o).samples, 1);
    ck_assert_uint_eq(state_of(o).next_seq, 1);
    ck_assert(seal_all(o, 6, &why) == DONE);
    outbox_close(&o);
}
END_TEST

START_TEST(only_a_receipt_with_our_hash_counts)
{
    struct outbox *o = opened();
    uint64_t newly = 7;
    bool rewound;
    uint8_t foreign[16] = {9};
    for (int i = 0; i < 6; i++)
        ck_assert(seal_all(o, 10 + i, &why) == DONE);
    struct outbox_state s = state_of(o);
    struct outbox_range wrong = {1, 4, {1, 2, 3}};
    ck_assert(outbox_receipt(o, s.epoch.epoch, &wrong, 1, 20, &newly, &rewound, &why) == REJECT);
    ck_assert_uint_eq(newly, 0);
    ck_assert(receipt_through(o, foreign, 1, 20, &newly, &rewound, &why) == REJECT);
    ck_assert_uint_eq(count_open(o, s.epoch.epoch), 6);
    /* a range above a gap, and beside it a foreign one that is passed over */
    struct outbox_range ranges[2] = {wrong, {4, 5, {0}}};
    hash_of_body(s.epoch.epoch, 5, ranges[1].hash);
    ck_assert(outbox_receipt(o, s.epoch.epoch, ranges, 2, 20, &newly, &rewound, &why) == DONE);
    ck_assert_uint_eq(newly, 2);
    ck_assert_uint_eq(count_open(o, s.epoch.epoch), 4);
    outbox_close(&o);
}
END_TEST

START_TEST(the_server_may_ask_again)
{
    struct outbox *o = opened();
    uint64_t n;
    bool rewound;
    for (int i = 0; i < 5; i++)
        ck_assert(seal_all(o, 10 + i, &why) == DONE);
    struct outbox_state s = state_of(o);
    ck_assert(receipt_through(o, s.epoch.epoch, 5, 20, &n, &rewound, &why) == DONE);
    ck_assert(outbox_resend(o, s.epoch.epoch, 2, 3, &n, &why) == DONE);
    ck_assert_uint_eq(n, 2);
    ck_assert_uint_eq(count_open(o, s.epoch.epoch), 2);
    ck_assert_uint_eq(state_of(o).unreceipted, 2);
    uint8_t epochs[4][16];
    ck_assert_uint_eq(outbox_open_epochs(o, epochs, 4), 1);
    ck_assert_mem_eq(epochs[0], s.epoch.epoch, 16);
    outbox_close(&o);
}
END_TEST

START_TEST(a_boot_begins_an_epoch_that_names_the_one_before)
{
    struct outbox *o = opened();
    struct outbox_state first = state_of(o);
    ck_assert_int_eq(first.epoch.reason, EPOCH_FIRST);
    ck_assert(!first.epoch.has_previous);
    ck_assert(seal_all(o, 10, &why) == DONE);
    ck_assert(seal_all(o, 11, &why) == DONE);
    outbox_close(&o);
    memset(scratch.settings.boot_id, 2, 16);
    o = opened();
    struct outbox_state second = state_of(o);
    ck_assert_int_eq(second.epoch.reason, EPOCH_BOOT);
    ck_assert_mem_eq(second.epoch.previous_epoch, first.epoch.epoch, 16);
    ck_assert_uint_eq(second.epoch.last_certain_seq, 2);
    ck_assert(second.epoch.has_last_body_hash);
    ck_assert_uint_eq(second.next_seq, 1);
    ck_assert_uint_eq(second.unreceipted, 2);
    outbox_close(&o);
    /* an epoch nobody heard of is passed over in the chain */
    memset(scratch.settings.boot_id, 3, 16);
    o = opened();
    struct outbox_state third = state_of(o);
    ck_assert_mem_eq(third.epoch.previous_epoch, first.epoch.epoch, 16);
    ck_assert_uint_eq(third.epoch.last_certain_seq, 2);
    ck_assert_mem_ne(third.epoch.epoch, second.epoch.epoch, 16);
    outbox_close(&o);
}
END_TEST

START_TEST(a_receipt_beyond_our_end_begins_an_epoch)
{
    struct outbox *o = opened();
    uint64_t n;
    bool rewound;
    for (int i = 0; i < 3; i++)
        ck_assert(seal_all(o, 10 + i, &why) == DONE);
    struct outbox_state before = state_of(o);
    ck_assert(receipt_through(o, before.epoch.epoch, 9, 20, &n, &rewound, &why) == DONE);
    ck_assert(rewound);
    struct outbox_state after = state_of(o);
    ck_assert_int_eq(after.epoch.reason, EPOCH_REWOUND);
    ck_assert_mem_eq(after.epoch.previous_epoch, before.epoch.epoch, 16);
    ck_assert_uint_eq(after.next_seq, 1);
    ck_assert_uint_eq(count_open(o, before.epoch.epoch), 3);
    outbox_close(&o);
}
END_TEST

START_TEST(values_are_kept)
{
    struct outbox *o = opened();
    struct buffer out = {0};
    ck_assert(outbox_get(o, "checkpoint", &out, &why) == REJECT);
    ck_assert(outbox_put(o, "checkpoint", bytes_of("one", 3), &why) == DONE);
    ck_assert(outbox_put(o, "checkpoint", bytes_of("second", 6), &why) == DONE);
    ck_assert(outbox_put(o, "empty", bytes_of(NULL, 0), &why) == DONE);
    outbox_close(&o);
    o = opened();
    ck_assert(outbox_get(o, "checkpoint", &out, &why) == DONE);
    ck_assert(bytes_equal(buffer_view(&out), bytes_of("second", 6)));
    buffer_reset(&out);
    ck_assert(outbox_get(o, "empty", &out, &why) == DONE);
    ck_assert_uint_eq(out.len, 0);
    buffer_free(&out);
    outbox_close(&o);
}
END_TEST

START_TEST(a_second_opener_is_refused)
{
    struct outbox *o = opened(), *second = NULL;
    ck_assert(outbox_open(&second, &scratch.settings, 1, &why) == REJECT);
    ck_assert_ptr_nonnull(strstr(why.text, "in use by process"));
    ck_assert_ptr_null(second);
    outbox_close(&o);
    o = opened();
    outbox_close(&o);
}
END_TEST

static Suite *suite_of_life(void)
{
    Suite *s = suite_create("outbox life");
    TCase *t = tcase_create("life");
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, a_sample_is_sealed_receipted_and_forgotten);
    tcase_add_test(t, all_of_it_is_there_after_opening_again);
    tcase_add_test(t, a_sample_comes_back_as_it_went_in);
    tcase_add_test(t, a_seal_that_fails_changes_nothing);
    tcase_add_test(t, only_a_receipt_with_our_hash_counts);
    tcase_add_test(t, the_server_may_ask_again);
    tcase_add_test(t, a_boot_begins_an_epoch_that_names_the_one_before);
    tcase_add_test(t, a_receipt_beyond_our_end_begins_an_epoch);
    tcase_add_test(t, values_are_kept);
    tcase_add_test(t, a_second_opener_is_refused);
    suite_add_tcase(s, t);
    return s;
}

TEST_MAIN(suite_of_life)
