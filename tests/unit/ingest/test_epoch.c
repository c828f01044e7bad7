#include "ingest/epoch.h"
#include "common/cleanup.h"
#include "tests/helpers/check_main.h"

#include <string.h>

static struct epoch *epoch;
static struct why why;
static const uint8_t epoch_id[EPOCH_LEN] = {7};

/* The hash of the body of a seq on one of several branches, without any body. */
static void hash_of(uint64_t seq, int branch, uint8_t hash[HASH_LEN])
{
    memset(hash, branch, HASH_LEN);
    memcpy(hash, &seq, sizeof seq);
}

static void add_following(uint64_t seq, int branch, int previous_branch)
{
    struct body_head head = {.seq = seq, .has_previous = seq > 1};
    uint8_t hash[HASH_LEN];
    hash_of(seq, branch, hash);
    hash_of(seq - 1, previous_branch, head.previous);
    ck_assert_int_eq(epoch_add(epoch, &head, hash, &why), DONE);
}

static void add(uint64_t seq)
{
    add_following(seq, 0, 0);
}

static enum standing_of_body judge(uint64_t seq, int branch)
{
    uint8_t hash[HASH_LEN];
    hash_of(seq, branch, hash);
    return epoch_judge(epoch, seq, hash, NULL, 0);
}

static void check_stored(const char *expected)
{
    struct buffer text = {0};
    epoch_stored_text(epoch, &text);
    buffer_add_byte(&text, 0);
    ck_assert_str_eq((const char *)text.data, expected);
    buffer_free(&text);
}

static void set_up(void)
{
    epoch = epoch_new(3, "gw-one", epoch_id);
}

static void tear_down(void)
{
    epoch_free(epoch);
}

START_TEST(in_order_there_is_one_range)
{
    for (uint64_t seq = 1; seq <= 100; seq++)
        add(seq);
    check_stored("{[1,100]}");
    ck_assert_uint_eq(epoch_through(epoch), 100);
    ck_assert(!epoch->disputed);
}
END_TEST

START_TEST(any_order_gives_the_same)
{
    for (uint64_t i = 0; i < 101; i++)
        add(i * 37 % 101 + 1);
    check_stored("{[1,101]}");
    ck_assert_uint_eq(epoch_through(epoch), 101);
    ck_assert(!epoch->disputed);
}
END_TEST

START_TEST(beyond_a_gap_nothing_is_through)
{
    add(2);
    ck_assert_uint_eq(epoch_through(epoch), 0);
    ck_assert_ptr_null(epoch_through_hash(epoch));
    add(1);
    add(5);
    ck_assert_uint_eq(epoch_through(epoch), 2);
    check_stored("{[1,2],[5,5]}");
}
END_TEST

START_TEST(receipts_say_only_what_is_committed)
{
    add(1);
    ck_assert_int_eq(epoch_commit(epoch, &why), DONE);
    add(2);
    add(4);
    ck_assert_uint_eq(epoch->said.through, 1);
    ck_assert_uint_eq(epoch->said.above_count, 0);
    ck_assert_int_eq(epoch_commit(epoch, &why), DONE);
    ck_assert_uint_eq(epoch->said.through, 2);
    ck_assert_uint_eq(epoch->said.above_count, 1);
    ck_assert_uint_eq(epoch->said.above[0].from, 4);
}
END_TEST

START_TEST(a_body_that_does_not_follow_disputes)
{
    add(1);
    add(2);
    add_following(3, 0, 1); /* names another body at 2 */
    ck_assert(epoch->disputed);
    ck_assert_uint_eq(epoch_through(epoch), 2);
    check_stored("{[1,3]}");
    add(4);
    ck_assert_uint_eq(epoch_through(epoch), 2);
}
END_TEST

START_TEST(a_gap_closed_by_a_body_of_another_branch_disputes)
{
    add(1);
    add(3); /* names the body at 2 of branch 0 */
    add_following(2, 1, 0);
    ck_assert(epoch->disputed);
    ck_assert_uint_eq(epoch_through(epoch), 1);
    check_stored("{[1,3]}");
}
END_TEST

