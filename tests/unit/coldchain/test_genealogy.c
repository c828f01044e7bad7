#include "coldchain/genealogy.h"

#include "common/cleanup.h"
#include "tests/helpers/check_main.h"

/*  0 ─split─▶ 1 ─pool─▶ 4 ─split─▶ 5
 *    └──────▶ 2 ─pool─▶ 4 ──────▶ 6
 *  3 ───────────pool─▶ 4            7 stands alone */
static const struct descent edges[] = {{4, 6, 12}, {0, 1, 10}, {0, 2, 10}, {1, 4, 11}, {2, 4, 11}, {3, 4, 11},
                                       {4, 5, 12}, {0, 1, 10}};
enum { EDGES = 8, LOTS = 8 };

static void traced(int32_t lot, enum trace way, const struct kin *want, size_t wanted)
{
    scoped_by(arena_free) struct arena arena = {0};
    struct genealogy *genealogy = genealogy_make(edges, EDGES, LOTS, &arena);
    size_t count = 99;
    ck_assert_ptr_nonnull(genealogy);
    const struct kin *found = genealogy_trace(genealogy, lot, way, &arena, &count);
    ck_assert_uint_eq(count, wanted);
    for (size_t i = 0; i < wanted; i++) {
        ck_assert_int_eq(found[i].lot, want[i].lot);
        ck_assert_int_eq(found[i].from, want[i].from);
        ck_assert_int_eq(found[i].event, want[i].event);
        ck_assert_int_eq(found[i].steps, want[i].steps);
    }
}

START_TEST(everything_a_donation_went_into)
{
    static const struct kin want[] = {{1, 0, 10, 1}, {2, 0, 10, 1}, {4, 1, 11, 2}, {5, 4, 12, 3}, {6, 4, 12, 3}};
    traced(0, TRACE_FORWARD, want, 5);
}
END_TEST

START_TEST(everything_a_lot_came_from)
{
    static const struct kin want[] = {{4, 6, 12, 1}, {1, 4, 11, 2}, {2, 4, 11, 2}, {3, 4, 11, 2}, {0, 1, 10, 3}};
    traced(6, TRACE_BACK, want, 5);
}
END_TEST

START_TEST(a_lot_without_kin)
{
    traced(7, TRACE_FORWARD, NULL, 0);
    traced(7, TRACE_BACK, NULL, 0);
    traced(0, TRACE_BACK, NULL, 0);
}
END_TEST

/* A pool of 5,000: each step is one edge. */
START_TEST(a_wide_pool)
{
    enum { MEMBERS = 5000 };
    scoped_by(arena_free) struct arena arena = {0};
    struct descent *wide = arena_new(&arena, MEMBERS, sizeof *wide);
    for (int32_t i = 0; i < MEMBERS; i++)
        wide[i] = (struct descent){i, MEMBERS, 1};
    struct genealogy *genealogy = genealogy_make(wide, MEMBERS, MEMBERS + 1, &arena);
    size_t count;
    const struct kin *found = genealogy_trace(genealogy, MEMBERS, TRACE_BACK, &arena, &count);
    ck_assert_uint_eq(count, MEMBERS);
    ck_assert_int_eq(found[MEMBERS - 1].lot, MEMBERS - 1);
    (void)genealogy_trace(genealogy, 17, TRACE_FORWARD, &arena, &count);
    ck_assert_uint_eq(count, 1);
}
END_TEST

static Suite *suite_of_genealogy(void)
{
    Suite *s = suite_create("genealogy");
    TCase *t = tcase_create("genealogy");
    tcase_add_test(t, everything_a_donation_went_into);
    tcase_add_test(t, everything_a_lot_came_from);
    tcase_add_test(t, a_lot_without_kin);
    tcase_add_test(t, a_wide_pool);
    suite_add_tcase(s, t);
    return s;
}

TEST_MAIN(suite_of_genealogy)
