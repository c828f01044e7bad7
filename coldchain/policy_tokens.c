#include "coldchain/policy_tokens.h"

#include <string.h>

void tokens_begin(struct tokens *tokens, struct bytes text, struct arena *arena)
{
    *tokens = (struct tokens){.text = text, .line = 1, .value = "", .arena = arena};
}

static int peek(const struct tokens *tokens)
{
    return tokens->at < tokens->text.len ? tokens->text.data[tokens->at] : -1;
}

/* By hand, since isalpha() and its kin ask the locale. */
static bool is_letter(int c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(int c)
{
    return c >= '0' && c <= '9';
}

static void skip_blank(struct tokens *tokens)
{
    for (int c = peek(tokens); c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '#'; c = peek(tokens)) {
        if (c == '#') {
            while (peek(tokens) != -1 && peek(tokens) != '\n')
                tokens->at++;
            continue;
        }
        if (c == '\n')
            tokens->line++;
        tokens->at++;
    }
}

static enum outcome keep(struct tokens *tokens, enum token_kind kind, size_t from, struct why *why)
{
    tokens->kind = kind;
    tokens->value = arena_text(tokens->arena, (const char *)tokens->text.data + from, tokens->at - from);
    return tokens->value ? DONE : fail(why, RETRY, "line %d: out of memory", tokens->line);
}

static enum outcome take_text(struct tokens *tokens, struct why *why)
{
    char *out = arena_new(tokens->arena, tokens->text.len - tokens->at + 1, 1);
    size_t len = 0;
    if (!out)
        return fail(why, RETRY, "line %d: out of memory", tokens->line);
    for (tokens->at++;; tokens->at++) {
        int c = peek(tokens);
        if (c == '"')
            break;
        if (c == '\\') {
            tokens->at++;
            c = peek(tokens);
            if (c != '"' && c != '\\')
                return fail(why, REJECT, "line %d: only \\\" and \\\\ may follow a backslash", tokens->line);
        }
        if (c == -1 || c == '\n')
            return fail(why, REJECT, "line %d: a text without its closing quote", tokens->line);
        if (c < ' ')
            return fail(why, REJECT, "line %d: a control character within a text", tokens->line);
        out[len++] = (char)c;
    }
    tokens->at++;
    tokens->kind = TOKEN_TEXT;
    tokens->value = arena_text(tokens->arena, out, len);
    return tokens->value ? DONE : fail(why, RETRY, "line %d: out of memory", tokens->line);
}

static enum outcome take_number(struct tokens *tokens, struct why *why)
{
    size_t from = tokens->at++;
    while (is_digit(peek(tokens)))
        tokens->at++;
    if (peek(tokens) == '.') {
        tokens->at++;
        while (is_digit(peek(tokens)))
            tokens->at++;
    }
    return keep(tokens, TOKEN_NUMBER, from, why);
}

static enum outcome take_word(struct tokens *tokens, struct why *why)
{
    size_t from = tokens->at;
    while (is_letter(peek(tokens)) || is_digit(peek(tokens)) || peek(tokens) == '-')
        tokens->at++;
    return keep(tokens, TOKEN_WORD, from, why);
}

enum outcome tokens_next(struct tokens *tokens, struct why *why)
{
    skip_blank(tokens);
    int c = peek(tokens);
    if (c == -1) {
        tokens->kind = TOKEN_END;
        tokens->value = "the end";
        return DONE;
    }
    if (c == '"')
        return take_text(tokens, why);
    if (is_digit(c) || c == '-')
        return take_number(tokens, why);
    if (is_letter(c))
        return take_word(tokens, why);
    if (c != '{' && c != '}' && c != '=' && c != ',')
        return fail(why, REJECT, "line %d: byte 0x%02x begins nothing", tokens->line, (unsigned)c);
    tokens->sign = (char)c;
    tokens->at++;
    return keep(tokens, TOKEN_SIGN, tokens->at - 1, why);
}

bool tokens_at_sign(const struct tokens *tokens, char sign)
{
    return tokens->kind == TOKEN_SIGN && tokens->sign == sign;
}

enum outcome tokens_expect(struct tokens *tokens, char sign, struct why *why)
{
    if (!tokens_at_sign(tokens, sign))
        return fail(why, REJECT, "line %d: '%c' expected, not '%.40s'", tokens->line, sign, tokens->value);
    return tokens_next(tokens, why);
}
