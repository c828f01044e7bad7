/* Rows 1, 2, 3, 4, 9, 10, 11 and 13 of the fault list, for the outbox: kills and failures at every call of a whole life. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "tests/fault/outbox_harness.h"
#include "tests/helpers/check_main.h"

enum { ROUNDS = 12, BOOT = 1 };

static struct journal journal;

/* Fails the n-th call of `kind` in one life each, n = 1, 2, … until a life has no n-th call; after each a second, sound
 * life goes on with the same file. `step` takes every step-th n only, for kinds with thousands of calls. */
static int fail_each_call(const char *kind, const char *action, const char *repeat, int step)
{
    int n = 1, hits = 0;
    for (;; n += step) {
        struct scratch s;
        char shim[64];
        scratch_make(&s);
        journal.took_count = journal.sealed_count = 0;
        (void)snprintf(shim, sizeof shim, "%s:%d:%s:%s", kind, n, action, repeat);
        run_life(&s, &journal, shim, ROUNDS, 1000, BOOT, -1);
        bool hit = journal.hit;
        bool died = WIFSIGNALED(journal.status);
        if (died)
            ck_assert_msg(WTERMSIG(journal.status) == SIGKILL, "%s: ended by signal %d", shim, WTERMSIG(journal.status));
        check_invariants(&s, BOOT, &journal, false, shim);
        run_life(&s, &journal, NULL, ROUNDS, 2000, BOOT, -1);
        ck_assert_msg(journal.closed, "%s: the life after it did not end well", shim);
        check_invariants(&s, BOOT, &journal, false, shim);
        scratch_remove(&s);
        hits += hit;
        if (!hit)
            break;
    }
    return hits;
}

START_TEST(killed_before_every_write)
{
    ck_assert_int_gt(fail_each_call("write", "die", "once", 1), 30);
}
END_TEST

START_TEST(killed_after_every_write)
{
    ck_assert_int_gt(fail_each_call("write", "late", "once", 1), 30);
}
END_TEST

START_TEST(killed_at_every_flush)
{
    ck_assert_int_gt(fail_each_call("fsync", "die", "once", 1), 20);
}
END_TEST

/* Rows 3 and 4 without another kernel: at the n-th call all that was written and not flushed is taken back. */
START_TEST(power_cut_before_every_write)
{
    ck_assert_int_gt(fail_each_call("write", "cut", "once", 1), 30);
}
END_TEST

START_TEST(power_cut_at_every_flush)
{
    ck_assert_int_gt(fail_each_call("fsync", "cut", "once", 1), 20);
}
END_TEST

START_TEST(every_flush_fails_once)
{
    ck_assert_int_gt(fail_each_call("fsync", "eio", "once", 1), 20);
}
END_TEST

START_TEST(every_write_fails_once)
{
    ck_assert_int_gt(fail_each_call("write", "eio", "once", 1), 30);
}
END_TEST

START_TEST(every_write_finds_a_full_disk_once)
{
    journal.no_receipts = true;
    ck_assert_int_gt(fail_each_call("write", "enospc", "once", 1), 30);
}
END_TEST

START_TEST(from_every_write_on_the_medium_is_read_only)
{
    ck_assert_int_gt(fail_each_call("write", "erofs", "forever", 5), 5);
}
END_TEST

START_TEST(memory_fails_once)
{
    ck_assert_int_gt(fail_each_call("malloc", "null", "once", 23), 30);
}
END_TEST

START_TEST(memory_fails_for_good)
{
    ck_assert_int_gt(fail_each_call("malloc", "null", "forever", 41), 20);
}
END_TEST

/* Row 10: nothing at all is to be seen of it. */
static void no_effect(const char *shim)
{
    struct scratch s;
    scratch_make(&s);
    memset(&journal, 0, sizeof journal);
    run_life(&s, &journal, shim, ROUNDS, 1000, BOOT, -1);
    ck_assert(journal.hit);
    ck_assert(journal.closed);
    ck_assert_uint_eq(journal.failures + journal.unsure, 0);
    ck_assert_uint_eq(journal.took_count, 2 * ROUNDS);
    check_invariants(&s, BOOT, &journal, false, shim);
    scratch_remove(&s);
}

START_TEST(interrupted_and_short_writes_have_no_effect)
{
    no_effect("write:1:eintr:other");
    no_effect("write:1:short:forever");
}
END_TEST

/* Row 1. */
START_TEST(killed_at_random_times)
{
    struct scratch s;
    scratch_make(&s);
    memset(&journal, 0, sizeof journal);
    const char *given = getenv("SEED");
    unsigned seed = given ? (unsigned)strtoul(given, NULL, 10) : (unsigned)time(NULL);
    (void)fprintf(stderr, "killed_at_random_times: SEED=%u\n", seed);
    for (int life = 0; life < 25; life++) {
        int wait_ms = 2 + (int)(rand_r(&seed) % 60);
        run_life(&s, &journal, NULL, -1, 1000000LL * (life + 1), BOOT + (life % 5 == 4), wait_ms);
        ck_assert(WIFSIGNALED(journal.status));
    }
    ck_assert_uint_gt(journal.took_count, 100);
    check_invariants(&s, BOOT, &journal, false, "random kills");
    scratch_remove(&s);
}
END_TEST

/* Row 13, with two processes. */
START_TEST(a_second_process_is_refused)
{
    struct scratch s;
    struct outbox *o = NULL;
    struct why why = {""};
    scratch_make(&s);
    memset(&journal, 0, sizeof journal);
    ck_assert(outbox_open(&o, &s.settings, 1, &why) == DONE);
    run_life(&s, &journal, NULL, ROUNDS, 1000, BOOT, -1);
    ck_assert(!journal.opened);
    ck_assert(WIFEXITED(journal.status) && WEXITSTATUS(journal.status) == 3);
    outbox_close(&o);
    run_life(&s, &journal, NULL, ROUNDS, 1000, BOOT, -1);
    ck_assert(journal.opened && journal.closed);
    scratch_remove(&s);
}
END_TEST

static Suite *suite_of_outbox_faults(void)
{
    Suite *s = suite_create("outbox faults");
    TCase *t = tcase_create("faults");
    tcase_set_timeout(t, 120);
    tcase_add_test(t, killed_before_every_write);
    tcase_add_test(t, killed_after_every_write);
    tcase_add_test(t, killed_at_every_flush);
    tcase_add_test(t, power_cut_before_every_write);
    tcase_add_test(t, power_cut_at_every_flush);
    tcase_add_test(t, every_flush_fails_once);
    tcase_add_test(t, every_write_fails_once);
    tcase_add_test(t, every_write_finds_a_full_disk_once);
    tcase_add_test(t, from_every_write_on_the_medium_is_read_only);
    tcase_add_test(t, memory_fails_once);
    tcase_add_test(t, memory_fails_for_good);
    tcase_add_test(t, interrupted_and_short_writes_have_no_effect);
    tcase_add_test(t, killed_at_random_times);
    tcase_add_test(t, a_second_process_is_refused);
    suite_add_tcase(s, t);
    return s;
}

TEST_MAIN(suite_of_outbox_faults)
