#include "coldchain/calendar.h"

#include "tests/helpers/check_main.h"

START_TEST(days_are_counted_from_1970)
{
    ck_assert_int_eq(calendar_day(1970, 1, 1), 0);
    ck_assert_int_eq(calendar_day(1969, 12, 31), -1);
    ck_assert_int_eq(calendar_day(2000, 2, 29), 11016); /* 30 years of 365 and 7 leap days, 31 + 28 more */
    ck_assert_int_eq(calendar_day(2000, 3, 1), 11017);
    ck_assert_int_eq(calendar_day(2100, 3, 1) - calendar_day(2100, 2, 28), 1); /* 2100 has no leap day */
    ck_assert_int_eq(calendar_month_days(2024, 2), 29);
    ck_assert_int_eq(calendar_month_days(2026, 2), 28);
    ck_assert_int_eq(calendar_month_days(2026, 12), 31);
}
END_TEST

START_TEST(dates_and_days_go_both_ways)
{
    for (int64_t day = -200000; day < 200000; day += 37) {
        int64_t year;
        int64_t month;
        int64_t date;
        calendar_date(day, &year, &month, &date);
        ck_assert_int_eq(calendar_day(year, month, date), day);
        ck_assert(month >= 1 && month <= 12 && date >= 1 && date <= calendar_month_days(year, month));
    }
}
END_TEST

START_TEST(months_end_on_a_day_they_have)
{
    ck_assert_int_eq(calendar_add_months(calendar_day(2026, 1, 31), 1), calendar_day(2026, 2, 28));
    ck_assert_int_eq(calendar_add_months(calendar_day(2024, 1, 31), 1), calendar_day(2024, 2, 29));
    ck_assert_int_eq(calendar_add_months(calendar_day(2026, 11, 15), 3), calendar_day(2027, 2, 15));
    ck_assert_int_eq(calendar_add_months(calendar_day(2026, 3, 31), 36), calendar_day(2029, 3, 31));
}
END_TEST

START_TEST(without_a_zone_it_is_an_hour_ahead)
{
    ck_assert_int_eq(calendar_local_day(NULL, 0, 0), 0);
    ck_assert_int_eq(calendar_local_day(NULL, 0, DAY_MS - 3600000), 1);
    ck_assert_int_eq(calendar_local_day(NULL, 0, DAY_MS - 3600001), 0);
    ck_assert_int_eq(calendar_midnight(NULL, 0, 1), DAY_MS - 3600000);
}
END_TEST

/* Casablanca, February 2027: from UTC+1 to UTC+0 on the 7th at 02:00 UTC, back on 14 March. */
START_TEST(the_change_of_ramadan)
{
    int64_t begin = calendar_day(2027, 2, 7) * DAY_MS + 2 * 3600000;
    int64_t end = calendar_day(2027, 3, 14) * DAY_MS + 2 * 3600000;
    const struct zone_rule zone[] = {{0, 60}, {begin, 0}, {end, 60}};
    int64_t seventh = calendar_day(2027, 2, 7);
    ck_assert_int_eq(calendar_midnight(zone, 3, seventh), seventh * DAY_MS - 3600000);
    ck_assert_int_eq(calendar_midnight(zone, 3, seventh + 1), (seventh + 1) * DAY_MS); /* a day of 25 hours */
    int64_t fourteenth = calendar_day(2027, 3, 14);
    ck_assert_int_eq(calendar_midnight(zone, 3, fourteenth), fourteenth * DAY_MS);
    ck_assert_int_eq(calendar_midnight(zone, 3, fourteenth + 1), (fourteenth + 1) * DAY_MS - 3600000);
    ck_assert_int_eq(calendar_offset_ms(zone, 3, begin - 1), 3600000);
    ck_assert_int_eq(calendar_offset_ms(zone, 3, begin), 0);
    ck_assert_int_eq(calendar_offset_ms(zone, 3, -1), 3600000); /* before the first entry its offset holds too */
}
END_TEST

/* Clocks go forward at the very midnight: the day begins at the instant of the change. Back across midnight: the day
 * begins the first time it does. */
START_TEST(changes_at_midnight)
{
    int64_t day = calendar_day(2026, 5, 1);
    const struct zone_rule forward[] = {{0, 0}, {day * DAY_MS - 1800000, 60}};
    ck_assert_int_eq(calendar_midnight(forward, 2, day), day * DAY_MS - 1800000);
    const struct zone_rule back[] = {{0, 60}, {day * DAY_MS - 1800000, 0}};
    ck_assert_int_eq(calendar_midnight(back, 2, day), day * DAY_MS - 3600000);
}
END_TEST

static Suite *suite_of_calendar(void)
{
    Suite *s = suite_create("calendar");
    TCase *t = tcase_create("calendar");
    tcase_add_test(t, days_are_counted_from_1970);
    tcase_add_test(t, dates_and_days_go_both_ways);
    tcase_add_test(t, months_end_on_a_day_they_have);
    tcase_add_test(t, without_a_zone_it_is_an_hour_ahead);
    tcase_add_test(t, the_change_of_ramadan);
    tcase_add_test(t, changes_at_midnight);
    suite_add_tcase(s, t);
    return s;
}

TEST_MAIN(suite_of_calendar)
