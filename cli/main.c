/* silsila: the command people type. This file only finds the sub-command; each one lives in its own. */
#include <stdio.h>
#include <string.h>

#include "cli/command.h"

/* Sorted by name; a command of two words (`probe place`) is one entry and reads its second word itself. */
static const struct command commands[] = {
    {"fold", "--file SCENARIO", "run the core on a scenario file and print the canonical result", command_fold},
    {"migrate", "[--database CONNINFO] [--json]", "bring the database to this program's schema", command_migrate},
};

enum { COMMAND_COUNT = sizeof commands / sizeof *commands };

static void print_usage(FILE *out)
{
    fputs("usage: silsila COMMAND [ARGUMENT]...\n\n", out);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        fprintf(out, "  %-12s %s\n", commands[i].name, commands[i].summary);
    fputs("\nsilsila COMMAND --help shows a command's arguments.\n", out);
}

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

static int asks_for_help(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return 1;
    return 0;
}

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : "";
    const struct command *command = find_command(name);
    if (command && asks_for_help(argc - 1, argv + 1)) {
        printf("usage: silsila %s %s\n\n%s\n", command->name, command->usage, command->summary);
        return EXIT_DONE;
    }
    if (command)
        return command->run(argc - 1, argv + 1);
    if (strcmp(name, "-V") == 0 || strcmp(name, "--version") == 0) {
        puts("silsila " SILSILA_VERSION);
        return EXIT_DONE;
    }
    if (strcmp(name, "-h") == 0 || strcmp(name, "--help") == 0) {
        print_usage(stdout);
        return EXIT_DONE;
    }
    if (argc > 1)
        fprintf(stderr, "silsila: no command %s\n", name);
    print_usage(stderr);
    return EXIT_USAGE;
}
