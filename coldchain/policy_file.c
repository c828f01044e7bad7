#include "coldchain/policy_file.h"

#include <string.h>

#include "coldchain/policy_block.h"
#include "coldchain/quantity.h"
#include "coldchain/words.h"

/* ---- the tables of keys: the grammar of each block ---- */

static const char *const phases[] = {"", "storage", "transport"};
static const char *const lapsed_words[] = {"flag", "unproven"};
static const char *const tier_words[] = {"alert", "action"};
static const char *const role_words[] = {"product", "air"};

enum policy_key {
    POLICY_TITLE, POLICY_VERSION, POLICY_VALID_FROM, POLICY_SOURCE, POLICY_NOTE, POLICY_CONFIRM, POLICY_STOCK,
    POLICY_MAX_UNKNOWN, POLICY_HANDLING_MAX, POLICY_HANDLINGS, POLICY_HOLD_DAYS, POLICY_LAPSED, POLICY_TESTS,
    POLICY_SHELF_DAYS, POLICY_SHELF_MONTHS, POLICY_INCLUDE, POLICY_KEY_COUNT
};

static const struct key policy_keys[] = {
    [POLICY_TITLE] = {.name = "title", .kind = VALUE_TEXT, .required = true},
    [POLICY_VERSION] = {.name = "version", .kind = VALUE_COUNT, .required = true},
    [POLICY_VALID_FROM] = {.name = "valid_from", .kind = VALUE_TIME, .required = true},
    [POLICY_SOURCE] = {.name = "source", .kind = VALUE_TEXT, .required = true},
    [POLICY_NOTE] = {.name = "note", .kind = VALUE_TEXT},
    [POLICY_CONFIRM] = {.name = "confirm", .kind = VALUE_BOOL},
    [POLICY_STOCK] = {.name = "applies_to_stock", .kind = VALUE_BOOL},
    [POLICY_MAX_UNKNOWN] = {.name = "max_unknown", .kind = VALUE_DURATION},
    [POLICY_HANDLING_MAX] = {.name = "handling_max", .kind = VALUE_DURATION},
    [POLICY_HANDLINGS] = {.name = "handlings", .kind = VALUE_COUNT},
    [POLICY_HOLD_DAYS] = {.name = "inventory_hold_days", .kind = VALUE_COUNT},
    [POLICY_LAPSED] = {.name = "calibration_lapsed", .kind = VALUE_CHOICE, .choices = lapsed_words, .choice_count = 2},
    [POLICY_TESTS] = {.name = "required_tests", .kind = VALUE_LIST},
    [POLICY_SHELF_DAYS] = {.name = "shelf_life_days", .kind = VALUE_COUNT},
    [POLICY_SHELF_MONTHS] = {.name = "shelf_life_months", .kind = VALUE_COUNT},
    [POLICY_INCLUDE] = {.name = "include", .kind = VALUE_LIST},
    [POLICY_KEY_COUNT] = {.name = NULL},
};

enum rule_key {
    RULE_KEY_KIND, RULE_KEY_WHEN, RULE_KEY_ALLOWED, RULE_KEY_HYSTERESIS, RULE_KEY_PHASE, RULE_KEY_FROM, RULE_KEY_TO,
    RULE_KEY_SOURCE, RULE_KEY_CONSEQUENCE, RULE_KEY_CONFIRM, RULE_KEY_COUNT
};

/* The words of the kinds and the events are those of coldchain/words.h, put in by rule_table(). */
static const struct key rule_keys[] = {
    [RULE_KEY_KIND] = {.name = "kind", .kind = VALUE_CHOICE, .choice_count = RULE_KIND_WORDS, .required = true},
    [RULE_KEY_WHEN] = {.name = "when", .kind = VALUE_THRESHOLD},
    [RULE_KEY_ALLOWED] = {.name = "allowed", .kind = VALUE_TEXT},
    [RULE_KEY_HYSTERESIS] = {.name = "hysteresis", .kind = VALUE_TEMPERATURE},
    [RULE_KEY_PHASE] = {.name = "phase", .kind = VALUE_CHOICE, .choices = phases, .choice_count = 3},
    [RULE_KEY_FROM] = {.name = "from", .kind = VALUE_CHOICE, .choice_count = EVENT_TYPE_COUNT},
    [RULE_KEY_TO] = {.name = "to", .kind = VALUE_CHOICE, .choice_count = EVENT_TYPE_COUNT},
    [RULE_KEY_SOURCE] = {.name = "source", .kind = VALUE_TEXT},
    [RULE_KEY_CONSEQUENCE] = {.name = "consequence", .kind = VALUE_TEXT},
    [RULE_KEY_CONFIRM] = {.name = "confirm", .kind = VALUE_BOOL},
    [RULE_KEY_COUNT] = {.name = NULL},
};

