/* Calendar: local days. A day is a local calendar day, never 86,400 s (5-domain section 1).
 *
 * Days are counted from 1970-01-01 = 0, in the Gregorian calendar carried both ways. The zone is a sorted list of
 * offsets (coldchain/facts.h); an empty one is UTC+1, Africa/Casablanca outside Ramadan.
 */
#ifndef COLDCHAIN_CALENDAR_H
#define COLDCHAIN_CALENDAR_H

#include <stdint.h>

#include "coldchain/facts.h"

#define DAY_MS INT64_C(86400000)

/* The day number of a date; month 1 to 12, day 1 to 31. */
int64_t calendar_day(int64_t year, int64_t month, int64_t day);

/* The date of a day number. */
void calendar_date(int64_t day_number, int64_t *year, int64_t *month, int64_t *day);

int64_t calendar_month_days(int64_t year, int64_t month);

/* The day `months` later; a day that month does not have becomes its last (31 January + 1 month: 28 or 29 February). */
int64_t calendar_add_months(int64_t day_number, int64_t months);

/* Local time minus UTC at `t`, in ms. */
int64_t calendar_offset_ms(const struct zone_rule *zone, size_t count, int64_t t);

/* The local day that `t` falls in. */
int64_t calendar_local_day(const struct zone_rule *zone, size_t count, int64_t t);

/* The first instant at which the local day is `day_number` or later. */
int64_t calendar_midnight(const struct zone_rule *zone, size_t count, int64_t day_number);

#endif
