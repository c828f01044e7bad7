#include "coldchain/carry.h"

#include "common/cleanup.h"
#include "tests/helpers/check_main.h"
#include "tests/helpers/world.h"

static struct carried_list carried(struct world *w)
{
    struct sync *syncs = clock_sort(w->facts.syncs, w->facts.sync_count, &w->arena);
    return carry_readings(&w->probes[0], syncs, w->facts.sync_count, &w->arena);
}

START_TEST(of_one_instant_only_the_last_in_order_counts_good_or_bad)
{
    scoped_by(world_free) struct world w = {0};
    int32_t probe = world_simple_store(&w);
    struct reading *later = world_read(&w, probe, 10, -30);
    later->seq = 2;
    later->good = false;
    struct reading *first = world_read(&w, probe, 10, -25);
    first->seq = 1;
    struct reading *epoch = world_read(&w, probe, 20, -21);
    epoch->epoch = 1;
    struct reading *old_epoch = world_read(&w, probe, 20, -22);
    old_epoch->seq = 9; /* an earlier epoch's seq says nothing against a later epoch */
    struct reading *position = world_read(&w, probe, 30, -23);
    position->position = 1;
    (void)world_read(&w, probe, 30, -24);
    struct carried_list list = carried(&w);
    ck_assert_uint_eq(list.count, 3);
    ck_assert(!list.items[0].good);
    ck_assert_int_eq(list.items[1].mc, -21000);
    ck_assert_int_eq(list.items[2].mc, -23000);
}
END_TEST

START_TEST(a_calibration_rules_from_its_first_instant)
{
    scoped_by(world_free) struct world w = {0};
    int32_t probe = world_simple_store(&w);
    w.calibrations[probe][0] = (struct calibration){MIN(10), 300, TIME_NONE};
    w.calibrations[probe][1] = (struct calibration){MIN(20), -200, TIME_NONE};
    w.probes[probe].calibration_count = 2;
    (void)world_read_mc(&w, probe, MIN(10) - 1, -25000);
    (void)world_read_mc(&w, probe, MIN(10), -25000);
    (void)world_read_mc(&w, probe, MIN(20) - 1, -25000);
    (void)world_read_mc(&w, probe, MIN(20), -25000);
    struct carried_list list = carried(&w);
    ck_assert_int_eq(list.items[0].mc, -25000); /* before the first: 0 */
    ck_assert_int_eq(list.items[1].mc, -24700); /* -25000 + 300 */
    ck_assert_int_eq(list.items[2].mc, -24700);
    ck_assert_int_eq(list.items[3].mc, -25200); /* -25000 - 200 */
}
END_TEST

START_TEST(a_calibration_lapses_only_after_its_due_time)
{
    scoped_by(world_free) struct world w = {0};
    int32_t probe = world_simple_store(&w);
    w.calibrations[probe][0] = (struct calibration){0, 100, MIN(10)};
    w.probes[probe].calibration_count = 1;
    (void)world_read_mc(&w, probe, MIN(10), -25000);
    (void)world_read_mc(&w, probe, MIN(10) + 1, -25000);
    struct carried_list list = carried(&w);
    ck_assert(!list.items[0].lapsed);
    ck_assert(list.items[1].lapsed);
    ck_assert_int_eq(list.items[1].mc, -24900); /* it stays in force */
}
END_TEST

START_TEST(a_reading_without_a_known_time_is_left_out_until_a_sync_comes)
{
    scoped_by(world_free) struct world w = {0};
    int32_t probe = world_simple_store(&w);
    (void)world_read(&w, probe, 10, -25);
    struct reading *lost = world_read(&w, probe, 999, -10);
    lost->boot = 3;
    lost->up_ms = MIN(2);
    ck_assert_uint_eq(carried(&w).count, 1);
    w.syncs[0] = (struct sync){0, 3, MIN(1), MIN(4)};
    w.facts.sync_count = 1;
    struct carried_list list = carried(&w);
    ck_assert_uint_eq(list.count, 2);
    ck_assert_int_eq(list.items[0].t, MIN(5)); /* 4 + (2 - 1), not 999 */
    ck_assert_int_eq(list.items[0].mc, -10000);
}
END_TEST

START_TEST(the_order_of_arrival_and_repetition_change_nothing)
{
    scoped_by(world_free) struct world w = {0};
    int32_t probe = world_simple_store(&w);
    (void)world_read(&w, probe, 20, -22);
    (void)world_read(&w, probe, 10, -21);
    (void)world_read(&w, probe, 20, -22);
    (void)world_read(&w, probe, 0, -20);
    struct carried_list list = carried(&w);
    ck_assert_uint_eq(list.count, 3);
    for (size_t i = 0; i < 3; i++)
        ck_assert_int_eq(list.items[i].mc, -20000 - (int64_t)i * 1000);
}
END_TEST

/* Two that claim one place in the chain: the result must not depend on which came first. */
START_TEST(what_claims_the_same_place_is_decided_by_its_content)
{
    for (int first = 0; first < 2; first++) {
        scoped_by(world_free) struct world w = {0};
        int32_t probe = world_simple_store(&w);
        (void)world_read(&w, probe, 10, first ? -25 : -24);
        (void)world_read(&w, probe, 10, first ? -24 : -25);
        ck_assert_int_eq(carried(&w).items[0].mc, -24000);
    }
}
END_TEST

static Suite *suite_of_carry(void)
{
    Suite *suite = suite_create("carry");
    TCase *cases = tcase_create("carry");
    tcase_add_test(cases, of_one_instant_only_the_last_in_order_counts_good_or_bad);
    tcase_add_test(cases, a_calibration_rules_from_its_first_instant);
    tcase_add_test(cases, a_calibration_lapses_only_after_its_due_time);
    tcase_add_test(cases, a_reading_without_a_known_time_is_left_out_until_a_sync_comes);
    tcase_add_test(cases, the_order_of_arrival_and_repetition_change_nothing);
    tcase_add_test(cases, what_claims_the_same_place_is_decided_by_its_content);
    suite_add_tcase(suite, cases);
    return suite;
}

TEST_MAIN(suite_of_carry)
