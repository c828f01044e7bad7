#include "coldchain/policy_file.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "common/cleanup.h"
#include "tests/helpers/check_main.h"

static enum outcome read_text(const char *text, struct arena *arena, struct policy_file *file, struct why *why)
{
    return policy_file_read(bytes_of(text, strlen(text)), arena, file, why);
}

#define HEAD "policy \"p\" { title = \"t\" version = 3 valid_from = \"2026-01-01\" source = \"s\" "

static void assert_refused(const char *text, const char *reason)
{
    scoped_by(arena_free) struct arena arena = {0};
    struct policy_file file = {0};
    struct why why = {0};
    ck_assert_int_eq(read_text(text, &arena, &file, &why), REJECT);
    ck_assert_msg(strcmp(why.text, reason) == 0, "'%s' instead of '%s'", why.text, reason);
    ck_assert_uint_eq(file.policy_count + file.profile_count, 0);
}

START_TEST(a_policy_with_everything)
{
    scoped_by(arena_free) struct arena arena = {0};
    struct policy_file file;
    struct why why = {0};
    const char *text = "# a comment\n" HEAD
                       "note = \"n\" confirm = false applies_to_stock = true max_unknown = \"2 h\"\n"
                       "handling_max = \"20 min\" handlings = 4 inventory_hold_days = 60\n"
                       "calibration_lapsed = unproven required_tests = { hiv, \"hbv\" }\n"
                       "shelf_life_days = 42 shelf_life_months = 3\n"
                       "rule \"a\" { kind = total when = \"> −20 °C\" allowed = \"72 h\" hysteresis = \"0.25 C\"\n"
                       "  phase = transport from = freeze to = pool source = \"own\" consequence = \"c\" confirm = true }\n"
                       "rule \"b\" { kind = occasions when = \"outside 2..6 °C\" allowed = 1 }\n"
                       "rule \"c\" { kind = deadline from = collect to = freeze allowed = \"24 h\" }\n"
                       "rule \"d\" { kind = never when = \">= 10\" } }\n";
    ck_assert_int_eq(read_text(text, &arena, &file, &why), DONE);
    ck_assert_uint_eq(file.policy_count, 1);
    const struct policy_entry *e = &file.policies[0];
    ck_assert_str_eq(e->policy.id, "p");
    ck_assert_int_eq(e->policy.version, 3);
    ck_assert_int_eq(e->policy.valid_from, INT64_C(1767225600000)); /* 2026-01-01T00:00:00Z */
    ck_assert(e->policy.applies_to_stock && e->policy.lapsed_is_unproven);
    ck_assert_int_eq(e->policy.max_unknown_ms, 7200000);
    ck_assert_int_eq(e->policy.handling_max_ms, 1200000);
    ck_assert_int_eq(e->policy.handlings, 4);
    ck_assert_int_eq(e->policy.inventory_hold_days, 60);
    ck_assert_uint_eq(e->policy.required_test_count, 2);
    ck_assert_str_eq(e->policy.required_tests[1], "hbv");
    ck_assert_int_eq(e->shelf_life_days, 42);
    ck_assert_int_eq(e->shelf_life_months, 3);
    ck_assert(e->confirm); /* one rule is */
    ck_assert(e->own_values); /* rule b leaves its hysteresis to us */
    const struct policy_rule *a = &e->policy.rules[0];
    ck_assert_int_eq((int)a->kind, (int)RULE_TOTAL);
    ck_assert_int_eq(a->threshold.high_mc, -20000);
    ck_assert_int_eq(a->allowed, INT64_C(259200000));
    ck_assert_int_eq(a->hysteresis_mc, 250);
    ck_assert_int_eq((int)a->phase, (int)PHASE_TRANSPORT);
    ck_assert_int_eq((int)a->from, (int)EVENT_FREEZE);
    ck_assert_int_eq((int)a->to, (int)EVENT_POOL);
    ck_assert_str_eq(e->notes[0].source, "own");
    ck_assert_str_eq(e->notes[0].consequence, "c");
    ck_assert(e->notes[0].confirm);
    ck_assert_int_eq(e->policy.rules[1].allowed, 1);
    ck_assert_int_eq(e->policy.rules[1].hysteresis_mc, 500);
    ck_assert_str_eq(e->notes[1].source, "s"); /* the policy's */
    ck_assert_int_eq(e->policy.rules[2].allowed, 86400000);
    ck_assert_int_eq((int)e->policy.rules[3].threshold.op, (int)OP_AT_LEAST);
}
END_TEST

