/* Policy: which version of which policy judges a lot (5-domain section 4, fine print 26).
 *
 * Policies in the facts are sorted by (id, valid_from, version); a version is valid until the next one's valid_from,
 * and of two with the same valid_from the later in that order rules.
 */
#ifndef COLDCHAIN_POLICY_H
#define COLDCHAIN_POLICY_H

#include "coldchain/facts.h"

/* The version that judges a lot alive over [alive_from, alive_to): the one valid at alive_from (its first custody
 * event; a part: its parent's), or the first if none was valid yet; but the latest with applies_to_stock that began
 * while the lot was alive, where there is one. NULL when the policy has no version. */
const struct policy *policy_for_life(const struct policy *policies, size_t count, const char *id, int64_t alive_from,
                                     int64_t alive_to);

/* Is it a rule about temperature (not a deadline)? */
static inline bool policy_rule_is_temperature(const struct policy_rule *rule)
{
    return rule->kind != RULE_DEADLINE;
}

#endif
