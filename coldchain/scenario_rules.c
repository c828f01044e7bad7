/* Policies and products. */
#include <stdlib.h>
#include <string.h>

#include "coldchain/scenario_reader.h"
#include "coldchain/words.h"

/* Further than any shelf life or hold, and far from the end of the calendar's arithmetic. */
enum { MOST_DAYS = 100000 };

static void read_allowed(const struct entry *entry, struct policy_rule *rule)
{
    rule->allowed = entry_integer_within(entry, "allowed", -1, 0, JSON_LARGEST);
    if (rule->kind == RULE_NEVER)
        rule->allowed = 0;
    else if (rule->allowed < 0)
        entry_refuse(entry, "allowed", "is missing");
}

static struct policy_rule read_policy_rule(const struct entry *entry)
{
    static const char *const phases[] = {"", "storage", "transport"};
    struct policy_rule rule = {0};
    if (!entry_open(entry, "id kind op limit_mc hysteresis_mc allowed phase from to"))
        return rule;
    rule.id = entry_text_needed(entry, "id");
    int kind = entry_word(entry, "kind", rule_kind_words(), RULE_KIND_WORDS, -1);
    if (kind < 0)
        entry_refuse(entry, "kind", "is missing");
    rule.kind = kind < 0 ? RULE_NEVER : (enum rule_kind)kind;
    rule.hysteresis_mc = entry_integer_within(entry, "hysteresis_mc", 500, 0, JSON_LARGEST);
    if (rule.kind != RULE_DEADLINE)
        rule.threshold = entry_threshold(entry, rule.hysteresis_mc);
    read_allowed(entry, &rule);
    rule.phase = (enum phase)entry_word(entry, "phase", phases, 3, PHASE_ANY);
    rule.from = (enum event_type)entry_word(entry, "from", event_words(), EVENT_TYPE_COUNT, EVENT_NONE);
    rule.to = (enum event_type)entry_word(entry, "to", event_words(), EVENT_TYPE_COUNT, EVENT_NONE);
    if (rule.kind == RULE_DEADLINE && (rule.from == EVENT_NONE || rule.to == EVENT_NONE))
        entry_refuse(entry, rule.from == EVENT_NONE ? "from" : "to", "is missing");
    return rule;
}

static const struct policy_rule *read_policy_rules(const struct entry *entry, size_t *count)
{
    const struct json *list = entry_list(entry, "rules");
    struct json_path path = {entry->path, "rules", 0};
    struct policy_rule *rules = arena_new(entry->reader->arena, list->count, sizeof *rules);
    const char **seen = arena_new(entry->reader->arena, list->count, sizeof *seen);
    *count = 0;
    if (!rules || !seen) {
        reader_no_memory(entry->reader);
        return NULL;
    }
    for (size_t i = 0; i < list->count; i++) {
        struct json_path item = {&path, NULL, i};
        struct entry rule_entry = {entry->reader, &list->items[i], &item};
        struct policy_rule rule = read_policy_rule(&rule_entry);
        if (!reader_ok(entry->reader))
            return NULL;
        const char *canonical = entry_canonical(&rule_entry);
        bool again = false;
        for (size_t k = 0; k < *count && !again; k++)
            if (strcmp(rules[k].id, rule.id) == 0) {
                again = true;
                if (strcmp(seen[k], canonical) != 0)
                    entry_refuse(&rule_entry, NULL, "stands twice with different content");
            }
        seen[*count] = canonical;
        if (!again)
            rules[(*count)++] = rule;
    }
    return rules;
}

static const char *const *read_tests(const struct entry *entry, size_t *count)
{
    const struct json *list = entry_list(entry, "required_tests");
    const char **tests = arena_new(entry->reader->arena, list->count, sizeof *tests);
    *count = 0;
    if (!tests) {
        reader_no_memory(entry->reader);
        return NULL;
    }
    for (size_t i = 0; i < list->count; i++) {
        if (list->items[i].type != JSON_TEXT) {
            entry_refuse(entry, "required_tests", "must be a list of text");
            return NULL;
        }
        tests[(*count)++] = list->items[i].text;
    }
    return tests;
}

