#include "ingest/fold/fold.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/fold/state.h"

enum { BATCH_ENVELOPES = 2000, BATCH_BYTES = 8 << 20 };

enum outcome fold_open(struct fold **made, const struct fold_settings *settings, struct why *why)
{
    struct fold *fold = calloc(1, sizeof *fold);
    if (!fold)
        return fail(why, RETRY, "out of memory");
    fold->settings = *settings;
    if (fold->settings.batch_envelopes <= 0)
        fold->settings.batch_envelopes = BATCH_ENVELOPES;
    if (fold->settings.batch_bytes <= 0)
        fold->settings.batch_bytes = BATCH_BYTES;
    *made = fold;
    return DONE;
}

void fold_close(struct fold **fold)
{
    if (!*fold)
        return;
    fold_forget(*fold);
    for (int i = 0; i < FOLD_TABLES; i++)
        rows_free(&(*fold)->rows[i]);
    struct list *lists[] = {&(*fold)->overlaps, &(*fold)->again, &(*fold)->repairs, &(*fold)->collect, &(*fold)->stale,
                            &(*fold)->notes, &(*fold)->revoked_now, &(*fold)->configs};
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
        list_free(lists[i]);
    PQfinish((*fold)->conn);
    free(*fold);
    *fold = NULL;
}

int fold_socket(const struct fold *fold)
{
    return fold->conn ? PQsocket(fold->conn) : -1;
}

void fold_drain(struct fold *fold)
{
    if (!fold->conn || !PQconsumeInput(fold->conn))
        return;
    PGnotify *notify;
    while ((notify = PQnotifies(fold->conn)) != NULL)
        PQfreemem(notify);
}

/* Statements name derived tables without a schema: which one is meant is the connection's search_path. */
static enum outcome connect_now(struct fold *fold, struct why *why)
{
    if (fold->conn && PQstatus(fold->conn) == CONNECTION_OK)
        return DONE;
    PQfinish(fold->conn);
    fold_forget(fold);
    fold->conn = PQconnectdb(fold->settings.conninfo);
    fold->trouble = (struct sql_trouble){0};
    if (PQstatus(fold->conn) != CONNECTION_OK) {
        const char *text = PQerrorMessage(fold->conn);
        return fail(why, RETRY, "PostgreSQL: %.*s", (int)strcspn(text, "\n"), text);
    }
    PQsetNoticeProcessor(fold->conn, NULL, NULL);
    char sql[512];
    /* Small transactions by index: a hash or sequential plan over a whole derived table is never what the fold wants. */
    (void)snprintf(sql, sizeof sql,
                   "SET search_path = %s, silsila, ledger, pg_catalog; SET timezone = 'UTC'; SET enable_hashjoin = off;"
                   " SET enable_mergejoin = off; SET enable_seqscan = off; SET jit = off; SET lock_timeout = '10s';"
                   " SET client_min_messages = warning; LISTEN silsila_appended",
                   fold->settings.schema);
    return sql_run(fold->conn, sql, &fold->trouble, why);
}

static enum outcome read_cursor(struct fold *fold, int64_t *head, struct why *why)
{
    scoped_by(sql_result_clear) PGresult *r = NULL;
    enum outcome outcome =
        sql_query(fold->conn,
                  "SELECT c.position, c.incarnation, c.announced, h.size FROM fold_cursor c, ledger.head h"
                  " WHERE c.shard = 0 AND h.shard = 0 FOR UPDATE OF c",
                  NULL, 0, &r, &fold->trouble, why);
    if (outcome != DONE)
        return outcome;
    if (PQntuples(r) != 1) {
        fold->trouble = (struct sql_trouble){.fault = true};
        return fail(why, RETRY, "silsila.fold_cursor or ledger.head has no row for shard 0");
    }
    int64_t position = sql_int8(r, 0, 0), incarnation = sql_int8(r, 0, 1);
    if (fold->cursor_known && (incarnation != fold->incarnation || position != fold->position)) {
        fold_forget(fold); /* another process folded or reset: what we remember is not what the tables hold */
    }
    fold->position = position;
    fold->incarnation = incarnation;
    fold->announced = sql_int8(r, 0, 2);
    fold->cursor_known = true;
    *head = sql_int8(r, 0, 3);
    return DONE;
}

