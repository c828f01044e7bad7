/* Runs outbox_life under faults and holds the file against what it was told was DONE.
 *
 * Invariants (7-faults, the outbox's share of I1):
 *   O1  every sample reported taken is in the file exactly once, unsealed or in one body
 *   O2  every body reported sealed is in the file with the bytes reported
 *   O3  no (epoch, seq) was ever reported, or is held, with two different bodies
 *   O4  the seqs of each epoch held run from 1 without a gap
 */
#ifndef TESTS_FAULT_OUTBOX_HARNESS_H
#define TESTS_FAULT_OUTBOX_HARNESS_H

#include "tests/helpers/outbox_bench.h"

enum { TOOK_MOST = 65536, SEALED_MOST = 16384 };

struct sealed {
    char epoch[33];
    uint64_t seq;
    char nonce[24];
};

struct journal {
    int64_t took[TOOK_MOST];
    size_t took_count;
    struct sealed sealed[SEALED_MOST];
    size_t sealed_count;
    size_t failures, unsure; /* "failed" and "unsure" lines */
    bool opened, closed, hit; /* hit: the shim's n-th call came */
    int status;              /* as waitpid gives it */
    bool no_receipts;        /* set by the test: a full disk rightly costs receipted bodies, so there are none */
};

/* Runs outbox_life on s->path with SHIM=shim (NULL: none), adding to the journal. `kill_after_ms` ≥ 0: SIGKILL then. */
void run_life(const struct scratch *s, struct journal *journal, const char *shim, int rounds, int64_t first, int boot,
              int kill_after_ms);

/* Opens the file and checks O1 to O4 with Check's assertions. `lost_allowed`: samples may be missing (damage). */
void check_invariants(struct scratch *s, int boot, const struct journal *journal, bool lost_allowed, const char *what);

#endif
