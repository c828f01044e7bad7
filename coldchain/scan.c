#include "coldchain/scan.h"

#include <string.h>

/* One attempt at reading: text as some layout means it. */
struct attempt {
    const char *text;
    size_t len;
    bool checked; /* a checksum in it held */
    struct scan *scan;
};

static bool is_digits(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (text[i] < '0' || text[i] > '9')
            return false;
    return len > 0;
}

static bool refuse(struct attempt *a, enum scan_fault fault, enum identifier_kind kind)
{
    a->scan->fault = fault;
    a->scan->faulty = kind;
    return false;
}

static bool add_item(struct attempt *a, enum identifier_kind kind, const char *value, size_t len)
{
    struct scan *scan = a->scan;
    if (scan->count == SCAN_MOST_ITEMS)
        return refuse(a, SCAN_TOO_LONG, kind);
    struct scan_item *item = &scan->items[scan->count++];
    *item = (struct scan_item){.kind = kind, .len = len};
    memcpy(item->value, value, len);
    return true;
}

/* ---- ISBT 128 ---- */

struct structure {
    const char *identifier;
    enum identifier_kind kind;
    size_t len;
};

/* The DIN's identifier is `=` alone: the character after it is the DIN's first. */
static const struct structure structures[] = {
    {"=<", IDENTIFIER_PRODUCT, PRODUCT_LENGTH}, {"=%", IDENTIFIER_BLOOD_GROUP, 4}, {"=>", IDENTIFIER_EXPIRY, 6},
    {"&>", IDENTIFIER_EXPIRY, 10},              {"=*", IDENTIFIER_COLLECTION, 6},  {"&*", IDENTIFIER_COLLECTION, 10},
    {"=$", IDENTIFIER_CONSIGNMENT, 17},         {"=+", IDENTIFIER_COMPOUND, 5},
};

static bool begins_din(char c)
{
    return (c >= 'A' && c <= 'Z' && c != 'O') || (c >= '1' && c <= '9');
}

static const struct structure *structure_at(const char *text, size_t len)
{
    static const struct structure din = {"=", IDENTIFIER_DIN, DIN_LENGTH + 2};
    for (size_t i = 0; i < sizeof structures / sizeof *structures; i++)
        if (len >= 2 && memcmp(text, structures[i].identifier, 2) == 0)
            return &structures[i];
    return len >= 2 && text[0] == '=' && begins_din(text[1]) ? &din : NULL;
}

/* 13 characters and two flags. */
static bool read_din(struct attempt *a, const char *value)
{
    if (!isbt_is_din(value, DIN_LENGTH))
        return refuse(a, SCAN_BAD_VALUE, IDENTIFIER_DIN);
    enum isbt_flag flag = isbt_check_flags(value, value + DIN_LENGTH);
    if (flag == FLAG_BAD)
        return refuse(a, SCAN_BAD_FLAG, IDENTIFIER_DIN);
    if (!add_item(a, IDENTIFIER_DIN, value, DIN_LENGTH))
        return false;
    memcpy(a->scan->items[a->scan->count - 1].flags, value + DIN_LENGTH, 2);
    a->checked = a->checked || flag == FLAG_CHECKED;
    return true;
}

static bool read_structure(struct attempt *a, const struct structure *structure, const char *value)
{
    if (structure->kind == IDENTIFIER_DIN)
        return read_din(a, value);
    if (!identifier_holds(structure->kind, value, structure->len))
        return refuse(a, SCAN_BAD_VALUE, structure->kind);
    return add_item(a, structure->kind, value, structure->len);
}

static bool read_isbt(struct attempt *a)
{
    size_t at = 0;
    while (at < a->len) {
        const struct structure *structure = structure_at(a->text + at, a->len - at);
        if (!structure)
            return refuse(a, at ? SCAN_TOO_LONG : SCAN_UNKNOWN, at ? a->scan->items[0].kind : IDENTIFIER_NONE);
        at += strlen(structure->identifier);
        if (a->len - at < structure->len)
            return refuse(a, SCAN_TRUNCATED, structure->kind);
        if (!read_structure(a, structure, a->text + at))
            return false;
        at += structure->len;
    }
    if (a->scan->count > 1 && a->scan->items[0].kind != IDENTIFIER_COMPOUND)
        a->scan->traps |= SCAN_CONCATENATED;
    return true;
}