static void rule_table(struct key out[RULE_KEY_COUNT + 1])
{
    memcpy(out, rule_keys, sizeof rule_keys);
    out[RULE_KEY_KIND].choices = rule_kind_words();
    out[RULE_KEY_FROM].choices = event_words();
    out[RULE_KEY_TO].choices = event_words();
}

enum profile_key {
    PROFILE_TITLE, PROFILE_VERSION, PROFILE_VALID_FROM, PROFILE_SOURCE, PROFILE_NOTE, PROFILE_CONFIRM,
    PROFILE_KEY_COUNT
};

static const struct key profile_keys[] = {
    [PROFILE_TITLE] = {.name = "title", .kind = VALUE_TEXT, .required = true},
    [PROFILE_VERSION] = {.name = "version", .kind = VALUE_COUNT, .required = true},
    [PROFILE_VALID_FROM] = {.name = "valid_from", .kind = VALUE_TIME, .required = true},
    [PROFILE_SOURCE] = {.name = "source", .kind = VALUE_TEXT, .required = true},
    [PROFILE_NOTE] = {.name = "note", .kind = VALUE_TEXT},
    [PROFILE_CONFIRM] = {.name = "confirm", .kind = VALUE_BOOL},
    [PROFILE_KEY_COUNT] = {.name = NULL},
};

enum watch_key {
    WATCH_WHEN, WATCH_SIGNAL, WATCH_STATE, WATCH_FOR, WATCH_HYSTERESIS, WATCH_TIER, WATCH_ROLE, WATCH_SOURCE,
    WATCH_CONFIRM, WATCH_CONSEQUENCE, WATCH_KEY_COUNT
};

static const struct key watch_keys[] = {
    [WATCH_WHEN] = {.name = "when", .kind = VALUE_THRESHOLD},
    [WATCH_SIGNAL] = {.name = "signal", .kind = VALUE_TEXT},
    [WATCH_STATE] = {.name = "state", .kind = VALUE_TEXT},
    [WATCH_FOR] = {.name = "for", .kind = VALUE_DURATION, .required = true},
    [WATCH_HYSTERESIS] = {.name = "hysteresis", .kind = VALUE_TEMPERATURE},
    [WATCH_TIER] = {.name = "tier", .kind = VALUE_CHOICE, .choices = tier_words, .choice_count = 2, .required = true},
    [WATCH_ROLE] = {.name = "role", .kind = VALUE_CHOICE, .choices = role_words, .choice_count = 2},
    [WATCH_SOURCE] = {.name = "source", .kind = VALUE_TEXT},
    [WATCH_CONFIRM] = {.name = "confirm", .kind = VALUE_BOOL},
    [WATCH_CONSEQUENCE] = {.name = "consequence", .kind = VALUE_TEXT},
    [WATCH_KEY_COUNT] = {.name = NULL},
};

/* Our own choices, which no text confirms (fine print 30). */
static const int64_t DEFAULT_HYSTERESIS_MC = 500;
static const int64_t DEFAULT_MAX_UNKNOWN_MS = 60 * 60000;
static const int64_t DEFAULT_HANDLING_MAX_MS = 30 * 60000;
static const int64_t DEFAULT_HANDLINGS = 6;

/* ---- rules of policies ---- */

struct policy_reader {
    struct arena *arena;
    struct why *why;
    VEC(struct policy_entry) policies;
    VEC(struct profile_entry) profiles;
};

struct rules {
    VEC(struct policy_rule) vec;
    VEC(struct rule_note) notes;
};

static int64_t or_default(const struct value *value, int64_t otherwise)
{
    return value->stated ? value->number : otherwise;
}

/* A band must keep room between its ends moved inwards (fine print 12). */
static bool hysteresis_fits(struct threshold threshold, int64_t hysteresis_mc)
{
    if (hysteresis_mc < 0)
        return false;
    return threshold.op != OP_OUTSIDE || 2 * hysteresis_mc < threshold.high_mc - threshold.low_mc;
}

