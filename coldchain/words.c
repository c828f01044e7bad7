#include "coldchain/words.h"

const char *const *event_words(void)
{
    static const char *const words[EVENT_TYPE_COUNT] = {
        [EVENT_NONE] = "",           [EVENT_COLLECT] = "collect", [EVENT_SAMPLE] = "sample",
        [EVENT_TEST] = "test",       [EVENT_FREEZE] = "freeze",   [EVENT_STORE] = "store",
        [EVENT_TAKE_OUT] = "take_out", [EVENT_PACK] = "pack",     [EVENT_UNPACK] = "unpack",
        [EVENT_SHIP] = "ship",       [EVENT_RECEIVE] = "receive", [EVENT_HOLD] = "hold",
        [EVENT_RELEASE] = "release", [EVENT_REJECT] = "reject",   [EVENT_RELABEL] = "relabel",
        [EVENT_SPLIT] = "split",     [EVENT_POOL] = "pool",       [EVENT_ISSUE] = "issue",
        [EVENT_DISPOSE] = "dispose", [EVENT_RECALL] = "recall",   [EVENT_OPENING] = "opening",
        [EVENT_CORRECT] = "correct",
    };
    return words;
}

const char *const *state_words(void)
{
    static const char *const words[STATE_WORDS] = {"raw", "quarantine", "rejected", "released"};
    return words;
}

const char *const *lot_kind_words(void)
{
    static const char *const words[LOT_KIND_WORDS] = {"unit", "sample", "container", "pool"};
    return words;
}

const char *const *threshold_words(void)
{
    static const char *const words[THRESHOLD_WORDS] = {">", ">=", "<", "<=", "outside"};
    return words;
}

const char *const *rule_kind_words(void)
{
    static const char *const words[RULE_KIND_WORDS] = {"never", "total", "single", "occasions", "deadline"};
    return words;
}

const char *const *test_words(void)
{
    static const char *const words[TEST_WORDS] = {"negative", "reactive", "invalid"};
    return words;
}

const char *segment_word(enum segment_state state)
{
    static const char *const words[] = {"beyond", "inside", "unknown", "pending", "handling"};
    return words[state];
}

const char *verdict_name(enum verdict_word word)
{
    static const char *const words[] = {"clean", "within", "unproven", "breached"};
    return words[word];
}

const char *excursion_end_word(enum excursion_end end)
{
    static const char *const words[] = {0, "recovered", "rule", "out_of_service"};
    return words[end];
}

const char *conflict_word(enum conflict_code code)
{
    static const char *const words[] = {
        "after_end",     "already_voided", "bad_identifier", "deadline_missed", "duplicate_id",   "elsewhere",
        "expired",       "fit_lost",       "held",           "not_collected",   "not_shipped",    "order_uncertain",
        "parent_cycle",  "parent_unknown", "released_unfit", "time_unknown",    "two_places",     "unknown_event",
        "wrong_contents"};
    return words[code];
}

const struct held_word *held_words(void)
{
    static const struct held_word words[HELD_WORDS] = {
        {HELD_EXPIRED, "expired"},   {HELD_INVENTORY_HOLD, "inventory_hold"}, {HELD_ON_HOLD, "on_hold"},
        {HELD_RECALLED, "recalled"}, {HELD_REJECTED, "rejected"},             {HELD_UNTESTED, "untested"}};
    return words;
}
