#include "coldchain/excursion.h"

#include "common/cleanup.h"
#include "tests/helpers/check_main.h"
#include "tests/helpers/world.h"

/* All these tests: a store judged by `> -20 °C`, readings carrying at most 15 minutes. */

START_TEST(beyond_opens_and_inside_by_hysteresis_closes)
{
    scoped_by(world_free) struct world w = {0};
    int32_t probe = world_simple_store(&w);
    (void)world_rule(&w, "warm", above_c(-20), 10, 1000);
    (void)world_read(&w, probe, 0, -20); /* exactly at the limit: inside */
    (void)world_read_mc(&w, probe, MIN(5), -19999);
    (void)world_read_mc(&w, probe, MIN(10), -18000);
    (void)world_read_mc(&w, probe, MIN(15), -18000);
    (void)world_read_mc(&w, probe, MIN(20), -20999); /* 1 mc short of T - H */
    (void)world_read_mc(&w, probe, MIN(25), -21000); /* exactly T - H */
    struct equipment_result r = world_judge_store(&w, 0);
    ck_assert_uint_eq(r.excursions.count, 1);
    const struct excursion *e = &r.excursions.items[0];
    ck_assert_int_eq(e->opened_at, MIN(5));
    ck_assert_int_eq(e->confirmed_at, MIN(15)); /* 5 + 10 */
    ck_assert_int_eq(e->closed_at, MIN(25));
    ck_assert_int_eq(e->peak_mc, -18000);
    ck_assert_int_eq(e->peak_at, MIN(10)); /* the earliest of equals */
    ck_assert_int_eq((int)e->ended, (int)END_RECOVERED);
    ck_assert_uint_eq(r.deviations.count + r.open.count, 0);
}
END_TEST

/* Opens at 5, D = 10; the value returns at 15 minus one millisecond, at 15, or never. */
START_TEST(closed_before_the_delay_is_a_deviation_exactly_at_it_an_excursion)
{
    for (int64_t back = MIN(15) - 1; back <= MIN(15); back++) {
        scoped_by(world_free) struct world w = {0};
        int32_t probe = world_simple_store(&w);
        (void)world_rule(&w, "warm", above_c(-20), 10, 0);
        (void)world_read(&w, probe, 5, -19);
        (void)world_read_mc(&w, probe, back, -20000);
        struct equipment_result r = world_judge_store(&w, 0);
        const struct excursions *list = back == MIN(15) ? &r.excursions : &r.deviations;
        ck_assert_uint_eq(list->count, 1);
        ck_assert_uint_eq(r.excursions.count + r.deviations.count + r.open.count, 1);
        ck_assert_int_eq(list->items[0].closed_at, back);
        ck_assert(list->items[0].confirmed_at == (back == MIN(15) ? MIN(15) : TIME_NONE));
    }
}
END_TEST

START_TEST(without_delay_it_is_confirmed_at_once)
{
    scoped_by(world_free) struct world w = {0};
    int32_t probe = world_simple_store(&w);
    (void)world_rule(&w, "warm", above_c(-20), 0, 0);
    (void)world_read(&w, probe, 5, -19);
    (void)world_read_mc(&w, probe, MIN(5) + 1, -20000);
    struct equipment_result r = world_judge_store(&w, 0);
    ck_assert_uint_eq(r.excursions.count, 1);
    ck_assert_int_eq(r.excursions.items[0].confirmed_at, MIN(5));
    ck_assert_int_eq(r.excursions.items[0].closed_at, MIN(5) + 1);
}
END_TEST

/* Opens at 5, D = 10: heard to 15 exactly confirms, one millisecond less leaves it open. */
START_TEST(the_watermark_must_have_reached_the_delay)
{
    for (int64_t heard = MIN(15) - 1; heard <= MIN(15); heard++) {
        scoped_by(world_free) struct world w = {0};
        int32_t probe = world_simple_store(&w);
        w.gateways[0].heard_through = heard;
        (void)world_rule(&w, "warm", above_c(-20), 10, 0);
        (void)world_read(&w, probe, 5, -19);
        struct equipment_result r = world_judge_store(&w, 0);
        const struct excursions *list = heard == MIN(15) ? &r.excursions : &r.open;
        ck_assert_uint_eq(list->count, 1);
        ck_assert_uint_eq(r.excursions.count + r.deviations.count + r.open.count, 1);
        ck_assert(list->items[0].closed_at == TIME_OPEN);
        ck_assert_int_eq((int)list->items[0].ended, (int)END_OPEN);
    }
}
END_TEST