static enum outcome write_cursor(struct fold *fold, int64_t position, struct why *why)
{
    uint8_t p[8];
    struct sql_value values[] = {sql_int8_value(position, p)};
    scoped_by(sql_result_clear) PGresult *r = NULL;
    return sql_query(fold->conn,
                     "UPDATE fold_cursor SET position = $1, announced = greatest(announced, $1), folded_at = now()"
                     " WHERE shard = 0",
                     values, 1, &r, &fold->trouble, why);
}

static enum outcome fetch(struct fold *fold, int64_t most, PGresult **r, struct why *why)
{
    uint8_t from[8], to[8];
    struct sql_value values[] = {sql_int8_value(fold->position, from), sql_int8_value(fold->position + most, to)};
    return sql_query(fold->conn,
                     "SELECT position, seq, epoch_no, key_no, body, certificate FROM ledger.entry"
                     " WHERE position >= $1 AND position < $2 ORDER BY position",
                     values, 2, r, &fold->trouble, why);
}

static void entry_of(struct fold_entry *entry, const PGresult *r, int row)
{
    *entry = (struct fold_entry){.position = sql_int8(r, row, 0), .seq = sql_int8(r, row, 1),
                                 .epoch_no = sql_int4(r, row, 2), .key_no = sql_int4(r, row, 3),
                                 .body = sql_bytes(r, row, 4)};
    if (!PQgetisnull(r, row, 5))
        entry->certificate = sql_bytes(r, row, 5);
}

/* How many of the rows go into this batch, by bytes. */
static int batch_rows(const struct fold *fold, const PGresult *r)
{
    int64_t bytes = 0;
    int rows = PQntuples(r);
    for (int i = 0; i < rows; i++) {
        bytes += PQgetlength(r, i, 4);
        if (bytes > fold->settings.batch_bytes)
            return i > 0 ? i : 1;
    }
    return rows;
}

static enum outcome finish_batch(struct fold *fold, int64_t next_position, struct why *why)
{
    enum outcome outcome = fold_flush(fold, why);
    if (outcome == DONE)
        outcome = fold_again(fold, next_position, why);
    if (outcome == DONE)
        outcome = fold_flush(fold, why);
    if (outcome == DONE)
        outcome = fold_repairs(fold, next_position, why);
    if (outcome == DONE)
        outcome = fold_watermarks(fold, why);
    if (outcome == DONE)
        outcome = fold_write_chains(fold, why);
    if (outcome == DONE)
        outcome = fold_overlaps(fold, why);
    if (outcome == DONE)
        outcome = fold_issue_configs(fold, why);
    if (outcome == DONE)
        outcome = fold_send_notices(fold, why);
    if (outcome == DONE)
        outcome = write_cursor(fold, next_position, why);
    if (outcome == DONE && fold->keys_changed && fold->settings.announce)
        outcome = sql_run(fold->conn, "NOTIFY silsila_keys", &fold->trouble, why);
    if (outcome == DONE && fold->outgoing_added)
        outcome = sql_run(fold->conn, "NOTIFY silsila_outgoing", &fold->trouble, why);
    return outcome;
}

static enum outcome note_error(struct fold *fold, int64_t position, int32_t item, const char *code, const char *text,
                               struct why *why)
{
    uint8_t p[8], i[4];
    struct sql_value values[] = {sql_int8_value(position, p), sql_int4_value(item, i), sql_text_value(code),
                                 sql_text_value(text)};
    scoped_by(sql_result_clear) PGresult *r = NULL;
    fold->errors++;
    return sql_query(fold->conn,
                     "INSERT INTO fold_error (position, item, code, why) VALUES ($1, $2, $3, $4)"
                     " ON CONFLICT (position, item) DO UPDATE SET code = excluded.code, why = excluded.why, at = now()",
                     values, 4, &r, &fold->trouble, why);
}

static void rollback(struct fold *fold)
{
    struct sql_trouble ignored;
    struct why nothing = {0};
    (void)!sql_run(fold->conn, "ROLLBACK", &ignored, &nothing);
    fold_batch_clear(fold);
    fold_forget(fold);
}

