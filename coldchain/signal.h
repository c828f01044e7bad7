/* Signal: doors, mains, agitators: a state that lasts (5-domain section 3).
 *
 * A recorded state carries until the next record and ends max_gap after its gateway falls silent. A rule is (state,
 * delay): the state opens a candidate at its first instant; another state closes it; unknown time closes nothing and is
 * counted inside. It becomes an alarm when it was not closed before s + D and the gateway has been heard to s + D;
 * closed before that it is a deviation. Exactly at s + D it is an alarm.
 */
#ifndef COLDCHAIN_SIGNAL_H
#define COLDCHAIN_SIGNAL_H

#include "coldchain/excursion.h"

/* One record of one signal; states are the caller's numbers. */
struct signal_record {
    int64_t t;
    int state;
};

struct signal_watch {
    const char *id;
    int state;
    int64_t delay_ms;
};

/* The fold of one rule; a plain value, its own snapshot. */
struct signal_fold {
    struct signal_watch rule;
    bool open;
    struct excursion candidate; /* without a peak */
};

void signal_fold_begin(struct signal_fold *fold, struct signal_watch rule);

/* Adds the next record (times rise). `heard` is the gateway's watermark. When it closes a candidate, that is written to
 * `closed` and true returned. */
bool signal_fold_add(struct signal_fold *fold, const struct signal_record *record, int64_t heard,
                     struct excursion *closed);

/* Time within which nobody knew the state: from signal_carries_to() until the gateway spoke again. It closes nothing and
 * is counted inside a candidate. Pending time is not given. */
void signal_fold_unknown(struct signal_fold *fold, int64_t from, int64_t to);

/* What is open still; false when nothing is. The fold stays as it is. */
bool signal_fold_open(const struct signal_fold *fold, int64_t heard, struct excursion *open);

/* Until when a recorded state is known: to the next record (TIME_OPEN: none), or to max_gap after `silent_from`, the
 * instant at which its gateway was last heard before it fell silent, whichever is first. */
int64_t signal_carries_to(int64_t next_t, int64_t silent_from, int64_t max_gap_ms);

/* Where it belongs, as with temperatures. */
enum excursion_class signal_class_of(const struct excursion *alarm, const struct signal_watch *rule);

#endif
