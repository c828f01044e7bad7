#include "ingest/fold/chain.h"

#include <stdio.h>
#include <string.h>

#include "tests/helpers/check_main.h"

/* Hashes by number, so that a chain can be written as numbers: body n has hash h(n) and names h(n - 1). */
static void hash_of(int n, uint8_t out[32])
{
    memset(out, 0, 32);
    out[0] = (uint8_t)n;
    out[1] = 0xab;
}

static enum chain_added add(struct chain *chain, int seq, struct chain_links *links)
{
    uint8_t hash[32], previous[32];
    hash_of(seq, hash);
    hash_of(seq - 1, previous);
    return chain_add(chain, seq, seq > 1 ? previous : NULL, hash, links);
}

__attribute__((returns_nonnull, noinline)) static struct chain *new_chain(const char *sender, uint8_t epoch)
{
    struct chain *chain = calloc(1, sizeof *chain);
    if (!chain)
        abort();
    (void)snprintf(chain->sender, sizeof chain->sender, "%s", sender);
    memset(chain->epoch, epoch, 16);
    chain->rank = -1;
    return chain;
}

static void check_order(const int *order, int count)
{
    struct chain *chain = new_chain("gw-1", 1);
    for (int k = 0; k < count; k++) {
        struct chain_links links;
        ck_assert_int_eq(add(chain, order[k], &links), CHAIN_ADDED);
        ck_assert(!links.broken_before && !links.broken_after);
    }
    ck_assert_uint_eq(chain->range_count, 1);
    ck_assert_int_eq(chain_through(chain), count);
    uint8_t last[32];
    hash_of(count, last);
    ck_assert_mem_eq(chain->ranges[0].last_hash, last, 32);
    chain_free(&chain);
}

static int check_permutations(int *order, int from, int count)
{
    if (from == count) {
        check_order(order, count);
        return 1;
    }
    int checked = 0;
    for (int i = from; i < count; i++) {
        int t = order[from];
        order[from] = order[i];
        order[i] = t;
        checked += check_permutations(order, from + 1, count);
        order[i] = order[from];
        order[from] = t;
    }
    return checked;
}

START_TEST(every_order_of_six_bodies_is_one_range)
{
    int order[6] = {1, 2, 3, 4, 5, 6};
    ck_assert_int_eq(check_permutations(order, 0, 6), 720);
}
END_TEST

START_TEST(a_gap_is_two_ranges_until_it_closes)
{
    struct chain *chain = new_chain("gw-1", 1);
    struct chain_links links;
    ck_assert_int_eq(add(chain, 1, &links), CHAIN_ADDED);
    ck_assert_int_eq(add(chain, 3, &links), CHAIN_ADDED);
    ck_assert_uint_eq(chain->range_count, 2);
    ck_assert_int_eq(chain_through(chain), 1);
    ck_assert_int_eq(add(chain, 3, &links), CHAIN_REPEATED);
    ck_assert_int_eq(add(chain, 2, &links), CHAIN_ADDED);
    ck_assert_uint_eq(chain->range_count, 1);
    ck_assert_int_eq(chain_through(chain), 3);
    chain_free(&chain);
    ck_assert_ptr_null(chain);
}
END_TEST

/* A body that names another one than the one before it is told once, whichever of the two comes first. */
START_TEST(a_broken_link_is_told_once_in_either_order)
{
    uint8_t one[32], two[32], other[32];
    hash_of(1, one);
    hash_of(2, two);
    hash_of(77, other);
    struct chain_links links;
    struct chain *forward = new_chain("gw-1", 1);
    ck_assert_int_eq(chain_add(forward, 1, NULL, one, &links), CHAIN_ADDED);
    ck_assert(!links.broken_before && !links.broken_after);
    ck_assert_int_eq(chain_add(forward, 2, other, two, &links), CHAIN_ADDED);
    ck_assert(links.broken_before && !links.broken_after);
    chain_free(&forward);
    struct chain *backward = new_chain("gw-1", 1);
    ck_assert_int_eq(chain_add(backward, 2, other, two, &links), CHAIN_ADDED);
    ck_assert(!links.broken_before && !links.broken_after);
    ck_assert_int_eq(chain_add(backward, 1, NULL, one, &links), CHAIN_ADDED);
    ck_assert(!links.broken_before && links.broken_after);
    chain_free(&backward);
}
END_TEST

