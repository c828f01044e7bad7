#include "coldchain/walk.h"

#include "common/cleanup.h"
#include "tests/helpers/check_main.h"
#include "tests/helpers/world.h"

/* The spans of store 0 as a list of copies; slots point into the walk and are not kept. */
struct spans {
    struct span items[64];
    size_t count;
};

static struct spans walked(struct world *w, enum probe_role role, bool strict, int64_t from)
{
    struct spans out = {0};
    int64_t watermarks[WORLD_ROOM];
    struct carried_list readings[WORLD_ROOM];
    struct sync *syncs = clock_sort(w->facts.syncs, w->facts.sync_count, &w->arena);
    for (size_t i = 0; i < w->facts.gateway_count; i++)
        watermarks[i] = w->gateways[i].heard_through;
    for (size_t i = 0; i < w->facts.probe_count; i++)
        readings[i] = carry_readings(&w->probes[i], syncs, w->facts.sync_count, &w->arena);
    struct placed_list *lists = placements_resolve(&w->facts, watermarks, &w->arena);
    struct walk walk;
    ck_assert(walk_begin(&walk, lists[0], readings, w->equipment[0].max_gap_ms, role, strict, from, &w->arena));
    while (walk_next(&walk, &out.items[out.count]))
        ck_assert_uint_lt(++out.count, 64);
    return out;
}

/* The span that holds `at`. */
static const struct span *at(const struct spans *spans, int64_t ms)
{
    for (size_t i = 0; i < spans->count; i++)
        if (spans->items[i].from <= ms && (ms < spans->items[i].to || spans->items[i].to == TIME_OPEN))
            return &spans->items[i];
    ck_abort_msg("no span holds the instant");
    return NULL;
}

START_TEST(a_good_reading_carries_for_max_gap_and_not_one_millisecond_longer)
{
    scoped_by(world_free) struct world w = {0};
    int32_t probe = world_simple_store(&w);
    (void)world_read(&w, probe, 10, -25);
    struct spans s = walked(&w, ROLE_ANY, false, TIME_NONE);
    ck_assert(!at(&s, MIN(10) - 1)->known);
    ck_assert(at(&s, MIN(10))->known);
    ck_assert_int_eq(at(&s, MIN(10))->highest, -25000);
    ck_assert(at(&s, MIN(25) - 1)->known); /* 10 + 15 */
    ck_assert(!at(&s, MIN(25))->known);
    ck_assert(!at(&s, MIN(25))->pending);
}
END_TEST

START_TEST(the_next_reading_ends_a_carry_good_or_bad)
{
    scoped_by(world_free) struct world w = {0};
    int32_t probe = world_simple_store(&w);
    (void)world_read(&w, probe, 10, -25);
    world_read(&w, probe, 12, -25)->good = false;
    (void)world_read(&w, probe, 20, -24);
    (void)world_read(&w, probe, 21, -23);
    struct spans s = walked(&w, ROLE_ANY, false, TIME_NONE);
    ck_assert(at(&s, MIN(12) - 1)->known);
    ck_assert(!at(&s, MIN(12))->known);
    ck_assert(!at(&s, MIN(20) - 1)->known);
    ck_assert_int_eq(at(&s, MIN(21) - 1)->highest, -24000);
    ck_assert_int_eq(at(&s, MIN(21))->highest, -23000);
}
END_TEST

START_TEST(a_carry_ends_with_its_placement_and_a_reading_speaks_only_for_the_place_it_was_taken_in)
{
    scoped_by(world_free) struct world w = {0};
    int32_t gateway = world_gateway(&w, 1000);
    int32_t store = world_store(&w);
    int32_t probe = world_probe(&w, gateway);
    world_place(&w, probe, store, ROLE_PRODUCT, 10, 20);
    world_place(&w, probe, store, ROLE_PRODUCT, 22, 40);
    (void)world_read(&w, probe, 9, -10);  /* before the placement: never its own */
    (void)world_read(&w, probe, 15, -25); /* would carry to 30 */
    (void)world_read(&w, probe, 30, -26);
    struct spans s = walked(&w, ROLE_ANY, false, TIME_NONE);
    ck_assert_int_eq(s.items[0].from, MIN(10));
    ck_assert(!at(&s, MIN(10))->known);
    ck_assert(at(&s, MIN(20) - 1)->known);
    ck_assert(!at(&s, MIN(20))->placed);
    ck_assert(!at(&s, MIN(22))->known); /* placed again, but 15's reading belongs to the former placement */
    ck_assert(at(&s, MIN(30))->known);
    ck_assert(!at(&s, MIN(40) - 1)->after_last);
    ck_assert(at(&s, MIN(40))->after_last);
}
END_TEST

