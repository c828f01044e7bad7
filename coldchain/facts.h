/* Facts: everything the pure core knows of the world, as plain C arrays.
 *
 * The scenario reader fills one from a file; the ingest's fold fills slices of one from SQL. Nothing here is
 * computed: offsets are not yet applied, clocks not yet repaired, events not yet ordered.
 *
 * Times are UTC milliseconds, durations milliseconds, temperatures integer millidegrees Celsius. Intervals are
 * half-open, [from, to). References are indexes into the arrays of the same struct, NONE (-1) where there is none.
 * Arrays of named things (gateways, sites, equipment, lots, products) are sorted by the bytes of their id and hold
 * each id once, so that comparing indexes compares ids. A site, equipment or lot that is named somewhere but not
 * registered stands in its array too, with `registered` false: it has an index and a name, and no facts.
 *
 * Ownership: all memory belongs to an arena (coldchain/arena.h) of the caller's and outlives the fold.
 */
#ifndef COLDCHAIN_FACTS_H
#define COLDCHAIN_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NONE (-1)
#define TIME_NONE INT64_MIN /* no such time: not stated, not known, has not happened */
#define TIME_OPEN INT64_MAX /* an end that has not come */

/* ---- thresholds ---- */

enum threshold_op { OP_ABOVE, OP_AT_LEAST, OP_BELOW, OP_AT_MOST, OP_OUTSIDE }; /* > >= < <= outside */

/* A value is beyond when the comparison holds; for OP_OUTSIDE when it is below low_mc or above high_mc. */
struct threshold {
    enum threshold_op op;
    int64_t low_mc;  /* the limit of < and <=, the low end of a band; unused: 0 */
    int64_t high_mc; /* the limit of > and >=, the high end of a band; unused: 0 */
};

/* ---- time and place ---- */

/* Local time is UTC + offset_minutes from from_ms on; before the first entry its offset holds too. Sorted. */
struct zone_rule {
    int64_t from;
    int32_t offset_minutes;
};

/* One gateway. heard_through is TIME_NONE where it is not stated (fine print 8 then gives the latest time known). */
struct gateway {
    const char *id;
    int64_t heard_through;
};

struct site {
    const char *id;
    bool registered;
    bool own; /* false: outside Silsila; an unregistered site is outside */
};

/* ---- equipment, probes, readings ---- */

enum probe_role { ROLE_PRODUCT, ROLE_AIR, ROLE_ANY };
enum tier { TIER_ALERT, TIER_ACTION };

/* A rule of one equipment over [valid_from, valid_to); TIME_NONE and TIME_OPEN where not stated. Two entries with one
 * id are versions of one rule. */
struct equipment_rule {
    const char *id;
    struct threshold threshold;
    int64_t delay_ms;
    int64_t hysteresis_mc;
    enum tier tier;
    enum probe_role role; /* ROLE_ANY: the role in use at each instant */
    int64_t valid_from;
    int64_t valid_to;
};

struct interval {
    int64_t from;
    int64_t to; /* TIME_OPEN while it runs */
};

struct equipment {
    const char *id;
    bool registered;
    const char *kind;  /* freezer, refrigerator, cold_room, incubator, transport_box, vehicle, … */
    bool transport;    /* kind is a transport box or a vehicle; any other kind is storage (fine print 13) */
    int32_t site;      /* index or NONE */
    int64_t max_gap_ms;
    int32_t container; /* the lot that is the same thing under another name, or NONE */
    const struct equipment_rule *rules;
    size_t rule_count;
    const struct interval *out_of_service;
    size_t out_of_service_count;
};

/* A probe is in one place: a placement ends at `to` or when the next one of that probe begins, whichever is first. The
 * core works that out; here stands what was said. TIME_OPEN where `to` is not stated. */
struct placement {
    int32_t probe;
    int32_t equipment;
    enum probe_role role; /* ROLE_PRODUCT or ROLE_AIR */
    int64_t from;
    int64_t to;
};

/* The offset is valid from `from` until the next one's from; due is TIME_NONE when none is stated. */
struct calibration {
    int64_t from;
    int64_t offset_mc;
    int64_t due;
};

/* One reading as it came. With a boot (not NONE) its clock was not synchronised: `t` is ignored and the time comes
 * from the sync of the same gateway and boot that is nearest in up_ms. */
struct reading {
    int64_t t;
    int64_t mc; /* raw */
    int64_t epoch;
    int64_t seq;
    int64_t position;
    int64_t up_ms;
    int32_t boot;
    bool good; /* the quality set where it was read is `good` */
};

struct probe {
    int32_t gateway;
    const char *id; /* probes are sorted by (gateway, id) */
    const struct calibration *calibrations; /* sorted by from, each from once */
    size_t calibration_count;
    const struct reading *readings; /* in any order, repeated ones allowed */
    size_t reading_count;
};

/* A synchronised body: at boot time up_ms of that boot the wall clock said t. Any order. */
struct sync {
    int32_t gateway;
    int32_t boot;
    int64_t up_ms;
    int64_t t;
};

