/* properties [FROM [COUNT]]: holds every property against the scenarios of COUNT seeds; prints the shrunken scenario of
 * the first seed that breaks one. Exit 1 when any is broken; 99, an error even where a failure is expected, when one held
 * only because no trial changed anything. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/cleanup.h"
#include "tests/helpers/scenario_make.h"
#include "tests/helpers/scenario_shrink.h"
#include "tests/property/properties.h"

struct trial {
    const struct property *property;
    uint64_t seed;
};

static bool still_broken(void *context, struct bytes scenario)
{
    const struct trial *trial = context;
    size_t changed = 0;
    return trial->property->broken(scenario, trial->seed, &changed);
}

enum answer { HELD, BROKEN, IDLE };

static enum answer hold(const struct property *property, uint64_t from, uint64_t count)
{
    enum { SHRINK_TRIES = 3000 };
    size_t changed = 0;
    for (uint64_t seed = from; seed < from + count; seed++) {
        scoped_by(buffer_free) struct buffer scenario = {0};
        scenario_make(seed, &scenario);
        if (!property->broken(buffer_view(&scenario), seed, &changed))
            continue;
        struct trial trial = {property, seed};
        scenario_shrink(&scenario, still_broken, &trial, SHRINK_TRIES);
        printf("BROKEN: %s, seed %" PRIu64 "; shrunk:\n%.*s\n", property->name, seed, (int)scenario.len,
               (const char *)scenario.data);
        return BROKEN;
    }
    printf("%s: %s, %" PRIu64 " scenarios from seed %" PRIu64 ", %zu changed\n", changed ? "held" : "NOTHING CHANGED",
           property->name, count, from, changed);
    return changed ? HELD : IDLE;
}

int main(int argc, char **argv)
{
    uint64_t from = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
    uint64_t count = argc > 2 ? strtoull(argv[2], NULL, 0) : 500;
    enum { EXIT_BROKEN = 1, EXIT_IDLE = 99 };
    int answers[] = {[HELD] = 0, [BROKEN] = 0, [IDLE] = 0};
    for (size_t i = 0; i < PROPERTIES; i++)
        answers[hold(&properties()[i], from, count)]++;
    if (answers[IDLE])
        return EXIT_IDLE;
    return answers[BROKEN] ? EXIT_BROKEN : 0;
}
