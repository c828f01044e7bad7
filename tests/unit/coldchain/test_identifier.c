#include "coldchain/identifier.h"

#include <string.h>

#include "tests/helpers/check_main.h"

/* Vectors of the domain page, and two sums done by hand below. */
START_TEST(checksums_of_known_numbers)
{
    static const struct {
        const char *din;
        char check;
    } vectors[] = {
        {"G123498654321", 'H'}, {"G123417654321", 'A'}, {"A999921123456", '3'}, {"W000009123456", 'G'}};
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++)
        ck_assert_int_eq(isbt_check_character(vectors[i].din), vectors[i].check);
    ck_assert_int_eq(isbt_checksum("G123498654321"), 17);
}
END_TEST

START_TEST(flags_60_to_96_are_60_and_the_checksum)
{
    ck_assert_int_eq((int)isbt_check_flags("G123498654321", "77"), (int)FLAG_CHECKED);
    ck_assert_int_eq((int)isbt_check_flags("G123417654321", "70"), (int)FLAG_CHECKED);
    ck_assert_int_eq((int)isbt_check_flags("G123417654321", "71"), (int)FLAG_BAD);
    ck_assert_int_eq((int)isbt_check_flags("G123417654321", "97"), (int)FLAG_BAD);
    ck_assert_int_eq((int)isbt_check_flags("G123417654321", "59"), (int)FLAG_UNCHECKED);
    ck_assert_int_eq((int)isbt_check_flags("G123417654321", "00"), (int)FLAG_UNCHECKED);
    ck_assert_int_eq((int)isbt_check_flags("G123417654321", "6A"), (int)FLAG_BAD);
}
END_TEST

START_TEST(the_shape_of_a_din)
{
    ck_assert(isbt_is_din("G123417654321", 13));
    ck_assert(isbt_is_din("1234517654321", 13));
    ck_assert(!isbt_is_din("O123417654321", 13)); /* O is left out, it looks like 0 */
    ck_assert(!isbt_is_din("0123417654321", 13));
    ck_assert(!isbt_is_din("g123417654321", 13));
    ck_assert(!isbt_is_din("G12341765432X", 13));
    ck_assert(!isbt_is_din("G12341765432", 12));
}
END_TEST

START_TEST(dates_count_days_of_the_year)
{
    struct isbt_date date;
    ck_assert(isbt_read_date("026001", 6, &date)); /* c = 0, yy = 26, jjj = 001: 1 January 2026, 23:59 */
    ck_assert_int_eq(date.year, 2026);
    ck_assert_int_eq(date.day_of_year, 1);
    ck_assert_int_eq(date.hour, 23);
    ck_assert_int_eq(date.minute, 59);
    ck_assert(isbt_read_date("0283661200", 10, &date)); /* day 366 of a leap year, 12:00 */
    ck_assert_int_eq(date.hour, 12);
    ck_assert_int_eq(date.minute, 0);
    ck_assert(!isbt_read_date("026366", 6, &date));
    ck_assert(!isbt_read_date("026000", 6, &date));
    ck_assert(!isbt_read_date("0260012400", 10, &date));
    ck_assert(!isbt_read_date("0260012360", 10, &date));
    ck_assert(!isbt_read_date("26001", 5, &date));
    ck_assert(isbt_read_date("999365", 6, &date)); /* c = 9: the last century */
    ck_assert_int_eq(date.year, 1999);
}
END_TEST

START_TEST(a_consignment_is_a_container_of_several)
{
    struct isbt_consignment consignment;
    ck_assert(isbt_read_consignment("G1234260000010203", 17, &consignment));
    ck_assert_str_eq(consignment.facility, "G1234");
    ck_assert_int_eq(consignment.year, 2026);
    ck_assert_int_eq(consignment.number, 1);
    ck_assert_int_eq(consignment.container, 2);
    ck_assert_int_eq(consignment.containers, 3);
    ck_assert(!isbt_read_consignment("G1234260000010403", 17, &consignment)); /* the fourth of three */
    ck_assert(!isbt_read_consignment("G1234260000010003", 17, &consignment));
    ck_assert(!isbt_read_consignment("G123426000001020", 16, &consignment));
}
END_TEST

/* 106141412345678908: from the right, weights 1 and 3 in turn:
 * 8·1+0·3+9·1+8·3+7·1+6·3+5·1+4·3+3·1+2·3+1·1+4·3+1·1+4·3+1·1+6·3+0·1+1·3 = 140, a multiple of ten. */