START_TEST(nothing_is_through_without_the_first)
{
    struct chain *chain = new_chain("gw-1", 1);
    struct chain_links links;
    ck_assert_int_eq(chain_through(chain), 0);
    ck_assert_int_eq(add(chain, 2, &links), CHAIN_ADDED);
    ck_assert_int_eq(chain_through(chain), 0);
    chain_free(&chain);
}
END_TEST

static void link_after(struct chain *chain, const struct chain *before)
{
    chain->first_heard = true;
    chain->has_previous = before != NULL;
    if (before)
        memcpy(chain->previous_epoch, before->epoch, 16);
}

START_TEST(epochs_are_ranked_by_their_links_not_by_their_bytes)
{
    struct chain *a = new_chain("gw-1", 9), *b = new_chain("gw-1", 5), *c = new_chain("gw-1", 7);
    struct chain *chains[] = {c, b, a};
    link_after(a, NULL);
    link_after(c, b); /* b's own first body has not come */
    ck_assert_uint_eq(chain_rank_all(chains, 3), 1);
    ck_assert_int_eq(a->rank, 0);
    ck_assert_int_eq(b->rank, -1);
    ck_assert_int_eq(c->rank, -1);
    link_after(b, a);
    ck_assert_uint_eq(chain_rank_all(chains, 3), 2);
    ck_assert_int_eq(b->rank, 1);
    ck_assert_int_eq(c->rank, 2);
    ck_assert_uint_eq(chain_rank_all(chains, 3), 0);
    chain_free(&a);
    chain_free(&b);
    chain_free(&c);
}
END_TEST

START_TEST(a_ring_of_epochs_ends_and_ranks_none)
{
    struct chain *a = new_chain("gw-1", 1), *b = new_chain("gw-1", 2);
    struct chain *chains[] = {a, b};
    link_after(a, b);
    link_after(b, a);
    ck_assert_uint_eq(chain_rank_all(chains, 2), 0);
    ck_assert_int_eq(a->rank, -1);
    chain_free(&a);
    chain_free(&b);
}
END_TEST

START_TEST(place_in_order_sorts_by_sender_epoch_seq_and_item)
{
    struct chain *early = new_chain("gw-1", 9), *late = new_chain("gw-1", 1), *unlinked = new_chain("gw-1", 0);
    struct chain *next = new_chain("gw-10", 0);
    early->rank = 0;
    late->rank = 1;
    next->rank = 0;
    uint8_t keys[6][PLACE_IN_ORDER_MOST] = {{0}};
    size_t len = chain_place_in_order(early, 256, 1, keys[0]);
    (void)chain_place_in_order(early, 256, 2, keys[1]);
    (void)chain_place_in_order(early, 257, 0, keys[2]);
    (void)chain_place_in_order(late, 1, 0, keys[3]);
    (void)chain_place_in_order(unlinked, 1, 0, keys[4]);
    (void)chain_place_in_order(next, 1, 0, keys[5]);
    for (int i = 0; i < 5; i++)
        ck_assert_int_lt(memcmp(keys[i], keys[i + 1], len), 0);
    chain_free(&early);
    chain_free(&late);
    chain_free(&unlinked);
    chain_free(&next);
}
END_TEST

START_TEST(boots_are_kept_sorted_and_once)
{
    struct chain *chain = new_chain("gw-1", 1);
    uint8_t boots[3][16] = {{3}, {1}, {2}};
    for (int i = 0; i < 3; i++)
        ck_assert(chain_saw_boot(chain, boots[i]));
    ck_assert(!chain_saw_boot(chain, boots[1]));
    ck_assert_uint_eq(chain->boot_count, 3);
    for (size_t i = 0; i < 3; i++)
        ck_assert_uint_eq(chain->boots[i][0], i + 1);
    chain_free(&chain);
}
END_TEST

static Suite *suite_of_chain(void)
{
    Suite *s = suite_create("chain");
    TCase *t = tcase_create("chain");
    tcase_add_test(t, every_order_of_six_bodies_is_one_range);
    tcase_add_test(t, a_gap_is_two_ranges_until_it_closes);
    tcase_add_test(t, a_broken_link_is_told_once_in_either_order);
    tcase_add_test(t, nothing_is_through_without_the_first);
    tcase_add_test(t, epochs_are_ranked_by_their_links_not_by_their_bytes);
    tcase_add_test(t, a_ring_of_epochs_ends_and_ranks_none);
    tcase_add_test(t, place_in_order_sorts_by_sender_epoch_seq_and_item);
    tcase_add_test(t, boots_are_kept_sorted_and_once);
    suite_add_tcase(s, t);
    return s;
}

TEST_MAIN(suite_of_chain)
