#include "tests/helpers/scenario_shuffle.h"

#include <inttypes.h>
#include <string.h>

#include "coldchain/json.h"
#include "common/cleanup.h"

static void add_node(struct buffer *out, struct arena *arena, struct chance *chance, const struct json *node);

/* A list within a list is a pair; so are bands, and a policy's rules have an order of their own. */
static bool is_set(const struct json *node)
{
    return node->type == JSON_LIST && node->key && strcmp(node->key, "limit_mc") != 0 && strcmp(node->key, "rules") != 0;
}

static void add_set(struct buffer *out, struct arena *arena, struct chance *chance, const struct json *node)
{
    size_t *order = arena_new(arena, node->count, sizeof *order);
    for (size_t i = 0; order && i < node->count; i++) {
        size_t other = (size_t)chance_between(chance, 0, (int64_t)i);
        order[i] = order[other];
        order[other] = i;
    }
    for (size_t i = 0; order && i < node->count; i++) {
        buffer_add_text(out, i ? "," : "");
        add_node(out, arena, chance, &node->items[order[i]]);
        if (chance_percent(chance, 5)) {
            buffer_add_byte(out, ',');
            add_node(out, arena, chance, &node->items[order[i]]);
        }
    }
}

static void add_items(struct buffer *out, struct arena *arena, struct chance *chance, const struct json *node)
{
    for (size_t i = 0; i < node->count; i++) {
        buffer_add_text(out, i ? "," : "");
        if (node->type == JSON_OBJECT) {
            json_add_text(out, node->items[i].key);
            buffer_add_byte(out, ':');
        }
        add_node(out, arena, chance, &node->items[i]);
    }
}

static void add_node(struct buffer *out, struct arena *arena, struct chance *chance, const struct json *node)
{
    switch (node->type) {
    case JSON_NULL: buffer_add_text(out, "null"); return;
    case JSON_FALSE: buffer_add_text(out, "false"); return;
    case JSON_TRUE: buffer_add_text(out, "true"); return;
    case JSON_INTEGER: buffer_printf(out, "%" PRId64, node->integer); return;
    case JSON_TEXT: json_add_text(out, node->text); return;
    case JSON_LIST:
    case JSON_OBJECT: break;
    }
    buffer_add_byte(out, node->type == JSON_LIST ? '[' : '{');
    if (is_set(node))
        add_set(out, arena, chance, node);
    else
        add_items(out, arena, chance, node);
    buffer_add_byte(out, node->type == JSON_LIST ? ']' : '}');
}

void scenario_shuffle(struct bytes scenario, struct chance *chance, struct buffer *out)
{
    scoped_by(arena_free) struct arena arena = {0};
    struct json root;
    struct why why;
    if (json_parse(scenario, &arena, &root, &why) == DONE)
        add_node(out, &arena, chance, &root);
}
