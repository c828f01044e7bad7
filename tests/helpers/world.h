/* A small world for the tests of the core: a few gateways, stores, probes and lots, filled by hand.
 *
 * Times are minutes in the calls and milliseconds in the facts, temperatures whole degrees Celsius in the calls where
 * the name says `c` and millidegrees where it says `mc`. Everything lives in the world's arena.
 */
#ifndef TESTS_HELPERS_WORLD_H
#define TESTS_HELPERS_WORLD_H

#include <check.h>

#include "coldchain/arena.h"
#include "coldchain/clock.h"
#include "coldchain/facts.h"
#include "coldchain/judge.h"

#define MIN(minutes) ((int64_t)(minutes)*60000)
#define HOURS(hours) MIN((hours)*60)

enum { WORLD_ROOM = 16, WORLD_READINGS = 64 };

struct world {
    struct arena arena;
    struct facts facts;
    struct gateway gateways[WORLD_ROOM];
    struct site sites[WORLD_ROOM];
    struct equipment equipment[WORLD_ROOM];
    struct equipment_rule rules[WORLD_ROOM]; /* all of equipment 0 */
    struct placement placements[WORLD_ROOM];
    struct probe probes[WORLD_ROOM];
    struct calibration calibrations[WORLD_ROOM][4];
    struct reading readings[WORLD_ROOM][WORLD_READINGS];
    struct sync syncs[WORLD_ROOM];
    struct policy policies[WORLD_ROOM];
    struct policy_rule policy_rules[WORLD_ROOM]; /* all of policy 0 */
    struct product products[WORLD_ROOM];
    struct lot lots[WORLD_ROOM];
    struct lot_life lives[WORLD_ROOM];
    struct stay stays[WORLD_ROOM][WORLD_ROOM];
    struct life_mark marks[WORLD_ROOM][WORLD_ROOM];
    struct judge *judge;
};

static inline void world_free(struct world *world)
{
    arena_free(&world->arena);
}

/* Takes the arrays into the facts; called by the functions below after each change. */
static inline void world_take(struct world *w)
{
    w->facts.gateways = w->gateways;
    w->facts.sites = w->sites;
    w->facts.equipment = w->equipment;
    w->facts.placements = w->placements;
    w->facts.probes = w->probes;
    w->facts.syncs = w->syncs;
    w->facts.policies = w->policies;
    w->facts.products = w->products;
    w->facts.lots = w->lots;
}

/* Ids of one letter and one digit; static storage. */
static inline const char *world_id(char letter, size_t number)
{
    static char ids[128][WORLD_ROOM][4];
    char *id = ids[(unsigned char)letter & 127][number];
    id[0] = letter;
    id[1] = (char)('0' + number);
    return id;
}

/* A gateway heard through that minute. Returns its index. */
static inline int32_t world_gateway(struct world *w, int64_t heard_minute)
{
    size_t i = w->facts.gateway_count++;
    w->gateways[i] = (struct gateway){world_id('g', i), MIN(heard_minute)};
    world_take(w);
    return (int32_t)i;
}

/* A freezer whose readings carry 15 minutes, without rules. */
static inline int32_t world_store(struct world *w)
{
    size_t i = w->facts.equipment_count++;
    w->equipment[i] = (struct equipment){.id = world_id('E', i), .registered = true, .kind = "freezer", .site = NONE,
                                         .max_gap_ms = MIN(15), .container = NONE};
    world_take(w);
    return (int32_t)i;
}

/* A probe of a gateway. */
static inline int32_t world_probe(struct world *w, int32_t gateway)
{
    size_t i = w->facts.probe_count++;
    w->probes[i] = (struct probe){.gateway = gateway, .id = world_id('p', i), .readings = w->readings[i],
                                  .calibrations = w->calibrations[i]};
    world_take(w);
    return (int32_t)i;
}

static inline void world_place(struct world *w, int32_t probe, int32_t equipment, enum probe_role role, int64_t from,
                               int64_t to)
{
    w->placements[w->facts.placement_count++] = (struct placement){
        probe, equipment, role, from == TIME_NONE ? TIME_NONE : MIN(from), to == TIME_OPEN ? TIME_OPEN : MIN(to)};
    world_take(w);
}

/* One reading; returns it for changes. */
static inline struct reading *world_read_mc(struct world *w, int32_t probe, int64_t t_ms, int64_t mc)
{
    struct reading *reading = &w->readings[probe][w->probes[probe].reading_count++];
    ck_assert_uint_le(w->probes[probe].reading_count, WORLD_READINGS);
    *reading = (struct reading){.t = t_ms, .mc = mc, .boot = NONE, .good = true};
    return reading;
}

static inline struct reading *world_read(struct world *w, int32_t probe, int64_t minute, int64_t c)
{
    return world_read_mc(w, probe, MIN(minute), c * 1000);
}

/* A reading every 5 minutes over [from, to), all of one value. */
static inline void world_hold(struct world *w, int32_t probe, int64_t from, int64_t to, int64_t c)
{
    for (int64_t minute = from; minute < to; minute += 5)
        (void)world_read(w, probe, minute, c);
}

/* One gateway heard long, one freezer with one product probe placed for ever. Returns the probe. */
static inline int32_t world_simple_store(struct world *w)
{
    int32_t gateway = w->facts.gateway_count ? 0 : world_gateway(w, 100000);
    int32_t store = world_store(w);
    int32_t probe = world_probe(w, gateway);
    world_place(w, probe, store, ROLE_PRODUCT, 0, TIME_OPEN);
    return probe;
}

