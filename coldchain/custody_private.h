/* Inside custody: what its files share. Nobody else includes this. */
#ifndef COLDCHAIN_CUSTODY_PRIVATE_H
#define COLDCHAIN_CUSTODY_PRIVATE_H

#include "coldchain/custody.h"

/* What a lot's stays are made of: from `at` on it stands in `place`; or, when `blank_from` is set, nobody knows where
 * it was over [blank_from, at). */
struct stay_step {
    int32_t lot;
    bool is_blank;
    int64_t blank_from;
    int64_t at;
    struct place place;
};

struct mark_step {
    int32_t lot;
    struct life_mark mark;
};

/* One state before an event changed it, so that it can be put back. Exactly one of lot, donation, answer is set. */
struct undo {
    int32_t lot;
    int32_t donation;
    int32_t answer;
    struct lot_state state;
    bool known;
    int8_t value;
};

/* An event folded lately, with what it changed: undo[undo_from .. next one's undo_from). */
struct recent {
    struct ordered_event event;
    size_t undo_from;
};

/* The last event that touched a lot, while it may still be too close to the next. */
struct touch {
    int32_t generation; /* of the short memory; another one: forgotten */
    size_t recent;      /* index into recent */
    bool effect;
};

enum { ANSWER_MISSING = -1 };

struct custody {
    const struct facts *facts;
    struct arena *arena;
    struct lot_state *lots;
    /* Donations: fixed by the facts; what is known of them changes. */
    const char **donations;
    size_t donation_count;
    bool *donation_known;
    const char **analyses;
    size_t analysis_count;
    int8_t *answers; /* by donation × analysis: enum test_answer or ANSWER_MISSING */
    /* The event being folded. */
    int32_t serial;
    int32_t *changed_in; /* by lot: serial of the event whose undo holds its state */
    int32_t *effect_in;  /* by lot: serial of the event that took effect on it */
    int32_t *touched_in; /* by lot: serial of the event that touched it */
    int32_t *inside_in;  /* by lot: serial of the event that reaches it through a container */
    bool effect;
    bool quiet; /* tried out, not folded: nothing below is written */
    VEC(int32_t) touched;
    /* The short memory. */
    int64_t widest_error_ms;
    VEC(struct undo) undo;
    VEC(struct recent) recent;
    int32_t generation;
    struct touch *touches; /* by lot */
    /* What was found. */
    conflict_list conflicts;
    VEC(struct stay_step) steps;
    VEC(struct mark_step) marks;
    VEC(struct released_span) releases;
    int32_t *release_open; /* by lot: index into releases, or NONE */
    VEC(struct descent) descent;
    bool *event_effect; /* by event */
};

/* ---- custody_state.c: changing states so that they can be put back ---- */

/* The lot's state, to be written; saved first. */
struct lot_state *custody_change(struct custody *c, int32_t lot);
void custody_set_known(struct custody *c, int32_t donation);
void custody_set_answer(struct custody *c, int32_t answer, enum test_answer value);
/* Puts everything back to before the undo entry `mark`. */
void custody_undo_to(struct custody *c, size_t mark);

/* How well a place that an event states is known: not at all when it states none. */
enum place_knowledge custody_stated(struct place place);
/* From `at` on the lot stands in `place`: keeps containers' contents. */
void custody_place(struct custody *c, int32_t lot, int64_t at, struct place place, enum place_knowledge knowledge);
/* Nobody knows where it was since it last settled; written once. */
void custody_blank(struct custody *c, int32_t lot, int64_t at);
void custody_begin_life(struct custody *c, int32_t lot, const struct ordered_event *o, struct place place);
void custody_end_life(struct custody *c, int32_t lot, const struct ordered_event *o);
void custody_mark(struct custody *c, int32_t lot, const struct ordered_event *o);
/* The event concerns the lot, whether or not it takes effect. */
void custody_touch(struct custody *c, int32_t lot, const struct ordered_event *o);
void custody_leave(struct custody *c, struct conflict conflict);
struct conflict custody_conflict(enum conflict_code code, int32_t lot, const struct ordered_event *o);
void custody_set_stock(struct custody *c, int32_t lot, const struct ordered_event *o, enum stock_state stock);

/* True when `lot` is `container` or anywhere inside it. */
bool custody_is_inside(const struct custody *c, int32_t lot, int32_t container);

/* ---- custody_rules.c ---- */

/* The version of the policy of the lot's present product that counts at `at`, or NULL. */
const struct policy *custody_policy(const struct custody *c, const struct lot_state *lot, int64_t at);
int32_t custody_donation(const struct custody *c, const char *donation);
/* The donation a lot is of when nobody says: the DIN its id begins with, else the id itself; NONE when no test or event
 * could name it. */
int32_t custody_donation_of_id(const struct custody *c, const char *lot_id);

/* The place of an analysis of a donation in `answers`, or NONE when no event names the analysis. */
int32_t custody_answer_index(const struct custody *c, int32_t donation, const char *analysis);

/* ---- custody_apply.c, custody_lots.c, custody_descent.c ---- */

void custody_apply(struct custody *c, const struct ordered_event *o);

/* Lots a ↓ event reaches. */
struct target {
    int32_t lot;
    bool named; /* by the event itself, and not inside another one it names */
};
typedef VEC(struct target) target_list;

/* May the event touch this named lot at all? Leaves bad_identifier, after_end or not_collected when not; begins a
 * container's life when it is the container's first event. */
bool custody_admit(struct custody *c, const struct ordered_event *o, int32_t lot);
/* The admitted lots of the event with everything inside them, in the order of their ids. */
void custody_targets(struct custody *c, const struct ordered_event *o, target_list *out);
/* `elsewhere` when the stated from differs; true when it did. */
bool custody_check_from(struct custody *c, const struct ordered_event *o, int32_t lot);
/* Is it known to stand in no equipment, in no container? What is bound to the other counts as both. */
bool custody_is_out_of_equipment(const struct custody *c, const struct lot_state *lot);
bool custody_is_out_of_parent(const struct custody *c, const struct lot_state *lot);
void custody_check_two_places(struct custody *c, const struct ordered_event *o, int32_t lot, struct place target);
/* What `to` or `from` names: an equipment with its site; one bound to a container is that container, whatever the event
 * (they are one thing under two names). */
struct place custody_to(const struct custody *c, const struct ordered_event *o);
struct place custody_from(const struct custody *c, const struct ordered_event *o);
/* May the lot go into target.parent? Leaves parent_unknown (and makes the place unknown), parent_cycle or after_end;
 * false: no effect. */
bool custody_enter(struct custody *c, const struct ordered_event *o, int32_t lot, struct place *target);
void custody_check_contents(struct custody *c, const struct ordered_event *o);
bool custody_is_outside(const struct custody *c, int32_t site);

void custody_apply_split(struct custody *c, const struct ordered_event *o);
void custody_apply_pool(struct custody *c, const struct ordered_event *o);
void custody_apply_test(struct custody *c, const struct ordered_event *o);

/* ---- custody_uncertain.c ---- */

/* After an event was folded: was any of its lots touched so shortly before that the other order may be the true one? */
void custody_check_order(struct custody *c, const struct ordered_event *o);

#endif
