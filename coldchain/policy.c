#include "coldchain/policy.h"

#include <string.h>

const struct policy *policy_for_life(const struct policy *policies, size_t count, const char *id, int64_t alive_from,
                                     int64_t alive_to)
{
    const struct policy *chosen = NULL;
    for (size_t i = 0; i < count; i++) {
        const struct policy *version = &policies[i];
        if (strcmp(version->id, id) != 0)
            continue;
        bool was_valid = version->valid_from <= alive_from;
        bool took_over = version->applies_to_stock && version->valid_from < alive_to;
        if (!chosen || was_valid || took_over)
            chosen = version;
    }
    return chosen;
}