START_TEST(one_silent_gateway_never_mutes_another_s_alarm)
{
    scoped_by(world_free) struct world w = {0};
    int32_t warm = world_simple_store(&w);
    int32_t silent = world_probe(&w, world_gateway(&w, 2));
    world_place(&w, silent, 0, ROLE_PRODUCT, 0, TIME_OPEN);
    (void)world_rule(&w, "warm", above_c(-20), 10, 0);
    (void)world_read(&w, silent, 0, -25);
    (void)world_read(&w, warm, 5, -19);
    struct equipment_result r = world_judge_store(&w, 0);
    ck_assert_uint_eq(r.excursions.count, 1); /* only the warm probe's gateway must be heard to 15 */
    ck_assert_int_eq(r.excursions.items[0].confirmed_at, MIN(15));
}
END_TEST

/* A second probe is beyond exactly at s + D: then its gateway must be heard that far as well. */
START_TEST(every_gateway_that_was_beyond_must_be_heard_to_the_delay)
{
    scoped_by(world_free) struct world w = {0};
    int32_t first = world_simple_store(&w);
    int32_t second = world_probe(&w, world_gateway(&w, 15));
    world_place(&w, second, 0, ROLE_PRODUCT, 0, TIME_OPEN);
    (void)world_rule(&w, "warm", above_c(-20), 10, 0);
    (void)world_read(&w, first, 5, -19);
    (void)world_read(&w, second, 14, -10);
    struct equipment_result r = world_judge_store(&w, 0);
    ck_assert_uint_eq(r.excursions.count, 1); /* heard to 15 = s + D */
    w.gateways[1].heard_through = MIN(15) - 1;
    r = world_judge_store(&w, 0);
    ck_assert_uint_eq(r.excursions.count, 0);
    ck_assert_uint_eq(r.open.count, 1);
    w.readings[second][0].t = MIN(15); /* a reading past its own watermark carries nothing */
    r = world_judge_store(&w, 0);
    ck_assert_uint_eq(r.excursions.count, 1);
}
END_TEST

START_TEST(unknown_time_and_time_without_a_placement_close_nothing_and_are_counted)
{
    scoped_by(world_free) struct world w = {0};
    int32_t gateway = world_gateway(&w, 1000);
    int32_t store = world_store(&w);
    int32_t probe = world_probe(&w, gateway);
    world_place(&w, probe, store, ROLE_PRODUCT, 0, 40);
    world_place(&w, probe, store, ROLE_PRODUCT, 50, TIME_OPEN);
    (void)world_rule(&w, "warm", above_c(-20), 10, 0);
    (void)world_read(&w, probe, 5, -19);  /* carries to 20; unknown 20-40, no placement 40-50, unknown 50-55 */
    (void)world_read(&w, probe, 55, -25); /* closes */
    struct equipment_result r = world_judge_store(&w, 0);
    ck_assert_uint_eq(r.excursions.count, 1);
    ck_assert_int_eq(r.excursions.items[0].closed_at, MIN(55));
    ck_assert_int_eq(r.excursions.items[0].unknown_ms, MIN(35)); /* 20 + 10 + 5 */
}
END_TEST

START_TEST(pending_time_is_left_out_of_unknown)
{
    scoped_by(world_free) struct world w = {0};
    int32_t probe = world_simple_store(&w);
    w.gateways[0].heard_through = MIN(30);
    (void)world_rule(&w, "warm", above_c(-20), 10, 0);
    (void)world_read(&w, probe, 5, -19);
    struct equipment_result r = world_judge_store(&w, 0);
    ck_assert_int_eq(r.excursions.items[0].unknown_ms, MIN(10)); /* 20-30; then pending */
}
END_TEST

