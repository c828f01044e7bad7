/* stress FROM COUNT: folds the scenarios of seeds FROM … FROM + COUNT - 1; for sanitizers and profilers. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "coldchain/scenario.h"
#include "common/cleanup.h"
#include "tests/helpers/scenario_make.h"

int main(int argc, char **argv)
{
    uint64_t from = argc > 1 ? strtoull(argv[1], NULL, 0) : 0;
    uint64_t count = argc > 2 ? strtoull(argv[2], NULL, 0) : 1000;
    int refused = 0;
    for (uint64_t seed = from; seed < from + count; seed++) {
        scoped_by(buffer_free) struct buffer scenario = {0};
        scoped_by(buffer_free) struct buffer result = {0};
        struct why why = {0};
        scenario_make(seed, &scenario);
        if (scenario_fold(buffer_view(&scenario), NULL, &result, &why) == DONE)
            continue;
        printf("seed %" PRIu64 ": %s\n", seed, why.text);
        refused++;
    }
    printf("%" PRIu64 " folded, %d refused\n", count, refused);
    return refused ? 1 : 0;
}
