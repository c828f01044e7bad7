#include "coldchain/policy.h"

#include "tests/helpers/check_main.h"

/* Sorted by (id, valid_from, version), as the facts have them. */
static const struct policy policies[] = {
    {.id = "other", .version = 1, .valid_from = 0, .applies_to_stock = true},
    {.id = "plasma", .version = 1, .valid_from = 100},
    {.id = "plasma", .version = 2, .valid_from = 200},
    {.id = "plasma", .version = 3, .valid_from = 300, .applies_to_stock = true},
    {.id = "plasma", .version = 4, .valid_from = 400},
};

static int64_t version(int64_t from, int64_t to)
{
    const struct policy *policy = policy_for_life(policies, 5, "plasma", from, to);
    return policy ? policy->version : 0;
}

START_TEST(the_version_valid_at_the_first_custody_event)
{
    ck_assert_int_eq(version(199, 250), 1);
    ck_assert_int_eq(version(200, 250), 2); /* a version rules from its first instant */
    ck_assert_int_eq(version(450, TIME_OPEN), 4);
}
END_TEST

START_TEST(the_first_if_none_was_valid_yet)
{
    ck_assert_int_eq(version(50, 90), 1);
}
END_TEST

START_TEST(a_later_version_for_stock_takes_lots_alive_at_its_beginning)
{
    ck_assert_int_eq(version(150, TIME_OPEN), 3); /* version 4 does not apply to stock */
    ck_assert_int_eq(version(150, 301), 3);
    ck_assert_int_eq(version(150, 300), 1); /* ended at its first instant: not alive then */
    ck_assert_int_eq(version(50, 301), 3);
}
END_TEST

START_TEST(an_unknown_policy_has_no_version)
{
    ck_assert_ptr_null(policy_for_life(policies, 5, "platelets", 0, TIME_OPEN));
    struct policy_rule rule = {.kind = RULE_DEADLINE};
    ck_assert(!policy_rule_is_temperature(&rule));
}
END_TEST

static Suite *suite_of_policy(void)
{
    Suite *suite = suite_create("policy");
    TCase *cases = tcase_create("policy");
    tcase_add_test(cases, the_version_valid_at_the_first_custody_event);
    tcase_add_test(cases, the_first_if_none_was_valid_yet);
    tcase_add_test(cases, a_later_version_for_stock_takes_lots_alive_at_its_beginning);
    tcase_add_test(cases, an_unknown_policy_has_no_version);
    suite_add_tcase(suite, cases);
    return suite;
}

TEST_MAIN(suite_of_policy)
