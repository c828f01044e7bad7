/* Random scenarios: realistic lives of lots over equipment, and the ways in which they go wrong.
 *
 * Freezers, boxes and vans with one to three probes; temperatures that drift, defrost and fail; probes that fall silent,
 * fault, move and are calibrated; clocks that were not synchronised; bags that are collected, frozen, stored, packed,
 * shipped, received, tested, released, split, pooled and issued, mostly as they should be; scans that are missing,
 * repeated, contradicted, late or corrected; policies with versions that come late. Times lie on a grid of minutes more
 * often than not, so that limits are met exactly.
 *
 * The same seed makes the same bytes in one build (compilers differ in the order of arguments).
 */
#ifndef TESTS_HELPERS_SCENARIO_MAKE_H
#define TESTS_HELPERS_SCENARIO_MAKE_H

#include <stdint.h>

#include "common/bytes.h"

/* Appends one scenario as JSON, without a line end. */
void scenario_make(uint64_t seed, struct buffer *out);

#endif
