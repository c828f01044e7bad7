/* Receipt in: what a receipt that is the server's word does to the outbox and to the send plan.
 *
 * It counts only for this gateway and ledger, and only where its hashes are our own bodies' (outbox_receipt). Resend
 * requests are followed once each. The largest checkpoint is kept in the outbox, for the next body to carry. No clock and
 * no socket of its own.
 */
#ifndef GATEWAY_RECEIPT_IN_H
#define GATEWAY_RECEIPT_IN_H

#include "common/outbox.h"
#include "gateway/send_plan.h"
#include "gateway/server_word.h"

enum { RESENDS_KNOWN = 64 };

struct receipt_in {
    struct outbox *outbox;
    const struct server_pins *pins;
    const char *gateway;
    uint32_t generation; /* of the largest checkpoint kept */
    uint64_t size;
    uint64_t resends[RESENDS_KNOWN]; /* ids of the last requests followed */
    unsigned resend_next;
};

struct receipt_effect {
    uint64_t newly; /* envelopes receipted by it */
    bool rewound;
    struct why doubt; /* its checkpoint was not believed: why; empty otherwise */
};

/* Reads the checkpoint kept from before. The pointers are kept, not owned. */
MUST_CHECK enum outcome receipt_in_open(struct receipt_in *in, struct outbox *outbox, const struct server_pins *pins,
                                        const char *gateway, struct why *why);

/* REJECT: not for us, or no hash of ours; nothing was changed. RETRY, UNSURE: the outbox could not write; it comes again. */
MUST_CHECK enum outcome receipt_in_apply(struct receipt_in *in, struct send_plan *plan, const struct server_word *word,
                                         int64_t wall_ms, struct receipt_effect *effect, struct why *why);

#endif