/* ---- policies, products, lots ---- */

enum rule_kind { RULE_NEVER, RULE_TOTAL, RULE_SINGLE, RULE_OCCASIONS, RULE_DEADLINE };
enum phase { PHASE_ANY, PHASE_STORAGE, PHASE_TRANSPORT };

/* Event types in the order of 5-domain section 6. EVENT_NONE: no bound. */
enum event_type {
    EVENT_NONE,
    EVENT_COLLECT, EVENT_SAMPLE, EVENT_TEST, EVENT_FREEZE, EVENT_STORE, EVENT_TAKE_OUT, EVENT_PACK, EVENT_UNPACK,
    EVENT_SHIP, EVENT_RECEIVE, EVENT_HOLD, EVENT_RELEASE, EVENT_REJECT, EVENT_RELABEL, EVENT_SPLIT, EVENT_POOL,
    EVENT_ISSUE, EVENT_DISPOSE, EVENT_RECALL, EVENT_OPENING, EVENT_CORRECT,
    EVENT_TYPE_COUNT
};

struct policy_rule {
    const char *id;
    enum rule_kind kind;
    struct threshold threshold; /* unused by a deadline */
    int64_t hysteresis_mc;
    int64_t allowed; /* ms; a count for occasions; 0 for never */
    enum phase phase;
    enum event_type from; /* a bound, or a deadline's A; EVENT_NONE: none */
    enum event_type to;   /* a bound, or a deadline's B */
};

/* One version of a policy, valid from valid_from until the next version's. Sorted by (id, valid_from, version). */
struct policy {
    const char *id;
    int64_t version;
    int64_t valid_from;
    bool applies_to_stock;
    int64_t max_unknown_ms;
    int64_t handling_max_ms;
    int64_t handlings;
    int64_t inventory_hold_days;
    bool lapsed_is_unproven; /* calibration_lapsed = unproven; else flag */
    const char *const *required_tests;
    size_t required_test_count;
    const struct policy_rule *rules; /* in the policy's order, which decides ties */
    size_t rule_count;
};

struct product {
    const char *code;
    const char *policy; /* id, or NULL: no policy, no verdict */
    int64_t shelf_life_days;   /* NONE: not stated */
    int64_t shelf_life_months; /* NONE: not stated */
};

enum lot_kind { LOT_UNIT, LOT_SAMPLE, LOT_CONTAINER, LOT_POOL };

struct lot {
    const char *id;
    bool registered;
    enum lot_kind kind;
    int32_t product; /* as registered; a relabel changes it. Index or NONE */
};

/* ---- custody events ---- */

enum stock_state { STATE_RAW, STATE_QUARANTINE, STATE_REJECTED, STATE_RELEASED };
enum test_answer { TEST_NEGATIVE, TEST_REACTIVE, TEST_INVALID };

/* Parts that are not stated are NONE. */
struct place {
    int32_t site;
    int32_t equipment;
    int32_t parent; /* a lot of kind container */
};

struct analysis_result {
    const char *analysis;
    enum test_answer answer;
};

/* One event as it came. Fields that its type does not use, or that were not stated, are NONE, TIME_NONE, NULL or 0. */
struct event {
    const char *id;
    enum event_type type;
    int64_t at; /* ignored when boot is not NONE */
    int32_t gateway;
    int64_t epoch;
    int64_t seq;
    int64_t position;
    int64_t clock_error_ms;
    int32_t boot;
    int64_t up_ms;
    const int32_t *lots; /* sorted, each once */
    size_t lot_count;
    bool has_from;
    bool has_to;
    struct place from;
    struct place to;
    const int32_t *parts; /* split: the lots it makes; sorted */
    size_t part_count;
    int32_t pool; /* pool: the lot it makes */
    bool has_expected;
    const int32_t *expected; /* sorted */
    size_t expected_count;
    int64_t due;
    const struct analysis_result *results;
    size_t result_count;
    const char *donation;
    int32_t product;        /* relabel */
    enum stock_state state; /* opening */
    bool has_state;
    int64_t expires;
    const char *voids;           /* correct: id of the event meant */
    const struct event *replace; /* correct */
    const char *document;
    const char *person;
    const char *how;
};

/* ---- all of it ---- */

struct facts {
    const struct zone_rule *zone;
    size_t zone_count;
    const struct gateway *gateways;
    size_t gateway_count;
    const struct site *sites;
    size_t site_count;
    const struct equipment *equipment;
    size_t equipment_count;
    const struct placement *placements; /* any order */
    size_t placement_count;
    const struct probe *probes;
    size_t probe_count;
    const struct sync *syncs;
    size_t sync_count;
    const struct policy *policies;
    size_t policy_count;
    const struct product *products;
    size_t product_count;
    const struct lot *lots;
    size_t lot_count;
    const struct event *events; /* any order; the whole of each event id's versions, repeated ones allowed */
    size_t event_count;
};

#endif
