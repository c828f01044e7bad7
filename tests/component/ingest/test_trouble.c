/* The ingest and a database that is there but will not: no receipt for what is not committed, bounded memory, and all heals.
 * Two ingests: one active. */
#include "tests/helpers/check_main.h"
#include "tests/helpers/ledger_bench.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>

static struct bench bench;
static struct sender one;

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
    bench_open_on(&bench, "max_connections = 12\nsuperuser_reserved_connections = 3\n");
    bench_add(&bench, &one, "gw-one");
}

static void close_bench(void)
{
    bench_close(&bench);
}

static void make_bodies(int count)
{
    for (int i = 0; i < count; i++)
        (void)sender_next(&one, 3);
}

static void send_bodies(uint64_t from)
{
    for (uint64_t seq = from; seq <= one.seq; seq++)
        bench_send(&bench, &one, seq, "live");
}

static double troubles(const char *kind)
{
    char name[128];
    snprintf(name, sizeof name, "silsila_ingest_database_troubles_total{kind=\"%s\"}", kind);
    return bench_figure(&bench, 0, name);
}

static bool is_refused(struct bench *of)
{
    (void)of;
    return troubles("refused") >= 1;
}

static bool has_waited(struct bench *of)
{
    (void)of;
    return troubles("later") >= 2;
}

static bool is_unready(struct bench *of)
{
    char page[1024];
    return bench_page(of, 0, "/-/ready", page, sizeof page) == 503;
}

/* Row 65: a person holds a lock. Memory stays bounded, no receipt comes, all heals. */
START_TEST(a_lock_held_by_a_person)
{
    bench_start(&bench, 0, "lock_wait_ms = 100\nqueue_most = 200\n", NULL);
    bench_until_ready(&bench, 0);
    PGconn *person = postgres_connect(&bench.postgres);
    (void)postgres_number(person, "BEGIN; LOCK TABLE ledger.entry");
    make_bodies(1000);
    send_bodies(1);
    bench_until(&bench, has_waited, "appends that wait for the lock");
    ck_assert_uint_eq(bench.receipts, 0);
    ck_assert_double_le(bench_figure(&bench, 0, "silsila_ingest_in_house_envelopes"), 200);
    bench_until(&bench, is_unready, "not ready while nothing can be appended");
    (void)postgres_number(person, "COMMIT");
    PQfinish(person);
    bench_deliver(&bench);
    bench_check(&bench);
}
END_TEST

/* Row 64: turned read-only while we run, and before we connect. */
START_TEST(a_read_only_server)
{
    if (_i == 0) {
        bench_start(&bench, 0, "", NULL);
        bench_until_ready(&bench, 0);
    }
    (void)postgres_number(bench.db, "ALTER SYSTEM SET default_transaction_read_only = on");
    (void)postgres_number(bench.db, "SELECT pg_reload_conf()");
    if (_i == 1)
        bench_start(&bench, 0, "", NULL);
    make_bodies(20);
    send_bodies(1);
    bench_idle(&bench, 300);
    ck_assert_uint_eq(bench.receipts, 0);
    if (_i == 0) {
        bench_until(&bench, is_unready, "not ready while the server is read-only");
        bench_until(&bench, is_refused, "refused appends counted");
    }
    (void)postgres_number(bench.db, "SET transaction_read_only = off; SET default_transaction_read_only = off");
    (void)postgres_number(bench.db, "ALTER SYSTEM RESET default_transaction_read_only");
    (void)postgres_number(bench.db, "SELECT pg_reload_conf()");
    bench_deliver(&bench);
    bench_check(&bench);
}
END_TEST

static bool complains_of_commit(struct bench *of)
{
    return bench_log_has(of, 0, "synchronous_commit is off");
}

/* Row 68: nothing may be acknowledged by a server that says "committed" too early, whenever it began to. */
START_TEST(synchronous_commit_turned_off)
{
    if (_i == 0) {
        (void)postgres_number(bench.db, "ALTER ROLE silsila_ingest SET synchronous_commit = off");
        bench_start(&bench, 0, "", NULL);
    } else {
        bench_start(&bench, 0, "heartbeat_ms = 200\n", NULL);
        bench_until_ready(&bench, 0);
        (void)postgres_number(bench.db, "ALTER SYSTEM SET synchronous_commit = off");
        (void)postgres_number(bench.db, "SELECT pg_reload_conf()");
    }
    bench_until(&bench, complains_of_commit, "a word on synchronous_commit");
    unsigned before = bench.receipts;
    make_bodies(20);
    send_bodies(1);
    bench_idle(&bench, 300);
    ck_assert_uint_eq(bench.receipts, before);
    (void)postgres_number(bench.db, "ALTER ROLE silsila_ingest RESET synchronous_commit");
    (void)postgres_number(bench.db, "ALTER SYSTEM RESET synchronous_commit");
    (void)postgres_number(bench.db, "SELECT pg_reload_conf()");
    bench_deliver(&bench);
    bench_check(&bench);
}
END_TEST

