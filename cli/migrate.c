#include "cli/migrate.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "schema/migrations.h"

/* What the runner needs before the first migration: where to write down what it did. */
static const char bootstrap_sql[] =
    "SET client_min_messages = warning;"
    "BEGIN;"
    "CREATE SCHEMA IF NOT EXISTS ledger;"
    "COMMENT ON SCHEMA ledger IS 'What was received, raw and signed; insert only. And which migrations were applied';"
    "CREATE TABLE IF NOT EXISTS ledger.migration ("
    " number integer PRIMARY KEY, name text NOT NULL, checksum bytea NOT NULL,"
    " applied_at timestamptz NOT NULL DEFAULT now(), applied_by text NOT NULL DEFAULT session_user);"
    "COMMENT ON TABLE ledger.migration IS 'Migrations applied to this database';"
    "COMMENT ON COLUMN ledger.migration.number IS 'Number at the head of the file name';"
    "COMMENT ON COLUMN ledger.migration.name IS 'File name';"
    "COMMENT ON COLUMN ledger.migration.checksum IS 'SHA-256 of the file';"
    "COMMENT ON COLUMN ledger.migration.applied_at IS 'When';"
    "COMMENT ON COLUMN ledger.migration.applied_by IS 'Login that applied it';"
    "COMMIT";

static void clear_result(PGresult **result)
{
    PQclear(*result);
    *result = NULL;
}

/* "context: the server's first line", without the line break. */
static enum outcome database_fail(PGconn *connection, const PGresult *result, struct why *why, const char *context)
{
    const char *primary = result ? PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY) : NULL;
    const char *text = primary ? primary : PQerrorMessage(connection);
    enum outcome outcome = PQstatus(connection) == CONNECTION_OK ? REJECT : UNSURE;
    return fail(why, outcome, "%s: %.*s", context, (int)strcspn(text, "\n"), text);
}

static enum outcome run(PGconn *connection, const char *sql, const char *context, struct why *why)
{
    scoped_by(clear_result) PGresult *result = PQexec(connection, sql);
    ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
        return database_fail(connection, result, why, context);
    return DONE;
}

/* Runs one statement with the migration's number, name and text as $1, $2 and $3. */
static PGresult *run_with(PGconn *connection, const char *sql, const struct migration *migration)
{
    char number[16];
    snprintf(number, sizeof number, "%d", migration->number);
    const char *values[3] = {number, migration->name, (const char *)migration->sql};
    const int lengths[3] = {0, 0, (int)migration->len};
    const int formats[3] = {0, 0, 1};
    return PQexecParams(connection, sql, 3, NULL, values, lengths, formats, 0);
}

/* DONE and *known: applied before, with the same text. */
static enum outcome check_applied(PGconn *connection, const struct migration *migration, bool *known, struct why *why)
{
    scoped_by(clear_result) PGresult *result = run_with(connection,
        "SELECT checksum = sha256($3::bytea) AND name = $2::text FROM ledger.migration WHERE number = $1::integer", migration);
    if (PQresultStatus(result) != PGRES_TUPLES_OK)
        return database_fail(connection, result, why, "reading ledger.migration");
    *known = PQntuples(result) == 1;
    if (*known && strcmp(PQgetvalue(result, 0, 0), "t") != 0)
        return fail(why, REJECT, "migration %s was changed after it was applied to this database", migration->name);
    return DONE;
}

static enum outcome check_unknown(PGconn *connection, int last, struct migrate_report *report, struct why *why)
{
    scoped_by(clear_result) PGresult *result =
        PQexec(connection, "SELECT coalesce(max(number), 0) FROM ledger.migration");
    if (PQresultStatus(result) != PGRES_TUPLES_OK)
        return database_fail(connection, result, why, "reading ledger.migration");
    report->from = (int)strtol(PQgetvalue(result, 0, 0), NULL, 10);
    report->to = report->from;
    if (report->from > last)
        return fail(why, REJECT, "the database is at migration %d, this program knows only %d", report->from, last);
    return DONE;
}

/* One migration and its row: both or neither. */
static enum outcome apply(PGconn *connection, const struct migration *migration, struct why *why)
{
    enum outcome outcome = run(connection, "BEGIN", "begin", why);
    if (outcome != DONE)
        return outcome;
    /* The role comes with the first migration; what later ones make is to belong to it. */
    outcome = run(connection,
                  "DO $$ BEGIN IF EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'silsila_owner')"
                  " AND to_regnamespace('silsila') IS NOT NULL THEN SET LOCAL ROLE silsila_owner; END IF; END $$",
                  "taking the owner's role", why);
    if (outcome == DONE)
        outcome = run(connection, (const char *)migration->sql, migration->name, why);
    if (outcome == DONE) {
        scoped_by(clear_result) PGresult *result = run_with(connection,
            "INSERT INTO ledger.migration (number, name, checksum) VALUES ($1::integer, $2::text, sha256($3::bytea))",
            migration);
        if (PQresultStatus(result) != PGRES_COMMAND_OK)
            outcome = database_fail(connection, result, why, migration->name);
    }
    if (outcome == DONE)
        return run(connection, "COMMIT", "commit", why);
    struct why ignored = {""};
    (void)!run(connection, "ROLLBACK", "rollback", &ignored);
    return outcome;
}

static enum outcome apply_all(PGconn *connection, void (*on_applied)(void *, int, const char *), void *context,
                              struct migrate_report *report, struct why *why)
{
    size_t count;
    const struct migration *migrations = schema_migrations(&count);
    enum outcome outcome = run(connection, bootstrap_sql, "preparing ledger.migration", why);
    if (outcome == DONE)
        outcome = check_unknown(connection, schema_version(), report, why);
    /* All checksums first: nothing is done to a database whose past is not what we think. */
    scoped_by(cleanup_free) bool *known = calloc(count, sizeof *known);
    if (!known)
        return fail(why, RETRY, "out of memory");
    for (size_t i = 0; i < count && outcome == DONE; i++)
        outcome = check_applied(connection, &migrations[i], &known[i], why);
    for (size_t i = 0; i < count && outcome == DONE; i++) {
        if (known[i])
            continue;
        outcome = apply(connection, &migrations[i], why);
        if (outcome != DONE)
            break;
        report->applied++;
        if (migrations[i].number > report->to)
            report->to = migrations[i].number;
        if (on_applied)
            on_applied(context, migrations[i].number, migrations[i].name);
    }
    return outcome;
}

enum outcome migrate_up(PGconn *connection, void (*on_applied)(void *context, int number, const char *name),
                        void *context, struct migrate_report *report, struct why *why)
{
    *report = (struct migrate_report){0};
    enum outcome outcome = run(connection, "SELECT pg_advisory_lock(hashtext('silsila'), hashtext('migrate'))",
                               "taking the migration lock", why);
    if (outcome != DONE)
        return outcome;
    outcome = apply_all(connection, on_applied, context, report, why);
    struct why ignored = {""};
    (void)!run(connection, "SELECT pg_advisory_unlock(hashtext('silsila'), hashtext('migrate'))", "unlock", &ignored);
    return outcome;
}
