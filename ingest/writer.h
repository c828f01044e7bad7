/* Writer: the one who appends. Owns the session that holds the lock, the picture of the ledger, and the batch under way.
 *
 *   AWAY      no session                         → STANDBY when there is one
 *   STANDBY   another ingest holds the lock      → READING when we get it
 *   READING   head, key numbers, unfinished tiles, partitions
 *   IDLE      nothing to do                      → ASKING when arrivals wait
 *   ASKING    epochs, edges and hashes that the batch needs and memory has not
 *   APPENDING transaction A, one statement, one round trip
 *   PAUSED    the database has trouble           → the same batch again
 *
 * Exactly one ingest is active: an advisory lock held by this very session, which the server ends when it falls silent
 * (idle_session_timeout against a heartbeat); and whoever comes late all the same is stopped by the head's
 * compare-and-set. A commit whose answer was lost is resolved by reading the head. Nothing is told to anybody before the
 * commit is certain.
 */
#ifndef INGEST_WRITER_H
#define INGEST_WRITER_H

#include "common/loop.h"
#include "ingest/plan.h"
#include "ingest/session.h"

struct writer; /* opaque */

struct writer_settings {
    const char *conninfo;
    int shard;
    size_t batch_most;       /* envelopes */
    size_t batch_bytes_most;
    int64_t batch_wait_ms;   /* a small batch waits this long for company when the last one was large; 0: never */
    int64_t heartbeat_ms;
    int64_t silence_ms;      /* the server ends a session that was silent this long: takeover time */
    int64_t lock_wait_ms;    /* how long a statement waits for somebody's lock */
    int64_t append_ms;       /* deadline of an append */
};

struct writer_callbacks {
    void *context;
    /* We hold the lock and know the ledger: messages may come. */
    void (*on_active)(void *context);
    /* Another ingest is active now. What was offered is gone; its senders will repeat it there. */
    void (*on_standby)(void *context);
    /* A batch is committed (or was there before): time for receipts. */
    void (*on_committed)(void *context, const struct plan *plan, uint32_t generation);
    /* The plan's epochs are about to be freed: nobody may keep a pointer to one. */
    void (*on_forget)(void *context);
    /* Something moved or was truly idle: for the watchdog. */
    void (*on_progress)(void *context);
    /* An error worth counting: a word of sql_advice_word(), "unknown_commit" or "refused_envelope". */
    void (*on_trouble)(void *context, const char *word);
};

MUST_CHECK enum outcome writer_open(struct writer **made, struct loop *loop, const struct writer_settings *settings,
                                    const struct writer_callbacks *callbacks, struct why *why);
void writer_close(struct writer **writer);
void writer_set(struct writer *writer, size_t batch_most, size_t batch_bytes_most, int64_t batch_wait_ms);

/* Takes over authentic arrivals. They stay here until they are committed, or until another ingest is active. */
void writer_offer(struct writer *writer, struct arrival_list *arrivals);

/* Arrivals not yet answered, the batch under way included. */
size_t writer_backlog(const struct writer *writer);
size_t writer_backlog_bytes(const struct writer *writer);

bool writer_is_active(const struct writer *writer);
uint64_t writer_size(const struct writer *writer);
/* There is no database to wait for anything from: what the session does about that has deadlines of its own. */
bool writer_is_away(const struct writer *writer);
const char *writer_state_word(const struct writer *writer);
/* Why nothing can be appended at present; "" when it can. */
const char *writer_trouble(const struct writer *writer);

#endif
