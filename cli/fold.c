/* silsila fold --file SCENARIO: the pure core on one file, no database. A scenario's `csv` files are looked for beside
 * it. On an error: one line on standard error, nothing on standard output, exit 1. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "coldchain/scenario.h"
#include "common/cleanup.h"

static void close_file(FILE **file)
{
    if (*file)
        (void)fclose(*file);
}

static enum outcome read_whole(const char *path, struct buffer *text, struct why *why)
{
    scoped_by(close_file) FILE *file = fopen(path, "rb");
    if (!file)
        return fail(why, RETRY, "%s", strerror(errno));
    for (;;) {
        enum { PIECE = 65536 };
        uint8_t *room = buffer_reserve(text, PIECE);
        if (!room)
            return fail(why, RETRY, "out of memory");
        size_t len = fread(room, 1, PIECE, file);
        text->len += len;
        if (len < PIECE)
            return ferror(file) ? fail(why, RETRY, "%s", strerror(errno)) : DONE;
    }
}

/* Reads `name` from the folder of the scenario file, which is the context. */
static enum outcome read_beside(void *context, const char *name, struct arena *arena, struct bytes *text,
                                struct why *why)
{
    const char *scenario = context;
    const char *slash = strrchr(scenario, '/');
    int folder = slash && name[0] != '/' ? (int)(slash - scenario) + 1 : 0;
    scoped_by(buffer_free) struct buffer path = {0};
    scoped_by(buffer_free) struct buffer content = {0};
    buffer_printf(&path, "%.*s%s", folder, scenario, name);
    buffer_add_byte(&path, 0);
    if (path.failed)
        return fail(why, RETRY, "out of memory");
    enum outcome outcome = read_whole((const char *)path.data, &content, why);
    if (outcome != DONE)
        return fail_within(why, outcome, "%s", name);
    void *copy = arena_copy(arena, content.data, content.len, 1);
    *text = bytes_of(copy, content.len);
    return copy ? DONE : fail(why, RETRY, "out of memory");
}

static int fold_file(char *path)
{
    scoped_by(buffer_free) struct buffer text = {0};
    scoped_by(buffer_free) struct buffer out = {0};
    struct why why = {0};
    enum outcome outcome = read_whole(path, &text, &why);
    struct scenario_files files = {read_beside, path};
    if (outcome == DONE)
        outcome = scenario_fold(buffer_view(&text), &files, &out, &why);
    if (outcome != DONE) {
        fprintf(stderr, "%s: %s\n", path, why.text);
        return EXIT_FAILED;
    }
    if (fwrite(out.data, 1, out.len, stdout) != out.len || fflush(stdout) != 0) {
        fprintf(stderr, "silsila fold: standard output: %s\n", strerror(errno));
        return EXIT_FAILED;
    }
    return EXIT_DONE;
}

int command_fold(int argc, char **argv)
{
    static const struct option options[] = {{"file", required_argument, NULL, 'f'}, {0}};
    char *path = NULL;
    for (int option; (option = getopt_long(argc, argv, "f:", options, NULL)) != -1;) {
        if (option != 'f')
            return EXIT_USAGE;
        path = optarg;
    }
    if (!path || optind < argc) {
        fputs("usage: silsila fold --file SCENARIO\n", stderr);
        return EXIT_USAGE;
    }
    return fold_file(path);
}
