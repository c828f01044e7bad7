#include "coldchain/bounds.h"

#include "common/cleanup.h"
#include "tests/helpers/check_main.h"
#include "tests/helpers/world.h"

static int64_t first(struct world *w, int32_t lot, enum event_type type, int64_t not_before)
{
    struct life_view view = {w->lives, lot, SIZE_MAX};
    return bounds_first(&view, type, not_before);
}

START_TEST(a_bound_is_the_first_such_event)
{
    scoped_by(world_free) struct world w = {0};
    int32_t lot = world_lot(&w, 0);
    world_mark(&w, lot, EVENT_COLLECT, 0);
    world_mark(&w, lot, EVENT_FREEZE, 30);
    world_mark(&w, lot, EVENT_FREEZE, 50);
    ck_assert_int_eq(first(&w, lot, EVENT_FREEZE, TIME_NONE), MIN(30));
    ck_assert_int_eq(first(&w, lot, EVENT_FREEZE, MIN(30)), MIN(30)); /* at or after */
    ck_assert_int_eq(first(&w, lot, EVENT_FREEZE, MIN(30) + 1), MIN(50));
    ck_assert(first(&w, lot, EVENT_POOL, TIME_NONE) == TIME_NONE);
    struct life_view cut = {w.lives, lot, 1};
    ck_assert(bounds_first(&cut, EVENT_FREEZE, TIME_NONE) == TIME_NONE);
}
END_TEST

START_TEST(a_rule_that_has_not_started_sees_nothing)
{
    scoped_by(world_free) struct world w = {0};
    int32_t lot = world_lot(&w, 0);
    world_mark(&w, lot, EVENT_FREEZE, 30);
    struct life_view view = {w.lives, lot, SIZE_MAX};
    struct policy_rule rule = {.from = EVENT_FREEZE, .to = EVENT_POOL};
    struct interval b = bounds_of_rule(&view, &rule);
    ck_assert_int_eq(b.from, MIN(30));
    ck_assert(b.to == TIME_OPEN);
    rule.from = EVENT_POOL;
    b = bounds_of_rule(&view, &rule);
    ck_assert_int_ge(b.from, b.to);
    rule = (struct policy_rule){.to = EVENT_FREEZE};
    b = bounds_of_rule(&view, &rule);
    ck_assert(b.from == TIME_NONE);
    ck_assert_int_eq(b.to, MIN(30));
}
END_TEST

START_TEST(a_part_inherits_its_parent_s_events_up_to_the_split)
{
    scoped_by(world_free) struct world w = {0};
    int32_t parent = world_lot(&w, 0);
    int32_t part = world_lot(&w, 40);
    w.lives[part].split_from = parent;
    world_mark(&w, parent, EVENT_COLLECT, 0);
    world_mark(&w, parent, EVENT_FREEZE, 20);
    world_mark(&w, parent, EVENT_TEST, 50); /* after the split: the parent's own */
    world_mark(&w, part, EVENT_FREEZE, 45);
    ck_assert_int_eq(first(&w, part, EVENT_COLLECT, TIME_NONE), 0);
    ck_assert_int_eq(first(&w, part, EVENT_FREEZE, TIME_NONE), MIN(20));
    ck_assert_int_eq(first(&w, part, EVENT_FREEZE, MIN(21)), MIN(45));
    ck_assert(first(&w, part, EVENT_TEST, TIME_NONE) == TIME_NONE);
}
END_TEST

START_TEST(a_pool_inherits_the_latest_of_every_member_s)
{
    scoped_by(world_free) struct world w = {0};
    int32_t a = world_lot(&w, 0);
    int32_t b = world_lot(&w, 5);
    int32_t pool = world_lot(&w, 60);
    const int32_t members[] = {0, 1};
    w.lives[pool].members = members;
    w.lives[pool].member_count = 2;
    world_mark(&w, a, EVENT_COLLECT, 0);
    world_mark(&w, b, EVENT_COLLECT, 5);
    world_mark(&w, a, EVENT_FREEZE, 20);
    ck_assert_int_eq(first(&w, pool, EVENT_COLLECT, TIME_NONE), MIN(5));
    ck_assert(first(&w, pool, EVENT_FREEZE, TIME_NONE) == TIME_NONE); /* b has none */
    ck_assert(first(&w, pool, EVENT_COLLECT, MIN(6)) == TIME_NONE);
}
END_TEST

START_TEST(an_endless_ancestry_ends)
{
    scoped_by(world_free) struct world w = {0};
    int32_t a = world_lot(&w, 0);
    w.lives[a].split_from = a;
    ck_assert(first(&w, a, EVENT_FREEZE, TIME_NONE) == TIME_NONE);
}
END_TEST

static Suite *suite_of_bounds(void)
{
    Suite *suite = suite_create("bounds");
    TCase *cases = tcase_create("bounds");
    tcase_add_test(cases, a_bound_is_the_first_such_event);
    tcase_add_test(cases, a_rule_that_has_not_started_sees_nothing);
    tcase_add_test(cases, a_part_inherits_its_parent_s_events_up_to_the_split);
    tcase_add_test(cases, a_pool_inherits_the_latest_of_every_member_s);
    tcase_add_test(cases, an_endless_ancestry_ends);
    suite_add_tcase(suite, cases);
    return suite;
}

TEST_MAIN(suite_of_bounds)
