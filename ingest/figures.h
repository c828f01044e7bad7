/* Figures: the numbers that silsila-ingest shows on /metrics. Registered once; all optional (common/daemon.h). */
#ifndef INGEST_FIGURES_H
#define INGEST_FIGURES_H

#include "common/daemon.h"
#include "ingest/arrival.h"
#include "ingest/fold/fold_worker.h"
#include "ingest/plan.h"

struct figures {
    struct metric *received[LANES];
    struct metric *stored, *duplicates, *forks;
    struct metric *unauthenticated[AUTHENTICITY_COUNT];
    struct metric *batches, *receipts, *receipt_wait_sum;
    struct metric *active, *broker_up, *paused, *in_house, *in_house_bytes, *head_size;
    struct metric *fold_position, *fold_errors, *fold_restarts;
    struct daemon *daemon;
};

void figures_open(struct figures *figures, struct daemon *daemon);
void figures_batch(struct figures *figures, const struct plan *plan);
void figures_fold(struct figures *figures, const struct fold_keeper *fold);
/* One trouble of the writer's, by its word. */
void figures_trouble(struct figures *figures, const char *word);

#endif
