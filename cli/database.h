/* Database: what `silsila` asks PostgreSQL, as one line of text on failure and never a stack of SQL.
 * Blocking. */
#ifndef CLI_DATABASE_H
#define CLI_DATABASE_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/bytes.h"

/* RETRY: cannot connect; the first line of libpq's complaint. */
MUST_CHECK enum outcome database_open(const char *conninfo, PGconn **made, struct why *why);
void database_close(PGconn **connection);

/* Runs one statement with text parameters. DONE: `*result` is the caller's (PQclear). RETRY: the first line
 * of why. */
MUST_CHECK enum outcome database_query(PGconn *connection, const char *sql, int count,
                                       const char *const *values, PGresult **result, struct why *why);
void database_clear(PGresult **result);

/* "\x…" of some bytes, for a bytea parameter; free() it. NULL: no memory. */
char *database_bytea(struct bytes bytes);

/* Writes the one row of ledger.origin. REJECT: the database is another ledger's, or not migrated. */
MUST_CHECK enum outcome database_write_origin(PGconn *connection, const uint8_t origin[32], const char *name,
                                              struct bytes authority_der, struct why *why);

/* What became of one body. */
struct body_fate {
    bool folded;    /* false: the fold had not reached it when the wait was over */
    int judgements; /* 0: everything in it took effect */
    char code[64];  /* of the first */
    char text[256];
};

/* Waits at most wait_ms until the fold has passed the body that is stored at (sender, epoch, seq), and reads
 * what was judged. RETRY: the database fails. */
MUST_CHECK enum outcome database_fate(PGconn *connection, const char *sender, const uint8_t epoch[16],
                                      uint64_t seq, int64_t wait_ms, struct body_fate *fate, struct why *why);

/* Waits at most wait_ms until the fold has passed all that is in the ledger at this moment. */
MUST_CHECK enum outcome database_wait_folded(PGconn *connection, int64_t wait_ms, bool *folded,
                                             struct why *why);

#endif
