/* Seal: when the samples taken so far become a signed body. Late, so that a reading costs 22 bytes in the ledger and not
 * 254; at once, when somebody ought to know (2-architecture, decision 1).
 *
 * The first of these holds: seal_ms since the last body; a value that crossed or came back over a limit, or lies in its
 * hysteresis band; a change of quality; an item (device or custody event: it goes alone, right after the samples before
 * it); a change of the clock. While receipts are overdue nobody is listening and time no longer seals: 60 values a probe
 * or 16 KiB do, and everything else on this list. 16 KiB bound a body always.
 *
 * Pure.
 */
#ifndef GATEWAY_SEAL_H
#define GATEWAY_SEAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct seal_rule {
    int64_t seal_ms;
    size_t overdue_values; /* of one probe: 60 */
    size_t most_bytes;     /* 16 KiB */
};

/* What lies unsealed, and what happened since the last body. */
struct seal_pending {
    size_t samples;          /* readings */
    size_t most_of_a_probe;  /* readings of the probe that has most */
    size_t bytes;            /* estimate of what they will take on the wire */
    bool item;               /* an item waits */
    bool limit_touched;
    bool quality_changed;
    bool clock_changed;
    int64_t last_sealed_boot_ms; /* or, before the first body, when this run began */
};

enum seal_reason { SEAL_NOT_YET, SEAL_TIME, SEAL_LIMIT, SEAL_QUALITY, SEAL_ITEM, SEAL_CLOCK, SEAL_FULL };

enum seal_reason seal_decide(const struct seal_rule *rule, const struct seal_pending *pending, int64_t now_boot_ms,
                             bool receipts_overdue);

/* "time", "limit", …: for the log. */
const char *seal_word(enum seal_reason reason);

#endif
