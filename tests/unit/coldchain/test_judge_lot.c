#include <string.h>

#include "coldchain/judge.h"
#include "common/cleanup.h"
#include "tests/helpers/check_main.h"
#include "tests/helpers/world.h"

/* A store held at -25 °C over minutes [0, 200), except where a test warms it; policy 0 with the rules a test adds. */
static void warm(struct world *w, int32_t probe, int64_t from, int64_t to, int64_t c)
{
    for (size_t i = 0; i < w->probes[probe].reading_count; i++)
        if (w->readings[probe][i].t >= MIN(from) && w->readings[probe][i].t < MIN(to))
            w->readings[probe][i].mc = c * 1000;
}

static int32_t cold_store(struct world *w)
{
    int32_t probe = world_simple_store(w);
    world_hold(w, probe, 0, 200, -25);
    return probe;
}

START_TEST(a_lot_s_segments_are_its_equipment_s_while_it_was_there)
{
    scoped_by(world_free) struct world w = {0};
    int32_t probe = cold_store(&w);
    warm(&w, probe, 20, 40, -19);
    (void)world_policy(&w);
    (void)world_policy_rule(&w, "total", RULE_TOTAL, above_c(-20), MIN(60));
    int32_t lot = world_lot(&w, 30);
    (void)world_stay(&w, lot, 30, 90, 0);
    world_end(&w, lot, 90);
    struct lot_result r = world_judge_lot(&w, lot);
    ck_assert_uint_eq(r.timeline_count, 1);
    assert_segment(&r.timelines[0], 0, MIN(30), MIN(40), SEGMENT_BEYOND); /* beyond 20-40, there from 30 */
    assert_segment(&r.timelines[0], 1, MIN(40), MIN(90), SEGMENT_INSIDE);
    ck_assert_uint_eq(r.exposure_count, 1);
    ck_assert_int_eq(r.exposures[0].used, MIN(10));
    ck_assert_int_eq(r.exposures[0].remaining, MIN(50));
    ck_assert_int_eq((int)r.verdict.word, (int)VERDICT_WITHIN);
    ck_assert_str_eq(r.verdict.rule, "total");
    ck_assert(r.has_mkt);
}
END_TEST

START_TEST(handling_between_two_stores_joins_a_run)
{
    scoped_by(world_free) struct world w = {0};
    int32_t a = cold_store(&w);
    int32_t b = cold_store(&w);
    warm(&w, a, 20, 40, -19);
    warm(&w, b, 60, 80, -19);
    (void)world_policy(&w);
    (void)world_policy_rule(&w, "once", RULE_OCCASIONS, above_c(-20), 1);
    int32_t lot = world_lot(&w, 0);
    (void)world_stay(&w, lot, 0, 40, 0);
    (void)world_stay(&w, lot, 40, 60, NONE); /* 20 minutes in hand */
    (void)world_stay(&w, lot, 60, 120, 1);
    world_end(&w, lot, 120);
    struct lot_result r = world_judge_lot(&w, lot);
    ck_assert_int_eq(r.exposures[0].used, 1); /* one run of 20 + 20 minutes over the move */
    ck_assert_int_eq(r.exposures[0].longest_ms, MIN(40));
    ck_assert_uint_eq(r.handling_count, 1);
    ck_assert_int_eq(r.handling[0].from, MIN(40));
    ck_assert_int_eq(r.handling[0].to, MIN(60));
    assert_segment(&r.timelines[0], 2, MIN(40), MIN(60), SEGMENT_HANDLING);
    w.policies[0].handling_max_ms = MIN(20) - 1; /* now the same 20 minutes are unknown */
    r = world_judge_lot(&w, lot);
    ck_assert_int_eq(r.exposures[0].used, 2);
    ck_assert_int_eq(r.exposures[0].breached_at, MIN(60));
    ck_assert_int_eq(r.exposures[0].unknown_ms, MIN(20));
    ck_assert_uint_eq(r.handling_count, 0);
}
END_TEST

