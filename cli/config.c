#include "cli/config.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/home.h"

enum wish { WISH_NONE, WISH_CHECK, WISH_DUMP, WISH_EXAMPLE };

static enum wish wish_of(const char *word)
{
    if (strcmp(word, "-t") == 0 || strcmp(word, "--check-config") == 0)
        return WISH_CHECK;
    if (strcmp(word, "-T") == 0 || strcmp(word, "--dump-config") == 0)
        return WISH_DUMP;
    if (strcmp(word, "-E") == 0 || strcmp(word, "--example-config") == 0)
        return WISH_EXAMPLE;
    return WISH_NONE;
}

static int complain(const char *what)
{
    fprintf(stderr, "silsila: %s\n", what);
    return EXIT_USAGE;
}

static int answer(enum wish wish, const char *file)
{
    struct home home = {0};
    char path[PATH_MAX];
    struct why why = {""};
    if (!file) {
        if (home_find(NULL, home.path, &why) != DONE)
            return complain(why.text);
        home_file(&home, "silsila.conf", path);
        file = path;
    }
    if (conf_load(home_conf_table(), file, &home.settings, &why) != DONE) {
        fprintf(stderr, "%s\n", why.text);
        return EXIT_CONFIG;
    }
    if (wish == WISH_DUMP)
        conf_dump(home_conf_table(), &home.settings, stdout);
    else
        printf("%s: good\n", file);
    conf_free(home_conf_table(), &home.settings);
    return EXIT_DONE;
}

int config_options(int argc, char **argv)
{
    enum wish wish = WISH_NONE;
    const char *file = NULL;
    if (argc < 2 || argv[1][0] != '-')
        return -1;
    for (int i = 1; i < argc; i++) {
        enum wish asked = wish_of(argv[i]);
        if (asked != WISH_NONE)
            wish = asked;
        else if ((strcmp(argv[i], "-c") == 0 || strcmp(argv[i], "--config") == 0) && i + 1 < argc)
            file = argv[++i];
        else if (strncmp(argv[i], "--config=", 9) == 0)
            file = argv[i] + 9;
        else
            return file || wish != WISH_NONE ? complain("what else is there to say with -c?") : -1;
    }
    if (wish == WISH_NONE)
        return complain("-c FILE goes with -t or -T; commands take --home DIR");
    if (wish == WISH_EXAMPLE) {
        conf_example(home_conf_table(), stdout);
        return EXIT_DONE;
    }
    return answer(wish, file);
}