/* The warm probe falls silent at 20 while another is cold: silence closes nothing. */
START_TEST(a_warm_probe_s_silence_keeps_it_open)
{
    scoped_by(world_free) struct world w = {0};
    int32_t warm = world_simple_store(&w);
    int32_t cold = world_probe(&w, 0);
    world_place(&w, cold, 0, ROLE_PRODUCT, 0, TIME_OPEN);
    (void)world_rule(&w, "warm", above_c(-20), 10, 0);
    world_hold(&w, cold, 0, 120, -25);
    (void)world_read(&w, warm, 5, -19); /* carries to 20 */
    struct equipment_result r = world_judge_store(&w, 0);
    ck_assert(r.excursions.items[0].closed_at == TIME_OPEN);
    /* The cold probe knows until 115 + 15; from there to the watermark nobody does. */
    ck_assert_int_eq(r.excursions.items[0].unknown_ms, MIN(100000 - 130));
    (void)world_read(&w, warm, 60, -25); /* good again, and cold */
    r = world_judge_store(&w, 0);
    ck_assert_int_eq(r.excursions.items[0].closed_at, MIN(60));
    w.probes[warm].reading_count = 1;
    w.placements[0].to = MIN(70); /* or its placement ends */
    r = world_judge_store(&w, 0);
    ck_assert_int_eq(r.excursions.items[0].closed_at, MIN(70));
}
END_TEST

START_TEST(a_probe_that_was_inside_when_it_fell_silent_keeps_nothing_open)
{
    scoped_by(world_free) struct world w = {0};
    int32_t warm = world_simple_store(&w);
    int32_t near = world_probe(&w, 0);
    world_place(&w, near, 0, ROLE_PRODUCT, 0, TIME_OPEN);
    (void)world_rule(&w, "warm", above_c(-20), 10, 2000);
    (void)world_read(&w, near, 4, -21); /* not beyond, not inside by H; silent from 19 */
    (void)world_read(&w, warm, 5, -19);
    (void)world_read(&w, warm, 18, -25);
    struct equipment_result r = world_judge_store(&w, 0);
    ck_assert_int_eq(r.excursions.items[0].closed_at, MIN(19));
}
END_TEST

START_TEST(a_silent_air_probe_holds_nothing_once_a_product_probe_speaks)
{
    scoped_by(world_free) struct world w = {0};
    int32_t gateway = world_gateway(&w, 1000);
    int32_t store = world_store(&w);
    int32_t air = world_probe(&w, gateway);
    int32_t product = world_probe(&w, gateway);
    world_place(&w, air, store, ROLE_AIR, 0, TIME_OPEN);
    world_place(&w, product, store, ROLE_PRODUCT, 40, TIME_OPEN);
    (void)world_rule(&w, "warm", above_c(-20), 10, 0);
    (void)world_read(&w, air, 5, -19); /* silent from 20 */
    (void)world_read(&w, product, 50, -25);
    struct equipment_result r = world_judge_store(&w, 0);
    ck_assert_int_eq(r.excursions.items[0].closed_at, MIN(50));
}
END_TEST

/* One probe is warm and silent since before the rule was valid; another opens and recovers. */
START_TEST(a_warm_silence_older_than_the_candidate_holds_it_open_too)
{
    scoped_by(world_free) struct world w = {0};
    int32_t warm = world_simple_store(&w);
    int32_t other = world_probe(&w, 0);
    world_place(&w, other, 0, ROLE_PRODUCT, 0, TIME_OPEN);
    world_rule(&w, "warm", above_c(-20), 0, 0)->valid_from = MIN(40);
    (void)world_read(&w, warm, 5, -19);
    (void)world_read(&w, other, 50, -19);
    (void)world_read(&w, other, 60, -25);
    struct equipment_result r = world_judge_store(&w, 0);
    ck_assert_uint_eq(r.excursions.count, 1);
    ck_assert(r.excursions.items[0].closed_at == TIME_OPEN);
    (void)world_read(&w, warm, 62, -25);
    r = world_judge_store(&w, 0);
    ck_assert_int_eq(r.excursions.items[0].closed_at, MIN(62));
}
END_TEST

START_TEST(what_is_open_ends_with_its_rule_and_the_next_version_begins_anew)
{
    scoped_by(world_free) struct world w = {0};
    int32_t probe = world_simple_store(&w);
    (void)world_rule(&w, "warm", above_c(-20), 10, 0);
    world_rule(&w, "warm", above_c(-19), 0, 0)->valid_from = MIN(30);
    world_hold(&w, probe, 5, 60, -18);
    struct equipment_result r = world_judge_store(&w, 0);
    ck_assert_uint_eq(r.excursions.count, 2);
    ck_assert_int_eq(r.excursions.items[0].closed_at, MIN(30));
    ck_assert_int_eq((int)r.excursions.items[0].ended, (int)END_RULE);
    ck_assert_int_eq(r.excursions.items[1].opened_at, MIN(30));
    ck_assert(r.excursions.items[1].closed_at == TIME_OPEN);
    ck_assert_uint_eq(r.timeline_count, 2);
}
END_TEST

