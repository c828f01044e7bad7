#include "coldchain/scan.h"

#include <string.h>

#include "tests/helpers/check_main.h"

/* One read and what must come of it; value is the first item's, traps as bits. */
struct read {
    const char *text;
    enum scan_fault fault;
    size_t count;
    enum identifier_kind kind;
    const char *value;
    unsigned traps;
};

static void check_reads(const struct read *reads, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct read *want = &reads[i];
        struct scan scan;
        struct why why = {0};
        enum outcome outcome = scan_read(bytes_of(want->text, strlen(want->text)), &scan, &why);
        ck_assert_msg((outcome == DONE) == (want->fault == SCAN_GOOD), "%s: %s", want->text, why.text);
        ck_assert_msg(scan.fault == want->fault, "%s: fault %d", want->text, (int)scan.fault);
        ck_assert_msg(scan.count == want->count, "%s: %zu items", want->text, scan.count);
        ck_assert_msg(scan.traps == want->traps || want->fault != SCAN_GOOD, "%s: traps %u", want->text, scan.traps);
        if (want->count == 0)
            continue;
        ck_assert_msg(scan.items[0].kind == want->kind, "%s: kind %d", want->text, (int)scan.items[0].kind);
        ck_assert_str_eq(scan.items[0].value, want->value);
    }
}

#define CHECK_READS(...)                                                                                               \
    do {                                                                                                               \
        static const struct read reads[] = {__VA_ARGS__};                                                              \
        check_reads(reads, sizeof reads / sizeof *reads);                                                              \
    } while (0)

START_TEST(every_structure_by_its_identifier_and_length)
{
    CHECK_READS({"=G12341765432170", SCAN_GOOD, 1, IDENTIFIER_DIN, "G123417654321", 0},
                {"=G12341765432170\r\n", SCAN_GOOD, 1, IDENTIFIER_DIN, "G123417654321", 0},
                {"]C0=G12341765432170", SCAN_GOOD, 1, IDENTIFIER_DIN, "G123417654321", 0},
                {"=<E0791V00", SCAN_GOOD, 1, IDENTIFIER_PRODUCT, "E0791V00", 0},
                {"=%5100", SCAN_GOOD, 1, IDENTIFIER_BLOOD_GROUP, "5100", 0},
                {"=>026365", SCAN_GOOD, 1, IDENTIFIER_EXPIRY, "026365", 0},
                {"&>0263652359", SCAN_GOOD, 1, IDENTIFIER_EXPIRY, "0263652359", 0},
                {"=*026001", SCAN_GOOD, 1, IDENTIFIER_COLLECTION, "026001", 0},
                {"&*0260010815", SCAN_GOOD, 1, IDENTIFIER_COLLECTION, "0260010815", 0},
                {"=$G1234260000010203", SCAN_GOOD, 1, IDENTIFIER_CONSIGNMENT, "G1234260000010203", 0},
                {"=+03012=G12341765432170=<E0791V00=>026365", SCAN_GOOD, 4, IDENTIFIER_COMPOUND, "03012", 0});
}
END_TEST

START_TEST(what_cannot_be_true_is_refused)
{
    CHECK_READS({"=G12341765432171", SCAN_BAD_FLAG, 0, IDENTIFIER_NONE, "", 0},
                {"=A999917123456", SCAN_TRUNCATED, 0, IDENTIFIER_NONE, "", 0},
                {"=<E0791V0", SCAN_TRUNCATED, 0, IDENTIFIER_NONE, "", 0},
                {"=<E0791V00X", SCAN_TOO_LONG, 0, IDENTIFIER_NONE, "", 0},
                {"=>026366", SCAN_BAD_VALUE, 0, IDENTIFIER_NONE, "", 0},
                {"=G1234176543217Z", SCAN_BAD_FLAG, 0, IDENTIFIER_NONE, "", 0},
                {"=G12Z41765432170", SCAN_BAD_VALUE, 0, IDENTIFIER_NONE, "", 0},
                {"=!12345", SCAN_UNKNOWN, 0, IDENTIFIER_NONE, "", 0}, {"", SCAN_EMPTY, 0, IDENTIFIER_NONE, "", 0},
                {"  \r\n", SCAN_EMPTY, 0, IDENTIFIER_NONE, "", 0},
                {"hello", SCAN_UNKNOWN, 0, IDENTIFIER_NONE, "", 0});
}
END_TEST

