#include "ingest/figures.h"

void figures_open(struct figures *figures, struct daemon *daemon)
{
    figures->daemon = daemon;
    const char *received = "Messages taken from the broker, by lane";
    figures->received[LANE_LIVE] =
        daemon_metric(daemon, METRIC_COUNTER, "silsila_ingest_messages_total", "lane=\"live\"", received);
    figures->received[LANE_LATE] =
        daemon_metric(daemon, METRIC_COUNTER, "silsila_ingest_messages_total", "lane=\"late\"", received);
    for (int cause = AUTHENTIC + 1; cause < AUTHENTICITY_COUNT; cause++) {
        char label[64];
        snprintf(label, sizeof label, "cause=\"%s\"", authenticity_word((enum authenticity)cause));
        figures->unauthenticated[cause] = daemon_metric(daemon, METRIC_COUNTER, "silsila_ingest_unauthenticated_total",
                                                        label, "Messages that got no receipt, by cause");
    }
    figures->stored = daemon_metric(daemon, METRIC_COUNTER, "silsila_ingest_stored_total", NULL, "Envelopes appended to the ledger");
    figures->duplicates = daemon_metric(daemon, METRIC_COUNTER, "silsila_ingest_duplicates_total", NULL,
                                        "Envelopes that were in the ledger already");
    figures->forks = daemon_metric(daemon, METRIC_COUNTER, "silsila_ingest_forks_total", NULL,
                                   "Envelopes stored beside another with the same seq");
    figures->batches = daemon_metric(daemon, METRIC_COUNTER, "silsila_ingest_batches_total", NULL, "Batches answered");
    figures->receipts = daemon_metric(daemon, METRIC_COUNTER, "silsila_ingest_receipts_total", NULL, "Receipts published");
    figures->receipt_wait_sum = daemon_metric(daemon, METRIC_COUNTER, "silsila_ingest_receipt_wait_seconds_total", NULL,
                                              "Sum over receipts of the time since their oldest envelope arrived");
    figures->active = daemon_metric(daemon, METRIC_GAUGE, "silsila_ingest_active", NULL, "1: this ingest appends, 0: standby");
    figures->broker_up = daemon_metric(daemon, METRIC_GAUGE, "silsila_ingest_broker_up", NULL, "1: connected and subscribed");
    figures->paused = daemon_metric(daemon, METRIC_GAUGE, "silsila_ingest_paused", NULL, "1: not reading, for want of room");
    figures->in_house = daemon_metric(daemon, METRIC_GAUGE, "silsila_ingest_in_house_envelopes", NULL,
                                      "Envelopes taken and not yet answered");
    figures->in_house_bytes = daemon_metric(daemon, METRIC_GAUGE, "silsila_ingest_in_house_bytes", NULL, "Their memory");
    figures->head_size = daemon_metric(daemon, METRIC_GAUGE, "silsila_ingest_head_entries", NULL, "Entries in the ledger");
    figures->fold_position = daemon_metric(daemon, METRIC_GAUGE, "silsila_fold_position_entries", NULL, "Entries folded");
    figures->fold_errors = daemon_metric(daemon, METRIC_GAUGE, "silsila_fold_errors", NULL,
                                         "Rows of silsila.fold_error written since the fold started");
    figures->fold_restarts = daemon_metric(daemon, METRIC_GAUGE, "silsila_fold_restarts", NULL, "How often the fold died");
}

void figures_batch(struct figures *figures, const struct plan *plan)
{
    metric_add(figures->batches, 1);
    metric_add(figures->stored, (double)plan->stored);
    metric_add(figures->duplicates, (double)plan->duplicates);
    metric_add(figures->forks, (double)plan->forks);
    metric_set(figures->head_size, (double)plan->new_size);
}

void figures_trouble(struct figures *figures, const char *word)
{
    char label[64];
    snprintf(label, sizeof label, "kind=\"%s\"", word);
    struct metric *metric = daemon_metric(figures->daemon, METRIC_COUNTER, "silsila_ingest_database_troubles_total", label,
                                          "Statements that failed, by what was done about it");
    metric_add(metric, 1);
}

void figures_fold(struct figures *figures, const struct fold_keeper *fold)
{
    struct fold_keeper_figures now = {0};
    fold_keeper_read(fold, &now);
    metric_set(figures->fold_position, (double)now.position);
    metric_set(figures->fold_errors, (double)now.errors);
    metric_set(figures->fold_restarts, (double)now.restarts);
}
