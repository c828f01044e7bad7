#include "gateway/quality.h"

#include "tests/helpers/check_main.h"

static const struct quality_rule rule = {-55000, 125000, 5, -5000};

static struct reading value(int32_t value_mc)
{
    struct reading reading;
    reading_value(&reading, value_mc);
    reading.power_on = value_mc == 85000;
    return reading;
}

static enum quality judge(struct quality_memory *memory, int32_t value_mc)
{
    struct reading reading = value(value_mc);
    struct judged judged = quality_judge(&rule, memory, &reading);
    ck_assert(judged.has_value);
    ck_assert_int_eq(judged.value_mc, value_mc);
    return judged.quality;
}

START_TEST(what_gives_no_value_says_why)
{
    static const enum quality expected[] = {[READING_EMPTY] = EMPTY_READ, [READING_CRC] = CRC_ERROR,
                                            [READING_FAULT] = FAULT};
    for (enum reading_state state = READING_EMPTY; state <= READING_FAULT; state++) {
        struct quality_memory memory = {0};
        struct reading reading = {.state = state};
        struct judged judged = quality_judge(&rule, &memory, &reading);
        ck_assert_int_eq(judged.quality, expected[state]);
        ck_assert(!judged.has_value);
    }
}
END_TEST

START_TEST(power_on_value_needs_neighbours)
{
    struct quality_memory memory = {0};
    ck_assert_int_eq(judge(&memory, 85000), POWER_ON_VALUE);
    ck_assert_int_eq(judge(&memory, -31000), GOOD);
    ck_assert_int_eq(judge(&memory, 85000), POWER_ON_VALUE);
    ck_assert_int_eq(judge(&memory, 85000), POWER_ON_VALUE);
    ck_assert_int_eq(judge(&memory, 81000), GOOD);
    ck_assert_int_eq(judge(&memory, 85000), GOOD);
}
END_TEST

START_TEST(out_of_range_keeps_the_value)
{
    struct quality_memory memory = {0};
    ck_assert_int_eq(judge(&memory, -55000), GOOD);
    ck_assert_int_eq(judge(&memory, -55001), OUT_OF_RANGE);
    ck_assert_int_eq(judge(&memory, 125000), GOOD);
    ck_assert_int_eq(judge(&memory, 125001), OUT_OF_RANGE);
}
END_TEST

START_TEST(stuck_from_the_fifth_equal_value)
{
    struct quality_memory memory = {0};
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(judge(&memory, -31000), GOOD);
    ck_assert_int_eq(judge(&memory, -31000), STUCK);
    ck_assert_int_eq(judge(&memory, -31000), STUCK);
    ck_assert_int_eq(judge(&memory, -31062), GOOD);
    for (int i = 0; i < 10; i++)
        ck_assert_int_eq(judge(&memory, 0), GOOD); /* a box of melting ice */
}
END_TEST

START_TEST(an_empty_read_between_does_not_hide_a_stuck_probe)
{
    struct quality_memory memory = {0};
    struct reading empty = {.state = READING_EMPTY};
    for (int i = 0; i < 4; i++) {
        ck_assert_int_eq(judge(&memory, -31000), GOOD);
        ck_assert_int_eq(quality_judge(&rule, &memory, &empty).quality, EMPTY_READ);
    }
    ck_assert_int_eq(judge(&memory, -31000), STUCK);
}
END_TEST

START_TEST(stuck_can_be_switched_off)
{
    struct quality_rule never = rule;
    never.stuck_samples = 0;
    struct quality_memory memory = {0};
    struct reading reading = value(-31000);
    for (int i = 0; i < 20; i++)
        ck_assert_int_eq(quality_judge(&never, &memory, &reading).quality, GOOD);
}
END_TEST

static Suite *suite_of_quality(void)
{
    Suite *s = suite_create("quality");
    TCase *t = tcase_create("quality");
    tcase_add_test(t, what_gives_no_value_says_why);
    tcase_add_test(t, power_on_value_needs_neighbours);
    tcase_add_test(t, out_of_range_keeps_the_value);
    tcase_add_test(t, stuck_from_the_fifth_equal_value);
    tcase_add_test(t, an_empty_read_between_does_not_hide_a_stuck_probe);
    tcase_add_test(t, stuck_can_be_switched_off);
    suite_add_tcase(s, t);
    return s;
}

TEST_MAIN(suite_of_quality)
