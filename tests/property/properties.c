#include "tests/property/properties.h"

#include <stdlib.h>
#include <string.h>

#include "coldchain/clock.h"
#include "coldchain/core.h"
#include "coldchain/custody.h"
#include "coldchain/scenario.h"
#include "coldchain/threshold.h"
#include "common/cleanup.h"
#include "tests/helpers/chance.h"
#include "tests/helpers/scenario_shuffle.h"

/* ---- order, repetition ---- */

static bool order_says_something(struct bytes scenario, uint64_t seed)
{
    struct chance chance = {seed};
    struct why why;
    scoped_by(buffer_free) struct buffer shuffled = {0};
    scoped_by(buffer_free) struct buffer first = {0};
    scoped_by(buffer_free) struct buffer second = {0};
    if (scenario_fold(scenario, NULL, &first, &why) != DONE)
        return false;
    scenario_shuffle(scenario, &chance, &shuffled);
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
static bool snapshot_loses_something(struct bytes scenario, uint64_t seed)
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
    if (!events || custody_fold(whole, events, count, &why) != DONE || custody_fold(first, events, cut, &why) != DONE)
        return true;
    struct custody *rest = custody_copy(first, &second);
    /* The original goes on elsewhere: a snapshot that shares anything with it shows. */
    if (!rest || custody_fold(first, events + cut, (count - cut) / 2, &why) != DONE ||
        custody_fold(rest, events + cut, count - cut, &why) != DONE)
        return true;
    return !same_custody(whole, rest, facts.lot_count, &arena);
}

/* ---- readings ---- */

/* Inside by the hysteresis, so that it would close a run too. */
static bool is_well_inside(const struct policy_rule *rule, int64_t mc)
{
    return !threshold_beyond(threshold_inward(rule->threshold, rule->hysteresis_mc), mc, mc);
}

static bool is_inside_everywhere(const struct facts *facts, const struct probe *probe, int64_t raw_mc)
{
    for (size_t p = 0; p < facts->policy_count; p++)
        for (size_t r = 0; r < facts->policies[p].rule_count; r++) {
            const struct policy_rule *rule = &facts->policies[p].rules[r];
            if (rule->kind == RULE_DEADLINE)
                continue;
            if (!is_well_inside(rule, raw_mc))
                return false;
            for (size_t i = 0; i < probe->calibration_count; i++)
                if (!is_well_inside(rule, raw_mc + probe->calibrations[i].offset_mc))
                    return false;
        }
    return true;
}

static struct probe *changeable_probes(struct facts *facts, struct arena *arena)
{
    struct probe *probes = arena_copy(arena, facts->probes, facts->probe_count, sizeof *probes);
    facts->probes = probes;
    return probes;
}

/* True when some lot's verdict is better (sign 1) or worse (sign −1) with the second facts. */
static bool verdict_moved(const struct facts *before, const struct facts *after, struct arena *arena, int sign)
{
    struct results first;
    struct results second;
    struct why why;
    if (core_fold(before, arena, &first, &why) != DONE || core_fold(after, arena, &second, &why) != DONE)
        return true;
    for (size_t i = 0; i < before->lot_count; i++) {
        const struct verdict *old = &first.lots[i].verdict;
        const struct verdict *now = &second.lots[i].verdict;
        if (old->given && ((int)now->word - (int)old->word) * sign < 0)
            return true;
    }
    return false;
}

/* Good readings inside every limit become bad: unknown time comes where good time was. */
static bool unknown_time_improves(struct bytes scenario, uint64_t seed)
{
    scoped_by(arena_free) struct arena arena = {0};
    struct chance chance = {seed};
    struct facts before;
    struct why why;
    if (scenario_read(scenario, NULL, &arena, &before, &why) != DONE)
        return false;
    struct facts after = before;
    struct probe *probes = changeable_probes(&after, &arena);
    for (size_t i = 0; i < after.probe_count; i++) {
        struct reading *readings =
            arena_copy(&arena, probes[i].readings, probes[i].reading_count, sizeof *readings);
        for (size_t k = 0; k < probes[i].reading_count; k++)
            if (chance_percent(&chance, 20) && is_inside_everywhere(&before, &probes[i], readings[k].mc))
                readings[k].good = false;
        probes[i].readings = readings;
    }
    return verdict_moved(&before, &after, &arena, 1);
}

static int by_time(const void *a, const void *b)
{
    const struct reading *left = a;
    const struct reading *right = b;
    return (left->t > right->t) - (left->t < right->t);
}

/* A raw value inside every limit, whatever the calibration; false when limits leave none. */
static bool find_inside(const struct facts *facts, const struct probe *probe, int64_t *mc)
{
    for (*mc = -90000; *mc <= 40000; *mc += 500)
        if (is_inside_everywhere(facts, probe, *mc))
            return true;
    return false;
}

/* Fills the silences of a probe with a reading inside every limit. */
static void fill_silences(const struct facts *facts, struct probe *probe, struct chance *chance, struct arena *arena)
{
    enum { LONG_SILENCE_MS = 3 * 60 * 60 * 1000 }; /* longer than any carry of the random scenarios, twice */
    int64_t mc;
    struct reading *readings = arena_new(arena, probe->reading_count * 2 + 1, sizeof *readings);
    for (size_t i = 0; i < probe->reading_count; i++)
        if (probe->readings[i].boot != NONE)
            return;
    if (!find_inside(facts, probe, &mc) || probe->reading_count == 0)
        return;
    size_t count = probe->reading_count;
    memcpy(readings, probe->readings, count * sizeof *readings);
    qsort(readings, count, sizeof *readings, by_time);
    for (size_t i = 1; i < probe->reading_count; i++) {
        int64_t silence = readings[i].t - readings[i - 1].t;
        if (silence < 2 * LONG_SILENCE_MS || !chance_percent(chance, 70))
            continue;
        struct reading inside = {.t = readings[i - 1].t + LONG_SILENCE_MS, .mc = mc, .boot = NONE, .good = true};
        readings[count++] = inside;
    }
    probe->readings = readings;
    probe->reading_count = count;
}

static bool good_readings_worsen(struct bytes scenario, uint64_t seed)
{
    scoped_by(arena_free) struct arena arena = {0};
    struct chance chance = {seed};
    struct facts before;
    struct why why;
    if (scenario_read(scenario, NULL, &arena, &before, &why) != DONE)
        return false;
    struct facts after = before;
    struct probe *probes = changeable_probes(&after, &arena);
    for (size_t i = 0; i < after.probe_count; i++)
        fill_silences(&before, &probes[i], &chance, &arena);
    return verdict_moved(&before, &after, &arena, -1);
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
