/* SQL for the fold: thin calls on libpq, synchronous, because the fold is a process of its own that waits for nothing else.
 *
 * RETRY means: nothing of the transaction holds. The cause is in `struct sql_trouble`: a fault is ours (a wrong statement, a
 * value our own tables refuse) and comes again with the same data; anything else (connection, lock, shutdown, disk) may pass.
 * UNSURE comes from a COMMIT alone: its answer was lost; the cursor tells.
 */
#ifndef INGEST_FOLD_SQL_H
#define INGEST_FOLD_SQL_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/bytes.h"
#include "ingest/fold/rows.h"

struct sql_trouble {
    bool fault;     /* of ours; the same data will fail again */
    char state[6];  /* SQLSTATE, empty when there was none */
};

/* True when the SQLSTATE speaks of our statement or data, not of the state of the server. */
bool sql_state_is_fault(const char *state);

/* Runs statements without results or parameters. */
MUST_CHECK enum outcome sql_run(PGconn *conn, const char *sql, struct sql_trouble *trouble, struct why *why);

/* One statement with parameters; NULL values are SQL null. Results come in binary. Text parameters are given as
 * {text, -1}. The caller clears *result with PQclear. */
struct sql_value {
    const void *data;
    int len; /* -1: NUL-terminated text form; otherwise binary of that length */
};
MUST_CHECK enum outcome sql_query(PGconn *conn, const char *sql, const struct sql_value *values, int count,
                                  PGresult **result, struct sql_trouble *trouble, struct why *why);

/* Sends one binary COPY stream; `copy` is the COPY statement. Empties `rows`. */
MUST_CHECK enum outcome sql_copy(PGconn *conn, const char *copy, struct rows *rows, struct sql_trouble *trouble,
                                 struct why *why);

/* Binary fields. */
int16_t sql_int2(const PGresult *result, int row, int column);
int32_t sql_int4(const PGresult *result, int row, int column);
int64_t sql_int8(const PGresult *result, int row, int column);
bool sql_bool(const PGresult *result, int row, int column);
/* ms since 1970 of a timestamptz. */
int64_t sql_time_ms(const PGresult *result, int row, int column);
struct bytes sql_bytes(const PGresult *result, int row, int column);
/* Elements of a one-dimensional binary array without nulls: calls nothing when it is empty. Returns the count. */
size_t sql_array(struct bytes field, void (*each)(void *context, struct bytes element), void *context);

/* Big-endian storage for binary parameters. */
struct sql_value sql_int8_value(int64_t value, uint8_t storage[8]);
struct sql_value sql_int4_value(int32_t value, uint8_t storage[4]);
static inline struct sql_value sql_text_value(const char *text)
{
    return (struct sql_value){text, -1};
}
static inline struct sql_value sql_bytea_value(const void *data, size_t len)
{
    return (struct sql_value){data, (int)len};
}

void sql_result_clear(PGresult **result);

#endif
