#include "common/clock.h"
#include "tests/helpers/check_main.h"

#include <time.h>

START_TEST(the_system_clock_reads_between_two_readings_of_the_kernel)
{
    struct clock clock = clock_system();
    int64_t before = (int64_t)time(NULL) * 1000;
    struct clock_reading first = clock_read(&clock);
    struct clock_reading second = clock_read(&clock);
    int64_t after = ((int64_t)time(NULL) + 1) * 1000;
    ck_assert_int_ge(first.wall_ms, before);
    ck_assert_int_le(second.wall_ms, after);
    ck_assert_int_ge(second.boot_ms, first.boot_ms);
    ck_assert_int_gt(first.boot_ms, 0);
    if (!first.synchronised)
        ck_assert_uint_eq(first.error_ms, 0);
}
END_TEST

START_TEST(a_held_clock_follows_the_hand)
{
    struct clock_reading held = {.wall_ms = 5, .boot_ms = 7, .synchronised = true, .error_ms = 3};
    struct clock clock = clock_held(&held);
    ck_assert_int_eq(clock_read(&clock).boot_ms, 7);
    held.boot_ms = 9;
    ck_assert_int_eq(clock_read(&clock).boot_ms, 9);
    ck_assert_int_eq(clock_read(&clock).wall_ms, 5);
    ck_assert(clock_read(&clock).synchronised);
}
END_TEST

static Suite *suite_of_clock(void)
{
    Suite *s = suite_create("clock");
    TCase *t = tcase_create("clock");
    tcase_add_test(t, the_system_clock_reads_between_two_readings_of_the_kernel);
    tcase_add_test(t, a_held_clock_follows_the_hand);
    suite_add_tcase(s, t);
    return s;
}

TEST_MAIN(suite_of_clock)
