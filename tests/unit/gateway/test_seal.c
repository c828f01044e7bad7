#include "gateway/seal.h"

#include "gateway/limit.h"
#include "tests/helpers/check_main.h"

static const struct seal_rule rule = {900000, 60, 16384};

static struct seal_pending some(void)
{
    return (struct seal_pending){.samples = 4, .most_of_a_probe = 1, .bytes = 50, .last_sealed_boot_ms = 1000};
}

START_TEST(time_seals_what_there_is)
{
    struct seal_pending pending = some();
    ck_assert_int_eq(seal_decide(&rule, &pending, 900999, false), SEAL_NOT_YET);
    ck_assert_int_eq(seal_decide(&rule, &pending, 901000, false), SEAL_TIME);
    pending.samples = 0;
    ck_assert_int_eq(seal_decide(&rule, &pending, 9000000, false), SEAL_NOT_YET);
}
END_TEST

START_TEST(news_seals_at_once_even_when_nobody_answers)
{
    for (int overdue = 0; overdue < 2; overdue++) {
        struct seal_pending pending = some();
        pending.limit_touched = true;
        ck_assert_int_eq(seal_decide(&rule, &pending, 1000, overdue), SEAL_LIMIT);
        pending = some();
        pending.quality_changed = true;
        ck_assert_int_eq(seal_decide(&rule, &pending, 1000, overdue), SEAL_QUALITY);
        pending = some();
        pending.clock_changed = true;
        ck_assert_int_eq(seal_decide(&rule, &pending, 1000, overdue), SEAL_CLOCK);
        pending = (struct seal_pending){.item = true};
        ck_assert_int_eq(seal_decide(&rule, &pending, 1000, overdue), SEAL_ITEM);
        pending = some();
        pending.bytes = 16384;
        ck_assert_int_eq(seal_decide(&rule, &pending, 1000, overdue), SEAL_FULL);
    }
}
END_TEST

START_TEST(while_receipts_are_overdue_only_full_bodies_leave)
{
    struct seal_pending pending = some();
    pending.most_of_a_probe = 59;
    ck_assert_int_eq(seal_decide(&rule, &pending, 9000000, true), SEAL_NOT_YET);
    pending.most_of_a_probe = 60;
    ck_assert_int_eq(seal_decide(&rule, &pending, 1000, true), SEAL_FULL);
    ck_assert_int_eq(seal_decide(&rule, &pending, 1000, false), SEAL_NOT_YET);
}
END_TEST

static enum limit_side side(const char *op, int32_t limit_mc, int32_t high_mc, int32_t value_mc)
{
    struct limit limit = {.limit_mc = limit_mc, .high_mc = high_mc, .hysteresis_mc = 500};
    ck_assert(limit_op_read(op, &limit.op));
    return limit_side(&limit, value_mc);
}

START_TEST(sides_of_a_limit)
{
    ck_assert_int_eq(side(">", 8000, 0, 8001), LIMIT_BEYOND);
    ck_assert_int_eq(side(">", 8000, 0, 8000), LIMIT_IN_BAND);
    ck_assert_int_eq(side(">", 8000, 0, 7501), LIMIT_IN_BAND);
    ck_assert_int_eq(side(">", 8000, 0, 7500), LIMIT_INSIDE);
    ck_assert_int_eq(side(">=", 8000, 0, 8000), LIMIT_BEYOND);
    ck_assert_int_eq(side(">=", 8000, 0, 7500), LIMIT_IN_BAND);
    ck_assert_int_eq(side(">=", 8000, 0, 7499), LIMIT_INSIDE);
    ck_assert_int_eq(side("<", -500, 0, -501), LIMIT_BEYOND);
    ck_assert_int_eq(side("<", -500, 0, -500), LIMIT_IN_BAND);
    ck_assert_int_eq(side("<", -500, 0, 0), LIMIT_INSIDE);
    ck_assert_int_eq(side("<=", -500, 0, -500), LIMIT_BEYOND);
    ck_assert_int_eq(side("<=", -500, 0, 0), LIMIT_IN_BAND);
    ck_assert_int_eq(side("<=", -500, 0, 1), LIMIT_INSIDE);
    ck_assert_int_eq(side("outside", 2000, 6000, 6001), LIMIT_BEYOND);
    ck_assert_int_eq(side("outside", 2000, 6000, 1999), LIMIT_BEYOND);
    ck_assert_int_eq(side("outside", 2000, 6000, 5501), LIMIT_IN_BAND);
    ck_assert_int_eq(side("outside", 2000, 6000, 2499), LIMIT_IN_BAND);
    ck_assert_int_eq(side("outside", 2000, 6000, 4000), LIMIT_INSIDE);
    enum limit_op op;
    ck_assert(!limit_op_read("=", &op));
}
END_TEST

START_TEST(reasons_have_words)
{
    ck_assert_str_eq(seal_word(SEAL_FULL), "full");
    ck_assert_str_eq(seal_word(SEAL_NOT_YET), "not_yet");
}
END_TEST

static Suite *suite_of_seal(void)
{
    Suite *s = suite_create("seal");
    TCase *t = tcase_create("seal");
    tcase_add_test(t, time_seals_what_there_is);
    tcase_add_test(t, news_seals_at_once_even_when_nobody_answers);
    tcase_add_test(t, while_receipts_are_overdue_only_full_bodies_leave);
    tcase_add_test(t, sides_of_a_limit);
    tcase_add_test(t, reasons_have_words);
    suite_add_tcase(s, t);
    return s;
}

TEST_MAIN(suite_of_seal)
