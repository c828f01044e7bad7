#include "gateway/clock_state.h"

#include <string.h>

#include "tests/helpers/check_main.h"
#include "tests/helpers/tree.h"

#define MINUTE INT64_C(60000)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)
#define NOW INT64_C(1900000000000) /* 2030 */

static struct clock_state state;
static struct clock_change change;

static void begin(int64_t newest_journaled_ms)
{
    struct clock_rule rule = clock_rule_default();
    clock_state_begin(&state, &rule, newest_journaled_ms);
}

static struct clock_claim tick(int64_t boot_ms, int64_t wall_ms, bool synchronised)
{
    struct clock_reading reading = {wall_ms, boot_ms, synchronised, synchronised ? 20 : 0};
    return clock_state_tick(&state, &reading, &change);
}

static void expect(enum clock_event event, int64_t gained_ms, bool seal)
{
    ck_assert_int_eq(change.event, event);
    ck_assert_int_eq(change.gained_ms, gained_ms);
    ck_assert_int_eq(change.seal, seal);
}

START_TEST(a_board_in_1970_claims_the_ratchet_and_moves_on)
{
    begin(NOW);
    struct clock_claim claim = tick(5000, 3000, false);
    ck_assert_int_eq(claim.wall_ms, NOW);
    ck_assert(!claim.synchronised);
    expect(CLOCK_STEADY, 0, false);
    ck_assert_int_eq(tick(5000 + MINUTE, 3000 + MINUTE, false).wall_ms, NOW + MINUTE);
    expect(CLOCK_STEADY, 0, false);
    claim = tick(5000 + 2 * MINUTE, NOW + HOUR, true);
    ck_assert_int_eq(claim.wall_ms, NOW + HOUR);
    ck_assert(claim.synchronised);
    ck_assert_uint_eq(claim.error_ms, 20);
    expect(CLOCK_STEPPED, HOUR - 2 * MINUTE, true);
}
END_TEST

START_TEST(an_empty_outbox_claims_what_the_machine_says)
{
    begin(0);
    struct clock_claim claim = tick(5000, 3000, false);
    ck_assert_int_eq(claim.wall_ms, 3000);
    ck_assert(!claim.synchronised);
}
END_TEST

START_TEST(small_corrections_are_no_steps)
{
    begin(0);
    (void)tick(1000, NOW, true);
    ck_assert_int_eq(tick(1000 + MINUTE, NOW + MINUTE + 900, true).wall_ms, NOW + MINUTE + 900);
    expect(CLOCK_STEADY, 0, false);
    /* A day without a source: 200 ppm is 17 s. */
    ck_assert_int_eq(tick(1000 + DAY, NOW + DAY + 15000, true).wall_ms, NOW + DAY + 15000);
    expect(CLOCK_STEADY, 0, false);
}
END_TEST

START_TEST(a_moderate_step_is_followed_and_told)
{
    begin(0);
    (void)tick(1000, NOW, true);
    struct clock_claim claim = tick(2000, NOW + 1000 - 5 * MINUTE, true);
    ck_assert_int_eq(claim.wall_ms, NOW + 1000 - 5 * MINUTE);
    ck_assert(claim.synchronised);
    expect(CLOCK_STEPPED, -5 * MINUTE, true);
}
END_TEST

/* Rows 23, 24 and 28: 400 days forward, an hour back, a day back. */
static void refused(int64_t jump_ms)
{
    begin(0);
    (void)tick(1000, NOW, true);
    struct clock_claim claim = tick(2000, NOW + 1000 + jump_ms, true);
    ck_assert_int_eq(claim.wall_ms, NOW + 1000);
    ck_assert(!claim.synchronised);
    expect(CLOCK_SUSPECTED, jump_ms, true);
    claim = tick(3000, NOW + 2000 + jump_ms, true);
    expect(CLOCK_STEADY, 0, false); /* told once */
    ck_assert_int_eq(claim.wall_ms, NOW + 2000);
    claim = tick(4000, NOW + 3000, true);
    ck_assert(claim.synchronised);
    ck_assert_int_eq(claim.wall_ms, NOW + 3000);
    expect(CLOCK_STEADY, 0, true);
}

