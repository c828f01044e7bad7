#include "common/conf_value.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

static void *field(const struct conf_setting *setting, void *from)
{
    return (char *)from + setting->offset;
}

static const void *field_of(const struct conf_setting *setting, const void *from)
{
    return (const char *)from + setting->offset;
}

static bool read_int(const char *text, int64_t *value)
{
    char *end = NULL;
    errno = 0;
    long long read = strtoll(text, &end, 10);
    *value = (int64_t)read;
    return errno == 0 && end != text && *end == '\0';
}

static bool read_bool(const char *text, bool *value)
{
    static const char *const yes[] = {"true", "yes", "on"};
    static const char *const no[] = {"false", "no", "off"};
    for (size_t i = 0; i < 3; i++) {
        *value = strcasecmp(text, yes[i]) == 0;
        if (*value || strcasecmp(text, no[i]) == 0)
            return true;
    }
    return false;
}

static enum outcome check_int(const struct conf_setting *setting, const char *text, struct why *why)
{
    int64_t value = 0;
    if (!read_int(text, &value))
        return fail(why, REJECT, "%s wants a whole number, not \"%s\"", setting->name, text);
    if (value < setting->least || value > setting->most)
        return fail(why, REJECT, "%s is %" PRId64 ", outside %" PRId64 " to %" PRId64, setting->name, value,
                    setting->least, setting->most);
    return DONE;
}

static enum outcome check_secret(const struct conf_setting *setting, const char *path, struct why *why)
{
    struct stat info;
    if (*path == '\0' || stat(path, &info) != 0)
        return DONE;
    if (info.st_mode & (S_IRWXG | S_IRWXO))
        return fail(why, REJECT, "%s: %s may be read by others (mode %04o, wanted 0600 or stricter)", setting->name,
                    path, (unsigned)(info.st_mode & 07777));
    return DONE;
}

enum outcome conf_value_check(const struct conf_setting *setting, const char *text, struct why *why)
{
    bool flag;
    if (!text)
        return DONE;
    switch (setting->type) {
    case CONF_INT:
        return check_int(setting, text, why);
    case CONF_BOOL:
        return read_bool(text, &flag)
                   ? DONE
                   : fail(why, REJECT, "%s wants true or false, not \"%s\"", setting->name, text);
    case CONF_TEXT:
    case CONF_PATH:
        if ((setting->flags & CONF_REQUIRED) && *text == '\0')
            return fail(why, REJECT, "%s is required and empty", setting->name);
        return (setting->flags & CONF_SECRET) ? check_secret(setting, text, why) : DONE;
    case CONF_TEXT_LIST:
        return DONE;
    }
    return DONE;
}

enum outcome conf_value_store(const struct conf_setting *setting, const char *text, void *into, struct why *why)
{
    void *to = field(setting, into);
    enum outcome result = conf_value_check(setting, text, why);
    if (result != DONE)
        return result;
    switch (setting->type) {
    case CONF_INT:
        *(int64_t *)to = 0;
        if (text)
            (void)read_int(text, to); /* checked above */
        return DONE;
    case CONF_BOOL:
        *(bool *)to = false;
        if (text)
            (void)read_bool(text, to);
        return DONE;
    case CONF_TEXT:
    case CONF_PATH:
        *(char **)to = strdup(text ? text : "");
        return *(char **)to ? DONE : fail(why, RETRY, "out of memory");
    case CONF_TEXT_LIST:
        return conf_list_store(setting, text, into, why);
    }
    return DONE;
}

enum outcome conf_list_store(const struct conf_setting *setting, const char *words, void *into, struct why *why)
{
    const char *from = words ? words : "";
    char **list = calloc(strlen(from) / 2 + 2, sizeof *list);
    if (!list)
        return fail(why, RETRY, "out of memory");
    *(char ***)field(setting, into) = list;
    for (size_t i = 0;; i++) {
        from += strspn(from, " ");
        size_t len = strcspn(from, " ");
        if (len == 0)
            return DONE;
        list[i] = strndup(from, len);
        if (!list[i])
            return fail(why, RETRY, "out of memory");
        from += len;
    }
}

void conf_value_free(const struct conf_setting *setting, void *from)
{
    void *at = field(setting, from);
    if (setting->type == CONF_TEXT || setting->type == CONF_PATH) {
        free(*(char **)at);
        *(char **)at = NULL;
    } else if (setting->type == CONF_TEXT_LIST) {
        char **list = *(char ***)at;
        for (size_t i = 0; list && list[i]; i++)
            free(list[i]);
        free(list);
        *(char ***)at = NULL;
    }
}

static bool lists_equal(char *const *a, char *const *b)
{
    if (!a || !b)
        return a == b;
    for (; *a && *b; a++, b++)
        if (strcmp(*a, *b) != 0)
            return false;
    return *a == *b;
}

bool conf_value_equal(const struct conf_setting *setting, const void *a, const void *b)
{
    const void *left = field_of(setting, a);
    const void *right = field_of(setting, b);
    switch (setting->type) {
    case CONF_INT:
        return *(const int64_t *)left == *(const int64_t *)right;
    case CONF_BOOL:
        return *(const bool *)left == *(const bool *)right;
    case CONF_TEXT:
    case CONF_PATH:
        return strcmp(*(char *const *)left, *(char *const *)right) == 0;
    case CONF_TEXT_LIST:
        return lists_equal(*(char *const *const *)left, *(char *const *const *)right);
    }
    return false;
}

void conf_quote(const char *text, FILE *to)
{
    (void)fputc('"', to);
    for (; *text; text++) {
        if (*text == '"' || *text == '\\' || *text == '$') /* libconfuse expands ${NAME} between double quotes */
            (void)fputc('\\', to);
        if (*text == '\n')
            (void)fputs("\\n", to);
        else
            (void)fputc(*text, to);
    }
    (void)fputc('"', to);
}

void conf_value_write(const struct conf_setting *setting, const void *from, FILE *to)
{
    const void *at = field_of(setting, from);
    if (setting->type == CONF_INT) {
        (void)fprintf(to, "%" PRId64, *(const int64_t *)at);
    } else if (setting->type == CONF_BOOL) {
        (void)fputs(*(const bool *)at ? "true" : "false", to);
    } else if (setting->type == CONF_TEXT_LIST) {
        char *const *list = *(char *const *const *)at;
        (void)fputc('{', to);
        for (size_t i = 0; list && list[i]; i++) {
            (void)fputs(i ? ", " : "", to);
            conf_quote(list[i], to);
        }
        (void)fputc('}', to);
    } else {
        conf_quote(*(char *const *)at ? *(char *const *)at : "", to);
    }
}
