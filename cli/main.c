/* silsila: the command people type. This file only finds the sub-command; each one lives in its own. */
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/config.h"

/* Sorted by name; a command may have two words. Those with a `usage` have their --help answered here, the others by their
 * own table of arguments (cli/arguments.h). */
static const struct command commands[] = {
    {"calibrate", NULL, "record a probe's calibration", command_calibrate},
    {"digest", NULL, "one SHA-256 over the derived tables", command_digest},
    {"equipment add", NULL, "add equipment, or change what is known of it", command_equipment_add},
    {"fold", "--file SCENARIO", "run the core on a scenario file and print the canonical result", command_fold},
    {"gateway csr", NULL, "make a gateway's keys and its request for enrolment", command_gateway_csr},
    {"gateway enrol", NULL, "certify a gateway, desk or bridge and register its record key", command_gateway_enrol},
    {"gateway import", NULL, "take a bundle in on the gateway", command_gateway_import},
    {"gateway swap", NULL, "put one gateway in another's place", command_gateway_swap},
    {"init", NULL, "make the authority key, the ledger's origin, and certified keys", command_init},
    {"key revoke", NULL, "stop trusting a key beyond a position of its owner's chain", command_key_revoke},
    {"key rotate", NULL, "make and certify a new server or admin key", command_key_rotate},
    {"migrate", "[--database CONNINFO] [--json]", "bring the database to this program's schema", command_migrate},
    {"person add", NULL, "add a person, or change what they may do", command_person_add},
    {"policy list", NULL, "list the policies that were loaded", command_policy_list},
    {"policy load", NULL, "load the policies of a file", command_policy_load},
    {"policy show", NULL, "print a policy's file as it was loaded", command_policy_show},
    {"probe place", NULL, "say which equipment a probe measures, and from when on", command_probe_place},
    {"product add", NULL, "add a product, or change what is known of it", command_product_add},
    {"rebuild", NULL, "fold the whole ledger again, or check that it would change nothing", command_rebuild},
    {"replay", NULL, "feed recorded temperatures as a gateway would have sent them", command_replay},
    {"site add", NULL, "add a site, or change what is known of it", command_site_add},
    {"status", NULL, "what a person should look at: silent, out of range, missing, disputed, …", command_status},
};

enum { COMMAND_COUNT = sizeof commands / sizeof *commands };

static void print_usage(FILE *out)
{
    fputs("usage: silsila COMMAND [ARGUMENT]...\n\n", out);
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        fprintf(out, "  %-15s %s\n", commands[i].name, commands[i].summary);
    fputs("\n  -t [-c FILE]    check silsila.conf     -T  print what is in force     -E  print a commented example\n", out);
    fputs("\nsilsila COMMAND --help shows a command's arguments.\n", out);
}

/* `words` is 1 or 2: how many of argv the name took. */
static const struct command *find_command(int argc, char **argv, int *words)
{
    char two[64];
    for (*words = argc > 2 ? 2 : 1; *words > 0 && argc > 1; --*words) {
        (void)snprintf(two, sizeof two, *words == 2 ? "%s %s" : "%s", argv[1], argc > 2 ? argv[2] : "");
        for (size_t i = 0; i < COMMAND_COUNT; i++)
            if (strcmp(commands[i].name, two) == 0)
                return &commands[i];
    }
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
    int words;
    const struct command *command = find_command(argc, argv, &words);
    if (command && command->usage && asks_for_help(argc - words, argv + words)) {
        printf("usage: silsila %s %s\n\n%s\n", command->name, command->usage, command->summary);
        return EXIT_DONE;
    }
    int status = config_options(argc, argv);
    if (status >= 0)
        return status;
    if (command)
        return command->run(argc - words, argv + words);
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
