/* judged [FROM [COUNT]]: what must hold of verdicts on any scenario.
 *
 *   running sums    of a store, taken as differences over a lot's stays, equal the lot's own exposure from nothing
 *   more readings   inside the limits, put where a probe was silent, never worsen a verdict
 *   more unknown    a reading inside the limits taken away never improves one
 *
 * Prints the seed of what fails and exits 1. Seeds FROM … FROM + COUNT - 1 (default 0, 300).
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coldchain/carry.h"
#include "coldchain/clock.h"
#include "coldchain/core.h"
#include "coldchain/judge_private.h"
#include "coldchain/policy.h"
#include "coldchain/scenario.h"
#include "coldchain/threshold.h"
#include "common/cleanup.h"
#include "tests/helpers/chance.h"
#include "tests/helpers/scenario_make.h"

enum { CHANGES_PER_SCENARIO = 4 };

struct trial {
    uint64_t seed;
    struct arena arena;
    struct facts facts;
    struct results results;
    struct chance chance;
    int64_t sums_compared;
    int64_t verdicts_compared;
    int failed;
};

static void stop_on(enum outcome outcome, const struct why *why)
{
    if (outcome == DONE)
        return;
    fprintf(stderr, "judged: %s\n", why->text);
    exit(2);
}

/* ---- running sums ---- */

static void compare_sums(struct trial *trial, struct judge *judge, const struct lot_result *lot, size_t index)
{
    const struct policy *policy = lot->verdict.policy;
    const struct policy_rule *rule = &policy->rules[index];
    int64_t beyond = 0;
    if (!policy_rule_is_temperature(rule) || rule->phase != PHASE_ANY || rule->from || rule->to)
        return;
    for (size_t i = 0; i < lot->where_count; i++) {
        const struct whereabouts *where = &lot->where[i];
        if (where->equipment == NONE)
            continue;
        struct timeline timeline = judge_timeline(judge, where->equipment, policy->lapsed_is_unproven,
                                                  rule->threshold, rule->hysteresis_mc);
        beyond += timeline_sums(&timeline, where->to).beyond_ms - timeline_sums(&timeline, where->from).beyond_ms;
    }
    trial->sums_compared++;
    if (beyond == lot->exposures[index].beyond_ms)
        return;
    trial->failed++;
    printf("seed %" PRIu64 ": rule %s: running sums say %" PRId64 " ms beyond, the life %" PRId64 "\n", trial->seed,
           rule->id, beyond, lot->exposures[index].beyond_ms);
}

static void check_sums(struct trial *trial)
{
    struct sync *syncs = clock_sort(trial->facts.syncs, trial->facts.sync_count, &trial->arena);
    struct judge *judge = judge_begin(&trial->facts, syncs, &trial->arena);
    if (!judge)
        exit(2);
    for (size_t i = 0; i < trial->facts.lot_count; i++) {
        const struct lot_result *lot = &trial->results.lots[i];
        /* Of an ended life every figure counts to its end, so the sums need no horizon. */
        if (!lot->verdict.given || !lot->verdict.policy || lot->life.ended_at == TIME_OPEN)
            continue;
        for (size_t k = 0; k < lot->exposure_count; k++)
            compare_sums(trial, judge, lot, k);
    }
}

/* ---- changed readings ---- */

/* Would this value be inside by the hysteresis for every temperature rule that judges the lot? */
static bool inside_for(const struct lot_result *lot, int64_t mc)
{
    const struct policy *policy = lot->verdict.policy;
    for (size_t i = 0; i < policy->rule_count; i++) {
        const struct policy_rule *rule = &policy->rules[i];
        if (policy_rule_is_temperature(rule) &&
            threshold_beyond(threshold_inward(rule->threshold, rule->hysteresis_mc), mc, mc))
            return false;
    }
    return true;
}

/* Judges the facts with one probe's readings replaced and compares each lot the value is inside for. */
static void compare_changed(struct trial *trial, size_t probe, const struct reading *readings, size_t count,
                            int64_t mc, bool better)
{
    struct facts changed = trial->facts;
    struct results results;
    struct why why = {0};
    struct probe *probes = arena_copy(&trial->arena, changed.probes, changed.probe_count, sizeof *probes);
    if (!probes)
        exit(2);
    probes[probe].readings = readings;
    probes[probe].reading_count = count;
    changed.probes = probes;
    stop_on(core_fold(&changed, &trial->arena, &results, &why), &why);
    for (size_t i = 0; i < changed.lot_count; i++) {
        const struct lot_result *before = &trial->results.lots[i];
        const struct verdict *after = &results.lots[i].verdict;
        if (!before->verdict.given || !before->verdict.policy || before->life.member_count > 0 ||
            !inside_for(before, mc))
            continue;
        trial->verdicts_compared++;
        if (better ? after->word <= before->verdict.word : after->word >= before->verdict.word)
            continue;
        trial->failed++;
        printf("seed %" PRIu64 ": lot %s: a reading of %" PRId64 " mc %s made the verdict %d of %d (0 clean, 3 breached)\n",
               trial->seed, changed.lots[i].id, mc, better ? "more" : "less", (int)after->word,
               (int)before->verdict.word);
    }
}

