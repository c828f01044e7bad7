/* Custody: who had what, where, in which state; the total fold of custody events into lives (5-domain section 6).
 *
 *     ordered events ─▶ state of each lot ─▶ lives (stays, marks), genealogy, conflicts
 *
 * Total: every event takes effect or leaves a conflict, whatever it says, and nothing is dropped. It knows nothing of
 * temperature; the conflicts that need a verdict or a watermark are custody_verdicts.h's.
 *
 * Foldable from a snapshot: a `custody` holds all that later events need, custody_copy() is a snapshot, and folding the
 * rest of the events into a copy gives what folding all of them gives. The ingest keeps `struct lot_state` per lot and
 * hands the states back with custody_put(). What is not kept in the states is the short memory for `order_uncertain`
 * (events closer than their clock errors): a snapshot taken with custody_put() belongs where no such pair straddles it.
 *
 * Conventions of coldchain/facts.h. All memory is the arena's; nothing here fails but for want of memory, which marks
 * the arena.
 */
#ifndef COLDCHAIN_CUSTODY_H
#define COLDCHAIN_CUSTODY_H

#include "coldchain/arena.h"
#include "coldchain/custody_order.h"
#include "coldchain/facts.h"
#include "coldchain/life.h"
#include "coldchain/results.h"
#include "common/outcome.h"

/* How well a lot's own place is known. */
enum place_knowledge {
    PLACE_UNKNOWN,  /* nobody said: no part of it is known */
    PLACE_STATED,   /* it stands at a site or in equipment; of a container it is in, site and equipment are its matter */
    PLACE_UNDER_WAY /* shipped: no site, and the equipment only if it was stated */
};

/* What is known of one lot at one point of the order. */
struct lot_state {
    bool begun;
    bool ended;
    bool on_hold;
    bool recalled;
    bool in_transit;
    bool attested; /* opening stock, or received from outside */
    enum stock_state stock;
    enum event_type ended_how;
    int32_t ended_by; /* event index or NONE */
    int64_t begun_at;
    int64_t ended_at; /* TIME_OPEN while it lives */
    struct place place; /* its own */
    enum place_knowledge knowledge;
    int32_t transit_to; /* site, while in transit */
    int64_t due;
    int64_t settled_at; /* its last freeze, store, pack, receive or take_out, else its beginning */
    int32_t product;
    int32_t donation;     /* index into the donations of the facts, or NONE */
    int64_t collected_at; /* or TIME_NONE */
    int64_t expires;      /* as stated, or TIME_NONE */
    int64_t first_at;     /* its first custody event; a part's: its parent's (it picks the policy's version) */
    int32_t split_from;   /* or NONE */
    int32_t released_by;  /* the release now in force, or NONE */
    int64_t released_at;
    int64_t known_until; /* its last event */
    /* The contents of a container, as a list through its children. */
    int32_t first_child;
    int32_t next_sibling;
    int32_t previous_sibling;
};

/* A release and how long the lot stayed released: [from, to). */
struct released_span {
    int32_t lot;
    int32_t event;
    int64_t from;
    int64_t to; /* TIME_OPEN while it is */
};

/* What became of what: a split made `to` from `from`, or a pool took it in. */
struct descent {
    int32_t from;
    int32_t to;
    int32_t event;
};

struct custody;

/* An empty history. NULL when memory is out. `facts` and `arena` outlive it. */
struct custody *custody_begin(const struct facts *facts, struct arena *arena);

/* Folds events that stand in the order after all folded before. Conflicts and effects are appended to what it holds.
 * DONE, or RETRY when memory is out (then the custody is not to be used). */
MUST_CHECK enum outcome custody_fold(struct custody *custody, const struct ordered_event *events, size_t count,
                                     struct why *why);

/* A snapshot: a second custody, independent of the first, whose memory is `arena`'s. NULL when memory is out. */
struct custody *custody_copy(const struct custody *custody, struct arena *arena);

/* The state of a lot now; NULL-safe for none: the lot's index must be valid. */
const struct lot_state *custody_state(const struct custody *custody, int32_t lot);

/* Sets the state of a lot, kept from an earlier fold, before any event is folded. The lists of contents are rebuilt
 * from the places: whatever stands in the child and sibling fields is ignored. */
void custody_put(struct custody *custody, int32_t lot, const struct lot_state *state);

/* Which of the reasons of 5-domain section 6 hold the lot at `at`: bits of enum held_why. */
unsigned custody_held(const struct custody *custody, int32_t lot, int64_t at);

/* The first instant at which the lot is expired, or TIME_NONE: the local midnight after its date of expiry. */
int64_t custody_expiry(const struct custody *custody, int32_t lot);

/* The life of every lot of the facts, as exposure reads them. NULL when memory is out. */
struct lot_life *custody_lives(const struct custody *custody, struct arena *arena);

/* What the fold left so far. Owned by the custody. */
const struct conflict *custody_conflicts(const struct custody *custody, size_t *count);
const struct released_span *custody_releases(const struct custody *custody, size_t *count);
const struct descent *custody_descent(const struct custody *custody, size_t *count);

/* True when the event (index into facts.events) took effect on any lot or donation. */
bool custody_effect(const struct custody *custody, int32_t event);

#endif
