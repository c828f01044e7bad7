/* Receipts: after each commit says to every sender of the batch what is stored of its epoch.
 *
 * One receipt a sender and batch, and under load (batches of 64 and more) at most one each `gap_ms` a sender: a receipt is cumulative, the next one
 * says what this one would have. A sender that has waited gets it from a timer. Receipts are never queued for long: if the
 * broker is away they stay due and go when it is back; if we end before, the sender's resend brings another.
 *
 * Called only with what is committed. Points into the epochs of the writer's picture: receipts_forget() before that goes.
 */
#ifndef INGEST_RECEIPTS_H
#define INGEST_RECEIPTS_H

#include "common/loop.h"
#include "ingest/plan.h"
#include "ingest/receipt.h"
#include "ingest/signer.h"

struct receipts; /* opaque */

struct receipts_settings {
    const struct signer *signer;
    int64_t gap_ms;
    uint32_t send_window; /* of a sender, while the ingest keeps up */
    /* RETRY: not now; the receipt stays due. */
    enum outcome (*publish)(void *context, const char *topic, struct bytes payload, struct why *why);
    /* One receipt went; `waited_ms` since the oldest envelope it answers arrived. May be NULL. */
    void (*sent)(void *context, int64_t waited_ms);
    void *context;
};

MUST_CHECK enum outcome receipts_open(struct receipts **made, struct loop *loop, const struct receipts_settings *settings,
                                      struct why *why);
void receipts_close(struct receipts **receipts);

/* A batch is committed and the ledger's head is the plan's new one. */
void receipts_committed(struct receipts *receipts, const struct plan *plan, uint32_t generation);

/* The broker is back: sends what is due. */
void receipts_flush(struct receipts *receipts);
void receipts_forget(struct receipts *receipts);

void receipts_set(struct receipts *receipts, int64_t gap_ms, uint32_t send_window);
/* How far behind the ingest is, 0 … 1: from a half on, senders are asked to keep fewer envelopes on the way. */
void receipts_set_pressure(struct receipts *receipts, double fill);

#endif
