#include "coldchain/signal.h"

#include "tests/helpers/check_main.h"

enum { CLOSED, OPEN };

/* WHO: door open for more than 5 minutes. */
static const struct signal_watch door = {"door open", OPEN, 300000};

static struct signal_fold begun(void)
{
    struct signal_fold fold;
    signal_fold_begin(&fold, door);
    return fold;
}

static bool add(struct signal_fold *fold, int64_t t, int state, int64_t heard, struct excursion *closed)
{
    return signal_fold_add(fold, &(struct signal_record){t, state}, heard, closed);
}

START_TEST(closed_exactly_at_the_delay_is_an_alarm_a_millisecond_before_a_deviation)
{
    for (int64_t at = 301000 - 1; at <= 301000; at++) {
        struct signal_fold fold = begun();
        struct excursion alarm;
        ck_assert(!add(&fold, 0, CLOSED, 900000, &alarm));
        ck_assert(!add(&fold, 1000, OPEN, 900000, &alarm));
        ck_assert(!add(&fold, 2000, OPEN, 900000, &alarm)); /* the same state goes on */
        ck_assert(add(&fold, at, CLOSED, 900000, &alarm));
        ck_assert_int_eq(alarm.opened_at, 1000);
        ck_assert_int_eq(alarm.closed_at, at);
        ck_assert_int_eq((int)signal_class_of(&alarm, &door), (int)(at == 301000 ? CLASS_EXCURSION : CLASS_DEVIATION));
        ck_assert(alarm.confirmed_at == (at == 301000 ? 301000 : TIME_NONE));
        ck_assert(!signal_fold_open(&fold, 900000, &alarm));
    }
}
END_TEST

START_TEST(the_watermark_must_have_reached_the_delay)
{
    struct signal_fold fold = begun();
    struct excursion alarm;
    ck_assert(!add(&fold, 1000, OPEN, 1000, &alarm));
    ck_assert(signal_fold_open(&fold, 301000 - 1, &alarm));
    ck_assert_int_eq((int)signal_class_of(&alarm, &door), (int)CLASS_OPEN);
    ck_assert(signal_fold_open(&fold, 301000, &alarm));
    ck_assert_int_eq((int)signal_class_of(&alarm, &door), (int)CLASS_EXCURSION);
    ck_assert(alarm.closed_at == TIME_OPEN);
}
END_TEST

START_TEST(a_state_carries_until_the_next_record_or_max_gap_after_silence)
{
    ck_assert_int_eq(signal_carries_to(5000, 4000, 900), 4900);
    ck_assert_int_eq(signal_carries_to(5000, 4100, 900), 5000);
    ck_assert_int_eq(signal_carries_to(TIME_OPEN, 4000, 900), 4900);
    ck_assert(signal_carries_to(TIME_OPEN, TIME_OPEN, 900) == TIME_OPEN);
}
END_TEST

START_TEST(unknown_time_closes_nothing_and_is_counted)
{
    struct signal_fold fold = begun();
    struct excursion alarm;
    signal_fold_unknown(&fold, 0, 500); /* nothing open: counted nowhere */
    ck_assert(!add(&fold, 1000, OPEN, 900000, &alarm));
    signal_fold_unknown(&fold, 2000, 2700);
    signal_fold_unknown(&fold, 2700, 2700);
    struct signal_fold snapshot = fold;
    ck_assert(add(&snapshot, 400000, CLOSED, 900000, &alarm));
    ck_assert_int_eq(alarm.unknown_ms, 700);
    ck_assert_int_eq((int)alarm.ended, (int)END_RECOVERED);
}
END_TEST

static Suite *suite_of_signal(void)
{
    Suite *suite = suite_create("signal");
    TCase *cases = tcase_create("signal");
    tcase_add_test(cases, closed_exactly_at_the_delay_is_an_alarm_a_millisecond_before_a_deviation);
    tcase_add_test(cases, the_watermark_must_have_reached_the_delay);
    tcase_add_test(cases, a_state_carries_until_the_next_record_or_max_gap_after_silence);
    tcase_add_test(cases, unknown_time_closes_nothing_and_is_counted);
    suite_add_tcase(suite, cases);
    return suite;
}

TEST_MAIN(suite_of_signal)
