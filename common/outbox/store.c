#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "common/outbox/internal.h"

#ifdef TEETH_OUTBOX_NORMAL
#define SYNCHRONOUS "NORMAL"
#else
/* FULL: the WAL is flushed at each commit. NORMAL lost 3,950 of 15,408 committed rows over ten power cuts. */
#define SYNCHRONOUS "FULL"
#endif

/* EXCLUSIVE keeps the WAL's index in memory: a mapped -shm file on a full tmpfs would end us by SIGBUS. A small page and
 * a short WAL keep what is written to flash small; cell_size_check finds damage early. */
static const char pragmas[] = "PRAGMA locking_mode=EXCLUSIVE;"
                              "PRAGMA journal_mode=WAL;"
                              "PRAGMA synchronous=" SYNCHRONOUS ";"
                              "PRAGMA wal_autocheckpoint=48;"
                              "PRAGMA journal_size_limit=131072;"
                              "PRAGMA cache_size=-256;"
                              "PRAGMA temp_store=MEMORY;"
                              "PRAGMA cell_size_check=ON;"
                              "PRAGMA trusted_schema=OFF;";

/* Only while the file is empty: later the second of these would write, and a full disk could not be opened. */
static const char first_pragmas[] = "PRAGMA page_size=2048;"
                                    "PRAGMA auto_vacuum=INCREMENTAL;";

bool store_is_damage(int code)
{
    int primary = code & 0xff;
    return primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB;
}

enum outcome store_fail(struct outbox *o, int code, struct why *why, const char *doing)
{
    int primary = code & 0xff;
    int system = o->db ? sqlite3_system_errno(o->db) : 0;
    (void)fail(why, RETRY, "cannot %s: %s%s%s", doing, sqlite3_errstr(code), system ? ", " : "",
               system ? strerror(system) : "");
    if (primary == SQLITE_READONLY || ((primary == SQLITE_IOERR || primary == SQLITE_CANTOPEN) && system == EROFS))
        o->read_only = true;
    if (store_is_damage(code))
        o->damaged = true;
    if (primary == SQLITE_FULL) {
        o->full = true;
        return RETRY; /* rolled back cleanly: the connection is still good */
    }
    /* After an I/O error the kernel may have dropped dirty pages and called them clean: nothing in memory is to be
     * believed, all is read again from the file. The same way out serves for want of memory. */
    store_close(o);
    return RETRY;
}

enum outcome store_connect(struct outbox *o, const char *path, struct why *why)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE |
                SQLITE_OPEN_EXRESCODE;
    int code = sqlite3_open_v2(path, &o->db, flags, NULL);
    if (code == SQLITE_OK)
        code = row_hash_register(o->db);
    struct stat about;
    if (code == SQLITE_OK && (stat(path, &about) != 0 || about.st_size == 0))
        code = sqlite3_exec(o->db, first_pragmas, NULL, NULL, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_exec(o->db, pragmas, NULL, NULL, NULL);
    return code == SQLITE_OK ? DONE : store_fail(o, code, why, "open the file");
}

enum outcome store_prepare(struct outbox *o, struct why *why)
{
    for (enum statement s = 0; s < STATEMENTS; s++) {
        int code = sqlite3_prepare_v3(o->db, statement_text(s), -1, SQLITE_PREPARE_PERSISTENT, &o->statement[s], NULL);
        if (code != SQLITE_OK)
            return store_fail(o, code, why, "prepare a statement");
    }
    return DONE;
}

void store_close(struct outbox *o)
{
    for (enum statement s = 0; s < STATEMENTS; s++) {
        (void)sqlite3_finalize(o->statement[s]);
        o->statement[s] = NULL;
    }
    (void)sqlite3_close_v2(o->db);
    o->db = NULL;
}

enum outcome store_ready(struct outbox *o, struct why *why)
{
    if (o->damaged)
        store_close(o);
    return o->db ? DONE : recover(o, why);
}

