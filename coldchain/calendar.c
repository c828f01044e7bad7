#include "coldchain/calendar.h"

/* Rounds towards the past, so that days before 1970 are days too. */
static int64_t floor_div(int64_t a, int64_t b)
{
    int64_t quotient = a / b;
    return a % b < 0 ? quotient - 1 : quotient;
}

/* Counted in years that begin in March, so that the leap day comes last. */
int64_t calendar_day(int64_t year, int64_t month, int64_t day)
{
    int64_t march_year = month > 2 ? year : year - 1;
    int64_t march_month = month > 2 ? month - 3 : month + 9;
    int64_t days_before = (153 * march_month + 2) / 5;
    return march_year * 365 + floor_div(march_year, 4) - floor_div(march_year, 100) + floor_div(march_year, 400) +
           days_before + day - 1 - 719468;
}

int64_t calendar_month_days(int64_t year, int64_t month)
{
    return month == 12 ? 31 : calendar_day(year, month + 1, 1) - calendar_day(year, month, 1);
}

void calendar_date(int64_t day_number, int64_t *year, int64_t *month, int64_t *day)
{
    int64_t guess = 1970 + floor_div(day_number * 400, 146097);
    while (calendar_day(guess + 1, 1, 1) <= day_number)
        guess++;
    while (calendar_day(guess, 1, 1) > day_number)
        guess--;
    *year = guess;
    *month = 1;
    while (*month < 12 && calendar_day(guess, *month + 1, 1) <= day_number)
        (*month)++;
    *day = day_number - calendar_day(guess, *month, 1) + 1;
}

int64_t calendar_add_months(int64_t day_number, int64_t months)
{
    int64_t year;
    int64_t month;
    int64_t day;
    calendar_date(day_number, &year, &month, &day);
    int64_t index = year * 12 + month - 1 + months;
    year = floor_div(index, 12);
    month = index - year * 12 + 1;
    int64_t most = calendar_month_days(year, month);
    return calendar_day(year, month, day < most ? day : most);
}

int64_t calendar_offset_ms(const struct zone_rule *zone, size_t count, int64_t t)
{
    int64_t minutes = count > 0 ? zone[0].offset_minutes : 60;
    for (size_t i = 0; i < count && zone[i].from <= t; i++)
        minutes = zone[i].offset_minutes;
    return minutes * 60000;
}

int64_t calendar_local_day(const struct zone_rule *zone, size_t count, int64_t t)
{
    return floor_div(t + calendar_offset_ms(zone, count, t), DAY_MS);
}

/* Each stretch of one offset has its own midnight; the earliest one that lies in its stretch is the answer, and a
 * midnight that a change skipped is the instant of that change. */
int64_t calendar_midnight(const struct zone_rule *zone, size_t count, int64_t day_number)
{
    int64_t local = day_number * DAY_MS;
    if (count == 0)
        return local - 3600000;
    for (size_t i = 0; i < count; i++) {
        int64_t from = i == 0 ? TIME_NONE : zone[i].from;
        int64_t to = i + 1 < count ? zone[i + 1].from : TIME_OPEN;
        int64_t midnight = local - zone[i].offset_minutes * INT64_C(60000);
        if (midnight < from)
            midnight = from;
        if (midnight < to)
            return midnight;
    }
    return TIME_OPEN; /* not reached: the last stretch has no end */
}
