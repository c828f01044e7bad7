#include "coldchain/recording.h"

#include <string.h>

#include "tests/helpers/check_main.h"

static struct bytes line(const char *text)
{
    return bytes_of(text, strlen(text));
}

static void reads(const char *text, int64_t at_ms, int32_t value_mc)
{
    struct why why = {""};
    struct recorded row = {0};
    ck_assert_msg(recording_row_read(line(text), false, &row, &why) == RECORDING_READING, "%s: %s", text, why.text);
    ck_assert_int_eq(row.at_ms, at_ms);
    ck_assert_int_eq(row.value_mc, value_mc);
}

static void refuses(const char *text)
{
    struct why why = {""};
    struct recorded row = {0};
    ck_assert_msg(recording_row_read(line(text), false, &row, &why) == RECORDING_BAD, "taken: %s", text);
    ck_assert_str_ne(why.text, "");
}

START_TEST(times_in_every_form)
{
    reads("1970-01-01T00:00:00Z,0", 0, 0);
    reads("2026-01-31T23:59:00Z,-31.25\n", 1769903940000, -31250);
    reads("2026-02-01 00:59:00.2509+01:00,-31.25\r\n", 1769903940250, -31250);
    reads("2026-01-31T22:59-0100,4", 1769903940000, 4000);
    reads("1769903940, 4", 1769903940000, 4000);
    reads("1769903940123,4", 1769903940123, 4000);
    reads("2024-02-29T12:00:00Z,1", 1709208000000, 1000);
    reads("\"2000-03-01T00:00:00Z\",\"1.0\"", 951868800000, 1000);
    reads("2016-12-31T23:59:60Z,1", 1483228799000, 1000);
}
END_TEST

START_TEST(celsius_rounds_half_away_from_zero)
{
    reads("0,0.0005", 0, 1);
    reads("0,-0.0005", 0, -1);
    reads("0,-0.00049", 0, 0);
    reads("0,4.9999", 0, 5000);
    reads("0,+4.5", 0, 4500);
    reads("0,-273.15", 0, -273150);
}
END_TEST

START_TEST(bad_rows_say_why)
{
    refuses("2026-01-31T23:59:00,4");
    refuses("2026-02-30T00:00:00Z,4");
    refuses("2026-13-01T00:00:00Z,4");
    refuses("2026-01-31T24:00:00Z,4");
    refuses("2026-01-31T23:59:00Zx,4");
    refuses("31/01/2026 23:59,4");
    refuses("0;4");
    refuses("0,");
    refuses("0,nan");
    refuses("0,inf");
    refuses("0,1e3");
    refuses("0,4,5");
    refuses("0,-273.16");
    refuses("0,4.");
    refuses("0,99999999999999999999");
    refuses("9999999999999999,4");
    refuses("time,celsius");
}
END_TEST

START_TEST(what_is_no_row_is_passed_over)
{
    struct why why = {""};
    struct recorded row;
    ck_assert_int_eq(recording_row_read(line(""), false, &row, &why), RECORDING_NOTHING);
    ck_assert_int_eq(recording_row_read(bytes_of(NULL, 0), true, &row, &why), RECORDING_NOTHING);
    ck_assert_int_eq(recording_row_read(line(" \r\n"), false, &row, &why), RECORDING_NOTHING);
    ck_assert_int_eq(recording_row_read(line("# kept by hand"), false, &row, &why), RECORDING_NOTHING);
    ck_assert_int_eq(recording_row_read(line("time,celsius"), true, &row, &why), RECORDING_NOTHING);
    ck_assert_int_eq(recording_row_read(line("\xef\xbb\xbf" "time,celsius"), true, &row, &why), RECORDING_NOTHING);
    ck_assert_int_eq(recording_row_read(line("\xef\xbb\xbf" "0,4"), true, &row, &why), RECORDING_READING);
}
END_TEST

static Suite *suite_of_recording(void)
{
    Suite *s = suite_create("recording");
    TCase *t = tcase_create("recording");
    tcase_add_test(t, times_in_every_form);
    tcase_add_test(t, celsius_rounds_half_away_from_zero);
    tcase_add_test(t, bad_rows_say_why);
    tcase_add_test(t, what_is_no_row_is_passed_over);
    suite_add_tcase(s, t);
    return s;
}

TEST_MAIN(suite_of_recording)
