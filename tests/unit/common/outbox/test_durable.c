/* Durable means flushed: the C library's flush calls are replaced here by ones that count, and every DONE of the outbox
 * must have a flush of the WAL before it. A build with synchronous=NORMAL fails this. */
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/helpers/check_main.h"
#include "tests/helpers/outbox_bench.h"

static long flushes;

int fsync(int fd)
{
    flushes++;
    return (int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd)
{
    flushes++;
    return (int)syscall(SYS_fdatasync, fd);
}

static struct scratch scratch;
static struct outbox *o;
static struct why why;

static void set_up(void)
{
    scratch_make(&scratch);
    ck_assert_msg(outbox_open(&o, &scratch.settings, 1, &why) == DONE, "%s", why.text);
    /* the first commit flushes the new WAL's header even where later ones do not */
    ck_assert(outbox_put(o, "first", bytes_of("1", 1), &why) == DONE);
}

static void tear_down(void)
{
    outbox_close(&o);
    scratch_remove(&scratch);
}

START_TEST(every_sample_is_flushed_before_done)
{
    for (int i = 0; i < 20; i++) {
        long before = flushes;
        ck_assert(take_readings(o, "28-01", i * 60000, 1, &why) == DONE);
        ck_assert_int_gt(flushes, before);
    }
}
END_TEST

START_TEST(every_body_and_its_high_water_mark_are_flushed_before_done)
{
    for (int i = 0; i < 20; i++) {
        long before = flushes;
        ck_assert(seal_all(o, 10, &why) == DONE);
        ck_assert_int_gt(flushes, before + 1);
    }
}
END_TEST

START_TEST(every_receipt_and_value_is_flushed_before_done)
{
    struct outbox_state s;
    uint64_t n;
    bool rewound;
    for (uint64_t i = 1; i < 20; i++) {
        ck_assert(seal_all(o, 10, &why) == DONE);
        outbox_read_state(o, &s);
        long before = flushes;
        ck_assert(receipt_through(o, s.epoch.epoch, i, 20, &n, &rewound, &why) == DONE);
        ck_assert_int_gt(flushes, before);
        before = flushes;
        ck_assert(outbox_put(o, "value", bytes_of(&i, sizeof i), &why) == DONE);
        ck_assert_int_gt(flushes, before);
    }
}
END_TEST

static Suite *suite_of_durable(void)
{
    Suite *s = suite_create("outbox durable");
    TCase *t = tcase_create("durable");
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, every_sample_is_flushed_before_done);
    tcase_add_test(t, every_body_and_its_high_water_mark_are_flushed_before_done);
    tcase_add_test(t, every_receipt_and_value_is_flushed_before_done);
    suite_add_tcase(s, t);
    return s;
}

TEST_MAIN(suite_of_durable)
