/* scenario-make SEED: prints the scenario of that seed. */
#include <stdio.h>
#include <stdlib.h>

#include "common/cleanup.h"
#include "tests/helpers/scenario_make.h"

int main(int argc, char **argv)
{
    scoped_by(buffer_free) struct buffer scenario = {0};
    if (argc != 2) {
        fputs("usage: scenario-make SEED\n", stderr);
        return 2;
    }
    scenario_make(strtoull(argv[1], NULL, 0), &scenario);
    buffer_add_byte(&scenario, '\n');
    return scenario.failed || fwrite(scenario.data, 1, scenario.len, stdout) != scenario.len;
}