START_TEST(two_codes_in_one_read)
{
    CHECK_READS({"=G12341765432170=<E0791V00", SCAN_GOOD, 2, IDENTIFIER_DIN, "G123417654321", SCAN_CONCATENATED},
                {"=<E0791V00&>0263652359", SCAN_GOOD, 2, IDENTIFIER_PRODUCT, "E0791V00", SCAN_CONCATENATED},
                {"=G12341765432170=<E0791V", SCAN_TRUNCATED, 0, IDENTIFIER_NONE, "", 0});
}
END_TEST

START_TEST(stripped_identifiers_are_believed_only_when_checked)
{
    CHECK_READS({"G12341765432170", SCAN_GOOD, 1, IDENTIFIER_DIN, "G123417654321", SCAN_STRIPPED},
                {"G12341765432171", SCAN_BAD_FLAG, 0, IDENTIFIER_NONE, "", 0},
                {"G12341765432100", SCAN_UNCHECKED, 0, IDENTIFIER_NONE, "", 0},
                {"G123417654321", SCAN_UNCHECKED, 0, IDENTIFIER_NONE, "", 0},
                {"E0791V00", SCAN_UNCHECKED, 0, IDENTIFIER_NONE, "", 0});
}
END_TEST

START_TEST(typed_from_the_label_with_its_check_character)
{
    CHECK_READS({"G1234 17 654321 A", SCAN_GOOD, 1, IDENTIFIER_DIN, "G123417654321", SCAN_TYPED},
                {"G123417654321A", SCAN_GOOD, 1, IDENTIFIER_DIN, "G123417654321", SCAN_TYPED},
                {"g1234 17 654321 a", SCAN_GOOD, 1, IDENTIFIER_DIN, "G123417654321", SCAN_TYPED | SCAN_CAPS_LOCK},
                {"G1234 17 654321 B", SCAN_BAD_CHECK, 0, IDENTIFIER_NONE, "", 0});
}
END_TEST

/* The keys of =G12341765432170 as each layout shows them. */
START_TEST(the_wrong_keyboard_layout)
{
    CHECK_READS({"=G&é\"'&è-('\"é&èà", SCAN_GOOD, 1, IDENTIFIER_DIN, "G123417654321", SCAN_COMPUTER_AZERTY},
                {"=G!@#$!&^%$#@!&)", SCAN_GOOD, 1, IDENTIFIER_DIN, "G123417654321", SCAN_SCANNER_AZERTY},
                {"=g12341765432170", SCAN_GOOD, 1, IDENTIFIER_DIN, "G123417654321", SCAN_CAPS_LOCK},
                {"´G12341765432170", SCAN_GOOD, 1, IDENTIFIER_DIN, "G123417654321", SCAN_COMPUTER_QWERTZ},
                {"=لأ12341765432170", SCAN_GOOD, 1, IDENTIFIER_DIN, "G123417654321", SCAN_COMPUTER_ARABIC},
                /* A letter that the layouts exchange: Q and A. W0000 09 123456 has checksum 16 (G), flag 76. */
                {"=Zàààààç&é\"'(-è-", SCAN_GOOD, 1, IDENTIFIER_DIN, "W000009123456", SCAN_COMPUTER_AZERTY},
                /* Nothing to check in a product code: the layout would be a guess. */
                {"=.Eàèç&Vàà", SCAN_LAYOUT, 0, IDENTIFIER_NONE, "", 0});
}
END_TEST

