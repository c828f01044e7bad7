#include "common/bytes.h"
#include "tests/helpers/check_main.h"

START_TEST(hex_round_trip)
{
    const uint8_t raw[] = {0x00, 0xff, 0x1a};
    char hex[7];
    uint8_t back[3];
    bytes_to_hex(bytes_of(raw, 3), hex);
    ck_assert_str_eq(hex, "00ff1a");
    ck_assert(bytes_from_hex("00FF1a", back, 3));
    ck_assert_mem_eq(raw, back, 3);
    ck_assert(!bytes_from_hex("00ff1", back, 3));
    ck_assert(!bytes_from_hex("00ff1a0", back, 3));
    ck_assert(!bytes_from_hex("00fg1a", back, 3));
}
END_TEST

START_TEST(buffer_grows_and_writes_big_endian)
{
    struct buffer b = {0};
    for (int i = 0; i < 1000; i++)
        buffer_add_be32(&b, 0x01020304u);
    ck_assert(!b.failed);
    ck_assert_uint_eq(b.len, 4000);
    ck_assert_uint_eq(b.data[3999], 4);
    buffer_reset(&b);
    buffer_printf(&b, "%s %d", "seq", 7);
    ck_assert(bytes_equal(buffer_view(&b), bytes_of("seq 7", 5)));
    buffer_free(&b);
    ck_assert_ptr_null(b.data);
}
END_TEST

START_TEST(a_failed_buffer_stays_failed)
{
    struct buffer b = {0};
    ck_assert_ptr_null(buffer_reserve(&b, SIZE_MAX));
    ck_assert(b.failed);
    buffer_add_text(&b, "ignored");
    ck_assert_uint_eq(b.len, 0);
    buffer_free(&b);
}
END_TEST

static Suite *suite_of_bytes(void)
{
    Suite *s = suite_create("bytes");
    TCase *t = tcase_create("bytes");
    tcase_add_test(t, hex_round_trip);
    tcase_add_test(t, buffer_grows_and_writes_big_endian);
    tcase_add_test(t, a_failed_buffer_stays_failed);
    suite_add_tcase(s, t);
    return s;
}

TEST_MAIN(suite_of_bytes)
