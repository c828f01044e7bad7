#include "coldchain/verdict.h"

static size_t first_breached(const struct policy *policy, const struct verdict_grounds *grounds)
{
    size_t i = 0;
    while (i < policy->rule_count && !grounds->exposures[i].breached)
        i++;
    return i;
}

static size_t first_that_unknown_would_breach(const struct policy *policy, const struct verdict_grounds *grounds)
{
    size_t i = 0;
    while (i < policy->rule_count && !grounds->unknown_would_breach[i])
        i++;
    return i;
}

static bool is_temperature(const struct policy_rule *rule)
{
    return rule->kind != RULE_DEADLINE;
}

/* a / b is larger than c / d, exactly: whole parts first, then the same of the turned-over rests, as in Euclid's way.
 * (The products need more than 64 bits, which armhf does not have.) Nothing is negative, b and d are not 0. */
static bool larger_fraction(int64_t a, int64_t b, int64_t c, int64_t d)
{
    for (;;) {
        if (a / b != c / d)
            return a / b > c / d;
        int64_t rest_a = a % b;
        int64_t rest_c = c % d;
        if (rest_a == 0 || rest_c == 0)
            return rest_a > 0;
        /* rest_a / b > rest_c / d exactly when d / rest_c > b / rest_a. */
        a = d;
        c = b;
        b = rest_c;
        d = rest_a;
    }
}

/* used / allowed of a is larger than b's; both allow something. */
static bool used_more_of_it(const struct exposure *a, const struct exposure *b)
{
    return larger_fraction(a->used, a->allowed, b->used, b->allowed);
}

static bool anything_used(const struct policy *policy, const struct verdict_grounds *grounds)
{
    for (size_t i = 0; i < policy->rule_count; i++)
        if (is_temperature(&policy->rules[i]) && grounds->exposures[i].used > 0)
            return true;
    return false;
}

/* Nothing is breached, so whatever used something also allowed something: the rules that allow nothing fall out. */
static const char *most_used(const struct policy *policy, const struct verdict_grounds *grounds)
{
    const struct exposure *most = NULL;
    for (size_t i = 0; i < policy->rule_count; i++) {
        const struct exposure *one = &grounds->exposures[i];
        if (is_temperature(&policy->rules[i]) && one->allowed > 0 && (!most || used_more_of_it(one, most)))
            most = one;
    }
    return most ? most->rule->id : NULL;
}

struct verdict verdict_decide(const struct policy *policy, const struct verdict_grounds *grounds)
{
    struct verdict out = {
        .given = true,
        .policy = policy,
        .unknown_ms = grounds->unknown_ms,
        .pending_ms = grounds->pending_ms,
        .member = NONE,
        .attested_until = grounds->attested ? grounds->attested_until : TIME_NONE,
        .breached_at = TIME_NONE,
    };
    size_t breached = first_breached(policy, grounds);
    size_t doubtful = first_that_unknown_would_breach(policy, grounds);
    if (breached < policy->rule_count) {
        out.word = VERDICT_BREACHED;
        out.rule = policy->rules[breached].id;
        out.breached_at = grounds->exposures[breached].breached_at;
    } else if (grounds->unknown_ms > policy->max_unknown_ms) {
        out.word = VERDICT_UNPROVEN;
        out.rule = "max_unknown";
    } else if (doubtful < policy->rule_count) {
        out.word = VERDICT_UNPROVEN;
        out.rule = policy->rules[doubtful].id;
    } else if (grounds->attested || anything_used(policy, grounds)) {
        out.word = VERDICT_WITHIN;
        out.rule = most_used(policy, grounds);
    }
    return out;
}

void verdict_join_member(struct verdict *pool, const struct verdict *member, int32_t lot)
{
    if (!member->given || (pool->given && member->word <= pool->word))
        return;
    pool->given = true;
    pool->word = member->word;
    pool->rule = member->rule;
    pool->member = lot;
    pool->breached_at = member->breached_at;
}
