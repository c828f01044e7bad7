#include "coldchain/scenario_reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coldchain/words.h"

enum { PATH_ROOM = 160 };

void reader_no_memory(struct scenario_reader *reader)
{
    if (reader_ok(reader))
        reader->outcome = fail(reader->why, RETRY, "reading a scenario: out of memory");
}

static void refuse_at(struct scenario_reader *reader, const struct json_path *path, const char *message)
{
    if (!reader_ok(reader))
        return;
    char where[PATH_ROOM];
    json_path_text(path, where, sizeof where);
    reader->outcome = fail(reader->why, REJECT, "%s: %s", where, message);
}

void entry_refuse(const struct entry *entry, const char *key, const char *message)
{
    struct json_path inner = {entry->path, key, 0};
    refuse_at(entry->reader, key ? &inner : entry->path, message);
}

static bool word_among(const char *words, const char *word)
{
    size_t len = strlen(word);
    for (const char *at = words; *at;) {
        size_t width = strcspn(at, " ");
        if (width == len && memcmp(at, word, len) == 0)
            return true;
        at += width + (at[width] == ' ');
    }
    return false;
}

bool entry_open(const struct entry *entry, const char *allowed)
{
    if (!reader_ok(entry->reader))
        return false;
    if (entry->node->type != JSON_OBJECT) {
        entry_refuse(entry, NULL, "must be an object");
        return false;
    }
    for (size_t i = 0; i < entry->node->count; i++)
        if (!word_among(allowed, entry->node->items[i].key)) {
            entry_refuse(entry, entry->node->items[i].key, "unknown key");
            return false;
        }
    return true;
}

int64_t node_integer(struct scenario_reader *reader, const struct json *node, const struct json_path *path)
{
    if (node->type == JSON_INTEGER)
        return node->integer;
    refuse_at(reader, path, "must be an integer");
    return 0;
}

int64_t entry_integer(const struct entry *entry, const char *key, int64_t missing)
{
    const struct json *node = json_member(entry->node, key);
    return node ? node_integer(entry->reader, node, &(struct json_path){entry->path, key, 0}) : missing;
}

int64_t entry_integer_within(const struct entry *entry, const char *key, int64_t missing, int64_t low, int64_t high)
{
    int64_t value = entry_integer(entry, key, missing);
    if (value != missing && (value < low || value > high))
        entry_refuse(entry, key, "out of range");
    return value;
}

int64_t entry_integer_needed(const struct entry *entry, const char *key)
{
    if (!json_member(entry->node, key))
        entry_refuse(entry, key, "is missing");
    return entry_integer(entry, key, 0);
}

bool entry_flag(const struct entry *entry, const char *key, bool missing)
{
    const struct json *node = json_member(entry->node, key);
    if (node && node->type != JSON_TRUE && node->type != JSON_FALSE)
        entry_refuse(entry, key, "must be true or false");
    return node ? node->type == JSON_TRUE : missing;
}

const char *entry_text(const struct entry *entry, const char *key)
{
    const struct json *node = json_member(entry->node, key);
    if (node && node->type != JSON_TEXT)
        entry_refuse(entry, key, "must be text");
    return node && node->type == JSON_TEXT ? node->text : NULL;
}

const char *entry_text_needed(const struct entry *entry, const char *key)
{
    const char *text = entry_text(entry, key);
    if (text && *text)
        return text;
    entry_refuse(entry, key, text ? "is empty" : "is missing");
    return "";
}

int entry_word(const struct entry *entry, const char *key, const char *const *words, size_t count, int missing)
{
    const char *text = entry_text(entry, key);
    if (!text)
        return missing;
    for (size_t i = 0; i < count; i++)
        if (words[i][0] && strcmp(words[i], text) == 0)
            return (int)i;
    entry_refuse(entry, key, "unknown word");
    return missing;
}

/* ---- names ---- */

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void names_sort(struct scenario_reader *reader)
{
    for (size_t kind = 0; kind < NAME_KIND_COUNT; kind++) {
        struct names *names = &reader->names[kind];
        if (names->list.count > 1)
            qsort(names->list.items, names->list.count, sizeof *names->list.items, by_text);
        size_t kept = 0;
        for (size_t i = 0; i < names->list.count; i++)
            if (kept == 0 || strcmp(names->list.items[kept - 1], names->list.items[i]) != 0)
                names->list.items[kept++] = names->list.items[i];
        names->list.count = kept;
        names->seen = arena_new(reader->arena, kept, sizeof *names->seen);
    }
    if (reader->arena->failed)
        reader_no_memory(reader);
}

int32_t name_index(struct scenario_reader *reader, enum name_kind kind, const char *name, const struct json_path *path)
{
    if (!reader_ok(reader))
        return NONE;
    struct names *names = &reader->names[kind];
    if (reader->collecting) {
        for (const char *c = name; *c; c++)
            if ((unsigned char)*c < 0x20 && !(kind == NAME_PROBE && *c == '\x01'))
                refuse_at(reader, path, "a control character in a name");
        if (!*name)
            refuse_at(reader, path, "an empty name");
        vec_push(reader->arena, &names->list, name);
        if (reader->arena->failed)
            reader_no_memory(reader);
        return NONE;
    }
    const char **found = bsearch(&name, names->list.items, names->list.count, sizeof name, by_text);
    return found ? (int32_t)(found - names->list.items) : NONE;
}

int32_t entry_name(const struct entry *entry, const char *key, enum name_kind kind)
{
    const char *name = entry_text(entry, key);
    return name ? name_index(entry->reader, kind, name, &(struct json_path){entry->path, key, 0}) : NONE;
}

