#include "coldchain/breach.h"

#include <stdio.h>

#include "common/cleanup.h"
#include "tests/helpers/check_main.h"
#include "tests/helpers/world.h"

/* ---- by hand ---- */

/* A store in minutes: inside 0-10, beyond 10-20, near 20-30, beyond 30-40, unknown 40-50, beyond 50-60, inside 60-70,
 * beyond 70-80, pending from 80. H = 2 °C. */
static const struct track_piece pieces[] = {
    {MIN(0), MIN(10), -25000, -25000, true, false},  {MIN(10), MIN(20), -19000, -19000, true, false},
    {MIN(20), MIN(30), -21000, -21000, true, false}, {MIN(30), MIN(40), -19000, -19000, true, false},
    {MIN(40), MIN(50), 0, 0, false, false},          {MIN(50), MIN(60), -19000, -19000, true, false},
    {MIN(60), MIN(70), -25000, -25000, true, false}, {MIN(70), MIN(80), -19000, -19000, true, false},
    {MIN(80), TIME_OPEN, 0, 0, false, true},
};

static struct timeline store(struct arena *arena)
{
    return timeline_make((struct track){pieces, 9}, above_c(-20), 2000, arena);
}

static struct rule_fold fresh(const struct policy_rule *rule)
{
    struct rule_fold fold;
    rule_fold_begin(&fold, rule);
    return fold;
}

START_TEST(what_is_left_of_a_total_is_added_to_the_running_sum)
{
    scoped_by(arena_free) struct arena arena = {0};
    struct timeline t = store(&arena);
    const struct policy_rule rule = {.kind = RULE_TOTAL, .threshold = above_c(-20), .allowed = MIN(25)};
    struct rule_fold used = fresh(&rule);
    rule_fold_add(&used, LEVEL_BEYOND, 0, MIN(20)); /* 5 left */
    struct breach_key key = breach_key_of(&used, &t, MIN(15));
    ck_assert_int_eq((int)key.measure, (int)BREACH_BEYOND);
    ck_assert_int_eq(key.value, MIN(10)); /* 5 beyond by minute 15, and 5 left */
    ck_assert_int_eq(breach_key_fires(&key, rule.allowed, &t, MIN(15), TIME_OPEN), MIN(30)); /* 15-20 uses them up */
    struct rule_fold unused = fresh(&rule);
    key = breach_key_of(&unused, &t, MIN(15));
    ck_assert_int_eq(key.value, MIN(30));
    ck_assert_int_eq(breach_key_fires(&key, rule.allowed, &t, MIN(15), TIME_OPEN), MIN(70));
    ck_assert(breach_key_fires(&key, rule.allowed, &t, MIN(15), MIN(70)) == TIME_NONE); /* it left in time */
}
END_TEST

START_TEST(never_fires_at_the_next_beyond_instant)
{
    scoped_by(arena_free) struct arena arena = {0};
    struct timeline t = store(&arena);
    const struct policy_rule rule = {.kind = RULE_NEVER, .threshold = above_c(-20)};
    struct rule_fold fold = fresh(&rule);
    ck_assert_int_eq(breach_next(&fold, &t, 0, TIME_OPEN), MIN(10));
    ck_assert_int_eq(breach_next(&fold, &t, MIN(20), TIME_OPEN), MIN(30));
    ck_assert_int_eq(breach_next(&fold, &t, MIN(35), TIME_OPEN), MIN(35));
    ck_assert(breach_next(&fold, &t, MIN(80), TIME_OPEN) == TIME_NONE);
    fold.breached_at = 1;
    ck_assert_int_eq((int)breach_key_of(&fold, &t, 0).measure, (int)BREACH_NONE);
}
END_TEST

