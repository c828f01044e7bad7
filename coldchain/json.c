#include "coldchain/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"

/* Children of values still open wait on one stack and move into the arena, side by side, when their parent closes. */
struct parser {
    const uint8_t *at;
    const uint8_t *end;
    struct arena *arena;
    struct json *stack;
    size_t used;
    size_t room;
    struct why *why;
};

static void path_add(const struct json_path *path, char *out, size_t room, size_t *len)
{
    if (!path->up)
        return;
    path_add(path->up, out, room, len);
    if (*len + 1 >= room)
        return;
    int n = path->key ? snprintf(out + *len, room - *len, "%s%s", *len ? "." : "", path->key)
                      : snprintf(out + *len, room - *len, "[%zu]", path->index);
    if (n > 0)
        *len += (size_t)n < room - *len ? (size_t)n : room - *len - 1;
}

void json_path_text(const struct json_path *path, char *out, size_t room)
{
    size_t len = 0;
    out[0] = '\0';
    path_add(path, out, room, &len);
    if (len == 0)
        snprintf(out, room, "(file)");
}

static enum outcome wrong(struct parser *p, const struct json_path *path, const char *message)
{
    char where[160];
    json_path_text(path, where, sizeof where);
    return fail(p->why, REJECT, "%s: %s", where, message);
}

static enum outcome no_memory(struct parser *p)
{
    return fail(p->why, RETRY, "reading JSON: out of memory");
}

static void skip_space(struct parser *p)
{
    while (p->at < p->end && (*p->at == ' ' || *p->at == '\t' || *p->at == '\n' || *p->at == '\r'))
        p->at++;
}

static bool next_is(struct parser *p, char c)
{
    skip_space(p);
    if (p->at == p->end || *p->at != (uint8_t)c)
        return false;
    p->at++;
    return true;
}

/* ---- text ---- */

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* Four hex digits after `\u`, or -1. */
static int32_t hex_unit(struct parser *p)
{
    if (p->end - p->at < 4)
        return -1;
    int32_t unit = 0;
    for (int i = 0; i < 4; i++) {
        int digit = hex_digit(*p->at++);
        if (digit < 0)
            return -1;
        unit = unit * 16 + digit;
    }
    return unit;
}

/* A code point from one or two `\u` units; -1 for a lone surrogate, a NUL or bad digits. */
static int32_t hex_point(struct parser *p)
{
    int32_t high = hex_unit(p);
    if (high < 0xd800 || high > 0xdfff)
        return high > 0 ? high : -1;
    if (high > 0xdbff || p->end - p->at < 6 || p->at[0] != '\\' || p->at[1] != 'u')
        return -1;
    p->at += 2;
    int32_t low = hex_unit(p);
    if (low < 0xdc00 || low > 0xdfff)
        return -1;
    return 0x10000 + (high - 0xd800) * 0x400 + (low - 0xdc00);
}

static size_t put_utf8(uint8_t *out, int32_t point)
{
    if (point < 0x80) {
        out[0] = (uint8_t)point;
        return 1;
    }
    size_t more = point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
    static const uint8_t lead[] = {0, 0xc0, 0xe0, 0xf0};
    for (size_t i = more; i > 0; i--) {
        out[i] = (uint8_t)(0x80 | (point & 0x3f));
        point >>= 6;
    }
    out[0] = (uint8_t)(lead[more] | point);
    return more + 1;
}

/* The length of the valid UTF-8 sequence at `at` (no overlong forms, no surrogates, at most U+10FFFF), or 0. */
static size_t utf8_length(const uint8_t *at, const uint8_t *end)
{
    uint8_t c = at[0];
    size_t len = c < 0x80 ? 1 : c >= 0xc2 && c <= 0xdf ? 2 : (c & 0xf0) == 0xe0 ? 3 : c >= 0xf0 && c <= 0xf4 ? 4 : 0;
    if (len == 0 || (size_t)(end - at) < len)
        return 0;
    for (size_t i = 1; i < len; i++)
        if ((at[i] & 0xc0) != 0x80)
            return 0;
    if ((c == 0xe0 && at[1] < 0xa0) || (c == 0xed && at[1] > 0x9f) || (c == 0xf0 && at[1] < 0x90) ||
        (c == 0xf4 && at[1] > 0x8f))
        return 0;
    return len;
}

/* The character an escape letter stands for, or 0. */
static uint8_t escaped(uint8_t letter)
{
    static const char from[] = "\"\\/bfnrt";
    static const char to[] = "\"\\/\b\f\n\r\t";
    const char *found = letter ? strchr(from, letter) : NULL;
    return found ? (uint8_t)to[found - from] : 0;
}