/* ---- GS1 ---- */

struct application {
    const char *identifier;
    enum identifier_kind kind;
    size_t len; /* 0: up to the end or a group separator */
};

static const struct application applications[] = {
    {"8004", IDENTIFIER_GIAI, 0},
    {"414", IDENTIFIER_GLN, GLN_LENGTH},
    {"00", IDENTIFIER_SSCC, SSCC_LENGTH},
    {"01", IDENTIFIER_GTIN, GTIN_LENGTH},
};

enum { GROUP_SEPARATOR = 0x1d };

static const struct application *application_at(const char *text, size_t len)
{
    for (size_t i = 0; i < sizeof applications / sizeof *applications; i++) {
        size_t width = strlen(applications[i].identifier);
        if (len >= width && memcmp(text, applications[i].identifier, width) == 0)
            return &applications[i];
    }
    return NULL;
}

static size_t variable_length(const char *text, size_t len)
{
    const char *end = memchr(text, GROUP_SEPARATOR, len);
    return end ? (size_t)(end - text) : len;
}

static bool read_application(struct attempt *a, const struct application *application, const char *value, size_t len)
{
    bool has_check = application->kind != IDENTIFIER_GIAI;
    if (has_check && !is_digits(value, len))
        return refuse(a, SCAN_BAD_VALUE, application->kind);
    if (!identifier_holds(application->kind, value, len))
        return refuse(a, has_check ? SCAN_BAD_CHECK : SCAN_BAD_VALUE, application->kind);
    a->checked = a->checked || has_check;
    return add_item(a, application->kind, value, len);
}

static bool read_gs1(struct attempt *a)
{
    size_t at = 0;
    while (at < a->len) {
        const struct application *application = application_at(a->text + at, a->len - at);
        if (!application)
            return refuse(a, at ? SCAN_TOO_LONG : SCAN_UNKNOWN, IDENTIFIER_NONE);
        at += strlen(application->identifier);
        size_t len = application->len ? application->len : variable_length(a->text + at, a->len - at);
        if (a->len - at < len || len > GIAI_MOST)
            return refuse(a, len > GIAI_MOST ? SCAN_TOO_LONG : SCAN_TRUNCATED, application->kind);
        if (!read_application(a, application, a->text + at, len))
            return false;
        at += len;
        if (at < a->len && a->text[at] == GROUP_SEPARATOR)
            at++;
    }
    if (a->scan->count > 1)
        a->scan->traps |= SCAN_CONCATENATED;
    return true;
}

/* ---- without an identifier ---- */

/* As printed for people: blanks between the parts, and the check character behind. */
static bool read_typed_din(struct attempt *a)
{
    char din[DIN_LENGTH + 2];
    size_t len = 0;
    for (size_t i = 0; i < a->len; i++)
        if (a->text[i] != ' ' && len < sizeof din)
            din[len++] = a->text[i];
    if (len != DIN_LENGTH + 1 || !isbt_is_din(din, DIN_LENGTH))
        return refuse(a, SCAN_UNKNOWN, IDENTIFIER_NONE);
    if (din[DIN_LENGTH] != isbt_check_character(din))
        return refuse(a, SCAN_BAD_CHECK, IDENTIFIER_DIN);
    a->checked = true;
    a->scan->traps |= SCAN_TYPED;
    return add_item(a, IDENTIFIER_DIN, din, DIN_LENGTH);
}

/* The scanner took the identifier away: only what its own check proves is believed. */
static bool read_stripped(struct attempt *a)
{
    const char *text = a->text;
    a->scan->traps |= SCAN_STRIPPED;
    if (a->len == DIN_LENGTH + 2 && isbt_is_din(text, DIN_LENGTH)) {
        if (isbt_check_flags(text, text + DIN_LENGTH) == FLAG_UNCHECKED)
            return refuse(a, SCAN_UNCHECKED, IDENTIFIER_DIN);
        return read_din(a, text);
    }
    if (a->len == DIN_LENGTH && isbt_is_din(text, DIN_LENGTH) && !gs1_check_digit_holds(text, a->len))
        return refuse(a, SCAN_UNCHECKED, IDENTIFIER_DIN);
    if (a->len == SSCC_LENGTH && is_digits(text, a->len))
        return read_application(a, &applications[2], text, a->len);
    if (a->len == GLN_LENGTH && is_digits(text, a->len))
        return read_application(a, &applications[1], text, a->len);
    if (identifier_holds(IDENTIFIER_PRODUCT, text, a->len))
        return refuse(a, SCAN_UNCHECKED, IDENTIFIER_PRODUCT);
    a->scan->traps &= ~(unsigned)SCAN_STRIPPED;
    return refuse(a, SCAN_UNKNOWN, IDENTIFIER_NONE);
}

