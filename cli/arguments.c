#include "cli/arguments.h"

#include <stdio.h>
#include <string.h>

#include "cli/command.h"

static void print_argument(const struct argument *argument)
{
    char left[64];
    if (!argument->name)
        (void)snprintf(left, sizeof left, "%s", argument->value);
    else
        (void)snprintf(left, sizeof left, "--%s%s%s", argument->name, argument->value ? " " : "",
                       argument->value ? argument->value : "");
    printf("  %-26s %s%s%s\n", left, argument->help, argument->required ? " (required)" : "",
           argument->list ? " (may be repeated)" : "");
}

static void print_help(const struct arguments *arguments)
{
    printf("usage: silsila %s", arguments->command);
    for (size_t i = 0; i < arguments->count; i++) {
        const struct argument *argument = &arguments->table[i];
        if (!argument->name)
            printf(argument->required ? " %s" : " [%s]", argument->value);
        else if (argument->required)
            printf(" --%s %s", argument->name, argument->value);
    }
    printf(" [OPTION]...\n\n%s\n\n", arguments->summary);
    for (size_t i = 0; i < arguments->count; i++)
        print_argument(&arguments->table[i]);
    print_argument(&(struct argument){.name = "help", .help = "show this"});
}

static enum arguments_next complain(const struct arguments *arguments, const char *what, const char *which)
{
    fprintf(stderr, "silsila %s: %s%s; silsila %s --help shows what there is\n", arguments->command, what,
            which, arguments->command);
    return ARGUMENTS_USAGE;
}

static const struct argument *find_option(const struct arguments *arguments, const char *name, size_t len)
{
    for (size_t i = 0; i < arguments->count; i++) {
        const char *known = arguments->table[i].name;
        if (known && strlen(known) == len && strncmp(known, name, len) == 0)
            return &arguments->table[i];
    }
    return NULL;
}

static const struct argument *next_positional(const struct arguments *arguments)
{
    for (size_t i = 0; i < arguments->count; i++) {
        const struct argument *argument = &arguments->table[i];
        if (!argument->name && ((argument->text && !*argument->text) || argument->list))
            return argument;
    }
    return NULL;
}

static enum arguments_next store(const struct arguments *arguments, const struct argument *argument,
                                 const char *value)
{
    if (argument->list) {
        if (argument->list->count == ARGUMENT_LIST_MOST)
            return complain(arguments, "given too often: --", argument->name ? argument->name : "");
        argument->list->values[argument->list->count++] = value;
    } else {
        *argument->text = value;
    }
    return ARGUMENTS_GO;
}

/* One option at argv[*at]; moves *at to the last word used. */
static enum arguments_next read_option(const struct arguments *arguments, int argc, char **argv, int *at)
{
    const char *name = argv[*at] + 2;
    size_t len = strcspn(name, "=");
    const struct argument *argument = find_option(arguments, name, len);
    if (!argument)
        return complain(arguments, "no option ", argv[*at]);
    if (argument->flag) {
        if (name[len])
            return complain(arguments, "takes no value: ", argv[*at]);
        *argument->flag = true;
        return ARGUMENTS_GO;
    }
    if (name[len])
        return store(arguments, argument, name + len + 1);
    if (*at + 1 >= argc)
        return complain(arguments, "a value is missing behind ", argv[*at]);
    return store(arguments, argument, argv[++*at]);
}

enum arguments_next arguments_read(const struct arguments *arguments, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "-h") == 0 || strcmp(argv[i], "--help") == 0) {
            print_help(arguments);
            return ARGUMENTS_DONE;
        }
    }
    for (int i = 1; i < argc; i++) {
        enum arguments_next next;
        if (strncmp(argv[i], "--", 2) == 0) {
            next = read_option(arguments, argc, argv, &i);
        } else {
            const struct argument *argument = next_positional(arguments);
            next = argument ? store(arguments, argument, argv[i]) : complain(arguments, "what is ", argv[i]);
        }
        if (next != ARGUMENTS_GO)
            return next;
    }
    for (size_t i = 0; i < arguments->count; i++) {
        const struct argument *argument = &arguments->table[i];
        if (argument->required && !(argument->text ? *argument->text != NULL : argument->list->count > 0))
            return complain(arguments, argument->name ? "missing: --" : "missing: ",
                            argument->name ? argument->name : argument->value);
    }
    return ARGUMENTS_GO;
}

int arguments_status(enum arguments_next next)
{
    return next == ARGUMENTS_USAGE ? EXIT_USAGE : EXIT_DONE;
}
