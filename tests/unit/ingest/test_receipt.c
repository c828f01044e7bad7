#include "ingest/receipt.h"
#include "tests/helpers/check_main.h"

#include <string.h>

static const uint8_t origin[ORIGIN_LEN] = {1};
static const uint8_t epoch_id[EPOCH_LEN] = {2};
static struct why why;

static struct receipt_request request(void)
{
    return (struct receipt_request){.origin = origin, .gateway = "gw-one", .epoch = epoch_id, .send_window = 77};
}

static Silsila__V1__Receipt *built(const struct epoch_said *said, size_t part)
{
    struct receipt_request wanted = request();
    struct buffer payload = {0};
    Silsila__V1__Receipt *receipt = NULL;
    ck_assert_int_eq(receipt_build(&wanted, said, part, &payload, &why), DONE);
    ck_assert_msg(receipt_decode(buffer_view(&payload), &receipt, &why) == DONE, "%s", why.text);
    buffer_free(&payload);
    return receipt;
}

static void drop(Silsila__V1__Receipt *receipt)
{
    silsila__v1__receipt__free_unpacked(receipt, NULL);
}

START_TEST(it_says_through_and_its_hash)
{
    struct epoch_said said = {.through = 12};
    memset(said.through_hash, 5, HASH_LEN);
    Silsila__V1__Receipt *receipt = built(&said, 0);
    ck_assert_uint_eq(receipt->through, 12);
    ck_assert_uint_eq(receipt->through_hash.len, HASH_LEN);
    ck_assert_uint_eq(receipt->through_hash.data[31], 5);
    ck_assert_uint_eq(receipt->send_window, 77);
    ck_assert_str_eq(receipt->gateway, "gw-one");
    ck_assert_uint_eq(receipt->n_above, 0);
    ck_assert_ptr_null(receipt->checkpoint);
    drop(receipt);
}
END_TEST

START_TEST(without_a_first_body_there_is_no_hash)
{
    struct epoch_range above = {.from = 3, .to = 4};
    struct epoch_said said = {.above = &above, .above_count = 1};
    Silsila__V1__Receipt *receipt = built(&said, 0);
    ck_assert_uint_eq(receipt->through, 0);
    ck_assert_uint_eq(receipt->through_hash.len, 0);
    ck_assert_uint_eq(receipt->n_above, 1);
    ck_assert_uint_eq(receipt->above[0]->from, 3);
    ck_assert_uint_eq(receipt->above[0]->to, 4);
    drop(receipt);
}
END_TEST

START_TEST(many_ranges_take_several_receipts_and_none_is_left_out)
{
    enum { RANGES = 150 };
    static struct epoch_range above[RANGES];
    for (size_t i = 0; i < RANGES; i++)
        above[i] = (struct epoch_range){.from = 10 + 3 * i, .to = 11 + 3 * i};
    struct epoch_said said = {.through = 1, .above = above, .above_count = RANGES};
    size_t seen = 0;
    ck_assert_uint_eq(receipt_parts(&said), 3);
    for (size_t part = 0; part < 3; part++) {
        Silsila__V1__Receipt *receipt = built(&said, part);
        ck_assert_uint_eq(receipt->through, 1);
        for (size_t i = 0; i < receipt->n_above; i++, seen++)
            ck_assert_uint_eq(receipt->above[i]->from, 10 + 3 * seen);
        drop(receipt);
    }
    ck_assert_uint_eq(seen, RANGES);
}
END_TEST

START_TEST(a_single_names_one_body_by_its_own_hash)
{
    struct receipt_request wanted = request();
    struct buffer payload = {0};
    Silsila__V1__Receipt *receipt = NULL;
    uint8_t hash[HASH_LEN] = {9};
    ck_assert_int_eq(receipt_build_single(&wanted, 40, hash, &payload, &why), DONE);
    ck_assert_int_eq(receipt_decode(buffer_view(&payload), &receipt, &why), DONE);
    ck_assert_uint_eq(receipt->through, 0);
    ck_assert_uint_eq(receipt->n_above, 1);
    ck_assert_uint_eq(receipt->above[0]->from, 40);
    ck_assert_uint_eq(receipt->above[0]->to, 40);
    ck_assert_mem_eq(receipt->above_hashes[0].data, hash, HASH_LEN);
    drop(receipt);
    buffer_free(&payload);
}
END_TEST

START_TEST(it_carries_the_checkpoint)
{
    struct receipt_request wanted = request();
    struct receipt_checkpoint checkpoint = {.present = true};
    struct epoch_said said = {.through = 1};
    struct buffer payload = {0};
    uint8_t root[HASH_LEN] = {4};
    Silsila__V1__Receipt *receipt = NULL;
    Silsila__V1__CheckpointStatement *statement = NULL;
    ck_assert_int_eq(receipt_checkpoint_statement(origin, 2, 99, root, 1000, &checkpoint.statement, &why), DONE);
    wanted.checkpoint = &checkpoint;
    ck_assert_int_eq(receipt_build(&wanted, &said, 0, &payload, &why), DONE);
    ck_assert_int_eq(receipt_decode(buffer_view(&payload), &receipt, &why), DONE);
    ck_assert_ptr_nonnull(receipt->checkpoint);
    ck_assert_int_eq(checkpoint_statement_decode(bytes_of(receipt->checkpoint->statement.data, receipt->checkpoint->statement.len),
                                                 &statement, &why), DONE);
    ck_assert_uint_eq(statement->size, 99);
    ck_assert_uint_eq(statement->generation, 2);
    silsila__v1__checkpoint_statement__free_unpacked(statement, NULL);
    drop(receipt);
    buffer_free(&payload);
    buffer_free(&checkpoint.statement);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("ingest/receipt");
    TCase *c = tcase_create("receipt");
    tcase_add_test(c, it_says_through_and_its_hash);
    tcase_add_test(c, without_a_first_body_there_is_no_hash);
    tcase_add_test(c, many_ranges_take_several_receipts_and_none_is_left_out);
    tcase_add_test(c, a_single_names_one_body_by_its_own_hash);
    tcase_add_test(c, it_carries_the_checkpoint);
    suite_add_tcase(s, c);
    return s;
}

TEST_MAIN(suite)