START_TEST(great_jumps_are_refused)
{
    refused(400 * DAY);
    refused(-HOUR);
    refused(-DAY);
}
END_TEST

START_TEST(a_source_that_insists_is_followed)
{
    begin(0);
    (void)tick(1000, NOW, true);
    (void)tick(2000, NOW + 1000 + DAY, true);
    expect(CLOCK_SUSPECTED, DAY, true);
    for (int64_t t = HOUR; t < DAY; t += HOUR) {
        ck_assert(!tick(2000 + t, NOW + 1000 + DAY + t, true).synchronised);
        expect(CLOCK_STEADY, 0, false);
    }
    struct clock_claim claim = tick(2000 + DAY, NOW + 1000 + 2 * DAY, true);
    ck_assert(claim.synchronised);
    ck_assert_int_eq(claim.wall_ms, NOW + 1000 + 2 * DAY);
    expect(CLOCK_STEPPED, DAY, true);
}
END_TEST

START_TEST(losing_the_source_keeps_the_line)
{
    begin(0);
    (void)tick(1000, NOW, true);
    struct clock_claim claim = tick(1000 + HOUR, NOW + HOUR, false);
    ck_assert_int_eq(claim.wall_ms, NOW + HOUR);
    ck_assert(!claim.synchronised);
    expect(CLOCK_STEADY, 0, true);
    claim = tick(2000 + HOUR, NOW + 5 * HOUR, false); /* somebody set the clock by hand */
    ck_assert_int_eq(claim.wall_ms, NOW + HOUR + 1000);
    expect(CLOCK_SUSPECTED, 4 * HOUR - 1000, false);
}
END_TEST

START_TEST(time_from_before_the_newest_sample_is_suspect_at_start)
{
    begin(NOW);
    struct clock_claim claim = tick(1000, NOW - DAY, true);
    ck_assert(!claim.synchronised);
    ck_assert_int_eq(claim.wall_ms, NOW);
    expect(CLOCK_SUSPECTED, -DAY, false);
    claim = tick(2000, NOW - DAY + 1000, true);
    ck_assert_int_eq(claim.wall_ms, NOW + 1000);
}
END_TEST

START_TEST(boot_id_is_read_as_bytes)
{
    struct tree tree;
    struct why why = {""};
    uint8_t id[16] = {0};
    tree_make(&tree);
    tree_write(&tree, "boot_id", "00112233-4455-6677-8899-aabbccddeeff\n");
    ck_assert_int_eq(clock_boot_id_read(tree_path(&tree, "boot_id"), id, &why), DONE);
    ck_assert_uint_eq(id[1], 0x11);
    ck_assert_uint_eq(id[15], 0xff);
    tree_write(&tree, "boot_id", "00112233\n");
    ck_assert_int_eq(clock_boot_id_read(tree_path(&tree, "boot_id"), id, &why), RETRY);
    ck_assert_int_eq(clock_boot_id_read(tree_path(&tree, "none"), id, &why), RETRY);
    tree_remove(&tree);
}
END_TEST

static Suite *suite_of_clock_state(void)
{
    Suite *s = suite_create("clock_state");
    TCase *t = tcase_create("clock_state");
    tcase_add_test(t, a_board_in_1970_claims_the_ratchet_and_moves_on);
    tcase_add_test(t, an_empty_outbox_claims_what_the_machine_says);
    tcase_add_test(t, small_corrections_are_no_steps);
    tcase_add_test(t, a_moderate_step_is_followed_and_told);
    tcase_add_test(t, great_jumps_are_refused);
    tcase_add_test(t, a_source_that_insists_is_followed);
    tcase_add_test(t, losing_the_source_keeps_the_line);
    tcase_add_test(t, time_from_before_the_newest_sample_is_suspect_at_start);
    tcase_add_test(t, boot_id_is_read_as_bytes);
    suite_add_tcase(s, t);
    return s;
}

TEST_MAIN(suite_of_clock_state)