/* What went wrong in the items of one envelope. */
struct failures {
    bool *skip;
    size_t count;
    int32_t item;     /* of the one noted; -1 the envelope */
    char code[6];
    char text[256];
};

static enum outcome fold_rows(struct fold *fold, const PGresult *r, int rows, struct why *why)
{
    enum outcome outcome = load_lists(fold, why);
    for (int i = 0; i < rows && outcome == DONE; i++) {
        struct fold_entry entry;
        entry_of(&entry, r, i);
        if (fold->settings.attempt && entry.position < fold->settings.careful_until)
            fold->settings.attempt(fold->settings.attempt_context, entry.position);
        if (entry.position == fold->settings.crashed_at)
            outcome = note_error(fold, entry.position, -1, "crashed", "the fold died twice on this envelope", why);
        else
            outcome = fold_admit(fold, &entry, why);
    }
    return outcome;
}

static enum outcome begin(struct fold *fold, int64_t *head, struct why *why)
{
    fold_batch_clear(fold);
    enum outcome outcome = sql_run(fold->conn, "BEGIN", &fold->trouble, why);
    return outcome == DONE ? read_cursor(fold, head, why) : outcome;
}

/* One batch of at most `most` envelopes as one transaction; `errors` of items to be noted with it. */
static enum outcome transaction(struct fold *fold, int64_t most, const struct failures *failures, size_t failure_count,
                                struct fold_progress *progress, struct why *why)
{
    scoped_by(sql_result_clear) PGresult *r = NULL;
    enum outcome outcome = begin(fold, &progress->head, why);
    if (outcome == DONE)
        outcome = fetch(fold, most, &r, why);
    int rows = outcome == DONE ? batch_rows(fold, r) : 0;
    int64_t start = fold->position;
    if (outcome == DONE && rows > 0 && fold->settings.began)
        fold->settings.began(fold->settings.attempt_context, start);
    if (outcome == DONE && rows > 0) {
        outcome = fold_rows(fold, r, rows, why);
        for (size_t i = 0; i < failure_count && outcome == DONE; i++)
            outcome = note_error(fold, start, failures[i].item, failures[i].code, failures[i].text, why);
        if (outcome == DONE)
            outcome = finish_batch(fold, start + rows, why);
    }
    if (outcome == DONE)
        outcome = sql_run(fold->conn, "COMMIT", &fold->trouble, why);
    if (outcome != DONE) {
        struct sql_trouble trouble = fold->trouble;
        rollback(fold);
        fold->trouble = trouble;
        return outcome;
    }
    fold->position = start + rows;
    progress->folded = rows;
    progress->position = fold->position;
    progress->errors += fold->errors;
    return DONE;
}

/* Tries one item of the envelope at the cursor alone, and takes it back. True: it is this one that fails. */
static bool item_fails(struct fold *fold, size_t item, struct failures *failures)
{
    struct why why = {0};
    int64_t head;
    scoped_by(sql_result_clear) PGresult *r = NULL;
    for (size_t i = 0; i < failures->count; i++)
        failures->skip[i] = i != item;
    fold->skip_items = failures->skip;
    fold->skip_count = failures->count;
    enum outcome outcome = begin(fold, &head, &why);
    if (outcome == DONE)
        outcome = fetch(fold, 1, &r, &why);
    if (outcome == DONE)
        outcome = fold_rows(fold, r, PQntuples(r), &why);
    if (outcome == DONE)
        outcome = finish_batch(fold, fold->position + 1, &why);
    bool failed = outcome != DONE && fold->trouble.fault;
    if (failed) {
        failures->item = item < failures->count ? (int32_t)item : -1;
        memcpy(failures->code, fold->trouble.state, sizeof failures->code);
        memcpy(failures->text, why.text, sizeof failures->text);
    }
    rollback(fold);
    fold->skip_items = NULL;
    return failed;
}

