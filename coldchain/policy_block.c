#include "coldchain/policy_block.h"

#include <string.h>

#include "coldchain/quantity.h"

/* ---- syntax ---- */

static enum outcome expected(const struct tokens *tokens, const char *what, struct why *why)
{
    return fail(why, REJECT, "line %d: %s expected, not '%.40s'", tokens->line, what, tokens->value);
}

static bool at_value(const struct tokens *tokens)
{
    return tokens->kind == TOKEN_WORD || tokens->kind == TOKEN_NUMBER || tokens->kind == TOKEN_TEXT;
}

static enum outcome read_list(struct tokens *tokens, struct word_list *list, struct why *why)
{
    enum outcome outcome = tokens_expect(tokens, '{', why);
    while (outcome == DONE && !tokens_at_sign(tokens, '}')) {
        if (!at_value(tokens))
            return expected(tokens, "a value or '}'", why);
        vec_push(tokens->arena, &list->vec, tokens->value);
        outcome = tokens_next(tokens, why);
        if (outcome == DONE && !tokens_at_sign(tokens, '}'))
            outcome = tokens_expect(tokens, ',', why);
    }
    return outcome == DONE ? tokens_next(tokens, why) : outcome;
}

/* After `key =`. */
static enum outcome read_setting(struct tokens *tokens, const char *key, int line, struct block *block,
                                 struct why *why)
{
    struct setting setting = {.key = key, .line = line};
    enum outcome outcome;
    if (tokens_at_sign(tokens, '{')) {
        outcome = read_list(tokens, &setting.list, why);
    } else if (at_value(tokens)) {
        setting.word = tokens->value;
        outcome = tokens_next(tokens, why);
    } else {
        return expected(tokens, "a value", why);
    }
    vec_push(tokens->arena, &block->settings, setting);
    return outcome;
}

enum { DEEPEST_BLOCK = 2 }; /* policy, rule */

static enum outcome read_block(struct tokens *tokens, const char *kind, int line, int depth, struct block *out,
                               struct why *why);

/* One entry of a block: a setting or a block within it. */
static enum outcome read_entry(struct tokens *tokens, int depth, struct block *block, struct why *why)
{
    const char *word = tokens->value;
    int line = tokens->line;
    if (tokens->kind != TOKEN_WORD)
        return expected(tokens, "a key", why);
    enum outcome outcome = tokens_next(tokens, why);
    if (outcome != DONE)
        return outcome;
    if (tokens_at_sign(tokens, '=')) {
        outcome = tokens_next(tokens, why);
        return outcome == DONE ? read_setting(tokens, word, line, block, why) : outcome;
    }
    if (tokens->kind != TOKEN_TEXT || depth >= DEEPEST_BLOCK)
        return expected(tokens, "'='", why);
    struct block inner;
    outcome = read_block(tokens, word, line, depth + 1, &inner, why);
    if (outcome == DONE)
        vec_push(tokens->arena, &block->blocks, inner);
    return outcome;
}

/* From the id on. */
static enum outcome read_block(struct tokens *tokens, const char *kind, int line, int depth, struct block *out,
                               struct why *why)
{
    *out = (struct block){.kind = kind, .id = tokens->value, .line = line};
    if (tokens->kind != TOKEN_TEXT || tokens->value[0] == '\0')
        return expected(tokens, "an id in quotes", why);
    enum outcome outcome = tokens_next(tokens, why);
    if (outcome == DONE)
        outcome = tokens_expect(tokens, '{', why);
    while (outcome == DONE && !tokens_at_sign(tokens, '}'))
        outcome = read_entry(tokens, depth, out, why);
    return outcome == DONE ? tokens_next(tokens, why) : outcome;
}

enum outcome blocks_read(struct bytes text, struct arena *arena, struct block_list *out, struct why *why)
{
    struct tokens tokens;
    tokens_begin(&tokens, text, arena);
    enum outcome outcome = tokens_next(&tokens, why);
    while (outcome == DONE && tokens.kind != TOKEN_END) {
        const char *kind = tokens.value;
        int line = tokens.line;
        struct block block;
        if (tokens.kind != TOKEN_WORD)
            return expected(&tokens, "'policy' or 'profile'", why);
        outcome = tokens_next(&tokens, why);
        if (outcome == DONE)
            outcome = read_block(&tokens, kind, line, 1, &block, why);
        if (outcome == DONE)
            vec_push(arena, &out->vec, block);
    }
    if (outcome == DONE && arena->failed)
        return fail(why, RETRY, "out of memory");
    return outcome;
}

/* ---- values ---- */

static bool read_choice(const struct key *key, const char *word, int64_t *number)
{
    for (int i = 0; i < key->choice_count; i++) {
        if (key->choices[i][0] != '\0' && strcmp(key->choices[i], word) == 0) {
            *number = i;
            return true;
        }
    }
    return false;
}

static bool read_bool(const char *word, int64_t *number)
{
    *number = strcmp(word, "true") == 0;
    return *number || strcmp(word, "false") == 0;
}

static bool read_value(const struct key *key, const struct setting *setting, struct value *value)
{
    if (key->kind == VALUE_LIST) {
        value->list = setting->list;
        return setting->word == NULL;
    }
    if (!setting->word)
        return false;
    switch (key->kind) {
    case VALUE_BOOL:
        return read_bool(setting->word, &value->number);
    case VALUE_COUNT:
        return quantity_count(setting->word, &value->number);
    case VALUE_DURATION:
        return quantity_duration(setting->word, &value->number);
    case VALUE_TEMPERATURE:
        return quantity_temperature(setting->word, &value->number);
    case VALUE_THRESHOLD:
        return quantity_threshold(setting->word, &value->threshold);
    case VALUE_TIME:
        return quantity_time(setting->word, &value->number);
    case VALUE_CHOICE:
        return read_choice(key, setting->word, &value->number);
    case VALUE_TEXT:
    case VALUE_LIST:
        break;
    }
    value->text = setting->word;
    return true;
}

static const char *kind_text(enum value_kind kind)
{
    static const char *const texts[] = {"a text", "true or false", "a count", "a duration such as \"30 min\"",
                                        "a temperature such as \"0.5 °C\"",
                                        "a limit such as \"> -20 °C\" or \"outside 2..6 °C\"",
                                        "a date such as \"2026-01-01\"", "one of the words it may have",
                                        "a list such as { a, b }"};
    return texts[kind];
}

enum outcome block_settings(const struct block *block, const struct key *keys, struct value *values, struct why *why)
{
    for (size_t i = 0; i < block->settings.count; i++) {
        const struct setting *setting = &block->settings.items[i];
        size_t k = 0;
        while (keys[k].name && strcmp(keys[k].name, setting->key) != 0)
            k++;
        if (!keys[k].name)
            return fail(why, REJECT, "line %d: unknown key '%.40s' in a %.20s", setting->line, setting->key,
                        block->kind);
        if (values[k].stated)
            return fail(why, REJECT, "line %d: '%s' is stated twice", setting->line, setting->key);
        values[k].stated = true;
        values[k].line = setting->line;
        if (!read_value(&keys[k], setting, &values[k]))
            return fail(why, REJECT, "line %d: '%s' must be %s", setting->line, setting->key,
                        kind_text(keys[k].kind));
    }
    for (size_t k = 0; keys[k].name; k++)
        if (keys[k].required && !values[k].stated)
            return fail(why, REJECT, "line %d: %.20s \"%.60s\" has no '%s'", block->line, block->kind, block->id,
                        keys[k].name);
    return DONE;
}
