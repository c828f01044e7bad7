#include "cli/equipment_profile.h"

#include <string.h>

#include "cli/say.h"

static const char *op_word(enum threshold_op op)
{
    switch (op) {
    case OP_ABOVE:
        return ">";
    case OP_AT_LEAST:
        return ">=";
    case OP_BELOW:
        return "<";
    case OP_AT_MOST:
        return "<=";
    case OP_OUTSIDE:
        return "outside";
    }
    return "";
}

static const char *role_word(enum probe_role role)
{
    return role == ROLE_PRODUCT ? "product" : role == ROLE_AIR ? "air" : "";
}

static enum outcome fill(const struct equipment_rule *from, Silsila__V1__EquipmentRule *to, struct why *why)
{
    const struct threshold *threshold = &from->threshold;
    bool low = threshold->op == OP_BELOW || threshold->op == OP_AT_MOST || threshold->op == OP_OUTSIDE;
    if (from->delay_ms < 0 || from->delay_ms > UINT32_MAX || from->hysteresis_mc < 0 ||
        from->hysteresis_mc > INT32_MAX)
        return fail(why, REJECT, "rule %s has a delay or hysteresis that an equipment cannot have", from->id);
    silsila__v1__equipment_rule__init(to);
    to->id = wire_text(from->id);
    to->op = wire_text(op_word(threshold->op));
    to->limit_mc = (int32_t)(low ? threshold->low_mc : threshold->high_mc);
    to->limit_high_mc = threshold->op == OP_OUTSIDE ? (int32_t)threshold->high_mc : 0;
    to->delay_ms = (uint32_t)from->delay_ms;
    to->hysteresis_mc = (uint32_t)from->hysteresis_mc;
    to->tier = wire_text(from->tier == TIER_ACTION ? "action" : "alert");
    to->role = wire_text(role_word(from->role));
    return DONE;
}

static const struct profile_entry *find(const struct policy_file *file, const char *id)
{
    for (size_t i = 0; i < file->profile_count; i++) {
        if (id ? strcmp(file->profiles[i].id, id) == 0 : file->profile_count == 1)
            return &file->profiles[i];
    }
    return NULL;
}

enum outcome equipment_profile_rules(const struct policy_file *file, const char *id,
                                     Silsila__V1__EquipmentRule *rules, size_t room, size_t *count,
                                     struct why *why)
{
    const struct profile_entry *profile = find(file, id);
    enum outcome outcome = DONE;
    if (!profile)
        return fail(why, REJECT, "of %zu profiles in the file, none is %s", file->profile_count,
                    id ? id : "the only one; say FILE#ID");
    if (profile->rule_count > room)
        return fail(why, REJECT, "profile %s has %zu rules, at most %zu are taken", profile->id,
                    profile->rule_count, room);
    for (*count = 0; outcome == DONE && *count < profile->rule_count; ++*count)
        outcome = fill(&profile->rules[*count], &rules[*count], why);
    return outcome;
}
