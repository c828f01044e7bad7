#include "coldchain/identifier.h"

#include <string.h>

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_capital(char c)
{
    return c >= 'A' && c <= 'Z';
}

static bool all_digits(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!is_digit(text[i]))
            return false;
    return true;
}

/* Only after all_digits(). */
static int number(const char *text, size_t len)
{
    int value = 0;
    for (size_t i = 0; i < len; i++)
        value = value * 10 + (text[i] - '0');
    return value;
}

/* ---- ISBT 128 ---- */

/* The facility identification number, five characters. */
static bool is_facility(const char *text)
{
    bool first = (is_capital(text[0]) && text[0] != 'O') || (text[0] >= '1' && text[0] <= '9');
    bool second = (is_capital(text[1]) && text[1] != 'O') || is_digit(text[1]);
    return first && second && all_digits(text + 2, 3);
}

bool isbt_is_din(const char *text, size_t len)
{
    return len == DIN_LENGTH && is_facility(text) && all_digits(text + 5, 8);
}

static int isbt_value(char c)
{
    if (is_digit(c))
        return c - '0';
    return is_capital(c) ? c - 'A' + 10 : 36;
}

int isbt_checksum(const char *din)
{
    int m = 0;
    for (size_t i = 0; i < DIN_LENGTH; i++)
        m = (m + isbt_value(din[i])) * 2 % 37;
    return (38 - m) % 37;
}

char isbt_check_character(const char *din)
{
    return "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ*"[isbt_checksum(din)];
}

enum isbt_flag isbt_check_flags(const char *din, const char *flags)
{
    if (!all_digits(flags, 2))
        return FLAG_BAD;
    int value = number(flags, 2);
    if (value < 60)
        return FLAG_UNCHECKED;
    return value == 60 + isbt_checksum(din) ? FLAG_CHECKED : FLAG_BAD;
}

static bool is_leap(int year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

bool isbt_read_date(const char *text, size_t len, struct isbt_date *date)
{
    if ((len != 6 && len != 10) || !all_digits(text, len))
        return false;
    /* One digit for the century: 0 is 20xx, and 9 the nearest before it. */
    int century = text[0] == '9' ? 1900 : 2000 + number(text, 1) * 100;
    date->year = century + number(text + 1, 2);
    date->day_of_year = number(text + 3, 3);
    date->hour = len == 10 ? number(text + 6, 2) : 23;
    date->minute = len == 10 ? number(text + 8, 2) : 59;
    return date->day_of_year >= 1 && date->day_of_year <= 365 + is_leap(date->year) && date->hour < 24 &&
           date->minute < 60;
}

bool isbt_read_consignment(const char *text, size_t len, struct isbt_consignment *consignment)
{
    if (len != 17 || !is_facility(text) || !all_digits(text + 5, 12))
        return false;
    memcpy(consignment->facility, text, 5);
    consignment->facility[5] = '\0';
    consignment->year = 2000 + number(text + 5, 2);
    consignment->number = number(text + 7, 6);
    consignment->container = number(text + 13, 2);
    consignment->containers = number(text + 15, 2);
    return consignment->container >= 1 && consignment->container <= consignment->containers;
}

bool identifier_din_of(const char *lot_id, char *din)
{
    const char *start = lot_id[0] == '=' ? lot_id + 1 : lot_id;
    if (strnlen(start, DIN_LENGTH) < DIN_LENGTH || !isbt_is_din(start, DIN_LENGTH))
        return false;
    memcpy(din, start, DIN_LENGTH);
    din[DIN_LENGTH] = '\0';
    return true;
}

/* ---- GS1 ---- */

bool gs1_check_digit_holds(const char *digits, size_t len)
{
    if (len < 2 || !all_digits(digits, len))
        return false;
    int sum = 0;
    for (size_t i = 0; i < len; i++)
        sum += (digits[i] - '0') * ((len - 1 - i) % 2 ? 3 : 1);
    return sum % 10 == 0;
}

/* ---- any ---- */

/* E, a letter or a digit first; then digits and letters. Which codes exist is the licensed table's business. */
static bool is_product(const char *text, size_t len)
{
    if (len != PRODUCT_LENGTH || !is_capital(text[0]) || !all_digits(text + 1, 4))
        return false;
    for (size_t i = 5; i < len; i++)
        if (!is_digit(text[i]) && !is_capital(text[i]) && !(text[i] >= 'a' && text[i] <= 'z'))
            return false;
    return true;
}

/* Printable, as GS1's character set 82 begins; which of them a company uses is its own business. */
static bool is_giai(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (text[i] <= ' ' || text[i] > 'z')
            return false;
    return len >= 5 && len <= GIAI_MOST && all_digits(text, 4);
}

static bool is_alphanumeric(const char *text, size_t len, size_t wanted)
{
    for (size_t i = 0; i < len; i++)
        if (!is_digit(text[i]) && !is_capital(text[i]))
            return false;
    return len == wanted;
}

bool identifier_holds(enum identifier_kind kind, const char *text, size_t len)
{
    struct isbt_date date;
    struct isbt_consignment consignment;
    switch (kind) {
    case IDENTIFIER_NONE: return false;
    case IDENTIFIER_DIN: return isbt_is_din(text, len);
    case IDENTIFIER_PRODUCT: return is_product(text, len);
    case IDENTIFIER_BLOOD_GROUP: return is_alphanumeric(text, len, 4);
    case IDENTIFIER_EXPIRY:
    case IDENTIFIER_COLLECTION: return isbt_read_date(text, len, &date);
    case IDENTIFIER_CONSIGNMENT: return isbt_read_consignment(text, len, &consignment);
    case IDENTIFIER_COMPOUND: return len == 5 && all_digits(text, len);
    case IDENTIFIER_SSCC: return len == SSCC_LENGTH && gs1_check_digit_holds(text, len);
    case IDENTIFIER_GLN: return len == GLN_LENGTH && gs1_check_digit_holds(text, len);
    case IDENTIFIER_GTIN: return len == GTIN_LENGTH && gs1_check_digit_holds(text, len);
    case IDENTIFIER_GIAI: return is_giai(text, len);
    }
    return false;
}

/* `=` and `=$` are kept in ids that came out of a scan unchanged. */
bool identifier_lot_id_holds(const char *id)
{
    size_t len = strlen(id);
    if (id[0] == '=' && id[1] == '$')
        return identifier_holds(IDENTIFIER_CONSIGNMENT, id + 2, len - 2);
    if (id[0] == '=') {
        char din[DIN_LENGTH + 1];
        if (!identifier_din_of(id, din) || len < 1 + DIN_LENGTH + 2)
            return false;
        return isbt_check_flags(din, id + 1 + DIN_LENGTH) != FLAG_BAD;
    }
    if (len == SSCC_LENGTH && all_digits(id, len))
        return gs1_check_digit_holds(id, len);
    return true;
}
