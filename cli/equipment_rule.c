#include "cli/equipment_rule.h"

#include <stdio.h>
#include <string.h>

#include "cli/number.h"
#include "coldchain/recording.h"

enum { VALUE_ROOM = 64 };

static const struct {
    const char *key, *op;
} operators[] = {
    {"above", ">"}, {"at-least", ">="}, {"below", "<"}, {"at-most", "<="}, {"outside", "outside"}};

static enum outcome read_limit(const char *value, const char *op, Silsila__V1__EquipmentRule *rule,
                               struct why *why)
{
    const char *dots = strcmp(op, "outside") == 0 ? strstr(value, "..") : NULL;
    if (strcmp(op, "outside") == 0 && !dots)
        return fail(why, REJECT, "outside is a band, A..B, not %s", value);
    size_t len = dots ? (size_t)(dots - value) : strlen(value);
    enum outcome outcome = celsius_read(bytes_of(value, len), &rule->limit_mc, why);
    if (outcome == DONE && dots)
        outcome = celsius_read(bytes_of(dots + 2, strlen(dots + 2)), &rule->limit_high_mc, why);
    if (outcome == DONE && dots && rule->limit_high_mc < rule->limit_mc)
        outcome = fail(why, REJECT, "the band %s ends before it begins", value);
    return outcome;
}

static enum outcome read_text(const char *value, char *into, size_t room, struct why *why)
{
    int used = snprintf(into, room, "%s", value);
    return used > 0 && (size_t)used < room ? DONE : fail(why, REJECT, "\"%s\" is empty or too long", value);
}

static enum outcome read_pair(const char *key, const char *value, struct equipment_rule_text *text,
                              Silsila__V1__EquipmentRule *rule, struct why *why)
{
    int64_t ms;
    int32_t mc;
    for (size_t i = 0; i < sizeof operators / sizeof operators[0]; i++) {
        if (strcmp(key, operators[i].key) != 0)
            continue;
        if (text->op[0])
            return fail(why, REJECT, "one threshold a rule");
        (void)snprintf(text->op, sizeof text->op, "%s", operators[i].op);
        return read_limit(value, operators[i].op, rule, why);
    }
    if (strcmp(key, "id") == 0)
        return read_text(value, text->id, sizeof text->id, why);
    if (strcmp(key, "tier") == 0)
        return read_text(value, text->tier, sizeof text->tier, why);
    if (strcmp(key, "role") == 0)
        return read_text(value, text->role, sizeof text->role, why);
    if (strcmp(key, "delay") == 0) {
        if (!duration_read(value, &ms) || ms > UINT32_MAX)
            return fail(why, REJECT, "a delay is like 90s, 10min or 2h, not %s", value);
        rule->delay_ms = (uint32_t)ms;
        return DONE;
    }
    if (strcmp(key, "hysteresis") == 0) {
        if (celsius_read(bytes_of(value, strlen(value)), &mc, why) != DONE || mc < 0)
            return fail(why, REJECT, "a hysteresis is a temperature from 0 on, not %s", value);
        rule->hysteresis_mc = (uint32_t)mc;
        return DONE;
    }
    return fail(why, REJECT, "a rule has no %s", key);
}

static enum outcome check_rule(struct equipment_rule_text *text, struct why *why)
{
    if (!text->id[0] || !text->op[0])
        return fail(why, REJECT, "a rule needs an id and a threshold");
    if (!text->tier[0])
        (void)snprintf(text->tier, sizeof text->tier, "alert");
    if (strcmp(text->tier, "alert") != 0 && strcmp(text->tier, "action") != 0)
        return fail(why, REJECT, "a tier is alert or action, not %s", text->tier);
    if (text->role[0] && strcmp(text->role, "product") != 0 && strcmp(text->role, "air") != 0)
        return fail(why, REJECT, "a role is product or air, not %s", text->role);
    return DONE;
}

enum outcome equipment_rule_read(const char *typed, struct equipment_rule_text *text,
                                 Silsila__V1__EquipmentRule *rule, struct why *why)
{
    *text = (struct equipment_rule_text){0};
    silsila__v1__equipment_rule__init(rule);
    while (*typed) {
        char pair[VALUE_ROOM];
        size_t len = strcspn(typed, ",");
        if (len >= sizeof pair)
            return fail(why, REJECT, "\"%.40s…\" is too long", typed);
        (void)snprintf(pair, sizeof pair, "%.*s", (int)len, typed);
        char *equals = strchr(pair, '=');
        if (!equals)
            return fail(why, REJECT, "\"%s\" is not key=value", pair);
        *equals = '\0';
        enum outcome outcome = read_pair(pair, equals + 1, text, rule, why);
        if (outcome != DONE)
            return outcome;
        typed += len + (typed[len] == ',');
    }
    rule->id = text->id;
    rule->op = text->op;
    rule->tier = text->tier;
    rule->role = text->role;
    return check_rule(text, why);
}
