#include "coldchain/timeline.h"

#include "common/cleanup.h"
#include "tests/helpers/check_main.h"
#include "tests/helpers/world.h"

/* Values in minutes 0-10 … of a freezer judged by > -20 with H = 2: */
static const struct track_piece pieces[] = {
    {MIN(0), MIN(10), -25000, -25000, true, false},  /* inside by H */
    {MIN(10), MIN(20), -20000, -19000, true, false}, /* beyond: run 1 */
    {MIN(20), MIN(30), -21000, -21000, true, false}, /* near: the run stays open */
    {MIN(30), MIN(40), -19999, -19999, true, false}, /* beyond, still run 1 */
    {MIN(40), MIN(50), 0, 0, false, false},          /* unknown: ends the counted run, not the other */
    {MIN(50), MIN(60), -10000, -10000, true, true},  /* beyond though a gateway is pending: run 2 */
    {MIN(60), MIN(70), -25000, -25000, true, true},  /* inside, but pending */
    {MIN(70), MIN(80), -22000, -22000, true, false}, /* exactly T - H: inside by H, closes */
};
static const struct track track = {pieces, 8};

START_TEST(levels_of_each_piece)
{
    scoped_by(arena_free) struct arena arena = {0};
    struct timeline t = timeline_make(track, above_c(-20), 2000, &arena);
    const enum level levels[] = {LEVEL_INSIDE, LEVEL_BEYOND, LEVEL_NEAR,    LEVEL_BEYOND,
                                 LEVEL_UNKNOWN, LEVEL_BEYOND, LEVEL_PENDING, LEVEL_INSIDE};
    ck_assert_uint_eq(t.count, 8);
    for (size_t i = 0; i < 8; i++)
        ck_assert_int_eq((int)t.items[i].level, (int)levels[i]);
}
END_TEST

START_TEST(running_sums_by_hand)
{
    scoped_by(arena_free) struct arena arena = {0};
    struct timeline t = timeline_make(track, above_c(-20), 2000, &arena);
    struct sums s = timeline_sums(&t, MIN(35)); /* beyond 10-20 and 30-35 */
    ck_assert_int_eq(s.beyond_ms, MIN(15));
    ck_assert_int_eq(s.runs, 1);
    ck_assert_int_eq(s.run_from, MIN(10));
    s = timeline_sums(&t, MIN(55)); /* 10 + 10 + 5; unknown 40-50 */
    ck_assert_int_eq(s.beyond_ms, MIN(25));
    ck_assert_int_eq(s.unknown_ms, MIN(10));
    ck_assert_int_eq(s.runs, 2);
    ck_assert_int_eq(s.run_from, MIN(10)); /* joined over the unknown time */
    s = timeline_sums(&t, MIN(80));
    ck_assert_int_eq(s.pending_ms, MIN(10));
    ck_assert(s.run_from == TIME_NONE);
    ck_assert_int_eq(timeline_sums(&t, -5).beyond_ms, 0);
    ck_assert_int_eq(timeline_sums(&t, MIN(10)).runs, 0);
    ck_assert_int_eq(timeline_sums(&t, MIN(10) + 1).runs, 1);
}
END_TEST

/* Sums from nothing between any two instants equal the difference of the running sums. */
START_TEST(running_sums_equal_sums_from_nothing)
{
    scoped_by(arena_free) struct arena arena = {0};
    struct timeline t = timeline_make(track, above_c(-20), 2000, &arena);
    for (int64_t from = 0; from < 80; from += 3)
        for (int64_t to = from; to <= 80; to += 7) {
            int64_t beyond = 0;
            for (size_t i = 0; i < t.count; i++) {
                int64_t a = t.items[i].from > MIN(from) ? t.items[i].from : MIN(from);
                int64_t b = t.items[i].to < MIN(to) ? t.items[i].to : MIN(to);
                beyond += t.items[i].level == LEVEL_BEYOND && b > a ? b - a : 0;
            }
            ck_assert_int_eq(timeline_sums(&t, MIN(to)).beyond_ms - timeline_sums(&t, MIN(from)).beyond_ms, beyond);
        }
}
END_TEST