START_TEST(bounds_and_phases_hide_time)
{
    scoped_by(world_free) struct world w = {0};
    int32_t store = cold_store(&w);
    int32_t van = cold_store(&w);
    w.equipment[1].transport = true;
    warm(&w, store, 0, 60, -10);
    warm(&w, van, 60, 200, -10);
    (void)world_policy(&w);
    world_policy_rule(&w, "after freeze", RULE_TOTAL, above_c(-20), MIN(500))->from = EVENT_FREEZE;
    world_policy_rule(&w, "in transport", RULE_TOTAL, above_c(-20), MIN(500))->phase = PHASE_TRANSPORT;
    world_policy_rule(&w, "until pool", RULE_TOTAL, above_c(-20), MIN(500))->to = EVENT_POOL;
    world_policy_rule(&w, "never frozen", RULE_TOTAL, above_c(-20), MIN(500))->from = EVENT_SPLIT;
    int32_t lot = world_lot(&w, 0);
    (void)world_stay(&w, lot, 0, 60, 0);
    (void)world_stay(&w, lot, 60, 100, 1);
    world_mark(&w, lot, EVENT_COLLECT, 0);
    world_mark(&w, lot, EVENT_FREEZE, 45);
    world_mark(&w, lot, EVENT_POOL, 100);
    world_end(&w, lot, 100);
    struct lot_result r = world_judge_lot(&w, lot);
    ck_assert_int_eq(r.exposures[0].used, MIN(55)); /* 45-60 and 60-100 */
    ck_assert_int_eq(r.exposures[1].used, MIN(40)); /* the van only */
    ck_assert_int_eq(r.exposures[2].used, MIN(100));
    ck_assert_int_eq(r.exposures[3].used, 0);
    ck_assert_uint_eq(r.timeline_count, 1); /* one threshold, whole life, without phases and bounds */
    assert_segment(&r.timelines[0], 0, 0, MIN(100), SEGMENT_BEYOND);
}
END_TEST

START_TEST(unknown_counts_inside_the_bounds_of_at_least_one_temperature_rule_once)
{
    scoped_by(world_free) struct world w = {0};
    int32_t probe = cold_store(&w);
    w.probes[probe].reading_count = 4; /* good over 0-30, then unknown */
    (void)world_policy(&w);
    world_policy_rule(&w, "a", RULE_TOTAL, above_c(-20), HOURS(72))->from = EVENT_FREEZE;
    world_policy_rule(&w, "b", RULE_NEVER, above_c(-5), 0)->from = EVENT_FREEZE;
    int32_t lot = world_lot(&w, 0);
    (void)world_stay(&w, lot, 0, 110, 0);
    world_mark(&w, lot, EVENT_FREEZE, 50);
    world_end(&w, lot, 110);
    struct lot_result r = world_judge_lot(&w, lot);
    ck_assert_int_eq(r.verdict.unknown_ms, MIN(60)); /* 50-110, not 30-110, and not twice */
    ck_assert_int_eq((int)r.verdict.word, (int)VERDICT_CLEAN); /* exactly max_unknown */
    world_end(&w, lot, 110);
    w.lives[lot].ended_at++;
    w.stays[lot][0].to++;
    r = world_judge_lot(&w, lot);
    ck_assert_int_eq((int)r.verdict.word, (int)VERDICT_UNPROVEN);
    ck_assert_str_eq(r.verdict.rule, "max_unknown");
}
END_TEST

START_TEST(a_policy_without_temperature_rules_is_never_unproven)
{
    scoped_by(world_free) struct world w = {0};
    (void)cold_store(&w);
    (void)world_policy(&w);
    struct policy_rule *rule = world_policy_rule(&w, "freeze", RULE_DEADLINE, above_c(0), HOURS(24));
    rule->from = EVENT_COLLECT;
    rule->to = EVENT_FREEZE;
    int32_t lot = world_lot(&w, 0);
    (void)world_stay(&w, lot, 0, 500, NONE);
    world_mark(&w, lot, EVENT_COLLECT, 0);
    world_mark(&w, lot, EVENT_FREEZE, 60);
    world_end(&w, lot, 500);
    struct lot_result r = world_judge_lot(&w, lot);
    ck_assert_int_eq((int)r.verdict.word, (int)VERDICT_CLEAN);
    ck_assert_int_eq(r.verdict.unknown_ms, 0);
    ck_assert_int_eq(r.exposures[0].used, MIN(60));
    ck_assert_uint_eq(r.timeline_count, 0);
}
END_TEST

START_TEST(figures_count_to_the_watermark_of_where_it_is_and_open_pending_counts_nothing)
{
    scoped_by(world_free) struct world w = {0};
    int32_t probe = world_probe(&w, world_gateway(&w, 100));
    (void)world_store(&w);
    world_place(&w, probe, 0, ROLE_PRODUCT, 0, TIME_OPEN);
    world_hold(&w, probe, 0, 50, -25); /* good to 60, unknown to 100, pending from there */
    (void)world_policy(&w);
    (void)world_policy_rule(&w, "total", RULE_TOTAL, above_c(-20), HOURS(72));
    int32_t lot = world_lot(&w, 0);
    (void)world_stay(&w, lot, 0, TIME_OPEN, 0);
    struct lot_result r = world_judge_lot(&w, lot);
    ck_assert_int_eq(r.verdict.unknown_ms, MIN(40));
    ck_assert_int_eq(r.verdict.pending_ms, 0);
    assert_segment(&r.timelines[0], 2, MIN(100), TIME_OPEN, SEGMENT_PENDING);
    w.stays[lot][0].to = MIN(130); /* ended: what is pending then has an end */
    world_end(&w, lot, 130);
    r = world_judge_lot(&w, lot);
    ck_assert_int_eq(r.verdict.pending_ms, MIN(30));
    ck_assert_int_eq(r.exposures[0].pending_ms, MIN(30));
}
END_TEST

