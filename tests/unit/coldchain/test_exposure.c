#include "coldchain/exposure.h"

#include "common/cleanup.h"
#include "tests/helpers/check_main.h"
#include "tests/helpers/world.h"

/* Folds pieces of so many minutes each, one after the other from minute 0. */
struct given {
    enum level level;
    int64_t minutes;
};

static struct rule_fold folded(const struct policy_rule *rule, const struct given *given, size_t count)
{
    struct rule_fold fold;
    int64_t at = 0;
    rule_fold_begin(&fold, rule);
    for (size_t i = 0; i < count; i++) {
        rule_fold_add(&fold, given[i].level, at, at + MIN(given[i].minutes));
        at += MIN(given[i].minutes);
    }
    return fold;
}

#define FOLD(rule, ...)                                                                                                \
    folded(&(rule), (const struct given[]){__VA_ARGS__},                                                               \
           sizeof((const struct given[]){__VA_ARGS__}) / sizeof(struct given))

static const struct policy_rule never = {.kind = RULE_NEVER};
static const struct policy_rule total = {.kind = RULE_TOTAL, .allowed = MIN(30)};
static const struct policy_rule single = {.kind = RULE_SINGLE, .allowed = MIN(30)};
static const struct policy_rule twice = {.kind = RULE_OCCASIONS, .allowed = 2};

START_TEST(never_is_breached_by_any_beyond_time_at_its_first_instant)
{
    struct rule_fold f = FOLD(never, {LEVEL_INSIDE, 10}, {LEVEL_NEAR, 5});
    ck_assert(!rule_fold_exposure(&f).breached);
    ck_assert_int_eq(rule_fold_exposure(&f).used, 0);
    rule_fold_add(&f, LEVEL_BEYOND, MIN(15), MIN(15) + 1);
    struct exposure e = rule_fold_exposure(&f);
    ck_assert(e.breached);
    ck_assert_int_eq(e.breached_at, MIN(15));
    ck_assert_int_eq(e.used, 1);
    ck_assert_int_eq(e.allowed, 0);
    ck_assert_int_eq(e.remaining, 0);
}
END_TEST

START_TEST(total_is_breached_beyond_its_allowance_not_at_it)
{
    struct rule_fold f = FOLD(total, {LEVEL_BEYOND, 10}, {LEVEL_INSIDE, 10}, {LEVEL_BEYOND, 20}, {LEVEL_INSIDE, 5});
    struct exposure e = rule_fold_exposure(&f); /* 10 + 20 = 30 of 30 */
    ck_assert(!e.breached);
    ck_assert_int_eq(e.used, MIN(30));
    ck_assert_int_eq(e.remaining, 0);
    rule_fold_add(&f, LEVEL_BEYOND, MIN(45), MIN(50)); /* the first millisecond too much begins at 45 */
    ck_assert_int_eq(rule_fold_exposure(&f).breached_at, MIN(45));
    f = FOLD(total, {LEVEL_BEYOND, 10}, {LEVEL_UNKNOWN, 10}, {LEVEL_BEYOND, 60});
    e = rule_fold_exposure(&f); /* 10, then 20 more from minute 20: reached at 40 */
    ck_assert(e.breached);
    ck_assert_int_eq(e.breached_at, MIN(40));
    ck_assert_int_eq(e.beyond_ms, MIN(70));
    ck_assert_int_eq(e.unknown_ms, MIN(10));
}
END_TEST

START_TEST(single_takes_the_longest_run)
{
    struct rule_fold f = FOLD(single, {LEVEL_BEYOND, 20}, {LEVEL_INSIDE, 1}, {LEVEL_BEYOND, 30}, {LEVEL_INSIDE, 1});
    struct exposure e = rule_fold_exposure(&f);
    ck_assert(!e.breached); /* 20, then exactly 30 */
    ck_assert_int_eq(e.used, MIN(30));
    ck_assert_int_eq(e.longest_ms, MIN(30));
    ck_assert_int_eq(e.occasions, 2);
    f = FOLD(single, {LEVEL_BEYOND, 31});
    ck_assert_int_eq(rule_fold_exposure(&f).breached_at, MIN(30));
}
END_TEST

