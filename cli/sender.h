/* Sender: one chain of bodies that this command speaks for: the admin's own, or a gateway's whose recording
 * is replayed.
 *
 *   items ──sender_seal──▶ outbox ──sender_deliver──▶ broker … ledger ──receipt──▶ done
 *
 * What was sealed is durable: a command that ends before the receipt has lost nothing, and the next one sends
 * it first. Blocking; one connection, one thread.
 */
#ifndef CLI_SENDER_H
#define CLI_SENDER_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/home.h"
#include "common/clock.h"
#include "common/outbox.h"

struct sender; /* opaque */

struct sender_settings {
    const char *id;
    const struct key_private *key; /* must outlive the sender */
    struct bytes certificate;      /* raw KeyCertificate, empty for a gateway; must outlive the sender */
    const char *outbox_path;
    bool late;                      /* send on the late lane */
    uint64_t shuffle;               /* not 0: send in an order drawn from this seed */
    const char *tls_cert, *tls_key; /* NULL: the home's */
    /* As struct outbox_settings; NULL: the kernel's generator. */
    void (*random)(void *context, uint8_t *out, size_t len);
    void *random_context;
    uint8_t boot_id[16];
};

struct sender_place {
    uint8_t epoch[16];
    uint64_t seq;
};

/* REJECT: another command is sending for this id. The home must outlive the sender. */
MUST_CHECK enum outcome sender_open(struct sender **made, struct home *home,
                                    const struct sender_settings *settings, struct why *why);
void sender_close(struct sender **sender);

/* Seals one body of these items with this clock; DONE: it is durable in the outbox. REJECT: too large, or out
 * of limits. */
MUST_CHECK enum outcome sender_seal(struct sender *sender, Silsila__V1__Item **items, size_t count,
                                    const struct clock_reading *clock, struct sender_place *place,
                                    struct why *why);

/* Connects, sends what is unreceipted, waits until each has its receipt. `progress` (may be NULL) is told now
 * and then. RETRY: no receipt came for wait_ms; the sentence says how far it got (no broker, no answer, …).
 * What is unreceipted stays in the outbox. */
MUST_CHECK enum outcome sender_deliver(struct sender *sender, int64_t wait_ms,
                                       void (*progress)(void *context, size_t receipted, size_t total),
                                       void *context, struct why *why);

/* Takes everything of the present epoch that is still kept back among the unreceipted: for a ledger that lost
 * it. */
MUST_CHECK enum outcome sender_again(struct sender *sender, struct why *why);

/* Highest seq of the present epoch, 0 when nothing was sealed in it. */
uint64_t sender_last_seq(const struct sender *sender);

#endif
