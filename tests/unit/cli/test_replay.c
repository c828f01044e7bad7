/* What a recording becomes: rows, and bodies of them. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/replay_bodies.h"
#include "cli/replay_file.h"
#include "coldchain/envelope.h"
#include "common/cleanup.h"
#include "tests/helpers/check_main.h"

static struct replay_body body;

START_TEST(one_grid_is_one_block)
{
    struct recorded rows[60];
    int32_t values[60];
    for (int i = 0; i < 60; i++)
        rows[i] = (struct recorded){1700000000000 + 60000 * i, -30000 + i * i};
    replay_body_fill(&body, "p", rows, 60);
    ck_assert_uint_eq(body.item_count, 1);
    ck_assert_uint_eq(body.blocks[0].step_ms, 60000);
    ck_assert_int_eq(body.blocks[0].t0_ms, rows[0].at_ms);
    ck_assert_int_eq(body.latest_ms, rows[59].at_ms);
    ck_assert(block_values(&body.blocks[0], values));
    for (int i = 0; i < 60; i++)
        ck_assert_int_eq(values[i], rows[i].value_mc);
}
END_TEST

/* Any times at all: what the blocks say is what the rows said, in order. */
START_TEST(any_times_come_back)
{
    enum { COUNT = REPLAY_READINGS_MOST };
    struct recorded rows[COUNT];
    static const int64_t steps[] = {60000, 60000, 0, -5000, 1, INT64_C(1) << 33, 60000, 60001};
    int64_t at = 1700000000000;
    for (int i = 0; i < COUNT; i++, at += steps[(i * 7 + i / 9) % 8])
        rows[i] = (struct recorded){at, (i % 2 ? 2000000 : -273150)};
    replay_body_fill(&body, "p", rows, COUNT);
    size_t row = 0;
    for (size_t i = 0; i < body.item_count; i++) {
        int32_t values[COUNT];
        const Silsila__V1__TemperatureBlock *block = body.list[i]->temperature;
        ck_assert_uint_ge(block->step_ms, 1);
        ck_assert(block_values(block, values));
        for (size_t k = 0; k < block->n_values; k++, row++) {
            ck_assert_int_eq(block->t0_ms + (int64_t)k * block->step_ms, rows[row].at_ms);
            ck_assert_int_eq(values[k], rows[row].value_mc);
            ck_assert_int_le(rows[row].at_ms, body.latest_ms);
        }
    }
    ck_assert_uint_eq(row, COUNT);
}
END_TEST

START_TEST(the_fullest_body_fits)
{
    struct recorded rows[REPLAY_READINGS_MOST];
    char probe[65];
    uint8_t epoch[16] = {1};
    struct why why = {""};
    Silsila__V1__Body whole = SILSILA__V1__BODY__INIT;
    Silsila__V1__EpochStart start = SILSILA__V1__EPOCH_START__INIT;
    Silsila__V1__ClockState clock = SILSILA__V1__CLOCK_STATE__INIT;
    static char gateway[] = "a-gateway-with-the-longest-id-00";
    scoped_by(buffer_free) struct buffer out = {0};
    memset(probe, 'p', 64);
    probe[64] = '\0';
    for (int i = 0; i < REPLAY_READINGS_MOST; i++) /* no two on a grid */
        rows[i] = (struct recorded){4102444800000 - i, i % 2 ? 2000000 : -273150};
    replay_body_fill(&body, probe, rows, REPLAY_READINGS_MOST);
    ck_assert_uint_eq(body.item_count, REPLAY_READINGS_MOST);
    whole.version = 1;
    whole.gateway = gateway;
    whole.epoch = (ProtobufCBinaryData){16, epoch};
    whole.seq = 1;
    whole.epoch_start = &start;
    whole.clock = &clock;
    whole.items = body.list;
    whole.n_items = body.item_count;
    ck_assert_msg(body_encode(&whole, &out, &why) == DONE, "%s", why.text);
}
END_TEST

START_TEST(bad_rows_are_named_and_good_ones_kept)
{
    char path[] = "/tmp/silsila-csv-XXXXXX", said[512] = "";
    struct replay_file file, again;
    struct why why;
    scoped_by(cleanup_close) int fd = mkstemp(path);
    static const char content[] =
        "time,celsius\n1700000000,-30.5\n\n1700000060,warm\n1700000030,4\n# note\n17,x\n";
    ck_assert_int_eq(write(fd, content, sizeof content - 1), (ssize_t)sizeof content - 1);
    FILE *complaints = fmemopen(said, sizeof said, "w");
    ck_assert_ptr_nonnull(complaints);
    ck_assert_int_eq(replay_file_read(&file, path, complaints, &why), DONE);
    (void)fclose(complaints);
    ck_assert_uint_eq(file.count, 2);
    ck_assert_uint_eq(file.bad, 2);
    ck_assert_int_eq(file.earliest_ms, 1700000000000);
    ck_assert_int_eq(file.rows[1].value_mc, 4000);
    ck_assert_ptr_nonnull(strstr(said, ":4: "));
    ck_assert_ptr_nonnull(strstr(said, ":7: "));
    FILE *nowhere = fopen("/dev/null", "w");
    ck_assert_int_eq(replay_file_read(&again, path, nowhere, &why), DONE);
    ck_assert_mem_eq(file.hash, again.hash, HASH_LEN);
    (void)fclose(nowhere);
    replay_file_free(&file);
    replay_file_free(&again);
    (void)unlink(path);
    ck_assert_int_eq(replay_file_read(&file, path, stderr, &why), RETRY);
}
END_TEST

static Suite *suite_of_replay(void)
{
    Suite *s = suite_create("replay");
    TCase *t = tcase_create("replay");
    tcase_add_test(t, one_grid_is_one_block);
    tcase_add_test(t, any_times_come_back);
    tcase_add_test(t, the_fullest_body_fits);
    tcase_add_test(t, bad_rows_are_named_and_good_ones_kept);
    suite_add_tcase(s, t);
    return s;
}

TEST_MAIN(suite_of_replay)