int32_t entry_name_needed(const struct entry *entry, const char *key, enum name_kind kind)
{
    if (!json_member(entry->node, key))
        entry_refuse(entry, key, "is missing");
    return entry_name(entry, key, kind);
}

int32_t entry_boot(const struct entry *entry)
{
    const struct json *node = json_member(entry->node, "boot");
    if (!node)
        return NONE;
    struct json_path path = {entry->path, "boot", 0};
    if (node->type == JSON_TEXT)
        return name_index(entry->reader, NAME_BOOT, node->text, &path);
    char digits[24];
    int len = snprintf(digits, sizeof digits, "%lld", (long long)node_integer(entry->reader, node, &path));
    const char *name = arena_text(entry->reader->arena, digits, (size_t)len);
    if (!name)
        reader_no_memory(entry->reader);
    return name ? name_index(entry->reader, NAME_BOOT, name, &path) : NONE;
}

bool name_register(const struct entry *entry, enum name_kind kind, int32_t index)
{
    if (entry->reader->collecting || !reader_ok(entry->reader) || index == NONE)
        return false;
    const char *canonical = entry_canonical(entry);
    const char **seen = &entry->reader->names[kind].seen[index];
    if (*seen && strcmp(*seen, canonical) != 0)
        entry_refuse(entry, NULL, "stands twice with different content");
    bool first = !*seen;
    *seen = canonical;
    return first && reader_ok(entry->reader);
}

/* ---- lists ---- */

const struct json *entry_list(const struct entry *entry, const char *key)
{
    static const struct json empty = {.type = JSON_LIST};
    const struct json *node = json_member(entry->node, key);
    if (!node)
        return &empty;
    if (node->type == JSON_LIST)
        return node;
    entry_refuse(entry, key, "must be a list");
    return &empty;
}

static int by_number(const void *a, const void *b)
{
    int32_t left = *(const int32_t *)a;
    int32_t right = *(const int32_t *)b;
    return (left > right) - (left < right);
}

const int32_t *entry_names(const struct entry *entry, const char *key, enum name_kind kind, size_t *count)
{
    const struct json *list = entry_list(entry, key);
    struct json_path path = {entry->path, key, 0};
    int32_t *indexes = arena_new(entry->reader->arena, list->count, sizeof *indexes);
    *count = 0;
    if (!indexes) {
        reader_no_memory(entry->reader);
        return NULL;
    }
    for (size_t i = 0; i < list->count; i++) {
        struct json_path item = {&path, NULL, i};
        if (list->items[i].type != JSON_TEXT)
            refuse_at(entry->reader, &item, "must be text");
        else
            indexes[i] = name_index(entry->reader, kind, list->items[i].text, &item);
    }
    bool sorts = list->count > 1;
#ifdef TEETH_LIST_ORDER_COUNTS
    sorts = false; /* a planted bug (tests/property) */
#endif
    if (sorts)
        qsort(indexes, list->count, sizeof *indexes, by_number);
    for (size_t i = 0; i < list->count; i++)
        if (*count == 0 || indexes[*count - 1] != indexes[i])
            indexes[(*count)++] = indexes[i];
    return indexes;
}

bool entry_pair(const struct entry *entry, const char *key, const struct json *node, size_t index, int64_t *first,
                int64_t *second)
{
    struct json_path list = {entry->path, key, 0};
    struct json_path path = {&list, NULL, index};
    if (node->type != JSON_LIST || node->count != 2) {
        refuse_at(entry->reader, &path, "must be a pair");
        return false;
    }
    *first = node_integer(entry->reader, &node->items[0], &path);
    *second = node->items[1].type == JSON_NULL ? TIME_OPEN : node_integer(entry->reader, &node->items[1], &path);
    return reader_ok(entry->reader);
}

/* ---- thresholds ---- */

static bool read_band(const struct entry *entry, const struct json *limit, struct threshold *threshold)
{
    if (limit->type != JSON_LIST || limit->count != 2 || limit->items[0].type != JSON_INTEGER ||
        limit->items[1].type != JSON_INTEGER || limit->items[0].integer > limit->items[1].integer) {
        entry_refuse(entry, "limit_mc", "must be [low, high]");
        return false;
    }
    threshold->low_mc = limit->items[0].integer;
    threshold->high_mc = limit->items[1].integer;
    return true;
}

struct threshold entry_threshold(const struct entry *entry, int64_t hysteresis_mc)
{
    int op = entry_word(entry, "op", threshold_words(), THRESHOLD_WORDS, -1);
    struct threshold threshold = {.op = op < 0 ? OP_ABOVE : (enum threshold_op)op};
    const struct json *limit = json_member(entry->node, "limit_mc");
    if (op < 0 || !limit) {
        entry_refuse(entry, op < 0 ? "op" : "limit_mc", "is missing");
    } else if (threshold.op == OP_OUTSIDE) {
        /* Fine print 12: a band moved inwards by H on both sides must leave something to return to. */
        if (read_band(entry, limit, &threshold) && hysteresis_mc * 2 >= threshold.high_mc - threshold.low_mc)
            entry_refuse(entry, "hysteresis_mc", "must be less than half the band");
    } else {
        int64_t value = entry_integer(entry, "limit_mc", 0);
        bool above = threshold.op == OP_ABOVE || threshold.op == OP_AT_LEAST;
        *(above ? &threshold.high_mc : &threshold.low_mc) = value;
    }
    return threshold;
}