static enum outcome read_allowed(struct policy_reader *reader, const struct block *block, const struct value *allowed,
                                 struct policy_rule *rule)
{
    bool ok;
    if (rule->kind == RULE_NEVER)
        ok = !allowed->stated;
    else if (rule->kind == RULE_OCCASIONS)
        ok = allowed->stated && quantity_count(allowed->text, &rule->allowed);
    else
        ok = allowed->stated && quantity_duration(allowed->text, &rule->allowed);
    if (!ok)
        return fail(reader->why, REJECT, "line %d: rule \"%.60s\": never allows nothing, occasions a count, others a duration",
                    allowed->stated ? allowed->line : block->line, block->id);
    return DONE;
}

/* What a rule of one kind must and must not have. */
static enum outcome check_rule(struct policy_reader *reader, const struct block *block, const struct value *values,
                               const struct policy_rule *rule)
{
    bool deadline = rule->kind == RULE_DEADLINE;
    if (deadline && (rule->from == EVENT_NONE || rule->to == EVENT_NONE))
        return fail(reader->why, REJECT, "line %d: deadline \"%.60s\" needs 'from' and 'to'", block->line, block->id);
    if (deadline == values[RULE_KEY_WHEN].stated)
        return fail(reader->why, REJECT, "line %d: rule \"%.60s\": a deadline has no 'when', every other kind has one",
                    block->line, block->id);
    if (!deadline && !hysteresis_fits(rule->threshold, rule->hysteresis_mc))
        return fail(reader->why, REJECT, "line %d: rule \"%.60s\": the hysteresis is negative or fills its band",
                    block->line, block->id);
    return DONE;
}

static enum outcome read_rule(struct policy_reader *reader, const struct block *block, struct policy_entry *entry,
                              struct rules *out)
{
    struct key keys[RULE_KEY_COUNT + 1];
    struct value values[RULE_KEY_COUNT] = {0};
    rule_table(keys);
    if (strcmp(block->kind, "rule") != 0)
        return fail(reader->why, REJECT, "line %d: a policy has rules, not '%.40s'", block->line, block->kind);
    enum outcome outcome = block_settings(block, keys, values, reader->why);
    if (outcome != DONE)
        return outcome;
    struct policy_rule rule = {
        .id = block->id,
        .kind = (enum rule_kind)values[RULE_KEY_KIND].number,
        .threshold = values[RULE_KEY_WHEN].threshold,
        .hysteresis_mc = or_default(&values[RULE_KEY_HYSTERESIS], DEFAULT_HYSTERESIS_MC),
        .phase = (enum phase)values[RULE_KEY_PHASE].number,
        .from = (enum event_type)values[RULE_KEY_FROM].number,
        .to = (enum event_type)values[RULE_KEY_TO].number,
    };
    outcome = read_allowed(reader, block, &values[RULE_KEY_ALLOWED], &rule);
    if (outcome == DONE)
        outcome = check_rule(reader, block, values, &rule);
    if (outcome != DONE)
        return outcome;
    entry->own_values |= rule.kind != RULE_DEADLINE && !values[RULE_KEY_HYSTERESIS].stated;
    entry->confirm |= values[RULE_KEY_CONFIRM].number != 0;
    const char *source = values[RULE_KEY_SOURCE].text;
    struct rule_note note = {source ? source : entry->source, values[RULE_KEY_CONSEQUENCE].text,
                             values[RULE_KEY_CONFIRM].number != 0};
    vec_push(reader->arena, &out->vec, rule);
    vec_push(reader->arena, &out->notes, note);
    return DONE;
}

/* ---- policies ---- */

/* Takes over the rules of policies that stand earlier in the file, and the longer of two inventory holds. */
static enum outcome include(struct policy_reader *reader, const struct value *names, struct policy_entry *entry,
                            struct rules *out)
{
    for (size_t i = 0; i < names->list.vec.count; i++) {
        const struct policy_entry *found = NULL;
        for (size_t k = 0; k < reader->policies.count; k++)
            if (strcmp(reader->policies.items[k].policy.id, names->list.vec.items[i]) == 0)
                found = &reader->policies.items[k];
        if (!found)
            return fail(reader->why, REJECT, "line %d: no policy \"%.60s\" stands before this one", names->line,
                        names->list.vec.items[i]);
        for (size_t k = 0; k < found->policy.rule_count; k++) {
            vec_push(reader->arena, &out->vec, found->policy.rules[k]);
            vec_push(reader->arena, &out->notes, found->notes[k]);
        }
        entry->confirm |= found->confirm;
        entry->own_values |= found->own_values;
        if (found->policy.inventory_hold_days > entry->policy.inventory_hold_days)
            entry->policy.inventory_hold_days = found->policy.inventory_hold_days;
    }
    return DONE;
}

