#include "coldchain/placement.h"

#include "common/cleanup.h"
#include "tests/helpers/check_main.h"
#include "tests/helpers/world.h"

static struct placed_list *resolved(struct world *w)
{
    int64_t watermarks[WORLD_ROOM];
    for (size_t i = 0; i < w->facts.gateway_count; i++)
        watermarks[i] = w->gateways[i].heard_through;
    struct placed_list *lists = placements_resolve(&w->facts, watermarks, &w->arena);
    ck_assert_ptr_nonnull(lists);
    return lists;
}

START_TEST(a_placement_ends_when_the_next_of_that_probe_begins)
{
    scoped_by(world_free) struct world w = {0};
    int32_t gateway = world_gateway(&w, 1000);
    int32_t a = world_store(&w);
    int32_t b = world_store(&w);
    int32_t probe = world_probe(&w, gateway);
    world_place(&w, probe, b, ROLE_PRODUCT, 50, TIME_OPEN);
    world_place(&w, probe, a, ROLE_PRODUCT, 10, TIME_OPEN);
    struct placed_list *lists = resolved(&w);
    ck_assert_int_eq(lists[a].items[0].from, MIN(10));
    ck_assert_int_eq(lists[a].items[0].to, MIN(50));
    ck_assert_int_eq(lists[b].items[0].from, MIN(50));
    ck_assert(lists[b].items[0].to == TIME_OPEN);
}
END_TEST

START_TEST(an_empty_placement_never_held)
{
    scoped_by(world_free) struct world w = {0};
    int32_t probe = world_simple_store(&w);
    w.placements[0].to = w.placements[0].from;
    world_place(&w, probe, 0, ROLE_AIR, 20, 30);
    struct placed_list *lists = resolved(&w);
    ck_assert_uint_eq(lists[0].count, 1);
    ck_assert_int_eq(lists[0].items[0].from, MIN(20));
}
END_TEST

START_TEST(of_two_placements_with_one_from_the_later_rules)
{
    scoped_by(world_free) struct world w = {0};
    int32_t probe = world_simple_store(&w);
    int32_t other = world_store(&w);
    world_place(&w, probe, other, ROLE_PRODUCT, 0, TIME_OPEN);
    struct placed_list *lists = resolved(&w);
    ck_assert_uint_eq(lists[0].count, 0);
    ck_assert_uint_eq(lists[other].count, 1);
}
END_TEST

START_TEST(a_rule_for_one_role_is_heard_by_that_role)
{
    scoped_by(world_free) struct world w = {0};
    int32_t far = world_gateway(&w, 100);
    int32_t near = world_gateway(&w, 60);
    int32_t store = world_store(&w);
    world_place(&w, world_probe(&w, far), store, ROLE_PRODUCT, 10, TIME_OPEN);
    world_place(&w, world_probe(&w, near), store, ROLE_AIR, 30, 40);
    struct placed_list list = resolved(&w)[store];
    ck_assert_int_eq(placements_watermark_of_role(list, ROLE_AIR, MIN(20)), MIN(100)); /* none yet: the others */
    ck_assert_int_eq(placements_watermark_of_role(list, ROLE_AIR, MIN(30)), MIN(60));
    ck_assert_int_eq(placements_watermark_of_role(list, ROLE_AIR, MIN(50)), MIN(60)); /* the last of its role */
    ck_assert_int_eq(placements_watermark_of_role(list, ROLE_PRODUCT, MIN(50)), MIN(100));
}
END_TEST

START_TEST(an_equipment_is_heard_as_far_as_its_slowest_gateway_in_use)
{
    scoped_by(world_free) struct world w = {0};
    int32_t far = world_gateway(&w, 100);
    int32_t near = world_gateway(&w, 60);
    int32_t nearest = world_gateway(&w, 20);
    int32_t store = world_store(&w);
    world_place(&w, world_probe(&w, far), store, ROLE_PRODUCT, 10, 80);
    world_place(&w, world_probe(&w, near), store, ROLE_PRODUCT, 30, 50);
    world_place(&w, world_probe(&w, nearest), store, ROLE_AIR, 10, 70);
    struct placed_list list = resolved(&w)[store];
    ck_assert(placements_watermark(list, MIN(10) - 1) == TIME_NONE); /* before the first */
    ck_assert_int_eq(placements_watermark(list, MIN(10)), MIN(100)); /* air is not in use */
    ck_assert_int_eq(placements_watermark(list, MIN(30)), MIN(60));
    ck_assert_int_eq(placements_watermark(list, MIN(50)), MIN(100)); /* to is not within */
    ck_assert_int_eq(placements_watermark(list, MIN(80)), MIN(100)); /* none placed: the last one's */
    ck_assert_int_eq(placements_watermark(list, TIME_OPEN), MIN(100));
}
END_TEST

START_TEST(with_none_placed_the_role_last_in_use_gives_the_watermark)
{
    scoped_by(world_free) struct world w = {0};
    int32_t far = world_gateway(&w, 100);
    int32_t near = world_gateway(&w, 60);
    int32_t store = world_store(&w);
    world_place(&w, world_probe(&w, far), store, ROLE_PRODUCT, 10, 40);
    world_place(&w, world_probe(&w, near), store, ROLE_AIR, 10, 50);
    struct placed_list list = resolved(&w)[store];
    ck_assert_int_eq(placements_watermark(list, MIN(45)), MIN(60));
    ck_assert_int_eq(placements_watermark(list, MIN(55)), MIN(60));
    ck_assert_int_eq(placements_watermark((struct placed_list){0}, 0), TIME_NONE);
}
END_TEST

START_TEST(monitored_is_where_a_probe_of_either_role_is_placed)
{
    scoped_by(world_free) struct world w = {0};
    int32_t gateway = world_gateway(&w, 100);
    int32_t store = world_store(&w);
    world_place(&w, world_probe(&w, gateway), store, ROLE_PRODUCT, 10, 30);
    world_place(&w, world_probe(&w, gateway), store, ROLE_AIR, 20, 40);
    world_place(&w, world_probe(&w, gateway), store, ROLE_AIR, 40, 50);
    world_place(&w, world_probe(&w, gateway), store, ROLE_AIR, 60, TIME_OPEN);
    struct interval_list out = {0};
    placements_monitored(resolved(&w)[store], &w.arena, &out);
    ck_assert_uint_eq(out.vec.count, 2);
    ck_assert_int_eq(out.vec.items[0].from, MIN(10));
    ck_assert_int_eq(out.vec.items[0].to, MIN(50));
    ck_assert_int_eq(out.vec.items[1].from, MIN(60));
    ck_assert(out.vec.items[1].to == TIME_OPEN);
}
END_TEST

static Suite *suite_of_placement(void)
{
    Suite *suite = suite_create("placement");
    TCase *cases = tcase_create("placement");
    tcase_add_test(cases, a_placement_ends_when_the_next_of_that_probe_begins);
    tcase_add_test(cases, an_empty_placement_never_held);
    tcase_add_test(cases, an_equipment_is_heard_as_far_as_its_slowest_gateway_in_use);
    tcase_add_test(cases, with_none_placed_the_role_last_in_use_gives_the_watermark);
    tcase_add_test(cases, monitored_is_where_a_probe_of_either_role_is_placed);
    tcase_add_test(cases, of_two_placements_with_one_from_the_later_rules);
    tcase_add_test(cases, a_rule_for_one_role_is_heard_by_that_role);
    suite_add_tcase(suite, cases);
    return suite;
}

TEST_MAIN(suite_of_placement)
