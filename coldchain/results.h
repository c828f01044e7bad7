/* Results: what the core found, as plain C arrays beside the facts (coldchain/facts.h gives units and conventions).
 *
 * results.equipment[i] belongs to facts.equipment[i], results.lots[i] to facts.lots[i], results.events[i] to
 * facts.events[i]. Memory belongs to the arena given to core_fold().
 */
#ifndef COLDCHAIN_RESULTS_H
#define COLDCHAIN_RESULTS_H

#include "coldchain/facts.h"
#include "coldchain/life.h"

/* ---- temperature in time ---- */

enum segment_state { SEGMENT_BEYOND, SEGMENT_INSIDE, SEGMENT_UNKNOWN, SEGMENT_PENDING, SEGMENT_HANDLING };

/* Segments of one threshold are in order, adjacent, and neighbours differ in state. */
struct segment {
    int64_t from;
    int64_t to; /* TIME_OPEN: not ended */
    enum segment_state state;
};

/* One timeline: the threshold (and role, for equipment rules that name one) it was asked for, and its segments. */
struct segments {
    struct threshold threshold;
    enum probe_role role; /* ROLE_ANY: the role in use; else the key ends in " product" or " air" */
    const struct segment *items;
    size_t count;
};

enum excursion_end { END_OPEN, END_RECOVERED, END_RULE, END_OUT_OF_SERVICE };

struct excursion {
    const char *rule;
    size_t rule_index;    /* in equipment.rules: the version */
    int64_t opened_at;    /* s */
    int64_t confirmed_at; /* s + D, or TIME_NONE: a deviation, or not known yet */
    int64_t closed_at;    /* e, or TIME_OPEN */
    enum excursion_end ended;
    int64_t peak_mc; /* the most extreme good value in [s, e) */
    int64_t peak_at; /* the earliest instant it held */
    int64_t unknown_ms; /* unknown time in [s, e), pending left out */
};

struct excursions {
    const struct excursion *items; /* by opened_at, then rule */
    size_t count;
};

struct equipment_result {
    const struct segments *timelines; /* one per distinct threshold and role of its rules, in order of their keys */
    size_t timeline_count;
    struct excursions excursions; /* confirmed */
    struct excursions deviations; /* closed before their delay */
    struct excursions open;       /* neither yet */
    bool has_mkt;                 /* false: no known time */
    int64_t mkt_mc;
};

/* ---- lots ---- */

/* The innermost monitored equipment in time; NONE while unmonitored. Adjacent, neighbours differ. */
struct whereabouts {
    int64_t from;
    int64_t to;
    int32_t equipment;
};

/* Columns as fine print 29 has them. -1 in used, remaining, occasions, longest_ms, beyond_ms stands for null. */
struct exposure {
    const struct policy_rule *rule;
    int64_t used;
    int64_t allowed;
    int64_t remaining;
    int64_t occasions;
    int64_t longest_ms;
    int64_t beyond_ms;
    int64_t unknown_ms;
    int64_t pending_ms;
    bool breached;
    int64_t breached_at; /* TIME_NONE when not breached */
};

enum verdict_word { VERDICT_CLEAN, VERDICT_WITHIN, VERDICT_UNPROVEN, VERDICT_BREACHED }; /* from best to worst */

struct verdict {
    bool given; /* false: no custody, or no policy */
    enum verdict_word word;
    const struct policy *policy; /* the version judged by; NULL for a pool judged by its members only */
    const char *rule;            /* the deciding rule's id, "max_unknown", or NULL */
    int64_t unknown_ms;
    int64_t pending_ms;
    int32_t member;         /* a pool's deciding member, or NONE */
    int64_t attested_until; /* or TIME_NONE */
    int64_t breached_at;    /* of the deciding rule; TIME_NONE unless breached */
};

struct lot_result {
    struct lot_life life;
    enum stock_state state;
    bool held;
    const struct whereabouts *where;
    size_t where_count;
    const struct segments *timelines; /* one per distinct threshold of the policy's rules, in order of their keys */
    size_t timeline_count;
    const struct interval *handling;
    size_t handling_count;
    const struct exposure *exposures; /* one per rule of the policy, in its order */
    size_t exposure_count;
    struct verdict verdict;
    bool has_mkt;
    int64_t mkt_mc;
};

/* ---- events and conflicts ---- */

/* In the order of their words, which is the order conflicts of one instant and lot are printed in. */
enum conflict_code {
    CONFLICT_AFTER_END, CONFLICT_ALREADY_VOIDED, CONFLICT_BAD_IDENTIFIER, CONFLICT_DEADLINE_MISSED,
    CONFLICT_DUPLICATE_ID, CONFLICT_ELSEWHERE, CONFLICT_EXPIRED, CONFLICT_FIT_LOST, CONFLICT_HELD,
    CONFLICT_NOT_COLLECTED, CONFLICT_NOT_SHIPPED, CONFLICT_ORDER_UNCERTAIN, CONFLICT_PARENT_CYCLE,
    CONFLICT_PARENT_UNKNOWN, CONFLICT_RELEASED_UNFIT, CONFLICT_TIME_UNKNOWN, CONFLICT_TWO_PLACES,
    CONFLICT_UNKNOWN_EVENT, CONFLICT_WRONG_CONTENTS
};

/* Why a lot was held, as bits. */
enum held_why {
    HELD_ON_HOLD = 1, HELD_REJECTED = 2, HELD_RECALLED = 4, HELD_UNTESTED = 8, HELD_EXPIRED = 16,
    HELD_INVENTORY_HOLD = 32
};

/* What fine print 45 prints for each code; fields of other codes are NONE, NULL or 0. */
struct conflict {
    enum conflict_code code;
    int32_t lot;   /* or NONE */
    int32_t event; /* index of the event it stands on, or NONE */
    int64_t at;    /* or TIME_NONE */
    unsigned why;  /* held: bits of held_why */
    const int32_t *missing; /* wrong_contents: lots */
    size_t missing_count;
    const int32_t *extra;
    size_t extra_count;
    struct place place; /* elsewhere, two_places: before the event; not_shipped: to; parent_*: .parent */
    int32_t other;      /* order_uncertain: the other event */
    const char *voids;  /* unknown_event, already_voided */
    bool has_verdict;          /* released_unfit, fit_lost: false where none was given */
    enum verdict_word verdict;
    const char *rule;          /* released_unfit, fit_lost, deadline_missed */
    const int32_t *events;     /* deadline_missed: the events it was counted from */
    size_t event_count;
};

struct event_result {
    bool effect;
    int32_t voided_by; /* the correction's index, or NONE */
    const enum conflict_code *conflicts; /* sorted */
    size_t conflict_count;
};

struct results {
    struct equipment_result *equipment;
    struct lot_result *lots;
    struct event_result *events;
    struct conflict *conflicts; /* sorted by at (none first), lot, code, event */
    size_t conflict_count;
};

#endif
