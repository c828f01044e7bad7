#include "common/backoff.h"
#include "tests/helpers/check_main.h"

START_TEST(waits_stay_between_half_and_whole_of_a_doubling_ceiling)
{
    const uint32_t randoms[] = {0, 1, 249, 250, 251, 12345, UINT32_MAX};
    for (size_t r = 0; r < sizeof randoms / sizeof randoms[0]; r++) {
        struct backoff backoff = {.first_ms = 500, .most_ms = 60000};
        int64_t ceiling = 500;
        for (int i = 0; i < 100; i++) {
            int64_t wait = backoff_next_ms(&backoff, randoms[r]);
            ck_assert_int_ge(wait, ceiling / 2);
            ck_assert_int_le(wait, ceiling);
            ceiling = ceiling * 2 < 60000 ? ceiling * 2 : 60000;
        }
    }
}
END_TEST

START_TEST(randomness_reaches_both_bounds)
{
    struct backoff backoff = {.first_ms = 1000, .most_ms = 1000};
    ck_assert_int_eq(backoff_next_ms(&backoff, 0), 1000);
    ck_assert_int_eq(backoff_next_ms(&backoff, 500), 500);
    ck_assert_int_eq(backoff_next_ms(&backoff, 501), 1000);
}
END_TEST

START_TEST(success_begins_again)
{
    struct backoff backoff = {.first_ms = 100, .most_ms = 100000};
    for (int i = 0; i < 9; i++)
        (void)backoff_next_ms(&backoff, 0);
    ck_assert_int_gt(backoff_next_ms(&backoff, 0), 20000);
    backoff_succeeded(&backoff);
    ck_assert_int_eq(backoff_next_ms(&backoff, 0), 100);
}
END_TEST

START_TEST(a_zeroed_backoff_never_spins)
{
    struct backoff backoff = {.most_ms = 10};
    ck_assert_int_ge(backoff_next_ms(&backoff, 0), 1);
}
END_TEST

static Suite *suite_of_backoff(void)
{
    Suite *s = suite_create("backoff");
    TCase *t = tcase_create("backoff");
    tcase_add_test(t, waits_stay_between_half_and_whole_of_a_doubling_ceiling);
    tcase_add_test(t, randomness_reaches_both_bounds);
    tcase_add_test(t, success_begins_again);
    tcase_add_test(t, a_zeroed_backoff_never_spins);
    suite_add_tcase(s, t);
    return s;
}

TEST_MAIN(suite_of_backoff)
