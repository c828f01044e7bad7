#include "common/outcome.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum outcome fail(struct why *why, enum outcome code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vsnprintf(why->text, sizeof why->text, format, args);
    va_end(args);
    return code;
}

/* ": " and as much of `text` as fits: a sentence cut short still names the failure. */
static void append_cut(struct why *why, size_t at, const char *text)
{
    size_t room = sizeof why->text - at;
    if (room < 4)
        return;
    size_t len = strnlen(text, room - 3);
    memcpy(why->text + at, ": ", 2);
    memcpy(why->text + at + 2, text, len);
    why->text[at + 2 + len] = '\0';
}

enum outcome fail_within(struct why *why, enum outcome code, const char *format, ...)
{
    struct why inner = *why;
    va_list args;
    va_start(args, format);
    int used = vsnprintf(why->text, sizeof why->text, format, args);
    va_end(args);
    if (used >= 0 && (size_t)used < sizeof why->text)
        append_cut(why, (size_t)used, inner.text);
    return code;
}

const char *outcome_word(enum outcome code)
{
    switch (code) {
    case DONE:
        return "done";
    case RETRY:
        return "retry";
    case UNSURE:
        return "unsure";
    case REJECT:
        return "reject";
    }
    return "unknown";
}