/* The reading of a probe to copy or to take away: plain, good, and of no calibration, so that raw is used. */
static const struct reading *any_reading(struct trial *trial, size_t *probe)
{
    if (trial->facts.probe_count == 0)
        return NULL;
    *probe = (size_t)chance_between(&trial->chance, 0, (int64_t)trial->facts.probe_count - 1);
    const struct probe *p = &trial->facts.probes[*probe];
    if (p->reading_count == 0 || p->calibration_count > 0)
        return NULL;
    const struct reading *reading =
        &p->readings[chance_between(&trial->chance, 0, (int64_t)p->reading_count - 1)];
    return reading->good && reading->boot == NONE ? reading : NULL;
}

/* Does this probe carry a value at `at`, or could it for any equipment's max_gap? */
static bool carries(const struct trial *trial, size_t probe, int64_t at)
{
    int64_t longest = 0;
    for (size_t i = 0; i < trial->facts.equipment_count; i++)
        if (trial->facts.equipment[i].max_gap_ms > longest)
            longest = trial->facts.equipment[i].max_gap_ms;
    struct arena arena = {0};
    struct sync *syncs = clock_sort(trial->facts.syncs, trial->facts.sync_count, &arena);
    struct carried_list list = carry_readings(&trial->facts.probes[probe], syncs, trial->facts.sync_count, &arena);
    bool found = false;
    for (size_t i = 0; i < list.count; i++)
        found |= list.items[i].t <= at && at < list.items[i].t + longest;
    arena_free(&arena);
    return found;
}

static void add_reading(struct trial *trial)
{
    size_t probe = 0;
    const struct reading *like = any_reading(trial, &probe);
    if (!like)
        return;
    const struct probe *p = &trial->facts.probes[probe];
    int64_t at = like->t + chance_between(&trial->chance, -600, 600) * 60000;
    if (carries(trial, probe, at))
        return;
    /* Not later than what is known: it must not move a watermark that nobody stated. */
    int64_t latest = TIME_NONE;
    for (size_t i = 0; i < p->reading_count; i++)
        if (p->readings[i].boot == NONE && p->readings[i].t > latest)
            latest = p->readings[i].t;
    if (at > latest)
        return;
    struct reading *readings = arena_new(&trial->arena, p->reading_count + 1, sizeof *readings);
    if (!readings)
        exit(2);
    memcpy(readings, p->readings, p->reading_count * sizeof *readings);
    readings[p->reading_count] = *like;
    readings[p->reading_count].t = at;
    compare_changed(trial, probe, readings, p->reading_count + 1, like->mc, true);
}

static void spoil_reading(struct trial *trial)
{
    size_t probe = 0;
    const struct reading *chosen = any_reading(trial, &probe);
    if (!chosen)
        return;
    const struct probe *p = &trial->facts.probes[probe];
    struct reading *readings = arena_copy(&trial->arena, p->readings, p->reading_count, sizeof *readings);
    if (!readings)
        exit(2);
    /* Everything of that instant, or another reading of it would speak in its place. */
    for (size_t i = 0; i < p->reading_count; i++)
        if (readings[i].t == chosen->t && readings[i].mc == chosen->mc)
            readings[i].good = false;
        else if (readings[i].boot == NONE && readings[i].t == chosen->t)
            return;
    compare_changed(trial, probe, readings, p->reading_count, chosen->mc, false);
}

/* ---- one scenario ---- */

static int try_seed(uint64_t seed, int64_t *sums, int64_t *verdicts)
{
    struct trial trial = {.seed = seed, .chance = {seed}};
    scoped_by(buffer_free) struct buffer text = {0};
    struct why why = {0};
    scenario_make(seed, &text);
    stop_on(scenario_read(buffer_view(&text), NULL, &trial.arena, &trial.facts, &why), &why);
    stop_on(core_fold(&trial.facts, &trial.arena, &trial.results, &why), &why);
    check_sums(&trial);
    for (int i = 0; i < CHANGES_PER_SCENARIO; i++) {
        add_reading(&trial);
        spoil_reading(&trial);
    }
    *sums += trial.sums_compared;
    *verdicts += trial.verdicts_compared;
    arena_free(&trial.arena);
    return trial.failed;
}

int main(int argc, char **argv)
{
    uint64_t from = argc > 1 ? strtoull(argv[1], NULL, 0) : 0;
    uint64_t count = argc > 2 ? strtoull(argv[2], NULL, 0) : 300;
    int64_t sums = 0;
    int64_t verdicts = 0;
    int failed = 0;
    for (uint64_t seed = from; seed < from + count; seed++)
        failed += try_seed(seed, &sums, &verdicts);
    printf("seeds %" PRIu64 " to %" PRIu64 ": %" PRId64 " sums and %" PRId64 " verdicts compared, %d failed\n", from,
           from + count - 1, sums, verdicts, failed);
    /* A run that compared nothing has shown nothing. */
    return failed || sums == 0 || verdicts == 0 ? 1 : 0;
}
