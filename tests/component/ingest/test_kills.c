/* The ingest and its database killed at every moment: nothing receipted is lost, nothing is stored twice. */
#include "tests/helpers/check_main.h"
#include "tests/helpers/ledger_bench.h"
#include "tests/helpers/pg_proxy.h"

#include <signal.h>
#include <sys/wait.h>

static struct bench bench;
static struct sender one, two;

static void once(void)
{
    (void)postgres_template();
}

static void once_over(void)
{
    postgres_template_remove();
}

static void open_bench(void)
{
    bench_open(&bench);
    bench_add(&bench, &one, "gw-one");
    bench_add(&bench, &two, "gw-two");
}

static void close_bench(void)
{
    bench_close(&bench);
}

/* New bodies of both senders, sent once. */
static void send_some(int count)
{
    for (int i = 0; i < count; i++) {
        bench_send(&bench, &one, sender_next(&one, 3), "live");
        bench_send(&bench, &two, sender_next(&two, 3), "late");
    }
}

/* Row 50, and more moments than it asks for. */
static const char *const failpoints[] = {"after_receive:3", "before_begin:2", "before_send",    "before_send:3",
                                         "after_send",      "after_send:2",   "after_commit",   "after_commit:3",
                                         "after_receipt",   "after_receipt:2"};

START_TEST(ingest_killed_at_each_step)
{
    bench_start(&bench, 0, "", failpoints[_i]);
    while (waitpid(bench.ingests[0].pid, NULL, WNOHANG) == 0) {
        send_some(1);
        bench_idle(&bench, 20);
    }
    bench.ingests[0].pid = 0;
    bench_start(&bench, 0, "", NULL);
    send_some(5);
    bench_deliver(&bench);
    bench_check(&bench);
}
END_TEST

/* Row 50 again, at moments nobody chose. */
START_TEST(ingest_killed_again_and_again)
{
    for (int round = 0; round < 8; round++) {
        bench_start(&bench, 0, "", NULL);
        for (int i = 0; i < 5 + 3 * round; i++) {
            send_some(4);
            bench_idle(&bench, 10);
        }
        (void)bench_signal(&bench, 0, SIGKILL);
    }
    bench_start(&bench, 0, "", NULL);
    bench_deliver(&bench);
    bench_check(&bench);
}
END_TEST

/* Row 58. */
START_TEST(postgres_killed_under_load)
{
    bench_start(&bench, 0, "", NULL);
    for (int round = 0; round < 4; round++) {
        for (int i = 0; i < 30; i++) {
            send_some(4);
            bench_idle(&bench, 10);
        }
        postgres_signal(&bench.postgres, SIGKILL);
        send_some(10);
        bench_pump(&bench, 50);
        postgres_start(&bench.postgres);
    }
    bench_reconnect(&bench);
    bench_deliver(&bench);
    bench_check(&bench);
}
END_TEST

/* Row 63. */
START_TEST(postgres_shut_down_and_started_in_a_loop)
{
    static const int signals[] = {SIGINT, SIGQUIT};
    bench_start(&bench, 0, "", NULL);
    for (int round = 0; round < 6; round++) {
        for (int i = 0; i < 15; i++) {
            send_some(4);
            bench_idle(&bench, 10);
        }
        PQfinish(bench.db);
        bench.db = NULL;
        postgres_signal(&bench.postgres, signals[round % 2]);
        postgres_start(&bench.postgres);
        bench.db = postgres_connect(&bench.postgres);
    }
    bench_deliver(&bench);
    bench_check(&bench);
}
END_TEST

