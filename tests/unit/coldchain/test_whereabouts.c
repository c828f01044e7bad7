#include "coldchain/whereabouts.h"

#include "common/cleanup.h"
#include "tests/helpers/check_main.h"
#include "tests/helpers/world.h"

static void assert_where(const struct lot_result *r, size_t i, int64_t from, int64_t to, int32_t equipment)
{
    ck_assert_uint_lt(i, r->where_count);
    ck_assert_int_eq(r->where[i].from, MIN(from));
    ck_assert_int_eq(r->where[i].to, to == TIME_OPEN ? TIME_OPEN : MIN(to));
    ck_assert_int_eq(r->where[i].equipment, equipment);
}

START_TEST(itself_placed_in_a_monitored_equipment)
{
    scoped_by(world_free) struct world w = {0};
    (void)world_simple_store(&w);
    w.placements[0].from = MIN(20);
    int32_t lot = world_lot(&w, 0);
    (void)world_stay(&w, lot, 0, 10, NONE);
    (void)world_stay(&w, lot, 10, TIME_OPEN, 0);
    struct lot_result r = world_judge_lot(&w, lot);
    ck_assert_uint_eq(r.where_count, 2);
    assert_where(&r, 0, 0, 20, NONE); /* in the store from 10, but no probe placed before 20 */
    assert_where(&r, 1, 20, TIME_OPEN, 0);
}
END_TEST

/* A bag (0) in a box (1, bound to transport box E1) on a pallet (2) in a van (E0). */
START_TEST(a_bag_in_a_box_in_a_van_is_as_cold_as_the_box_says)
{
    scoped_by(world_free) struct world w = {0};
    (void)world_simple_store(&w); /* E0, the van, monitored for ever */
    int32_t box_store = world_store(&w);
    world_place(&w, world_probe(&w, 0), box_store, ROLE_PRODUCT, 30, 50);
    int32_t bag = world_lot(&w, 0);
    int32_t box = world_lot(&w, 0);
    int32_t pallet = world_lot(&w, 0);
    w.equipment[box_store].container = box;
    world_stay(&w, bag, 0, TIME_OPEN, NONE)->place.parent = box;
    (void)world_stay(&w, box, 0, 10, NONE);
    world_stay(&w, box, 10, TIME_OPEN, NONE)->place.parent = pallet;
    (void)world_stay(&w, pallet, 0, 20, NONE);
    (void)world_stay(&w, pallet, 20, 60, 0);
    (void)world_stay(&w, pallet, 60, TIME_OPEN, NONE);
    struct lot_result r = world_judge_lot(&w, bag);
    ck_assert_uint_eq(r.where_count, 5);
    assert_where(&r, 0, 0, 20, NONE);
    assert_where(&r, 1, 20, 30, 0); /* the box has no probe yet: the van */
    assert_where(&r, 2, 30, 50, box_store);
    assert_where(&r, 3, 50, 60, 0);
    assert_where(&r, 4, 60, TIME_OPEN, NONE);
    r = world_judge_lot(&w, box); /* the box does not hold itself */
    ck_assert_uint_eq(r.where_count, 3);
    assert_where(&r, 1, 20, 60, 0);
}
END_TEST

START_TEST(placed_in_a_bound_equipment_is_where_its_container_is)
{
    scoped_by(world_free) struct world w = {0};
    (void)world_simple_store(&w);
    int32_t box_store = world_store(&w);
    int32_t bag = world_lot(&w, 0);
    int32_t box = world_lot(&w, 0);
    w.equipment[box_store].container = box;
    (void)world_stay(&w, bag, 0, TIME_OPEN, box_store); /* never monitored itself */
    (void)world_stay(&w, box, 0, TIME_OPEN, 0);
    struct lot_result r = world_judge_lot(&w, bag);
    ck_assert_uint_eq(r.where_count, 1);
    assert_where(&r, 0, 0, TIME_OPEN, 0);
}
END_TEST

START_TEST(a_parent_that_ended_or_never_began_stands_nowhere)
{
    scoped_by(world_free) struct world w = {0};
    (void)world_simple_store(&w);
    int32_t bag = world_lot(&w, 0);
    int32_t box = world_lot(&w, 10);
    int32_t never = world_lot(&w, 0);
    w.lives[never] = (struct lot_life){.split_from = NONE};
    world_stay(&w, bag, 0, 60, NONE)->place.parent = box;
    world_stay(&w, bag, 60, TIME_OPEN, NONE)->place.parent = never;
    (void)world_stay(&w, box, 10, 40, 0);
    world_end(&w, box, 40);
    struct lot_result r = world_judge_lot(&w, bag);
    ck_assert_uint_eq(r.where_count, 3);
    assert_where(&r, 0, 0, 10, NONE);
    assert_where(&r, 1, 10, 40, 0);
    assert_where(&r, 2, 40, TIME_OPEN, NONE);
    r = world_judge_lot(&w, never);
    ck_assert_uint_eq(r.where_count, 0);
    ck_assert(!r.verdict.given);
}
END_TEST

START_TEST(monitored_times_before_the_stay_are_passed_over)
{
    scoped_by(world_free) struct world w = {0};
    (void)world_simple_store(&w);
    w.placements[0].to = MIN(10);
    world_place(&w, 0, 0, ROLE_PRODUCT, 40, 50);
    int32_t lot = world_lot(&w, 20);
    (void)world_stay(&w, lot, 20, TIME_OPEN, 0);
    struct lot_result r = world_judge_lot(&w, lot);
    ck_assert_uint_eq(r.where_count, 3);
    assert_where(&r, 0, 20, 40, NONE);
    assert_where(&r, 1, 40, 50, 0);
    assert_where(&r, 2, 50, TIME_OPEN, NONE);
}
END_TEST

START_TEST(a_cycle_ends_as_unmonitored)
{
    scoped_by(world_free) struct world w = {0};
    (void)world_simple_store(&w);
    int32_t a = world_lot(&w, 0);
    int32_t b = world_lot(&w, 0);
    world_stay(&w, a, 0, TIME_OPEN, NONE)->place.parent = b;
    world_stay(&w, b, 0, TIME_OPEN, NONE)->place.parent = a;
    struct lot_result r = world_judge_lot(&w, a);
    ck_assert_uint_eq(r.where_count, 1);
    assert_where(&r, 0, 0, TIME_OPEN, NONE);
}
END_TEST

static Suite *suite_of_whereabouts(void)
{
    Suite *suite = suite_create("whereabouts");
    TCase *cases = tcase_create("whereabouts");
    tcase_add_test(cases, itself_placed_in_a_monitored_equipment);
    tcase_add_test(cases, a_bag_in_a_box_in_a_van_is_as_cold_as_the_box_says);
    tcase_add_test(cases, placed_in_a_bound_equipment_is_where_its_container_is);
    tcase_add_test(cases, a_parent_that_ended_or_never_began_stands_nowhere);
    tcase_add_test(cases, a_cycle_ends_as_unmonitored);
    tcase_add_test(cases, monitored_times_before_the_stay_are_passed_over);
    suite_add_tcase(suite, cases);
    return suite;
}

TEST_MAIN(suite_of_whereabouts)
