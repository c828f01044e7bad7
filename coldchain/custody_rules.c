/* What a policy and a calendar say of a lot: tests, holds, expiry. */
#include <string.h>

#include "coldchain/calendar.h"
#include "coldchain/custody_private.h"
#include "coldchain/identifier.h"
#include "coldchain/policy.h"

/* As of `at`: a version that applies to stock counts from its valid_from on, never for what was decided before. */
const struct policy *custody_policy(const struct custody *c, const struct lot_state *lot, int64_t at)
{
    const char *id = lot->product == NONE ? NULL : c->facts->products[lot->product].policy;
    return id ? policy_for_life(c->facts->policies, c->facts->policy_count, id, lot->first_at, at + 1) : NULL;
}

static int32_t find_text(const char *const *texts, size_t count, const char *text)
{
    size_t low = 0;
    size_t high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(texts[middle], text);
        if (order == 0)
            return (int32_t)middle;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NONE;
}

int32_t custody_donation(const struct custody *c, const char *donation)
{
    return find_text(c->donations, c->donation_count, donation);
}

int32_t custody_donation_of_id(const struct custody *c, const char *lot_id)
{
    char din[DIN_LENGTH + 1];
    return custody_donation(c, identifier_din_of(lot_id, din) ? din : lot_id);
}

int32_t custody_answer_index(const struct custody *c, int32_t donation, const char *analysis)
{
    int32_t column = find_text(c->analyses, c->analysis_count, analysis);
    return column == NONE ? NONE : donation * (int32_t)c->analysis_count + column;
}

/* Every test the product requires, negative; an invalid result counts as missing. */
static bool is_tested(const struct custody *c, const struct lot_state *lot, const struct policy *policy)
{
    for (size_t i = 0; policy && i < policy->required_test_count; i++) {
        int32_t answer = lot->donation == NONE
                             ? NONE
                             : custody_answer_index(c, lot->donation, policy->required_tests[i]);
        if (answer == NONE || c->answers[answer] != TEST_NEGATIVE)
            return false;
    }
    return true;
}

/* The hold ends at the local midnight `inventory_hold_days` after the collection day. */
static bool is_in_inventory_hold(const struct custody *c, const struct lot_state *lot, const struct policy *policy,
                                 int64_t at)
{
    if (!policy || policy->inventory_hold_days == 0 || lot->collected_at == TIME_NONE)
        return false;
    const struct facts *facts = c->facts;
    int64_t day = calendar_local_day(facts->zone, facts->zone_count, lot->collected_at);
    return at < calendar_midnight(facts->zone, facts->zone_count, day + policy->inventory_hold_days);
}

static int64_t expiry_of(const struct custody *c, const struct lot_state *lot)
{
    const struct facts *facts = c->facts;
    if (lot->expires != TIME_NONE) {
        int64_t stated = calendar_local_day(facts->zone, facts->zone_count, lot->expires);
        return calendar_midnight(facts->zone, facts->zone_count, stated + 1);
    }
    const struct product *product = lot->product == NONE ? NULL : &facts->products[lot->product];
    if (!product || lot->collected_at == TIME_NONE)
        return TIME_NONE;
    int64_t day = calendar_local_day(facts->zone, facts->zone_count, lot->collected_at);
    if (product->shelf_life_days != NONE)
        day += product->shelf_life_days;
    else if (product->shelf_life_months != NONE)
        day = calendar_add_months(day, product->shelf_life_months);
    else
        return TIME_NONE;
    return calendar_midnight(facts->zone, facts->zone_count, day + 1);
}

int64_t custody_expiry(const struct custody *c, int32_t lot)
{
    return expiry_of(c, &c->lots[lot]);
}

unsigned custody_held(const struct custody *c, int32_t index, int64_t at)
{
    const struct lot_state *lot = &c->lots[index];
    const struct policy *policy = custody_policy(c, lot, at);
    int64_t expiry = expiry_of(c, lot);
    unsigned why = 0;
    if (lot->on_hold)
        why |= HELD_ON_HOLD;
    if (lot->recalled)
        why |= HELD_RECALLED;
    if (lot->stock == STATE_REJECTED)
        why |= HELD_REJECTED;
    if (!is_tested(c, lot, policy))
        why |= HELD_UNTESTED;
    if (expiry != TIME_NONE && at >= expiry)
        why |= HELD_EXPIRED;
    if (is_in_inventory_hold(c, lot, policy, at))
        why |= HELD_INVENTORY_HOLD;
    return why;
}
