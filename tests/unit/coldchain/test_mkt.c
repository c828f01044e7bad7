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

START_TEST(an_index_gives_what_the_pieces_give)
{
    static struct track_piece pieces[1000];
    for (int64_t i = 0; i < 1000; i++)
        pieces[i] = (struct track_piece){i * 10, (i + 1) * 10, 0, -30000 + i % 97 * 300, i % 11 != 0, false};
    struct track track = {pieces, 1000};
    struct arena arena = {0};
    struct mkt_index index = mkt_index_make(track, &arena);
    for (int64_t from = -5; from < 10000; from += 313)
        for (int64_t to = from + 1; to < 10100; to += 401) {
            struct mkt plain = {0};
            struct mkt quick = {0};
            int64_t a = 0;
            int64_t b = 0;
            mkt_add_track(&plain, track, from, to);
            mkt_add_indexed(&quick, &index, from, to);
            ck_assert_int_eq(plain.known_ms, quick.known_ms);
            ck_assert_int_eq(mkt_value(&plain, &a), mkt_value(&quick, &b));
            ck_assert_int_eq(a, b);
        }
    struct mkt all = {0};
    mkt_add_indexed(&all, &index, TIME_NONE, TIME_OPEN);
    ck_assert_int_eq(all.known_ms, 9090); /* 91 of 1000 are unknown */
    arena_free(&arena);
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
    tcase_add_test(cases, an_index_gives_what_the_pieces_give);
    suite_add_tcase(suite, cases);
    return suite;
}

TEST_MAIN(suite_of_mkt)
