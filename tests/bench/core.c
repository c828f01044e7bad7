/* bench-core [SECONDS]: how fast the judgement is, on one core. Prints one line a figure; asserts nothing.
 *
 *   segments    readings of one probe (and of four) folded into segments for ten thresholds, from sorted readings
 *   excursions  readings walked for three equipment rules
 *   exposure    one lot over 60 days and 6 places, under a policy of three temperature rules, timelines kept
 *   cold        the same with nothing kept: readings of the six places included
 *   breach      the next breach of a lot of a store of 100,000, told by its key
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "coldchain/breach.h"
#include "coldchain/clock.h"
#include "coldchain/excursion.h"
#include "coldchain/judge_private.h"
#include "common/cleanup.h"
#include "tests/helpers/chance.h"

enum { PLACES = 6, PROBES_MAX = 6, STORE_LOTS = 100000 };

static const int64_t MINUTE = 60000;
static const int64_t DAY = 86400000;

static double seconds_now(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* One value a minute that wanders around -27 °C, with a defrost a day and a gap now and then. */
static struct reading *wander(struct chance *chance, int64_t days, size_t *count, struct arena *arena)
{
    *count = 0;
    struct reading *readings = arena_new(arena, (size_t)days * 1440, sizeof *readings);
    if (!readings)
        exit(1);
    int64_t value = -27000;
    for (int64_t minute = 0; minute < days * 1440; minute++) {
        value += chance_between(chance, -90, 90) + (-27000 - value) / 40;
        int64_t defrost = minute % 1440 < 25 ? 6000 : 0;
        if (minute % 9973 < 40)
            continue;
        readings[(*count)++] =
            (struct reading){.t = minute * MINUTE, .mc = value + defrost, .boot = NONE, .good = true};
    }
    return readings;
}

/* Facts of PLACES stores with one probe each and one lot that stays ten days in each. */
struct bench {
    struct arena arena;
    struct facts facts;
    struct gateway gateway;
    struct equipment equipment[PLACES];
    struct probe probes[PROBES_MAX];
    struct placement placements[PROBES_MAX];
    struct policy policy;
    struct policy_rule rules[3];
    struct product product;
    struct lot lot;
    struct lot_life life;
    struct stay stays[2 * PLACES];
    struct life_mark mark;
};

static struct threshold above(int64_t mc)
{
    return (struct threshold){.op = OP_ABOVE, .high_mc = mc};
}

static void fill_places(struct bench *b, struct chance *chance, int64_t days)
{
    b->gateway = (struct gateway){"g", days * DAY};
    for (int32_t i = 0; i < PLACES; i++) {
        size_t count;
        const struct reading *readings = wander(chance, days, &count, &b->arena);
        b->equipment[i] = (struct equipment){.id = "E", .registered = true, .kind = "freezer", .site = NONE,
                                             .max_gap_ms = 15 * MINUTE, .container = NONE};
        b->probes[i] = (struct probe){.gateway = 0, .id = "p", .readings = readings, .reading_count = count};
        b->placements[i] = (struct placement){i, i, ROLE_PRODUCT, 0, TIME_OPEN};
    }
    b->facts.gateways = &b->gateway;
    b->facts.gateway_count = 1;
    b->facts.equipment = b->equipment;
    b->facts.equipment_count = PLACES;
    b->facts.probes = b->probes;
    b->facts.probe_count = PLACES;
    b->facts.placements = b->placements;
    b->facts.placement_count = PLACES;
}