START_TEST(in_hand_without_an_end_is_pending_then_judged_whole)
{
    scoped_by(world_free) struct world w = {0};
    (void)cold_store(&w);
    (void)world_policy(&w);
    (void)world_policy_rule(&w, "total", RULE_TOTAL, above_c(-20), HOURS(72));
    int32_t lot = world_lot(&w, 0);
    (void)world_stay(&w, lot, 0, 30, 0);
    struct stay *hand = world_stay(&w, lot, 30, TIME_OPEN, NONE);
    struct lot_result r = world_judge_lot(&w, lot);
    assert_segment(&r.timelines[0], 1, MIN(30), TIME_OPEN, SEGMENT_PENDING);
    ck_assert_int_eq(r.verdict.unknown_ms + r.verdict.pending_ms, 0);
    hand->to = MIN(61);
    (void)world_stay(&w, lot, 61, TIME_OPEN, 0);
    r = world_judge_lot(&w, lot);
    assert_segment(&r.timelines[0], 1, MIN(30), MIN(61), SEGMENT_UNKNOWN);
}
END_TEST

START_TEST(a_lapsed_calibration_is_unknown_where_the_policy_says_unproven)
{
    scoped_by(world_free) struct world w = {0};
    int32_t probe = cold_store(&w);
    w.calibrations[probe][0] = (struct calibration){0, 0, MIN(60)};
    w.probes[probe].calibration_count = 1;
    (void)world_policy(&w);
    (void)world_policy_rule(&w, "total", RULE_TOTAL, above_c(-20), HOURS(72));
    int32_t lot = world_lot(&w, 0);
    (void)world_stay(&w, lot, 0, 200, 0);
    world_end(&w, lot, 200);
    ck_assert_int_eq((int)world_judge_lot(&w, lot).verdict.word, (int)VERDICT_CLEAN);
    w.policies[0].lapsed_is_unproven = true;
    struct lot_result r = world_judge_lot(&w, lot);
    ck_assert_int_eq(r.verdict.unknown_ms, MIN(135)); /* the reading of minute 60 is not after due; it carries to 65 */
    ck_assert_int_eq((int)r.verdict.word, (int)VERDICT_UNPROVEN);
}
END_TEST

START_TEST(a_part_inherits_its_parent_s_segments_events_and_version)
{
    scoped_by(world_free) struct world w = {0};
    int32_t probe = cold_store(&w);
    warm(&w, probe, 20, 40, -19);
    (void)world_policy(&w);
    w.facts.policy_count = 2;
    w.policies[0].valid_from = 0;
    w.policies[1] = w.policies[0];
    w.policies[1].version = 2;
    w.policies[1].valid_from = MIN(50);
    (void)world_policy_rule(&w, "total", RULE_TOTAL, above_c(-20), MIN(60));
    int32_t parent = world_lot(&w, 0);
    int32_t part = world_lot(&w, 60);
    (void)world_stay(&w, parent, 0, 60, 0);
    world_end(&w, parent, 60);
    w.lives[parent].attested = true;
    w.lives[parent].attested_until = MIN(7);
    w.lives[part].split_from = parent;
    (void)world_stay(&w, part, 60, 100, 0);
    world_end(&w, part, 100);
    struct lot_result r = world_judge_lot(&w, part);
    ck_assert_int_eq(r.exposures[0].used, MIN(20));
    assert_segment(&r.timelines[0], 0, 0, MIN(20), SEGMENT_INSIDE);
    ck_assert_int_eq(r.verdict.policy->version, 1);
    ck_assert_int_eq(r.verdict.attested_until, MIN(7));
    ck_assert_uint_eq(r.where_count, 1);
    ck_assert_int_eq(r.where[0].from, 0); /* as its segments: with what it inherits */
}
END_TEST

