/* silsila equipment add: a freezer, refrigerator, cold room, incubator, transport box or vehicle, and its
 * limits. */
#include <stdio.h>
#include <string.h>

#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/equipment_profile.h"
#include "cli/equipment_rule.h"
#include "cli/number.h"
#include "cli/say.h"
#include "common/cleanup.h"

struct equipment_options {
    const char *id, *name, *kind, *site, *max_gap, *cadence, *container, *giai, *from, *profile;
    struct argument_list rules;
    bool out_of_service;
};

static bool kind_known(const char *kind)
{
    static const char *const kinds[] = {"freezer",   "refrigerator",  "cold_room",
                                        "incubator", "transport_box", "vehicle"};
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(kind, kinds[i]) == 0)
            return true;
    }
    return false;
}

/* FILE or FILE#ID: its rules come before those of --rule. */
static enum outcome read_profile(const char *typed, struct arena *arena, Silsila__V1__EquipmentRule *rules,
                                 size_t *count, struct why *why)
{
    char path[PATH_MAX];
    struct policy_file file;
    scoped_by(buffer_free) struct buffer text = {0};
    const char *hash = strrchr(typed, '#');
    (void)snprintf(path, sizeof path, "%.*s", (int)(hash ? hash - typed : (long)strlen(typed)), typed);
    enum outcome outcome = file_read(path, 65536, &text, why);
    if (outcome == DONE)
        outcome = policy_file_read(buffer_view(&text), arena, &file, why);
    return outcome == DONE
               ? equipment_profile_rules(&file, hash ? hash + 1 : NULL, rules, ARGUMENT_LIST_MOST, count, why)
               : outcome;
}

static int add(const struct say *say, const struct equipment_options *o)
{
    struct why why = {""};
    struct equipment_rule_text texts[ARGUMENT_LIST_MOST];
    Silsila__V1__EquipmentRule rules[2 * ARGUMENT_LIST_MOST], *list[2 * ARGUMENT_LIST_MOST];
    scoped_by(arena_free) struct arena arena = {0};
    size_t count = 0;
    Silsila__V1__Equipment equipment = SILSILA__V1__EQUIPMENT__INIT;
    Silsila__V1__Register entry = SILSILA__V1__REGISTER__INIT;
    int64_t gap_ms = 0, cadence_ms = 0;
    if (!kind_known(o->kind))
        return say_failed(say,
                          "a kind is freezer, refrigerator, cold_room, incubator, transport_box or vehicle");
    if ((o->max_gap && !duration_read(o->max_gap, &gap_ms)) ||
        (o->cadence && !duration_read(o->cadence, &cadence_ms)) || gap_ms > UINT32_MAX ||
        cadence_ms > UINT32_MAX)
        return say_failed(say, "a time is like 60s, 15min or 2h");
    if (o->profile && read_profile(o->profile, &arena, rules, &count, &why) != DONE)
        return say_failed(say, "--profile %s: %s", o->profile, why.text);
    for (size_t i = 0; i < o->rules.count; i++) {
        if (equipment_rule_read(o->rules.values[i], &texts[i], &rules[count++], &why) != DONE)
            return say_failed(say, "--rule %s: %s", o->rules.values[i], why.text);
    }
    for (size_t i = 0; i < count; i++)
        list[i] = &rules[i];
    equipment.id = wire_text(o->id);
    equipment.name = wire_text(o->name);
    equipment.kind = wire_text(o->kind);
    equipment.site = wire_text(o->site);
    equipment.max_gap_ms = (uint32_t)gap_ms;
    equipment.cadence_ms = (uint32_t)cadence_ms;
    equipment.container = wire_text(o->container);
    equipment.giai = wire_text(o->giai);
    equipment.out_of_service = o->out_of_service;
    equipment.rules = list;
    equipment.n_rules = count;
    entry.entry_case = SILSILA__V1__REGISTER__ENTRY_EQUIPMENT;
    entry.equipment = &equipment;
    return say_register(say, &entry, o->from);
}

int command_equipment_add(int argc, char **argv)
{
    struct say say = {.command = "equipment add"};
    struct equipment_options o = {0};
    const struct argument table[] = {
        {NULL, "ID", "the equipment's id", true, &o.id, 0, 0},
        {"name", "NAME", "name for people", true, &o.name, 0, 0},
        {"kind", "KIND", "freezer, refrigerator, cold_room, incubator, transport_box or vehicle", true,
         &o.kind, 0, 0},
        {"site", "ID", "the site it belongs to", true, &o.site, 0, 0},
        {"rule", "RULE", "limit: id=warm,above=-25,delay=10min,hysteresis=0.5,tier=action,role=product",
         false, 0, 0, &o.rules},
        {"profile", "FILE", "rules of a profile in a policy file, FILE or FILE#ID", false, &o.profile, 0, 0},
        {"max-gap", "TIME", "how long a reading holds (the greater of 15min and 2.5 cadences)", false,
         &o.max_gap, 0, 0},
        {"cadence", "TIME", "planned time between readings (60s)", false, &o.cadence, 0, 0},
        {"container", "LOT", "lot id, when it is a container too", false, &o.container, 0, 0},
        {"giai", "NUMBER", "GS1 asset identifier", false, &o.giai, 0, 0},
        {"out-of-service", NULL, "taken out of service", false, 0, &o.out_of_service, 0},
        {"from", "TIME", "valid from then (now)", false, &o.from, 0, 0},
        SAY_ARGUMENTS(say),
    };
    const struct arguments arguments = {
        say.command, "add equipment, or change what is known of it; its rules are replaced", table,
        sizeof table / sizeof table[0]};
    enum arguments_next next = arguments_read(&arguments, argc, argv);
    return next == ARGUMENTS_GO ? add(&say, &o) : arguments_status(next);
}
