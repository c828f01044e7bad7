/* Quarantine: unauthenticated messages, counted each one, sampled a few, never receipted.
 *
 * Kept in bounded memory until the database takes it: counts by day, cause and sender the topic names, and the first
 * messages of each handful. What does not fit is counted under the sender "*". Not thread-safe.
 */
#ifndef INGEST_QUARANTINE_H
#define INGEST_QUARANTINE_H

#include "ingest/arrays.h"
#include "ingest/arrival.h"

enum { QUARANTINE_KINDS = 256, QUARANTINE_SAMPLES = 32, QUARANTINE_SAMPLE_BYTES = 65536, QUARANTINE_PARAMETERS = 10 };

struct quarantine_kind {
    int32_t day; /* since 1970, UTC */
    enum authenticity cause;
    char sender[SENDER_ID_ROOM];
    uint64_t messages;
};

struct quarantine {
    struct quarantine_kind kinds[QUARANTINE_KINDS];
    size_t kind_count;
    size_t sample_count;
    struct array arrived_at, cause, why, topic, length, message; /* of the samples */
    struct array days, causes, senders, messages;                /* filled by quarantine_values */
};

void quarantine_begin(struct quarantine *quarantine);
void quarantine_free(struct quarantine *quarantine);

/* Counts an arrival that is not authentic. Does not keep it. */
void quarantine_add(struct quarantine *quarantine, const struct arrival *arrival, const char *topic);

bool quarantine_is_empty(const struct quarantine *quarantine);

/* The parameters of ledger.quarantine_add(). What is added after this call belongs to the next one: the caller moves the
 * quarantine aside (by value) and begins a new one. */
void quarantine_values(struct quarantine *quarantine, struct bytes values[QUARANTINE_PARAMETERS]);

#endif