START_TEST(a_fold_from_its_snapshot_equals_the_whole)
{
    scoped_by(arena_free) struct arena arena = {0};
    struct timeline whole = timeline_make(track, above_c(-20), 2000, &arena);
    for (size_t cut = 0; cut <= 8; cut++) {
        struct timeline_fold first;
        struct timeline_item done;
        size_t given = 0;
        timeline_fold_begin(&first, above_c(-20), 2000);
        for (size_t i = 0; i < cut; i++)
            given += timeline_fold_add(&first, &pieces[i], &done);
        struct timeline_fold rest = first; /* the snapshot */
        for (size_t i = cut; i < 8; i++)
            if (timeline_fold_add(&rest, &pieces[i], &done)) {
                const struct sums *before = &whole.items[given++].before;
                ck_assert_int_eq(done.before.beyond_ms, before->beyond_ms);
                ck_assert_int_eq(done.before.unknown_ms, before->unknown_ms);
                ck_assert_int_eq(done.before.pending_ms, before->pending_ms);
                ck_assert_int_eq(done.before.runs, before->runs);
                ck_assert_int_eq(done.before.run_from, before->run_from);
            }
        ck_assert_uint_eq(given, 7);
        ck_assert_int_eq(rest.current.before.beyond_ms, whole.items[7].before.beyond_ms);
    }
}
END_TEST

START_TEST(segments_merge_when_equal_and_near_is_inside)
{
    scoped_by(arena_free) struct arena arena = {0};
    struct timeline t = timeline_make(track, above_c(-18), 4000, &arena);
    struct segments s = timeline_segments(&t, ROLE_ANY, &arena);
    /* > -18: 0-40 inside (10-40 near), 40-50 unknown, 50-60 beyond, 60-70 pending, 70-80 inside */
    ck_assert_uint_eq(s.count, 5);
    assert_segment(&s, 0, MIN(0), MIN(40), SEGMENT_INSIDE);
    assert_segment(&s, 1, MIN(40), MIN(50), SEGMENT_UNKNOWN);
    assert_segment(&s, 2, MIN(50), MIN(60), SEGMENT_BEYOND);
    assert_segment(&s, 3, MIN(60), MIN(70), SEGMENT_PENDING);
    assert_segment(&s, 4, MIN(70), MIN(80), SEGMENT_INSIDE);
    ck_assert_int_eq((int)level_state(LEVEL_HANDLING), (int)SEGMENT_HANDLING);
}
END_TEST

START_TEST(a_track_runs_from_the_first_placement_to_the_last_and_merges_equal_values)
{
    scoped_by(world_free) struct world w = {0};
    int32_t probe = world_simple_store(&w);
    w.placements[0].to = MIN(60);
    world_hold(&w, probe, 0, 60, -25);
    struct judge *judge = world_judge(&w);
    struct equipment_result result;
    struct why why = {0};
    (void)world_rule(&w, "warm", above_c(-20), 0, 0);
    ck_assert_int_eq(judge_equipment(judge, 0, &result, &why), DONE);
    ck_assert_uint_eq(result.timeline_count, 1);
    ck_assert_uint_eq(result.timelines[0].count, 1);
    assert_segment(&result.timelines[0], 0, 0, MIN(60), SEGMENT_INSIDE);
}
END_TEST

START_TEST(finding_the_item_of_an_instant)
{
    scoped_by(arena_free) struct arena arena = {0};
    struct timeline t = timeline_make(track, above_c(-20), 2000, &arena);
    ck_assert_uint_eq(timeline_find(&t, 0), 0);
    ck_assert_uint_eq(timeline_find(&t, MIN(10) - 1), 0);
    ck_assert_uint_eq(timeline_find(&t, MIN(10)), 1);
    ck_assert_uint_eq(timeline_find(&t, MIN(80)), 8);
    ck_assert_uint_eq(timeline_find(&t, -1), 8);
}
END_TEST

static Suite *suite_of_timeline(void)
{
    Suite *suite = suite_create("timeline");
    TCase *cases = tcase_create("timeline");
    tcase_add_test(cases, levels_of_each_piece);
    tcase_add_test(cases, running_sums_by_hand);
    tcase_add_test(cases, running_sums_equal_sums_from_nothing);
    tcase_add_test(cases, a_fold_from_its_snapshot_equals_the_whole);
    tcase_add_test(cases, segments_merge_when_equal_and_near_is_inside);
    tcase_add_test(cases, a_track_runs_from_the_first_placement_to_the_last_and_merges_equal_values);
    tcase_add_test(cases, finding_the_item_of_an_instant);
    suite_add_tcase(suite, cases);
    return suite;
}

TEST_MAIN(suite_of_timeline)