START_TEST(from_the_watermark_on_time_is_pending_and_nothing_carries)
{
    scoped_by(world_free) struct world w = {0};
    int32_t gateway = world_gateway(&w, 20);
    int32_t store = world_store(&w);
    int32_t probe = world_probe(&w, gateway);
    world_place(&w, probe, store, ROLE_PRODUCT, 0, TIME_OPEN);
    (void)world_read(&w, probe, 10, -25); /* would carry to 25 */
    (void)world_read(&w, probe, 22, -25); /* beyond what was heard */
    struct spans s = walked(&w, ROLE_ANY, false, TIME_NONE);
    ck_assert(!at(&s, MIN(10) - 1)->pending);
    ck_assert(at(&s, MIN(20) - 1)->known);
    ck_assert(!at(&s, MIN(20))->known);
    ck_assert(at(&s, MIN(20))->pending);
    ck_assert(!at(&s, MIN(22))->known);
    ck_assert(s.items[s.count - 1].to == TIME_OPEN);
}
END_TEST

START_TEST(product_probes_speak_and_a_silent_one_is_not_replaced_by_air)
{
    scoped_by(world_free) struct world w = {0};
    int32_t gateway = world_gateway(&w, 1000);
    int32_t store = world_store(&w);
    int32_t product = world_probe(&w, gateway);
    int32_t air = world_probe(&w, gateway);
    world_place(&w, air, store, ROLE_AIR, 0, TIME_OPEN);
    world_place(&w, product, store, ROLE_PRODUCT, 20, 60);
    world_hold(&w, air, 0, 100, -30);
    (void)world_read(&w, product, 25, -20);
    struct spans s = walked(&w, ROLE_ANY, false, TIME_NONE);
    ck_assert_int_eq(at(&s, MIN(10))->highest, -30000); /* no product probe placed: air */
    ck_assert(!at(&s, MIN(20))->known);                 /* placed and silent */
    ck_assert_int_eq(at(&s, MIN(25))->highest, -20000);
    ck_assert_int_eq(at(&s, MIN(25))->lowest, -20000);
    ck_assert(!at(&s, MIN(40))->known);
    ck_assert_int_eq(at(&s, MIN(60))->highest, -30000);
    struct spans air_only = walked(&w, ROLE_AIR, false, TIME_NONE);
    ck_assert_int_eq(at(&air_only, MIN(40))->highest, -30000);
    struct spans product_only = walked(&w, ROLE_PRODUCT, false, TIME_NONE);
    ck_assert(!at(&product_only, MIN(10))->known);
    ck_assert_int_eq(at(&product_only, MIN(25))->highest, -20000);
}
END_TEST

START_TEST(several_probes_give_their_extremes)
{
    scoped_by(world_free) struct world w = {0};
    int32_t a = world_simple_store(&w);
    int32_t b = world_probe(&w, 0);
    world_place(&w, b, 0, ROLE_PRODUCT, 0, TIME_OPEN);
    (void)world_read(&w, a, 0, -25);
    (void)world_read(&w, b, 5, -20);
    struct spans s = walked(&w, ROLE_ANY, false, TIME_NONE);
    ck_assert_int_eq(at(&s, MIN(4))->highest, -25000);
    ck_assert_int_eq(at(&s, MIN(5))->highest, -20000);
    ck_assert_int_eq(at(&s, MIN(5))->lowest, -25000);
    ck_assert_int_eq(at(&s, MIN(15))->lowest, -20000); /* a's carry has ended */
}
END_TEST

START_TEST(pending_is_told_by_the_slowest_gateway_in_use)
{
    scoped_by(world_free) struct world w = {0};
    int32_t a = world_simple_store(&w);
    int32_t b = world_probe(&w, world_gateway(&w, 12));
    world_place(&w, b, 0, ROLE_PRODUCT, 0, 30);
    world_hold(&w, a, 0, 60, -25);
    world_hold(&w, b, 0, 10, -25);
    struct spans s = walked(&w, ROLE_ANY, false, TIME_NONE);
    ck_assert(!at(&s, MIN(12) - 1)->pending);
    ck_assert(at(&s, MIN(12))->pending);
    ck_assert(at(&s, MIN(12))->known);
    ck_assert(!at(&s, MIN(30))->pending); /* b is no longer placed */
}
END_TEST

START_TEST(a_hole_between_placements_is_heard_by_the_last_placement_s_gateway)
{
    scoped_by(world_free) struct world w = {0};
    int32_t gateway = world_gateway(&w, 50);
    int32_t store = world_store(&w);
    int32_t probe = world_probe(&w, gateway);
    world_place(&w, probe, store, ROLE_PRODUCT, 0, 40);
    world_place(&w, probe, store, ROLE_PRODUCT, 70, 80);
    struct spans s = walked(&w, ROLE_ANY, false, TIME_NONE);
    ck_assert(!at(&s, MIN(50) - 1)->pending);
    ck_assert(at(&s, MIN(50))->pending);
    ck_assert(!at(&s, MIN(50))->placed);
}
END_TEST

START_TEST(a_lapsed_calibration_is_not_good_in_a_strict_walk)
{
    scoped_by(world_free) struct world w = {0};
    int32_t probe = world_simple_store(&w);
    w.calibrations[probe][0] = (struct calibration){0, 0, MIN(10)};
    w.probes[probe].calibration_count = 1;
    (void)world_read(&w, probe, 10, -25);
    (void)world_read(&w, probe, 20, -25);
    struct spans s = walked(&w, ROLE_ANY, true, TIME_NONE);
    ck_assert(at(&s, MIN(20) - 1)->known);
    ck_assert(!at(&s, MIN(20))->known);
    s = walked(&w, ROLE_ANY, false, TIME_NONE);
    ck_assert(at(&s, MIN(20))->known);
}
END_TEST