START_TEST(a_rule_says_nothing_outside_its_validity)
{
    scoped_by(world_free) struct world w = {0};
    int32_t probe = world_simple_store(&w);
    struct equipment_rule *rule = world_rule(&w, "warm", above_c(-20), 0, 0);
    rule->valid_from = MIN(20);
    rule->valid_to = MIN(40);
    world_hold(&w, probe, 0, 60, -18);
    struct equipment_result r = world_judge_store(&w, 0);
    ck_assert_uint_eq(r.excursions.count, 1);
    ck_assert_int_eq(r.excursions.items[0].opened_at, MIN(20));
    ck_assert_int_eq(r.excursions.items[0].closed_at, MIN(40));
}
END_TEST

START_TEST(out_of_service_ends_what_is_open_and_opens_nothing)
{
    scoped_by(world_free) struct world w = {0};
    int32_t probe = world_simple_store(&w);
    const struct interval out[] = {{MIN(20), MIN(40)}, {MIN(30), MIN(50)}, {MIN(50), MIN(50)}};
    w.equipment[0].out_of_service = out;
    w.equipment[0].out_of_service_count = 3;
    (void)world_rule(&w, "warm", above_c(-20), 0, 0);
    world_hold(&w, probe, 5, 100, -18);
    struct equipment_result r = world_judge_store(&w, 0);
    ck_assert_uint_eq(r.excursions.count, 2);
    ck_assert_int_eq(r.excursions.items[0].closed_at, MIN(20));
    ck_assert_int_eq((int)r.excursions.items[0].ended, (int)END_OUT_OF_SERVICE);
    ck_assert_int_eq(r.excursions.items[1].opened_at, MIN(50));
}
END_TEST

START_TEST(a_rule_for_one_role_looks_at_those_probes_only)
{
    scoped_by(world_free) struct world w = {0};
    int32_t product = world_simple_store(&w);
    int32_t air = world_probe(&w, 0);
    world_place(&w, air, 0, ROLE_AIR, 0, TIME_OPEN);
    world_rule(&w, "air", above_c(-20), 0, 0)->role = ROLE_AIR;
    (void)world_rule(&w, "product", above_c(-20), 0, 0);
    world_hold(&w, product, 0, 60, -25);
    world_hold(&w, air, 0, 60, -10);
    struct equipment_result r = world_judge_store(&w, 0);
    ck_assert_uint_eq(r.excursions.count, 1);
    ck_assert_str_eq(r.excursions.items[0].rule, "air");
    ck_assert_uint_eq(r.timeline_count, 2);
    ck_assert_int_eq((int)r.timelines[0].role, (int)ROLE_ANY); /* "> -20000" sorts before "> -20000 air" */
    ck_assert_int_eq((int)r.timelines[1].role, (int)ROLE_AIR);
}
END_TEST

START_TEST(the_peak_of_a_band_is_the_farthest_outside_it)
{
    scoped_by(world_free) struct world w = {0};
    int32_t probe = world_simple_store(&w);
    (void)world_rule(&w, "band", outside_c(20, 24), 0, 0);
    (void)world_read(&w, probe, 0, 25);  /* 1 above */
    (void)world_read(&w, probe, 5, 17);  /* 3 below */
    (void)world_read(&w, probe, 10, 27); /* 3 above: equally far, the higher */
    (void)world_read(&w, probe, 15, 22);
    struct equipment_result r = world_judge_store(&w, 0);
    ck_assert_uint_eq(r.excursions.count, 1);
    ck_assert_int_eq(r.excursions.items[0].peak_mc, 27000);
    ck_assert_int_eq(r.excursions.items[0].closed_at, MIN(15));
}
END_TEST

START_TEST(excursions_are_listed_by_opening_then_rule)
{
    scoped_by(world_free) struct world w = {0};
    int32_t probe = world_simple_store(&w);
    (void)world_rule(&w, "b", above_c(-20), 0, 0);
    (void)world_rule(&w, "a", above_c(-20), 0, 0);
    (void)world_rule(&w, "c", above_c(-10), 0, 0);
    (void)world_read(&w, probe, 0, -15);
    (void)world_read(&w, probe, 5, -5);
    struct equipment_result r = world_judge_store(&w, 0);
    ck_assert_str_eq(r.excursions.items[0].rule, "a");
    ck_assert_str_eq(r.excursions.items[1].rule, "b");
    ck_assert_str_eq(r.excursions.items[2].rule, "c");
    ck_assert_uint_eq(r.timeline_count, 2);
}
END_TEST

