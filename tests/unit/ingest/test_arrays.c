#include "ingest/arrays.h"
#include "tests/helpers/check_main.h"

#include <string.h>

static void check(struct array *array, const char *hex)
{
    char got[512];
    struct bytes view = array_view(array);
    ck_assert_uint_lt(view.len, sizeof got / 2);
    bytes_to_hex(view, got);
    ck_assert_str_eq(got, hex);
    array_free(array);
}

/* Compared with what the server's array_send gives for the same values. */
START_TEST(as_the_server_writes_them)
{
    struct array array = {0};
    array_begin(&array, OID_INT4);
    array_int4(&array, 1);
    array_int4(&array, -2);
    check(&array, "00000001" "00000000" "00000017" "00000002" "00000001" "00000004" "00000001" "00000004" "fffffffe");
    array_begin(&array, OID_TEXT);
    array_text(&array, "ab");
    array_null(&array);
    check(&array, "00000001" "00000001" "00000019" "00000002" "00000001" "00000002" "6162" "ffffffff");
    array_begin(&array, OID_BOOL);
    array_bool(&array, true);
    check(&array, "00000001" "00000000" "00000010" "00000001" "00000001" "00000001" "01");
    array_begin(&array, OID_TIMESTAMPTZ);
    array_time(&array, 946684800000001);
    check(&array, "00000001" "00000000" "000004a0" "00000001" "00000001" "00000008" "0000000000000001");
    array_begin(&array, OID_DATE);
    array_date(&array, 10958);
    check(&array, "00000001" "00000000" "0000043a" "00000001" "00000001" "00000004" "00000001");
}
END_TEST

START_TEST(an_empty_one_has_no_dimensions)
{
    struct array array = {0};
    array_begin(&array, OID_INT8);
    array_int8(&array, 5);
    array_begin(&array, OID_INT8);
    check(&array, "00000000" "00000000" "00000014");
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("ingest/arrays");
    TCase *c = tcase_create("arrays");
    tcase_add_test(c, as_the_server_writes_them);
    tcase_add_test(c, an_empty_one_has_no_dimensions);
    suite_add_tcase(s, c);
    return s;
}

TEST_MAIN(suite)
