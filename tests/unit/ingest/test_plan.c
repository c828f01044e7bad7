#include "ingest/plan.h"
#include "tests/helpers/check_main.h"

#include <string.h>

static struct plan plan;
static struct picture picture;
static struct arrival_list lanes[LANES];
static struct arrival_house house;
static struct why why;

static void set_up(void)
{
    memset(&plan, 0, sizeof plan);
    memset(&picture, 0, sizeof picture);
    memset(lanes, 0, sizeof lanes);
    picture.next_epoch_number = picture.next_key_number = 1;
    picture.known = true;
    merkle_root(&picture.tree.frontier, picture.root);
}

static void tear_down(void)
{
    plan_free(&plan);
    picture_forget(&picture);
    for (int lane = 0; lane < LANES; lane++)
        arrival_free_all(&lanes[lane]);
    ck_assert_uint_eq(house.count, 0); /* every arrival has come to its end */
    ck_assert_uint_eq(house.bytes, 0);
}

/* An arrival as verify leaves it, of a branch of gw-one's only epoch. The bytes are its key id, signature and body. */
static void arrive(uint64_t seq, int branch, enum lane lane)
{
    uint8_t bytes[KEY_ID_LEN + SIGNATURE_LEN + 16] = {0};
    struct arrival *arrival = arrival_new(bytes_of(bytes, sizeof bytes), &house);
    ck_assert_ptr_nonnull(arrival);
    arrival->lane = lane;
    arrival->view.key_id = arrival->raw;
    arrival->view.signature = arrival->raw + KEY_ID_LEN;
    arrival->view.body = bytes_of(arrival->raw + KEY_ID_LEN + SIGNATURE_LEN, 16);
    arrival->view.algorithm = 1;
    memset(arrival->raw, 9, KEY_ID_LEN);
    snprintf(arrival->head.gateway, sizeof arrival->head.gateway, "gw-one");
    arrival->head.seq = seq;
    arrival->head.has_previous = seq > 1;
    uint64_t before = seq - 1;
    memset(arrival->head.previous, 0, HASH_LEN);
    memcpy(arrival->head.previous, &before, sizeof before);
    memset(arrival->body_hash, branch, HASH_LEN);
    memcpy(arrival->body_hash, &seq, sizeof seq);
    arrival_push(&lanes[lane], arrival);
}

static void fill(size_t most)
{
    ck_assert_int_eq(plan_fill(&plan, lanes, most, 1 << 20, &why), DONE);
}

/* The whole of a batch, with a database that knows nothing but what `ask` is told. */
static void make(void)
{
    (void)plan_epochs(&plan, &picture);
    (void)plan_edges(&plan);
    (void)plan_lookups(&plan, &picture);
    ck_assert_int_eq(plan_make(&plan, &picture, &why), DONE);
}

static void commit(void)
{
    plan_commit(&plan, &picture);
    plan_clear(&plan);
}

START_TEST(new_bodies_are_stored_in_order_of_seq)
{
    for (uint64_t seq = 5; seq >= 1; seq--)
        arrive(seq, 0, LANE_LIVE);
    fill(100);
    ck_assert_uint_eq(plan_epochs(&plan, &picture), 1);
    make();
    ck_assert_uint_eq(plan.stored, 5);
    ck_assert_uint_eq(plan.new_size, 5);
    ck_assert_uint_eq(plan.parameters.epoch_no.count, 1);
    ck_assert_uint_eq(plan.parameters.key_no.count, 1);
    for (uint64_t i = 0; i < 5; i++)
        ck_assert_uint_eq(plan.items[i].arrival->head.seq, i + 1);
    ck_assert(!plan.items[0].epoch->disputed);
    ck_assert_uint_eq(epoch_through(plan.items[0].epoch), 5);
    commit();
}
END_TEST

START_TEST(the_same_body_thrice_in_a_batch_is_stored_once)
{
    arrive(1, 0, LANE_LIVE);
    arrive(1, 0, LANE_LATE);
    arrive(1, 0, LANE_LIVE);
    fill(100);
    make();
    ck_assert_uint_eq(plan.stored, 1);
    ck_assert_uint_eq(plan.duplicates, 2);
    ck_assert_uint_eq(plan.forks, 0);
    commit();
}
END_TEST

START_TEST(a_batch_of_duplicates_appends_nothing)
{
    arrive(1, 0, LANE_LIVE);
    fill(100);
    make();
    commit();
    arrive(1, 0, LANE_LIVE);
    fill(100);
    ck_assert_uint_eq(plan_epochs(&plan, &picture), 0);
    make();
    ck_assert_uint_eq(plan.stored, 0);
    ck_assert_uint_eq(plan.duplicates, 1);
    ck_assert_mem_eq(plan.old_root, plan.new_root, HASH_LEN);
    commit();
}
END_TEST

START_TEST(two_branches_in_one_batch_are_both_stored)
{
    arrive(1, 0, LANE_LIVE);
    arrive(2, 0, LANE_LIVE);
    arrive(2, 1, LANE_LIVE);
    fill(100);
    make();
    ck_assert_uint_eq(plan.stored, 3);
    ck_assert_uint_eq(plan.forks, 1);
    ck_assert(plan.items[0].epoch->disputed);
    commit();
}
END_TEST

