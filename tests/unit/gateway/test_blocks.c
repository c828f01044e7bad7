#include "gateway/blocks.h"

#include "coldchain/envelope.h"
#include "tests/helpers/check_main.h"

static struct taken samples[64];
static size_t count;
static struct blocks blocks;

static void take_one(const char *source, int64_t at_ms, int32_t value_mc, uint32_t quality, bool has_value)
{
    struct outbox_sample sample = {.id = (int64_t)count + 1, .source = source, .scheduled_ms = at_ms,
                                   .value_mc = value_mc, .quality = quality, .has_value = has_value};
    taken_copy(&samples[count++], &sample);
}

static const Silsila__V1__TemperatureBlock *block(size_t index)
{
    ck_assert_uint_lt(index, blocks.count);
    return blocks.items[index]->temperature;
}

static void build(void)
{
    struct why why = {""};
    ck_assert_int_eq(blocks_build(samples, count, &blocks, &why), DONE);
}

static void finish(void)
{
    blocks_free(&blocks);
    count = 0;
}

START_TEST(equal_steps_of_one_quality_share_a_block)
{
    for (int i = 0; i < 5; i++) {
        take_one("b", 60000 * i, 4000 + i, 0, true);
        take_one("a", 60000 * i, -31000 - 62 * i, 0, true);
    }
    build();
    ck_assert_uint_eq(blocks.count, 2);
    ck_assert_str_eq(block(0)->probe, "a");
    ck_assert_uint_eq(block(0)->n_values, 5);
    ck_assert_uint_eq(block(0)->step_ms, 60000);
    int32_t values[5];
    ck_assert(block_values(block(0), values));
    for (int i = 0; i < 5; i++)
        ck_assert_int_eq(values[i], -31000 - 62 * i);
    ck_assert_uint_gt(blocks_size(&blocks), 0);
}
END_TEST

START_TEST(quality_and_missing_values_begin_a_block)
{
    take_one("a", 0, -31000, 0, true);
    take_one("a", 60000, 85000, 3, true);
    take_one("a", 120000, 0, 1, false);
    take_one("a", 180000, 0, 1, false);
    take_one("a", 240000, -31000, 0, true);
    build();
    ck_assert_uint_eq(blocks.count, 4);
    ck_assert_int_eq(block(1)->quality, SILSILA__V1__QUALITY__QUALITY_POWER_ON_VALUE);
    ck_assert_uint_eq(block(2)->n_values, 0);
    ck_assert_uint_eq(block(2)->count, 2);
    ck_assert_uint_eq(block(2)->step_ms, 60000);
    ck_assert_uint_eq(block(3)->step_ms, 1);
}
END_TEST

START_TEST(a_gap_does_not_cost_a_block_too_many)
{
    take_one("a", 0, 1, 0, true);
    take_one("a", 120000, 2, 0, true);
    take_one("a", 180000, 3, 0, true);
    take_one("a", 240000, 4, 0, true);
    build();
    ck_assert_uint_eq(blocks.count, 2);
    ck_assert_uint_eq(block(0)->n_values, 1);
    ck_assert_uint_eq(block(1)->n_values, 3);
}
END_TEST

START_TEST(boot_time_has_to_run_along)
{
    for (int i = 0; i < 4; i++) {
        take_one("a", 60000 * i, i, 0, true);
        samples[count - 1].has_up_ms = true;
        samples[count - 1].up_ms = 5000 + 60000 * i + (i >= 2 ? 777 : 0);
    }
    build();
    ck_assert_uint_eq(blocks.count, 2);
    ck_assert_int_eq(block(0)->up->ms, 5000);
    ck_assert_int_eq(block(1)->up->ms, 125777);
    ck_assert_uint_eq(block(1)->n_values, 2);
}
END_TEST

START_TEST(the_same_instant_twice_and_times_that_go_back_stay_apart)
{
    take_one("a", 60000, 1, 0, true);
    take_one("a", 60000, 2, 0, true);
    take_one("a", 0, 3, 0, true);
    take_one("a", 0, INT32_MIN, 4, true);
    take_one("a", 60000, INT32_MAX, 4, true);
    build();
    ck_assert_uint_eq(blocks.count, 5);
    ck_assert_int_eq(block(1)->values[0], 2);
    ck_assert_int_eq(block(4)->values[0], INT32_MAX);
}
END_TEST

static Suite *suite_of_blocks(void)
{
    Suite *s = suite_create("blocks");
    TCase *t = tcase_create("blocks");
    tcase_add_checked_fixture(t, NULL, finish);
    tcase_add_test(t, equal_steps_of_one_quality_share_a_block);
    tcase_add_test(t, quality_and_missing_values_begin_a_block);
    tcase_add_test(t, a_gap_does_not_cost_a_block_too_many);
    tcase_add_test(t, boot_time_has_to_run_along);
    tcase_add_test(t, the_same_instant_twice_and_times_that_go_back_stay_apart);
    suite_add_tcase(s, t);
    return s;
}

TEST_MAIN(suite_of_blocks)