/* The first quote that no backslash precedes ends the text, so its raw length bounds the decoded one. */
static const uint8_t *text_end(const struct parser *p)
{
    for (const uint8_t *at = p->at; at < p->end; at++) {
        if (*at == '"')
            return at;
        if (*at == '\\')
            at++;
    }
    return NULL;
}

static enum outcome parse_escape(struct parser *p, const struct json_path *path, uint8_t *out, size_t *len)
{
    uint8_t letter = *p->at++;
    if (letter == 'u') {
        int32_t point = hex_point(p);
        if (point < 0)
            return wrong(p, path, "bad \\u escape");
        *len += put_utf8(out + *len, point);
        return DONE;
    }
    uint8_t plain = escaped(letter);
    if (!plain)
        return wrong(p, path, "bad escape in text");
    out[(*len)++] = plain;
    return DONE;
}

/* After the opening quote. */
static enum outcome parse_text(struct parser *p, const struct json_path *path, const char **text)
{
    const uint8_t *end = text_end(p);
    if (!end)
        return wrong(p, path, "text without an end");
    uint8_t *out = arena_new(p->arena, (size_t)(end - p->at) + 1, 1);
    if (!out)
        return no_memory(p);
    size_t len = 0;
    while (p->at < end) {
        if (*p->at == '\\') {
            p->at++;
            enum outcome escape = parse_escape(p, path, out, &len);
            if (escape != DONE)
                return escape;
            continue;
        }
        size_t width = *p->at < 0x20 ? 0 : utf8_length(p->at, end);
        if (width == 0)
            return wrong(p, path, *p->at < 0x20 ? "control character in text" : "text is not UTF-8");
        memcpy(out + len, p->at, width);
        len += width;
        p->at += width;
    }
    p->at = end + 1;
    *text = (const char *)out;
    return DONE;
}

/* ---- numbers and words ---- */

static bool is_digit(const struct parser *p)
{
    return p->at < p->end && *p->at >= '0' && *p->at <= '9';
}

static enum outcome parse_integer(struct parser *p, const struct json_path *path, struct json *value)
{
    bool minus = *p->at == '-';
    p->at += minus;
    if (!is_digit(p))
        return wrong(p, path, "not a value");
    bool zero_first = *p->at == '0';
    int64_t integer = 0;
    size_t digits = 0;
    for (; is_digit(p); p->at++, digits++)
        if (integer <= JSON_LARGEST)
            integer = integer * 10 + (*p->at - '0');
    if (zero_first && digits > 1)
        return wrong(p, path, "a number with a leading zero");
    if (p->at < p->end && (*p->at == '.' || *p->at == 'e' || *p->at == 'E'))
        return wrong(p, path, "numbers are integers in plain digits");
    if (integer > JSON_LARGEST)
        return wrong(p, path, "number beyond 2^53");
    value->type = JSON_INTEGER;
    value->integer = minus ? -integer : integer;
    return DONE;
}

static bool word_is(struct parser *p, const char *word)
{
    size_t len = strlen(word);
    if ((size_t)(p->end - p->at) < len || memcmp(p->at, word, len) != 0)
        return false;
    p->at += len;
    return true;
}

/* ---- lists and objects ---- */

static enum outcome parse_value(struct parser *p, const struct json_path *path, size_t depth, struct json *value);

static bool push(struct parser *p, const struct json *value)
{
    if (p->used == p->room) {
        size_t room = p->room ? p->room * 2 : 64;
        struct json *wider = reallocarray(p->stack, room, sizeof *wider);
        if (!wider)
            return false;
        p->stack = wider;
        p->room = room;
    }
    p->stack[p->used++] = *value;
    return true;
}

/* Moves what was pushed since `mark` into the arena, as the items of `value`. */
static enum outcome close_value(struct parser *p, size_t mark, struct json *value)
{
    value->count = p->used - mark;
    value->items = arena_copy(p->arena, value->count ? p->stack + mark : NULL, value->count, sizeof *value->items);
    p->used = mark;
    return value->items ? DONE : no_memory(p);
}

