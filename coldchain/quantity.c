#include "coldchain/quantity.h"

#include <string.h>

#include "coldchain/calendar.h"
#include "coldchain/threshold.h"

/* ---- small readers: each moves *at and returns false when what it wants is not there ---- */

static void skip_spaces(const char **at)
{
    while (**at == ' ')
        (*at)++;
}

/* At most nine digits, so that nothing overflows. */
static bool read_digits(const char **at, int64_t *value, int *digits)
{
    *value = 0;
    *digits = 0;
    while (**at >= '0' && **at <= '9') {
        if (++*digits > 9)
            return false;
        *value = *value * 10 + (**at - '0');
        (*at)++;
    }
    return *digits > 0;
}

static bool read_minus(const char **at)
{
    static const char minus_sign[] = "\xe2\x88\x92"; /* U+2212 */
    if (**at == '-') {
        (*at)++;
        return true;
    }
    if (strncmp(*at, minus_sign, 3) == 0) {
        *at += 3;
        return true;
    }
    return false;
}

static bool read_millidegrees(const char **at, int64_t *mc)
{
    bool negative = read_minus(at);
    int64_t whole;
    int64_t part = 0;
    int digits;
    if (!read_digits(at, &whole, &digits) || whole > 1000)
        return false;
    /* ".." is the sign of a band, not a decimal point. */
    if ((*at)[0] == '.' && (*at)[1] != '.') {
        (*at)++;
        if (!read_digits(at, &part, &digits) || digits > 3)
            return false;
        for (; digits < 3; digits++)
            part *= 10;
    }
    *mc = whole * 1000 + part;
    if (negative)
        *mc = -*mc;
    return true;
}

static bool read_celsius(const char **at)
{
    static const char degree_sign[] = "\xc2\xb0"; /* U+00B0 */
    skip_spaces(at);
    if (**at == '\0')
        return true;
    if (strncmp(*at, degree_sign, 2) == 0)
        *at += 2;
    if (**at != 'C')
        return false;
    (*at)++;
    return **at == '\0';
}

/* ---- what the header promises ---- */

bool quantity_temperature(const char *text, int64_t *mc)
{
    int64_t value;
    if (!read_millidegrees(&text, &value) || !read_celsius(&text))
        return false;
    *mc = value;
    return true;
}

bool quantity_duration(const char *text, int64_t *ms)
{
    static const struct {
        const char *unit;
        int64_t ms;
    } units[] = {{"ms", 1}, {"s", 1000}, {"min", 60000}, {"h", 3600000}, {"d", 86400000}};
    int64_t value;
    int digits;
    if (!read_digits(&text, &value, &digits))
        return false;
    skip_spaces(&text);
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (strcmp(text, units[i].unit) != 0)
            continue;
        int64_t longest = INT64_C(200) * 366 * 86400000;
        if (value > longest / units[i].ms)
            return false;
        *ms = value * units[i].ms;
        return true;
    }
    return false;
}

static bool read_band(const char *at, struct threshold *threshold)
{
    struct threshold band = {.op = OP_OUTSIDE};
    if (!read_millidegrees(&at, &band.low_mc) || strncmp(at, "..", 2) != 0)
        return false;
    at += 2;
    if (!read_millidegrees(&at, &band.high_mc) || !read_celsius(&at) || band.low_mc >= band.high_mc)
        return false;
    *threshold = band;
    return true;
}

bool quantity_threshold(const char *text, struct threshold *threshold)
{
    char op_text[8] = "";
    size_t len = strcspn(text, " ");
    struct threshold read = {0};
    int64_t limit;
    if (len >= sizeof op_text)
        return false;
    memcpy(op_text, text, len);
    if (!threshold_op_from_text(op_text, &read.op))
        return false;
    text += len;
    skip_spaces(&text);
    if (read.op == OP_OUTSIDE)
        return read_band(text, threshold);
    if (!quantity_temperature(text, &limit))
        return false;
    if (read.op == OP_ABOVE || read.op == OP_AT_LEAST)
        read.high_mc = limit;
    else
        read.low_mc = limit;
    *threshold = read;
    return true;
}

/* Exactly `wanted` digits, then `behind`. */
static bool read_field(const char **at, int wanted, char behind, int64_t *value)
{
    int digits;
    if (!read_digits(at, value, &digits) || digits != wanted || **at != behind)
        return false;
    if (behind)
        (*at)++;
    return true;
}

bool quantity_time(const char *text, int64_t *ms)
{
    int64_t year;
    int64_t month;
    int64_t day;
    int64_t hour = 0;
    int64_t minute = 0;
    int64_t second = 0;
    bool with_time = strchr(text, 'T') != NULL;
    if (!read_field(&text, 4, '-', &year) || !read_field(&text, 2, '-', &month) ||
        !read_field(&text, 2, with_time ? 'T' : '\0', &day))
        return false;
    if (with_time && (!read_field(&text, 2, ':', &hour) || !read_field(&text, 2, ':', &minute) ||
                      !read_field(&text, 2, 'Z', &second) || *text != '\0'))
        return false;
    if (year < 1970 || month < 1 || month > 12 || day < 1 || day > calendar_month_days(year, month) || hour > 23 ||
        minute > 59 || second > 59)
        return false;
    *ms = calendar_day(year, month, day) * DAY_MS + ((hour * 60 + minute) * 60 + second) * 1000;
    return true;
}

bool quantity_count(const char *text, int64_t *count)
{
    int64_t value;
    int digits;
    if (!read_digits(&text, &value, &digits) || *text != '\0' || value > 1000000)
        return false;
    *count = value;
    return true;
}