static void fill_lot(struct bench *b)
{
    b->rules[0] = (struct policy_rule){.id = "a", .kind = RULE_TOTAL, .threshold = above(-20000), .hysteresis_mc = 500,
                                       .allowed = 72 * 60 * MINUTE, .from = EVENT_FREEZE};
    b->rules[1] = (struct policy_rule){.id = "b", .kind = RULE_OCCASIONS, .threshold = above(-15000),
                                       .hysteresis_mc = 500, .allowed = 1, .from = EVENT_FREEZE};
    b->rules[2] = (struct policy_rule){.id = "c", .kind = RULE_NEVER, .threshold = above(-5000),
                                       .hysteresis_mc = 500, .from = EVENT_FREEZE};
    b->policy = (struct policy){.id = "p", .version = 1, .max_unknown_ms = 60 * MINUTE, .handling_max_ms = 30 * MINUTE,
                                .handlings = 6, .rules = b->rules, .rule_count = 3};
    b->product = (struct product){"c", "p", NONE, NONE};
    b->lot = (struct lot){"L", true, LOT_UNIT, 0};
    b->mark = (struct life_mark){.type = EVENT_FREEZE, .event = NONE};
    for (int32_t i = 0; i < PLACES; i++) {
        b->stays[2 * i] = (struct stay){i * 10 * DAY, (i + 1) * 10 * DAY - 20 * MINUTE, {NONE, i, NONE}};
        b->stays[2 * i + 1] = (struct stay){b->stays[2 * i].to, (i + 1) * 10 * DAY, {NONE, NONE, NONE}};
    }
    b->life = (struct lot_life){.begun = true, .begun_at = 0, .ended_at = PLACES * 10 * DAY, .ended_by = NONE,
                                .product = 0, .attested_until = TIME_NONE, .stays = b->stays,
                                .stay_count = 2 * PLACES, .marks = &b->mark, .mark_count = 1,
                                .known_until = PLACES * 10 * DAY, .split_from = NONE};
    b->facts.policies = &b->policy;
    b->facts.policy_count = 1;
    b->facts.products = &b->product;
    b->facts.product_count = 1;
    b->facts.lots = &b->lot;
    b->facts.lot_count = 1;
}

/* ---- figures ---- */

static void fold_ten_thresholds(struct placed_list list, const struct carried_list *readings, size_t *segments)
{
    scoped_by(arena_free) struct arena arena = {0};
    struct track track = track_make(list, readings, 15 * MINUTE, ROLE_ANY, false, TIME_NONE, &arena);
    for (int64_t i = 0; i < 10; i++) {
        struct timeline timeline = timeline_make(track, above(-30000 + i * 2000), 500, &arena);
        *segments += timeline.count;
    }
}

static void bench_segments(struct bench *b, double seconds, size_t probes)
{
    struct placed placed[PROBES_MAX];
    struct carried_list readings[PROBES_MAX];
    size_t per_round = 0;
    for (size_t i = 0; i < probes; i++) {
        readings[i] = carry_readings(&b->probes[i], NULL, 0, &b->arena);
        placed[i] = (struct placed){(int32_t)i, 0, ROLE_PRODUCT, 0, TIME_OPEN, b->gateway.heard_through};
        per_round += readings[i].count;
    }
    size_t rounds = 0;
    size_t segments = 0;
    double begun = seconds_now();
    do {
        fold_ten_thresholds((struct placed_list){placed, probes}, readings, &segments);
        rounds++;
    } while (seconds_now() - begun < seconds);
    double took = seconds_now() - begun;
    printf("segments: %zu probe(s), ten thresholds: %.2f M readings/s (%zu readings, %zu timeline items a round)\n",
           probes, (double)(per_round * rounds) / took / 1e6, per_round, segments / rounds);
}

static void bench_excursions(struct bench *b, double seconds)
{
    struct equipment_rule rules[3];
    for (int64_t i = 0; i < 3; i++)
        rules[i] = (struct equipment_rule){"r", above(-24000 + i * 2000), 10 * MINUTE, 500, TIER_ALERT, ROLE_ANY,
                                           TIME_NONE, TIME_OPEN};
    struct equipment equipment = b->equipment[0];
    equipment.rules = rules;
    equipment.rule_count = 3;
    struct carried_list readings = carry_readings(&b->probes[0], NULL, 0, &b->arena);
    const struct placed placed = {0, 0, ROLE_PRODUCT, 0, TIME_OPEN, b->gateway.heard_through};
    size_t rounds = 0;
    size_t found = 0;
    double begun = seconds_now();
    do {
        scoped_by(arena_free) struct arena arena = {0};
        struct equipment_result result = {0};
        if (!excursions_make(&equipment, (struct placed_list){&placed, 1}, &readings, &arena, &result))
            exit(1);
        found += result.excursions.count + result.deviations.count;
        rounds++;
    } while (seconds_now() - begun < seconds);
    printf("excursions: 1 probe, three rules: %.2f M readings/s (%zu found a round)\n",
           (double)(readings.count * rounds) / (seconds_now() - begun) / 1e6, found / rounds);
}