static struct policy read_policy(const struct entry *entry)
{
    static const char *const lapsed[] = {"flag", "unproven"};
    struct policy policy = {0};
    if (!entry_open(entry, "id version valid_from applies_to_stock max_unknown_ms handling_max_ms handlings "
                           "inventory_hold_days calibration_lapsed required_tests rules"))
        return policy;
    policy.id = entry_text_needed(entry, "id");
    policy.version = entry_integer(entry, "version", 1);
    policy.valid_from = entry_integer(entry, "valid_from", 0);
    policy.applies_to_stock = entry_flag(entry, "applies_to_stock", false);
    policy.max_unknown_ms = entry_integer_within(entry, "max_unknown_ms", 3600000, 0, JSON_LARGEST);
    policy.handling_max_ms = entry_integer_within(entry, "handling_max_ms", 1800000, 0, JSON_LARGEST);
    policy.handlings = entry_integer_within(entry, "handlings", 6, 0, JSON_LARGEST);
    policy.inventory_hold_days = entry_integer_within(entry, "inventory_hold_days", 0, 0, MOST_DAYS);
    policy.lapsed_is_unproven = entry_word(entry, "calibration_lapsed", lapsed, 2, 0) == 1;
    policy.required_tests = read_tests(entry, &policy.required_test_count);
    policy.rules = read_policy_rules(entry, &policy.rule_count);
    return policy;
}

static int by_policy(const void *a, const void *b)
{
    const struct policy *left = a;
    const struct policy *right = b;
    int ids = strcmp(left->id, right->id);
    if (ids != 0)
        return ids;
    if (left->valid_from != right->valid_from)
        return left->valid_from < right->valid_from ? -1 : 1;
    return (left->version > right->version) - (left->version < right->version);
}

void read_policies(const struct entry *root)
{
    struct scenario_reader *reader = root->reader;
    const struct json *list = entry_list(root, "policies");
    struct json_path path = {root->path, "policies", 0};
    struct policy *all = arena_new(reader->arena, list->count, sizeof *all);
    const char **seen = arena_new(reader->arena, list->count, sizeof *seen);
    if (!all || !seen) {
        reader_no_memory(reader);
        return;
    }
    size_t count = 0;
    for (size_t i = 0; i < list->count; i++) {
        struct json_path item = {&path, NULL, i};
        struct entry entry = {reader, &list->items[i], &item};
        struct policy policy = read_policy(&entry);
        if (!reader_ok(reader))
            return;
        const char *canonical = entry_canonical(&entry);
        bool again = false;
        for (size_t k = 0; k < count && !again; k++)
            if (strcmp(all[k].id, policy.id) == 0 && all[k].version == policy.version) {
                again = true;
                if (strcmp(seen[k], canonical) != 0)
                    entry_refuse(&entry, NULL, "this version stands twice with different content");
            }
        seen[count] = canonical;
        if (!again)
            all[count++] = policy;
    }
    if (count > 1)
        qsort(all, count, sizeof *all, by_policy);
    reader->facts->policies = all;
    reader->facts->policy_count = count;
}

void read_products(const struct entry *root)
{
    const struct json *list = entry_list(root, "products");
    struct json_path path = {root->path, "products", 0};
    for (size_t i = 0; i < list->count; i++) {
        struct json_path item = {&path, NULL, i};
        struct entry entry = {root->reader, &list->items[i], &item};
        if (!entry_open(&entry, "code policy shelf_life_days shelf_life_months"))
            return;
        int32_t index = entry_name_needed(&entry, "code", NAME_PRODUCT);
        struct product made = {.policy = entry_text(&entry, "policy")};
        made.shelf_life_days = entry_integer_within(&entry, "shelf_life_days", NONE, 0, MOST_DAYS);
        made.shelf_life_months = entry_integer_within(&entry, "shelf_life_months", NONE, 0, MOST_DAYS / 30);
        if (!name_register(&entry, NAME_PRODUCT, index))
            continue;
        struct product *product = &root->reader->products[index];
        made.code = product->code;
        *product = made;
    }
}