START_TEST(a_profile_with_everything)
{
    scoped_by(arena_free) struct arena arena = {0};
    struct policy_file file;
    struct why why = {0};
    const char *text = "profile \"f\" { title = \"t\" version = 1 valid_from = \"2026-01-01T06:30:00Z\" source = \"s\"\n"
                       "rule \"heat\" { when = \"> 8 °C\" for = \"10 h\" tier = action role = air hysteresis = 1\n"
                       "  confirm = true source = \"x\" }\n"
                       "rule \"door\" { signal = door state = open for = \"5 min\" tier = alert } }";
    ck_assert_int_eq(read_text(text, &arena, &file, &why), DONE);
    const struct profile_entry *e = &file.profiles[0];
    ck_assert_int_eq(e->valid_from, INT64_C(1767249000000));
    ck_assert_uint_eq(e->rule_count, 1);
    ck_assert_int_eq(e->rules[0].delay_ms, 36000000);
    ck_assert_int_eq((int)e->rules[0].tier, (int)TIER_ACTION);
    ck_assert_int_eq((int)e->rules[0].role, (int)ROLE_AIR);
    ck_assert_int_eq(e->rules[0].hysteresis_mc, 1000);
    ck_assert(e->confirm);
    ck_assert_str_eq(e->notes[0].source, "x");
    ck_assert_uint_eq(e->signal_count, 1);
    ck_assert_str_eq(e->signals[0].signal, "door");
    ck_assert_str_eq(e->signals[0].note.source, "s");
    ck_assert_int_eq(e->signals[0].delay_ms, 300000);
}
END_TEST

START_TEST(what_is_wrong_is_said_with_its_line)
{
    assert_refused("policy", "line 1: an id in quotes expected, not 'the end'");
    assert_refused("\n\npolicy \"\" {}", "line 3: an id in quotes expected, not ''");
    assert_refused("7", "line 1: 'policy' or 'profile' expected, not '7'");
    assert_refused("equipment \"x\" { }", "line 1: 'equipment' is neither a policy nor a profile");
    assert_refused("policy \"p\" [", "line 1: byte 0x5b begins nothing");
    assert_refused("policy \"p", "line 1: a text without its closing quote");
    assert_refused("policy \"p\\n\" {}", "line 1: only \\\" and \\\\ may follow a backslash");
    assert_refused("policy \"p\001\" {}", "line 1: a control character within a text");
    assert_refused("policy \"p\" x", "line 1: '{' expected, not 'x'");
    assert_refused("policy \"p\" { title", "line 1: '=' expected, not 'the end'");
    assert_refused("policy \"p\" { \"title\" }", "line 1: a key expected, not 'title'");
    assert_refused("policy \"p\" { title = }", "line 1: a value expected, not '}'");
    assert_refused("policy \"p\" { title = {a b} }", "line 1: ',' expected, not 'b'");
    assert_refused("policy \"p\" { title = {=} }", "line 1: a value or '}' expected, not '='");
    assert_refused("policy \"p\" { title = t }", "line 1: policy \"p\" has no 'version'");
    assert_refused(HEAD "colour = red }", "line 1: unknown key 'colour' in a policy");
    assert_refused(HEAD "\ntitle = \"again\" }", "line 2: 'title' is stated twice");
    assert_refused(HEAD "handlings = -1 }", "line 1: 'handlings' must be a count");
    assert_refused(HEAD "handlings = { 1 } }", "line 1: 'handlings' must be a count");
    assert_refused(HEAD "confirm = yes }", "line 1: 'confirm' must be true or false");
    assert_refused(HEAD "required_tests = hiv }", "line 1: 'required_tests' must be a list such as { a, b }");
    assert_refused(HEAD "max_unknown = \"1 hour\" }", "line 1: 'max_unknown' must be a duration such as \"30 min\"");
    assert_refused(HEAD "calibration_lapsed = \"\" }", "line 1: 'calibration_lapsed' must be one of the words it may have");
    assert_refused(HEAD "include = { q } }", "line 1: no policy \"q\" stands before this one");
    assert_refused(HEAD "block \"x\" { } }", "line 1: a policy has rules, not 'block'");
    assert_refused(HEAD "rule \"x\" { rule \"y\" { } } }", "line 1: '=' expected, not 'y'");
    assert_refused(HEAD "} " HEAD "}", "line 1: policy \"p\" stands twice in one version");
}
END_TEST

