#include "cli/equipment_rule.h"

#include <stdio.h>
#include <string.h>

#include "cli/equipment_profile.h"
#include "cli/number.h"
#include "tests/helpers/check_main.h"

static Silsila__V1__EquipmentRule rule;
static struct equipment_rule_text text;

static enum outcome read_rule(const char *typed)
{
    struct why why = {""};
    enum outcome outcome = equipment_rule_read(typed, &text, &rule, &why);
    ck_assert((why.text[0] != '\0') == (outcome != DONE));
    return outcome;
}

START_TEST(a_whole_rule)
{
    ck_assert_int_eq(read_rule("id=warm,above=-25,delay=10min,hysteresis=0.5,tier=action,role=product"),
                     DONE);
    ck_assert_str_eq(rule.id, "warm");
    ck_assert_str_eq(rule.op, ">");
    ck_assert_int_eq(rule.limit_mc, -25000);
    ck_assert_uint_eq(rule.delay_ms, 600000);
    ck_assert_uint_eq(rule.hysteresis_mc, 500);
    ck_assert_str_eq(rule.tier, "action");
    ck_assert_str_eq(rule.role, "product");
}
END_TEST

START_TEST(what_may_be_left_out)
{
    ck_assert_int_eq(read_rule("at-most=2.125,id=cold"), DONE);
    ck_assert_str_eq(rule.op, "<=");
    ck_assert_int_eq(rule.limit_mc, 2125);
    ck_assert_uint_eq(rule.delay_ms, 0);
    ck_assert_str_eq(rule.tier, "alert");
    ck_assert_str_eq(rule.role, "");
}
END_TEST

START_TEST(bands_and_every_operator)
{
    static const struct {
        const char *typed, *op;
    } all[] = {{"id=x,above=1", ">"},
               {"id=x,at-least=1", ">="},
               {"id=x,below=1", "<"},
               {"id=x,at-most=1", "<="},
               {"id=x,outside=2..6", "outside"}};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        ck_assert_int_eq(read_rule(all[i].typed), DONE);
        ck_assert_str_eq(rule.op, all[i].op);
    }
    ck_assert_int_eq(rule.limit_mc, 2000);
    ck_assert_int_eq(rule.limit_high_mc, 6000);
}
END_TEST

START_TEST(what_is_no_rule)
{
    static const char *const bad[] = {
        "",
        "id=warm",
        "above=1",
        "id=,above=1",
        "id=x,above",
        "id=x,above=",
        "id=x,above=warm",
        "id=x,above=1,below=2",
        "id=x,outside=6",
        "id=x,outside=6..2",
        "id=x,above=1,delay=10",
        "id=x,above=1,delay=-1s",
        "id=x,above=1,delay=99999h",
        "id=x,above=1,hysteresis=-1",
        "id=x,above=1,tier=loud",
        "id=x,above=1,role=door",
        "id=x,above=1,colour=red",
        "id=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx,above=1",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(read_rule(bad[i]) == REJECT, "%s", bad[i]);
}
END_TEST

START_TEST(numbers_and_durations)
{
    int64_t value;
    ck_assert(number_read("17", 1, 100, &value) && value == 17);
    ck_assert(number_read("-3", -5, 5, &value) && value == -3);
    ck_assert(!number_read("", 0, 9, &value) && !number_read("1x", 0, 9, &value) &&
              !number_read(" 1", 0, 9, &value));
    ck_assert(!number_read("10", 0, 9, &value) && !number_read("99999999999999999999", 0, INT64_MAX, &value));
    ck_assert(!number_read("+1", 0, 9, &value));
    ck_assert(duration_read("90s", &value) && value == 90000);
    ck_assert(duration_read("2h", &value) && value == 7200000);
    ck_assert(duration_read("1d", &value) && value == 86400000);
    ck_assert(!duration_read("90", &value) && !duration_read("1 h", &value) && !duration_read("1m", &value));
}
END_TEST

START_TEST(a_profile_is_copied_rule_by_rule)
{
    static const char profile[] =
        "profile \"fridge\" {\n title = \"t\"\n version = 1\n valid_from = \"2020-01-01\"\n source = \"s\"\n"
        " rule \"heat\" { when = \"> 8 °C\"  for = \"10 h\"  tier = action }\n"
        " rule \"freeze\" { when = \"<= -0.5 °C\"  for = \"60 min\"  tier = alert }\n"
        " rule \"band\" { when = \"outside 2..6 °C\"  for = \"0 min\"  tier = alert }\n}\n";
    struct arena arena = {0};
    struct policy_file file;
    struct why why = {""};
    Silsila__V1__EquipmentRule rules[4];
    size_t count = 0;
    ck_assert_msg(policy_file_read(bytes_of(profile, strlen(profile)), &arena, &file, &why) == DONE, "%s",
                  why.text);
    ck_assert_int_eq(equipment_profile_rules(&file, "fridge", rules, 4, &count, &why), DONE);
    ck_assert_uint_eq(count, 3);
    ck_assert_str_eq(rules[0].op, ">");
    ck_assert_int_eq(rules[0].limit_mc, 8000);
    ck_assert_uint_eq(rules[0].delay_ms, 36000000);
    ck_assert_str_eq(rules[0].tier, "action");
    ck_assert_str_eq(rules[1].op, "<=");
    ck_assert_int_eq(rules[1].limit_mc, -500);
    ck_assert_str_eq(rules[2].op, "outside");
    ck_assert_int_eq(rules[2].limit_mc, 2000);
    ck_assert_int_eq(rules[2].limit_high_mc, 6000);
    ck_assert_int_eq(equipment_profile_rules(&file, NULL, rules, 4, &count, &why), DONE); /* the only one */
    ck_assert_int_eq(equipment_profile_rules(&file, "other", rules, 4, &count, &why), REJECT);
    ck_assert_int_eq(equipment_profile_rules(&file, "fridge", rules, 2, &count, &why), REJECT);
    arena_free(&arena);
}
END_TEST

static Suite *suite_of_equipment_rule(void)
{
    Suite *s = suite_create("equipment_rule");
    TCase *t = tcase_create("equipment_rule");
    tcase_add_test(t, a_whole_rule);
    tcase_add_test(t, what_may_be_left_out);
    tcase_add_test(t, bands_and_every_operator);
    tcase_add_test(t, what_is_no_rule);
    tcase_add_test(t, a_profile_is_copied_rule_by_rule);
    tcase_add_test(t, numbers_and_durations);
    suite_add_tcase(s, t);
    return s;
}

TEST_MAIN(suite_of_equipment_rule)