START_TEST(occasions_count_the_store_s_runs_from_entry)
{
    scoped_by(arena_free) struct arena arena = {0};
    struct timeline t = store(&arena);
    const struct policy_rule rule = {.kind = RULE_OCCASIONS, .threshold = above_c(-20), .allowed = 1};
    struct rule_fold fold = fresh(&rule);
    ck_assert_int_eq(breach_next(&fold, &t, 0, TIME_OPEN), MIN(50)); /* runs begin at 10, 50 (unknown split), 70 */
    ck_assert_int_eq(breach_next(&fold, &t, MIN(15), TIME_OPEN), MIN(50)); /* it came into a run: its first */
    ck_assert_int_eq(breach_next(&fold, &t, MIN(40), TIME_OPEN), MIN(70));
    rule_fold_add(&fold, LEVEL_BEYOND, 0, 1); /* one run, still open on arrival */
    ck_assert_int_eq(breach_next(&fold, &t, MIN(15), TIME_OPEN), MIN(50)); /* the store's run goes on with its own */
    ck_assert_int_eq(breach_next(&fold, &t, 0, TIME_OPEN), MIN(10));       /* inside first: another run */
}
END_TEST

START_TEST(out_of_step_near_the_limit_it_looks_again)
{
    scoped_by(arena_free) struct arena arena = {0};
    struct timeline t = store(&arena);
    const struct policy_rule rule = {.kind = RULE_OCCASIONS, .threshold = above_c(-20), .allowed = 0};
    struct rule_fold cold = fresh(&rule);
    struct breach_key key = breach_key_of(&cold, &t, MIN(25)); /* the store's run is open, the lot's is not */
    ck_assert_int_eq((int)key.measure, (int)BREACH_LOOK);
    ck_assert_int_eq(breach_next(&cold, &t, MIN(25), TIME_OPEN), MIN(30));
}
END_TEST

START_TEST(a_single_run_carried_in_is_older_than_the_store_s)
{
    scoped_by(arena_free) struct arena arena = {0};
    struct timeline t = store(&arena);
    const struct policy_rule rule = {.kind = RULE_SINGLE, .threshold = above_c(-20), .allowed = MIN(45)};
    struct rule_fold fold = fresh(&rule);
    ck_assert_int_eq(breach_next(&fold, &t, 0, TIME_OPEN), MIN(55)); /* 10-60 lasts 50: 10 + 45 */
    ck_assert(breach_next(&fold, &t, MIN(20), TIME_OPEN) == TIME_NONE); /* from 30 only 30 minutes */
    rule_fold_add(&fold, LEVEL_BEYOND, 0, MIN(30));
    ck_assert_int_eq(breach_next(&fold, &t, MIN(15), TIME_OPEN), MIN(30)); /* 30 so far, 15 more from 15 */
    rule_fold_add(&fold, LEVEL_UNKNOWN, MIN(30), MIN(60)); /* 60 with the time nobody knows, once it goes on */
    ck_assert_int_eq(breach_next(&fold, &t, MIN(70), TIME_OPEN), MIN(70));
    const struct policy_rule deadline = {.kind = RULE_DEADLINE};
    fold = fresh(&deadline);
    ck_assert_int_eq((int)breach_key_of(&fold, &t, 0).measure, (int)BREACH_NONE);
}
END_TEST

/* ---- against folding every lot ---- */

struct random {
    uint64_t state;
};

static int64_t below(struct random *random, int64_t bound)
{
    random->state = random->state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (int64_t)((random->state >> 33) % (uint64_t)bound);
}

static struct track random_track(struct random *random, struct track_piece *out, size_t count)
{
    static const int64_t values[] = {-25000, -21000, -19000, -18000};
    int64_t at = 0;
    for (size_t i = 0; i < count; i++) {
        int64_t ms = 1 + below(random, 20);
        int64_t what = below(random, 6);
        out[i] = (struct track_piece){at, at + ms, 0, 0, what < 4, what == 5};
        if (what < 4)
            out[i].lowest = out[i].highest = values[what];
        at += ms;
    }
    return (struct track){out, count};
}

/* A lot that had some life elsewhere. */
static struct rule_fold random_fold(struct random *random, const struct policy_rule *rule)
{
    static const enum level levels[] = {LEVEL_INSIDE, LEVEL_NEAR, LEVEL_BEYOND, LEVEL_UNKNOWN, LEVEL_PENDING,
                                        LEVEL_HANDLING};
    struct rule_fold fold = fresh(rule);
    int64_t at = -1000;
    for (int64_t i = below(random, 5); i > 0; i--) {
        int64_t ms = 1 + below(random, 10);
        rule_fold_add(&fold, levels[below(random, 6)], at, at + ms);
        at += ms;
    }
    return fold;
}