/* Items of the envelope at the cursor; 0 when it cannot be decoded. */
static size_t items_at_cursor(struct fold *fold)
{
    struct why why = {0};
    int64_t head;
    size_t count = 0;
    scoped_by(sql_result_clear) PGresult *r = NULL;
    if (begin(fold, &head, &why) == DONE && fetch(fold, 1, &r, &why) == DONE && PQntuples(r) == 1) {
        Silsila__V1__Body *body = NULL;
        enum body_flaw flaw;
        if (body_decode(sql_bytes(r, 0, 4), &body, &flaw, &why) == DONE) {
            count = body->n_items;
            body_free(&body);
        }
    }
    rollback(fold);
    return count;
}

/* The envelope at the cursor fails through a fault of ours: finds the items that do, folds the others, notes the errors. When
 * even an envelope without its items fails, all of it is noted and left out. */
static enum outcome fold_by_items(struct fold *fold, struct fold_progress *progress, struct why *why)
{
    size_t count = items_at_cursor(fold);
    scoped_by(cleanup_free) bool *skip = calloc(count + 1, sizeof *skip);
    scoped_by(cleanup_free) bool *bad = calloc(count + 1, sizeof *bad);
    scoped_by(cleanup_free) struct failures *failures = calloc(count + 1, sizeof *failures);
    if (!skip || !bad || !failures)
        return fail(why, RETRY, "out of memory");
    size_t failure_count = 0;
    for (size_t i = 0; i < count; i++) {
        struct failures *f = &failures[failure_count];
        f->skip = skip;
        f->count = count;
        bad[i] = item_fails(fold, i, f);
        failure_count += bad[i];
    }
    fold->skip_items = bad;
    fold->skip_count = count;
    enum outcome outcome = transaction(fold, 1, failures, failure_count, progress, why);
    fold->skip_items = NULL;
    if (outcome == RETRY && fold->trouble.fault) {
        struct failures whole = {.item = -1};
        memcpy(whole.code, fold->trouble.state[0] ? fold->trouble.state : "fault", 6);
        memcpy(whole.text, why->text, sizeof whole.text);
        int64_t crashed_at = fold->settings.crashed_at;
        fold->settings.crashed_at = progress->position; /* left out whole */
        outcome = transaction(fold, 1, &whole, 1, progress, why);
        fold->settings.crashed_at = crashed_at;
    }
    return outcome;
}

enum outcome fold_step(struct fold *fold, struct fold_progress *progress, struct why *why)
{
    *progress = (struct fold_progress){0};
    enum outcome outcome = connect_now(fold, why);
    if (outcome != DONE)
        return outcome;
    bool careful = fold->position < fold->settings.careful_until;
    int64_t most = careful ? 1 : fold->settings.batch_envelopes;
    outcome = transaction(fold, most, NULL, 0, progress, why);
    if (outcome != RETRY || !fold->trouble.fault)
        return outcome;
    /* A fault of ours. Alone at the cursor: item by item; else one by one until past this batch. */
    int64_t head = 0;
    struct why ignored = {0};
    if (begin(fold, &head, &ignored) != DONE) {
        rollback(fold);
        return RETRY;
    }
    progress->position = fold->position;
    int64_t behind = fold->position + most;
    rollback(fold);
    if (most == 1)
        return fold_by_items(fold, progress, why);
    fold->settings.careful_until = behind;
    fold->cursor_known = true;
    fold->position = progress->position;
    return transaction(fold, 1, NULL, 0, progress, why) == DONE ? DONE : fold_by_items(fold, progress, why);
}

enum outcome fold_reset(struct fold *fold, struct why *why)
{
    enum outcome outcome = connect_now(fold, why);
    int64_t head;
    if (outcome == DONE)
        outcome = begin(fold, &head, why);
    for (const char *const *table = fold_derived_tables(); *table && outcome == DONE; table++) {
        char sql[128];
        (void)snprintf(sql, sizeof sql, "TRUNCATE %s.%s", fold->settings.schema, *table);
        outcome = sql_run(fold->conn, sql, &fold->trouble, why);
    }
    if (outcome == DONE)
        outcome = sql_run(fold->conn,
                          "DELETE FROM fold_error; UPDATE fold_cursor SET position = 0, incarnation = incarnation + 1",
                          &fold->trouble, why);
    if (outcome == DONE)
        outcome = sql_run(fold->conn, "COMMIT", &fold->trouble, why);
    if (outcome != DONE)
        rollback(fold);
    fold_forget(fold);
    return outcome;
}
