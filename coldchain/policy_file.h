/* Policy files (`schema/policies/`): limits as people read and sign them, each with its source.
 *
 *     policy "red-cells-eu" {
 *         title = "Red cells in additive solution"
 *         version = 1
 *         valid_from = "2026-01-01"
 *         source = "Directive 2004/33/EC, Annex IV"
 *         shelf_life_days = 42
 *         rule "storage" {
 *             kind = never                     # never, total, single, occasions, deadline
 *             when = "outside 2..6 °C"
 *             phase = storage                  # or transport
 *             source = "…"                     # of this rule; else the policy's
 *         }
 *     }
 *     profile "vaccine-refrigerator-who-pqs" { … rule "heat" { when = "> 8 °C"  for = "10 h"  tier = action } }
 *
 * A policy judges lots; a profile is a set of rules for equipment, copied to an equipment when it is registered.
 * `confirm = true` marks a limit that comes from general knowledge: `silsila status` says that a policy in use is
 * unconfirmed. Values of our own choosing that a policy does not state (hysteresis 0.5 °C, max_unknown 60 min, handling
 * 30 min, 6 times) are unconfirmed as well. A policy ends where the next version of its id begins.
 *
 * Every key stands at most once; an unknown one is refused. Pure: the caller reads the file.
 */
#ifndef COLDCHAIN_POLICY_FILE_H
#define COLDCHAIN_POLICY_FILE_H

#include "coldchain/arena.h"
#include "coldchain/facts.h"
#include "common/bytes.h"
#include "common/outcome.h"

/* What stands beside a rule for people; the same index as the rule. Texts are NULL where not stated. */
struct rule_note {
    const char *source;      /* the rule's, else its policy's */
    const char *consequence; /* what to do with a lot that broke it; shown, never acted on */
    bool confirm;
};

struct policy_entry {
    struct policy policy;
    const char *title;
    const char *source;
    const char *note; /* what the rules cannot say: shown with the policy */
    bool confirm;     /* stated for the policy or any of its rules */
    bool own_values;  /* it leaves at least one value to our defaults, which no text confirms */
    int64_t shelf_life_days;   /* NONE: not stated */
    int64_t shelf_life_months; /* NONE: not stated */
    const struct rule_note *notes;
};

/* A rule on a door, the mains or an agitator: a state that lasted. */
struct signal_rule {
    const char *id;
    const char *signal; /* door, mains, agitation */
    const char *state;  /* open, off */
    int64_t delay_ms;
    enum tier tier;
    struct rule_note note;
};

struct profile_entry {
    const char *id;
    int64_t version;
    int64_t valid_from;
    const char *title;
    const char *source;
    const char *note;
    bool confirm;
    const struct equipment_rule *rules; /* without validity: the equipment's register gives it */
    const struct rule_note *notes;
    size_t rule_count;
    const struct signal_rule *signals;
    size_t signal_count;
};

struct policy_file {
    const struct policy_entry *policies;
    size_t policy_count;
    const struct profile_entry *profiles;
    size_t profile_count;
};

/* Reads a whole file. DONE; REJECT with "line N: what is wrong"; RETRY when memory is out. All memory is the arena's,
 * `text` may go afterwards. */
MUST_CHECK enum outcome policy_file_read(struct bytes text, struct arena *arena, struct policy_file *file,
                                         struct why *why);

#endif
