/* Shrinking: the smallest scenario that still fails.
 *
 * Works on the JSON tree, knowing nothing of scenarios: elements of lists, and keys of the outermost object, are taken
 * away, many at once and then one by one, as long as the scenario still fails; what the reader refuses does not fail.
 */
#ifndef TESTS_HELPERS_SCENARIO_SHRINK_H
#define TESTS_HELPERS_SCENARIO_SHRINK_H

#include <stdbool.h>

#include "common/bytes.h"

/* True when the scenario still shows the failure. */
typedef bool (*scenario_fails)(void *context, struct bytes scenario);

/* Replaces `scenario` by a smaller one that still fails; at most `tries` are asked about. */
void scenario_shrink(struct buffer *scenario, scenario_fails fails, void *context, size_t tries);

#endif