START_TEST(unknown_between_two_beyond_joins_and_counts_for_single_and_splits_for_occasions)
{
    struct rule_fold f = FOLD(single, {LEVEL_BEYOND, 10}, {LEVEL_UNKNOWN, 15}, {LEVEL_BEYOND, 10});
    struct exposure e = rule_fold_exposure(&f); /* 10 + 15 + 10 = 35 > 30; 25 at minute 25, 30 at minute 30 */
    ck_assert(e.breached);
    ck_assert_int_eq(e.longest_ms, MIN(35));
    ck_assert_int_eq(e.breached_at, MIN(30));
    ck_assert_int_eq(e.occasions, 2);
    f = FOLD(single, {LEVEL_BEYOND, 10}, {LEVEL_UNKNOWN, 15}, {LEVEL_INSIDE, 1}, {LEVEL_BEYOND, 10});
    e = rule_fold_exposure(&f); /* the unknown time did not lead to beyond: it joins nothing */
    ck_assert_int_eq(e.longest_ms, MIN(10));
    ck_assert_int_eq(e.occasions, 2);
    f = FOLD(single, {LEVEL_BEYOND, 10}, {LEVEL_PENDING, 40}, {LEVEL_BEYOND, 10});
    e = rule_fold_exposure(&f); /* pending inside a run is as unknown: 10 up to minute 50, then at once 50 */
    ck_assert_int_eq(e.longest_ms, MIN(60));
    ck_assert_int_eq(e.breached_at, MIN(50));
    ck_assert_int_eq(e.pending_ms, MIN(40));
}
END_TEST

START_TEST(a_run_ends_only_inside_by_hysteresis_and_total_sums_beyond_only)
{
    struct rule_fold f = FOLD(single, {LEVEL_BEYOND, 10}, {LEVEL_NEAR, 10}, {LEVEL_BEYOND, 10}, {LEVEL_NEAR, 9},
                              {LEVEL_INSIDE, 1});
    struct exposure e = rule_fold_exposure(&f);
    ck_assert_int_eq(e.longest_ms, MIN(30)); /* first beyond to last beyond, the near time between included */
    ck_assert_int_eq(e.occasions, 1);
    ck_assert_int_eq(e.beyond_ms, MIN(20));
    ck_assert(!e.breached);
}
END_TEST

START_TEST(handling_counts_nowhere_and_joins_what_lies_on_both_sides)
{
    struct rule_fold f = FOLD(twice, {LEVEL_BEYOND, 10}, {LEVEL_HANDLING, 20}, {LEVEL_BEYOND, 10});
    struct exposure e = rule_fold_exposure(&f);
    ck_assert_int_eq(e.occasions, 1);
    ck_assert_int_eq(e.longest_ms, MIN(20));
    ck_assert_int_eq(e.beyond_ms, MIN(20));
    f = FOLD(single, {LEVEL_BEYOND, 30}, {LEVEL_HANDLING, 20}, {LEVEL_BEYOND, 1});
    ck_assert_int_eq(rule_fold_exposure(&f).breached_at, MIN(50)); /* 30 used up to the handling, the next ms after it */
}
END_TEST

START_TEST(occasions_are_breached_at_the_start_of_one_too_many)
{
    struct rule_fold f = FOLD(twice, {LEVEL_BEYOND, 1}, {LEVEL_INSIDE, 1}, {LEVEL_BEYOND, 1}, {LEVEL_INSIDE, 1});
    ck_assert(!rule_fold_exposure(&f).breached);
    ck_assert_int_eq(rule_fold_exposure(&f).used, 2);
    rule_fold_add(&f, LEVEL_BEYOND, MIN(4), MIN(5));
    ck_assert(rule_fold_exposure(&f).breached);
    ck_assert_int_eq(rule_fold_exposure(&f).breached_at, MIN(4));
    ck_assert_int_eq(rule_fold_exposure(&f).used, 3);
}
END_TEST

START_TEST(time_outside_the_phase_ends_a_run)
{
    struct rule_fold f = FOLD(single, {LEVEL_BEYOND, 20}, {LEVEL_UNSEEN, 1}, {LEVEL_BEYOND, 20});
    struct exposure e = rule_fold_exposure(&f);
    ck_assert_int_eq(e.longest_ms, MIN(20));
    ck_assert_int_eq(e.occasions, 2);
    struct facts facts = {0};
    struct equipment two[] = {{.transport = false}, {.transport = true}};
    facts.equipment = two;
    struct policy_rule rule = {.phase = PHASE_TRANSPORT};
    ck_assert(outside_phase(&rule, &facts, 0));
    ck_assert(!outside_phase(&rule, &facts, 1));
    ck_assert(!outside_phase(&rule, &facts, NONE)); /* unmonitored time belongs to every phase */
    rule.phase = PHASE_STORAGE;
    ck_assert(!outside_phase(&rule, &facts, 0));
    ck_assert(outside_phase(&rule, &facts, 1));
    rule.phase = PHASE_ANY;
    ck_assert(!outside_phase(&rule, &facts, 1));
}
END_TEST

