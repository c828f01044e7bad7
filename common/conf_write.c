/* What follows from the table once it is loaded: dumps, the commented example, the comparison at SIGHUP, freeing. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/conf.h"
#include "common/conf_value.h"

static void *section_list(const struct conf_section *section, const void *loaded)
{
    return *(void *const *)(const void *)((const char *)loaded + section->list_offset);
}

static size_t section_count(const struct conf_section *section, const void *loaded)
{
    return *(const size_t *)(const void *)((const char *)loaded + section->count_offset);
}

static const char *title_of(const struct conf_section *section, const char *element)
{
    const char *title = *(char *const *)(const void *)(element + section->title_offset);
    return title ? title : "";
}

static void free_section(const struct conf_section *section, void *loaded)
{
    char *list = section_list(section, loaded);
    size_t count = list ? section_count(section, loaded) : 0;
    for (size_t i = 0; i < count; i++) {
        char *element = list + i * section->size;
        free(*(char **)(void *)(element + section->title_offset));
        for (size_t k = 0; k < section->setting_count; k++)
            conf_value_free(&section->settings[k], element);
    }
    free(list);
    *(void **)(void *)((char *)loaded + section->list_offset) = NULL;
    *(size_t *)(void *)((char *)loaded + section->count_offset) = 0;
}

void conf_free(const struct conf_table *table, void *loaded)
{
    for (size_t i = 0; i < table->setting_count; i++)
        conf_value_free(&table->settings[i], loaded);
    for (size_t s = 0; s < table->section_count; s++)
        free_section(&table->sections[s], loaded);
}

static void dump_settings(const struct conf_setting *settings, size_t count, const void *loaded, const char *indent,
                          FILE *to)
{
    for (size_t i = 0; i < count; i++) {
        (void)fprintf(to, "%s%s = ", indent, settings[i].name);
        if (settings[i].flags & CONF_SECRET)
            (void)fputs("\"(secret)\"", to);
        else
            conf_value_write(&settings[i], loaded, to);
        (void)fputc('\n', to);
    }
}

void conf_dump(const struct conf_table *table, const void *loaded, FILE *to)
{
    dump_settings(table->settings, table->setting_count, loaded, "", to);
    for (size_t s = 0; s < table->section_count; s++) {
        const struct conf_section *section = &table->sections[s];
        const char *list = section_list(section, loaded);
        for (size_t i = 0; i < section_count(section, loaded); i++) {
            (void)fprintf(to, "%s ", section->name);
            conf_quote(title_of(section, list + i * section->size), to);
            (void)fputs(" {\n", to);
            dump_settings(section->settings, section->setting_count, list + i * section->size, "    ", to);
            (void)fputs("}\n", to);
        }
    }
}

static void write_fallback(const struct conf_setting *setting, FILE *to)
{
    const char *text = setting->fallback;
    switch (setting->type) {
    case CONF_INT:
        (void)fputs(text ? text : "0", to);
        return;
    case CONF_BOOL:
        (void)fputs(text ? text : "false", to);
        return;
    case CONF_TEXT_LIST:
        (void)fprintf(to, "{%s}", text ? text : "");
        return;
    case CONF_TEXT:
    case CONF_PATH:
        conf_quote(text ? text : "", to);
        return;
    }
}

static void write_example(const struct conf_setting *setting, const char *before, FILE *to)
{
    (void)fprintf(to, "%s# %s", before, setting->help);
    if (setting->type == CONF_INT)
        (void)fprintf(to, " (%" PRId64 " to %" PRId64 ")", setting->least, setting->most);
    if (setting->flags & CONF_SECRET)
        (void)fputs("; mode 0600", to);
    if (setting->flags & CONF_RELOADABLE)
        (void)fputs("; SIGHUP changes it", to);
    bool required = (setting->flags & CONF_REQUIRED) && !setting->fallback;
    (void)fprintf(to, "\n%s%s%s = ", before, required ? "" : "# ", setting->name);
    if (!required)
        write_fallback(setting, to);
    else if (setting->type == CONF_INT)
        (void)fprintf(to, "%" PRId64, setting->least);
    else
        (void)fputs(setting->type == CONF_TEXT_LIST ? "{\"CHANGE-ME\"}" : "\"CHANGE-ME\"", to);
    (void)fputs("\n\n", to);
}

void conf_example(const struct conf_table *table, FILE *to)
{
    (void)fprintf(to,
                  "# Configuration of %s. Lines with one # before a name show the default; units are in the names.\n\n",
                  table->program);
    for (size_t i = 0; i < table->setting_count; i++)
        write_example(&table->settings[i], "", to);
    for (size_t s = 0; s < table->section_count; s++) {
        const struct conf_section *section = &table->sections[s];
        (void)fprintf(to, "# %s\n# %s \"NAME\" {\n", section->help, section->name);
        for (size_t i = 0; i < section->setting_count; i++)
            write_example(&section->settings[i], "#     ", to);
        (void)fputs("# }\n", to);
    }
}

static const char *change_in(const struct conf_setting *settings, size_t count, const void *a, const void *b)
{
    for (size_t i = 0; i < count; i++)
        if (!(settings[i].flags & CONF_RELOADABLE) && !conf_value_equal(&settings[i], a, b))
            return settings[i].name;
    return NULL;
}

/* Sections may come and go at a reload only when everything in them may change. */
static bool wholly_reloadable(const struct conf_section *section)
{
    for (size_t i = 0; i < section->setting_count; i++)
        if (!(section->settings[i].flags & CONF_RELOADABLE))
            return false;
    return true;
}

static const char *section_change(const struct conf_section *section, const void *a, const void *b)
{
    const char *left = section_list(section, a);
    const char *right = section_list(section, b);
    size_t count = section_count(section, a);
    if (wholly_reloadable(section))
        return NULL;
    if (count != section_count(section, b))
        return section->name;
    for (size_t i = 0; i < count; i++) {
        const char *one = left + i * section->size;
        const char *other = right + i * section->size;
        if (strcmp(title_of(section, one), title_of(section, other)) != 0)
            return section->name;
        const char *name = change_in(section->settings, section->setting_count, one, other);
        if (name)
            return name;
    }
    return NULL;
}

const char *conf_unreloadable_change(const struct conf_table *table, const void *old_loaded, const void *new_loaded)
{
    const char *name = change_in(table->settings, table->setting_count, old_loaded, new_loaded);
    for (size_t s = 0; !name && s < table->section_count; s++)
        name = section_change(&table->sections[s], old_loaded, new_loaded);
    return name;
}
