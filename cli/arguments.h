/* Arguments: a sub-command's options as one table, from which parsing and --help follow.
 *
 * `--name VALUE` and `--name=VALUE` are the same. What has no name is a positional argument, taken in the
 * table's order. -h and --help print the table and end the command well.
 */
#ifndef CLI_ARGUMENTS_H
#define CLI_ARGUMENTS_H

#include <stdbool.h>
#include <stddef.h>

enum { ARGUMENT_LIST_MOST = 64 };

struct argument_list {
    const char *values[ARGUMENT_LIST_MOST];
    size_t count;
};

/* Exactly one of text, flag and list is set; the texts point into argv. */
struct argument {
    const char *name;  /* without the dashes; NULL: positional */
    const char *value; /* what stands for the value in help; NULL: a flag */
    const char *help;  /* one line, no final stop */
    bool required;
    const char **text;
    bool *flag;
    struct argument_list *list; /* may be given several times */
};

struct arguments {
    const char *command; /* "probe place" */
    const char *summary; /* one line */
    const struct argument *table;
    size_t count;
};

enum arguments_next { ARGUMENTS_GO, ARGUMENTS_DONE, ARGUMENTS_USAGE };

/* Reads argv (argv[0] is skipped). ARGUMENTS_DONE: help was printed, exit well. ARGUMENTS_USAGE: the
 * complaint was printed, exit EXIT_USAGE. */
enum arguments_next arguments_read(const struct arguments *arguments, int argc, char **argv);

/* The exit status for what is not ARGUMENTS_GO. */
int arguments_status(enum arguments_next next);

#endif
