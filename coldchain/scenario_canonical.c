/* One spelling of an entry's content, so that a repeated entry is told from one that contradicts it. */
#include <stdlib.h>
#include <string.h>

#include "coldchain/scenario_reader.h"
#include "common/cleanup.h"

/* What 8-scenario says a key left out stands for; saying it aloud is the same content. A missing hysteresis is 0 for
 * equipment and 500 for lots, so it is not here: an entry that states it differs in spelling only where it matters. */
struct default_value {
    const char *key;
    enum json_type type;
    int64_t integer;
    const char *text;
};

static bool is_default(const struct json *node)
{
    static const struct default_value defaults[] = {
        {"own", JSON_TRUE, 0, NULL},
        {"max_gap_ms", JSON_INTEGER, 900000, NULL},
        {"tier", JSON_TEXT, 0, "alert"},
        {"applies_to_stock", JSON_FALSE, 0, NULL},
        {"max_unknown_ms", JSON_INTEGER, 3600000, NULL},
        {"handling_max_ms", JSON_INTEGER, 1800000, NULL},
        {"handlings", JSON_INTEGER, 6, NULL},
        {"inventory_hold_days", JSON_INTEGER, 0, NULL},
        {"calibration_lapsed", JSON_TEXT, 0, "flag"},
        {"kind", JSON_TEXT, 0, "unit"},
        {"epoch", JSON_INTEGER, 0, NULL},
        {"seq", JSON_INTEGER, 0, NULL},
        {"position", JSON_INTEGER, 0, NULL},
        {"clock_error_ms", JSON_INTEGER, 0, NULL},
    };
    for (size_t i = 0; i < sizeof defaults / sizeof *defaults; i++)
        if (strcmp(defaults[i].key, node->key) == 0 && defaults[i].type == node->type)
            return node->type == JSON_INTEGER ? node->integer == defaults[i].integer
                   : node->type == JSON_TEXT  ? strcmp(node->text, defaults[i].text) == 0
                                              : true;
    return false;
}

static bool left_out(const struct json *node)
{
    bool empty = node->type == JSON_LIST && node->count == 0;
    /* An empty `expected` is a list that says the box is empty; a missing one says nothing. */
    return node->type == JSON_NULL || (empty && strcmp(node->key, "expected") != 0) || is_default(node);
}

/* Lists whose order means something: pairs, bands and a policy's rules. */
static bool keeps_order(const struct json *list)
{
    if (list->key && (strcmp(list->key, "limit_mc") == 0 || strcmp(list->key, "rules") == 0))
        return true;
    return !list->key; /* a list within a list is a pair or a reading */
}

static void add_node(struct buffer *out, struct arena *arena, const struct json *node);

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void add_sorted(struct buffer *out, char **texts, size_t count)
{
    if (count > 1)
        qsort(texts, count, sizeof *texts, by_text);
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && strcmp(texts[i - 1], texts[i]) == 0)
            continue;
        buffer_add_text(out, i ? "," : "");
        buffer_add_text(out, texts[i]);
    }
}

static char *text_of(struct arena *arena, const struct json *node)
{
    scoped_by(buffer_free) struct buffer one = {0};
    if (node->key && node->type != JSON_NULL) {
        json_add_text(&one, node->key);
        buffer_add_byte(&one, ':');
    }
    add_node(&one, arena, node);
    buffer_add_byte(&one, 0);
    if (one.failed)
        arena->failed = true;
    return one.failed ? NULL : arena_copy(arena, one.data, one.len, 1);
}

static void add_items(struct buffer *out, struct arena *arena, const struct json *node)
{
    char **texts = arena_new(arena, node->count, sizeof *texts);
    size_t count = 0;
    for (size_t i = 0; texts && i < node->count; i++)
        if (node->type == JSON_LIST || !left_out(&node->items[i]))
            texts[count++] = text_of(arena, &node->items[i]);
    if (arena->failed)
        return;
    if (node->type == JSON_OBJECT || !keeps_order(node)) {
        add_sorted(out, texts, count);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        buffer_add_text(out, i ? "," : "");
        buffer_add_text(out, texts[i]);
    }
}

static void add_node(struct buffer *out, struct arena *arena, const struct json *node)
{
    switch (node->type) {
    case JSON_NULL: buffer_add_text(out, "null"); break;
    case JSON_FALSE: buffer_add_text(out, "false"); break;
    case JSON_TRUE: buffer_add_text(out, "true"); break;
    case JSON_INTEGER: buffer_printf(out, "%lld", (long long)node->integer); break;
    case JSON_TEXT: json_add_text(out, node->text); break;
    case JSON_LIST:
        buffer_add_byte(out, '[');
        add_items(out, arena, node);
        buffer_add_byte(out, ']');
        break;
    case JSON_OBJECT:
        buffer_add_byte(out, '{');
        add_items(out, arena, node);
        buffer_add_byte(out, '}');
        break;
    }
}

const char *entry_canonical(const struct entry *entry)
{
    struct json bare = *entry->node;
    bare.key = NULL;
    const char *text = text_of(entry->reader->arena, &bare);
    if (!text)
        reader_no_memory(entry->reader);
    return text ? text : "";
}