START_TEST(gs1_element_strings)
{
    CHECK_READS({"]C100106141412345678908", SCAN_GOOD, 1, IDENTIFIER_SSCC, "106141412345678908", 0},
                {"00106141412345678908", SCAN_GOOD, 1, IDENTIFIER_SSCC, "106141412345678908", 0},
                {"106141412345678908", SCAN_GOOD, 1, IDENTIFIER_SSCC, "106141412345678908", SCAN_STRIPPED},
                {"]C14144006381333931", SCAN_GOOD, 1, IDENTIFIER_GLN, "4006381333931", 0},
                {"4144006381333931", SCAN_GOOD, 1, IDENTIFIER_GLN, "4006381333931", 0},
                {"4006381333931", SCAN_GOOD, 1, IDENTIFIER_GLN, "4006381333931", SCAN_STRIPPED},
                {"]d20104006381333931", SCAN_GOOD, 1, IDENTIFIER_GTIN, "04006381333931", 0},
                {"]C180044006381PROBE7", SCAN_GOOD, 1, IDENTIFIER_GIAI, "4006381PROBE7", 0},
                {"]C180044006381PROBE7\x1d" "00106141412345678908", SCAN_GOOD, 2, IDENTIFIER_GIAI, "4006381PROBE7",
                 SCAN_CONCATENATED},
                {"00106141412345678900", SCAN_BAD_CHECK, 0, IDENTIFIER_NONE, "", 0},
                {"]C10010614141234567", SCAN_TRUNCATED, 0, IDENTIFIER_NONE, "", 0},
                {"]C1001061414123456789A8", SCAN_BAD_VALUE, 0, IDENTIFIER_NONE, "", 0},
                {"]C199123", SCAN_UNKNOWN, 0, IDENTIFIER_NONE, "", 0},
                {"]C1001061414123456789089", SCAN_TOO_LONG, 0, IDENTIFIER_NONE, "", 0},
                {"]C180044006381ABCDEFGHIJKLMNOPQRSTUVWXYZ", SCAN_TOO_LONG, 0, IDENTIFIER_NONE, "", 0});
}
END_TEST

START_TEST(a_read_of_too_many_codes)
{
    char text[SCAN_MOST_BYTES + 100];
    size_t len = 0;
    for (size_t i = 0; i < SCAN_MOST_ITEMS + 1; i++, len += 10)
        memcpy(text + len, "=<E0791V00", 10);
    struct scan scan;
    struct why why;
    ck_assert_int_eq((int)scan_read(bytes_of(text, len), &scan, &why), (int)REJECT);
    ck_assert_int_eq((int)scan.fault, (int)SCAN_TOO_LONG);
    memset(text, '=', sizeof text);
    ck_assert_int_eq((int)scan_read(bytes_of(text, sizeof text), &scan, &why), (int)REJECT);
}
END_TEST

/* Every fault and every trap has its line in every language, and they differ. */
START_TEST(messages_in_three_languages)
{
    for (int fault = SCAN_GOOD; fault <= SCAN_UNKNOWN; fault++) {
        struct scan scan = {.fault = (enum scan_fault)fault};
        const char *english = scan_message(&scan, LANGUAGE_ENGLISH);
        ck_assert(fault == SCAN_GOOD ? *english == '\0' : strlen(english) > 20);
        ck_assert(fault == SCAN_GOOD || strcmp(english, scan_message(&scan, LANGUAGE_FRENCH)) != 0);
        ck_assert(fault == SCAN_GOOD || (unsigned char)scan_message(&scan, LANGUAGE_ARABIC)[0] >= 0xd8);
    }
    for (unsigned trap = SCAN_CONCATENATED; trap <= SCAN_CAPS_LOCK; trap *= 2) {
        struct scan scan = {.traps = trap};
        bool silent = trap == SCAN_TYPED;
        ck_assert((strlen(scan_message(&scan, LANGUAGE_ENGLISH)) == 0) == silent);
        ck_assert(silent || (unsigned char)scan_message(&scan, LANGUAGE_ARABIC)[0] >= 0xd8);
    }
}
END_TEST

static Suite *suite_of_scan(void)
{
    Suite *s = suite_create("scan");
    TCase *t = tcase_create("scan");
    tcase_add_test(t, every_structure_by_its_identifier_and_length);
    tcase_add_test(t, what_cannot_be_true_is_refused);
    tcase_add_test(t, two_codes_in_one_read);
    tcase_add_test(t, stripped_identifiers_are_believed_only_when_checked);
    tcase_add_test(t, typed_from_the_label_with_its_check_character);
    tcase_add_test(t, the_wrong_keyboard_layout);
    tcase_add_test(t, gs1_element_strings);
    tcase_add_test(t, a_read_of_too_many_codes);
    tcase_add_test(t, messages_in_three_languages);
    suite_add_tcase(s, t);
    return s;
}

TEST_MAIN(suite_of_scan)
