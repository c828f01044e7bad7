/* Rows 7 and 8 of the fault list, restored images, and files of another version. */
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/helpers/check_main.h"
#include "tests/helpers/outbox_bench.h"

enum { PAGE = 2048 };

static struct scratch scratch;
static struct why why;
static struct outbox *o;

static void open_it(void)
{
    ck_assert_msg(outbox_open(&o, &scratch.settings, 1, &why) == DONE, "%s", why.text);
}

static void set_up(void)
{
    scratch_make(&scratch);
    open_it();
}

static void tear_down(void)
{
    outbox_close(&o);
    scratch_remove(&scratch);
}

static struct outbox_state state(void)
{
    struct outbox_state s;
    outbox_read_state(o, &s);
    return s;
}

static void copy_file(const char *from, const char *to)
{
    char buffer[65536];
    int in = open(from, O_RDONLY), out = open(to, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ssize_t got;
    ck_assert(in >= 0 && out >= 0);
    while ((got = read(in, buffer, sizeof buffer)) > 0)
        ck_assert(write(out, buffer, (size_t)got) == got);
    (void)close(in);
    (void)close(out);
}

static const char *beside(const char *suffix)
{
    static char path[2][256];
    static int turn;
    turn = !turn;
    (void)snprintf(path[turn], sizeof path[turn], "%s%s", scratch.path, suffix);
    return path[turn];
}

/* Overwrites one page (from 1) with noise. */
static void spoil(int page, unsigned seed)
{
    uint8_t noise[PAGE];
    for (size_t i = 0; i < sizeof noise; i++)
        noise[i] = (uint8_t)rand_r(&seed);
    int fd = open(scratch.path, O_WRONLY);
    ck_assert(fd >= 0 && pwrite(fd, noise, sizeof noise, (off_t)(page - 1) * PAGE) == PAGE);
    (void)close(fd);
}

/* 20 bodies (10 receipted), 30 samples, two values; closed, so that all is in the one file. */
static void fill(void)
{
    uint64_t n;
    bool rewound;
    for (int i = 0; i < 20; i++) {
        ck_assert(take_readings(o, "28-01", i * 1000000, 3, &why) == DONE);
        ck_assert(seal_all(o, 10, &why) == DONE);
    }
    ck_assert(receipt_through(o, state().epoch.epoch, 10, 20, &n, &rewound, &why) == DONE);
    ck_assert(take_readings(o, "28-02", 90000000, 30, &why) == DONE);
    ck_assert(outbox_put(o, "checkpoint", bytes_of("largest", 7), &why) == DONE);
}

START_TEST(whichever_page_is_spoilt_the_rest_is_salvaged)
{
    fill();
    struct outbox_state before = state();
    outbox_close(&o);
    copy_file(scratch.path, beside(".good"));
    copy_file(beside(".high"), beside(".good.high"));
    struct stat about;
    ck_assert(stat(scratch.path, &about) == 0);
    int pages = (int)(about.st_size / PAGE), salvages = 0;
    ck_assert_int_gt(pages, 10);
    for (int page = 1; page <= pages; page++) {
        copy_file(beside(".good"), scratch.path);
        copy_file(beside(".good.high"), beside(".high"));
        (void)unlink(beside(".damaged"));
        spoil(page, (unsigned)page);
        open_it();
        struct outbox_state after = state();
        if (!scratch_has(&scratch, ".damaged")) {
            /* a free page, or the map of pages: nothing of ours was on it */
            ck_assert_uint_eq(after.samples + after.unreceipted + after.receipted_kept, 50);
            outbox_close(&o);
            continue;
        }
        salvages++;
        ck_assert_int_eq(after.epoch.reason, EPOCH_SALVAGED);
        ck_assert_mem_ne(after.epoch.epoch, before.epoch.epoch, 16);
        ck_assert_mem_eq(after.epoch.previous_epoch, before.epoch.epoch, 16);
        ck_assert_uint_eq(after.epoch.last_certain_seq, 20);
        /* one page holds at most a good part of one table: the others are whole */
        ck_assert_msg(after.samples == 30 || after.unreceipted + after.receipted_kept == 20,
                      "page %d: %llu samples, %llu + %llu bodies", page, (unsigned long long)after.samples,
                      (unsigned long long)after.unreceipted, (unsigned long long)after.receipted_kept);
        /* it goes on, with a number of the new epoch */
        ck_assert(take_readings(o, "28-01", 200000000, 1, &why) == DONE);
        ck_assert(seal_all(o, 30, &why) == DONE);
        ck_assert_uint_eq(state().next_seq, 2);
        outbox_close(&o);
    }
    ck_assert_int_gt(salvages, pages / 2);
    open_it();
}
END_TEST

START_TEST(a_row_changed_behind_sqlites_back_is_found)
{
    fill();
    outbox_close(&o);
    sqlite3 *db = NULL;
    ck_assert(sqlite3_open(scratch.path, &db) == SQLITE_OK);
    ck_assert(sqlite3_exec(db, "UPDATE envelope SET body_hash=zeroblob(32) WHERE seq=15", NULL, NULL, NULL) == SQLITE_OK);
    ck_assert(sqlite3_close(db) == SQLITE_OK);
    open_it();
    ck_assert_int_eq(state().epoch.reason, EPOCH_SALVAGED);
    ck_assert_uint_eq(state().unreceipted, 9);
    ck_assert_uint_eq(state().receipted_kept, 10);
    ck_assert_uint_eq(state().samples, 30);
}
END_TEST

START_TEST(a_mark_that_is_not_ours_does_not_empty_it)
{
    fill();
    struct outbox_state before = state();
    outbox_close(&o);
    sqlite3 *db = NULL;
    ck_assert(sqlite3_open(scratch.path, &db) == SQLITE_OK);
    ck_assert(sqlite3_exec(db, "UPDATE envelope SET receipted_ms=5 WHERE seq=15", NULL, NULL, NULL) == SQLITE_OK);
    ck_assert(sqlite3_close(db) == SQLITE_OK);
    open_it();
    ck_assert_uint_eq(state().unreceipted, before.unreceipted);
}
END_TEST

START_TEST(a_lost_wal_is_noticed_by_the_high_water_mark)
{
    ck_assert(seal_all(o, 10, &why) == DONE);
    outbox_close(&o);
    copy_file(scratch.path, beside(".old"));
    open_it();
    struct outbox_state early = state();
    for (int i = 0; i < 5; i++)
        ck_assert(seal_all(o, 20, &why) == DONE);
    struct outbox_state late = state();
    outbox_close(&o);
    copy_file(beside(".old"), scratch.path);
    open_it();
    struct outbox_state after = state();
    ck_assert_int_eq(after.epoch.reason, EPOCH_REWOUND);
    ck_assert_mem_eq(after.epoch.previous_epoch, early.epoch.epoch, 16);
    ck_assert_uint_eq(after.epoch.last_certain_seq, 6);
    ck_assert_mem_eq(after.epoch.last_body_hash, late.last_body_hash, 32);
    ck_assert_uint_eq(after.next_seq, 1);
}
END_TEST

START_TEST(a_file_that_is_gone_is_noticed_too)
{
    ck_assert(seal_all(o, 10, &why) == DONE);
    struct outbox_state before = state();
    outbox_close(&o);
    (void)unlink(scratch.path);
    open_it();
    ck_assert_int_eq(state().epoch.reason, EPOCH_REWOUND);
    ck_assert_mem_eq(state().epoch.previous_epoch, before.epoch.epoch, 16);
    ck_assert_uint_eq(state().epoch.last_certain_seq, 1);
}
END_TEST

START_TEST(a_torn_high_water_mark_leaves_the_one_before)
{
    for (int i = 0; i < 3; i++)
        ck_assert(seal_all(o, 10, &why) == DONE);
    struct outbox_state before = state();
    outbox_close(&o);
    for (int slot = 0; slot < 2; slot++) {
        int fd = open(beside(".high"), O_WRONLY);
        ck_assert(fd >= 0 && pwrite(fd, "torn", 4, slot * 4096 + 30) == 4);
        (void)close(fd);
        open_it();
        ck_assert_mem_eq(state().epoch.epoch, before.epoch.epoch, 16);
        ck_assert_uint_eq(state().next_seq, 4);
        outbox_close(&o);
    }
    open_it();
}
END_TEST

START_TEST(a_crash_in_the_middle_of_a_salvage_is_gone_on_from)
{
    fill();
    outbox_close(&o);
    /* the new file was complete, the old one already aside */
    (void)rename(scratch.path, beside(".salvaged"));
    int fd = open(beside("-wal"), O_WRONLY | O_CREAT, 0600);
    ck_assert(fd >= 0 && write(fd, "left over", 9) == 9);
    (void)close(fd);
    open_it();
    ck_assert_uint_eq(state().unreceipted, 10);
    ck_assert(!scratch_has(&scratch, ".salvaged"));
    ck_assert(scratch_has(&scratch, ".damaged-wal"));
}
END_TEST

static void set_version(const char *pragma)
{
    sqlite3 *db = NULL;
    ck_assert(sqlite3_open(scratch.path, &db) == SQLITE_OK);
    ck_assert(sqlite3_exec(db, pragma, NULL, NULL, NULL) == SQLITE_OK);
    ck_assert(sqlite3_close(db) == SQLITE_OK);
}

START_TEST(a_newer_version_is_left_alone)
{
    outbox_close(&o);
    set_version("PRAGMA user_version=99");
    ck_assert(outbox_open(&o, &scratch.settings, 1, &why) == REJECT);
    ck_assert_ptr_nonnull(strstr(why.text, "99"));
    ck_assert(!scratch_has(&scratch, ".damaged"));
    set_version("PRAGMA user_version=1");
    open_it();
}
END_TEST

START_TEST(the_schema_fits_on_the_first_page)
{
    outbox_close(&o);
    uint8_t type = 0;
    int fd = open(scratch.path, O_RDONLY);
    ck_assert(fd >= 0 && pread(fd, &type, 1, 100) == 1);
    (void)close(fd);
    ck_assert_uint_eq(type, 0x0d); /* a leaf: the table of tables has one page */
    open_it();
}
END_TEST

static Suite *suite_of_damage(void)
{
    Suite *s = suite_create("outbox damage");
    TCase *t = tcase_create("damage");
    tcase_set_timeout(t, 60);
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, whichever_page_is_spoilt_the_rest_is_salvaged);
    tcase_add_test(t, a_row_changed_behind_sqlites_back_is_found);
    tcase_add_test(t, a_mark_that_is_not_ours_does_not_empty_it);
    tcase_add_test(t, a_lost_wal_is_noticed_by_the_high_water_mark);
    tcase_add_test(t, a_file_that_is_gone_is_noticed_too);
    tcase_add_test(t, a_torn_high_water_mark_leaves_the_one_before);
    tcase_add_test(t, a_crash_in_the_middle_of_a_salvage_is_gone_on_from);
    tcase_add_test(t, a_newer_version_is_left_alone);
    tcase_add_test(t, the_schema_fits_on_the_first_page);
    suite_add_tcase(s, t);
    return s;
}

TEST_MAIN(suite_of_damage)
