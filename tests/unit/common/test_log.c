#include "common/log.h"
#include "tests/helpers/check_main.h"

#include <string.h>
#include <unistd.h>

static int read_end;

/* Each test runs in a process of its own: its stderr becomes a pipe. */
static void catch_stderr(void)
{
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    ck_assert_int_ge(dup2(ends[1], STDERR_FILENO), 0);
    ck_assert_int_eq(close(ends[1]), 0);
    read_end = ends[0];
}

static const char *caught(void)
{
    static char text[8192];
    ck_assert_int_eq(close(STDERR_FILENO), 0);
    ssize_t len = read(read_end, text, sizeof text - 1);
    text[len < 0 ? 0 : len] = '\0';
    return text;
}

START_TEST(a_line_has_priority_event_and_values)
{
    log_line(LOG_LEVEL_WARN, "receipt_ignored", "gateway=%s count=%d", "gw-1", 3);
    ck_assert_str_eq(caught(), "<4>event=receipt_ignored gateway=gw-1 count=3\n");
}
END_TEST

START_TEST(a_line_stays_one_line_and_bounded)
{
    char huge[5000];
    memset(huge, 'x', sizeof huge - 1);
    huge[sizeof huge - 1] = '\0';
    log_line(LOG_LEVEL_ERROR, "odd", "text=a\nb %s", huge);
    const char *text = caught();
    ck_assert_uint_eq(strlen(text), 2047);
    ck_assert_ptr_eq(strchr(text, '\n'), text + 2046);
}
END_TEST

START_TEST(levels_above_the_set_one_are_silent)
{
    log_line(LOG_LEVEL_DEBUG, "quiet", "a=1");
    log_set_level(LOG_LEVEL_DEBUG);
    log_line(LOG_LEVEL_DEBUG, "loud", "a=2");
    ck_assert_str_eq(caught(), "<7>event=loud a=2\n");
}
END_TEST

START_TEST(values_are_quoted_only_when_they_must)
{
    struct log_quoted q;
    ck_assert_str_eq(log_text(&q, "plain:value/1"), "plain:value/1");
    ck_assert_str_eq(log_text(&q, ""), "\"\"");
    ck_assert_str_eq(log_text(&q, "two words"), "\"two words\"");
    ck_assert_str_eq(log_text(&q, "a\"b\\c\nd"), "\"a\\\"b\\\\c\\x0ad\"");
    char huge[2000];
    memset(huge, '\n', sizeof huge - 1);
    huge[sizeof huge - 1] = '\0';
    const char *cut = log_text(&q, huge);
    ck_assert_uint_lt(strlen(cut), sizeof q.text);
    ck_assert(cut[strlen(cut) - 1] == '"');
}
END_TEST

START_TEST(a_lasting_complaint_gets_rarer_and_counts_what_it_held_back)
{
    struct log_rate rate = {0};
    uint64_t held = 0;
    int printed = 0;
    for (int i = 0; i < 1000; i++)
        printed += log_rate_allows(&rate, 1000, &held);
    ck_assert_int_eq(printed, 4); /* 1st, 2nd, 4th, 8th */
    ck_assert(!log_rate_allows(&rate, 60999, &held));
    ck_assert(log_rate_allows(&rate, 61000, &held));
    ck_assert_uint_eq(held, 993);
    ck_assert(!log_rate_allows(&rate, 61001, &held));
}
END_TEST

START_TEST(often_appends_what_it_held_back)
{
    struct log_rate rate = {0};
    for (int i = 0; i < 4; i++)
        log_often(&rate, LOG_LEVEL_WARN, "full", "n=%d", i);
    ck_assert_str_eq(caught(), "<4>event=full n=0\n<4>event=full n=1\n<4>event=full n=3 held_back=1\n");
}
END_TEST

static Suite *suite_of_log(void)
{
    Suite *s = suite_create("log");
    TCase *t = tcase_create("log");
    tcase_add_checked_fixture(t, catch_stderr, NULL);
    tcase_add_test(t, a_line_has_priority_event_and_values);
    tcase_add_test(t, a_line_stays_one_line_and_bounded);
    tcase_add_test(t, levels_above_the_set_one_are_silent);
    tcase_add_test(t, values_are_quoted_only_when_they_must);
    tcase_add_test(t, a_lasting_complaint_gets_rarer_and_counts_what_it_held_back);
    tcase_add_test(t, often_appends_what_it_held_back);
    suite_add_tcase(s, t);
    return s;
}

TEST_MAIN(suite_of_log)
