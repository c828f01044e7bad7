/* Configuration: one table per program is the single truth of its settings (libconfuse syntax).
 *
 * The table says name, type, bounds, unit (in the name), default, whether SIGHUP may change it and one line of help; the
 * parser, `--check-config`, `--dump-config`, the commented example file and the manual page all follow from it. Unknown
 * keys are refused. Every error reads `file:line: message` and ends in exit code 78 (EX_CONFIG).
 * A setting with CONF_SECRET names a file that only its owner may read (mode 0600 or stricter, else refused) and is
 * masked in dumps. Repeated sections (`probe "NAME" { … }`) are tables of their own.
 */
#ifndef COMMON_CONF_H
#define COMMON_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "common/outcome.h"

enum conf_type { CONF_TEXT, CONF_INT, CONF_BOOL, CONF_PATH, CONF_TEXT_LIST };

enum { CONF_REQUIRED = 1, CONF_RELOADABLE = 2, CONF_SECRET = 4 };

struct conf_setting {
    const char *name;
    enum conf_type type;
    size_t offset;        /* of the field in the program's struct: char *, int64_t, bool, char *, char ** (NULL ends) */
    int64_t least, most;  /* CONF_INT, both inclusive */
    const char *fallback; /* default as it would be written in the file; NULL: empty or 0 */
    unsigned flags;
    const char *help;     /* one line, no final stop */
};

struct conf_section {
    const char *name;     /* e.g. "probe"; its title is the section's identity */
    size_t size;          /* of one element */
    size_t title_offset;  /* char * field for the title */
    size_t list_offset;   /* in the program's struct: pointer to array of elements */
    size_t count_offset;  /* size_t field */
    const struct conf_setting *settings;
    size_t setting_count;
    const char *help;
};

struct conf_table {
    const char *program;
    size_t size; /* of the program's struct */
    const struct conf_setting *settings;
    size_t setting_count;
    const struct conf_section *sections;
    size_t section_count;
};

/* Reads `path` into the zeroed struct at `into`. REJECT with `file:line: message` in why->text; nothing is left
 * allocated then. NULL path: defaults only (REJECT if a required setting has none). */
MUST_CHECK enum outcome conf_load(const struct conf_table *table, const char *path, void *into, struct why *why);
void conf_free(const struct conf_table *table, void *loaded);

/* Writes the settings in force, secrets masked, in the file's own syntax. */
void conf_dump(const struct conf_table *table, const void *loaded, FILE *to);

/* Writes the commented example: every setting with its help, bounds and default. The installed example files are
 * exactly this (a test compares). */
void conf_example(const struct conf_table *table, FILE *to);

/* The name of the first setting that differs and is not CONF_RELOADABLE, or NULL: for SIGHUP, which is all or nothing. */
const char *conf_unreloadable_change(const struct conf_table *table, const void *old_loaded, const void *new_loaded);

#endif
