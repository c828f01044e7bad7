#include "common/outbox/internal.h"

/* Step i brings a file from version i to i + 1. Forward only; a step once released is never changed, because files in
 * the field have gone through it. The whole schema fits on page 1 (salvage.c counts on that). */
static const char *const steps[OUTBOX_VERSION] = {
    "CREATE TABLE state(one INTEGER PRIMARY KEY CHECK(one=1),write_no INT,samples_taken INT,samples_lost INT,"
    "samples_thinned INT,lost_pending INT,lost_from_ms INT,lost_until_ms INT,hash INT);"
    "CREATE TABLE epoch(no INTEGER PRIMARY KEY,epoch BLOB UNIQUE,boot_id BLOB,previous BLOB,last_certain_seq INT,"
    "last_body_hash BLOB,reason INT,next_seq INT,last_hash BLOB,begun_ms INT,hash INT);"
    "CREATE TABLE sample(id INTEGER PRIMARY KEY,source TEXT,scheduled_ms INT,value_mc INT,quality INT,up_ms INT,"
    "thinned INT,item BLOB,hash INT);"
    "CREATE TABLE envelope(id INTEGER PRIMARY KEY,epoch_no INT,epoch BLOB,seq INT,sealed_ms INT,body_hash BLOB,"
    "raw BLOB,hash INT,receipted_ms INT,mark INT,UNIQUE(epoch_no,seq));"
    "CREATE INDEX envelope_open ON envelope(epoch_no,seq) WHERE receipted_ms IS NULL;"
    "CREATE INDEX envelope_kept ON envelope(receipted_ms) WHERE receipted_ms IS NOT NULL;"
    "CREATE TABLE value(id INTEGER PRIMARY KEY,name TEXT UNIQUE,value BLOB,hash INT);"
    "INSERT INTO state VALUES(1,0,0,0,0,0,0,0,row_hash('state',0,0,0,0,0,0,0));",
};

static int version_of(sqlite3 *db, int *version)
{
    sqlite3_stmt *s = NULL;
    int code = sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &s, NULL);
    if (code == SQLITE_OK) {
        code = sqlite3_step(s);
        if (code == SQLITE_ROW) {
            *version = sqlite3_column_int(s, 0);
            code = SQLITE_OK;
        }
    }
    (void)sqlite3_finalize(s);
    return code;
}

static int apply_step(sqlite3 *db, int from)
{
    char *text = sqlite3_mprintf("BEGIN IMMEDIATE;%sPRAGMA user_version=%d;COMMIT", steps[from], from + 1);
    if (!text)
        return SQLITE_NOMEM;
    int code = sqlite3_exec(db, text, NULL, NULL, NULL);
    sqlite3_free(text);
    if (code != SQLITE_OK)
        (void)sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    return code;
}

enum check schema_ready(struct outbox *o, struct why *why)
{
    int version = 0;
    int code = version_of(o->db, &version);
    if (code == SQLITE_OK && version > OUTBOX_VERSION) {
        (void)fail(why, REJECT, "the file is of version %d, this program knows %d", version, (int)OUTBOX_VERSION);
        return CHECK_NEWER;
    }
    while (code == SQLITE_OK && version < OUTBOX_VERSION)
        code = apply_step(o->db, version++);
    if (code == SQLITE_OK)
        return CHECK_SOUND;
    (void)store_fail(o, code, why, "read or make the tables");
    return store_is_damage(code) ? CHECK_DAMAGED : CHECK_FAILED;
}
