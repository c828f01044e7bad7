/* Quantity: temperatures, durations, limits and dates as people write them in policy files.
 *
 *     -20 °C   −0.5 C   10      a temperature, to the millidegree; the unit may be left out; U+2212 is a minus
 *     72 h   30 min   5 s   60 d   250 ms
 *     > -20 °C      <= -0.5 °C      outside 20..24 °C
 *     2026-01-01   2026-01-01T06:30:00Z
 *
 * Each function takes the whole text, returns false for anything else, and writes nothing then.
 */
#ifndef COLDCHAIN_QUANTITY_H
#define COLDCHAIN_QUANTITY_H

#include "coldchain/facts.h"
#include "common/outcome.h"

/* Millidegrees; more than three decimals are refused, not rounded. Within ±1000 °C. */
MUST_CHECK bool quantity_temperature(const char *text, int64_t *mc);

/* Milliseconds, from 0 to 200 years. A day here is 24 h: allowances are durations, not calendar days. */
MUST_CHECK bool quantity_duration(const char *text, int64_t *ms);

/* A limit or a band; a band's low end lies below its high end. */
MUST_CHECK bool quantity_threshold(const char *text, struct threshold *threshold);

/* A UTC date (its first instant) or a UTC time to the second. */
MUST_CHECK bool quantity_time(const char *text, int64_t *ms);

/* A count from 0 to a million, in plain digits. */
MUST_CHECK bool quantity_count(const char *text, int64_t *count);

#endif
