/* Inside the outbox: what its small files share. Nobody outside common/outbox/ includes this.
 *
 *   open.c       outbox_open and close; recover(): check, salvage, load, decide the epoch
 *   store.c      one SQLite connection: pragmas, prepared statements, a transaction with a sticky error
 *   statements.c every SQL text, in one table
 *   schema.c     tables, version, upgrade steps
 *   row_hash.c   the SQL function that makes and checks each row's hash
 *   lock.c       one process at a time
 *   high_water.c the second file, which knows the highest seq ever sealed
 *   epoch.c      beginning and loading epochs
 *   samples.c, seal.c, receipts.c, values.c   the public calls
 *   sacrifice.c  room: quota, full disk, retention
 *   salvage.c    a damaged file's rows into a new file
 */
#ifndef COMMON_OUTBOX_INTERNAL_H
#define COMMON_OUTBOX_INTERNAL_H

#include <sqlite3.h>

#include "common/outbox.h"

enum { OUTBOX_VERSION = 1, OUTBOX_PAGE_BYTES = 2048, TAIL_CHECKED = 64, RESERVE_BYTES = 32768 };

enum statement {
    S_BEGIN,
    S_COMMIT,
    S_ROLLBACK,
    S_STATE_LOAD,
    S_STATE_SAVE,
    S_EPOCH_LAST,
    S_EPOCH_LAST_USED,
    S_EPOCH_BY_ID,
    S_EPOCH_BEGIN,
    S_EPOCH_ADVANCE,
    S_EPOCH_FORGET,
    S_SAMPLE_ADD,
    S_SAMPLE_LIST,
    S_SAMPLE_DELETE,
    S_SAMPLE_COUNT,
    S_SAMPLE_THIN,
    S_SAMPLE_MARK_THINNED,
    S_ENVELOPE_ADD,
    S_ENVELOPE_OPEN,
    S_ENVELOPE_HASH_AT,
    S_ENVELOPE_RECEIPT,
    S_ENVELOPE_AGAIN,
    S_ENVELOPE_OLDEST,
    S_ENVELOPE_NEWEST,
    S_ENVELOPE_COUNT,
    S_ENVELOPE_EXPIRE,
    S_ENVELOPE_GIVE_UP,
    S_ENVELOPE_DISTRUST,
    S_OPEN_EPOCHS,
    S_VALUE_PUT,
    S_VALUE_GET,
    S_PAGE_COUNT,
    S_FREE_COUNT,
    S_GIVE_BACK,
    S_BAD_STATE,
    S_BAD_EPOCH,
    S_BAD_SAMPLE,
    S_BAD_ENVELOPE,
    S_BAD_VALUE,
    STATEMENTS
};

const char *statement_text(enum statement s);

/* What the row `state` holds, and the losses not yet on disk. */
struct counters {
    int64_t write_no; /* of the last committed transaction: tells after a failed COMMIT whether it took effect */
    int64_t samples_taken, samples_lost, samples_thinned;
    int64_t lost_pending, lost_from_ms, lost_until_ms; /* lost and not yet said in an item */
};

struct high_water {
    int fd; /* -1: cannot be opened now */
    bool known;
    uint64_t turn; /* rises with each write; the slot is turn % 2 */
    uint8_t epoch[16];
    uint64_t seq;
    uint8_t body_hash[32];
};

struct outbox {
    char *path, *high_path;
    struct outbox_settings settings; /* its path pointers are not used after open */
    int lock_fd;
    sqlite3 *db; /* NULL: to be opened again by the next call */
    sqlite3_stmt *statement[STATEMENTS];
    int error; /* sticky result code of the present transaction */
    bool recovering; /* a failed commit inside recovery waits for the next call instead of recovering again */
    bool damaged; /* found while reading: the next call salvages */
    bool read_only, full;
    bool spare_reserve; /* the present transaction may not live on the reserve */
    bool reserve; /* the reserve file is there: samples may be taken (sacrifice.c) */
    int64_t now_ms;
    int64_t epoch_no;
    struct outbox_epoch epoch;
    uint64_t next_seq;
    uint8_t last_body_hash[32];
    struct counters counters;
    uint64_t samples, unreceipted, receipted_kept;
    struct high_water high;
    struct buffer handed_out; /* the envelope last shown to a caller */
};

/* A damaged file told apart from a medium that fails: only the first is salvaged. */
enum check { CHECK_SOUND, CHECK_DAMAGED, CHECK_FAILED, CHECK_NEWER };