#define RULE(inside) HEAD "rule \"r\" { " inside " } }"
#define ALLOWED_REASON "line 1: rule \"r\": never allows nothing, occasions a count, others a duration"
#define WHEN_REASON "line 1: rule \"r\": a deadline has no 'when', every other kind has one"
#define HYSTERESIS_REASON "line 1: rule \"r\": the hysteresis is negative or fills its band"

START_TEST(rules_must_make_sense)
{
    assert_refused(RULE(""), "line 1: rule \"r\" has no 'kind'");
    assert_refused(RULE("kind = never when = \"> 1\" allowed = 1"), ALLOWED_REASON);
    assert_refused(RULE("kind = occasions when = \"> 1\" allowed = \"1 h\""), ALLOWED_REASON);
    assert_refused(RULE("kind = total when = \"> 1\" allowed = 1"), ALLOWED_REASON);
    assert_refused(RULE("kind = single when = \"> 1\""), ALLOWED_REASON);
    assert_refused(RULE("kind = never"), WHEN_REASON);
    assert_refused(RULE("kind = deadline allowed = \"1 h\" when = \"> 1\" from = collect to = freeze"), WHEN_REASON);
    assert_refused(RULE("kind = deadline allowed = \"1 h\" from = collect"),
                   "line 1: deadline \"r\" needs 'from' and 'to'");
    assert_refused(RULE("kind = never when = \"outside 2..6 °C\" hysteresis = 2"), HYSTERESIS_REASON);
    assert_refused(RULE("kind = never when = \"> 1\" hysteresis = -1"), HYSTERESIS_REASON);
    assert_refused(RULE("kind = never when = \"outside 6..2\""),
                   "line 1: 'when' must be a limit such as \"> -20 °C\" or \"outside 2..6 °C\"");
    assert_refused(HEAD "rule \"r\" { kind = never when = \"> 1\" } rule \"r\" { kind = never when = \"> 2\" } }",
                   "line 1: policy \"p\" has two rules \"r\"");
}
END_TEST

#define PROFILE(inside) \
    "profile \"f\" { title = t version = 1 valid_from = \"2026-01-01\" source = s rule \"r\" { " inside " } }"
#define WATCH_REASON "line 1: rule \"r\" needs 'when' (and a hysteresis that fits) or 'signal'"
#define SIGNAL_REASON "line 1: rule \"r\" on a signal has a 'state' and no temperature"

START_TEST(rules_of_profiles_must_make_sense)
{
    assert_refused(PROFILE("for = \"1 h\" tier = alert"), WATCH_REASON);
    assert_refused(PROFILE("for = \"1 h\" tier = alert when = \"> 1\" state = open"), WATCH_REASON);
    assert_refused(PROFILE("for = \"1 h\" tier = alert when = \"outside 2..6\" hysteresis = 2"), WATCH_REASON);
    assert_refused(PROFILE("for = \"1 h\" tier = alert signal = door"), SIGNAL_REASON);
    assert_refused(PROFILE("for = \"1 h\" tier = alert signal = door state = open role = air"), SIGNAL_REASON);
    assert_refused(PROFILE("for = \"1 h\" tier = loud when = \"> 1\""),
                   "line 1: 'tier' must be one of the words it may have");
    assert_refused("profile \"f\" { title = t version = 1 valid_from = \"2026-02-30\" source = s }",
                   "line 1: 'valid_from' must be a date such as \"2026-01-01\"");
    assert_refused("profile \"f\" { title = t version = 1 valid_from = \"2026-02-28\" source = s policy \"x\" { } }",
                   "line 1: a profile has rules, not 'policy'");
    assert_refused("profile \"f\" { }", "line 1: profile \"f\" has no 'title'");
}
END_TEST

