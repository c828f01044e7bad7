/* Every value is handed through libconfuse as text and read here: its own integers are `long`, 32 bits on armhf, and its
 * own messages name no setting. */
#include "common/conf.h"

#include <confuse.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/bytes.h"
#include "common/cleanup.h"
#include "common/conf_value.h"

enum { SETTINGS_MOST = 128, SECTIONS_MOST = 8 };

/* libconfuse's callbacks carry no context, so the parse in hand stands in a variable of the thread that parses. */
struct parse {
    const struct conf_table *table;
    struct why *why;
};
static _Thread_local struct parse *parse_in_hand;

static void PRINTF_LIKE(2, 0) report(cfg_t *cfg, const char *format, va_list args)
{
    struct why message;
    (void)vsnprintf(message.text, sizeof message.text, format, args);
    if (parse_in_hand && parse_in_hand->why->text[0] == '\0') /* the first error is the cause, later ones follow from it */
        (void)fail(parse_in_hand->why, REJECT, "%s:%d: %s", cfg->filename ? cfg->filename : "configuration", cfg->line,
                   message.text);
}

static const struct conf_setting *setting_named(const struct conf_setting *settings, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(settings[i].name, name) == 0)
            return &settings[i];
    return NULL;
}

static const struct conf_section *section_named(const struct conf_table *table, const char *name)
{
    for (size_t i = 0; i < table->section_count; i++)
        if (strcmp(table->sections[i].name, name) == 0)
            return &table->sections[i];
    return NULL;
}

/* Takes validate()'s place once a key has its value: a key given twice is a mistake, not a choice. */
static int refuse_second(cfg_t *cfg, cfg_opt_t *opt)
{
    cfg_error(cfg, "%s is given twice", opt->name);
    return -1;
}

/* Called by libconfuse after each value it set: the one moment at which the line number is that of the value. */
static int validate(cfg_t *cfg, cfg_opt_t *opt)
{
    const struct conf_table *table = parse_in_hand->table;
    const struct conf_section *section = section_named(table, cfg->name);
    const struct conf_setting *setting = section ? setting_named(section->settings, section->setting_count, opt->name)
                                                 : setting_named(table->settings, table->setting_count, opt->name);
    struct why why = {""};
    if (!setting)
        return 0;
    if (setting->type == CONF_TEXT_LIST)
        return 0;
    opt->validcb = refuse_second; /* each section has options of its own */
    if (conf_value_check(setting, cfg_opt_getnstr(opt, 0), &why) != DONE) {
        cfg_error(cfg, "%s", why.text);
        return -1;
    }
    return 0;
}

static cfg_opt_t option_for(const struct conf_setting *setting)
{
    cfg_opt_t one = CFG_STR(setting->name, NULL, CFGF_NONE);
    cfg_opt_t list = CFG_STR_LIST(setting->name, NULL, CFGF_NONE);
    cfg_opt_t option = setting->type == CONF_TEXT_LIST ? list : one;
    option.validcb = validate;
    return option;
}

struct options {
    cfg_opt_t root[SETTINGS_MOST + SECTIONS_MOST + 1];
    cfg_opt_t sub[SECTIONS_MOST][SETTINGS_MOST + 1];
};

static enum outcome build_options(const struct conf_table *table, struct options *options, struct why *why)
{
    const cfg_opt_t end = CFG_END();
    if (table->setting_count > SETTINGS_MOST || table->section_count > SECTIONS_MOST)
        return fail(why, REJECT, "%s: settings table is larger than the parser's bound", table->program);
    size_t at = 0;
    for (size_t i = 0; i < table->setting_count; i++)
        options->root[at++] = option_for(&table->settings[i]);
    for (size_t s = 0; s < table->section_count; s++) {
        const struct conf_section *section = &table->sections[s];
        if (section->setting_count > SETTINGS_MOST)
            return fail(why, REJECT, "%s: section %s is larger than the parser's bound", table->program, section->name);
        for (size_t i = 0; i < section->setting_count; i++)
            options->sub[s][i] = option_for(&section->settings[i]);
        options->sub[s][section->setting_count] = end;
        cfg_opt_t sub = CFG_SEC(section->name, options->sub[s], CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES);
        options->root[at++] = sub;
    }
    options->root[at] = end;
    return DONE;
}

/* The text of a setting in the file, or its fallback, or NULL. */
static const char *text_of(cfg_t *cfg, const struct conf_setting *setting)
{
    const char *given = cfg ? cfg_getstr(cfg, setting->name) : NULL;
    return given ? given : setting->fallback;
}

static enum outcome fill_list(cfg_t *cfg, const struct conf_setting *setting, void *into, struct why *why)
{
    size_t count = cfg ? cfg_size(cfg, setting->name) : 0;
    if (count == 0 && (setting->flags & CONF_REQUIRED))
        return fail(why, REJECT, "%s is required and not given", setting->name);
    if (count == 0)
        return conf_list_store(setting, setting->fallback, into, why);
    char **list = calloc(count + 1, sizeof *list);
    if (!list)
        return fail(why, RETRY, "out of memory");
    *(char ***)(void *)((char *)into + setting->offset) = list;
    for (size_t i = 0; i < count; i++) {
        list[i] = strdup(cfg_getnstr(cfg, setting->name, (unsigned)i));
        if (!list[i])
            return fail(why, RETRY, "out of memory");
    }
    return DONE;
}

static enum outcome fill(cfg_t *cfg, const struct conf_setting *settings, size_t count, void *into, struct why *why)
{
    for (size_t i = 0; i < count; i++) {
        const struct conf_setting *setting = &settings[i];
        enum outcome result;
        if (setting->type == CONF_TEXT_LIST)
            result = fill_list(cfg, setting, into, why);
        else if (!text_of(cfg, setting) && (setting->flags & CONF_REQUIRED))
            result = fail(why, REJECT, "%s is required and not given", setting->name);
        else
            result = conf_value_store(setting, text_of(cfg, setting), into, why);
        if (result != DONE)
            return result;
    }
    return DONE;
}