/* WHO: <= -0.5 °C for 60 min. Exactly -0.5 is beyond; the reading at -0.499 closes with H = 0. */
START_TEST(a_cold_rule_closes_above_its_limit)
{
    scoped_by(world_free) struct world w = {0};
    int32_t probe = world_simple_store(&w);
    w.equipment[0].max_gap_ms = MIN(120);
    (void)world_rule(&w, "frozen", (struct threshold){.op = OP_AT_MOST, .low_mc = -500}, 60, 0);
    (void)world_read_mc(&w, probe, 0, -500);
    (void)world_read_mc(&w, probe, MIN(60), -499);
    struct equipment_result r = world_judge_store(&w, 0);
    ck_assert_uint_eq(r.excursions.count, 1);
    ck_assert_int_eq(r.excursions.items[0].closed_at, MIN(60));
}
END_TEST

START_TEST(a_rule_that_was_never_in_force_finds_nothing)
{
    scoped_by(world_free) struct world w = {0};
    int32_t probe = world_simple_store(&w);
    struct equipment_rule *rule = world_rule(&w, "warm", above_c(-20), 0, 0);
    rule->valid_from = rule->valid_to = MIN(5);
    world_hold(&w, probe, 0, 60, -18);
    struct equipment_result r = world_judge_store(&w, 0);
    ck_assert_uint_eq(r.excursions.count + r.deviations.count + r.open.count, 0);
}
END_TEST

/* ---- snapshots ---- */

struct random {
    uint64_t state;
};

static int64_t below(struct random *random, int64_t bound)
{
    random->state = random->state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (int64_t)((random->state >> 33) % (uint64_t)bound);
}

/* Three probes of two gateways, placed and moved, warm and silent as they please. */
static void fill_at_random(struct world *w, struct random *random)
{
    (void)world_gateway(w, 60 + below(random, 60));
    (void)world_gateway(w, 60 + below(random, 60));
    (void)world_store(w);
    for (int i = 0; i < 3; i++) {
        int32_t probe = world_probe(w, (int32_t)below(random, 2));
        int64_t from = below(random, 30);
        world_place(w, probe, 0, below(random, 4) ? ROLE_PRODUCT : ROLE_AIR, from, from + 1 + below(random, 60));
        world_place(w, probe, 0, ROLE_PRODUCT, from + 20 + below(random, 60), TIME_OPEN);
        for (int64_t minute = below(random, 10); minute < 120; minute += 1 + below(random, 20))
            world_read(w, probe, minute, -24 + below(random, 7))->good = below(random, 8) > 0;
    }
}

struct folded {
    struct excursion items[64];
    size_t count;
};

static void fold_spans(struct world *w, struct excursion_fold *fold, int64_t from, int64_t to, struct folded *out)
{
    int64_t watermarks[2] = {w->gateways[0].heard_through, w->gateways[1].heard_through};
    struct carried_list readings[3];
    struct walk walk;
    struct span span;
    for (size_t i = 0; i < 3; i++)
        readings[i] = carry_readings(&w->probes[i], NULL, 0, &w->arena);
    struct placed_list *lists = placements_resolve(&w->facts, watermarks, &w->arena);
    ck_assert(walk_begin(&walk, lists[0], readings, w->equipment[0].max_gap_ms, ROLE_ANY, false, from, &w->arena));
    while (walk_next(&walk, &span) && span.from < to)
        out->count += excursion_fold_add(fold, &span, span.from, span.to < to ? span.to : to, &out->items[out->count]);
}

