/* Fold worker: the process that folds, and the keeper in silsila-ingest that starts it and starts it again.
 *
 * A process of its own, because a fault of the fold must never stop receipts: the two share nothing but the database and one
 * page of memory on which the worker writes what it is about to fold. When it dies twice on the same envelope, the keeper has
 * that envelope left out with a row of silsila.fold_error ("crashed").
 */
#ifndef INGEST_FOLD_FOLD_WORKER_H
#define INGEST_FOLD_FOLD_WORKER_H

#include <stdbool.h>
#include <stdint.h>

#include "common/loop.h"

/* Runs the worker until SIGTERM or until the keeper is gone. `page_fd` is the shared page and
 * `event_fd` the bell that rings when the ledger has grown; either may be -1. Returns an exit code. */
enum { FOLD_PAGE_FD = 3, FOLD_EVENT_FD = 4 };
int fold_worker_main(const char *conninfo, int page_fd, int event_fd);

struct fold_keeper; /* opaque */

/* Starts `program --fold` with the configuration at config_path as a child that dies with us. RETRY: it could not be
 * started. */
MUST_CHECK enum outcome fold_keeper_open(struct fold_keeper **made, struct loop *loop, const char *program,
                                         const char *config_path, struct why *why);
/* Sends SIGTERM and waits for the child at most two seconds, then kills it. */
void fold_keeper_close(struct fold_keeper **keeper);

/* Tells the worker that the ledger has grown, so that it need not wait to find out. Cheap: one write to an eventfd. */
void fold_keeper_head(struct fold_keeper *keeper);

/* For metrics: the worker's position, envelopes folded since its start, restarts, and rows of fold_error written. */
struct fold_keeper_figures {
    int64_t position, folded, errors, restarts;
    int64_t progress_ms; /* boot time of the worker's last sign of life */
};
void fold_keeper_read(const struct fold_keeper *keeper, struct fold_keeper_figures *figures);

#endif