START_TEST(a_second_body_for_a_seq_disputes)
{
    add(1);
    add(2);
    ck_assert_int_eq(judge(2, 0), BODY_DUPLICATE);
    ck_assert_int_eq(judge(2, 1), BODY_FORK);
    add_following(2, 1, 0);
    ck_assert(epoch->disputed);
    ck_assert_uint_eq(epoch_through(epoch), 2);
    ck_assert_int_eq(judge(2, 1), BODY_DUPLICATE);
    ck_assert_int_eq(judge(2, 0), BODY_DUPLICATE);
    ck_assert_int_eq(judge(2, 2), BODY_UNDECIDED); /* there may be a third that memory has lost */
    ck_assert_int_eq(epoch_commit(epoch, &why), DONE);
    ck_assert(epoch->said.disputed);
    ck_assert_uint_eq(epoch->said.above_count, 0);
}
END_TEST

START_TEST(what_memory_has_lost_is_looked_up)
{
    uint8_t hash[1][HASH_LEN];
    for (uint64_t seq = 1; seq <= EPOCH_RECENT + 1; seq++)
        add(seq);
    ck_assert_int_eq(judge(2, 0), BODY_DUPLICATE);
    ck_assert_int_eq(judge(1, 0), BODY_UNDECIDED);
    ck_assert_int_eq(judge(1000, 0), BODY_NEW);
    hash_of(1, 0, hash[0]);
    ck_assert_int_eq(epoch_judge(epoch, 1, hash[0], (const uint8_t(*)[HASH_LEN])hash, 1), BODY_DUPLICATE);
    hash_of(1, 1, hash[0]);
    uint8_t stored[1][HASH_LEN];
    hash_of(1, 0, stored[0]);
    ck_assert_int_eq(epoch_judge(epoch, 1, hash[0], (const uint8_t(*)[HASH_LEN])stored, 1), BODY_FORK);
}
END_TEST

/* Loaded from the database, with its edges read, it goes on as if it had never gone. */
START_TEST(loaded_it_goes_on)
{
    uint8_t hash[HASH_LEN];
    hash_of(2, 0, hash);
    ck_assert_int_eq(epoch_load(epoch, "{[1,3),[5,8)}", 2, hash, false, &why), DONE);
    const uint64_t edges[] = {5, 7};
    for (int i = 0; i < 2; i++) {
        struct body_head head = {.seq = edges[i], .has_previous = true};
        hash_of(edges[i], 0, hash);
        hash_of(edges[i] - 1, 0, head.previous);
        epoch_set_edge(epoch, &head, hash);
    }
    ck_assert_uint_eq(epoch_through(epoch), 2);
    add(3);
    add(4);
    add(8);
    ck_assert(!epoch->disputed);
    ck_assert_uint_eq(epoch_through(epoch), 8);
    check_stored("{[1,8]}");
}
END_TEST

START_TEST(what_is_no_multirange_is_refused)
{
    static const char *const bad[] = {"", "[1,3)", "{[1,3)", "{[3,1)}", "{[0,3)}", "{(1,3)}", "{[1,3]}", "{[1,3)x}"};
    ck_assert_int_eq(epoch_load(epoch, bad[_i], 0, NULL, false, &why), REJECT);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("ingest/epoch");
    TCase *c = tcase_create("epoch");
    tcase_add_checked_fixture(c, set_up, tear_down);
    tcase_add_test(c, in_order_there_is_one_range);
    tcase_add_test(c, any_order_gives_the_same);
    tcase_add_test(c, beyond_a_gap_nothing_is_through);
    tcase_add_test(c, receipts_say_only_what_is_committed);
    tcase_add_test(c, a_body_that_does_not_follow_disputes);
    tcase_add_test(c, a_gap_closed_by_a_body_of_another_branch_disputes);
    tcase_add_test(c, a_second_body_for_a_seq_disputes);
    tcase_add_test(c, what_memory_has_lost_is_looked_up);
    tcase_add_test(c, loaded_it_goes_on);
    tcase_add_loop_test(c, what_is_no_multirange_is_refused, 0, 8);
    suite_add_tcase(s, c);
    return s;
}

TEST_MAIN(suite)
