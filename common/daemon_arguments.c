#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/daemon.h"

enum { EXIT_USAGE = 2, EXIT_CONFIG = 78 };

static const struct option long_options[] = {
    {"config", required_argument, NULL, 'c'}, {"check-config", no_argument, NULL, 't'},
    {"dump-config", no_argument, NULL, 'T'},  {"version", no_argument, NULL, 'V'},
    {"help", no_argument, NULL, 'h'},         {NULL, 0, NULL, 0},
};

static void write_help(const struct daemon_about *about, FILE *to)
{
    (void)fprintf(to,
                  "%s: %s\n\nusage: %s [options]%s%s\n"
                  "  -c, --config FILE    settings (default %s)\n"
                  "  -t, --check-config   read the settings, say what is wrong, and end\n"
                  "  -T, --dump-config    print the settings in force (secrets masked) and end\n"
                  "  -V, --version        print the version and end\n"
                  "  -h, --help           print this and end\n"
                  "ends with 0 done, 1 failed, 2 usage, 78 bad configuration\n",
                  about->program, about->purpose, about->program, about->words ? " " : "",
                  about->words ? about->words : "", about->default_config);
}

struct wishes {
    const char *config;
    bool check, dump;
};

/* DAEMON_EXIT with *code when everything is said. */
static enum daemon_next read_options(const struct daemon_about *about, int argc, char **argv, struct wishes *wishes,
                                     int *code)
{
    int option;
    optind = 1;
    while ((option = getopt_long(argc, argv, "+c:tTVh", long_options, NULL)) != -1) {
        switch (option) {
        case 'c':
            wishes->config = optarg;
            break;
        case 't':
            wishes->check = true;
            break;
        case 'T':
            wishes->dump = true;
            break;
        case 'V':
            (void)printf("%s %s\n", about->program, SILSILA_VERSION);
            *code = EXIT_SUCCESS;
            return DAEMON_EXIT;
        case 'h':
            write_help(about, stdout);
            *code = EXIT_SUCCESS;
            return DAEMON_EXIT;
        default:
            (void)fprintf(stderr, "try %s --help\n", about->program);
            *code = EXIT_USAGE;
            return DAEMON_EXIT;
        }
    }
    if (optind < argc && !about->words) {
        (void)fprintf(stderr, "%s: \"%s\" is not understood; try --help\n", about->program, argv[optind]);
        *code = EXIT_USAGE;
        return DAEMON_EXIT;
    }
    return DAEMON_GO_ON;
}

enum daemon_next daemon_arguments(const struct daemon_about *about, int argc, char **argv, void *settings,
                                  const char **config_path, int *code)
{
    struct wishes wishes = {.config = about->default_config};
    struct why why = {""};
    if (read_options(about, argc, argv, &wishes, code) == DAEMON_EXIT)
        return DAEMON_EXIT;
    *config_path = wishes.config;
    if (conf_load(about->table, wishes.config, settings, &why) != DONE) {
        (void)fprintf(stderr, "%s\n", why.text);
        *code = EXIT_CONFIG;
        return DAEMON_EXIT;
    }
    if (about->check && about->check(settings, &why) != DONE) {
        (void)fprintf(stderr, "%s: %s\n", wishes.config, why.text);
        conf_free(about->table, settings);
        *code = EXIT_CONFIG;
        return DAEMON_EXIT;
    }
    if (!wishes.check && !wishes.dump)
        return DAEMON_GO_ON;
    if (wishes.dump)
        conf_dump(about->table, settings, stdout);
    else
        (void)printf("%s: good\n", wishes.config);
    conf_free(about->table, settings);
    *code = fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
    return DAEMON_EXIT;
}
