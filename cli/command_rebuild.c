/* silsila rebuild [--check]: folds the whole ledger again. Without --check the derived tables are emptied and filled anew, which
 * repairs what a mended fault had left out; a running ingest may fold on meanwhile, for the cursor's lock lets one batch through
 * at a time. With --check the same is done in a scratch schema, and what differs is printed. */
#include <stdio.h>
#include <string.h>

#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/database.h"
#include "cli/print.h"
#include "common/cleanup.h"
#include "ingest/fold/digest.h"
#include "ingest/fold/fold.h"

#define SCRATCH "silsila_check"

struct rebuild {
    const char *conninfo;
    bool check, json;
    int64_t envelopes, errors;
};

static int failed(const struct why *why)
{
    fprintf(stderr, "silsila rebuild: %s\n", why->text);
    return EXIT_FAILED;
}

/* Folds until the cursor has passed every envelope that was there when we began. `from` is where the cursor was set. */
static enum outcome fold_through(struct rebuild *rebuild, struct fold *fold, struct why *why)
{
    struct print_progress progress = {.what = "envelopes", .json = rebuild->json};
    struct fold_progress step;
    int64_t head = -1;
    do {
        enum outcome outcome = fold_step(fold, &step, why);
        if (outcome != DONE)
            return outcome;
        if (head < 0)
            head = step.head;
        rebuild->envelopes += step.folded;
        rebuild->errors += step.errors;
        print_progress(&progress, (size_t)step.position, (size_t)(head > 0 ? head : 0));
    } while (step.folded > 0 && step.position < head);
    print_progress(&progress, 0, 0);
    return DONE;
}

static enum outcome fold_into(struct rebuild *rebuild, const char *schema, struct why *why)
{
    struct fold_settings settings = {.conninfo = rebuild->conninfo, .schema = schema, .crashed_at = -1,
                                     .announce = !rebuild->check};
    scoped_by(fold_close) struct fold *fold = NULL;
    enum outcome outcome = fold_open(&fold, &settings, why);
    if (outcome == DONE)
        outcome = fold_reset(fold, why);
    return outcome == DONE ? fold_through(rebuild, fold, why) : outcome;
}

static enum outcome run(PGconn *connection, const char *sql, struct why *why)
{
    PGresult *result = NULL;
    enum outcome outcome = database_query(connection, sql, 0, NULL, &result, why);
    database_clear(&result);
    return outcome;
}

/* The scratch schema: the derived tables and the fold's own, empty; partitions are of no use here. */
static enum outcome make_scratch(PGconn *connection, struct why *why)
{
    enum outcome outcome = run(connection, "DROP SCHEMA IF EXISTS " SCRATCH " CASCADE", why);
    if (outcome == DONE)
        outcome = run(connection, "CREATE SCHEMA " SCRATCH, why);
    for (const char *const *table = fold_derived_tables(); *table && outcome == DONE; table++) {
        char sql[256];
        (void)snprintf(sql, sizeof sql, "CREATE TABLE " SCRATCH ".%s (LIKE silsila.%s INCLUDING ALL)", *table, *table);
        outcome = run(connection, sql, why);
    }
    static const char *const own[] = {"fold_cursor", "fold_error", "outgoing", "config_issued"};
    for (size_t i = 0; i < sizeof own / sizeof *own && outcome == DONE; i++) {
        char sql[256];
        (void)snprintf(sql, sizeof sql, "CREATE TABLE " SCRATCH ".%s (LIKE silsila.%s INCLUDING ALL)", own[i], own[i]);
        outcome = run(connection, sql, why);
    }
    if (outcome == DONE)
        outcome = run(connection, "INSERT INTO " SCRATCH ".fold_cursor VALUES (0, 0, 1, 0, now())", why);
    return outcome;
}

static bool row_in(const PGresult *of, int row, const PGresult *in, int *from)
{
    for (int other = *from; other < PQntuples(in); other++) {
        bool same = true;
        for (int f = 0; f < PQnfields(of) && same; f++)
            same = strcmp(PQgetvalue(of, row, f), PQgetvalue(in, other, f)) == 0;
        if (same) {
            *from = other + 1; /* both are sorted alike */
            return true;
        }
    }
    return false;
}

static void print_row(const char *where, const PGresult *rows, int row)
{
    printf("only %s:", where);
    for (int f = 0; f < PQnfields(rows); f++)
        printf(" %s=%s", PQfname(rows, f), PQgetvalue(rows, row, f));
    printf("\n");
}

static enum outcome read_part(PGconn *connection, const char *schema, size_t part, PGresult **rows, struct why *why)
{
    char path[128];
    (void)snprintf(path, sizeof path, "SET search_path = %s, pg_catalog", schema);
    enum outcome outcome = run(connection, path, why);
    return outcome == DONE ? database_query(connection, digest_query(part), 0, NULL, rows, why) : outcome;
}