static inline struct threshold above_c(int64_t c)
{
    return (struct threshold){.op = OP_ABOVE, .high_mc = c * 1000};
}

static inline struct threshold below_c(int64_t c)
{
    return (struct threshold){.op = OP_BELOW, .low_mc = c * 1000};
}

static inline struct threshold outside_c(int64_t low_c, int64_t high_c)
{
    return (struct threshold){.op = OP_OUTSIDE, .low_mc = low_c * 1000, .high_mc = high_c * 1000};
}

/* Adds a rule to store 0; returns it for changes. */
static inline struct equipment_rule *world_rule(struct world *w, const char *id, struct threshold threshold,
                                                int64_t delay_min, int64_t hysteresis_mc)
{
    struct equipment_rule *rule = &w->rules[w->equipment[0].rule_count++];
    *rule = (struct equipment_rule){id, threshold, MIN(delay_min), hysteresis_mc, TIER_ALERT, ROLE_ANY, TIME_NONE,
                                    TIME_OPEN};
    w->equipment[0].rules = w->rules;
    return rule;
}

/* Policy 0 with product 0; rules are added by world_policy_rule(). */
static inline struct policy *world_policy(struct world *w)
{
    w->facts.policy_count = 1;
    w->facts.product_count = 1;
    w->policies[0] = (struct policy){.id = "policy", .version = 1, .valid_from = TIME_NONE, .max_unknown_ms = MIN(60),
                                     .handling_max_ms = MIN(30), .handlings = 6, .rules = w->policy_rules};
    w->products[0] = (struct product){"product", "policy", NONE, NONE};
    world_take(w);
    return &w->policies[0];
}

/* Adds a rule to policy 0, hysteresis 0; returns it for changes. */
static inline struct policy_rule *world_policy_rule(struct world *w, const char *id, enum rule_kind kind,
                                                    struct threshold threshold, int64_t allowed)
{
    struct policy_rule *rule = &w->policy_rules[w->policies[0].rule_count++];
    *rule = (struct policy_rule){.id = id, .kind = kind, .threshold = threshold, .allowed = allowed};
    return rule;
}

/* A lot of product 0 that begins at `minute` and lives. Stays and marks are added by the functions below. */
static inline int32_t world_lot(struct world *w, int64_t minute)
{
    size_t i = w->facts.lot_count++;
    w->lots[i] = (struct lot){world_id('L', i), true, LOT_UNIT, w->facts.product_count ? 0 : NONE};
    w->lives[i] = (struct lot_life){.begun = true, .begun_at = MIN(minute), .ended_at = TIME_OPEN, .ended_by = NONE,
                                    .product = w->lots[i].product, .attested_until = TIME_NONE, .stays = w->stays[i],
                                    .marks = w->marks[i], .known_until = MIN(minute), .split_from = NONE};
    world_take(w);
    return (int32_t)i;
}

static inline struct stay *world_stay(struct world *w, int32_t lot, int64_t from, int64_t to, int32_t equipment)
{
    struct lot_life *life = &w->lives[lot];
    struct stay *stay = &w->stays[lot][life->stay_count++];
    *stay = (struct stay){MIN(from), to == TIME_OPEN ? TIME_OPEN : MIN(to), {NONE, equipment, NONE}};
    if (MIN(from) > life->known_until)
        life->known_until = MIN(from);
    return stay;
}

static inline void world_mark(struct world *w, int32_t lot, enum event_type type, int64_t minute)
{
    struct lot_life *life = &w->lives[lot];
    w->marks[lot][life->mark_count++] = (struct life_mark){type, MIN(minute), NONE};
    if (MIN(minute) > life->known_until)
        life->known_until = MIN(minute);
}

static inline void world_end(struct world *w, int32_t lot, int64_t minute)
{
    w->lives[lot].ended_at = MIN(minute);
    w->lives[lot].known_until = MIN(minute);
}

/* The judge of what the world holds now. */
static inline struct judge *world_judge(struct world *w)
{
    struct sync *syncs = clock_sort(w->facts.syncs, w->facts.sync_count, &w->arena);
    w->judge = judge_begin(&w->facts, syncs, &w->arena);
    ck_assert_ptr_nonnull(w->judge);
    judge_take_lives(w->judge, w->lives);
    return w->judge;
}

static inline struct lot_result world_judge_lot(struct world *w, int32_t lot)
{
    struct lot_result result = {0};
    struct why why = {0};
    ck_assert_int_eq(judge_lot(world_judge(w), lot, &result, &why), DONE);
    return result;
}

static inline struct equipment_result world_judge_store(struct world *w, int32_t equipment)
{
    struct equipment_result result = {0};
    struct why why = {0};
    ck_assert_int_eq(judge_equipment(world_judge(w), equipment, &result, &why), DONE);
    return result;
}

static inline void assert_segment(const struct segments *segments, size_t i, int64_t from_ms, int64_t to_ms,
                                  enum segment_state state)
{
    ck_assert_uint_lt(i, segments->count);
    ck_assert_int_eq(segments->items[i].from, from_ms);
    ck_assert_int_eq(segments->items[i].to, to_ms);
    ck_assert_int_eq((int)segments->items[i].state, (int)state);
}

#endif
