#include "tests/helpers/scenario_shrink.h"

#include <inttypes.h>
#include <stdlib.h>

#include "coldchain/json.h"
#include "common/cleanup.h"

/* A tree whose items may be left out. */
struct node {
    const struct json *json;
    struct node *items;
    bool gone;
};

struct shrinker {
    struct arena arena;
    struct node root;
    scenario_fails fails;
    void *context;
    size_t tries;
    bool progress;
};

static void build(struct shrinker *s, struct node *node, const struct json *json)
{
    node->json = json;
    node->items = arena_new(&s->arena, json->count, sizeof *node->items);
    for (size_t i = 0; node->items && i < json->count; i++)
        build(s, &node->items[i], &json->items[i]);
}

static void write_node(struct buffer *out, const struct node *node)
{
    const struct json *json = node->json;
    bool first = true;
    switch (json->type) {
    case JSON_NULL: buffer_add_text(out, "null"); return;
    case JSON_FALSE: buffer_add_text(out, "false"); return;
    case JSON_TRUE: buffer_add_text(out, "true"); return;
    case JSON_INTEGER: buffer_printf(out, "%" PRId64, json->integer); return;
    case JSON_TEXT: json_add_text(out, json->text); return;
    case JSON_LIST:
    case JSON_OBJECT: break;
    }
    buffer_add_byte(out, json->type == JSON_LIST ? '[' : '{');
    for (size_t i = 0; i < json->count; i++) {
        if (node->items[i].gone)
            continue;
        if (!first)
            buffer_add_byte(out, ',');
        first = false;
        if (json->type == JSON_OBJECT) {
            json_add_text(out, json->items[i].key);
            buffer_add_byte(out, ':');
        }
        write_node(out, &node->items[i]);
    }
    buffer_add_byte(out, json->type == JSON_LIST ? ']' : '}');
}

static bool still_fails(struct shrinker *s)
{
    scoped_by(buffer_free) struct buffer text = {0};
    if (s->tries == 0)
        return false;
    s->tries--;
    write_node(&text, &s->root);
    return !text.failed && s->fails(s->context, buffer_view(&text));
}

/* Takes `count` items from `from` away if the rest still fails. */
static bool drop(struct shrinker *s, struct node *node, size_t from, size_t count)
{
    bool any = false;
    bool *were = arena_new(&s->arena, count, sizeof *were);
    if (!were)
        return false;
    for (size_t i = 0; i < count; i++) {
        were[i] = node->items[from + i].gone;
        any = any || !were[i];
        node->items[from + i].gone = true;
    }
    if (any && still_fails(s)) {
        s->progress = true;
        return true;
    }
    for (size_t i = 0; i < count; i++)
        node->items[from + i].gone = were[i];
    return false;
}

/* Keys go only from the outermost object: half an entry fails for reasons of its own. */
static void shrink_node(struct shrinker *s, struct node *node)
{
    size_t count = node->json->type == JSON_LIST || node == &s->root ? node->json->count : 0;
    for (size_t piece = count; piece >= 1; piece /= 2)
        for (size_t from = 0; from < count; from += piece)
            (void)drop(s, node, from, piece < count - from ? piece : count - from);
    for (size_t i = 0; i < node->json->count; i++)
        if (!node->items[i].gone)
            shrink_node(s, &node->items[i]);
}

void scenario_shrink(struct buffer *scenario, scenario_fails fails, void *context, size_t tries)
{
    struct shrinker s = {.fails = fails, .context = context, .tries = tries};
    struct json root;
    struct why why;
    if (json_parse(buffer_view(scenario), &s.arena, &root, &why) == DONE) {
        build(&s, &s.root, &root);
        do {
            s.progress = false;
            shrink_node(&s, &s.root);
        } while (s.progress && s.tries > 0);
        scoped_by(buffer_free) struct buffer text = {0};
        write_node(&text, &s.root);
        if (!text.failed && fails(context, buffer_view(&text))) {
            buffer_reset(scenario);
            buffer_add(scenario, text.data, text.len);
        }
    }
    arena_free(&s.arena);
}
