#include "cli/sender_queue.h"

#include <string.h>

#include "tests/helpers/check_main.h"

static const uint8_t one[16] = {1}, two[16] = {2};

static struct sender_queue filled(uint64_t count)
{
    struct sender_queue queue = {0};
    for (uint64_t seq = 1; seq <= count; seq++)
        ck_assert(sender_queue_add(&queue, one, seq));
    return queue;
}

START_TEST(each_is_sent_once_in_order)
{
    struct sender_queue queue = filled(5);
    const struct sender_place *next;
    for (uint64_t seq = 1; (next = sender_queue_next(&queue)); seq++) {
        ck_assert_uint_eq(next->seq, seq);
        sender_queue_sent(&queue, 100);
    }
    ck_assert_uint_eq(queue.on_the_way, 5);
    sender_queue_free(&queue);
}
END_TEST

START_TEST(receipts_take_off_their_epoch_only)
{
    struct sender_queue queue = filled(10);
    ck_assert(sender_queue_add(&queue, two, 3));
    for (int i = 0; i < 4; i++) {
        ck_assert_ptr_nonnull(sender_queue_next(&queue));
        sender_queue_sent(&queue, 100);
    }
    sender_queue_receipted(&queue, one, 1, 3);
    ck_assert_uint_eq(queue.count, 8);
    ck_assert_uint_eq(queue.on_the_way, 1);
    ck_assert_uint_eq(sender_queue_next(&queue)->seq, 5);
    sender_queue_receipted(&queue, one, 4, UINT64_MAX);
    ck_assert_uint_eq(queue.count, 1);
    ck_assert_uint_eq(queue.on_the_way, 0);
    ck_assert_mem_eq(sender_queue_next(&queue)->epoch, two, 16);
    sender_queue_free(&queue);
}
END_TEST

START_TEST(what_is_overdue_goes_again)
{
    struct sender_queue queue = filled(3);
    for (int64_t now = 100; sender_queue_next(&queue); now += 100)
        sender_queue_sent(&queue, now);
    sender_queue_overdue(&queue, 200);
    ck_assert_uint_eq(queue.on_the_way, 2);
    ck_assert_uint_eq(sender_queue_next(&queue)->seq, 1);
    sender_queue_sent(&queue, 400);
    ck_assert_ptr_null(sender_queue_next(&queue));
    sender_queue_overdue(&queue, INT64_MAX);
    ck_assert_uint_eq(queue.on_the_way, 0);
    sender_queue_free(&queue);
}
END_TEST

START_TEST(a_drawn_order_is_a_permutation_and_repeats)
{
    enum { COUNT = 500 };
    struct sender_queue a = filled(COUNT), b = filled(COUNT), c = filled(COUNT);
    bool seen[COUNT + 1] = {false};
    size_t moved = 0, apart = 0;
    sender_queue_shuffle(&a, 7);
    sender_queue_shuffle(&b, 7);
    sender_queue_shuffle(&c, 8);
    for (size_t i = 0; i < COUNT; i++) {
        ck_assert_uint_eq(a.waiting[i].place.seq, b.waiting[i].place.seq);
        ck_assert(!seen[a.waiting[i].place.seq]);
        seen[a.waiting[i].place.seq] = true;
        moved += a.waiting[i].place.seq != i + 1;
        apart += a.waiting[i].place.seq != c.waiting[i].place.seq;
    }
    ck_assert_uint_gt(moved, COUNT / 2);
    ck_assert_uint_gt(apart, COUNT / 2);
    sender_queue_free(&a);
    sender_queue_free(&b);
    sender_queue_free(&c);
}
END_TEST

static Suite *suite_of_sender_queue(void)
{
    Suite *s = suite_create("sender_queue");
    TCase *t = tcase_create("sender_queue");
    tcase_add_test(t, each_is_sent_once_in_order);
    tcase_add_test(t, receipts_take_off_their_epoch_only);
    tcase_add_test(t, what_is_overdue_goes_again);
    tcase_add_test(t, a_drawn_order_is_a_permutation_and_repeats);
    suite_add_tcase(s, t);
    return s;
}

TEST_MAIN(suite_of_sender_queue)
