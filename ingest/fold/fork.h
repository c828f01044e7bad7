/* Fork: which bodies of a forked epoch count.
 *
 * Every branch is kept. From the first seq with two bodies on nothing counts (disputed) until a person's signed decision
 * names the body that holds there; then its descendants count, as far as each names the one before it, and the other
 * branch does not. A further fork, or a gap behind which the descent cannot be told, is disputed again from there.
 * Pure: the same bodies and decisions in any order give the same standing.
 */
#ifndef INGEST_FOLD_FORK_H
#define INGEST_FOLD_FORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum standing { STANDING_COUNTS = 0, STANDING_DISPUTED = 1, STANDING_OTHER_BRANCH = 2, STANDING_KEY_REVOKED = 3 };

struct fork_body {
    int64_t seq;
    uint8_t hash[32];
    uint8_t previous[32];
    bool has_previous;
    int row;                /* the caller's own */
    enum standing standing; /* written by fork_resolve */
};

struct fork_decision {
    int64_t seq;
    uint8_t hash[32];
};

/* Sorts `bodies` by (seq, hash) and writes their standing. `decisions` in the order of the rules: of several for one seq
 * the last counts. Returns the first seq with two bodies, 0 when there is none. */
int64_t fork_resolve(struct fork_body *bodies, size_t count, const struct fork_decision *decisions,
                     size_t decision_count);

#endif