START_TEST(gs1_check_digits)
{
    ck_assert(gs1_check_digit_holds("106141412345678908", 18));
    ck_assert(!gs1_check_digit_holds("106141412345678909", 18));
    ck_assert(gs1_check_digit_holds("4006381333931", 13));
    ck_assert(!gs1_check_digit_holds("4006381333913", 13)); /* two digits exchanged */
    ck_assert(!gs1_check_digit_holds("40063813339X1", 13));
    ck_assert(!gs1_check_digit_holds("0", 1));
}
END_TEST

START_TEST(each_kind_holds_at_its_length_only)
{
    static const struct {
        enum identifier_kind kind;
        const char *good;
        const char *bad;
    } cases[] = {
        {IDENTIFIER_NONE, NULL, "anything"},
        {IDENTIFIER_DIN, "G123417654321", "G12341765432"},
        {IDENTIFIER_PRODUCT, "E0791V00", "E0791V0"},
        {IDENTIFIER_PRODUCT, "E0791Vab", "e0791V00"},
        {IDENTIFIER_PRODUCT, NULL, "E0791V-0"},
        {IDENTIFIER_BLOOD_GROUP, "5100", "510"},
        {IDENTIFIER_BLOOD_GROUP, "A100", "a100"},
        {IDENTIFIER_EXPIRY, "026365", "026999"},
        {IDENTIFIER_COLLECTION, "0263650830", "02636508"},
        {IDENTIFIER_CONSIGNMENT, "G1234260000010101", "G12342600000101"},
        {IDENTIFIER_COMPOUND, "03012", "0301"},
        {IDENTIFIER_SSCC, "106141412345678908", "106141412345678900"},
        {IDENTIFIER_GLN, "4006381333931", "4006381333930"},
        {IDENTIFIER_GTIN, "04006381333931", "4006381333931"},
        {IDENTIFIER_GIAI, "4006381ABC", "400"},
        {IDENTIFIER_GIAI, NULL, "4006 381ABC"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (cases[i].good)
            ck_assert_msg(identifier_holds(cases[i].kind, cases[i].good, strlen(cases[i].good)), "%s", cases[i].good);
        ck_assert_msg(!identifier_holds(cases[i].kind, cases[i].bad, strlen(cases[i].bad)), "%s", cases[i].bad);
    }
}
END_TEST

START_TEST(the_din_a_unit_begins_with)
{
    char din[DIN_LENGTH + 1];
    ck_assert(identifier_din_of("G123417654321E0791V00", din));
    ck_assert_str_eq(din, "G123417654321");
    ck_assert(identifier_din_of("=G12341765432170=<E0791V00", din));
    ck_assert_str_eq(din, "G123417654321");
    ck_assert(!identifier_din_of("u1", din));
    ck_assert(!identifier_din_of("", din));
}
END_TEST

START_TEST(ids_of_lots_that_fail_their_check)
{
    ck_assert(identifier_lot_id_holds("=G12341765432170"));
    ck_assert(!identifier_lot_id_holds("=G12341765432171"));
    ck_assert(!identifier_lot_id_holds("=A999917123456")); /* truncated */
    ck_assert(!identifier_lot_id_holds("=O12341765432170"));
    ck_assert(identifier_lot_id_holds("=$G1234260000010203"));
    ck_assert(!identifier_lot_id_holds("=$G1234260000010503"));
    ck_assert(identifier_lot_id_holds("106141412345678908"));
    ck_assert(!identifier_lot_id_holds("106141412345678907"));
    ck_assert(identifier_lot_id_holds("pool-7"));
}
END_TEST

static Suite *suite_of_identifier(void)
{
    Suite *s = suite_create("identifier");
    TCase *t = tcase_create("identifier");
    tcase_add_test(t, checksums_of_known_numbers);
    tcase_add_test(t, flags_60_to_96_are_60_and_the_checksum);
    tcase_add_test(t, the_shape_of_a_din);
    tcase_add_test(t, dates_count_days_of_the_year);
    tcase_add_test(t, a_consignment_is_a_container_of_several);
    tcase_add_test(t, gs1_check_digits);
    tcase_add_test(t, each_kind_holds_at_its_length_only);
    tcase_add_test(t, the_din_a_unit_begins_with);
    tcase_add_test(t, ids_of_lots_that_fail_their_check);
    suite_add_tcase(s, t);
    return s;
}

TEST_MAIN(suite_of_identifier)
