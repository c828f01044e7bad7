#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/outbox/internal.h"

/* Salvage, step by step, so that a crash anywhere leaves something to go on from:
 *   1. FILE.salvage is made new, with every row of FILE whose hash holds, and closed (no WAL stays)
 *   2. it is renamed FILE.salvaged: complete
 *   3. FILE-wal and FILE are renamed FILE.damaged-wal and FILE.damaged (an earlier such pair is replaced: room is bounded)
 *   4. FILE.salvaged is renamed FILE
 * salvage_finish() does 3 and 4 again after a crash. */

/* One table's rows, read one by one by id, so that a bad page costs only its own rows. */
struct table {
    const char *bounds; /* least and greatest id; may fail on a damaged file */
    const char *read;   /* the sound row with id ?1: its columns, in order of `write` */
    const char *write;
};

/* Ids tried when the greatest cannot be read. */
enum { IDS_TRIED = 200000 };

static const struct table tables[] = {
    {"SELECT 1,1",
     "SELECT one,write_no+1000,samples_taken,samples_lost,samples_thinned,lost_pending,lost_from_ms,lost_until_ms,"
     "row_hash('state',write_no+1000,samples_taken,samples_lost,samples_thinned,lost_pending,lost_from_ms,lost_until_ms)"
     " FROM state WHERE one=?1 AND hash=row_hash('state',write_no,samples_taken,samples_lost,samples_thinned,"
     "lost_pending,lost_from_ms,lost_until_ms)",
     "INSERT OR REPLACE INTO state VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9)"},
    {"SELECT min(no),max(no) FROM epoch",
     "SELECT no,epoch,boot_id,previous,last_certain_seq,last_body_hash,reason,next_seq,last_hash,begun_ms,hash FROM epoch"
     " WHERE no=?1 AND hash=row_hash('epoch',no,epoch,boot_id,previous,last_certain_seq,last_body_hash,reason,next_seq,"
     "last_hash,begun_ms)",
     "INSERT INTO epoch VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11)"},
    {"SELECT min(id),max(id) FROM sample",
     "SELECT id,source,scheduled_ms,value_mc,quality,up_ms,thinned,item,hash FROM sample WHERE id=?1"
     " AND hash=row_hash('sample',id,source,scheduled_ms,value_mc,quality,up_ms,thinned,item)",
     "INSERT INTO sample VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9)"},
    /* A receipt's mark that does not hold is forgotten: the envelope goes again. */
    {"SELECT min(id),max(id) FROM envelope",
     "SELECT id,epoch_no,epoch,seq,sealed_ms,body_hash,raw,hash,"
     "CASE WHEN mark=row_hash('mark',epoch,seq,body_hash,receipted_ms) THEN receipted_ms END,"
     "CASE WHEN mark=row_hash('mark',epoch,seq,body_hash,receipted_ms) THEN mark"
     " ELSE row_hash('mark',epoch,seq,body_hash,NULL) END FROM envelope WHERE id=?1"
     " AND hash=row_hash('envelope',id,epoch_no,epoch,seq,sealed_ms,body_hash,raw)",
     "INSERT INTO envelope VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10)"},
    {"SELECT min(id),max(id) FROM value",
     "SELECT id,name,value,hash FROM value WHERE id=?1 AND hash=row_hash('value',name,value)",
     "INSERT INTO value VALUES(?1,?2,?3,?4)"},
};

/* What the lost rows leave to be put right from those that stayed. */
static const char mend[] =
    /* an epoch known only by its envelopes */
    "INSERT INTO epoch SELECT epoch_no,epoch,zeroblob(16),NULL,0,NULL,1,seq+1,body_hash,sealed_ms,"
    "row_hash('epoch',epoch_no,epoch,zeroblob(16),NULL,0,NULL,1,seq+1,body_hash,sealed_ms) FROM envelope e"
    " WHERE epoch_no NOT IN (SELECT no FROM epoch) AND seq=(SELECT max(seq) FROM envelope WHERE epoch_no=e.epoch_no);"
    /* the counter that gives ids must be beyond every id in use */
    "UPDATE state SET samples_taken=max(samples_taken,(SELECT coalesce(max(id),0) FROM sample));"
    "UPDATE state SET hash=row_hash('state',write_no,samples_taken,samples_lost,samples_thinned,lost_pending,"
    "lost_from_ms,lost_until_ms);";

