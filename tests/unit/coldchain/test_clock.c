#include "coldchain/clock.h"

#include "common/cleanup.h"
#include "tests/helpers/check_main.h"

/* Gateway 0, boot 7: at boot time 100 the wall said 1100, at 200 it said 1205 (the clock drifts by 5). */
static const struct sync syncs[] = {
    {0, 7, 200, 1205}, {0, 7, 100, 1100}, {1, 7, 100, 9100}, {0, 8, 100, 5100}, {0, 7, 200, 1210},
};

static struct sync *sorted(struct arena *arena)
{
    return clock_sort(syncs, 5, arena);
}

START_TEST(the_nearest_sync_gives_its_wall_time_plus_the_difference)
{
    scoped_by(arena_free) struct arena arena = {0};
    struct sync *s = sorted(&arena);
    ck_assert_int_eq(clock_repair(s, 5, 0, 7, 130), 1130); /* 30 from 100, 70 from 200: 1100 + 30 */
    ck_assert_int_eq(clock_repair(s, 5, 0, 7, 170), 1175); /* 70 from 100, 30 from 200: 1205 - 30 */
    ck_assert_int_eq(clock_repair(s, 5, 0, 7, 90), 1090);  /* before every sync: 1100 - 10 */
    ck_assert_int_eq(clock_repair(s, 5, 0, 7, 300), 1305); /* after every sync: 1205 + 100 */
}
END_TEST

START_TEST(a_tie_goes_to_the_smaller_boot_time_then_the_smaller_wall_time)
{
    scoped_by(arena_free) struct arena arena = {0};
    struct sync *s = sorted(&arena);
    ck_assert_int_eq(clock_repair(s, 5, 0, 7, 150), 1150); /* 50 from each: that of 100 */
    ck_assert_int_eq(clock_repair(s, 5, 0, 7, 151), 1156); /* 49 from 200: 1205 - 49 */
    ck_assert_int_eq(clock_repair(s, 5, 0, 7, 200), 1205); /* two at 200: the smaller wall time */
}
END_TEST

START_TEST(another_gateway_or_boot_never_lends_its_clock)
{
    scoped_by(arena_free) struct arena arena = {0};
    struct sync *s = sorted(&arena);
    ck_assert_int_eq(clock_repair(s, 5, 1, 7, 100), 9100);
    ck_assert_int_eq(clock_repair(s, 5, 0, 8, 100), 5100);
    ck_assert(clock_repair(s, 5, 1, 8, 100) == TIME_NONE);
    ck_assert(clock_repair(s, 5, 2, 7, 100) == TIME_NONE);
    ck_assert(clock_repair(s, 0, 0, 7, 100) == TIME_NONE);
}
END_TEST

START_TEST(an_event_with_a_boot_ignores_its_own_time)
{
    scoped_by(arena_free) struct arena arena = {0};
    struct sync *s = sorted(&arena);
    struct event event = {.at = 42, .gateway = 0, .boot = NONE};
    ck_assert_int_eq(clock_of_event(s, 5, &event), 42);
    event.boot = 7;
    event.up_ms = 100;
    ck_assert_int_eq(clock_of_event(s, 5, &event), 1100);
    event.boot = 9;
    ck_assert(clock_of_event(s, 5, &event) == TIME_NONE);
}
END_TEST

static Suite *suite_of_clock(void)
{
    Suite *suite = suite_create("clock repair");
    TCase *cases = tcase_create("clock");
    tcase_add_test(cases, the_nearest_sync_gives_its_wall_time_plus_the_difference);
    tcase_add_test(cases, a_tie_goes_to_the_smaller_boot_time_then_the_smaller_wall_time);
    tcase_add_test(cases, another_gateway_or_boot_never_lends_its_clock);
    tcase_add_test(cases, an_event_with_a_boot_ignores_its_own_time);
    suite_add_tcase(suite, cases);
    return suite;
}

TEST_MAIN(suite_of_clock)