START_TEST(keys_name_every_breach_at_the_right_millisecond)
{
    struct random random = {20261123};
    int64_t breaches = 0;
    for (int round = 0; round < 4000; round++) {
        scoped_by(arena_free) struct arena arena = {0};
        struct track_piece track_pieces[12];
        struct track track = random_track(&random, track_pieces, 12);
        struct timeline t = timeline_make(track, above_c(-20), 2000, &arena);
        int64_t end = track_pieces[11].to;
        const struct policy_rule rule = {.kind = (enum rule_kind)(below(&random, 4)), .threshold = above_c(-20),
                                         .allowed = below(&random, 4) ? below(&random, 30) : 0};
        for (int lot = 0; lot < 5; lot++) {
            struct rule_fold fold = random_fold(&random, &rule);
            int64_t from = below(&random, end);
            int64_t until = from + 1 + below(&random, end - from);
            if (fold.breached_at != TIME_NONE)
                continue;
            struct rule_fold folded = fold;
            breach_fold_stay(&folded, &t, from, until);
            int64_t told = breach_next(&fold, &t, from, until);
            ck_assert_msg(told == folded.breached_at, "round %d: key says %ld, the fold %ld (kind %d, %ld-%ld)", round,
                          (long)told, (long)folded.breached_at, (int)rule.kind, (long)from, (long)until);
            breaches += told != TIME_NONE;
        }
    }
    ck_assert_int_gt(breaches, 2000); /* the test has something to find */
}
END_TEST

/* Lots that came at different times with different pasts: whoever has the smallest key breaches first. */
START_TEST(the_smallest_key_breaches_next)
{
    struct random random = {7};
    int64_t compared = 0;
    for (int round = 0; round < 3000; round++) {
        scoped_by(arena_free) struct arena arena = {0};
        struct track_piece track_pieces[12];
        struct timeline t = timeline_make(random_track(&random, track_pieces, 12), above_c(-20), 2000, &arena);
        const struct policy_rule rule = {.kind = (enum rule_kind)(below(&random, 4)), .threshold = above_c(-20),
                                         .allowed = below(&random, 30)};
        int64_t now = below(&random, track_pieces[11].to);
        struct breach_key keys[2];
        int64_t fires[2];
        for (int lot = 0; lot < 2; lot++) {
            struct rule_fold fold = random_fold(&random, &rule);
            int64_t came = below(&random, now + 1);
            keys[lot] = breach_key_of(&fold, &t, came);
            fires[lot] = breach_key_fires(&keys[lot], rule.allowed, &t, came, TIME_OPEN);
        }
        if (keys[0].measure != keys[1].measure || keys[0].run_from != keys[1].run_from ||
            keys[0].measure == BREACH_NONE || fires[0] == TIME_NONE || fires[1] == TIME_NONE)
            continue;
        compared++;
        if (keys[0].measure == BREACH_RUN && keys[0].run_from == TIME_NONE)
            continue; /* one length for all: they breach together unless one came into the run */
        if (keys[0].value < keys[1].value)
            ck_assert_int_le(fires[0], fires[1]);
        if (keys[0].value > keys[1].value)
            ck_assert_int_ge(fires[0], fires[1]);
    }
    ck_assert_int_gt(compared, 200);
}
END_TEST

static Suite *suite_of_breach(void)
{
    Suite *suite = suite_create("breach keys");
    TCase *cases = tcase_create("breach");
    tcase_add_test(cases, what_is_left_of_a_total_is_added_to_the_running_sum);
    tcase_add_test(cases, never_fires_at_the_next_beyond_instant);
    tcase_add_test(cases, occasions_count_the_store_s_runs_from_entry);
    tcase_add_test(cases, out_of_step_near_the_limit_it_looks_again);
    tcase_add_test(cases, a_single_run_carried_in_is_older_than_the_store_s);
    tcase_add_test(cases, keys_name_every_breach_at_the_right_millisecond);
    tcase_add_test(cases, the_smallest_key_breaches_next);
    suite_add_tcase(suite, cases);
    return suite;
}

TEST_MAIN(suite_of_breach)