/* A database that nobody migrated, or that needs a newer program: refused. */
static bool complains_of_schema(struct bench *of)
{
    return bench_log_has(of, 0, "schema");
}

START_TEST(a_schema_we_do_not_know)
{
    if (_i == 0)
        (void)postgres_number(bench.db, "CREATE OR REPLACE FUNCTION ledger.least_program() RETURNS integer LANGUAGE sql"
                                        " IMMUTABLE RETURN 9999");
    else
        (void)postgres_number(bench.db, "UPDATE ledger.migration SET number = -number");
    bench_start(&bench, 0, "", NULL);
    bench_until(&bench, complains_of_schema, "a word on the schema");
    make_bodies(3);
    send_bodies(1);
    bench_idle(&bench, 200);
    ck_assert_uint_eq(bench.receipts, 0);
    if (_i == 0)
        (void)postgres_number(bench.db, "CREATE OR REPLACE FUNCTION ledger.least_program() RETURNS integer LANGUAGE sql"
                                        " IMMUTABLE RETURN 1");
    else
        (void)postgres_number(bench.db, "UPDATE ledger.migration SET number = -number");
    bench_deliver(&bench);
    bench_check(&bench);
}
END_TEST

static bool complains_of_slots(struct bench *of)
{
    return bench_log_has(of, 0, "reserved for non-replication superuser") || bench_log_has(of, 0, "too many clients");
}

/* Row 61. */
START_TEST(too_many_connections)
{
    enum { MOST = 12 };
    PGconn *others[MOST];
    char conninfo[160];
    int count = 0;
    snprintf(conninfo, sizeof conninfo, "host=%s dbname=silsila user=silsila_officer", bench.postgres.folder);
    while (count < MOST) {
        others[count] = PQconnectdb(conninfo);
        if (PQstatus(others[count++]) != CONNECTION_OK)
            break;
    }
    ck_assert_int_lt(count, MOST);
    bench_start(&bench, 0, "", NULL);
    bench_until(&bench, complains_of_slots, "a word on the slots");
    make_bodies(20);
    while (count > 0)
        PQfinish(others[--count]);
    bench_deliver(&bench);
    bench_check(&bench);
}
END_TEST

static bool append_waits(struct bench *of)
{
    return postgres_number(of->db, "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'silsila-ingest writer'"
                                   " AND wait_event_type = 'Lock'") > 0;
}

/* Row 62: our transaction is the victim of a deadlock, whole; it is made again, whole. */
START_TEST(a_deadlock)
{
    bench_start(&bench, 0, "", NULL);
    bench_until_ready(&bench, 0);
    PGconn *other = postgres_connect(&bench.postgres);
    (void)postgres_number(other, "SET deadlock_timeout = '60s'; BEGIN; LOCK TABLE ledger.entry IN SHARE MODE");
    make_bodies(20);
    send_bodies(1);
    bench_until(&bench, append_waits, "an append that waits");
    /* Waits for the head, which the append holds, while the append waits for us: after a second it is cancelled. */
    (void)postgres_number(other, "UPDATE ledger.head SET changed_at = changed_at");
    (void)postgres_number(other, "COMMIT");
    PQfinish(other);
    bench_deliver(&bench);
    bench_check(&bench);
    ck_assert_double_ge(troubles("at_once"), 1);
}
END_TEST

/* The fence: somebody moved the head behind our back. Nothing of ours is written on top; we read it and go on. */
START_TEST(the_head_moved_behind_our_back)
{
    bench_start(&bench, 0, "", NULL);
    bench_until_ready(&bench, 0);
    make_bodies(10);
    bench_deliver(&bench);
    /* A whole entry as another writer would have appended it, for the tree to stay true: the same as ours, taken back. */
    (void)postgres_number(bench.db,
        "CREATE TEMPORARY TABLE kept AS SELECT * FROM ledger.head; UPDATE ledger.head SET size = 0, frontier = '',"
        " root = sha256('') WHERE shard = 0");
    make_bodies(10);
    send_bodies(11);
    bench_idle(&bench, 300);
    ck_assert_double_ge(troubles("fenced"), 1);
    ck_assert_int_eq(postgres_number(bench.db, "SELECT count(*) FROM ledger.entry"), 10);
    (void)postgres_number(bench.db, "UPDATE ledger.head h SET size = k.size, frontier = k.frontier, root = k.root FROM kept k");
    bench_deliver(&bench);
    bench_check(&bench);
}
END_TEST

