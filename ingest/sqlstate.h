/* SQLSTATE: the one place that says what an error of the database means for the data.
 *
 * A database never says REJECT: what it refuses is our mistake or its trouble, never the sender's fault. Codes: PostgreSQL
 * manual, appendix A; SL… are our own (schema/sql).
 */
#ifndef INGEST_SQLSTATE_H
#define INGEST_SQLSTATE_H

#include <stdbool.h>

#include "common/outcome.h"

/* What to do next, once the outcome said who owns the data. */
enum sql_advice {
    SQL_NOTHING,     /* no error */
    SQL_AT_ONCE,     /* serialization, deadlock: the same transaction again, now */
    SQL_LATER,       /* the server has trouble that passes: again with backoff */
    SQL_RECONNECT,   /* the session is gone or useless */
    SQL_FENCED,      /* somebody else moved the head: forget everything, read it again */
    SQL_NO_PARTITION,/* make partitions, then again */
    SQL_REFUSED,     /* read-only, no permission: again with backoff, alarm */
    SQL_OUR_MISTAKE, /* class 22, 23, 42 …: forget what is planned, read the state again, alarm */
};

struct sql_error {
    enum outcome outcome; /* DONE, RETRY or UNSURE */
    enum sql_advice advice;
};

/* `sqlstate`: five characters, NULL or "" when the server said nothing; `fatal`: severity FATAL or PANIC, or the
 * connection is gone; `sent`: the statement had been handed to the connection. An error of severity ERROR means that the
 * transaction was rolled back. A fatal one after sending may have come after the commit: UNSURE. */
struct sql_error sql_judge(const char *sqlstate, bool fatal, bool sent);

const char *sql_advice_word(enum sql_advice advice);

#endif