START_TEST(unknown_time_would_breach_only_beyond_the_allowance)
{
    struct rule_fold f = FOLD(total, {LEVEL_BEYOND, 10}, {LEVEL_INSIDE, 5}, {LEVEL_UNKNOWN, 20});
    ck_assert(!rule_fold_unknown_would_breach(&f)); /* 10 + 20 = 30 */
    rule_fold_add(&f, LEVEL_UNKNOWN, MIN(35), MIN(35) + 1);
    ck_assert(rule_fold_unknown_would_breach(&f));
    f = FOLD(single, {LEVEL_BEYOND, 10}, {LEVEL_UNKNOWN, 20}, {LEVEL_INSIDE, 1}, {LEVEL_UNKNOWN, 30});
    ck_assert(!rule_fold_unknown_would_breach(&f));
    f = FOLD(single, {LEVEL_UNKNOWN, 20}, {LEVEL_NEAR, 5}, {LEVEL_UNKNOWN, 6});
    ck_assert(rule_fold_unknown_would_breach(&f)); /* 20 + 5 + 6: near does not end a run */
    f = FOLD(never, {LEVEL_UNKNOWN, 600});
    ck_assert(!rule_fold_unknown_would_breach(&f));
    f = FOLD(twice, {LEVEL_UNKNOWN, 600});
    ck_assert(!rule_fold_unknown_would_breach(&f));
}
END_TEST

START_TEST(pending_time_decides_nothing)
{
    struct rule_fold f = FOLD(total, {LEVEL_PENDING, 600});
    ck_assert(!rule_fold_unknown_would_breach(&f));
    f = FOLD(single, {LEVEL_PENDING, 600});
    ck_assert(!rule_fold_unknown_would_breach(&f));
    ck_assert_int_eq(rule_fold_exposure(&f).pending_ms, MIN(600));
}
END_TEST

START_TEST(empty_pieces_say_nothing)
{
    struct rule_fold f = FOLD(never, {LEVEL_BEYOND, 0});
    ck_assert(!rule_fold_exposure(&f).breached);
    struct policy_rule deadline = {.kind = RULE_DEADLINE};
    f = FOLD(deadline, {LEVEL_BEYOND, 1}); /* a deadline folds like a total that is never breached */
    ck_assert(!rule_fold_exposure(&f).breached);
}
END_TEST

START_TEST(deadlines)
{
    struct policy_rule rule = {.kind = RULE_DEADLINE, .allowed = MIN(60)};
    struct exposure e = deadline_exposure(&rule, MIN(10), MIN(70), MIN(70), TIME_OPEN);
    ck_assert(!e.breached); /* exactly D */
    ck_assert_int_eq(e.used, MIN(60));
    ck_assert_int_eq(e.remaining, 0);
    ck_assert_int_eq(e.occasions, -1);
    e = deadline_exposure(&rule, MIN(10), MIN(70) + 1, MIN(80), TIME_OPEN);
    ck_assert(e.breached);
    ck_assert_int_eq(e.breached_at, MIN(70)); /* A + D */
    e = deadline_exposure(&rule, MIN(10), TIME_NONE, MIN(70), TIME_OPEN);
    ck_assert(!e.breached); /* known to A + D, not later */
    ck_assert_int_eq(e.used, -1);
    ck_assert_int_eq(e.remaining, -1);
    e = deadline_exposure(&rule, MIN(10), TIME_NONE, MIN(70) + 1, TIME_OPEN);
    ck_assert(e.breached);
    ck_assert_int_eq(e.breached_at, MIN(70));
    e = deadline_exposure(&rule, MIN(10), TIME_NONE, MIN(99), MIN(70) - 1);
    ck_assert(!e.breached); /* ended before A + D */
    e = deadline_exposure(&rule, MIN(10), TIME_NONE, MIN(99), MIN(70));
    ck_assert(e.breached);
    e = deadline_exposure(&rule, TIME_NONE, TIME_NONE, MIN(99), TIME_OPEN);
    ck_assert(!e.breached); /* not started */
    ck_assert_int_eq(e.used, -1);
}
END_TEST

