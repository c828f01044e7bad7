/* Breach keys: which lot of a store breaches next, without touching the others (2-architecture, decision 8).
 *
 * A hundred thousand lots stand in one store and share its running sums (coldchain/timeline.h). When a lot comes in, or
 * something happens to it, each rule of its policy gets a key: the value of a running measure of the store at which the
 * lot breaches. Keys of one store, rule limit and measure stay in the order of their values for as long as the lots
 * stay, so the first of an ordered index is the lot that breaches next, and a reading costs O(log n):
 *
 *     total, never   beyond_ms of the store passes          sum at entry + what the lot has left
 *     occasions      runs of the store pass                  runs at entry + what the lot has left
 *     single         the run open at entry reaches           an instant; for any later run: a length
 *
 * Where the lot's run and the store's are out of step (the lot came warm from elsewhere into a store that is just
 * inside), the key says only "look again at the first beyond instant": then the lot is folded to there and gets its
 * next key. A key is never late: nothing breaches before it fires.
 */
#ifndef COLDCHAIN_BREACH_H
#define COLDCHAIN_BREACH_H

#include "coldchain/exposure.h"
#include "coldchain/timeline.h"

enum breach_measure {
    BREACH_NONE,   /* cannot breach here: breached already, or the rule does not see this place */
    BREACH_BEYOND, /* when the store's beyond_ms passes value: a breach */
    BREACH_LOOK,   /* the same, but only to look again */
    BREACH_RUNS,   /* when the store's runs pass value */
    BREACH_RUN     /* when the run that began at run_from is beyond at or after the instant `value`, or, with run_from
                      TIME_NONE, when a run that begins from now on lasts longer than value ms */
};

struct breach_key {
    enum breach_measure measure;
    int64_t value;
    int64_t run_from;
};

/* The key of a lot whose fold stands at `at`, the instant from which the store's timeline (made with the rule's
 * threshold and hysteresis) is the lot's own. The rule must see this store (outside_phase()). */
struct breach_key breach_key_of(const struct rule_fold *fold, const struct timeline *timeline, int64_t at);

/* The instant at which the key fires within [from, until), TIME_NONE when it does not. For everything but BREACH_LOOK
 * this is breached_at. A run open at entry hands over to the length of later ones by itself. */
int64_t breach_key_fires(const struct breach_key *key, int64_t allowed, const struct timeline *timeline, int64_t from,
                         int64_t until);

/* The first breach of the fold in [at, until), looking again as often as keys ask for it; moves a copy of the fold,
 * never the caller's. TIME_NONE when it does not breach. */
int64_t breach_next(const struct rule_fold *fold, const struct timeline *timeline, int64_t at, int64_t until);

/* Folds a stay in the store: everything of the timeline in [from, to), which is known time or to is not TIME_OPEN. */
void breach_fold_stay(struct rule_fold *fold, const struct timeline *timeline, int64_t from, int64_t to);

#endif