START_TEST(a_pool_names_its_worst_member)
{
    scoped_by(world_free) struct world w = {0};
    int32_t probe = cold_store(&w);
    warm(&w, probe, 20, 40, -4);
    (void)world_policy(&w);
    (void)world_policy_rule(&w, "hot", RULE_NEVER, above_c(-5), 0);
    int32_t late = world_lot(&w, 50);
    int32_t early = world_lot(&w, 0);
    int32_t pool = world_lot(&w, 60);
    const int32_t members[] = {0, 1};
    (void)world_stay(&w, late, 50, 60, 0);
    (void)world_stay(&w, early, 0, 60, 0);
    (void)world_stay(&w, pool, 60, 100, 0);
    world_end(&w, late, 60);
    world_end(&w, early, 60);
    world_end(&w, pool, 100);
    w.lives[pool].members = members;
    w.lives[pool].member_count = 2;
    struct lot_result r = world_judge_lot(&w, pool);
    ck_assert_int_eq((int)r.verdict.word, (int)VERDICT_BREACHED);
    ck_assert_int_eq(r.verdict.member, early);
    ck_assert_str_eq(r.verdict.rule, "hot");
    ck_assert_int_eq(r.verdict.breached_at, MIN(20));
    ck_assert(!r.exposures[0].breached); /* its own exposure begins at pooling */
    w.lots[pool].product = w.lives[pool].product = NONE; /* no policy of its own: its members' */
    r = world_judge_lot(&w, pool);
    ck_assert(r.verdict.given);
    ck_assert_ptr_null(r.verdict.policy);
    ck_assert_int_eq(r.verdict.member, early);
}
END_TEST

START_TEST(the_life_cut_at_a_release)
{
    scoped_by(world_free) struct world w = {0};
    int32_t probe = cold_store(&w);
    warm(&w, probe, 100, 120, -4);
    (void)world_policy(&w);
    (void)world_policy_rule(&w, "hot", RULE_NEVER, above_c(-5), 0);
    struct policy_rule *rule = world_policy_rule(&w, "freeze", RULE_DEADLINE, above_c(0), MIN(60));
    rule->from = EVENT_COLLECT;
    rule->to = EVENT_FREEZE;
    int32_t lot = world_lot(&w, 0);
    (void)world_stay(&w, lot, 0, TIME_OPEN, 0);
    world_mark(&w, lot, EVENT_COLLECT, 0);
    world_mark(&w, lot, EVENT_FREEZE, 70);
    struct judge *judge = world_judge(&w);
    struct verdict v;
    struct why why = {0};
    ck_assert_int_eq(judge_verdict_cut(judge, lot, MIN(50), 1, &v, &why), DONE);
    ck_assert_int_eq((int)v.word, (int)VERDICT_CLEAN); /* the deadline's end has not come */
    ck_assert_int_eq(judge_verdict_cut(judge, lot, MIN(61), 1, &v, &why), DONE);
    ck_assert_str_eq(v.rule, "freeze"); /* 61 > 0 + 60 and not frozen yet */
    ck_assert_int_eq(judge_verdict_cut(judge, lot, MIN(100), 2, &v, &why), DONE);
    ck_assert_str_eq(v.rule, "freeze"); /* frozen 10 minutes late */
    w.policy_rules[1].allowed = MIN(70);
    ck_assert_int_eq(judge_verdict_cut(judge, lot, MIN(100), 2, &v, &why), DONE);
    ck_assert_int_eq((int)v.word, (int)VERDICT_CLEAN);
    ck_assert_int_eq(judge_verdict_cut(judge, lot, MIN(100) + 1, 2, &v, &why), DONE);
    ck_assert_str_eq(v.rule, "hot");
    w.lives[lot].begun = false;
    ck_assert_int_eq(judge_verdict_cut(judge, lot, MIN(100), 2, &v, &why), DONE);
    ck_assert(!v.given);
}
END_TEST

START_TEST(the_product_at_a_cut_is_what_the_marks_say)
{
    scoped_by(world_free) struct world w = {0};
    (void)cold_store(&w);
    (void)world_policy(&w);
    (void)world_policy_rule(&w, "hot", RULE_NEVER, above_c(-5), 0);
    struct event relabel = {.type = EVENT_RELABEL, .product = 0, .boot = NONE, .at = 0};
    struct event correction = {.type = EVENT_CORRECT, .replace = &relabel, .boot = NONE, .at = 0};
    struct event events[] = {relabel, correction};
    w.facts.events = events;
    w.facts.event_count = 2;
    int32_t lot = world_lot(&w, 0);
    w.lots[lot].product = NONE;
    (void)world_stay(&w, lot, 0, TIME_OPEN, 0);
    for (int32_t i = 0; i < 2; i++) {
        w.lives[lot].mark_count = 0;
        world_mark(&w, lot, EVENT_RELABEL, 20);
        w.marks[lot][0].event = i;
        struct verdict v;
        struct why why = {0};
        struct judge *judge = world_judge(&w);
        ck_assert_int_eq(judge_verdict_cut(judge, lot, MIN(30), 0, &v, &why), DONE);
        ck_assert(!v.given); /* not relabelled yet: no product, no policy */
        ck_assert_int_eq(judge_verdict_cut(judge, lot, MIN(30), 1, &v, &why), DONE);
        ck_assert(v.given);
    }
}
END_TEST

