#include "coldchain/threshold.h"

#include "tests/helpers/check_main.h"

static const struct threshold above = {.op = OP_ABOVE, .high_mc = -20000};
static const struct threshold at_least = {.op = OP_AT_LEAST, .high_mc = 10000};
static const struct threshold below = {.op = OP_BELOW, .low_mc = 2000};
static const struct threshold at_most = {.op = OP_AT_MOST, .low_mc = -500};
static const struct threshold band = {.op = OP_OUTSIDE, .low_mc = 20000, .high_mc = 24000};

static bool beyond(struct threshold t, int64_t mc)
{
    return threshold_beyond(t, mc, mc);
}

START_TEST(exactly_at_the_limit)
{
    ck_assert(!beyond(above, -20000));
    ck_assert(beyond(above, -19999));
    ck_assert(beyond(at_least, 10000));
    ck_assert(!beyond(at_least, 9999));
    ck_assert(!beyond(below, 2000));
    ck_assert(beyond(below, 1999));
    ck_assert(beyond(at_most, -500));
    ck_assert(!beyond(at_most, -499));
    ck_assert(!beyond(band, 20000));
    ck_assert(!beyond(band, 24000));
    ck_assert(beyond(band, 19999));
    ck_assert(beyond(band, 24001));
}
END_TEST

START_TEST(of_several_values_the_one_in_the_threshold_s_direction_decides)
{
    ck_assert(threshold_beyond(above, -30000, -19999));
    ck_assert(!threshold_beyond(below, 2000, 90000));
    ck_assert(threshold_beyond(band, 19999, 22000));
    ck_assert_int_eq(threshold_value(above, -30000, -10000), -10000);
    ck_assert_int_eq(threshold_value(below, -30000, -10000), -30000);
    ck_assert_int_eq(threshold_value(band, 17000, 26999), 17000); /* 3000 below against 2999 above */
    ck_assert_int_eq(threshold_value(band, 17001, 27000), 27000);
}
END_TEST

START_TEST(equally_far_outside_a_band_the_higher_counts)
{
    ck_assert_int_eq(threshold_value(band, 18000, 26000), 26000); /* both 2000 outside */
    ck_assert(threshold_more_extreme(band, 26000, 18000));
    ck_assert(!threshold_more_extreme(band, 18000, 26000));
    ck_assert(!threshold_more_extreme(band, 26000, 26000));
    ck_assert_int_eq(threshold_distance(band, 22000), -2000);
}
END_TEST

START_TEST(hysteresis_moves_the_limit_inwards)
{
    /* Closed when not beyond the moved limit: > T: v <= T - H; >= T: v < T - H; < T: v >= T + H; <= T: v > T + H. */
    ck_assert(!beyond(threshold_inward(above, 500), -20500));
    ck_assert(beyond(threshold_inward(above, 500), -20499));
    ck_assert(beyond(threshold_inward(at_least, 500), 9500));
    ck_assert(!beyond(threshold_inward(at_least, 500), 9499));
    ck_assert(!beyond(threshold_inward(below, 500), 2500));
    ck_assert(beyond(threshold_inward(below, 500), 2499));
    ck_assert(beyond(threshold_inward(at_most, 500), 0));
    ck_assert(!beyond(threshold_inward(at_most, 500), 1));
    ck_assert(!beyond(threshold_inward(band, 500), 20500));
    ck_assert(beyond(threshold_inward(band, 500), 20499));
    ck_assert(!beyond(threshold_inward(band, 500), 23500));
    ck_assert(beyond(threshold_inward(band, 500), 23501));
}
END_TEST

START_TEST(keys_are_written_as_the_page_writes_them)
{
    char key[THRESHOLD_KEY_ROOM];
    threshold_key(above, ROLE_ANY, key);
    ck_assert_str_eq(key, "> -20000");
    threshold_key(above, ROLE_AIR, key);
    ck_assert_str_eq(key, "> -20000 air");
    threshold_key(at_most, ROLE_PRODUCT, key);
    ck_assert_str_eq(key, "<= -500 product");
    threshold_key(band, ROLE_ANY, key);
    ck_assert_str_eq(key, "outside 20000..24000");
    enum threshold_op op;
    ck_assert(threshold_op_from_text(">=", &op) && op == OP_AT_LEAST);
    ck_assert(threshold_op_from_text("outside", &op) && op == OP_OUTSIDE);
    ck_assert(!threshold_op_from_text("=", &op));
}
END_TEST

START_TEST(equal_thresholds_share_what_their_op_uses)
{
    struct threshold same = above;
    same.low_mc = 99;
    ck_assert(threshold_equal(above, same));
    same.high_mc = -20001;
    ck_assert(!threshold_equal(above, same));
    same = band;
    same.low_mc++;
    ck_assert(!threshold_equal(band, same));
    ck_assert(!threshold_equal(above, at_least));
}
END_TEST

static Suite *suite_of_threshold(void)
{
    Suite *suite = suite_create("threshold");
    TCase *cases = tcase_create("threshold");
    tcase_add_test(cases, exactly_at_the_limit);
    tcase_add_test(cases, of_several_values_the_one_in_the_threshold_s_direction_decides);
    tcase_add_test(cases, equally_far_outside_a_band_the_higher_counts);
    tcase_add_test(cases, hysteresis_moves_the_limit_inwards);
    tcase_add_test(cases, keys_are_written_as_the_page_writes_them);
    tcase_add_test(cases, equal_thresholds_share_what_their_op_uses);
    suite_add_tcase(suite, cases);
    return suite;
}

TEST_MAIN(suite_of_threshold)
