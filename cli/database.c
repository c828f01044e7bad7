#include "cli/database.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/cleanup.h"

static enum outcome complain(PGconn *connection, struct why *why)
{
    const char *text = connection ? PQerrorMessage(connection) : "out of memory";
    return fail(why, RETRY, "database: %.*s", (int)strcspn(text, "\n"), text);
}

enum outcome database_open(const char *conninfo, PGconn **made, struct why *why)
{
    scoped_by(database_close) PGconn *connection = PQconnectdb(conninfo);
    if (!connection || PQstatus(connection) != CONNECTION_OK)
        return complain(connection, why);
    *made = take(connection);
    return DONE;
}

void database_close(PGconn **connection)
{
    PQfinish(*connection);
    *connection = NULL;
}

void database_clear(PGresult **result)
{
    PQclear(*result);
    *result = NULL;
}

enum outcome database_query(PGconn *connection, const char *sql, int count, const char *const *values,
                            PGresult **result, struct why *why)
{
    scoped_by(database_clear) PGresult *answer =
        PQexecParams(connection, sql, count, NULL, values, NULL, NULL, 0);
    ExecStatusType status = PQresultStatus(answer);
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
        return complain(connection, why);
    *result = take(answer);
    return DONE;
}

char *database_bytea(struct bytes bytes)
{
    char *text = malloc(2 * bytes.len + 3);
    if (!text)
        return NULL;
    memcpy(text, "\\x", 2);
    bytes_to_hex(bytes, text + 2);
    return text;
}

static enum outcome as_owner(PGconn *connection, struct why *why)
{
    scoped_by(database_clear) PGresult *answer = NULL;
    return database_query(connection, "SET ROLE silsila_owner", 0, NULL, &answer, why);
}

enum outcome database_write_origin(PGconn *connection, const uint8_t origin[32], const char *name,
                                   struct bytes authority_der, struct why *why)
{
    scoped_by(cleanup_free) char *origin_text = database_bytea(bytes_of(origin, 32));
    scoped_by(cleanup_free) char *key_text = database_bytea(authority_der);
    scoped_by(database_clear) PGresult *written = NULL, *found = NULL;
    if (!origin_text || !key_text)
        return fail(why, RETRY, "out of memory");
    const char *values[] = {origin_text, name, key_text};
    enum outcome outcome = as_owner(connection, why);
    if (outcome == DONE)
        outcome = database_query(connection,
                                 "INSERT INTO ledger.origin (origin, name, authority_key) VALUES ($1, $2, $3)"
                                 " ON CONFLICT DO NOTHING",
                                 3, values, &written, why);
    if (outcome == DONE)
        outcome = database_query(
            connection,
            "SELECT FROM ledger.origin WHERE origin = $1 AND authority_key = $3 AND $2::text <> ''", 3,
            values, &found, why);
    if (outcome != DONE)
        return fail_within(why, outcome, "cannot write the origin (has silsila migrate run?)");
    return PQntuples(found) == 1 ? DONE : fail(why, REJECT, "the database belongs to another ledger");
}

static int64_t now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* One question: has the fold passed every entry of this body? Rows: one, boolean. */
static const char passed_sql[] =
    "SELECT coalesce((SELECT position FROM silsila.fold_cursor WHERE shard = 0) >"
    " (SELECT max(e.position) FROM ledger.entry e JOIN ledger.epoch p USING (epoch_no)"
    "   WHERE p.gateway = $1 AND p.epoch = $2 AND e.seq = $3::bigint), false)";

static enum outcome wait_for(PGconn *connection, const char *sql, int count, const char *const *values,
                             int64_t wait_ms, bool *folded, struct why *why)
{
    int64_t until = now_ms() + wait_ms;
    for (;;) {
        scoped_by(database_clear) PGresult *answer = NULL;
        enum outcome outcome = database_query(connection, sql, count, values, &answer, why);
        if (outcome != DONE)
            return outcome;
        *folded = PQntuples(answer) == 1 && PQgetvalue(answer, 0, 0)[0] == 't';
        if (*folded || now_ms() >= until)
            return DONE;
        (void)nanosleep(&(struct timespec){.tv_nsec = 50 * 1000000}, NULL);
    }
}

enum outcome database_fate(PGconn *connection, const char *sender, const uint8_t epoch[16], uint64_t seq,
                           int64_t wait_ms, struct body_fate *fate, struct why *why)
{
    char seq_text[24];
    scoped_by(cleanup_free) char *epoch_text = database_bytea(bytes_of(epoch, 16));
    scoped_by(database_clear) PGresult *answer = NULL;
    *fate = (struct body_fate){0};
    if (!epoch_text)
        return fail(why, RETRY, "out of memory");
    (void)snprintf(seq_text, sizeof seq_text, "%" PRIu64, seq);
    const char *place[] = {sender, epoch_text, seq_text};
    enum outcome outcome = wait_for(connection, passed_sql, 3, place, wait_ms, &fate->folded, why);
    if (outcome != DONE || !fate->folded)
        return outcome;
    outcome =
        database_query(connection,
                       "SELECT code, why FROM silsila.judgement"
                       " WHERE gateway = $1 AND epoch = $2 AND seq = $3::bigint ORDER BY item NULLS FIRST",
                       3, place, &answer, why);
    if (outcome != DONE)
        return outcome;
    fate->judgements = PQntuples(answer);
    if (fate->judgements > 0) {
        (void)snprintf(fate->code, sizeof fate->code, "%s", PQgetvalue(answer, 0, 0));
        (void)snprintf(fate->text, sizeof fate->text, "%s", PQgetvalue(answer, 0, 1));
    }
    return DONE;
}

enum outcome database_wait_folded(PGconn *connection, int64_t wait_ms, bool *folded, struct why *why)
{
    scoped_by(database_clear) PGresult *head = NULL;
    enum outcome outcome =
        database_query(connection, "SELECT size FROM ledger.head WHERE shard = 0", 0, NULL, &head, why);
    if (outcome != DONE)
        return outcome;
    const char *size = PQntuples(head) == 1 ? PQgetvalue(head, 0, 0) : "0";
    return wait_for(connection, "SELECT position >= $1::bigint FROM silsila.fold_cursor WHERE shard = 0", 1,
                    &size, wait_ms, folded, why);
}