static void judge_once(struct judge *judge, struct lot_result *result)
{
    struct why why = {0};
    if (judge_lot(judge, 0, result, &why) != DONE)
        exit(1);
}

static void bench_exposure(struct bench *b, double seconds)
{
    struct judge *judge = judge_begin(&b->facts, NULL, &b->arena);
    struct lot_result result = {0};
    size_t rounds = 0;
    if (!judge)
        exit(1);
    judge_take_lives(judge, &b->life);
    judge_once(judge, &result); /* the six places' timelines are made here and kept */
    double begun = seconds_now();
    do {
        judge_once(judge, &result);
        rounds++;
    } while (seconds_now() - begun < seconds);
    printf("exposure: 60 days, 6 places, 3 rules: %.1f us a lot with its mean temperature (over -20 for %.1f h)\n",
           (seconds_now() - begun) / (double)rounds * 1e6, (double)result.exposures[0].used / 3600000.0);
    struct verdict verdict;
    struct why why = {0};
    rounds = 0;
    begun = seconds_now();
    do {
        if (judge_verdict_cut(judge, 0, 60 * DAY, 1, &verdict, &why) != DONE)
            exit(1);
        rounds++;
    } while (seconds_now() - begun < seconds);
    printf("exposure: 60 days, 6 places, 3 rules: %.1f us a verdict alone\n",
           (seconds_now() - begun) / (double)rounds * 1e6);
}

static void bench_cold(struct bench *b)
{
    double begun = seconds_now();
    scoped_by(arena_free) struct arena arena = {0};
    struct judge *judge = judge_begin(&b->facts, NULL, &arena);
    struct lot_result result = {0};
    if (!judge)
        exit(1);
    judge_take_lives(judge, &b->life);
    judge_once(judge, &result);
    printf("cold: the same from raw readings (6 x %zu): %.1f ms\n", b->probes[0].reading_count,
           (seconds_now() - begun) * 1e3);
}

static void bench_breach(struct bench *b, struct chance *chance)
{
    struct carried_list readings = carry_readings(&b->probes[0], NULL, 0, &b->arena);
    const struct placed placed = {0, 0, ROLE_PRODUCT, 0, TIME_OPEN, b->gateway.heard_through};
    struct track track =
        track_make((struct placed_list){&placed, 1}, &readings, 15 * MINUTE, ROLE_ANY, false, TIME_NONE, &b->arena);
    struct timeline timeline = timeline_make(track, above(-24000), 500, &b->arena);
    const struct policy_rule rule = {.id = "r", .kind = RULE_TOTAL, .threshold = above(-24000), .hysteresis_mc = 500,
                                     .allowed = 600 * MINUTE};
    int64_t breached = 0;
    double begun = seconds_now();
    for (int i = 0; i < STORE_LOTS; i++) {
        struct rule_fold fold;
        rule_fold_begin(&fold, &rule);
        fold.beyond_ms = chance_between(chance, 0, 600) * MINUTE;
        breached += breach_next(&fold, &timeline, chance_between(chance, 0, 50) * DAY, TIME_OPEN) != TIME_NONE;
    }
    printf("breach: key and instant of one lot of %d: %.2f us (%" PRId64 " breach)\n", STORE_LOTS,
           (seconds_now() - begun) / STORE_LOTS * 1e6, breached);
}

int main(int argc, char **argv)
{
    double seconds = argc > 1 ? strtod(argv[1], NULL) : 1.0;
    struct bench *b = calloc(1, sizeof *b);
    struct chance chance = {20261123};
    if (!b)
        return 1;
    fill_places(b, &chance, 60);
    fill_lot(b);
    bench_segments(b, seconds, 1);
    bench_segments(b, seconds, 4);
    bench_excursions(b, seconds);
    bench_exposure(b, seconds);
    bench_cold(b);
    bench_breach(b, &chance);
    arena_free(&b->arena);
    free(b);
    return 0;
}