static enum outcome parse_list(struct parser *p, const struct json_path *path, size_t depth, struct json *value)
{
    value->type = JSON_LIST;
    size_t mark = p->used;
    if (next_is(p, ']'))
        return close_value(p, mark, value);
    do {
        struct json_path inner = {path, NULL, p->used - mark};
        struct json item = {0};
        enum outcome outcome = parse_value(p, &inner, depth + 1, &item);
        if (outcome != DONE)
            return outcome;
        if (!push(p, &item))
            return no_memory(p);
    } while (next_is(p, ','));
    if (!next_is(p, ']'))
        return wrong(p, path, "a list needs , or ]");
    return close_value(p, mark, value);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Small objects are compared pair by pair; in large ones that would let a file of keys take minutes. */
static enum outcome refuse_repeated(struct parser *p, const struct json_path *path, const struct json *value)
{
    const char **keys = arena_new(p->arena, value->count, sizeof *keys);
    if (!keys)
        return no_memory(p);
    for (size_t i = 0; i < value->count; i++)
        keys[i] = value->items[i].key;
    if (value->count > 1)
        qsort(keys, value->count, sizeof *keys, by_text);
    for (size_t i = 1; i < value->count; i++)
        if (strcmp(keys[i - 1], keys[i]) == 0)
            return wrong(p, &(struct json_path){path, keys[i], 0}, "key stands twice");
    return DONE;
}

static enum outcome parse_pair(struct parser *p, const struct json_path *path, size_t depth)
{
    struct json item = {0};
    const char *key = NULL;
    if (!next_is(p, '"'))
        return wrong(p, path, "an object needs a key in quotes");
    enum outcome outcome = parse_text(p, path, &key);
    if (outcome != DONE)
        return outcome;
    struct json_path inner = {path, key, 0};
    if (!next_is(p, ':'))
        return wrong(p, &inner, "a key needs :");
    outcome = parse_value(p, &inner, depth + 1, &item);
    if (outcome != DONE)
        return outcome;
    item.key = key;
    return push(p, &item) ? DONE : no_memory(p);
}

static enum outcome parse_object(struct parser *p, const struct json_path *path, size_t depth, struct json *value)
{
    value->type = JSON_OBJECT;
    size_t mark = p->used;
    if (next_is(p, '}'))
        return close_value(p, mark, value);
    do {
        enum outcome outcome = parse_pair(p, path, depth);
        if (outcome != DONE)
            return outcome;
    } while (next_is(p, ','));
    if (!next_is(p, '}'))
        return wrong(p, path, "an object needs , or }");
    enum outcome outcome = close_value(p, mark, value);
    return outcome == DONE ? refuse_repeated(p, path, value) : outcome;
}

static enum outcome parse_value(struct parser *p, const struct json_path *path, size_t depth, struct json *value)
{
    if (depth > JSON_DEPTH)
        return wrong(p, path, "nested too deeply");
    if (next_is(p, '{'))
        return parse_object(p, path, depth, value);
    if (next_is(p, '['))
        return parse_list(p, path, depth, value);
    if (next_is(p, '"')) {
        value->type = JSON_TEXT;
        return parse_text(p, path, &value->text);
    }
    if (p->at == p->end)
        return wrong(p, path, "the file ends where a value should be");
    if (*p->at == '-' || is_digit(p))
        return parse_integer(p, path, value);
    if (word_is(p, "null"))
        value->type = JSON_NULL;
    else if (word_is(p, "true"))
        value->type = JSON_TRUE;
    else if (word_is(p, "false"))
        value->type = JSON_FALSE;
    else
        return wrong(p, path, "not a value");
    return DONE;
}

static void parser_free(struct parser *p)
{
    free(p->stack);
}

enum outcome json_parse(struct bytes text, struct arena *arena, struct json *root, struct why *why)
{
    static const uint8_t nothing[1];
    const uint8_t *data = text.data ? text.data : nothing;
    scoped_by(parser_free) struct parser p = {.at = data, .end = data + text.len, .arena = arena, .why = why};
    struct json_path path = {0};
    *root = (struct json){0};
    enum outcome outcome = parse_value(&p, &path, 0, root);
    if (outcome != DONE)
        return outcome;
    skip_space(&p);
    return p.at == p.end ? DONE : wrong(&p, &path, "something follows the value");
}

const struct json *json_member(const struct json *object, const char *key)
{
    for (size_t i = 0; i < object->count; i++)
        if (strcmp(object->items[i].key, key) == 0)
            return object->items[i].type == JSON_NULL ? NULL : &object->items[i];
    return NULL;
}

void json_add_text(struct buffer *out, const char *text)
{
    static const char from[] = "\"\\\b\f\n\r\t";
    static const char to[] = "\"\\bfnrt";
    buffer_add_byte(out, '"');
    for (; *text; text++) {
        const char *special = strchr(from, *text);
        if (special) {
            buffer_add_byte(out, '\\');
            buffer_add_byte(out, (uint8_t)to[special - from]);
        } else if ((uint8_t)*text < 0x20) {
            buffer_printf(out, "\\u%04x", (unsigned)(uint8_t)*text);
        } else {
            buffer_add_byte(out, (uint8_t)*text);
        }
    }
    buffer_add_byte(out, '"');
}