static bool rename_if_there(const char *from, const char *to)
{
    return rename(from, to) == 0 || errno == ENOENT;
}

static void remove_set(const char *path)
{
    static const char *const suffixes[] = {"", "-wal", "-shm", "-journal"};
    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
        scoped_by(cleanup_free) char *one = path_beside(path, suffixes[i]);
        if (one)
            (void)unlink(one);
    }
}

enum outcome salvage_finish(struct outbox *o, struct why *why)
{
    scoped_by(cleanup_free) char *complete = path_beside(o->path, ".salvaged");
    scoped_by(cleanup_free) char *damaged = path_beside(o->path, ".damaged");
    scoped_by(cleanup_free) char *wal = path_beside(o->path, "-wal");
    scoped_by(cleanup_free) char *damaged_wal = path_beside(o->path, ".damaged-wal");
    scoped_by(cleanup_free) char *shm = path_beside(o->path, "-shm");
    scoped_by(cleanup_free) char *journal = path_beside(o->path, "-journal");
    if (!complete || !damaged || !wal || !damaged_wal || !shm || !journal)
        return fail(why, RETRY, "out of memory");
    struct stat about;
    if (stat(complete, &about) != 0)
        return DONE;
    /* The WAL first: a WAL of the damaged file beside the new file would be played into it. */
    if (!rename_if_there(wal, damaged_wal) || !rename_if_there(o->path, damaged) || rename(complete, o->path) != 0)
        return fail(why, RETRY, "cannot put the salvaged file in place: %s", strerror(errno));
    (void)unlink(shm);
    (void)unlink(journal);
    if (!sync_folder_of(o->path))
        return fail(why, RETRY, "cannot flush the folder: %s", strerror(errno));
    return DONE;
}

static int copy_row(sqlite3_stmt *read, sqlite3_stmt *write, int64_t id)
{
    (void)sqlite3_bind_int64(read, 1, id);
    int code = sqlite3_step(read);
    if (code == SQLITE_ROW) {
        for (int i = 0; i < sqlite3_column_count(read); i++)
            (void)sqlite3_bind_value(write, i + 1, sqlite3_column_value(read, i));
        code = sqlite3_step(write);
        (void)sqlite3_reset(write);
        /* two rows of one name or number: the first found stays */
        code = code == SQLITE_DONE || (code & 0xff) == SQLITE_CONSTRAINT ? SQLITE_OK : code;
    } else if (code == SQLITE_DONE || store_is_damage(code) || (code & 0xff) == SQLITE_ERROR) {
        code = SQLITE_OK; /* nothing sound under this id */
    }
    (void)sqlite3_reset(read);
    return code;
}

/* SQLITE_OK unless memory or the new file's medium failed: that a row cannot be read is no error here. */
static int copy_table(sqlite3 *from, sqlite3 *to, const struct table *table)
{
    sqlite3_stmt *bounds = NULL, *read = NULL, *write = NULL;
    int64_t first = 1, last = IDS_TRIED;
    int code = sqlite3_prepare_v2(to, table->write, -1, &write, NULL);
    if (code == SQLITE_OK && sqlite3_prepare_v2(from, table->bounds, -1, &bounds, NULL) == SQLITE_OK &&
        sqlite3_step(bounds) == SQLITE_ROW) {
        first = sqlite3_column_int64(bounds, 0);
        last = sqlite3_column_int64(bounds, 1);
    }
    if (code == SQLITE_OK && sqlite3_prepare_v2(from, table->read, -1, &read, NULL) == SQLITE_OK)
        for (int64_t id = first; code == SQLITE_OK && id > 0 && id <= last; id++)
            code = copy_row(read, write, id);
    (void)sqlite3_finalize(bounds);
    (void)sqlite3_finalize(read);
    (void)sqlite3_finalize(write);
    return code;
}