/* ---- handling ---- */

static struct lot_spans spans_of(struct world *w, const struct whereabouts *where, size_t count,
                                 const struct interval *bounds, size_t bounds_count)
{
    struct lot_spans out = {0};
    lot_spans_make(where, count, 0, &w->policies[0], bounds, bounds_count, &w->arena, &out);
    ck_assert_uint_eq(out.vec.count, count);
    return out;
}

static const struct interval always = {TIME_NONE, TIME_OPEN};

START_TEST(exactly_handling_max_is_handling_one_millisecond_more_is_unknown)
{
    scoped_by(world_free) struct world w = {0};
    (void)world_policy(&w);
    const struct whereabouts where[] = {
        {0, MIN(30), NONE}, {MIN(30), MIN(60), 0}, {MIN(60), MIN(90) + 1, NONE}, {MIN(90) + 1, TIME_OPEN, 0}};
    struct lot_spans s = spans_of(&w, where, 4, &always, 1);
    ck_assert_int_eq((int)s.vec.items[0].level, (int)LEVEL_HANDLING);
    ck_assert_int_eq((int)s.vec.items[2].level, (int)LEVEL_UNKNOWN);
}
END_TEST

START_TEST(at_most_so_many_handlings_the_earliest_first)
{
    scoped_by(world_free) struct world w = {0};
    world_policy(&w)->handlings = 2;
    struct whereabouts where[10];
    for (int64_t i = 0; i < 10; i++)
        where[i] = (struct whereabouts){MIN(i), MIN(i + 1), i % 2 ? 0 : NONE};
    where[2].to = where[3].from = MIN(3); /* all of one minute */
    struct lot_spans s = spans_of(&w, where, 10, &always, 1);
    ck_assert_int_eq((int)s.vec.items[0].level, (int)LEVEL_HANDLING);
    ck_assert_int_eq((int)s.vec.items[2].level, (int)LEVEL_HANDLING);
    ck_assert_int_eq((int)s.vec.items[4].level, (int)LEVEL_UNKNOWN);
    ck_assert_int_eq((int)s.vec.items[8].level, (int)LEVEL_UNKNOWN);
}
END_TEST

/* Bounds from minute 10: an interval that ends there does not touch them, one that ends a millisecond later does and is
 * measured whole. */
START_TEST(only_intervals_that_touch_a_temperature_rule_s_bounds_count)
{
    scoped_by(world_free) struct world w = {0};
    world_policy(&w)->handlings = 1;
    const struct interval from_ten = {MIN(10), TIME_OPEN};
    const struct interval empty = {0, 0};
    struct interval bounds[] = {empty, from_ten};
    struct whereabouts where[] = {{0, MIN(10), NONE}, {MIN(10), MIN(20), 0}, {MIN(20), MIN(25), NONE},
                                  {MIN(25), TIME_OPEN, 0}};
    struct lot_spans s = spans_of(&w, where, 4, bounds, 2);
    ck_assert_int_eq((int)s.vec.items[0].level, (int)LEVEL_HANDLING);
    ck_assert_int_eq((int)s.vec.items[2].level, (int)LEVEL_HANDLING);
    where[0].to = where[1].from = MIN(10) + 1;
    s = spans_of(&w, where, 4, bounds, 2);
    ck_assert_int_eq((int)s.vec.items[0].level, (int)LEVEL_HANDLING);
    ck_assert_int_eq((int)s.vec.items[2].level, (int)LEVEL_UNKNOWN);
}
END_TEST

