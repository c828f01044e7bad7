/* A profile's rules (schema/policies) as an equipment's register entry holds them: copied when it is
 * registered, so that a later edition of the profile changes no equipment behind anyone's back. Pure. */
#ifndef CLI_EQUIPMENT_PROFILE_H
#define CLI_EQUIPMENT_PROFILE_H

#include <stddef.h>

#include "coldchain/arena.h"
#include "coldchain/policy_file.h"
#include "schema/body.pb-c.h"

/* Fills `rules` (room for `room`) from the profile of this id in `file`, or from its only one when id is
 * NULL; texts are the file's. REJECT: no such profile, or more rules than there is room for. */
MUST_CHECK enum outcome equipment_profile_rules(const struct policy_file *file, const char *id,
                                                Silsila__V1__EquipmentRule *rules, size_t room, size_t *count,
                                                struct why *why);

#endif
