#include "ingest/fold/blocks.h"

#include "tests/helpers/check_main.h"

#define HOUR 3600000LL
#define DAY_MS 1790035200000LL /* 2026-09-22 00:00 UTC */

struct taken {
    struct block_piece pieces[64];
    size_t count;
};

static void take_piece(void *context, const struct block_piece *piece)
{
    struct taken *taken = context;
    ck_assert_uint_lt(taken->count, 64);
    taken->pieces[taken->count++] = *piece;
}

static struct taken cut(int64_t t0_ms, uint32_t step_ms, const int32_t *values, size_t count, int64_t latest_ms,
                        struct run_judged *judged)
{
    struct taken taken = {.count = 0};
    struct reading_run run = {t0_ms, step_ms, values, count, latest_ms};
    blocks_cut(&run, judged, take_piece, &taken);
    return taken;
}

START_TEST(a_run_is_cut_at_each_utc_hour)
{
    int32_t values[150];
    for (int i = 0; i < 150; i++)
        values[i] = -30000 + i;
    struct run_judged judged;
    /* From 23:50, a reading a minute: 10 before midnight, 60, 60, and 20. */
    struct taken taken = cut(DAY_MS - 10 * 60000, 60000, values, 150, DAY_MS + 10 * HOUR, &judged);
    ck_assert_uint_eq(taken.count, 4);
    static const size_t expected[] = {10, 60, 60, 20};
    size_t at = 0;
    for (size_t i = 0; i < 4; i++) {
        ck_assert_uint_eq(taken.pieces[i].count, expected[i]);
        ck_assert_ptr_eq(taken.pieces[i].values_mc, values + at);
        ck_assert_int_eq(taken.pieces[i].t0_ms, DAY_MS - 10 * 60000 + (int64_t)at * 60000);
        at += expected[i];
    }
    ck_assert_uint_eq(judged.untimely + judged.out_of_range, 0);
}
END_TEST

START_TEST(impossible_values_are_left_out_alone)
{
    int32_t values[] = {-20000, -273150, -273151, 1000000, 1000001, 5};
    struct run_judged judged;
    struct taken taken = cut(DAY_MS, 1000, values, 6, DAY_MS + HOUR, &judged);
    ck_assert_uint_eq(judged.out_of_range, 2);
    ck_assert_uint_eq(taken.count, 3);
    ck_assert_uint_eq(taken.pieces[0].count, 2);
    ck_assert_uint_eq(taken.pieces[1].count, 1);
    ck_assert_int_eq(taken.pieces[1].t0_ms, DAY_MS + 3000);
    ck_assert_int_eq(taken.pieces[2].t0_ms, DAY_MS + 5000);
}
END_TEST

START_TEST(a_reading_at_the_sealing_counts_and_one_later_does_not)
{
    int32_t values[] = {1, 2, 3};
    struct run_judged judged;
    struct taken taken = cut(DAY_MS, 1000, values, 3, DAY_MS + 1000, &judged);
    ck_assert_uint_eq(judged.untimely, 1);
    ck_assert_uint_eq(taken.count, 1);
    ck_assert_uint_eq(taken.pieces[0].count, 2);
}
END_TEST

START_TEST(nothing_before_2020_or_from_2100_on)
{
    int32_t values[] = {1, 2};
    struct run_judged judged;
    struct taken taken = cut(BLOCKS_EARLIEST_MS - 1, 1, values, 2, DAY_MS, &judged);
    ck_assert_uint_eq(taken.count, 1);
    ck_assert_int_eq(taken.pieces[0].t0_ms, BLOCKS_EARLIEST_MS);
    taken = cut(BLOCKS_LATEST_MS - 1, 1, values, 2, INT64_MAX, &judged);
    ck_assert_uint_eq(taken.count, 1);
    ck_assert_uint_eq(taken.pieces[0].count, 1);
    ck_assert_uint_eq(judged.untimely, 1);
}
END_TEST

START_TEST(readings_without_values_are_cut_alike)
{
    struct run_judged judged;
    struct taken taken = cut(DAY_MS + HOUR - 60000, 60000, NULL, 3, DAY_MS + 5 * HOUR, &judged);
    ck_assert_uint_eq(taken.count, 2);
    ck_assert_ptr_null(taken.pieces[0].values_mc);
    ck_assert_uint_eq(taken.pieces[1].count, 2);
}
END_TEST

/* Boot times 1000 and 5000: up 3000 is as near to both, and the smaller boot time holds. */
START_TEST(the_nearest_synchronised_body_repairs_a_time)
{
    struct clock_sync syncs[] = {{5000, DAY_MS + 5100}, {1000, DAY_MS + 1000}};
    int64_t wall_ms = 0;
    ck_assert(blocks_repair_time(syncs, 2, 3000, &wall_ms));
    ck_assert_int_eq(wall_ms, DAY_MS + 3000);
    ck_assert(blocks_repair_time(syncs, 2, 3001, &wall_ms));
    ck_assert_int_eq(wall_ms, DAY_MS + 3101);
    ck_assert(blocks_repair_time(syncs, 2, 10, &wall_ms));
    ck_assert_int_eq(wall_ms, DAY_MS + 10);
    ck_assert(!blocks_repair_time(syncs, 0, 10, &wall_ms));
}
END_TEST

static Suite *suite_of_blocks(void)
{
    Suite *s = suite_create("blocks");
    TCase *t = tcase_create("blocks");
    tcase_add_test(t, a_run_is_cut_at_each_utc_hour);
    tcase_add_test(t, impossible_values_are_left_out_alone);
    tcase_add_test(t, a_reading_at_the_sealing_counts_and_one_later_does_not);
    tcase_add_test(t, nothing_before_2020_or_from_2100_on);
    tcase_add_test(t, readings_without_values_are_cut_alike);
    tcase_add_test(t, the_nearest_synchronised_body_repairs_a_time);
    suite_add_tcase(s, t);
    return s;
}

TEST_MAIN(suite_of_blocks)
