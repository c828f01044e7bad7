/* Verdict: from a policy's exposures to one word and the rule that decided (5-domain section 4, fine print 24 to 27).
 *
 * A verdict never releases a lot: a person does.
 */
#ifndef COLDCHAIN_VERDICT_H
#define COLDCHAIN_VERDICT_H

#include "coldchain/results.h"

/* What the verdict looks at, beside the policy. */
struct verdict_grounds {
    const struct exposure *exposures; /* one per rule of the policy, in its order */
    const bool *unknown_would_breach; /* the same order */
    int64_t unknown_ms; /* within the bounds of at least one temperature rule */
    int64_t pending_ms;
    bool attested;
    int64_t attested_until;
};

struct verdict verdict_decide(const struct policy *policy, const struct verdict_grounds *grounds);

/* The pool's verdict made worse by a member's, in the order the members are given; of equals the earlier stays. */
void verdict_join_member(struct verdict *pool, const struct verdict *member, int32_t lot);

#endif
