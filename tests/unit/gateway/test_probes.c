/* Lanes and probes, with the real drivers over a tree of fake kernel files. A FIFO that nobody writes to is a probe that
 * hangs for ever. */
#include "gateway/probes.h"

#include <fcntl.h>

#include "tests/helpers/check_main.h"
#include "tests/helpers/tree.h"

#define W1 "bus/w1/devices/"

static struct tree tree;
static struct gateway_settings settings;
static struct clock_reading held;
static struct clock test_clock;
static struct loop *loop;
static struct probes *probes;

struct answered {
    char id[PROBE_ID_MOST + 1];
    uint64_t round;
    struct reading reading;
};
static struct answered answers[64];
static size_t answer_count, found_count, lost_count, scanned_count;
static char last_lost[PROBE_ID_MOST + 1];

static void on_found(void *context, struct probe *probe)
{
    (void)context;
    (void)probe;
    found_count++;
}

static void on_lost(void *context, struct probe *probe)
{
    (void)context;
    lost_count++;
    (void)snprintf(last_lost, sizeof last_lost, "%s", probe->found.id);
}

static void on_answer(void *context, uint64_t round, struct probe *probe, const struct reading *reading)
{
    (void)context;
    struct answered *a = &answers[answer_count++];
    (void)snprintf(a->id, sizeof a->id, "%s", probe->found.id);
    a->round = round;
    a->reading = *reading;
}

static void on_scanned(void *context)
{
    (void)context;
    scanned_count++;
}

static void on_complaint(void *context, const char *text)
{
    (void)context;
    ck_abort_msg("%s", text);
}

static const struct probes_callbacks callbacks = {NULL, on_found, on_lost, on_answer, on_scanned, on_complaint};

static void start(void)
{
    struct why why = {""};
    tree_make(&tree);
    settings = (struct gateway_settings){.sysfs_root = tree.root, .w1 = true};
    held = (struct clock_reading){.wall_ms = 1000, .boot_ms = 1000};
    test_clock = clock_held(&held);
    answer_count = found_count = lost_count = scanned_count = 0;
    ck_assert_int_eq(loop_open(&loop, &test_clock, &why), DONE);
    ck_assert_msg(probes_open(&probes, loop, &settings, &callbacks, &why) == DONE, "%s", why.text);
}

static void finish(void)
{
    loop_close(&loop);
    tree_remove(&tree);
}

static void turn(void)
{
    struct why why = {""};
    ck_assert_msg(loop_turn(loop, 5000, &why) == DONE, "%s", why.text);
}

static void scan(void)
{
    size_t before = scanned_count;
    probes_scan(probes);
    while (scanned_count == before)
        turn();
}

static void wait_for_answers(size_t count)
{
    while (answer_count < count)
        turn();
}

static const struct answered *answer_of(const char *id)
{
    for (size_t i = 0; i < answer_count; i++)
        if (strcmp(answers[i].id, id) == 0)
            return &answers[i];
    ck_abort_msg("no answer of %s", id);
    return NULL;
}

START_TEST(probes_come_and_go)
{
    tree_write(&tree, W1 "28-00000000000a/temperature", "-31000\n");
    tree_write(&tree, W1 "28-00000000000b/temperature", "4000\n");
    scan();
    ck_assert_uint_eq(found_count, 2);
    probes_round(probes, 1);
    wait_for_answers(2);
    ck_assert_int_eq(answer_of("28-00000000000b")->reading.value_mc, 4000);
    ck_assert_uint_eq(probes_awaited(probes), 0);
    ck_assert_int_eq(unlink(tree_path(&tree, W1 "28-00000000000a/temperature")), 0);
    ck_assert_int_eq(rmdir(tree_path(&tree, W1 "28-00000000000a")), 0);
    tree_write(&tree, W1 "28-00000000000c/temperature", "5000\n");
    scan();
    ck_assert_uint_eq(lost_count, 1);
    ck_assert_str_eq(last_lost, "28-00000000000a");
    ck_assert_uint_eq(found_count, 3);
    ck_assert_uint_eq(probes_count(probes), 2);
    ck_assert(probes_close(&probes));
}
END_TEST

START_TEST(one_hanging_probe_delays_nobody)
{
    tree_write(&tree, W1 "28-00000000000a/temperature", "-31000\n");
    tree_write(&tree, W1 "28-00000000000b/features", "1\n");
    ck_assert_int_eq(mkfifo(tree_path(&tree, W1 "28-00000000000b/temperature"), 0666), 0);
    scan();
    for (uint64_t round = 1; round <= 3; round++) {
        answer_count = 0;
        probes_round(probes, round);
        wait_for_answers(round == 1 ? 1 : 2);
        ck_assert_int_eq(answer_of("28-00000000000a")->reading.value_mc, -31000);
        probes_expire(probes, round);
        ck_assert_uint_eq(answer_count, 2);
        ck_assert_int_eq(answer_of("28-00000000000b")->reading.state, READING_EMPTY);
        ck_assert_uint_eq(answer_of("28-00000000000b")->round, round);
    }
    /* It comes back: the late answer is not taken for one of a later round. */
    int fd = open(tree_path(&tree, W1 "28-00000000000b/temperature"), O_WRONLY | O_CLOEXEC);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, "4000\n", 5), 5);
    (void)close(fd);
    answer_count = 0;
    turn();
    ck_assert_uint_eq(answer_count, 0);
    ck_assert_int_eq(unlink(tree_path(&tree, W1 "28-00000000000b/temperature")), 0);
    tree_write(&tree, W1 "28-00000000000b/temperature", "4062\n");
    probes_round(probes, 4);
    wait_for_answers(2);
    ck_assert_int_eq(answer_of("28-00000000000b")->reading.value_mc, 4062);
    ck_assert(probes_close(&probes));
}
END_TEST

START_TEST(a_thread_that_hangs_at_the_end_is_left_behind)
{
    ck_assert_int_eq(mkdir(tree_path(&tree, "bus"), 0777), 0);
    ck_assert_int_eq(mkdir(tree_path(&tree, "bus/w1"), 0777), 0);
    ck_assert_int_eq(mkdir(tree_path(&tree, "bus/w1/devices"), 0777), 0);
    ck_assert_int_eq(mkdir(tree_path(&tree, W1 "28-00000000000b"), 0777), 0);
    ck_assert_int_eq(mkfifo(tree_path(&tree, W1 "28-00000000000b/temperature"), 0666), 0);
    scan();
    ck_assert_uint_eq(found_count, 1);
    probes_round(probes, 1);
    ck_assert_uint_eq(probes_awaited(probes), 1);
    int fd = -1;
    while (fd < 0) /* until the thread has opened its end */
        fd = open(tree_path(&tree, W1 "28-00000000000b/temperature"), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    ck_assert(!probes_close(&probes));
    (void)close(fd);
}
END_TEST

static Suite *suite_of_probes(void)
{
    Suite *s = suite_create("probes");
    TCase *t = tcase_create("probes");
    tcase_add_checked_fixture(t, start, finish);
    tcase_add_test(t, probes_come_and_go);
    tcase_add_test(t, one_hanging_probe_delays_nobody);
    tcase_add_test(t, a_thread_that_hangs_at_the_end_is_left_behind);
    suite_add_tcase(s, t);
    return s;
}

TEST_MAIN(suite_of_probes)
