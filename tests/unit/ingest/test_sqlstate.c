#include "ingest/sqlstate.h"
#include "tests/helpers/check_main.h"

/* What the server said, whether it was the end of the session, whether the statement had gone; what follows. */
static const struct {
    const char *sqlstate;
    bool fatal, sent;
    enum outcome outcome;
    enum sql_advice advice;
} script[] = {
    {"40001", false, true, RETRY, SQL_AT_ONCE},
    {"40P01", false, true, RETRY, SQL_AT_ONCE},
    {"55P03", false, true, RETRY, SQL_LATER},       /* lock_timeout */
    {"57014", false, true, RETRY, SQL_LATER},       /* statement_timeout */
    {"53100", false, true, RETRY, SQL_LATER},       /* disk full */
    {"53200", false, true, RETRY, SQL_LATER},       /* out of memory */
    {"53300", true, false, RETRY, SQL_RECONNECT},   /* too many connections: before anything was sent */
    {"57P03", true, false, RETRY, SQL_RECONNECT},   /* starting up */
    {"57P01", true, true, UNSURE, SQL_RECONNECT},   /* shut down while ours was on its way */
    {"57P01", true, false, RETRY, SQL_RECONNECT},
    {"57P05", true, false, RETRY, SQL_RECONNECT},   /* idle_session_timeout */
    {"", true, true, UNSURE, SQL_RECONNECT},        /* the connection went: nobody knows */
    {NULL, true, true, UNSURE, SQL_RECONNECT},
    {NULL, true, false, RETRY, SQL_RECONNECT},
    {"25006", false, true, RETRY, SQL_REFUSED},
    {"42501", false, true, RETRY, SQL_REFUSED},
    {"SL001", false, true, RETRY, SQL_FENCED},
    {"23514", false, true, RETRY, SQL_NO_PARTITION},
    {"23505", false, true, RETRY, SQL_OUR_MISTAKE},
    {"22001", false, true, RETRY, SQL_OUR_MISTAKE},
    {"42883", false, true, RETRY, SQL_OUR_MISTAKE},
    {"SL003", false, true, RETRY, SQL_OUR_MISTAKE},
    {"26000", false, true, RETRY, SQL_RECONNECT},
    {"XX000", false, true, RETRY, SQL_LATER},
    {"58030", false, true, RETRY, SQL_LATER},
};

START_TEST(each_error_means_one_thing)
{
    struct sql_error error = sql_judge(script[_i].sqlstate, script[_i].fatal, script[_i].sent);
    ck_assert_int_eq(error.outcome, script[_i].outcome);
    ck_assert_int_eq(error.advice, script[_i].advice);
    ck_assert_int_ne(error.outcome, REJECT); /* a database never judges the input */
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("ingest/sqlstate");
    TCase *c = tcase_create("translation");
    tcase_add_loop_test(c, each_error_means_one_thing, 0, (int)(sizeof script / sizeof script[0]));
    suite_add_tcase(s, c);
    return s;
}

TEST_MAIN(suite)