START_TEST(a_fold_from_its_snapshot_equals_the_whole)
{
    struct random random = {99};
    size_t found = 0;
    for (int round = 0; round < 150; round++) {
        scoped_by(world_free) struct world w = {0};
        fill_at_random(&w, &random);
        struct equipment_rule *rule = world_rule(&w, "warm", above_c(-21), below(&random, 20), below(&random, 3) * 1000);
        struct folded whole = {0};
        struct excursion_fold fold;
        excursion_fold_begin(&fold, rule, 0);
        fold_spans(&w, &fold, TIME_NONE, TIME_OPEN, &whole);
        whole.count += excursion_fold_end(&fold, TIME_OPEN, END_RULE, &whole.items[whole.count]);
        for (int64_t cut = MIN(35); cut < MIN(120); cut += MIN(7) + 1) {
            struct folded parts = {0};
            excursion_fold_begin(&fold, rule, 0);
            fold_spans(&w, &fold, TIME_NONE, cut, &parts);
            struct excursion_fold snapshot = fold;
            fold_spans(&w, &snapshot, cut, TIME_OPEN, &parts);
            parts.count += excursion_fold_end(&snapshot, TIME_OPEN, END_RULE, &parts.items[parts.count]);
            ck_assert_uint_eq(parts.count, whole.count);
            for (size_t i = 0; i < whole.count; i++) {
                ck_assert_int_eq(parts.items[i].opened_at, whole.items[i].opened_at);
                ck_assert_int_eq(parts.items[i].closed_at, whole.items[i].closed_at);
                ck_assert_int_eq(parts.items[i].confirmed_at, whole.items[i].confirmed_at);
                ck_assert_int_eq(parts.items[i].peak_mc, whole.items[i].peak_mc);
                ck_assert_int_eq(parts.items[i].peak_at, whole.items[i].peak_at);
                ck_assert_int_eq(parts.items[i].unknown_ms, whole.items[i].unknown_ms);
            }
        }
        found += whole.count;
    }
    ck_assert_uint_gt(found, 150);
}
END_TEST

START_TEST(a_rule_that_ends_in_pending_time_leaves_its_excursion_open)
{
    scoped_by(world_free) struct world w = {0};
    int32_t probe = world_simple_store(&w);
    w.gateways[0].heard_through = MIN(30);
    struct equipment_rule *rule = world_rule(&w, "warm", above_c(-20), 10, 0);
    rule->valid_to = MIN(30);
    (void)world_read(&w, probe, 5, -19);
    struct equipment_result r = world_judge_store(&w, 0);
    ck_assert_int_eq(r.excursions.items[0].closed_at, MIN(30)); /* heard to its end exactly */
    rule->valid_to = MIN(30) + 1;
    r = world_judge_store(&w, 0);
    ck_assert(r.excursions.items[0].closed_at == TIME_OPEN);
    ck_assert_int_eq((int)r.excursions.items[0].ended, (int)END_OPEN);
}
END_TEST

static Suite *suite_of_excursion(void)
{
    Suite *suite = suite_create("excursion");
    TCase *cases = tcase_create("excursion");
    tcase_add_test(cases, beyond_opens_and_inside_by_hysteresis_closes);
    tcase_add_test(cases, closed_before_the_delay_is_a_deviation_exactly_at_it_an_excursion);
    tcase_add_test(cases, without_delay_it_is_confirmed_at_once);
    tcase_add_test(cases, the_watermark_must_have_reached_the_delay);
    tcase_add_test(cases, one_silent_gateway_never_mutes_another_s_alarm);
    tcase_add_test(cases, every_gateway_that_was_beyond_must_be_heard_to_the_delay);
    tcase_add_test(cases, unknown_time_and_time_without_a_placement_close_nothing_and_are_counted);
    tcase_add_test(cases, pending_time_is_left_out_of_unknown);
    tcase_add_test(cases, a_warm_probe_s_silence_keeps_it_open);
    tcase_add_test(cases, a_probe_that_was_inside_when_it_fell_silent_keeps_nothing_open);
    tcase_add_test(cases, what_is_open_ends_with_its_rule_and_the_next_version_begins_anew);
    tcase_add_test(cases, a_rule_says_nothing_outside_its_validity);
    tcase_add_test(cases, out_of_service_ends_what_is_open_and_opens_nothing);
    tcase_add_test(cases, a_rule_for_one_role_looks_at_those_probes_only);
    tcase_add_test(cases, the_peak_of_a_band_is_the_farthest_outside_it);
    tcase_add_test(cases, excursions_are_listed_by_opening_then_rule);
    tcase_add_test(cases, a_cold_rule_closes_above_its_limit);
    tcase_add_test(cases, a_fold_from_its_snapshot_equals_the_whole);
    tcase_add_test(cases, a_rule_that_ends_in_pending_time_leaves_its_excursion_open);
    tcase_add_test(cases, a_rule_that_was_never_in_force_finds_nothing);
    tcase_add_test(cases, a_silent_air_probe_holds_nothing_once_a_product_probe_speaks);
    tcase_add_test(cases, a_warm_silence_older_than_the_candidate_holds_it_open_too);
    suite_add_tcase(suite, cases);
    return suite;
}

TEST_MAIN(suite_of_excursion)