/* Half of what comes again is remembered, half has to be looked up; the look-ups push the memory out while the batch is
 * judged, and must not make forks of what was known. */
START_TEST(look_ups_do_not_push_out_what_was_known)
{
    enum { BODIES = 3 * EPOCH_RECENT };
    for (uint64_t seq = 1; seq <= BODIES; seq++)
        arrive(seq, 0, LANE_LIVE);
    fill(1000);
    make();
    commit();
    for (uint64_t seq = 1; seq <= BODIES; seq++)
        arrive(seq, 0, LANE_LATE);
    fill(1000);
    (void)plan_epochs(&plan, &picture);
    ck_assert_uint_eq(plan_lookups(&plan, &picture), BODIES - EPOCH_RECENT);
    for (uint64_t seq = BODIES - EPOCH_RECENT; seq >= 1; seq--) {
        uint8_t hash[HASH_LEN] = {0};
        memcpy(hash, &seq, sizeof seq);
        ck_assert_int_eq(plan_take_lookup(&plan, 1, seq, hash, &why), DONE);
    }
    ck_assert_int_eq(plan_make(&plan, &picture, &why), DONE);
    ck_assert_uint_eq(plan.stored, 0);
    ck_assert_uint_eq(plan.duplicates, BODIES);
    commit();
}
END_TEST

START_TEST(a_look_up_finds_the_fork)
{
    for (uint64_t seq = 1; seq <= 2 * EPOCH_RECENT; seq++)
        arrive(seq, 0, LANE_LIVE);
    fill(1000);
    make();
    commit();
    arrive(1, 1, LANE_LIVE);
    arrive(2, 0, LANE_LIVE);
    fill(1000);
    (void)plan_epochs(&plan, &picture);
    ck_assert_uint_eq(plan_lookups(&plan, &picture), 2);
    for (uint64_t seq = 1; seq <= 2; seq++) {
        uint8_t hash[HASH_LEN] = {0};
        memcpy(hash, &seq, sizeof seq);
        ck_assert_int_eq(plan_take_lookup(&plan, 1, seq, hash, &why), DONE);
    }
    ck_assert_int_eq(plan_make(&plan, &picture, &why), DONE);
    ck_assert_uint_eq(plan.stored, 1);
    ck_assert_uint_eq(plan.forks, 1);
    ck_assert_uint_eq(plan.duplicates, 1);
    commit();
}
END_TEST

START_TEST(live_goes_first_and_late_is_not_starved)
{
    for (uint64_t seq = 1; seq <= 100; seq++) {
        arrive(seq, 0, LANE_LATE);
        arrive(100 + seq, 0, LANE_LIVE);
    }
    fill(40);
    ck_assert_uint_eq(plan.count, 40);
    ck_assert_uint_eq(lanes[LANE_LIVE].count, 70);
    ck_assert_uint_eq(lanes[LANE_LATE].count, 90);
}
END_TEST

START_TEST(a_batch_is_bounded_in_bytes_but_never_empty)
{
    arrive(1, 0, LANE_LIVE);
    arrive(2, 0, LANE_LIVE);
    ck_assert_int_eq(plan_fill(&plan, lanes, 100, 1, &why), DONE);
    ck_assert_uint_eq(plan.count, 1);
}
END_TEST

START_TEST(undone_everything_waits_again_in_front)
{
    for (uint64_t seq = 1; seq <= 10; seq++)
        arrive(seq, 0, seq % 2 ? LANE_LIVE : LANE_LATE);
    fill(100);
    make();
    arrive(11, 0, LANE_LIVE);
    plan_undo(&plan, lanes);
    picture_forget(&picture);
    picture.next_epoch_number = picture.next_key_number = 1;
    merkle_root(&picture.tree.frontier, picture.root);
    ck_assert_uint_eq(lanes[LANE_LIVE].count, 6);
    ck_assert_uint_eq(lanes[LANE_LATE].count, 5);
    ck_assert_uint_eq(lanes[LANE_LIVE].first->head.seq, 1);
    fill(100);
    make();
    ck_assert_uint_eq(plan.stored, 11);
    ck_assert_uint_eq(plan.new_size, 11);
    commit();
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("ingest/plan");
    TCase *c = tcase_create("plan");
    tcase_add_checked_fixture(c, set_up, tear_down);
    tcase_add_test(c, new_bodies_are_stored_in_order_of_seq);
    tcase_add_test(c, the_same_body_thrice_in_a_batch_is_stored_once);
    tcase_add_test(c, a_batch_of_duplicates_appends_nothing);
    tcase_add_test(c, two_branches_in_one_batch_are_both_stored);
    tcase_add_test(c, look_ups_do_not_push_out_what_was_known);
    tcase_add_test(c, a_look_up_finds_the_fork);
    tcase_add_test(c, live_goes_first_and_late_is_not_starved);
    tcase_add_test(c, a_batch_is_bounded_in_bytes_but_never_empty);
    tcase_add_test(c, undone_everything_waits_again_in_front);
    suite_add_tcase(s, c);
    return s;
}

TEST_MAIN(suite)
