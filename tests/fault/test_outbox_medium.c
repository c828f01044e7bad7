/* Rows 5 and 6 of the fault list on a real small tmpfs in a mount namespace of the test's own: a full disk that gets room
 * again, a medium that turns read-only and back. */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "tests/helpers/check_main.h"
#include "tests/helpers/outbox_bench.h"

static char folder[] = "/tmp/outbox-medium-XXXXXX";
static struct scratch scratch;
static struct why why;
static struct outbox *o;

static void write_map(const char *path, const char *before, unsigned id, const char *after)
{
    char text[64];
    int len = snprintf(text, sizeof text, "%s%u%s", before, id, after);
    int fd = open(path, O_WRONLY);
    if (fd >= 0) {
        (void)!write(fd, text, (size_t)len);
        (void)close(fd);
    }
}

/* Mounts are this process's own and end with it. */
static void own_mounts(void)
{
    unsigned user = getuid(), group = getgid();
    if (unshare(CLONE_NEWNS) == 0)
        return;
    ck_assert_msg(unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0, "neither root nor a user namespace to mount in");
    write_map("/proc/self/uid_map", "0 ", user, " 1");
    int fd = open("/proc/self/setgroups", O_WRONLY);
    if (fd >= 0) {
        (void)!write(fd, "deny", 4);
        (void)close(fd);
    }
    write_map("/proc/self/gid_map", "0 ", group, " 1");
}

static void set_up(void)
{
    own_mounts();
    ck_assert(mkdtemp(folder) != NULL);
    (void)mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL);
    ck_assert(mount("tmpfs", folder, "tmpfs", 0, "size=256k") == 0);
    ck_assert(setenv("TMPDIR", folder, 1) == 0);
    scratch_make(&scratch);
    scratch.settings.retention_ms = INT64_MAX / 4;
    ck_assert_msg(outbox_open(&o, &scratch.settings, 1, &why) == DONE, "%s", why.text);
}

static void tear_down(void)
{
    outbox_close(&o);
    (void)umount2(folder, MNT_DETACH);
    (void)rmdir(folder);
}

static struct outbox_state state(void)
{
    struct outbox_state s;
    outbox_read_state(o, &s);
    return s;
}

/* One round of a gateway's life; takes that fail are the outbox's to count. Returns whether the take was DONE. */
static bool round_of(int round)
{
    bool taken = take_readings(o, "28-01", round * 600000LL, 1, &why) == DONE;
    if (round % 4 == 3 && state().samples > 0 && seal_all(o, round, &why) != DONE)
        ck_assert_ptr_nonnull(strstr(why.text, "cannot"));
    return taken;
}

START_TEST(a_full_disk_loses_nothing_sealed_and_recovers)
{
    struct outbox_state before;
    uint64_t taken = 0, refused = 0, newly;
    bool rewound;
    for (int round = 0; round < 20000 && refused < 20; round++) {
        bool done = round_of(round);
        taken += done;
        refused += !done;
    }
    ck_assert_uint_ge(refused, 20);
    before = state();
    ck_assert(before.full);
    ck_assert_uint_eq(before.samples_lost, refused);
    ck_assert_uint_eq(count_open(o, before.epoch.epoch), before.next_seq - 1);
    /* the file opens on the full disk too */
    outbox_close(&o);
    ck_assert_msg(outbox_open(&o, &scratch.settings, 1, &why) == DONE, "%s", why.text);
    ck_assert_mem_eq(state().epoch.epoch, before.epoch.epoch, 16);
    ck_assert_uint_eq(count_open(o, before.epoch.epoch), before.next_seq - 1);
    /* a receipt makes room without any help from outside */
    ck_assert_msg(receipt_through(o, before.epoch.epoch, before.next_seq - 1, 5, &newly, &rewound, &why) == DONE, "%s",
                  why.text);
    ck_assert_uint_eq(newly, before.next_seq - 1);
    for (int round = 0; round < 50; round++)
        ck_assert_msg(round_of(30000 + round), "%s", why.text);
}
END_TEST

START_TEST(space_that_returns_is_used)
{
    uint64_t refused = 0;
    int round = 0;
    for (; round < 20000 && refused < 5; round++)
        refused += !round_of(round);
    ck_assert_uint_eq(refused, 5);
    ck_assert(mount("tmpfs", folder, "tmpfs", MS_REMOUNT, "size=1m") == 0);
    for (int i = 0; i < 50; i++)
        ck_assert_msg(round_of(round + i), "%s", why.text);
    ck_assert(outbox_tidy(o, 1, &why) == DONE);
    ck_assert(!state().full);
    ck_assert(scratch_has(&scratch, ".reserve"));
}
END_TEST

START_TEST(a_read_only_medium_is_said_and_healed)
{
    uint64_t open_before;
    for (int round = 0; round < 8; round++)
        ck_assert(round_of(round));
    open_before = count_open(o, state().epoch.epoch);
    /* a file held open for writing forbids the change: what a dying card does is a forced one, so the outbox is closed */
    outbox_close(&o);
    ck_assert(mount("tmpfs", folder, "tmpfs", MS_REMOUNT | MS_RDONLY, "size=256k") == 0);
    ck_assert_int_eq(outbox_open(&o, &scratch.settings, 1, &why), RETRY);
    ck_assert_msg(strstr(why.text, "Read-only") != NULL, "%s", why.text);
    ck_assert(mount("tmpfs", folder, "tmpfs", MS_REMOUNT, "size=256k") == 0);
    ck_assert_msg(outbox_open(&o, &scratch.settings, 1, &why) == DONE, "%s", why.text);
    ck_assert_uint_eq(count_open(o, state().epoch.epoch), open_before);
    ck_assert(round_of(9));
}
END_TEST

static Suite *suite_of_medium(void)
{
    Suite *s = suite_create("outbox medium");
    TCase *t = tcase_create("medium");
    tcase_set_timeout(t, 60);
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, a_full_disk_loses_nothing_sealed_and_recovers);
    tcase_add_test(t, space_that_returns_is_used);
    tcase_add_test(t, a_read_only_medium_is_said_and_healed);
    suite_add_tcase(s, t);
    return s;
}

TEST_MAIN(suite_of_medium)