START_TEST(including_joins_rules_and_takes_the_longer_hold)
{
    scoped_by(arena_free) struct arena arena = {0};
    struct policy_file file;
    struct why why = {0};
    const char *head = " title = t version = 1 valid_from = \"2026-01-01\" source = s ";
    char text[1024];
    (void)snprintf(text, sizeof text,
                   "policy a {%s} policy \"b\" {%s}", head, head);
    ck_assert_int_eq(read_text(text, &arena, &file, &why), REJECT); /* an id stands in quotes */
    (void)snprintf(text, sizeof text,
                   "policy \"a\" {%s inventory_hold_days = 60 rule \"x\" { kind = never when = \"> 1\" confirm = true } }"
                   "policy \"b\" {%s inventory_hold_days = 30 include = { a }"
                   " rule \"y\" { kind = never when = \"> 2\" } }",
                   head, head);
    ck_assert_int_eq(read_text(text, &arena, &file, &why), DONE);
    ck_assert_uint_eq(file.policies[1].policy.rule_count, 2);
    ck_assert_str_eq(file.policies[1].policy.rules[0].id, "x");
    ck_assert_int_eq(file.policies[1].policy.inventory_hold_days, 60);
    ck_assert(file.policies[1].confirm);
}
END_TEST

START_TEST(memory_that_runs_out_is_no_fault_of_the_file)
{
    scoped_by(arena_free) struct arena arena = {.failed = true};
    struct policy_file file;
    struct why why = {0};
    ck_assert_int_eq(read_text("policy \"p\" { }", &arena, &file, &why), RETRY);
    ck_assert_int_eq(read_text("", &arena, &file, &why), RETRY);
    ck_assert_int_eq(read_text("{", &arena, &file, &why), RETRY);
    ck_assert_int_eq(read_text("\"", &arena, &file, &why), RETRY);
    /* And wherever it runs out: never a rejection, never a crash. */
    const char *whole = HEAD "required_tests = { a, b } rule \"a\" { kind = never when = \"> 0.5 C\" hysteresis = 0.25 } }"
                             "profile \"f\" { title = t version = 1 valid_from = \"2026-01-01\" source = s"
                             " rule \"r\" { for = \"1 h\" tier = alert when = \"> 1\" }"
                             " rule \"d\" { for = \"1 h\" tier = alert signal = door state = open } }";
    enum outcome outcome = RETRY;
    for (size_t limit = 16; outcome != DONE; limit += 16) {
        scoped_by(arena_free) struct arena small = {.limit = limit};
        outcome = read_text(whole, &small, &file, &why);
        ck_assert_int_ne(outcome, REJECT);
        ck_assert_uint_lt(limit, 100000);
    }
}
END_TEST

/* ---- the shipped files ---- */

static struct policy_file shipped(const char *name, struct arena *arena)
{
    char path[512];
    struct buffer text = {0};
    struct policy_file file = {0};
    struct why why = {0};
    (void)snprintf(path, sizeof path, "%s/%s", SHIPPED_POLICIES, name);
    FILE *in = fopen(path, "rb");
    ck_assert_ptr_nonnull(in);
    for (int c = getc(in); c != EOF; c = getc(in))
        buffer_add_byte(&text, (uint8_t)c);
    (void)fclose(in);
    enum outcome outcome = policy_file_read(buffer_view(&text), arena, &file, &why);
    ck_assert_msg(outcome == DONE, "%s: %s", name, why.text);
    buffer_free(&text);
    return file;
}

static const struct policy_entry *policy_named(const struct policy_file *file, const char *id)
{
    for (size_t i = 0; i < file->policy_count; i++)
        if (strcmp(file->policies[i].policy.id, id) == 0)
            return &file->policies[i];
    ck_abort_msg("no policy %s", id);
    return NULL;
}

START_TEST(every_shipped_file_reads_and_every_rule_has_a_source)
{
    DIR *folder = opendir(SHIPPED_POLICIES);
    size_t files = 0;
    ck_assert_ptr_nonnull(folder);
    for (struct dirent *entry = readdir(folder); entry; entry = readdir(folder)) {
        scoped_by(arena_free) struct arena arena = {0};
        if (!strstr(entry->d_name, ".policy"))
            continue;
        struct policy_file file = shipped(entry->d_name, &arena);
        files++;
        for (size_t i = 0; i < file.policy_count; i++)
            for (size_t k = 0; k < file.policies[i].policy.rule_count; k++)
                ck_assert_uint_gt(strlen(file.policies[i].notes[k].source), 0);
        ck_assert_uint_gt(file.policy_count + file.profile_count, 0);
    }
    (void)closedir(folder);
    ck_assert_uint_eq(files, 8);
}
END_TEST