static int copy_rows(sqlite3 *from, sqlite3 *to)
{
    int code = sqlite3_exec(to, "BEGIN IMMEDIATE", NULL, NULL, NULL);
    for (size_t i = 0; code == SQLITE_OK && i < sizeof tables / sizeof tables[0]; i++)
        code = copy_table(from, to, &tables[i]);
    if (code == SQLITE_OK)
        code = sqlite3_exec(to, mend, NULL, NULL, NULL);
    return code == SQLITE_OK ? sqlite3_exec(to, "COMMIT", NULL, NULL, NULL) : code;
}

static bool can_be_read(sqlite3 *db)
{
    return sqlite3_exec(db, "SELECT count(*) FROM sqlite_schema WHERE name='envelope'", NULL, NULL, NULL) == SQLITE_OK;
}

/* Page 1 holds the header and the whole schema, and both are the same in every outbox of one version: a file whose first
 * page is destroyed gets that of the empty new file. `fresh` must be checkpointed. */
static void lend_first_page(const char *path, const char *fresh)
{
    uint8_t page[OUTBOX_PAGE_BYTES];
    struct stat about;
    scoped_by(cleanup_close) int from = open(fresh, O_RDONLY | O_CLOEXEC);
    scoped_by(cleanup_close) int to = open(path, O_RDWR | O_CLOEXEC);
    if (from < 0 || to < 0 || fstat(to, &about) != 0 || pread(from, page, sizeof page, 0) != (ssize_t)sizeof page)
        return;
    uint32_t pages = (uint32_t)(about.st_size / OUTBOX_PAGE_BYTES);
    for (int i = 0; i < 4; i++) {
        page[28 + i] = (uint8_t)(pages >> (24 - 8 * i)); /* size in pages */
        page[32 + i] = page[36 + i] = 0;                 /* no free pages: none is given out here */
    }
    (void)write_whole(to, page, sizeof page, 0);
}

/* Opens without touching what is there: no checkpoint at close. NULL when it cannot be read at all. */
static sqlite3 *open_damaged(const char *path)
{
    sqlite3 *db = NULL;
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE;
    if (sqlite3_open_v2(path, &db, flags, NULL) == SQLITE_OK && row_hash_register(db) == SQLITE_OK) {
        (void)sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
        (void)sqlite3_exec(db, "PRAGMA locking_mode=EXCLUSIVE", NULL, NULL, NULL);
        if (can_be_read(db))
            return db;
    }
    (void)sqlite3_close_v2(db);
    return NULL;
}

static sqlite3 *open_or_mend_damaged(const char *path, const char *fresh)
{
    sqlite3 *db = open_damaged(path);
    if (db)
        return db;
    lend_first_page(path, fresh);
    return open_damaged(path);
}

static enum outcome build(struct outbox *o, const char *fresh, struct why *why)
{
    enum outcome outcome = store_connect(o, fresh, why);
    if (outcome != DONE)
        return outcome;
    if (schema_ready(o, why) != CHECK_SOUND) {
        store_close(o);
        return RETRY;
    }
    int code = sqlite3_wal_checkpoint_v2(o->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    sqlite3 *damaged = code == SQLITE_OK ? open_or_mend_damaged(o->path, fresh) : NULL;
    if (damaged)
        code = copy_rows(damaged, o->db);
    (void)sqlite3_close_v2(damaged);
    if (code == SQLITE_OK)
        code = sqlite3_wal_checkpoint_v2(o->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    if (code != SQLITE_OK)
        return store_fail(o, code, why, "salvage");
    store_close(o);
    return DONE;
}

enum outcome salvage(struct outbox *o, struct why *why)
{
    scoped_by(cleanup_free) char *fresh = path_beside(o->path, ".salvage");
    scoped_by(cleanup_free) char *complete = path_beside(o->path, ".salvaged");
    if (!fresh || !complete)
        return fail(why, RETRY, "out of memory");
    remove_set(fresh);
    enum outcome outcome = build(o, fresh, why);
    store_close(o);
    if (outcome != DONE)
        return outcome;
    if (rename(fresh, complete) != 0)
        return fail(why, RETRY, "cannot name the salvaged file: %s", strerror(errno));
    return salvage_finish(o, why);
}
