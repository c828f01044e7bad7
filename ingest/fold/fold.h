/* Fold: transaction B. Follows a cursor over the ledger, decodes, judges, and writes derived tables; one batch of envelopes is
 * one transaction, cursor included.
 *
 * Derived tables are a pure function of the set of envelopes: whatever the order of arrival, the same rows (but for surrogate
 * numbers). What a late fact changes (a fork, a revocation, a repaired clock, an epoch's place) is reached by folding the
 * epochs concerned again, by the same code; `silsila rebuild` is the same from position zero.
 *
 * A fault of ours never stops the others: when the database refuses a batch, its envelopes are folded one by one, and of the
 * one that fails the items one by one; what fails still becomes a row of silsila.fold_error. Nothing here touches receipts.
 */
#ifndef INGEST_FOLD_FOLD_H
#define INGEST_FOLD_FOLD_H

#include <stdbool.h>
#include <stdint.h>

#include "common/outcome.h"

struct fold; /* opaque */

struct fold_settings {
    const char *conninfo;
    const char *schema;     /* where derived tables stand: "silsila", or the scratch schema of rebuild --check */
    bool announce;          /* send notices and configurations, NOTIFY: false for a check */
    int64_t batch_envelopes; /* at most; 0: 2000 */
    int64_t batch_bytes;     /* of bodies; 0: 8 MiB */
    /* Called before each envelope while folding one by one, so that a supervisor knows on which one we died. NULL: nobody. */
    void (*attempt)(void *context, int64_t position);
    /* Called with the cursor's position before each batch, for the same reason. NULL: nobody. */
    void (*began)(void *context, int64_t position);
    void *attempt_context; /* of both */
    int64_t careful_until; /* fold one by one below this position */
    int64_t crashed_at;    /* the process died twice on this position: make it a fold_error and go on; negative: none */
};

struct fold_progress {
    int64_t folded;   /* envelopes in this step */
    int64_t position; /* cursor after it */
    int64_t head;     /* entries in the ledger when it began */
    int64_t errors;   /* rows of fold_error written */
};

/* Connects. RETRY: the database is not there (yet). */
MUST_CHECK enum outcome fold_open(struct fold **made, const struct fold_settings *settings, struct why *why);
void fold_close(struct fold **fold);

/* Folds at most one batch. DONE with folded 0: nothing to do. RETRY and UNSURE: nothing lost, try again (after a pause); a
 * broken connection is opened again by the next call. */
MUST_CHECK enum outcome fold_step(struct fold *fold, struct fold_progress *progress, struct why *why);

/* The socket of the connection, to wait for NOTIFY silsila_appended on; -1: not connected. */
int fold_socket(const struct fold *fold);
/* Takes what has arrived on it, so that it can be waited for again. */
void fold_drain(struct fold *fold);

/* Empties the derived tables of `schema` and sets the cursor to zero, in one transaction: first half of a rebuild. */
MUST_CHECK enum outcome fold_reset(struct fold *fold, struct why *why);

/* Names of the derived tables, NULL at the end. */
const char *const *fold_derived_tables(void);

#endif
