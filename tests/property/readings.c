#include "tests/property/readings.h"

#include <stdlib.h>
#include <string.h>

#include "coldchain/core.h"
#include "coldchain/scenario.h"
#include "coldchain/threshold.h"
#include "common/cleanup.h"
#include "tests/helpers/chance.h"

/* ---- inside ---- */

/* Inside by the hysteresis, so that it would close a run too. */
static bool is_well_inside(const struct policy_rule *rule, int64_t mc)
{
    return !threshold_beyond(threshold_inward(rule->threshold, rule->hysteresis_mc), mc, mc);
}

/* Whichever calibration holds. */
static bool is_inside_rule(const struct policy_rule *rule, const struct probe *probe, int64_t raw_mc)
{
    if (rule->kind == RULE_DEADLINE)
        return true;
    if (!is_well_inside(rule, raw_mc))
        return false;
    for (size_t i = 0; i < probe->calibration_count; i++)
        if (!is_well_inside(rule, raw_mc + probe->calibrations[i].offset_mc))
            return false;
    return true;
}

static bool is_inside_everywhere(const struct facts *facts, const struct probe *probe, int64_t raw_mc)
{
    for (size_t p = 0; p < facts->policy_count; p++)
        for (size_t r = 0; r < facts->policies[p].rule_count; r++)
            if (!is_inside_rule(&facts->policies[p].rules[r], probe, raw_mc))
                return false;
    return true;
}

/* A raw value inside every limit, whatever the calibration; false when limits leave none. */
static bool find_inside(const struct facts *facts, const struct probe *probe, int64_t *mc)
{
    for (*mc = -90000; *mc <= 40000; *mc += 500)
        if (is_inside_everywhere(facts, probe, *mc))
            return true;
    return false;
}

/* ---- a plainer scenario ---- */

static bool leave_something_inside(const struct facts *facts)
{
    int64_t mc;
    for (size_t i = 0; i < facts->probe_count; i++)
        if (!find_inside(facts, &facts->probes[i], &mc))
            return false;
    return true;
}

static bool is_band(const struct policy_rule *rule)
{
    return rule->kind != RULE_DEADLINE && rule->threshold.op == OP_OUTSIDE;
}

/* Adds those rules of one policy, bands or the others, that leave something inside. */
static void add_rules(const struct facts *facts, const struct policy *said, bool bands, struct policy *policy,
                      struct policy_rule *kept)
{
    for (size_t i = 0; i < said->rule_count; i++) {
        if (is_band(&said->rules[i]) != bands)
            continue;
        kept[policy->rule_count++] = said->rules[i];
        if (!leave_something_inside(facts))
            policy->rule_count--;
    }
}

/* Keeps the rules that agree: deadlines and limits before bands, since most equipment of the scenarios is cold. */
static bool keep_rules(struct facts *facts, struct arena *arena)
{
    const struct policy *said = facts->policies;
    size_t count = facts->policy_count;
    struct policy *policies = arena_copy(arena, said, count, sizeof *policies);
    struct policy_rule **kept = arena_new(arena, count, sizeof *kept);
    if (!policies || !kept)
        return false;
    for (size_t i = 0; i < count; i++) {
        kept[i] = arena_new(arena, said[i].rule_count, sizeof **kept);
        if (!kept[i])
            return false;
        policies[i].rules = kept[i];
        policies[i].rule_count = 0;
    }
    facts->policies = policies;
    for (int bands = 0; bands < 2; bands++)
        for (size_t i = 0; i < count; i++)
            add_rules(facts, &said[i], bands == 1, &policies[i], kept[i]);
    return true;
}

static void keep_timed_readings(struct probe *probe, struct arena *arena)
{
    struct reading *readings = arena_new(arena, probe->reading_count, sizeof *readings);
    size_t kept = 0;
    for (size_t i = 0; i < probe->reading_count && readings; i++)
        if (probe->readings[i].boot == NONE)
            readings[kept++] = probe->readings[i];
    probe->readings = readings;
    probe->reading_count = kept;
}

static struct probe *changeable_probes(struct facts *facts, struct arena *arena)
{
    struct probe *probes = arena_copy(arena, facts->probes, facts->probe_count, sizeof *probes);
    facts->probes = probes;
    return probes;
}

static bool read_plain(struct bytes scenario, struct arena *arena, struct facts *facts)
{
    struct why why;
    if (scenario_read(scenario, NULL, arena, facts, &why) != DONE)
        return false;
    struct probe *probes = changeable_probes(facts, arena);
    for (size_t i = 0; i < facts->probe_count && probes; i++)
        keep_timed_readings(&probes[i], arena);
    return keep_rules(facts, arena) && !arena->failed;
}

/* ---- verdicts ---- */

static bool unknown_moved(const struct lot_result *before, const struct lot_result *after)
{
    if (before->exposure_count != after->exposure_count)
        return true;
    for (size_t i = 0; i < before->exposure_count; i++)
        if (before->exposures[i].unknown_ms != after->exposures[i].unknown_ms)
            return true;
    return false;
}

