#include "tests/helpers/folded.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "coldchain/json.h"
#include "coldchain/scenario.h"
#include "common/cleanup.h"

/* Last: it has a macro called fail. */
#include <check.h>

struct folded {
    struct arena arena;
    struct buffer text;
    struct json root;
};

static void add_quoted(struct buffer *out, const char *text)
{
    for (; *text; text++)
        buffer_add_byte(out, (uint8_t)(*text == '\'' ? '"' : *text));
}

struct folded *folded(const char *scenario)
{
    struct why why = {0};
    scoped_by(buffer_free) struct buffer in = {0};
    struct folded *f = calloc(1, sizeof *f);
    ck_assert_ptr_nonnull(f);
    add_quoted(&in, scenario);
    if (scenario_fold(buffer_view(&in), NULL, &f->text, &why) != DONE)
        ck_abort_msg("%s in %s", why.text, scenario);
    ck_assert_int_eq((int)json_parse(buffer_view(&f->text), &f->arena, &f->root, &why), (int)DONE);
    return f;
}

void folded_free(struct folded *f)
{
    arena_free(&f->arena);
    buffer_free(&f->text);
    free(f);
}

static void add_node(struct buffer *out, const struct json *node)
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
    buffer_add_text(out, node->type == JSON_LIST ? "[" : "{");
    for (size_t i = 0; i < node->count; i++) {
        buffer_add_text(out, i ? "," : "");
        if (node->type == JSON_OBJECT) {
            json_add_text(out, node->items[i].key);
            buffer_add_text(out, ":");
        }
        add_node(out, &node->items[i]);
    }
    buffer_add_text(out, node->type == JSON_LIST ? "]" : "}");
}

/* One step of a path: `.key`, `key` or `[index]`. */
static const struct json *step(const struct json *node, const char **path)
{
    if (**path == '[') {
        char *end;
        size_t index = strtoul(*path + 1, &end, 10);
        *path = end + 1;
        return node->type == JSON_LIST && index < node->count ? &node->items[index] : NULL;
    }
    *path += **path == '.';
    size_t len = strcspn(*path, ".[");
    const struct json *found = NULL;
    for (size_t i = 0; node->type == JSON_OBJECT && i < node->count; i++)
        if (strlen(node->items[i].key) == len && memcmp(node->items[i].key, *path, len) == 0)
            found = &node->items[i];
    *path += len;
    return found;
}

void folded_is(const struct folded *f, const char *path, const char *expected)
{
    scoped_by(buffer_free) struct buffer have = {0};
    scoped_by(buffer_free) struct buffer want = {0};
    const struct json *node = &f->root;
    for (const char *at = path; node && *at;)
        node = step(node, &at);
    if (node)
        add_node(&have, node);
    else
        buffer_add_text(&have, "(none)");
    buffer_add_byte(&have, 0);
    add_quoted(&want, expected);
    buffer_add_byte(&want, 0);
    if (strcmp((char *)have.data, (char *)want.data) != 0)
        ck_abort_msg("%s is %s, should be %s, in %s", path, (char *)have.data, (char *)want.data,
                     (const char *)f->text.data);
}

void folded_expect(const char *base, const char *events, const char *const *pairs)
{
    scoped_by(buffer_free) struct buffer scenario = {0};
    buffer_printf(&scenario, "{%s,'events':[%s]}", base, events);
    buffer_add_byte(&scenario, 0);
    struct folded *f = folded((char *)scenario.data);
    for (; *pairs; pairs += 2)
        folded_is(f, pairs[0], pairs[1]);
    folded_free(f);
}

void folded_refused(const char *scenario, const char *message)
{
    scoped_by(buffer_free) struct buffer in = {0};
    scoped_by(buffer_free) struct buffer out = {0};
    struct why why = {0};
    add_quoted(&in, scenario);
    ck_assert_int_eq((int)scenario_fold(buffer_view(&in), NULL, &out, &why), (int)REJECT);
    ck_assert_uint_eq(out.len, 0);
    if (strncmp(why.text, message, strlen(message)) != 0)
        ck_abort_msg("\"%s\" should begin with \"%s\"", why.text, message);
}
