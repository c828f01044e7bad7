#include "coldchain/recording.h"

#include <string.h>

/* A cursor over one field. */
struct text {
    const char *at, *end;
};

static struct text text_of(struct bytes b)
{
    const char *start = (const char *)b.data;
    return (struct text){start, start ? start + b.len : start};
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool skip(struct text *t, char c)
{
    if (t->at == t->end || *t->at != c)
        return false;
    t->at++;
    return true;
}

/* Exactly `digits` digits. */
static bool number(struct text *t, int digits, int64_t *value)
{
    *value = 0;
    for (int i = 0; i < digits; i++) {
        if (t->at == t->end || !is_digit(*t->at))
            return false;
        *value = *value * 10 + (*t->at++ - '0');
    }
    return true;
}

enum { CELSIUS_LEAST_MC = -273150, CELSIUS_MOST_MC = 2000000 };

/* The digits behind the point as thousandths, rounded half up: the sign is applied afterwards, so that this is half
 * away from zero. */
static bool thousandths(struct text *t, int64_t *value)
{
    int64_t sum = 0;
    int seen = 0;
    bool up = false;
    for (; t->at < t->end && is_digit(*t->at); t->at++, seen++) {
        if (seen < 3)
            sum = sum * 10 + (*t->at - '0');
        else if (seen == 3)
            up = *t->at >= '5';
    }
    for (int i = seen; i < 3; i++)
        sum *= 10;
    *value = sum + (up ? 1 : 0);
    return seen > 0;
}

enum outcome celsius_read(struct bytes text, int32_t *value_mc, struct why *why)
{
    struct text t = text_of(text);
    bool negative = skip(&t, '-');
    if (!negative)
        (void)skip(&t, '+');
    int64_t whole = 0;
    int digits = 0;
    for (; t.at < t.end && is_digit(*t.at) && digits < 7; t.at++, digits++)
        whole = whole * 10 + (*t.at - '0');
    int64_t part = 0;
    if (digits == 0 || (skip(&t, '.') && !thousandths(&t, &part)) || t.at != t.end)
        return fail(why, REJECT, "not a temperature: '%.*s'", (int)(text.len < 40 ? text.len : 40),
                    text.data ? (const char *)text.data : "");
    int64_t value = (whole * 1000 + part) * (negative ? -1 : 1);
    if (value < CELSIUS_LEAST_MC || value > CELSIUS_MOST_MC)
        return fail(why, REJECT, "no probe measures %.*s °C", (int)(text.len < 40 ? text.len : 40),
                    (const char *)text.data);
    *value_mc = (int32_t)value;
    return DONE;
}

static bool leap_year(int64_t year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int64_t days_in_month(int64_t year, int64_t month)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return month == 2 && leap_year(year) ? 29 : days[month - 1];
}

/* Days from 1970-01-01: years are counted from March, so that the leap day is the last of its year. */
static int64_t days_since_1970(int64_t year, int64_t month, int64_t day)
{
    int64_t y = month > 2 ? year : year - 1;
    int64_t from_march = (month + 9) % 12;
    return y * 365 + y / 4 - y / 100 + y / 400 + (from_march * 306 + 5) / 10 + day - 1 - 719468;
}

static bool date(struct text *t, int64_t *days)
{
    int64_t year, month, day;
    if (!number(t, 4, &year) || !skip(t, '-') || !number(t, 2, &month) || !skip(t, '-') || !number(t, 2, &day))
        return false;
    if (year < 1970 || month < 1 || month > 12 || day < 1 || day > days_in_month(year, month))
        return false;
    *days = days_since_1970(year, month, day);
    return true;
}

/* hh:mm[:ss[.fff…]]; a leap second counts as the second before it, so that no time is unreadable. */
static bool time_of_day(struct text *t, int64_t *ms)
{
    int64_t hour, minute, second = 0, part = 0;
    if (!number(t, 2, &hour) || !skip(t, ':') || !number(t, 2, &minute))
        return false;
    if (skip(t, ':') && !number(t, 2, &second))
        return false;
    if (hour > 23 || minute > 59 || second > 60)
        return false;
    if (skip(t, '.')) {
        int seen = 0;
        for (; t->at < t->end && is_digit(*t->at); t->at++, seen++)
            part = seen < 3 ? part * 10 + (*t->at - '0') : part;
        for (int i = seen; i < 3; i++)
            part *= 10;
        if (seen == 0)
            return false;
    }
    *ms = ((hour * 60 + minute) * 60 + (second == 60 ? 59 : second)) * 1000 + part;
    return true;
}

static bool zone(struct text *t, int64_t *offset_ms)
{
    *offset_ms = 0;
    if (skip(t, 'Z') || skip(t, 'z'))
        return true;
    bool west = skip(t, '-');
    if (!west && !skip(t, '+'))
        return false;
    int64_t hour, minute;
    if (!number(t, 2, &hour))
        return false;
    (void)skip(t, ':');
    if (!number(t, 2, &minute) || hour > 14 || minute > 59)
        return false;
    *offset_ms = (hour * 60 + minute) * 60000 * (west ? -1 : 1);
    return true;
}

/* Digits only: seconds, or from twelve digits on milliseconds. */
static bool since_1970(struct bytes text, int64_t *at_ms)
{
    struct text t = text_of(text);
    if (text.len == 0 || text.len > 15 || !number(&t, (int)text.len, at_ms))
        return false;
    if (text.len < 12)
        *at_ms *= 1000;
    return true;
}

enum outcome time_text_read(struct bytes text, int64_t *at_ms, struct why *why)
{
    int shown = (int)(text.len < 40 ? text.len : 40);
    const char *start = text.data ? (const char *)text.data : "";
    if (since_1970(text, at_ms))
        return DONE;
    struct text t = text_of(text);
    int64_t days, ms, offset_ms;
    if (!date(&t, &days) || !(skip(&t, 'T') || skip(&t, 't') || skip(&t, ' ')) || !time_of_day(&t, &ms))
        return fail(why, REJECT, "not a time: '%.*s'", shown, start);
    if (t.at == t.end)
        return fail(why, REJECT, "time without a zone (Z or +01:00): '%.*s'", shown, start);
    if (!zone(&t, &offset_ms) || t.at != t.end)
        return fail(why, REJECT, "not a time: '%.*s'", shown, start);
    *at_ms = days * 86400000 + ms - offset_ms;
    return DONE;
}

static bool blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct bytes trimmed(struct bytes b)
{
    while (b.len > 0 && blank(b.data[0]))
        b = bytes_of(b.data + 1, b.len - 1);
    while (b.len > 0 && blank(b.data[b.len - 1]))
        b.len--;
    return b;
}

/* Without blanks and one pair of quotes around it. */
static struct bytes field(struct bytes b)
{
    b = trimmed(b);
    if (b.len >= 2 && b.data[0] == '"' && b.data[b.len - 1] == '"')
        b = bytes_of(b.data + 1, b.len - 2);
    return b;
}

static struct bytes without_mark(struct bytes b)
{
    return b.len >= 3 && memcmp(b.data, "\xef\xbb\xbf", 3) == 0 ? bytes_of(b.data + 3, b.len - 3) : b;
}

static bool has_digit(struct bytes b)
{
    for (size_t i = 0; i < b.len; i++)
        if (is_digit((char)b.data[i]))
            return true;
    return false;
}

enum recording_row recording_row_read(struct bytes line, bool first, struct recorded *row, struct why *why)
{
    struct bytes text = trimmed(first ? without_mark(line) : line);
    if (text.len == 0 || text.data[0] == '#' || (first && !has_digit(text)))
        return RECORDING_NOTHING;
    const uint8_t *comma = memchr(text.data, ',', text.len);
    if (!comma) {
        (void)fail(why, REJECT, "no comma between time and temperature");
        return RECORDING_BAD;
    }
    size_t before = (size_t)(comma - text.data);
    struct bytes when = field(bytes_of(text.data, before));
    struct bytes celsius = field(bytes_of(comma + 1, text.len - before - 1));
    if (time_text_read(when, &row->at_ms, why) != DONE || celsius_read(celsius, &row->value_mc, why) != DONE)
        return RECORDING_BAD;
    return RECORDING_READING;
}
