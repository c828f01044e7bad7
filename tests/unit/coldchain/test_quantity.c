#include "coldchain/quantity.h"

#include "tests/helpers/check_main.h"

START_TEST(temperatures_to_the_millidegree)
{
    static const struct {
        const char *text;
        int64_t mc;
    } good[] = {{"-20 °C", -20000}, {"\xe2\x88\x92" "0.5 °C", -500}, {"10", 10000},   {"0.125 C", 125},
                {"-0.001", -1},     {"1000", 1000000},               {"-5°C", -5000}, {"2.5", 2500}};
    static const char *const bad[] = {"",      "C",    "-",     "1.",    "1.2345", "1001", "20 F",
                                      "20 °F", "1 CC", "--1",   "1e3",   "+1",     ".5",   "1 °"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        int64_t mc = 77;
        ck_assert_msg(quantity_temperature(good[i].text, &mc), "%s", good[i].text);
        ck_assert_int_eq(mc, good[i].mc);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        int64_t mc = 77;
        ck_assert_msg(!quantity_temperature(bad[i], &mc), "%s", bad[i]);
        ck_assert_int_eq(mc, 77);
    }
}
END_TEST

START_TEST(durations)
{
    static const struct {
        const char *text;
        int64_t ms;
    } good[] = {{"72 h", 259200000}, {"30min", 1800000}, {"5 s", 5000}, {"0 ms", 0}, {"60 d", INT64_C(5184000000)}};
    static const char *const bad[] = {"", "72", "h", "-1 h", "1.5 h", "1 hour", "99999 d", "1234567890 ms", "1 h "};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        int64_t ms = 7;
        ck_assert_msg(quantity_duration(good[i].text, &ms), "%s", good[i].text);
        ck_assert_int_eq(ms, good[i].ms);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        int64_t ms = 7;
        ck_assert_msg(!quantity_duration(bad[i], &ms), "%s", bad[i]);
        ck_assert_int_eq(ms, 7);
    }
}
END_TEST

START_TEST(thresholds)
{
    struct threshold t = {0};
    ck_assert(quantity_threshold("> -20 °C", &t));
    ck_assert_int_eq((int)t.op, (int)OP_ABOVE);
    ck_assert_int_eq(t.high_mc, -20000);
    ck_assert(quantity_threshold("<= -0.5 °C", &t));
    ck_assert_int_eq((int)t.op, (int)OP_AT_MOST);
    ck_assert_int_eq(t.low_mc, -500);
    ck_assert_int_eq(t.high_mc, 0);
    ck_assert(quantity_threshold("outside -2.5..6 °C", &t));
    ck_assert_int_eq(t.low_mc, -2500);
    ck_assert_int_eq(t.high_mc, 6000);
    ck_assert(quantity_threshold("< 2.5", &t));
    ck_assert_int_eq(t.low_mc, 2500);
    static const char *const bad[] = {"",           "-20",          ">",           "= 5",        "outside 5",
                                      "outside 6..2", "outside 2..2", "outside 2.5", "outside 2..6 F", "verylongword 5",
                                      "outside x..2", "outside 2..x"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(!quantity_threshold(bad[i], &t), "%s", bad[i]);
    ck_assert_int_eq(t.low_mc, 2500);
}
END_TEST

START_TEST(times_and_counts)
{
    int64_t v = 0;
    ck_assert(quantity_time("1970-01-01", &v));
    ck_assert_int_eq(v, 0);
    ck_assert(quantity_time("2024-02-29T23:59:59Z", &v));
    ck_assert_int_eq(v, INT64_C(1709251199000));
    static const char *const bad[] = {"",           "2026",       "2026-1-1",   "2026-13-01", "2026-00-01",
                                      "2026-02-29", "1969-12-31", "2026-01-00", "2026-01-01T24:00:00Z",
                                      "2026-01-01T00:60:00Z", "2026-01-01T00:00:60Z", "2026-01-01T00:00:00",
                                      "2026-01-01T00:00:00Zx", "2026-01-01 "};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(!quantity_time(bad[i], &v), "%s", bad[i]);
    ck_assert(quantity_count("1000000", &v));
    ck_assert_int_eq(v, 1000000);
    ck_assert(!quantity_count("1000001", &v));
    ck_assert(!quantity_count("1x", &v));
    ck_assert(!quantity_count("", &v));
}
END_TEST

static Suite *suite_of_quantity(void)
{
    Suite *suite = suite_create("quantity");
    TCase *cases = tcase_create("quantity");
    tcase_add_test(cases, temperatures_to_the_millidegree);
    tcase_add_test(cases, durations);
    tcase_add_test(cases, thresholds);
    tcase_add_test(cases, times_and_counts);
    suite_add_tcase(suite, cases);
    return suite;
}

TEST_MAIN(suite_of_quantity)