static enum outcome check_ids(struct policy_reader *reader, const struct block *block, const struct rules *rules)
{
    for (size_t i = 0; i < rules->vec.count; i++)
        for (size_t k = 0; k < i; k++)
            if (strcmp(rules->vec.items[i].id, rules->vec.items[k].id) == 0)
                return fail(reader->why, REJECT, "line %d: policy \"%.60s\" has two rules \"%.60s\"", block->line,
                            block->id, rules->vec.items[i].id);
    return DONE;
}

static void take_policy_values(const struct block *block, const struct value *v, struct policy_entry *entry)
{
    entry->policy = (struct policy){
        .id = block->id,
        .version = v[POLICY_VERSION].number,
        .valid_from = v[POLICY_VALID_FROM].number,
        .applies_to_stock = v[POLICY_STOCK].number != 0,
        .max_unknown_ms = or_default(&v[POLICY_MAX_UNKNOWN], DEFAULT_MAX_UNKNOWN_MS),
        .handling_max_ms = or_default(&v[POLICY_HANDLING_MAX], DEFAULT_HANDLING_MAX_MS),
        .handlings = or_default(&v[POLICY_HANDLINGS], DEFAULT_HANDLINGS),
        .inventory_hold_days = v[POLICY_HOLD_DAYS].number,
        .lapsed_is_unproven = v[POLICY_LAPSED].number == 1,
        .required_tests = v[POLICY_TESTS].list.vec.items,
        .required_test_count = v[POLICY_TESTS].list.vec.count,
    };
    entry->title = v[POLICY_TITLE].text;
    entry->source = v[POLICY_SOURCE].text;
    entry->note = v[POLICY_NOTE].text;
    entry->confirm = v[POLICY_CONFIRM].number != 0;
    entry->own_values =
        !v[POLICY_MAX_UNKNOWN].stated || !v[POLICY_HANDLING_MAX].stated || !v[POLICY_HANDLINGS].stated;
    entry->shelf_life_days = or_default(&v[POLICY_SHELF_DAYS], NONE);
    entry->shelf_life_months = or_default(&v[POLICY_SHELF_MONTHS], NONE);
}

static enum outcome read_policy(struct policy_reader *reader, const struct block *block)
{
    struct value values[POLICY_KEY_COUNT] = {0};
    struct policy_entry entry = {0};
    struct rules rules = {0};
    enum outcome outcome = block_settings(block, policy_keys, values, reader->why);
    if (outcome != DONE)
        return outcome;
    take_policy_values(block, values, &entry);
    outcome = include(reader, &values[POLICY_INCLUDE], &entry, &rules);
    for (size_t i = 0; outcome == DONE && i < block->blocks.count; i++)
        outcome = read_rule(reader, &block->blocks.items[i], &entry, &rules);
    if (outcome == DONE)
        outcome = check_ids(reader, block, &rules);
    entry.policy.rules = rules.vec.items;
    entry.policy.rule_count = rules.vec.count;
    entry.notes = rules.notes.items;
    for (size_t i = 0; outcome == DONE && i < reader->policies.count; i++) {
        const struct policy *other = &reader->policies.items[i].policy;
        if (strcmp(other->id, block->id) == 0 && other->version == entry.policy.version)
            outcome = fail(reader->why, REJECT, "line %d: policy \"%.60s\" stands twice in one version", block->line,
                           block->id);
    }
    vec_push(reader->arena, &reader->policies, entry);
    return outcome;
}

/* ---- profiles ---- */

struct watches {
    VEC(struct equipment_rule) rules;
    VEC(struct rule_note) notes;
    VEC(struct signal_rule) signals;
};

