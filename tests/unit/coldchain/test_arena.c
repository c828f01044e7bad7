#include "coldchain/arena.h"

#include <stdint.h>
#include <string.h>

#include "common/cleanup.h"
#include "tests/helpers/check_main.h"

START_TEST(pieces_are_zeroed_aligned_and_apart)
{
    scoped_by(arena_free) struct arena arena = {0};
    for (size_t i = 1; i < 3000; i++) {
        unsigned char *piece = arena_new(&arena, i, 1);
        ck_assert_ptr_nonnull(piece);
        ck_assert_uint_eq((uintptr_t)piece % 16, 0);
        unsigned char any = 0;
        for (size_t k = 0; k < i; k++)
            any |= piece[k];
        ck_assert_uint_eq(any, 0);
        memset(piece, 0xff, i);
    }
    ck_assert_ptr_nonnull(arena_new(&arena, 0, 8));
    ck_assert_ptr_nonnull(arena_new(&arena, 1, 1 << 20));
}
END_TEST

START_TEST(a_failure_is_sticky)
{
    scoped_by(arena_free) struct arena arena = {0};
    ck_assert_ptr_null(arena_new(&arena, SIZE_MAX, 2)); /* the product overflows */
    ck_assert(arena.failed);
    ck_assert_ptr_null(arena_new(&arena, 1, 1));
    ck_assert_ptr_null(arena_copy(&arena, "x", 1, 1));
    ck_assert_ptr_null(arena_text(&arena, "x", 1));
    VEC(int) numbers = {0};
    vec_push(&arena, &numbers, 1);
    ck_assert_uint_eq(numbers.count, 0);
}
END_TEST

START_TEST(copies_and_vectors_keep_their_values)
{
    scoped_by(arena_free) struct arena arena = {0};
    ck_assert_str_eq(arena_text(&arena, "freezer", 4), "free");
    const int three[] = {1, 2, 3};
    ck_assert_mem_eq(arena_copy(&arena, three, 3, sizeof(int)), three, sizeof three);
    VEC(int) numbers = {0};
    for (int i = 0; i < 100; i++)
        vec_push(&arena, &numbers, i);
    ck_assert_uint_eq(numbers.count, 100);
    for (int i = 0; i < 100; i++)
        ck_assert_int_eq(numbers.items[i], i);
}
END_TEST

START_TEST(a_limit_is_the_end_of_memory)
{
    scoped_by(arena_free) struct arena arena = {.limit = 64};
    ck_assert_ptr_nonnull(arena_new(&arena, 48, 1));
    ck_assert_ptr_nonnull(arena_new(&arena, 16, 1));
    ck_assert_ptr_null(arena_new(&arena, 1, 1));
    ck_assert(arena.failed);
}
END_TEST

static Suite *suite_of_arena(void)
{
    Suite *suite = suite_create("arena");
    TCase *cases = tcase_create("arena");
    tcase_add_test(cases, pieces_are_zeroed_aligned_and_apart);
    tcase_add_test(cases, a_failure_is_sticky);
    tcase_add_test(cases, copies_and_vectors_keep_their_values);
    tcase_add_test(cases, a_limit_is_the_end_of_memory);
    suite_add_tcase(suite, cases);
    return suite;
}

TEST_MAIN(suite_of_arena)
