/* against-oracle [--from SEED] [--count N] [--oracle COMMAND] [--keep FOLDER] [FILE...]: the core against the
 * independent implementation.
 *
 * Each scenario goes through the core here and through `COMMAND FILE` (default: python3 tests/oracle/fold.py), and the
 * outputs are compared byte for byte. What differs is shrunk and printed with its seed and both outputs; with --keep it
 * is also written to FOLDER/NNN.json. Exit 1 when anything differed.
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coldchain/scenario.h"
#include "common/cleanup.h"
#include "tests/helpers/scenario_make.h"
#include "tests/helpers/scenario_shrink.h"

struct comparison {
    const char *oracle;
    const char *keep;
    char scratch[64]; /* the file both read */
    uint64_t from;
    uint64_t count;
    size_t tries;
    int differing;
};

static void close_pipe(FILE **pipe)
{
    if (*pipe)
        (void)pclose(*pipe);
}

static bool read_stream(FILE *stream, struct buffer *out)
{
    enum { PIECE = 65536 };
    for (size_t len = 1; len > 0;) {
        uint8_t *room = buffer_reserve(out, PIECE);
        if (!room)
            return false;
        len = fread(room, 1, PIECE, stream);
        out->len += len;
    }
    return true;
}

static bool write_file(const char *path, struct bytes text)
{
    FILE *file = fopen(path, "wb");
    bool written = file && fwrite(text.data, 1, text.len, file) == text.len;
    return file && fclose(file) == 0 && written;
}

/* What the oracle prints; empty when it refuses the file or fails. */
static void ask_oracle(const struct comparison *comparison, struct bytes scenario, struct buffer *out)
{
    char command[512];
    snprintf(command, sizeof command, "%s %s 2>/dev/null", comparison->oracle, comparison->scratch);
    if (!write_file(comparison->scratch, scenario))
        return;
    scoped_by(close_pipe) FILE *pipe = popen(command, "r");
    if (pipe)
        (void)read_stream(pipe, out);
}

static void ask_core(struct bytes scenario, struct buffer *out)
{
    struct why why;
    if (scenario_fold(scenario, NULL, out, &why) != DONE)
        buffer_reset(out);
}

static bool differs(void *context, struct bytes scenario)
{
    scoped_by(buffer_free) struct buffer core = {0};
    scoped_by(buffer_free) struct buffer oracle = {0};
    ask_core(scenario, &core);
    if (core.len == 0)
        return false; /* a shrunken file that is refused proves nothing */
    ask_oracle(context, scenario, &oracle);
    return !bytes_equal(buffer_view(&core), buffer_view(&oracle));
}

static void report(struct comparison *comparison, uint64_t seed, struct bytes found)
{
    scoped_by(buffer_free) struct buffer scenario = {0};
    scoped_by(buffer_free) struct buffer core = {0};
    scoped_by(buffer_free) struct buffer oracle = {0};
    buffer_add(&scenario, found.data, found.len);
    scenario_shrink(&scenario, differs, comparison, comparison->tries);
    ask_core(buffer_view(&scenario), &core);
    ask_oracle(comparison, buffer_view(&scenario), &oracle);
    printf("seed %" PRIu64 " differs; shrunk:\n%.*s\ncore:   %.*soracle: %.*s\n", seed, (int)scenario.len,
           (const char *)scenario.data, (int)core.len, (const char *)core.data, (int)oracle.len,
           oracle.len ? (const char *)oracle.data : "(refused)\n");
    fflush(stdout);
    comparison->differing++;
    if (!comparison->keep)
        return;
    char path[512];
    snprintf(path, sizeof path, "%s/%" PRIu64 ".json", comparison->keep, seed);
    (void)write_file(path, buffer_view(&scenario));
}

static void compare_seeds(struct comparison *comparison)
{
    for (uint64_t seed = comparison->from; seed < comparison->from + comparison->count; seed++) {
        scoped_by(buffer_free) struct buffer scenario = {0};
        scenario_make(seed, &scenario);
        if (differs(comparison, buffer_view(&scenario)))
            report(comparison, seed, buffer_view(&scenario));
    }
}

static void compare_file(struct comparison *comparison, const char *path)
{
    scoped_by(buffer_free) struct buffer scenario = {0};
    FILE *file = fopen(path, "rb");
    if (!file || !read_stream(file, &scenario))
        printf("%s: cannot be read\n", path);
    else if (differs(comparison, buffer_view(&scenario)))
        report(comparison, 0, buffer_view(&scenario));
    if (file)
        (void)fclose(file);
}

static bool read_options(int argc, char **argv, struct comparison *comparison)
{
    static const struct option options[] = {{"from", required_argument, NULL, 'f'},
                                            {"count", required_argument, NULL, 'n'},
                                            {"oracle", required_argument, NULL, 'o'},
                                            {"keep", required_argument, NULL, 'k'},
                                            {"tries", required_argument, NULL, 't'},
                                            {0}};
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        switch (option) {
        case 'f': comparison->from = strtoull(optarg, NULL, 0); break;
        case 'n': comparison->count = strtoull(optarg, NULL, 0); break;
        case 'o': comparison->oracle = optarg; break;
        case 'k': comparison->keep = optarg; break;
        case 't': comparison->tries = strtoull(optarg, NULL, 0); break;
        default: return false;
        }
    }
    return true;
}

int main(int argc, char **argv)
{
    struct comparison comparison = {
        .oracle = "python3 tests/oracle/fold.py", .scratch = "/tmp/against-oracle.XXXXXX", .count = 100, .tries = 400};
    if (!read_options(argc, argv, &comparison))
        return 2;
    int fd = mkstemp(comparison.scratch);
    if (fd < 0) {
        perror(comparison.scratch);
        return 2;
    }
    (void)close(fd);
    for (int i = optind; i < argc; i++)
        compare_file(&comparison, argv[i]);
    if (optind == argc) {
        printf("seeds %" PRIu64 " to %" PRIu64 "\n", comparison.from, comparison.from + comparison.count - 1);
        compare_seeds(&comparison);
    }
    (void)unlink(comparison.scratch);
    printf("%d differing\n", comparison.differing);
    return comparison.differing ? 1 : 0;
}