/* store.c */
/* Opens `path` and sets the pragmas; `o->db` is set on DONE only. */
MUST_CHECK enum outcome store_connect(struct outbox *o, const char *path, struct why *why);
MUST_CHECK enum outcome store_prepare(struct outbox *o, struct why *why);
void store_close(struct outbox *o);
/* Opens again after a failure; first thing of every public call. */
MUST_CHECK enum outcome store_ready(struct outbox *o, struct why *why);
/* Translates an SQLite code, notes on `o` what it means for the medium, and closes the store when it can no longer be
 * believed. The one place that knows SQLite's codes. */
enum outcome store_fail(struct outbox *o, int code, struct why *why, const char *doing);
/* True for the codes that say "this file is damaged". */
bool store_is_damage(int code);

/* Sticky helpers: each does nothing once o->error is set. Bind by position from 1. */
void use(struct outbox *o, enum statement s);
void bind_number(struct outbox *o, enum statement s, int at, int64_t value);
void bind_bytes(struct outbox *o, enum statement s, int at, const void *data, size_t len);
void bind_text(struct outbox *o, enum statement s, int at, const char *text);
/* Steps: true when there is a row to read. */
bool row(struct outbox *o, enum statement s);
/* Steps to the end, for statements without rows. */
void run(struct outbox *o, enum statement s);
int64_t number_of(struct outbox *o, enum statement s); /* use, first column of the only row, 0 without one */
void copy_column(sqlite3_stmt *s, int column, void *out, size_t len);

/* One write transaction: `work` uses the sticky helpers and may refuse by returning other than DONE. Counters and the
 * write number are saved with it. On a full disk it makes room (sacrifice.c) and tries once more. */
typedef enum outcome (*work_function)(struct outbox *o, void *context, struct why *why);
MUST_CHECK enum outcome store_write(struct outbox *o, work_function work, void *context, struct why *why);

/* open.c */
MUST_CHECK enum outcome recover(struct outbox *o, struct why *why);
void state_load(struct outbox *o); /* sticky */

/* schema.c */
enum check schema_ready(struct outbox *o, struct why *why);

/* row_hash.c */
int row_hash_register(sqlite3 *db);
uint64_t hash_of_bytes(uint64_t so_far, const void *data, size_t len);

/* lock.c */
MUST_CHECK enum outcome lock_take(const char *path, int *fd, struct why *why);

/* high_water.c */
void high_water_open(struct high_water *high, const char *path);
/* False: not written (the medium fails); tried again at the next seal and tidy. */
bool high_water_write(struct high_water *high, const uint8_t epoch[16], uint64_t seq, const uint8_t body_hash[32]);
/* Brings the file up to the present epoch's last body, if it is behind. */
void high_water_raise(struct outbox *o);
void high_water_close(struct high_water *high);

/* epoch.c */
void epoch_load(struct outbox *o); /* the latest, sticky; epoch_no 0: none */
/* Whether a new epoch has to begin now, and why. Sticky. */
bool epoch_due(struct outbox *o, bool salvaged, enum outbox_epoch_reason *reason);
/* Inside a transaction; sticky. */
void epoch_begin(struct outbox *o, enum outbox_epoch_reason reason);

/* sacrifice.c */
int64_t bytes_used(struct outbox *o);
bool over_quota(struct outbox *o);
/* Inside a transaction: gives up receipted rows, then thins samples; true when something was given up. Sticky. */
bool sacrifice(struct outbox *o);
/* The reserve is a file of RESERVE_BYTES given up when the disk is full, so that bodies can still be sealed, receipts
 * applied and rows deleted: to delete, SQLite must first write. Samples are not taken while it cannot be there, else they
 * would use it up and the next receipt, which makes room, could not be written. True: it is there. */
bool reserve_make(struct outbox *o);
void reserve_release(struct outbox *o);
/* On a full disk: folds the WAL into the file and cuts it, gives up the reserve, then rows in the order of sacrifice. */
bool make_room(struct outbox *o);

/* salvage.c */
/* Moves a finished salvage into place if a crash interrupted that. */
MUST_CHECK enum outcome salvage_finish(struct outbox *o, struct why *why);
/* Builds a new file from the sound rows of the damaged one and puts it in its place; the store is closed after it. */
MUST_CHECK enum outcome salvage(struct outbox *o, struct why *why);

/* Path with a suffix; NULL when out of memory; free() it. */
char *path_beside(const char *path, const char *suffix);
bool write_whole(int fd, const void *data, size_t len, int64_t offset);
bool sync_folder_of(const char *path);

#endif
