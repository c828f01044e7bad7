#include "ingest/fold/fork.h"

#include <string.h>

#include "tests/helpers/check_main.h"

/* Bodies by name: hash is the letter and seq, previous another name. */
static void name_hash(char branch, int seq, uint8_t out[32])
{
    memset(out, 0, 32);
    out[0] = (uint8_t)branch;
    out[1] = (uint8_t)seq;
}

static struct fork_body body(char branch, int seq, char parent)
{
    struct fork_body b = {.seq = seq, .has_previous = seq > 1, .row = branch * 100 + seq};
    name_hash(branch, seq, b.hash);
    name_hash(parent, seq - 1, b.previous);
    return b;
}

static enum standing standing_of(const struct fork_body *bodies, size_t count, char branch, int seq)
{
    for (size_t i = 0; i < count; i++) {
        if (bodies[i].row == branch * 100 + seq)
            return bodies[i].standing;
    }
    ck_abort_msg("no body %c%d", branch, seq);
    return STANDING_COUNTS;
}

/* m1 m2, then a3 a4 a5 against b3 b4. */
static size_t forked(struct fork_body *bodies)
{
    size_t n = 0;
    bodies[n++] = body('m', 1, 0);
    bodies[n++] = body('b', 4, 'b');
    bodies[n++] = body('m', 2, 'm');
    bodies[n++] = body('a', 3, 'm');
    bodies[n++] = body('b', 3, 'm');
    bodies[n++] = body('a', 4, 'a');
    bodies[n++] = body('a', 5, 'a');
    return n;
}

START_TEST(without_a_fork_everything_counts_gaps_too)
{
    struct fork_body bodies[] = {body('m', 1, 0), body('m', 2, 'm'), body('m', 5, 'm')};
    ck_assert_int_eq(fork_resolve(bodies, 3, NULL, 0), 0);
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(bodies[i].standing, STANDING_COUNTS);
}
END_TEST

START_TEST(from_the_fork_on_nothing_counts_until_a_person_decides)
{
    struct fork_body bodies[8];
    size_t n = forked(bodies);
    ck_assert_int_eq(fork_resolve(bodies, n, NULL, 0), 3);
    ck_assert_int_eq(standing_of(bodies, n, 'm', 2), STANDING_COUNTS);
    ck_assert_int_eq(standing_of(bodies, n, 'a', 3), STANDING_DISPUTED);
    ck_assert_int_eq(standing_of(bodies, n, 'b', 4), STANDING_DISPUTED);
    ck_assert_int_eq(standing_of(bodies, n, 'a', 5), STANDING_DISPUTED);
}
END_TEST

START_TEST(the_named_branch_and_its_descendants_count)
{
    struct fork_body bodies[8];
    size_t n = forked(bodies);
    struct fork_decision decision = {.seq = 3};
    name_hash('a', 3, decision.hash);
    ck_assert_int_eq(fork_resolve(bodies, n, &decision, 1), 3);
    ck_assert_int_eq(standing_of(bodies, n, 'a', 3), STANDING_COUNTS);
    ck_assert_int_eq(standing_of(bodies, n, 'a', 4), STANDING_COUNTS);
    ck_assert_int_eq(standing_of(bodies, n, 'a', 5), STANDING_COUNTS);
    ck_assert_int_eq(standing_of(bodies, n, 'b', 3), STANDING_OTHER_BRANCH);
    ck_assert_int_eq(standing_of(bodies, n, 'b', 4), STANDING_OTHER_BRANCH);
}
END_TEST

/* b ends at 4: a5 is alone at its seq, but descends from the branch that was not chosen. */
START_TEST(a_lone_descendant_of_the_other_branch_does_not_count)
{
    struct fork_body bodies[8];
    size_t n = forked(bodies);
    struct fork_decision decision = {.seq = 3};
    name_hash('b', 3, decision.hash);
    (void)fork_resolve(bodies, n, &decision, 1);
    ck_assert_int_eq(standing_of(bodies, n, 'b', 4), STANDING_COUNTS);
    ck_assert_int_eq(standing_of(bodies, n, 'a', 4), STANDING_OTHER_BRANCH);
    ck_assert_int_eq(standing_of(bodies, n, 'a', 5), STANDING_OTHER_BRANCH);
}
END_TEST

START_TEST(the_last_decision_on_a_seq_holds)
{
    struct fork_body bodies[8];
    size_t n = forked(bodies);
    struct fork_decision decisions[] = {{.seq = 3}, {.seq = 3}};
    name_hash('b', 3, decisions[0].hash);
    name_hash('a', 3, decisions[1].hash);
    (void)fork_resolve(bodies, n, decisions, 2);
    ck_assert_int_eq(standing_of(bodies, n, 'a', 3), STANDING_COUNTS);
    ck_assert_int_eq(standing_of(bodies, n, 'b', 3), STANDING_OTHER_BRANCH);
}
END_TEST

START_TEST(behind_a_gap_descent_cannot_be_told)
{
    struct fork_body bodies[] = {body('m', 1, 0), body('a', 2, 'm'), body('b', 2, 'm'), body('a', 4, 'a')};
    struct fork_decision decision = {.seq = 2};
    name_hash('a', 2, decision.hash);
    ck_assert_int_eq(fork_resolve(bodies, 4, &decision, 1), 2);
    ck_assert_int_eq(standing_of(bodies, 4, 'a', 2), STANDING_COUNTS);
    ck_assert_int_eq(standing_of(bodies, 4, 'a', 4), STANDING_DISPUTED);
}
END_TEST

START_TEST(the_order_of_the_input_changes_nothing)
{
    struct fork_body one[8], two[8];
    size_t n = forked(one);
    for (size_t i = 0; i < n; i++)
        two[i] = one[n - 1 - i];
    struct fork_decision decision = {.seq = 3};
    name_hash('a', 3, decision.hash);
    (void)fork_resolve(one, n, &decision, 1);
    (void)fork_resolve(two, n, &decision, 1);
    for (size_t i = 0; i < n; i++) {
        ck_assert_int_eq(one[i].row, two[i].row);
        ck_assert_int_eq(one[i].standing, two[i].standing);
    }
}
END_TEST

static Suite *suite_of_fork(void)
{
    Suite *s = suite_create("fork");
    TCase *t = tcase_create("fork");
    tcase_add_test(t, without_a_fork_everything_counts_gaps_too);
    tcase_add_test(t, from_the_fork_on_nothing_counts_until_a_person_decides);
    tcase_add_test(t, the_named_branch_and_its_descendants_count);
    tcase_add_test(t, a_lone_descendant_of_the_other_branch_does_not_count);
    tcase_add_test(t, the_last_decision_on_a_seq_holds);
    tcase_add_test(t, behind_a_gap_descent_cannot_be_told);
    tcase_add_test(t, the_order_of_the_input_changes_nothing);
    suite_add_tcase(s, t);
    return s;
}

TEST_MAIN(suite_of_fork)
