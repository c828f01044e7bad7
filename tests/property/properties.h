/* What must hold of every scenario: each property says whether a scenario breaks it. */
#ifndef TESTS_PROPERTY_PROPERTIES_H
#define TESTS_PROPERTY_PROPERTIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/bytes.h"

struct property {
    const char *name;
    /* True when the scenario shows that the property does not hold. `seed` feeds whatever is random in the trial, so
     * that a failing one fails again. A scenario that is refused breaks nothing. `changed` grows by what the trial
     * really changed (lots whose facts moved; scenarios otherwise): a property that never changes anything holds of
     * nothing. */
    bool (*broken)(struct bytes scenario, uint64_t seed, size_t *changed);
};

enum { PROPERTIES = 4 };
const struct property *properties(void);

#endif