static enum outcome print_first_difference(PGconn *connection, size_t part, struct why *why)
{
    scoped_by(database_clear) PGresult *stored = NULL;
    scoped_by(database_clear) PGresult *folded = NULL;
    enum outcome outcome = read_part(connection, "silsila", part, &stored, why);
    if (outcome == DONE)
        outcome = read_part(connection, SCRATCH, part, &folded, why);
    if (outcome != DONE)
        return outcome;
    int from = 0;
    for (int row = 0; row < PQntuples(stored); row++) {
        if (!row_in(stored, row, folded, &from)) {
            print_row("in the tables", stored, row);
            break;
        }
    }
    from = 0;
    for (int row = 0; row < PQntuples(folded); row++) {
        if (!row_in(folded, row, stored, &from)) {
            print_row("in the rebuild", folded, row);
            break;
        }
    }
    return DONE;
}

/* Prints `identical` or the first table that differs with its first difference; *same tells which. */
static enum outcome compare(PGconn *connection, bool json, bool *same, struct why *why)
{
    struct digest stored, folded;
    enum outcome outcome = digest_read(connection, "silsila", &stored, why);
    if (outcome == DONE)
        outcome = digest_read(connection, SCRATCH, &folded, why);
    if (outcome != DONE)
        return outcome;
    *same = memcmp(stored.whole, folded.whole, 32) == 0;
    for (size_t i = 0; i < DIGEST_PARTS && !*same; i++) {
        if (memcmp(stored.parts[i].hash, folded.parts[i].hash, 32) == 0)
            continue;
        if (json) {
            printf("{\"identical\":false,\"table\":\"%s\"}\n", stored.parts[i].table);
            return DONE;
        }
        printf("different: %s has %lld rows, the rebuild %lld\n", stored.parts[i].table, (long long)stored.parts[i].rows,
               (long long)folded.parts[i].rows);
        return print_first_difference(connection, i, why);
    }
    if (*same)
        printf("%s\n", json ? "{\"identical\":true}" : "identical");
    return DONE;
}

/* The tables stand still while they are compared: the cursor's row is held, and the fold waits for it. */
static int check(struct rebuild *rebuild)
{
    struct why why = {""};
    scoped_by(database_close) PGconn *connection = NULL;
    scoped_by(database_close) PGconn *holder = NULL;
    bool same = false;
    if (database_open(rebuild->conninfo, &connection, &why) != DONE || make_scratch(connection, &why) != DONE)
        return failed(&why);
    enum outcome outcome = fold_into(rebuild, SCRATCH, &why);
    if (outcome == DONE)
        outcome = database_open(rebuild->conninfo, &holder, &why);
    if (outcome == DONE)
        outcome = run(holder, "BEGIN", &why);
    if (outcome == DONE)
        outcome = run(holder, "SELECT 1 FROM silsila.fold_cursor WHERE shard = 0 FOR UPDATE", &why);
    if (outcome == DONE) {
        /* What came meanwhile: the scratch tables are folded exactly as far as the real ones are. */
        struct fold_settings settings = {.conninfo = rebuild->conninfo, .schema = SCRATCH, .crashed_at = -1};
        scoped_by(fold_close) struct fold *fold = NULL;
        outcome = fold_open(&fold, &settings, &why);
        if (outcome == DONE)
            outcome = fold_through(rebuild, fold, &why);
    }
    if (outcome == DONE)
        outcome = compare(connection, rebuild->json, &same, &why);
    struct why ignored = {""};
    (void)!run(connection, "DROP SCHEMA IF EXISTS " SCRATCH " CASCADE", &ignored);
    if (outcome != DONE)
        return failed(&why);
    return same ? EXIT_DONE : EXIT_FAILED;
}

int command_rebuild(int argc, char **argv)
{
    struct rebuild rebuild = {.conninfo = ""};
    const struct argument table[] = {
        {"check", NULL, "fold into a scratch schema, compare, change nothing", false, NULL, &rebuild.check, NULL},
        {"database", "CONNINFO", "where (else the usual PG* environment)", false, &rebuild.conninfo, NULL, NULL},
        {"json", NULL, "print JSON", false, NULL, &rebuild.json, NULL},
    };
    const struct arguments arguments = {"rebuild", "fold the whole ledger again", table, sizeof table / sizeof *table};
    enum arguments_next next = arguments_read(&arguments, argc, argv);
    if (next != ARGUMENTS_GO)
        return arguments_status(next);
    if (rebuild.check)
        return check(&rebuild);
    struct why why = {""};
    if (fold_into(&rebuild, "silsila", &why) != DONE)
        return failed(&why);
    if (rebuild.json)
        printf("{\"envelopes\":%lld,\"errors\":%lld}\n", (long long)rebuild.envelopes, (long long)rebuild.errors);
    else
        printf("%lld envelopes folded again, %lld errors\n", (long long)rebuild.envelopes, (long long)rebuild.errors);
    return rebuild.errors == 0 ? EXIT_DONE : EXIT_FAILED;
}