/* Row 72: as the kernel kills a backend; the server then throws everybody out. */
START_TEST(a_backend_killed)
{
    bench_start(&bench, 0, "", NULL);
    bench_until_ready(&bench, 0);
    for (int round = 0; round < 3; round++) {
        send_some(20);
        bench_pump(&bench, 10);
        long pid = postgres_number(bench.db, "SELECT pid FROM pg_stat_activity WHERE application_name = 'silsila-ingest writer'");
        if (pid > 0)
            (void)kill((pid_t)pid, SIGKILL); /* gone by itself: as good */
        send_some(20);
        /* Until the postmaster has buried it the server still answers as if nothing had happened. */
        while (pid > 0 && kill((pid_t)pid, 0) == 0)
            bench_pump(&bench, 20);
        do
            bench_pump(&bench, 20);
        while (PQping(bench.postgres.conninfo) != PQPING_OK);
        bench_reconnect(&bench);
    }
    bench_deliver(&bench);
    bench_check(&bench);
}
END_TEST

static bool was_resolved(struct bench *of)
{
    return bench_log_has(of, 0, "event=commit_resolved");
}

static bool every_extra_is_a_duplicate(struct bench *b)
{
    double messages = bench_figure(b, 0, "silsila_ingest_messages_total{lane=\"live\"}") +
                      bench_figure(b, 0, "silsila_ingest_messages_total{lane=\"late\"}");
    return bench_figure(b, 0, "silsila_ingest_duplicates_total") >= messages - (double)(one.seq + two.seq);
}

/* Row 59: the commit's answer is lost, or the commit itself. Nobody knows which until the head is read. */
START_TEST(the_connection_is_cut_during_the_commit)
{
    struct pg_proxy proxy;
    enum pg_proxy_cut cut = _i & 1 ? PG_PROXY_BEFORE_CLIENT : PG_PROXY_BEFORE_SERVER;
    pg_proxy_start(&proxy, bench.postgres.folder, cut, 1 + (unsigned)_i / 2);
    bench.proxy_folder = proxy.folder;
    bench_start(&bench, 0, "", NULL);
    bench_until_ready(&bench, 0);
    while (!was_resolved(&bench)) {
        send_some(3);
        bench_idle(&bench, 20);
    }
    ck_assert(bench_log_has(&bench, 0, cut == PG_PROXY_BEFORE_CLIENT ? "stored=yes" : "stored=no"));
    bench_deliver(&bench);
    bench_check(&bench);
    ck_assert_double_eq(bench_figure(&bench, 0, "silsila_ingest_database_troubles_total{kind=\"unknown_commit\"}"), 1);
    /* Settled by the head alone: nothing of the batch was stored or asked for again. What came twice may still be on its way
     * through the house. */
    bench_until(&bench, every_extra_is_a_duplicate, "every message beyond the first of its seq is a duplicate");
    pg_proxy_stop(&proxy);
}
END_TEST

/* Row 48's half: the broker goes under load and comes back empty (row 49). */
START_TEST(broker_killed_under_load)
{
    bench_start(&bench, 0, "", NULL);
    bench_until_ready(&bench, 0);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 10; i++) {
            send_some(4);
            bench_idle(&bench, 10);
        }
        broker_signal(&bench.broker, SIGKILL);
        broker_start(&bench.broker, "allow_anonymous true\n");
    }
    bench_deliver(&bench);
    bench_check(&bench);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("ingest kills");
    TCase *c = tcase_create("kills");
    tcase_set_timeout(c, 180);
    tcase_add_unchecked_fixture(c, once, once_over);
    tcase_add_checked_fixture(c, open_bench, close_bench);
    tcase_add_loop_test(c, ingest_killed_at_each_step, 0, (int)(sizeof failpoints / sizeof failpoints[0]));
    tcase_add_test(c, ingest_killed_again_and_again);
    tcase_add_test(c, postgres_killed_under_load);
    tcase_add_test(c, postgres_shut_down_and_started_in_a_loop);
    tcase_add_test(c, a_backend_killed);
    tcase_add_loop_test(c, the_connection_is_cut_during_the_commit, 0, 4);
    tcase_add_test(c, broker_killed_under_load);
    suite_add_tcase(s, c);
    return s;
}

TEST_MAIN(suite)
