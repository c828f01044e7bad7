#include "tests/property/properties.h"

#include <string.h>

#include "coldchain/clock.h"
#include "coldchain/custody.h"
#include "coldchain/scenario.h"
#include "common/cleanup.h"
#include "tests/helpers/chance.h"
#include "tests/helpers/scenario_shuffle.h"
#include "tests/property/readings.h"

/* ---- order, repetition ---- */

static bool order_says_something(struct bytes scenario, uint64_t seed, size_t *changed)
{
    struct chance chance = {seed};
    struct why why;
    scoped_by(buffer_free) struct buffer shuffled = {0};
    scoped_by(buffer_free) struct buffer first = {0};
    scoped_by(buffer_free) struct buffer second = {0};
    if (scenario_fold(scenario, NULL, &first, &why) != DONE)
        return false;
    scenario_shuffle(scenario, &chance, &shuffled);
    *changed += !bytes_equal(scenario, buffer_view(&shuffled));
    return scenario_fold(buffer_view(&shuffled), NULL, &second, &why) != DONE ||
           !bytes_equal(buffer_view(&first), buffer_view(&second));
}

/* ---- snapshots ---- */

static bool same_states(const struct custody *a, const struct custody *b, size_t lots)
{
    for (size_t i = 0; i < lots; i++) {
        struct lot_state left = *custody_state(a, (int32_t)i);
        struct lot_state right = *custody_state(b, (int32_t)i);
        if (memcmp(&left, &right, sizeof left) != 0)
            return false;
    }
    return true;
}

static bool same_stays(const struct lot_life *a, const struct lot_life *b)
{
    if (a->begun != b->begun || a->stay_count != b->stay_count || a->mark_count != b->mark_count)
        return false;
    for (size_t i = 0; i < a->stay_count; i++)
        if (memcmp(&a->stays[i], &b->stays[i], sizeof a->stays[i]) != 0)
            return false;
    for (size_t i = 0; i < a->mark_count; i++)
        if (a->marks[i].event != b->marks[i].event || a->marks[i].at != b->marks[i].at)
            return false;
    return true;
}

static bool same_findings(const struct custody *a, const struct custody *b)
{
    size_t left_count;
    size_t right_count;
    const struct conflict *left = custody_conflicts(a, &left_count);
    const struct conflict *right = custody_conflicts(b, &right_count);
    if (left_count != right_count)
        return false;
    for (size_t i = 0; i < left_count; i++)
        if (left[i].code != right[i].code || left[i].lot != right[i].lot || left[i].event != right[i].event)
            return false;
    return true;
}

static bool same_custody(const struct custody *a, const struct custody *b, size_t lots, struct arena *arena)
{
    const struct lot_life *left = custody_lives(a, arena);
    const struct lot_life *right = custody_lives(b, arena);
    if (!left || !right || !same_states(a, b, lots) || !same_findings(a, b))
        return false;
    for (size_t i = 0; i < lots; i++)
        if (!same_stays(&left[i], &right[i]))
            return false;
    return true;
}

/* fold(all) = fold(rest, from snapshot(first)), wherever the snapshot is taken. */
static bool snapshot_loses_something(struct bytes scenario, uint64_t seed, size_t *changed)
{
    scoped_by(arena_free) struct arena arena = {0};
    scoped_by(arena_free) struct arena second = {0};
    struct chance chance = {seed};
    struct facts facts;
    struct why why;
    if (scenario_read(scenario, NULL, &arena, &facts, &why) != DONE)
        return false;
    struct event_result *results = arena_new(&arena, facts.event_count, sizeof *results);
    for (size_t i = 0; i < facts.event_count; i++)
        results[i].voided_by = NONE;
    conflict_list conflicts = {0};
    size_t count = 0;
    struct sync *syncs = clock_sort(facts.syncs, facts.sync_count, &arena);
    const struct ordered_event *events = custody_order(&facts, syncs, &arena, results, &conflicts, &count);
    struct custody *whole = custody_begin(&facts, &arena);
    struct custody *first = custody_begin(&facts, &arena);
    size_t cut = (size_t)chance_between(&chance, 0, (int64_t)count);
    *changed += cut > 0 && cut < count;
    if (!events || custody_fold(whole, events, count, &why) != DONE || custody_fold(first, events, cut, &why) != DONE)
        return true;
    struct custody *rest = custody_copy(first, &second);
    /* The original goes on elsewhere: a snapshot that shares anything with it shows. */
    if (!rest || custody_fold(first, events + cut, (count - cut) / 2, &why) != DONE ||
        custody_fold(rest, events + cut, count - cut, &why) != DONE)
        return true;
    return !same_custody(whole, rest, facts.lot_count, &arena);
}

const struct property *properties(void)
{
    static const struct property all[PROPERTIES] = {
        {"order and repetition change nothing", order_says_something},
        {"snapshot and rest equal the whole", snapshot_loses_something},
        {"unknown time never improves a verdict", unknown_time_improves},
        {"readings inside the limits never worsen a verdict", good_readings_worsen},
    };
    return all;
}