/* Row 52 and takeover: one appends, the other waits, and takes over when the first has died. */
START_TEST(two_ingests_one_active)
{
    bench_start(&bench, 0, "", NULL);
    bench_until_ready(&bench, 0);
    bench_start(&bench, 1, "", NULL);
    make_bodies(50);
    bench_deliver(&bench);
    ck_assert(!bench_log_has(&bench, 1, "event=active"));
    (void)bench_signal(&bench, 0, SIGKILL);
    make_bodies(50);
    bench_deliver(&bench);
    ck_assert(bench_log_has(&bench, 1, "event=active"));
    bench_check(&bench);
    ck_assert_int_eq(postgres_number(bench.db, "SELECT count(*) FROM ledger.entry"), 100);
}
END_TEST

static bool second_is_active(struct bench *of)
{
    return bench_log_has(of, 1, "event=active");
}

static bool first_stands_by(struct bench *of)
{
    return bench_log_has(of, 0, "event=standby");
}

/* Row 51 in small: the active one is stopped, not dead. The server ends its silent session, the other takes over; when it
 * wakes it finds itself standby, and nothing it still held is written. */
START_TEST(a_stopped_ingest_is_replaced)
{
    const char *lines = "heartbeat_ms = 200\ntakeover_ms = 1000\n";
    bench_start(&bench, 0, lines, NULL);
    bench_until_ready(&bench, 0);
    bench_start(&bench, 1, lines, NULL);
    make_bodies(30);
    send_bodies(1);
    (void)bench_signal(&bench, 0, SIGSTOP);
    bench_deliver_until(&bench, second_is_active, "the standby's takeover");
    make_bodies(30);
    bench_deliver(&bench);
    (void)bench_signal(&bench, 0, SIGCONT);
    bench_until(&bench, first_stands_by, "the woken one as standby");
    make_bodies(30);
    bench_deliver(&bench);
    bench_check(&bench);
    ck_assert_int_eq(postgres_number(bench.db, "SELECT count(*) FROM ledger.entry"), 90);
}
END_TEST

/* Settings read again: all or nothing. */
static bool was_reloaded(struct bench *of)
{
    return bench_log_has(of, 0, "event=reloaded send_window=7");
}

static bool was_refused(struct bench *of)
{
    return bench_log_has(of, 0, "event=reload_refused setting=shard");
}

static void append_to_config(const char *line)
{
    FILE *file = fopen(bench.ingests[0].config, "ae");
    ck_assert_ptr_nonnull(file);
    fputs(line, file);
    ck_assert_int_eq(fclose(file), 0);
}

START_TEST(settings_are_read_again)
{
    bench_start(&bench, 0, "", NULL);
    bench_until_ready(&bench, 0);
    append_to_config("send_window = 7\n");
    (void)bench_signal(&bench, 0, SIGHUP);
    bench_until(&bench, was_reloaded, "the new window");
    append_to_config("batch_most = 77\nshard = 3\n");
    (void)bench_signal(&bench, 0, SIGHUP);
    bench_until(&bench, was_refused, "a refusal");
    make_bodies(10);
    bench_deliver(&bench);
    bench_check(&bench);
    ck_assert_int_eq(WEXITSTATUS(bench_signal(&bench, 0, SIGTERM)), 0);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("ingest trouble");
    TCase *c = tcase_create("trouble");
    tcase_set_timeout(c, 180);
    tcase_add_unchecked_fixture(c, once, once_over);
    tcase_add_checked_fixture(c, open_bench, close_bench);
    tcase_add_test(c, a_lock_held_by_a_person);
    tcase_add_loop_test(c, a_read_only_server, 0, 2);
    tcase_add_loop_test(c, synchronous_commit_turned_off, 0, 2);
    tcase_add_loop_test(c, a_schema_we_do_not_know, 0, 2);
    tcase_add_test(c, too_many_connections);
    tcase_add_test(c, a_deadlock);
    tcase_add_test(c, the_head_moved_behind_our_back);
    tcase_add_test(c, two_ingests_one_active);
    tcase_add_test(c, a_stopped_ingest_is_replaced);
    tcase_add_test(c, settings_are_read_again);
    suite_add_tcase(s, c);
    return s;
}

TEST_MAIN(suite)