static enum outcome fill_section(cfg_t *cfg, const struct conf_section *section, void *into, struct why *why)
{
    size_t count = cfg ? cfg_size(cfg, section->name) : 0;
    if (count == 0)
        return DONE;
    char *list = calloc(count, section->size);
    if (!list)
        return fail(why, RETRY, "out of memory");
    *(void **)(void *)((char *)into + section->list_offset) = list;
    *(size_t *)(void *)((char *)into + section->count_offset) = count;
    for (size_t i = 0; i < count; i++) {
        cfg_t *sub = cfg_getnsec(cfg, section->name, (unsigned)i);
        char *element = list + i * section->size;
        char *title = strdup(cfg_title(sub));
        if (!title)
            return fail(why, RETRY, "out of memory");
        *(char **)(void *)(element + section->title_offset) = title;
        enum outcome result = fill(sub, section->settings, section->setting_count, element, why);
        if (result != DONE)
            return fail_within(why, result, "%s:%d: %s \"%s\"", cfg->filename, sub->line, section->name, title);
    }
    return DONE;
}

static enum outcome fill_all(const struct conf_table *table, cfg_t *cfg, const char *path, void *into, struct why *why)
{
    enum outcome result = fill(cfg, table->settings, table->setting_count, into, why);
    if (result != DONE)
        return fail_within(why, result, "%s:%d", path ? path : "configuration", cfg ? cfg->line : 0);
    for (size_t s = 0; s < table->section_count; s++) {
        result = fill_section(cfg, &table->sections[s], into, why);
        if (result != DONE)
            return result;
    }
    return DONE;
}

/* Passes over a quoted text or a comment that begins at `at`; returns where reading goes on. */
static const char *past_quiet_text(const char *at)
{
    if (*at == '"' || *at == '\'') {
        const char quote = *at++;
        while (*at && *at != quote)
            at += (*at == '\\' && at[1]) ? 2 : 1;
        return *at ? at + 1 : at;
    }
    if (*at == '#' || (at[0] == '/' && at[1] == '/'))
        return at + strcspn(at, "\n");
    if (at[0] == '/' && at[1] == '*') {
        const char *end = strstr(at + 2, "*/");
        return end ? end + 2 : at + strlen(at);
    }
    return at + 1;
}

/* libconfuse takes a file that ends inside a section; one cut short by a full disk must not pass for a whole one. */
static bool ends_inside_section(const char *text)
{
    int depth = 0;
    for (const char *at = text; *at; at = past_quiet_text(at))
        depth += *at == '{' ? 1 : *at == '}' ? -1 : 0;
    return depth > 0;
}

static enum outcome read_text(const char *path, struct buffer *text, struct why *why)
{
    FILE *file = fopen(path, "re");
    if (!file)
        return fail(why, REJECT, "%s:0: cannot read: %s", path, strerror(errno));
    char part[4096];
    size_t got;
    while ((got = fread(part, 1, sizeof part, file)) > 0)
        buffer_add(text, part, got);
    buffer_add_byte(text, 0);
    bool broken = ferror(file) != 0;
    (void)fclose(file);
    if (broken)
        return fail(why, REJECT, "%s:0: cannot read", path);
    return text->failed ? fail(why, RETRY, "%s: out of memory", path) : DONE;
}

static enum outcome parse_file(cfg_t *cfg, const char *path, struct why *why)
{
    struct stat info;
    if (stat(path, &info) != 0)
        return fail(why, REJECT, "%s:0: cannot read: %s", path, strerror(errno));
    if (!S_ISREG(info.st_mode)) /* libconfuse ends the process when it is given a folder */
        return fail(why, REJECT, "%s:0: is not a file", path);
    scoped_by(buffer_free) struct buffer text = {0};
    enum outcome result = read_text(path, &text, why);
    if (result != DONE)
        return result;
    int parsed = cfg_parse(cfg, path);
    if (parsed == CFG_FILE_ERROR)
        return fail(why, REJECT, "%s:0: cannot read: %s", path, strerror(errno));
    if (parsed == CFG_SUCCESS && ends_inside_section((const char *)text.data))
        return fail(why, REJECT, "%s:%d: ends inside a section", path, cfg->line);
    if (parsed != CFG_SUCCESS)
        return why->text[0] ? REJECT : fail(why, REJECT, "%s:%d: cannot be understood", path, cfg->line);
    return DONE;
}

static void free_cfg(cfg_t **cfg)
{
    if (*cfg)
        (void)cfg_free(*cfg);
}

enum outcome conf_load(const struct conf_table *table, const char *path, void *into, struct why *why)
{
    scoped_by(cleanup_free) struct options *options = calloc(1, sizeof *options);
    if (!options)
        return fail(why, RETRY, "out of memory");
    enum outcome result = build_options(table, options, why);
    if (result != DONE)
        return result;
    scoped_by(free_cfg) cfg_t *cfg = NULL;
    if (path) {
        cfg = cfg_init(options->root, CFGF_NONE);
        if (!cfg)
            return fail(why, RETRY, "out of memory");
        struct parse parse = {.table = table, .why = why};
        why->text[0] = '\0';
        (void)cfg_set_error_function(cfg, report);
        parse_in_hand = &parse;
        result = parse_file(cfg, path, why);
        parse_in_hand = NULL;
        if (result != DONE)
            return result;
    }
    result = fill_all(table, cfg, path, into, why);
    if (result != DONE)
        conf_free(table, into);
    return result;
}
