/* Session: one connection to PostgreSQL as a state machine on our loop: connect, check, one statement at a time.
 *
 *   WAITING → CONNECTING → CHECKING → READY ⇄ BUSY
 *      ▲___________________________________│ any failure, any deadline
 *
 * Each state has a deadline; whoever passes it loses the session, which is then opened again with jittered backoff.
 * At connect (and with session_check() later) the session asks what must hold before anything may be acknowledged: not in
 * recovery, not read-only, synchronous_commit not off, a schema this program knows. A server that fails that is refused.
 *
 * A statement is over only when the server is ready for the next one: its last result can come before its commit.
 * Statements are prepared once per session by name. Not thread-safe.
 */
#ifndef INGEST_SESSION_H
#define INGEST_SESSION_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/bytes.h"
#include "common/loop.h"
#include "ingest/sqlstate.h"

struct session; /* opaque */

enum { SESSION_PARAMETERS_MOST = 32 };

struct session_settings {
    const char *name;     /* for application_name and the log: writer, side */
    const char *conninfo; /* must outlive the session */
    const char *setup;    /* statements to run at each connect, NULL: none */
    int64_t connect_ms;   /* deadline of connecting and checking */
    int64_t backoff_first_ms, backoff_most_ms;
};

/* One statement. The text and the parameters must live until its answer. */
struct statement {
    const char *name; /* prepared under this name */
    const char *sql;
    int count;
    const uint32_t *types;
    const struct bytes *values; /* binary; data NULL: null */
    bool binary_result;
    int64_t deadline_ms; /* from sending */
};

struct answer {
    struct sql_error error;  /* outcome DONE: result holds rows or nothing */
    const PGresult *result;  /* NULL unless DONE; valid during the call */
    const char *sqlstate;    /* "" when there is none */
    struct why why;
};

struct session_callbacks {
    void *context;
    /* Connected, checked, set up, and ready for the first statement. */
    void (*on_ready)(void *context);
    /* The session is gone; a statement that was under way was answered before this. Reconnecting is under way. */
    void (*on_lost)(void *context, const char *why);
    /* NOTIFY; may be NULL. */
    void (*on_notify)(void *context, const char *channel);
};

MUST_CHECK enum outcome session_open(struct session **made, struct loop *loop, const struct session_settings *settings,
                                     const struct session_callbacks *callbacks, struct why *why);
void session_close(struct session **session);

/* READY: a statement may be sent. */
bool session_is_ready(const struct session *session);
const char *session_state_word(const struct session *session);
/* Why there is no session at present; "" when there is one. */
const char *session_trouble(const struct session *session);

/* Sends; on_answer is called exactly once, later, from the loop (never from within). May only be called when ready. */
void session_send(struct session *session, const struct statement *statement,
                  void (*on_answer)(void *context, const struct answer *answer), void *context);

/* The checks of connecting again, as a statement of its own; a server that fails them loses the session. */
void session_check(struct session *session, void (*on_answer)(void *context, const struct answer *answer), void *context);

/* Gives the session up (the caller knows that it is of no use) and opens a new one after the backoff. */
void session_abandon(struct session *session, const char *why);

/* ---- reading results ---- */
int64_t answer_int8(const PGresult *result, int row, int column); /* binary int2, int4 or int8 */
struct bytes answer_bytes(const PGresult *result, int row, int column);
bool answer_bool(const PGresult *result, int row, int column);

#endif
