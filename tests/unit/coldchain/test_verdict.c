#include "coldchain/verdict.h"

#include "tests/helpers/check_main.h"

/* A policy of four rules; every test sets what they used. */
static const struct policy_rule rules[] = {
    {.id = "deadline", .kind = RULE_DEADLINE, .allowed = 100},
    {.id = "never", .kind = RULE_NEVER},
    {.id = "total", .kind = RULE_TOTAL, .allowed = 300},
    {.id = "single", .kind = RULE_SINGLE, .allowed = 200},
};
static const struct policy policy = {.id = "p", .version = 1, .max_unknown_ms = 60, .rules = rules, .rule_count = 4};

struct grounds {
    struct exposure exposures[4];
    bool doubt[4];
    struct verdict_grounds grounds;
};

static struct grounds used(int64_t deadline, int64_t never, int64_t total, int64_t single)
{
    struct grounds g = {0};
    const int64_t all[] = {deadline, never, total, single};
    for (size_t i = 0; i < 4; i++)
        g.exposures[i] = (struct exposure){.rule = &rules[i], .used = all[i], .allowed = rules[i].allowed,
                                           .breached = all[i] > rules[i].allowed, .breached_at = (int64_t)i};
    return g;
}

static struct verdict decide(struct grounds *g)
{
    g->grounds.exposures = g->exposures;
    g->grounds.unknown_would_breach = g->doubt;
    return verdict_decide(&policy, &g->grounds);
}

START_TEST(nothing_used_is_clean)
{
    struct grounds g = used(0, 0, 0, 0);
    struct verdict v = decide(&g);
    ck_assert_int_eq((int)v.word, (int)VERDICT_CLEAN);
    ck_assert_ptr_null(v.rule);
    ck_assert(v.given);
}
END_TEST

START_TEST(a_deadline_that_was_met_does_not_count)
{
    struct grounds g = used(100, 0, 0, 0);
    ck_assert_int_eq((int)decide(&g).word, (int)VERDICT_CLEAN);
    g = used(101, 0, 0, 0);
    struct verdict v = decide(&g);
    ck_assert_int_eq((int)v.word, (int)VERDICT_BREACHED);
    ck_assert_str_eq(v.rule, "deadline");
}
END_TEST

START_TEST(within_names_the_largest_share_the_first_of_equals)
{
    struct grounds g = used(0, 0, 100, 70); /* 0.333 against 0.35 */
    struct verdict v = decide(&g);
    ck_assert_int_eq((int)v.word, (int)VERDICT_WITHIN);
    ck_assert_str_eq(v.rule, "single");
    g = used(0, 0, 150, 100); /* 0.5 and 0.5 */
    ck_assert_str_eq(decide(&g).rule, "total");
    g = used(0, 0, 149, 100);
    ck_assert_str_eq(decide(&g).rule, "single");
}
END_TEST

START_TEST(shares_are_compared_exactly)
{
    static const struct policy_rule near[] = {
        {.id = "a", .kind = RULE_TOTAL, .allowed = 3000000000000001},
        {.id = "b", .kind = RULE_TOTAL, .allowed = 3000000000000000},
    };
    const struct policy two = {.id = "p", .rules = near, .rule_count = 2};
    struct exposure e[] = {{.rule = &near[0], .used = 1000000000000000, .allowed = 3000000000000001},
                           {.rule = &near[1], .used = 1000000000000000, .allowed = 3000000000000000}};
    const bool doubt[2] = {false, false};
    struct verdict_grounds g = {.exposures = e, .unknown_would_breach = doubt};
    ck_assert_str_eq(verdict_decide(&two, &g).rule, "b");
    e[0].used = 2000000000000000; /* 2/3 - ε against 2/3 */
    e[1].used = 2000000000000000;
    ck_assert_str_eq(verdict_decide(&two, &g).rule, "b");
    e[0].used = 2000000000000001; /* 2/3 + ε */
    ck_assert_str_eq(verdict_decide(&two, &g).rule, "a");
}
END_TEST

START_TEST(breached_names_the_first_breached_in_the_policy_s_order)
{
    struct grounds g = used(0, 1, 900, 900);
    struct verdict v = decide(&g);
    ck_assert_int_eq((int)v.word, (int)VERDICT_BREACHED);
    ck_assert_str_eq(v.rule, "never");
    ck_assert_int_eq(v.breached_at, 1);
    g.grounds.unknown_ms = 1000; /* breached is worse than unproven */
    ck_assert_int_eq((int)decide(&g).word, (int)VERDICT_BREACHED);
}
END_TEST

