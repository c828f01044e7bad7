/* Properties of what the readings say: each changes the readings of a scenario in one direction and looks at the
 * verdicts of all its lots.
 *
 * Both work on a plainer scenario than the one made, so that there is something to change: readings without a clock
 * are left out, and so is each policy rule that leaves no temperature inside together with the others (a band of a
 * refrigerator beside the limit of a freezer). */
#ifndef TESTS_PROPERTY_READINGS_H
#define TESTS_PROPERTY_READINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/bytes.h"

/* As `broken` of struct property. A lot counts as changed when the unknown time of one of its rules moved. */
bool unknown_time_improves(struct bytes scenario, uint64_t seed, size_t *changed);
bool good_readings_worsen(struct bytes scenario, uint64_t seed, size_t *changed);

#endif
