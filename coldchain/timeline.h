/* Timeline: an equipment's values in time, and for each threshold its segments with running sums.
 *
 *     probes ─▶ walk ─▶ track (lowest and highest value in time) ─┬▶ timeline of `> -20 °C`  ─▶ segments
 *                                                                 ├▶ timeline of `> -15 °C`
 *                                                                 └▶ …
 *
 * The track is made once per equipment; a timeline costs two comparisons per piece of it. A timeline knows more than
 * its segments: time that is not beyond but not inside by the hysteresis either (LEVEL_NEAR), which keeps a lot's run
 * open. Each of its items carries the sums up to its beginning, so that the figures between any two instants are one
 * difference (2-architecture, decision 8).
 */
#ifndef COLDCHAIN_TIMELINE_H
#define COLDCHAIN_TIMELINE_H

#include "coldchain/arena.h"
#include "coldchain/results.h"
#include "coldchain/walk.h"

/* ---- track ---- */

/* The values of the probes in use over [from, to); neighbours differ. */
struct track_piece {
    int64_t from;
    int64_t to;
    int64_t lowest;  /* of the good values, while known */
    int64_t highest;
    bool known;
    bool pending;
};

struct track {
    const struct track_piece *items; /* adjacent, from the first placement's from to the last one's to */
    size_t count;
};

/* Makes the track of an equipment from `from` on (walk_begin's meaning). When memory is out the arena is marked. */
struct track track_make(struct placed_list list, const struct carried_list *readings, int64_t max_gap_ms,
                        enum probe_role role, bool strict, int64_t from, struct arena *arena);

/* ---- timeline ---- */

enum level {
    LEVEL_INSIDE, /* inside by H */
    LEVEL_NEAR,   /* inside, but not by H */
    LEVEL_BEYOND,
    LEVEL_UNKNOWN,
    LEVEL_PENDING,
    LEVEL_HANDLING, /* of lots only */
    LEVEL_UNSEEN    /* of lots only: monitored, outside the rule's phase */
};

/* Running sums up to an instant. A run of beyond time opens at its first beyond instant and is closed by LEVEL_INSIDE;
 * for `runs` unknown and pending time closes it too, for `run_from` it does not (5-domain section 4, fine print 21). */
struct sums {
    int64_t beyond_ms;
    int64_t unknown_ms;
    int64_t pending_ms;
    int64_t runs;
    bool counted_run_open; /* the run last counted in `runs` is open */
    int64_t run_from;      /* the open run's first beyond instant, TIME_NONE when none is open */
};

struct timeline_item {
    int64_t from;
    int64_t to;
    enum level level;
    struct sums before; /* at from */
};

struct timeline {
    struct threshold threshold;
    int64_t hysteresis_mc;
    const struct timeline_item *items; /* adjacent, neighbours differ in level */
    size_t count;
};

/* The fold of one timeline; a plain value, which is its own snapshot. */
struct timeline_fold {
    struct threshold threshold;
    struct threshold inward;
    bool begun;
    struct timeline_item current; /* not yet given out: it may still grow */
};

void timeline_fold_begin(struct timeline_fold *fold, struct threshold threshold, int64_t hysteresis_mc);

/* Adds the next piece, adjacent to the last. When it begins a new item, the finished one is written to `done` and true
 * returned. */
bool timeline_fold_add(struct timeline_fold *fold, const struct track_piece *piece, struct timeline_item *done);

/* All of a track. */
struct timeline timeline_make(struct track track, struct threshold threshold, int64_t hysteresis_mc,
                              struct arena *arena);

/* The index of the item that holds `at`; the count when none does. */
size_t timeline_find(const struct timeline *timeline, int64_t at);

/* The running sums at an instant within the timeline or at its end; zeroes before it. */
struct sums timeline_sums(const struct timeline *timeline, int64_t at);

/* The sums after `before` and then time at `level` over [from, to); to may not be TIME_OPEN. */
struct sums sums_after(struct sums before, enum level level, int64_t from, int64_t to);

/* The segments of a timeline: LEVEL_NEAR is inside. */
struct segments timeline_segments(const struct timeline *timeline, enum probe_role role, struct arena *arena);

enum segment_state level_state(enum level level);

#endif