void use(struct outbox *o, enum statement s)
{
    if (o->error != SQLITE_OK)
        return;
    /* reset repeats the code of the last step, which was dealt with then */
    (void)sqlite3_reset(o->statement[s]);
    (void)sqlite3_clear_bindings(o->statement[s]);
}

static void note(struct outbox *o, int code)
{
    if (code != SQLITE_OK && o->error == SQLITE_OK)
        o->error = code;
}

void bind_number(struct outbox *o, enum statement s, int at, int64_t value)
{
    if (o->error == SQLITE_OK)
        note(o, sqlite3_bind_int64(o->statement[s], at, value));
}

void bind_bytes(struct outbox *o, enum statement s, int at, const void *data, size_t len)
{
    if (o->error == SQLITE_OK)
        note(o, data ? sqlite3_bind_blob64(o->statement[s], at, data, len, SQLITE_STATIC)
                     : sqlite3_bind_null(o->statement[s], at));
}

void bind_text(struct outbox *o, enum statement s, int at, const char *text)
{
    if (o->error == SQLITE_OK)
        note(o, sqlite3_bind_text(o->statement[s], at, text, -1, SQLITE_STATIC));
}

bool row(struct outbox *o, enum statement s)
{
    if (o->error != SQLITE_OK)
        return false;
    int code = sqlite3_step(o->statement[s]);
    if (code == SQLITE_ROW)
        return true;
    if (code != SQLITE_DONE)
        note(o, code);
    (void)sqlite3_reset(o->statement[s]);
    return false;
}

void run(struct outbox *o, enum statement s)
{
    while (row(o, s)) {
    }
}

int64_t number_of(struct outbox *o, enum statement s)
{
    use(o, s);
    int64_t number = row(o, s) ? sqlite3_column_int64(o->statement[s], 0) : 0;
    run(o, s);
    return number;
}

void copy_column(sqlite3_stmt *s, int column, void *out, size_t len)
{
    const void *data = sqlite3_column_blob(s, column);
    memset(out, 0, len);
    if (data && (size_t)sqlite3_column_bytes(s, column) == len)
        memcpy(out, data, len);
}

static void state_save(struct outbox *o, const struct counters *c)
{
    use(o, S_STATE_SAVE);
    const int64_t values[] = {c->write_no,     c->samples_taken, c->samples_lost, c->samples_thinned,
                              c->lost_pending, c->lost_from_ms,  c->lost_until_ms};
    for (int i = 0; i < 7; i++)
        bind_number(o, S_STATE_SAVE, i + 1, values[i]);
    run(o, S_STATE_SAVE);
}

/* Everything a transaction changes in memory, so that a rollback can take it back. */
struct remembered {
    int64_t epoch_no;
    struct outbox_epoch epoch;
    uint64_t next_seq;
    uint8_t last_body_hash[32];
    struct counters counters;
    uint64_t samples, unreceipted, receipted_kept;
};

static struct remembered remember(const struct outbox *o)
{
    struct remembered r = {o->epoch_no, o->epoch,   o->next_seq,    {0},
                           o->counters, o->samples, o->unreceipted, o->receipted_kept};
    memcpy(r.last_body_hash, o->last_body_hash, sizeof r.last_body_hash);
    return r;
}

static void go_back(struct outbox *o, const struct remembered *r)
{
    o->epoch_no = r->epoch_no;
    o->epoch = r->epoch;
    o->next_seq = r->next_seq;
    memcpy(o->last_body_hash, r->last_body_hash, sizeof o->last_body_hash);
    o->counters = r->counters;
    o->samples = r->samples;
    o->unreceipted = r->unreceipted;
    o->receipted_kept = r->receipted_kept;
}

static void roll_back(struct outbox *o)
{
    for (enum statement s = 0; s < STATEMENTS; s++)
        (void)sqlite3_reset(o->statement[s]);
    if (!sqlite3_get_autocommit(o->db))
        (void)sqlite3_step(o->statement[S_ROLLBACK]);
    (void)sqlite3_reset(o->statement[S_ROLLBACK]);
}