START_TEST(the_fractionation_rules_are_those_of_the_page)
{
    scoped_by(arena_free) struct arena arena = {0};
    struct policy_file file = shipped("plasma-for-fractionation.policy", &arena);
    const struct policy_entry *e = policy_named(&file, "plasma-fractionation-eu-category-1");
    ck_assert_uint_eq(e->policy.rule_count, 4);
    ck_assert_int_eq(e->policy.inventory_hold_days, 60);
    ck_assert(e->confirm);
    const struct policy_rule *r = e->policy.rules;
    ck_assert_int_eq((int)r[0].kind, (int)RULE_DEADLINE);
    ck_assert_int_eq(r[0].allowed, INT64_C(24) * 3600000);
    ck_assert_int_eq(r[1].threshold.high_mc, -20000);
    ck_assert_int_eq(r[1].allowed, INT64_C(72) * 3600000);
    ck_assert_int_eq(r[2].threshold.high_mc, -15000);
    ck_assert_int_eq(r[2].allowed, 1);
    ck_assert_int_eq(r[3].threshold.high_mc, -5000);
    ck_assert_int_eq((int)r[3].kind, (int)RULE_NEVER);
    for (size_t i = 1; i < 4; i++) {
        ck_assert_int_eq((int)r[i].from, (int)EVENT_FREEZE);
        ck_assert_int_eq((int)r[i].to, (int)EVENT_POOL);
    }
    ck_assert(!policy_named(&file, "plasma-freezing-category-1")->confirm);
}
END_TEST

START_TEST(the_other_rules_are_those_of_the_page)
{
    scoped_by(arena_free) struct arena arena = {0};
    struct policy_file file = shipped("red-cells.policy", &arena);
    const struct policy_entry *e = policy_named(&file, "red-cells-uk");
    ck_assert_int_eq(e->policy.rules[1].allowed, INT64_C(5) * 3600000);
    ck_assert_int_eq(e->policy.rules[2].threshold.low_mc, 1000);
    e = policy_named(&file, "red-cells-eu");
    ck_assert_int_eq(e->shelf_life_days, 42);
    ck_assert_int_eq((int)e->policy.rules[3].threshold.op, (int)OP_BELOW);
    file = shipped("cell-therapy.policy", &arena);
    ck_assert(file.policies[0].confirm);
    file = shipped("vaccine-refrigerator.policy", &arena);
    ck_assert_int_eq(file.profiles[0].rules[1].threshold.low_mc, -500);
    ck_assert_int_eq((int)file.profiles[0].rules[1].threshold.op, (int)OP_AT_MOST);
    ck_assert_int_eq(file.profiles[0].signals[1].delay_ms, 86400000);
    file = shipped("source-plasma-us.policy", &arena);
    ck_assert_str_eq(file.policies[0].notes[0].consequence, "Relabel as Source Plasma Salvaged");
    ck_assert_uint_eq(file.policies[0].policy.rule_count, 5);
    file = shipped("platelets.policy", &arena);
    ck_assert_int_eq(policy_named(&file, "platelets-fr-bacterial-control")->shelf_life_days, 7);
    file = shipped("fresh-frozen-plasma.policy", &arena);
    ck_assert_int_eq(policy_named(&file, "fresh-frozen-plasma-fr")->shelf_life_months, 36);
    file = shipped("whole-blood.policy", &arena);
    ck_assert_int_eq((int)file.policies[0].policy.rules[0].kind, (int)RULE_TOTAL);
}
END_TEST

static Suite *suite_of_policy_file(void)
{
    Suite *suite = suite_create("policy files");
    TCase *cases = tcase_create("policy_file");
    tcase_add_test(cases, a_policy_with_everything);
    tcase_add_test(cases, a_profile_with_everything);
    tcase_add_test(cases, what_is_wrong_is_said_with_its_line);
    tcase_add_test(cases, rules_must_make_sense);
    tcase_add_test(cases, rules_of_profiles_must_make_sense);
    tcase_add_test(cases, including_joins_rules_and_takes_the_longer_hold);
    tcase_add_test(cases, memory_that_runs_out_is_no_fault_of_the_file);
    tcase_add_test(cases, every_shipped_file_reads_and_every_rule_has_a_source);
    tcase_add_test(cases, the_fractionation_rules_are_those_of_the_page);
    tcase_add_test(cases, the_other_rules_are_those_of_the_page);
    suite_add_tcase(suite, cases);
    return suite;
}

TEST_MAIN(suite_of_policy_file)
