/* An excursion rule as people type it:
 * `id=warm,above=-25,delay=10min,hysteresis=0.5,tier=action,role=product`.
 *
 * The threshold is one of above (>), at-least (>=), below (<), at-most (<=) and outside=A..B, in degrees
 * Celsius. Delay (none) and hysteresis (none) may be left out, tier (alert) and role (whichever probes are in
 * use) too. Pure.
 */
#ifndef CLI_EQUIPMENT_RULE_H
#define CLI_EQUIPMENT_RULE_H

#include "common/outcome.h"
#include "schema/body.pb-c.h"

struct equipment_rule_text {
    char id[64], op[8], tier[16], role[16];
};

/* Fills `rule`, whose texts point into `text`, which must outlive it. REJECT: the sentence says what is
 * wrong. */
MUST_CHECK enum outcome equipment_rule_read(const char *typed, struct equipment_rule_text *text,
                                            Silsila__V1__EquipmentRule *rule, struct why *why);

#endif