START_TEST(what_is_known_of_a_lot)
{
    scoped_by(world_free) struct world w = {0};
    (void)cold_store(&w);
    w.gateways[0].heard_through = MIN(150);
    int32_t lot = world_lot(&w, 0);
    (void)world_stay(&w, lot, 0, TIME_OPEN, 0);
    ck_assert_int_eq(judge_known_until(world_judge(&w), lot), MIN(150));
    world_mark(&w, lot, EVENT_TEST, 170);
    ck_assert_int_eq(judge_known_until(world_judge(&w), lot), MIN(170));
    w.stays[lot][0].place.equipment = NONE;
    w.lives[lot].known_until = MIN(3);
    ck_assert_int_eq(judge_known_until(world_judge(&w), lot), MIN(3));
}
END_TEST

START_TEST(without_a_policy_there_is_a_place_and_a_mean_but_no_verdict)
{
    scoped_by(world_free) struct world w = {0};
    (void)cold_store(&w);
    int32_t lot = world_lot(&w, 0);
    (void)world_stay(&w, lot, 0, 100, 0);
    world_end(&w, lot, 100);
    struct lot_result r = world_judge_lot(&w, lot);
    ck_assert(!r.verdict.given);
    ck_assert_uint_eq(r.exposure_count + r.timeline_count + r.handling_count, 0);
    ck_assert_uint_eq(r.where_count, 1);
    ck_assert_int_eq(r.mkt_mc, -25000);
}
END_TEST

START_TEST(thresholds_are_listed_once_by_their_keys)
{
    scoped_by(world_free) struct world w = {0};
    (void)cold_store(&w);
    (void)world_policy(&w);
    (void)world_policy_rule(&w, "a", RULE_NEVER, outside_c(2, 6), 0);
    (void)world_policy_rule(&w, "b", RULE_TOTAL, above_c(-20), MIN(1));
    world_policy_rule(&w, "c", RULE_SINGLE, above_c(-20), MIN(1))->hysteresis_mc = 500;
    int32_t lot = world_lot(&w, 0);
    (void)world_stay(&w, lot, 0, 100, 0);
    world_end(&w, lot, 100);
    struct lot_result r = world_judge_lot(&w, lot);
    ck_assert_uint_eq(r.timeline_count, 2);
    ck_assert_int_eq((int)r.timelines[0].threshold.op, (int)OP_ABOVE);
    ck_assert_int_eq((int)r.timelines[1].threshold.op, (int)OP_OUTSIDE);
}
END_TEST

static Suite *suite_of_judge_lot(void)
{
    Suite *suite = suite_create("judge: lots");
    TCase *cases = tcase_create("judge_lot");
    tcase_add_test(cases, a_lot_s_segments_are_its_equipment_s_while_it_was_there);
    tcase_add_test(cases, handling_between_two_stores_joins_a_run);
    tcase_add_test(cases, bounds_and_phases_hide_time);
    tcase_add_test(cases, unknown_counts_inside_the_bounds_of_at_least_one_temperature_rule_once);
    tcase_add_test(cases, a_policy_without_temperature_rules_is_never_unproven);
    tcase_add_test(cases, figures_count_to_the_watermark_of_where_it_is_and_open_pending_counts_nothing);
    tcase_add_test(cases, in_hand_without_an_end_is_pending_then_judged_whole);
    tcase_add_test(cases, a_lapsed_calibration_is_unknown_where_the_policy_says_unproven);
    tcase_add_test(cases, a_part_inherits_its_parent_s_segments_events_and_version);
    tcase_add_test(cases, a_pool_names_its_worst_member);
    tcase_add_test(cases, the_life_cut_at_a_release);
    tcase_add_test(cases, the_product_at_a_cut_is_what_the_marks_say);
    tcase_add_test(cases, what_is_known_of_a_lot);
    tcase_add_test(cases, without_a_policy_there_is_a_place_and_a_mean_but_no_verdict);
    tcase_add_test(cases, thresholds_are_listed_once_by_their_keys);
    suite_add_tcase(suite, cases);
    return suite;
}

TEST_MAIN(suite_of_judge_lot)
