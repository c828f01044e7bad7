#include "coldchain/mkt.h"

#include "tests/helpers/check_main.h"

START_TEST(nine_parts_at_5_and_one_at_25)
{
    struct mkt mean = {0};
    int64_t mc;
    for (int i = 0; i < 9; i++)
        mkt_add(&mean, 5000, 3600000);
    mkt_add(&mean, 25000, 3600000);
    ck_assert(mkt_value(&mean, &mc));
    ck_assert_int_eq(mc, 10529); /* 10.529 °C, from the page */
}
END_TEST

START_TEST(three_parts_at_minus_30_and_one_at_minus_15)
{
    struct mkt mean = {0};
    int64_t mc;
    mkt_add(&mean, -30000, 3 * 60000);
    mkt_add(&mean, -15000, 60000); /* weighted by time: three equal parts in one */
    ck_assert(mkt_value(&mean, &mc));
    ck_assert_int_eq(mc, -22401); /* -22.401 °C, from the page */
}
END_TEST

START_TEST(one_temperature_is_its_own_mean)
{
    for (int64_t value = -196000; value <= 60000; value += 997) {
        struct mkt mean = {0};
        int64_t mc;
        mkt_add(&mean, value, 1);
        mkt_add(&mean, value, 123456789);
        ck_assert(mkt_value(&mean, &mc));
        ck_assert_int_eq(mc, value);
    }
}
END_TEST

START_TEST(without_known_time_there_is_none)
{
    struct mkt mean = {0};
    int64_t mc;
    ck_assert(!mkt_value(&mean, &mc));
    mkt_add(&mean, -273150, 10); /* absolute zero weighs nothing */
    ck_assert(mkt_value(&mean, &mc));
    ck_assert_int_eq(mc, -273150);
}
END_TEST

START_TEST(a_track_counts_known_time_inside_the_interval_at_its_highest_value)
{
    const struct track_piece pieces[] = {
        {0, 100, -40000, -30000, true, false},
        {100, 200, 0, 0, false, false}, /* unknown */
        {200, 300, -30000, -30000, true, false},
        {300, 400, -15000, -15000, true, false},
    };
    struct track track = {pieces, 4};
    struct mkt mean = {0};
    int64_t mc;
    mkt_add_track(&mean, track, 50, 350); /* 50 + 100 ms at -30, 50 ms at -15 */
    ck_assert_int_eq(mean.known_ms, 200);
    ck_assert(mkt_value(&mean, &mc));
    ck_assert_int_eq(mc, -22401);
}
END_TEST

static Suite *suite_of_mkt(void)
{
    Suite *suite = suite_create("mean kinetic temperature");
    TCase *cases = tcase_create("mkt");
    tcase_add_test(cases, nine_parts_at_5_and_one_at_25);
    tcase_add_test(cases, three_parts_at_minus_30_and_one_at_minus_15);
    tcase_add_test(cases, one_temperature_is_its_own_mean);
    tcase_add_test(cases, without_known_time_there_is_none);
    tcase_add_test(cases, a_track_counts_known_time_inside_the_interval_at_its_highest_value);
    suite_add_tcase(suite, cases);
    return suite;
}

TEST_MAIN(suite_of_mkt)
