/* Custody as a library: continued from states kept elsewhere, and with memory that ends. */
#include "coldchain/custody.h"

#include <string.h>

#include "coldchain/conflicts.h"
#include "coldchain/scenario.h"
#include "common/cleanup.h"
#include "tests/helpers/check_main.h"

static const char history[] =
    "{\"sites\":[{\"id\":\"A\"},{\"id\":\"B\"}],\"equipment\":[{\"id\":\"F1\",\"site\":\"A\"}],"
    "\"lots\":[{\"id\":\"c1\",\"kind\":\"container\"},{\"id\":\"u1\"},{\"id\":\"u2\"}],\"events\":["
    "{\"id\":\"e1\",\"type\":\"collect\",\"at\":10,\"lots\":[\"u1\",\"u2\"],\"to\":{\"site\":\"A\"},\"donation\":\"d1\"},"
    "{\"id\":\"e2\",\"type\":\"pack\",\"at\":20,\"lots\":[\"u1\",\"u2\"],\"to\":{\"parent\":\"c1\"}},"
    "{\"id\":\"e3\",\"type\":\"test\",\"at\":30,\"donation\":\"d1\",\"results\":{\"hiv\":\"reactive\"}},"
    "{\"id\":\"e4\",\"type\":\"release\",\"at\":40,\"lots\":[\"u2\"]},"
    "{\"id\":\"e5\",\"type\":\"ship\",\"at\":50,\"lots\":[\"c1\"],\"to\":{\"site\":\"B\"}},"
    "{\"id\":\"e6\",\"type\":\"reject\",\"at\":60,\"lots\":[\"c1\"]}]}";

struct world {
    struct arena arena;
    struct facts facts;
    const struct ordered_event *events;
    size_t count;
};

static void begin(struct world *w)
{
    struct why why = {""};
    conflict_list conflicts = {0};
    *w = (struct world){0};
    ck_assert(scenario_read(bytes_of(history, strlen(history)), NULL, &w->arena, &w->facts, &why) == DONE);
    struct event_result *results = arena_new(&w->arena, w->facts.event_count, sizeof *results);
    for (size_t i = 0; i < w->facts.event_count; i++)
        results[i].voided_by = NONE;
    w->events = custody_order(&w->facts, NULL, &w->arena, results, &conflicts, &w->count);
    ck_assert_uint_eq(w->count, 6);
}

static struct custody *folded_to(struct world *w, size_t count)
{
    struct why why = {""};
    struct custody *custody = custody_begin(&w->facts, &w->arena);
    ck_assert(custody_fold(custody, w->events, count, &why) == DONE);
    return custody;
}

/* The ingest keeps states in a table; put back, the next events find everything as it was, contents included. */
START_TEST(continued_from_states_kept_in_a_table)
{
    struct world w;
    struct why why = {""};
    begin(&w);
    struct custody *whole = folded_to(&w, 6);
    struct custody *first = folded_to(&w, 4);
    struct custody *rest = custody_begin(&w.facts, &w.arena);
    for (int32_t lot = 0; lot < 3; lot++)
        custody_put(rest, lot, custody_state(first, lot));
    ck_assert(custody_fold(rest, w.events + 4, 2, &why) == DONE);
    for (int32_t lot = 0; lot < 3; lot++) {
        const struct lot_state *want = custody_state(whole, lot);
        const struct lot_state *have = custody_state(rest, lot);
        ck_assert_int_eq(have->in_transit, want->in_transit);
        ck_assert_int_eq(have->transit_to, want->transit_to);
        ck_assert_int_eq((int)have->stock, (int)STATE_REJECTED);
        ck_assert_int_eq(have->place.parent, want->place.parent);
        ck_assert_int_eq(have->begun_at, want->begun_at);
        ck_assert_int_eq(have->known_until, 60);
    }
    /* The release that was in force ends with the rejection. */
    size_t count;
    const struct released_span *spans = custody_releases(rest, &count);
    ck_assert_uint_eq(count, 1);
    ck_assert_int_eq(spans[0].lot, 2);
    ck_assert_int_eq(spans[0].from, 40);
    ck_assert_int_eq(spans[0].to, 60);
    arena_free(&w.arena);
}
END_TEST

START_TEST(what_came_from_what_is_told)
{
    struct world w;
    begin(&w);
    size_t count = 9;
    (void)custody_descent(folded_to(&w, 6), &count);
    ck_assert_uint_eq(count, 0);
    ck_assert(custody_effect(folded_to(&w, 6), w.events[5].index));
    arena_free(&w.arena);
}
END_TEST

START_TEST(events_are_compared_by_time_first)
{
    struct event a = {.id = "a"};
    struct event b = {.id = "b"};
    struct ordered_event one = {.event = &a, .at = 5, .gateway = 2};
    struct ordered_event two = {.event = &b, .at = 5, .gateway = 2};
    ck_assert_int_lt(ordered_compare(&one, &two), 0); /* nothing but the id tells them apart */
    two.position = -1;
    ck_assert_int_gt(ordered_compare(&one, &two), 0);
    one.seq = -1;
    ck_assert_int_lt(ordered_compare(&one, &two), 0);
    two.epoch = -1;
    ck_assert_int_gt(ordered_compare(&one, &two), 0);
    one.gateway = 1;
    ck_assert_int_lt(ordered_compare(&one, &two), 0);
    two.at = 4;
    ck_assert_int_gt(ordered_compare(&one, &two), 0);
    ck_assert_int_eq(ordered_compare(&one, &one), 0);
}
END_TEST

static Suite *suite_of_custody_fold(void)
{
    Suite *s = suite_create("custody fold");
    TCase *t = tcase_create("custody fold");
    tcase_add_test(t, continued_from_states_kept_in_a_table);
    tcase_add_test(t, what_came_from_what_is_told);
    tcase_add_test(t, events_are_compared_by_time_first);
    suite_add_tcase(s, t);
    return s;
}

TEST_MAIN(suite_of_custody_fold)
