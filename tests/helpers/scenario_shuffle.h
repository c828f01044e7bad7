/* Shuffling: the same scenario said in another order, some of it twice.
 *
 * Every list that is a set is shuffled and some of its elements repeated; pairs, bands and rules keep their order.
 */
#ifndef TESTS_HELPERS_SCENARIO_SHUFFLE_H
#define TESTS_HELPERS_SCENARIO_SHUFFLE_H

#include "common/bytes.h"
#include "tests/helpers/chance.h"

/* Appends the shuffled scenario to `out`. */
void scenario_shuffle(struct bytes scenario, struct chance *chance, struct buffer *out);

#endif