static enum outcome take_watch(struct policy_reader *reader, const struct block *block, const struct value *v,
                               struct rule_note note, struct watches *out)
{
    enum tier tier = v[WATCH_TIER].number ? TIER_ACTION : TIER_ALERT;
    if (v[WATCH_SIGNAL].stated) {
        if (v[WATCH_WHEN].stated || !v[WATCH_STATE].stated || v[WATCH_ROLE].stated || v[WATCH_HYSTERESIS].stated)
            return fail(reader->why, REJECT, "line %d: rule \"%.60s\" on a signal has a 'state' and no temperature",
                        block->line, block->id);
        vec_push(reader->arena, &out->signals,
                 (struct signal_rule){block->id, v[WATCH_SIGNAL].text, v[WATCH_STATE].text, v[WATCH_FOR].number, tier,
                                      note});
        return DONE;
    }
    if (!v[WATCH_WHEN].stated || v[WATCH_STATE].stated ||
        !hysteresis_fits(v[WATCH_WHEN].threshold, v[WATCH_HYSTERESIS].number))
        return fail(reader->why, REJECT, "line %d: rule \"%.60s\" needs 'when' (and a hysteresis that fits) or 'signal'",
                    block->line, block->id);
    vec_push(reader->arena, &out->rules,
             (struct equipment_rule){
                 .id = block->id,
                 .threshold = v[WATCH_WHEN].threshold,
                 .delay_ms = v[WATCH_FOR].number,
                 .hysteresis_mc = v[WATCH_HYSTERESIS].number,
                 .tier = tier,
                 .role = v[WATCH_ROLE].stated ? (enum probe_role)v[WATCH_ROLE].number : ROLE_ANY,
                 .valid_from = TIME_NONE,
                 .valid_to = TIME_OPEN,
             });
    vec_push(reader->arena, &out->notes, note);
    return DONE;
}

static enum outcome read_watch(struct policy_reader *reader, const struct block *block, struct profile_entry *entry,
                               struct watches *out)
{
    struct value values[WATCH_KEY_COUNT] = {0};
    if (strcmp(block->kind, "rule") != 0)
        return fail(reader->why, REJECT, "line %d: a profile has rules, not '%.40s'", block->line, block->kind);
    enum outcome outcome = block_settings(block, watch_keys, values, reader->why);
    if (outcome != DONE)
        return outcome;
    const char *source = values[WATCH_SOURCE].text;
    struct rule_note note = {source ? source : entry->source, values[WATCH_CONSEQUENCE].text,
                             values[WATCH_CONFIRM].number != 0};
    entry->confirm |= note.confirm;
    return take_watch(reader, block, values, note, out);
}

static enum outcome read_profile(struct policy_reader *reader, const struct block *block)
{
    struct value v[PROFILE_KEY_COUNT] = {0};
    struct watches watches = {0};
    enum outcome outcome = block_settings(block, profile_keys, v, reader->why);
    if (outcome != DONE)
        return outcome;
    struct profile_entry entry = {
        .id = block->id,
        .version = v[PROFILE_VERSION].number,
        .valid_from = v[PROFILE_VALID_FROM].number,
        .title = v[PROFILE_TITLE].text,
        .source = v[PROFILE_SOURCE].text,
        .note = v[PROFILE_NOTE].text,
        .confirm = v[PROFILE_CONFIRM].number != 0,
    };
    for (size_t i = 0; outcome == DONE && i < block->blocks.count; i++)
        outcome = read_watch(reader, &block->blocks.items[i], &entry, &watches);
    entry.rules = watches.rules.items;
    entry.rule_count = watches.rules.count;
    entry.notes = watches.notes.items;
    entry.signals = watches.signals.items;
    entry.signal_count = watches.signals.count;
    vec_push(reader->arena, &reader->profiles, entry);
    return outcome;
}

/* ---- the file ---- */

enum outcome policy_file_read(struct bytes text, struct arena *arena, struct policy_file *file, struct why *why)
{
    struct policy_reader reader = {.arena = arena, .why = why};
    struct block_list blocks = {0};
    enum outcome outcome = blocks_read(text, arena, &blocks, why);
    for (size_t i = 0; outcome == DONE && i < blocks.vec.count; i++) {
        const struct block *block = &blocks.vec.items[i];
        if (strcmp(block->kind, "policy") == 0)
            outcome = read_policy(&reader, block);
        else if (strcmp(block->kind, "profile") == 0)
            outcome = read_profile(&reader, block);
        else
            outcome = fail(why, REJECT, "line %d: '%.40s' is neither a policy nor a profile", block->line, block->kind);
    }
    if (outcome == DONE && arena->failed)
        outcome = fail(why, RETRY, "out of memory");
    if (outcome == DONE)
        *file = (struct policy_file){reader.policies.items, reader.policies.count, reader.profiles.items,
                                     reader.profiles.count};
    return outcome;
}
