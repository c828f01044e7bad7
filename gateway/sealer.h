/* Sealer: turns what lies in the outbox's journal into signed bodies when seal.h says so.
 *
 *   outbox_samples ──▶ blocks ──▶ body ──▶ signature ──▶ outbox_seal (one commit: samples out, envelope in)
 *
 * Items (device events) go alone, right after the samples before them. What is pending is counted as it is journaled and,
 * at the start, read from the outbox. An item that fits into no body is given up: an OUTBOX_TROUBLE event goes in its
 * place, whose value is how many were given up since the start.
 */
#ifndef GATEWAY_SEALER_H
#define GATEWAY_SEALER_H

#include "gateway/body.h"
#include "gateway/seal.h"

struct sealer; /* opaque */

struct sealer_settings {
    struct outbox *outbox;
    struct body_signer signer;
    struct seal_rule rule;
    void *context;
    /* After each body that is durable; may be NULL. */
    void (*on_sealed)(void *context, enum seal_reason reason, uint64_t seq);
};

MUST_CHECK enum outcome sealer_open(struct sealer **made, const struct sealer_settings *settings, int64_t now_boot_ms,
                                    struct why *why);
void sealer_close(struct sealer **sealer);

/* A sample or item is durable in the journal. */
void sealer_kept(struct sealer *sealer, const struct outbox_sample *sample);

/* What was just kept touched a limit (SEAL_LIMIT), changed its quality (SEAL_QUALITY), or the clock changed (SEAL_CLOCK):
 * holds until the next body. */
void sealer_mark(struct sealer *sealer, enum seal_reason reason);

void sealer_use_config(struct sealer *sealer, uint64_t version, int64_t seal_ms);

/* Seals what is due. RETRY, UNSURE: the outbox refuses; everything is still pending. */
MUST_CHECK enum outcome sealer_consider(struct sealer *sealer, const struct clock_claim *clock, bool receipts_overdue,
                                        struct why *why);

const struct seal_pending *sealer_pending(const struct sealer *sealer);

#endif