/* A COMMIT that failed may still be in the file (the flush failed after the write). Opened again, the file tells. */
static enum outcome resolve(struct outbox *o, int code, const struct remembered *before, struct why *why)
{
    int64_t wanted = before->counters.write_no + 1;
    struct why again = {""};
    go_back(o, before);
    (void)store_fail(o, code, why, "commit");
    if (o->db || o->recovering)
        return RETRY;
    o->counters.lost_pending = 0; /* else it would be taken for news when the file is loaded */
    enum outcome recovered = recover(o, &again);
    if (recovered == DONE && o->counters.write_no == wanted)
        return DONE;
    o->counters.lost_pending = before->counters.lost_pending;
    o->counters.lost_from_ms = before->counters.lost_from_ms;
    o->counters.lost_until_ms = before->counters.lost_until_ms;
    o->counters.samples_lost = before->counters.samples_lost;
    if (recovered == DONE)
        return RETRY;
    return fail_within(why, UNSURE, "whether it was written is not known (%s)", again.text);
}

static enum outcome write_once(struct outbox *o, work_function work, void *context, int *code, struct why *why)
{
    struct remembered before = remember(o);
    o->error = SQLITE_OK;
    use(o, S_BEGIN);
    run(o, S_BEGIN);
    enum outcome outcome = o->error == SQLITE_OK ? work(o, context, why) : RETRY;
    if (o->error == SQLITE_OK && outcome == DONE) {
        o->counters.write_no = before.counters.write_no + 1;
        state_save(o, &o->counters);
        bool reached = o->error == SQLITE_OK;
        use(o, S_COMMIT);
        run(o, S_COMMIT);
        if (o->error == SQLITE_OK) {
            o->read_only = false;
            return DONE;
        }
        if (reached && (o->error & 0xff) != SQLITE_FULL) {
            *code = o->error;
            roll_back(o);
            return resolve(o, *code, &before, why);
        }
    }
    *code = o->error;
    roll_back(o);
    go_back(o, &before);
    if (*code == SQLITE_OK)
        return outcome; /* `work` refused and said why */
    return store_fail(o, *code, why, "write");
}

static enum outcome only_sacrifice(struct outbox *o, void *context, struct why *why)
{
    (void)why;
    *(bool *)context = sacrifice(o);
    return DONE;
}

static bool cut_wal(struct outbox *o)
{
    return sqlite3_wal_checkpoint_v2(o->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL) == SQLITE_OK;
}

/* Free pages inside the file go back to the disk, a few at a time, because even that is written to the WAL first. */
static void shrink(struct outbox *o)
{
    enum { KEPT_FREE = 16, STEPS_MOST = 64 };
    for (int step = 0; step < STEPS_MOST && o->error == SQLITE_OK; step++) {
        if (number_of(o, S_FREE_COUNT) <= KEPT_FREE)
            return;
        use(o, S_GIVE_BACK);
        run(o, S_GIVE_BACK);
        if (!cut_wal(o))
            return;
    }
}

bool make_room(struct outbox *o)
{
    struct why why = {""};
    int code = SQLITE_OK;
    bool gave = false;
    if (!o->db)
        return false;
    (void)cut_wal(o);
    reserve_release(o);
    if (write_once(o, only_sacrifice, &gave, &code, &why) != DONE || !o->db)
        return false;
    (void)cut_wal(o);
    o->error = SQLITE_OK;
    shrink(o);
    for (enum statement s = S_PAGE_COUNT; s <= S_GIVE_BACK; s++)
        (void)sqlite3_reset(o->statement[s]);
    o->error = SQLITE_OK;
    return true;
}

enum outcome store_write(struct outbox *o, work_function work, void *context, struct why *why)
{
    int code = SQLITE_OK;
    enum outcome outcome = write_once(o, work, context, &code, why);
    if (outcome == RETRY && (code & 0xff) == SQLITE_FULL && o->db && make_room(o) &&
        (!o->spare_reserve || reserve_make(o))) {
        outcome = write_once(o, work, context, &code, why);
        o->full = true; /* until a later write needs no rescue */
    }
    return outcome;
}