/* Started anywhere, a walk gives what a whole one gives there. */
START_TEST(a_walk_from_the_middle_equals_the_rest_of_a_whole_one)
{
    scoped_by(world_free) struct world w = {0};
    int32_t a = world_simple_store(&w);
    int32_t b = world_probe(&w, world_gateway(&w, 55));
    int32_t air = world_probe(&w, 0);
    world_place(&w, b, 0, ROLE_PRODUCT, 7, 44);
    world_place(&w, air, 0, ROLE_AIR, 3, 90);
    (void)world_read(&w, a, 1, -25);
    (void)world_read(&w, b, 8, -10);
    world_read(&w, b, 12, -10)->good = false;
    (void)world_read(&w, b, 30, -21);
    (void)world_read(&w, a, 50, -22);
    (void)world_read(&w, air, 5, -5);
    struct spans whole = walked(&w, ROLE_ANY, false, TIME_NONE);
    for (int64_t cut = 0; cut < 100; cut++) {
        struct spans rest = walked(&w, ROLE_ANY, false, MIN(cut));
        ck_assert_int_eq(rest.items[0].from, MIN(cut));
        for (size_t i = 0; i < rest.count; i++) {
            const struct span *same = at(&whole, rest.items[i].from);
            ck_assert_int_eq(same->to, rest.items[i].to);
            ck_assert_int_eq(same->known, rest.items[i].known);
            ck_assert_int_eq(same->highest, rest.items[i].highest);
            ck_assert_int_eq(same->lowest, rest.items[i].lowest);
            ck_assert_int_eq(same->pending, rest.items[i].pending);
            ck_assert_int_eq(same->placed, rest.items[i].placed);
            ck_assert_uint_eq(same->slot_count, rest.items[i].slot_count);
        }
    }
}
END_TEST

/* Placed for good, spoken and fallen silent before the walk begins; a walk for one role knows only that role. */
START_TEST(a_walk_for_one_role_recalls_who_fell_silent)
{
    scoped_by(world_free) struct world w = {0};
    int32_t air = world_probe(&w, world_gateway(&w, 1000));
    (void)world_store(&w);
    world_place(&w, air, 0, ROLE_AIR, 0, TIME_OPEN);
    (void)world_read(&w, air, 5, -19);
    int64_t watermark = MIN(1000);
    struct carried_list readings = carry_readings(&w.probes[0], NULL, 0, &w.arena);
    struct placed_list *lists = placements_resolve(&w.facts, &watermark, &w.arena);
    struct walk walk;
    struct span span;
    ck_assert(walk_begin(&walk, lists[0], &readings, MIN(15), ROLE_AIR, false, MIN(40), &w.arena));
    ck_assert(walk_next(&walk, &span));
    ck_assert(span.slots[0]->fell_silent && span.slots[0]->in_use);
    ck_assert_int_eq(span.slots[0]->silent_at, MIN(20));
    ck_assert_int_eq(span.slots[0]->silent_mc, -19000);
}
END_TEST

START_TEST(nothing_placed_gives_nothing)
{
    scoped_by(world_free) struct world w = {0};
    (void)world_gateway(&w, 10);
    (void)world_store(&w);
    ck_assert_uint_eq(walked(&w, ROLE_ANY, false, TIME_NONE).count, 0);
}
END_TEST

static Suite *suite_of_walk(void)
{
    Suite *suite = suite_create("walk");
    TCase *cases = tcase_create("walk");
    tcase_add_test(cases, a_good_reading_carries_for_max_gap_and_not_one_millisecond_longer);
    tcase_add_test(cases, the_next_reading_ends_a_carry_good_or_bad);
    tcase_add_test(cases, a_carry_ends_with_its_placement_and_a_reading_speaks_only_for_the_place_it_was_taken_in);
    tcase_add_test(cases, from_the_watermark_on_time_is_pending_and_nothing_carries);
    tcase_add_test(cases, product_probes_speak_and_a_silent_one_is_not_replaced_by_air);
    tcase_add_test(cases, several_probes_give_their_extremes);
    tcase_add_test(cases, pending_is_told_by_the_slowest_gateway_in_use);
    tcase_add_test(cases, a_hole_between_placements_is_heard_by_the_last_placement_s_gateway);
    tcase_add_test(cases, a_lapsed_calibration_is_not_good_in_a_strict_walk);
    tcase_add_test(cases, a_walk_from_the_middle_equals_the_rest_of_a_whole_one);
    tcase_add_test(cases, nothing_placed_gives_nothing);
    tcase_add_test(cases, a_walk_for_one_role_recalls_who_fell_silent);
    suite_add_tcase(suite, cases);
    return suite;
}

TEST_MAIN(suite_of_walk)