START_TEST(an_interval_without_an_end_is_judged_to_the_last_event_and_pending_from_there)
{
    scoped_by(world_free) struct world w = {0};
    (void)world_policy(&w);
    const struct whereabouts where[] = {{0, MIN(5), 0}, {MIN(5), TIME_OPEN, NONE}};
    for (int64_t known = MIN(4); known <= MIN(36); known++) {
        struct lot_spans s = {0};
        lot_spans_make(where, 2, known, &w.policies[0], &always, 1, &w.arena, &s);
        const struct lot_span *last = &s.vec.items[s.vec.count - 1];
        ck_assert_int_eq((int)last->level, (int)LEVEL_PENDING);
        ck_assert_int_eq(last->from, known > MIN(5) ? known : MIN(5));
        ck_assert_uint_eq(s.vec.count, known > MIN(5) ? 3 : 2);
        if (known > MIN(5)) /* 30 minutes in hand are handling, a millisecond more is not */
            ck_assert_int_eq((int)s.vec.items[1].level, (int)(known <= MIN(35) ? LEVEL_HANDLING : LEVEL_UNKNOWN));
        known += known < MIN(5) || known > MIN(35) ? 20000 : known == MIN(35) ? 0 : known < MIN(35) - 1 ? 29999 : 0;
    }
    struct lot_spans none = {0};
    lot_spans_make(where, 2, 0, NULL, NULL, 0, &w.arena, &none);
    ck_assert_uint_eq(none.vec.count, 2);
}
END_TEST

START_TEST(a_fold_from_its_snapshot_equals_the_whole)
{
    const struct given all[] = {{LEVEL_BEYOND, 7},  {LEVEL_NEAR, 3},     {LEVEL_UNKNOWN, 9}, {LEVEL_BEYOND, 5},
                                {LEVEL_INSIDE, 2},  {LEVEL_HANDLING, 4}, {LEVEL_BEYOND, 8},  {LEVEL_PENDING, 2},
                                {LEVEL_BEYOND, 20}, {LEVEL_UNSEEN, 1}};
    const struct policy_rule *rules[] = {&never, &total, &single, &twice};
    for (size_t r = 0; r < 4; r++) {
        struct rule_fold whole = folded(rules[r], all, 10);
        for (size_t cut = 0; cut <= 10; cut++) {
            struct rule_fold rest = folded(rules[r], all, cut);
            int64_t at = 0;
            for (size_t i = 0; i < 10; i++) {
                if (i >= cut)
                    rule_fold_add(&rest, all[i].level, at, at + MIN(all[i].minutes));
                at += MIN(all[i].minutes);
            }
            struct exposure a = rule_fold_exposure(&whole);
            struct exposure b = rule_fold_exposure(&rest);
            ck_assert_int_eq(a.used, b.used);
            ck_assert_int_eq(a.breached_at, b.breached_at);
            ck_assert_int_eq(a.longest_ms, b.longest_ms);
            ck_assert_int_eq(a.occasions, b.occasions);
            ck_assert_int_eq(a.unknown_ms, b.unknown_ms);
        }
    }
}
END_TEST

static Suite *suite_of_exposure(void)
{
    Suite *suite = suite_create("exposure");
    TCase *cases = tcase_create("exposure");
    tcase_add_test(cases, never_is_breached_by_any_beyond_time_at_its_first_instant);
    tcase_add_test(cases, total_is_breached_beyond_its_allowance_not_at_it);
    tcase_add_test(cases, single_takes_the_longest_run);
    tcase_add_test(cases, unknown_between_two_beyond_joins_and_counts_for_single_and_splits_for_occasions);
    tcase_add_test(cases, a_run_ends_only_inside_by_hysteresis_and_total_sums_beyond_only);
    tcase_add_test(cases, handling_counts_nowhere_and_joins_what_lies_on_both_sides);
    tcase_add_test(cases, occasions_are_breached_at_the_start_of_one_too_many);
    tcase_add_test(cases, time_outside_the_phase_ends_a_run);
    tcase_add_test(cases, unknown_time_would_breach_only_beyond_the_allowance);
    tcase_add_test(cases, pending_time_decides_nothing);
    tcase_add_test(cases, empty_pieces_say_nothing);
    tcase_add_test(cases, deadlines);
    tcase_add_test(cases, exactly_handling_max_is_handling_one_millisecond_more_is_unknown);
    tcase_add_test(cases, at_most_so_many_handlings_the_earliest_first);
    tcase_add_test(cases, only_intervals_that_touch_a_temperature_rule_s_bounds_count);
    tcase_add_test(cases, an_interval_without_an_end_is_judged_to_the_last_event_and_pending_from_there);
    tcase_add_test(cases, a_fold_from_its_snapshot_equals_the_whole);
    suite_add_tcase(suite, cases);
    return suite;
}

TEST_MAIN(suite_of_exposure)