/* True when some lot's verdict is better (sign 1) or worse (sign −1) with the second facts. */
static bool verdict_moved(const struct facts *before, const struct facts *after, struct arena *arena, int sign,
                          size_t *changed)
{
    struct results first;
    struct results second;
    struct why why;
    if (core_fold(before, arena, &first, &why) != DONE || core_fold(after, arena, &second, &why) != DONE)
        return true;
    for (size_t i = 0; i < before->lot_count; i++) {
        const struct verdict *old = &first.lots[i].verdict;
        const struct verdict *now = &second.lots[i].verdict;
        *changed += unknown_moved(&first.lots[i], &second.lots[i]);
        if (old->given && ((int)now->word - (int)old->word) * sign < 0)
            return true;
    }
    return false;
}

/* ---- more unknown time ---- */

/* Where readings are lost: a part of them everywhere, or all of one stretch of time, which leaves no probe to see it. */
struct loss {
    int64_t from;
    int64_t to;
    int percent;
};

static struct loss some_loss(const struct facts *facts, struct chance *chance)
{
    int64_t first = INT64_MAX;
    int64_t last = INT64_MIN;
    for (size_t i = 0; i < facts->probe_count; i++)
        for (size_t k = 0; k < facts->probes[i].reading_count; k++) {
            int64_t t = facts->probes[i].readings[k].t;
            first = t < first ? t : first;
            last = t > last ? t : last;
        }
    if (first >= last || chance_percent(chance, 30))
        return (struct loss){INT64_MIN, INT64_MAX, 20};
    int64_t from = chance_between(chance, first, last);
    return (struct loss){from, chance_between(chance, from, last), 100};
}

/* Good readings inside every limit become bad: unknown time comes where good time was. */
bool unknown_time_improves(struct bytes scenario, uint64_t seed, size_t *changed)
{
    scoped_by(arena_free) struct arena arena = {0};
    struct chance chance = {seed};
    struct facts before;
    if (!read_plain(scenario, &arena, &before))
        return false;
    struct facts after = before;
    struct probe *probes = changeable_probes(&after, &arena);
    struct loss loss = some_loss(&before, &chance);
    for (size_t i = 0; i < after.probe_count; i++) {
        struct reading *readings =
            arena_copy(&arena, probes[i].readings, probes[i].reading_count, sizeof *readings);
        for (size_t k = 0; k < probes[i].reading_count; k++)
            if (readings[k].t >= loss.from && readings[k].t <= loss.to && chance_percent(&chance, loss.percent) &&
                is_inside_everywhere(&before, &probes[i], readings[k].mc))
                readings[k].good = false;
        probes[i].readings = readings;
    }
    return verdict_moved(&before, &after, &arena, 1, changed);
}

/* ---- more readings ---- */

static int by_time(const void *a, const void *b)
{
    const struct reading *left = a;
    const struct reading *right = b;
    return (left->t > right->t) - (left->t < right->t);
}

/* The longest that a reading carries in any equipment. */
static int64_t longest_carry_ms(const struct facts *facts)
{
    int64_t longest = 0;
    for (size_t i = 0; i < facts->equipment_count; i++)
        if (facts->equipment[i].max_gap_ms > longest)
            longest = facts->equipment[i].max_gap_ms;
    return longest;
}

/* Puts a reading inside every limit into the silences of a probe, where the one before carries no more. */
static void fill_silences(const struct facts *facts, struct probe *probe, struct chance *chance, struct arena *arena)
{
    int64_t carry_ms = longest_carry_ms(facts);
    int64_t mc;
    size_t count = probe->reading_count;
    struct reading *readings = arena_new(arena, count * 2 + 1, sizeof *readings);
    if (!readings || count == 0 || !find_inside(facts, probe, &mc))
        return;
    memcpy(readings, probe->readings, count * sizeof *readings);
    qsort(readings, count, sizeof *readings, by_time);
    for (size_t i = 1; i < probe->reading_count; i++) {
        if (readings[i].t - readings[i - 1].t <= carry_ms + 1 || !chance_percent(chance, 70))
            continue;
        readings[count++] =
            (struct reading){.t = readings[i - 1].t + carry_ms, .mc = mc, .boot = NONE, .good = true};
    }
    probe->readings = readings;
    probe->reading_count = count;
}

bool good_readings_worsen(struct bytes scenario, uint64_t seed, size_t *changed)
{
    scoped_by(arena_free) struct arena arena = {0};
    struct chance chance = {seed};
    struct facts before;
    if (!read_plain(scenario, &arena, &before))
        return false;
    struct facts after = before;
    struct probe *probes = changeable_probes(&after, &arena);
    for (size_t i = 0; i < after.probe_count; i++)
        fill_silences(&before, &probes[i], &chance, &arena);
    return verdict_moved(&before, &after, &arena, -1, changed);
}
