#include "coldchain/judge.h"

#include "common/cleanup.h"
#include "tests/helpers/check_main.h"
#include "tests/helpers/world.h"

START_TEST(a_gateway_not_named_is_heard_to_the_latest_time_known)
{
    scoped_by(world_free) struct world w = {0};
    int32_t probe = world_simple_store(&w);
    int32_t silent = world_gateway(&w, 0);
    w.gateways[0].heard_through = TIME_NONE;
    w.gateways[silent].heard_through = TIME_NONE;
    ck_assert(judge_gateway_watermark(world_judge(&w), silent) == TIME_NONE); /* nothing is known */
    (void)world_read(&w, probe, 20, -25);
    ck_assert_int_eq(judge_gateway_watermark(world_judge(&w), silent), MIN(20));
    w.syncs[0] = (struct sync){0, 3, MIN(1), MIN(30)};
    w.facts.sync_count = 1;
    ck_assert_int_eq(judge_gateway_watermark(world_judge(&w), silent), MIN(30));
    struct reading *late = world_read(&w, probe, 0, -25);
    late->boot = 3;
    late->up_ms = MIN(11); /* 30 + (11 - 1) */
    ck_assert_int_eq(judge_gateway_watermark(world_judge(&w), silent), MIN(40));
    const struct event event = {.type = EVENT_TEST, .at = MIN(50), .boot = NONE};
    w.facts.events = &event;
    w.facts.event_count = 1;
    ck_assert_int_eq(judge_gateway_watermark(world_judge(&w), silent), MIN(50));
    w.gateways[silent].heard_through = MIN(3); /* what is stated counts */
    ck_assert_int_eq(judge_gateway_watermark(world_judge(&w), silent), MIN(3));
}
END_TEST

START_TEST(timelines_and_the_mean_of_an_equipment)
{
    scoped_by(world_free) struct world w = {0};
    int32_t probe = world_simple_store(&w);
    w.gateways[0].heard_through = MIN(60);
    (void)world_rule(&w, "b", below_c(-40), 0, 0);
    (void)world_rule(&w, "a", above_c(-20), 0, 0);
    (void)world_rule(&w, "c", above_c(-20), 5, 500); /* the same threshold: one timeline */
    world_rule(&w, "d", above_c(-20), 5, 500)->role = ROLE_AIR;
    world_hold(&w, probe, 0, 60, -25);
    struct equipment_result r = world_judge_store(&w, 0);
    ck_assert_uint_eq(r.timeline_count, 3); /* "< -40000", "> -20000", "> -20000 air" */
    ck_assert_int_eq((int)r.timelines[0].threshold.op, (int)OP_BELOW);
    ck_assert_int_eq((int)r.timelines[2].role, (int)ROLE_AIR);
    assert_segment(&r.timelines[1], 0, 0, MIN(60), SEGMENT_INSIDE);
    assert_segment(&r.timelines[1], 1, MIN(60), TIME_OPEN, SEGMENT_PENDING);
    assert_segment(&r.timelines[2], 0, 0, MIN(60), SEGMENT_UNKNOWN);
    ck_assert(r.has_mkt);
    ck_assert_int_eq(r.mkt_mc, -25000);
}
END_TEST

START_TEST(an_equipment_without_probes_says_nothing)
{
    scoped_by(world_free) struct world w = {0};
    (void)world_gateway(&w, 10);
    (void)world_store(&w);
    (void)world_rule(&w, "a", above_c(-20), 0, 0);
    struct equipment_result r = world_judge_store(&w, 0);
    ck_assert_uint_eq(r.timeline_count, 1);
    ck_assert_uint_eq(r.timelines[0].count, 0);
    ck_assert(!r.has_mkt);
    ck_assert(judge_equipment_watermark(w.judge, 0, 0) == TIME_NONE);
}
END_TEST

/* ---- out of memory ---- */

static void fill(struct world *w)
{
    int32_t probe = world_simple_store(w);
    (void)world_rule(w, "a", above_c(-24), 0, 0);
    world_rule(w, "b", above_c(-24), 5, 500)->role = ROLE_AIR;
    for (int64_t minute = 0; minute < 300; minute += 10)
        (void)world_read(w, probe, minute, -26 + minute / 10 % 4);
    world_read(w, probe, 305, -25)->boot = 1; /* makes the readings be sorted in memory of their own */
    (void)world_policy(w);
    (void)world_policy_rule(w, "t", RULE_TOTAL, above_c(-24), MIN(500));
    struct policy_rule *deadline = world_policy_rule(w, "d", RULE_DEADLINE, above_c(0), MIN(500));
    deadline->from = EVENT_COLLECT;
    deadline->to = EVENT_FREEZE;
    int32_t lot = world_lot(w, 0);
    (void)world_stay(w, lot, 0, 100, 0);
    (void)world_stay(w, lot, 100, 120, NONE);
    (void)world_stay(w, lot, 120, TIME_OPEN, 0);
}

/* Everything with at most `limit` bytes an arena. */
static enum outcome judge_within(struct world *w, size_t limit)
{
    scoped_by(arena_free) struct arena arena = {.limit = limit};
    struct why why = {0};
    struct equipment_result store = {0};
    struct lot_result lot = {0};
    struct verdict cut;
    struct judge *judge = judge_begin(&w->facts, w->syncs, &arena);
    if (!judge)
        return RETRY;
    judge_take_lives(judge, w->lives);
    enum outcome outcome = judge_verdict_cut(judge, 0, MIN(110), 0, &cut, &why);
    if (outcome == DONE)
        outcome = judge_equipment(judge, 0, &store, &why);
    if (outcome == DONE)
        outcome = judge_lot(judge, 0, &lot, &why);
    (void)judge_known_until(judge, 0);
    ck_assert(outcome == DONE || why.text[0] != '\0');
    return outcome;
}

static enum outcome judge_parts_within(struct world *w, size_t limit, int part)
{
    scoped_by(arena_free) struct arena arena = {.limit = limit};
    struct why why = {0};
    struct equipment_result store = {0};
    struct lot_result lot = {0};
    struct judge *judge = judge_begin(&w->facts, w->syncs, &arena);
    if (!judge)
        return RETRY;
    judge_take_lives(judge, w->lives);
    return part == 0 ? judge_equipment(judge, 0, &store, &why) : judge_lot(judge, 0, &lot, &why);
}

START_TEST(memory_may_end_anywhere)
{
    scoped_by(world_free) struct world w = {0};
    fill(&w);
    size_t refused = 0;
    for (size_t limit = 16; judge_within(&w, limit) != DONE; limit += 16)
        ck_assert_uint_lt(refused++, 100000);
    ck_assert_uint_gt(refused, 100);
    for (int part = 0; part < 2; part++)
        for (size_t limit = 16; judge_parts_within(&w, limit, part) != DONE; limit += 16)
            ck_assert_uint_lt(limit, 1000000);
}
END_TEST

static Suite *suite_of_judge(void)
{
    Suite *suite = suite_create("judge");
    TCase *cases = tcase_create("judge");
    tcase_add_test(cases, a_gateway_not_named_is_heard_to_the_latest_time_known);
    tcase_add_test(cases, timelines_and_the_mean_of_an_equipment);
    tcase_add_test(cases, an_equipment_without_probes_says_nothing);
    tcase_add_test(cases, memory_may_end_anywhere);
    suite_add_tcase(suite, cases);
    return suite;
}

TEST_MAIN(suite_of_judge)
