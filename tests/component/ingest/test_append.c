/* The ingest against a real PostgreSQL and a real Mosquitto: what arrives is stored once and receipted, whatever it is. */
#include "tests/helpers/check_main.h"
#include "tests/helpers/ledger_bench.h"

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
}

static void close_bench(void)
{
    bench_close(&bench);
}

START_TEST(what_arrives_is_stored_and_receipted)
{
    bench_add(&bench, &two, "gw-two");
    bench_start(&bench, 0, "", NULL);
    for (int i = 0; i < 300; i++) {
        (void)sender_next(&one, 20);
        (void)sender_next(&two, 1);
    }
    bench_deliver(&bench);
    bench_check(&bench);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("ingest append");
    TCase *c = tcase_create("append");
    tcase_set_timeout(c, 120);
    tcase_add_unchecked_fixture(c, once, once_over);
    tcase_add_checked_fixture(c, open_bench, close_bench);
    tcase_add_test(c, what_arrives_is_stored_and_receipted);
    suite_add_tcase(s, c);
    return s;
}

TEST_MAIN(suite)