START_TEST(exactly_max_unknown_is_allowed)
{
    struct grounds g = used(0, 0, 0, 0);
    g.grounds.unknown_ms = 60;
    ck_assert_int_eq((int)decide(&g).word, (int)VERDICT_CLEAN);
    g.grounds.unknown_ms = 61;
    struct verdict v = decide(&g);
    ck_assert_int_eq((int)v.word, (int)VERDICT_UNPROVEN);
    ck_assert_str_eq(v.rule, "max_unknown");
    ck_assert_int_eq(v.unknown_ms, 61);
}
END_TEST

START_TEST(a_rule_that_unknown_time_would_breach_is_unproven)
{
    struct grounds g = used(0, 0, 10, 10);
    g.doubt[3] = true;
    struct verdict v = decide(&g);
    ck_assert_int_eq((int)v.word, (int)VERDICT_UNPROVEN);
    ck_assert_str_eq(v.rule, "single");
    g.grounds.unknown_ms = 61; /* both: max_unknown is named */
    ck_assert_str_eq(decide(&g).rule, "max_unknown");
}
END_TEST

START_TEST(pending_decides_nothing)
{
    struct grounds g = used(0, 0, 0, 0);
    g.grounds.pending_ms = 1000000;
    struct verdict v = decide(&g);
    ck_assert_int_eq((int)v.word, (int)VERDICT_CLEAN);
    ck_assert_int_eq(v.pending_ms, 1000000);
}
END_TEST

START_TEST(attested_is_at_best_within)
{
    struct grounds g = used(0, 0, 0, 0);
    g.grounds.attested = true;
    g.grounds.attested_until = 77;
    struct verdict v = decide(&g);
    ck_assert_int_eq((int)v.word, (int)VERDICT_WITHIN);
    ck_assert_int_eq(v.attested_until, 77);
    ck_assert_str_eq(v.rule, "total"); /* 0 / 300 is the first of the largest shares */
}
END_TEST

START_TEST(a_pool_is_as_bad_as_its_worst_member_of_equals_its_own_then_the_smallest)
{
    struct verdict pool = {.given = true, .word = VERDICT_WITHIN, .rule = "own", .member = NONE};
    const struct verdict within = {.given = true, .word = VERDICT_WITHIN, .rule = "w"};
    const struct verdict breached = {.given = true, .word = VERDICT_BREACHED, .rule = "b", .breached_at = 9};
    const struct verdict none = {0};
    verdict_join_member(&pool, &within, 1);
    ck_assert_int_eq(pool.member, NONE);
    verdict_join_member(&pool, &breached, 2);
    verdict_join_member(&pool, &breached, 3);
    verdict_join_member(&pool, &none, 4);
    ck_assert_int_eq(pool.member, 2);
    ck_assert_str_eq(pool.rule, "b");
    ck_assert_int_eq(pool.breached_at, 9);
    struct verdict without = {.member = NONE};
    verdict_join_member(&without, &within, 5);
    ck_assert(without.given);
    ck_assert_int_eq(without.member, 5);
}
END_TEST

static Suite *suite_of_verdict(void)
{
    Suite *suite = suite_create("verdict");
    TCase *cases = tcase_create("verdict");
    tcase_add_test(cases, nothing_used_is_clean);
    tcase_add_test(cases, a_deadline_that_was_met_does_not_count);
    tcase_add_test(cases, within_names_the_largest_share_the_first_of_equals);
    tcase_add_test(cases, shares_are_compared_exactly);
    tcase_add_test(cases, breached_names_the_first_breached_in_the_policy_s_order);
    tcase_add_test(cases, exactly_max_unknown_is_allowed);
    tcase_add_test(cases, a_rule_that_unknown_time_would_breach_is_unproven);
    tcase_add_test(cases, pending_decides_nothing);
    tcase_add_test(cases, attested_is_at_best_within);
    tcase_add_test(cases, a_pool_is_as_bad_as_its_worst_member_of_equals_its_own_then_the_smallest);
    suite_add_tcase(suite, cases);
    return suite;
}

TEST_MAIN(suite_of_verdict)
