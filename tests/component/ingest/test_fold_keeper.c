/* The keeper against a worker that dies on one envelope: the envelope is left out, and only that one. */
#include "ingest/fold/fold_worker.h"

#include <signal.h>
#include <stdlib.h>

#include "common/clock.h"
#include "tests/helpers/check_main.h"

enum { TURNS_MOST = 20000 };

static struct loop *loop;
static struct fold_keeper *keeper;

static void setup(void)
{
    static struct clock clock;
    struct why why = {0};
    clock = clock_system();
    ck_assert_int_eq(loop_open(&loop, &clock, &why), DONE);
    const char *program = getenv("SILSILA_FOLD_THAT_DIES");
    ck_assert_ptr_nonnull(program);
    ck_assert_msg(fold_keeper_open(&keeper, loop, program, NULL, &why) == DONE, "%s", why.text);
}

static void teardown(void)
{
    fold_keeper_close(&keeper);
    ck_assert_ptr_null(keeper);
    loop_close(&loop);
}

START_TEST(an_envelope_that_kills_the_fold_is_left_out)
{
    struct fold_keeper_figures figures = {0};
    struct why why = {0};
    for (int i = 0; i < TURNS_MOST && figures.position < 9; i++) {
        ck_assert_int_eq(loop_turn(loop, 50, &why), DONE);
        fold_keeper_read(keeper, &figures);
    }
    ck_assert_int_eq(figures.position, 9);
    /* Once in a batch, twice alone. */
    ck_assert_int_eq(figures.restarts, 3);
}
END_TEST

static Suite *suite_of_keeper(void)
{
    Suite *s = suite_create("fold_keeper");
    TCase *t = tcase_create("fold_keeper");
    tcase_set_timeout(t, 120);
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, an_envelope_that_kills_the_fold_is_left_out);
    suite_add_tcase(s, t);
    return s;
}

TEST_MAIN(suite_of_keeper)