/* ---- one attempt ---- */

static bool has_gs1_mark(const char *text, size_t len)
{
    return len >= 3 && (memcmp(text, "]C1", 3) == 0 || memcmp(text, "]d2", 3) == 0 || memcmp(text, "]Q3", 3) == 0);
}

/* GS1 by its length alone: 20 digits that begin as a box's number, or 16 that begin as a site's. */
static bool looks_gs1(const char *text, size_t len)
{
    return (len == 20 && is_digits(text, len) && memcmp(text, "00", 2) == 0) ||
           (len == 16 && is_digits(text, len) && memcmp(text, "414", 3) == 0) ||
           (len >= 9 && memcmp(text, "8004", 4) == 0 && is_digits(text, 8) && len != SSCC_LENGTH);
}

static bool read_attempt(struct attempt *a)
{
    bool gs1 = has_gs1_mark(a->text, a->len);
    if (a->len >= 3 && a->text[0] == ']') { /* the scanner says which symbology it read */
        a->text += 3;
        a->len -= 3;
    }
    while (a->len > 0 && (a->text[0] == GROUP_SEPARATOR || a->text[0] == ' ')) {
        a->text++;
        a->len--;
    }
    if (a->len == 0)
        return refuse(a, SCAN_EMPTY, IDENTIFIER_NONE);
    if (a->text[0] == '=' || a->text[0] == '&')
        return read_isbt(a);
    if (gs1 || looks_gs1(a->text, a->len))
        return read_gs1(a);
    if (read_stripped(a))
        return true;
    struct scan stripped = *a->scan;
    if (stripped.fault == SCAN_UNKNOWN && read_typed_din(a))
        return true;
    if (a->scan->fault == SCAN_UNKNOWN)
        *a->scan = stripped;
    return false;
}

static struct bytes trimmed(struct bytes text)
{
    while (text.len > 0 && (text.data[text.len - 1] == '\r' || text.data[text.len - 1] == '\n' ||
                            text.data[text.len - 1] == '\t' || text.data[text.len - 1] == ' '))
        text.len--;
    while (text.len > 0 && (text.data[0] == ' ' || text.data[0] == 0x02))
        text = bytes_of(text.data + 1, text.len - 1);
    return text;
}

static bool try_layout(size_t layout, struct bytes text, struct scan *scan)
{
    char meant[SCAN_MOST_BYTES + 1];
    size_t len = 0;
    unsigned trap = 0;
    *scan = (struct scan){.fault = SCAN_UNKNOWN};
    if (!scan_unmap(layout, text, meant, &len, &trap))
        return false;
    struct attempt attempt = {meant, len, false, scan};
    scan->fault = SCAN_GOOD;
    if (!read_attempt(&attempt))
        return false;
    scan->fault = SCAN_GOOD;
    scan->traps |= trap;
    /* A layout is a guess: it is believed when a checksum agrees. */
    return layout == 0 || attempt.checked;
}

enum outcome scan_read(struct bytes text, struct scan *scan, struct why *why)
{
    struct scan as_it_stands;
    text = trimmed(text);
    bool good = try_layout(0, text, &as_it_stands);
    *scan = as_it_stands;
    for (size_t layout = 1; layout < SCAN_LAYOUTS && !good; layout++) {
        good = try_layout(layout, text, scan);
        if (!good && scan->fault == SCAN_GOOD && as_it_stands.fault == SCAN_UNKNOWN)
            as_it_stands = (struct scan){.fault = SCAN_LAYOUT, .faulty = scan->items[0].kind, .traps = scan->traps};
    }
    if (good)
        return DONE;
    *scan = as_it_stands;
    scan->count = 0;
    return fail(why, REJECT, "%s", scan_message(scan, LANGUAGE_ENGLISH));
}
