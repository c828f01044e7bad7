/* Uplink: brings envelopes from the outbox to the ledger, and what the server says back to the gateway.
 *
 *   outbox ──▶ send plan ──▶ live lane ═▶ broker … ledger
 *     ▲            │    └──▶ late lane ═▶
 *     └─ receipt ◀─┴── signed messages ◀═ broker: receipt, config, notice
 *
 * Only a signed receipt empties the outbox. A PUBACK is counted and forgotten: the broker says "in RAM", also when it then
 * drops the message. What stays without a receipt is sent again by a timer of its own (send_plan.h).
 *
 * What is sealed while the link is up goes on the live lane, everything older on the late lane, so that back-fill never
 * delays live data. Status is retained: `online` at connect, `offline` as the will and at a clean stop.
 *
 * Every message from the server is a Signed with its key's certificate, checked against the authority key and origin
 * pinned at enrolment; a certificate of a lower serial than the highest ever seen is refused. Forged, foreign and
 * misdirected ones are ignored and told once a kind and minute by on_security. Kept in the outbox beside the queue: the
 * highest serial ("server_serial") and the largest checkpoint ("checkpoint", a raw Checkpoint message, for the next body).
 *
 * One thread, the loop's. All callbacks come from the loop.
 */
#ifndef GATEWAY_UPLINK_H
#define GATEWAY_UPLINK_H

#include <stdbool.h>
#include <stdint.h>

#include "common/loop.h"
#include "common/mqtt.h"
#include "common/outbox.h"

struct uplink; /* opaque */

/* Name of the outbox value that holds the largest checkpoint seen: raw Checkpoint, absent until the first. */
#define UPLINK_CHECKPOINT "checkpoint"

struct uplink_settings {
    const char *gateway;           /* id; all strings and bytes are copied */
    uint8_t origin[32];            /* pinned at enrolment */
    struct bytes authority_key;    /* SubjectPublicKeyInfo DER, pinned at enrolment */
    struct mqtt_settings mqtt;     /* broker and TLS; client_id, will and session are set by the uplink */
    int64_t resend_first_ms;       /* 0: 10 s without a receipt, then doubling with jitter up to … */
    int64_t resend_most_ms;        /* 0: 5 min */
};

struct uplink_callbacks {
    void *context;
    /* A GatewayConfig whose signature, origin and gateway are right. The version is the receiver's to judge. The view lives
     * during the call; `raw` is the whole Signed message, to be kept over restarts and given to uplink_check. */
    void (*on_config)(void *context, struct bytes payload, struct bytes raw);
    /* A Notice likewise. May be NULL. */
    void (*on_notice)(void *context, struct bytes payload);
    /* To be journaled as a device event SECURITY with this text. */
    void (*on_security)(void *context, const char *text);
    /* The link came up or went down. May be NULL. */
    void (*on_link)(void *context, bool up);
    /* The outbox began a new epoch because a receipt showed that it was older than what was sent. May be NULL. */
    void (*on_rewound)(void *context);
    /* The wall clock that the caller claims and calls outbox_tidy with: receipts are stamped by it. NULL: the machine's. */
    int64_t (*claimed_ms)(void *context);
};

struct uplink_state {
    bool up;
    const char *word;            /* the connection's state, for logs and status */
    uint64_t sent_live, sent_late, sent_again, pubacks, puback_failures;
    uint64_t receipts, receipts_ignored;
    uint32_t on_the_way;         /* sent and not receipted */
    uint32_t window;
    bool overdue;                /* something was sent and its receipt is late, or the link is down: seal fuller bodies */
    int64_t last_receipt_boot_ms; /* 0: none in this run */
};

MUST_CHECK enum outcome uplink_open(struct uplink **made, struct loop *loop, struct outbox *outbox,
                                    const struct uplink_settings *settings, const struct uplink_callbacks *callbacks,
                                    struct why *why);
/* Publishes `offline` if the link is up, disconnects, frees. The outbox is the caller's. */
void uplink_close(struct uplink **uplink);

/* To be called after each outbox_seal that was DONE: what was sealed goes at once if the link is up. */
void uplink_sealed(struct uplink *uplink);

/* Publishes the latest values (an encoded Now) retained, QoS 0, for screens; nothing is kept when the link is down. */
void uplink_publish_now(struct uplink *uplink, struct bytes now);

void uplink_read_state(const struct uplink *uplink, struct uplink_state *state);

/* Checks a Signed configuration message kept from before against the pins (no serial is asked: it was right when it came).
 * DONE: `payload` views into `raw`. REJECT: not to be believed. */
MUST_CHECK enum outcome uplink_check(const struct uplink_settings *settings, struct bytes raw, struct bytes *payload,
                                     struct why *why);

#endif
