#include "ingest/arrival.h"
#include "tests/helpers/check_main.h"

#include <string.h>

static struct why why;

static enum outcome read_topic(const char *topic, struct arrival **made)
{
    *made = arrival_new(bytes_of("x", 1), NULL);
    ck_assert_ptr_nonnull(*made);
    return arrival_read_topic(*made, topic, &why);
}

START_TEST(topics_of_the_contract_are_read_and_written)
{
    static const char *const topics[] = {"silsila/v1/up/0/gw-one/live", "silsila/v1/up/0/gw-one/late",
                                         "silsila/v1/via/bridge-7/0/gw-one/late"};
    char again[128];
    struct arrival *arrival;
    ck_assert_int_eq(read_topic(topics[_i], &arrival), DONE);
    ck_assert_str_eq(arrival->sender, "gw-one");
    ck_assert_str_eq(arrival->via, _i == 2 ? "bridge-7" : "");
    ck_assert_int_eq(arrival->lane, _i == 0 ? LANE_LIVE : LANE_LATE);
    arrival_topic(arrival, 0, again, sizeof again);
    ck_assert_str_eq(again, topics[_i]);
    arrival_free(arrival);
}
END_TEST

START_TEST(other_topics_are_not)
{
    static const char *const topics[] = {
        "", "silsila/v1/up", "silsila/v1/up/0/gw-one", "silsila/v1/up/0/gw-one/", "silsila/v1/up/0/gw-one/soon",
        "silsila/v1/up/0/GW/live", "silsila/v1/up/0//live", "silsila/v1/up/0/gw-one/live/x", "silsila/v1/via/B/0/gw-one/live",
        "silsila/v1/up/0/gw-of-a-name-that-is-much-too-long-for-it/live", "silsila/v2/up/0/gw-one/live"};
    struct arrival *arrival;
    ck_assert_int_eq(read_topic(topics[_i], &arrival), REJECT);
    arrival_free(arrival);
}
END_TEST

START_TEST(lists_keep_order_and_the_house_its_count)
{
    struct arrival_house house = {0, 0};
    struct arrival_list a = {0};
    struct arrival_list b = {0};
    for (uint64_t i = 0; i < 6; i++) {
        struct arrival *arrival = arrival_new(bytes_of("abc", 3), &house);
        arrival->head.seq = i;
        arrival_push(i < 3 ? &a : &b, arrival);
    }
    ck_assert_uint_eq(house.count, 6);
    arrival_join(&a, &b);
    ck_assert_uint_eq(a.count, 6);
    ck_assert_uint_eq(b.count, 0);
    for (uint64_t i = 0; i < 6; i++) {
        struct arrival *arrival = arrival_pop(&a);
        ck_assert_uint_eq(arrival->head.seq, i);
        arrival_free(arrival);
    }
    ck_assert_ptr_null(arrival_pop(&a));
    ck_assert_uint_eq(a.bytes, 0);
    ck_assert_uint_eq(house.count, 0);
    ck_assert_uint_eq(house.bytes, 0);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("ingest/arrival");
    TCase *c = tcase_create("arrival");
    tcase_add_loop_test(c, topics_of_the_contract_are_read_and_written, 0, 3);
    tcase_add_loop_test(c, other_topics_are_not, 0, 11);
    tcase_add_test(c, lists_keep_order_and_the_house_its_count);
    suite_add_tcase(s, c);
    return s;
}

TEST_MAIN(suite)
