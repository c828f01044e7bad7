#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "common/cleanup.h"
#include "common/outbox/internal.h"

char *path_beside(const char *path, const char *suffix)
{
    char *made = NULL;
    return asprintf(&made, "%s%s", path, suffix) < 0 ? NULL : made;
}

bool write_whole(int fd, const void *data, size_t len, int64_t offset)
{
    const uint8_t *from = data;
    while (len > 0) {
        ssize_t wrote = pwrite(fd, from, len, (off_t)offset);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote <= 0)
            return false;
        from += wrote;
        offset += wrote;
        len -= (size_t)wrote;
    }
    return true;
}

bool sync_folder_of(const char *path)
{
    scoped_by(cleanup_free) char *folder = strdup(path);
    if (!folder)
        return false;
    char *slash = strrchr(folder, '/');
    if (slash)
        slash[slash == folder ? 1 : 0] = '\0';
    scoped_by(cleanup_close) int fd = open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd >= 0 && fsync(fd) == 0;
}

/* SQLite's own check of pages and b-trees: "ok" or the first complaint. */
static enum check quick_check(struct outbox *o, struct why *why)
{
    sqlite3_stmt *s = NULL;
    enum check found = CHECK_DAMAGED;
    int code = sqlite3_prepare_v2(o->db, "PRAGMA quick_check(1)", -1, &s, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(s);
    if (code == SQLITE_ROW) {
        const char *said = (const char *)sqlite3_column_text(s, 0);
        if (!said)
            code = SQLITE_NOMEM;
        else if (strcmp(said, "ok") == 0)
            found = CHECK_SOUND;
        else
            (void)fail(why, RETRY, "damaged: %s", said);
    }
    (void)sqlite3_finalize(s);
    if (code == SQLITE_ROW)
        return found;
    (void)store_fail(o, code, why, "check the file");
    return store_is_damage(code) ? CHECK_DAMAGED : CHECK_FAILED;
}

/* Rows whose bytes do not fit their hash: all small tables, and the envelopes most likely to be hurt, the last. The
 * others are checked when they are read to be sent. */
static enum check check_rows(struct outbox *o, struct why *why)
{
    static const enum statement whole[] = {S_BAD_STATE, S_BAD_EPOCH, S_BAD_SAMPLE, S_BAD_VALUE};
    int64_t bad = 0;
    o->error = SQLITE_OK;
    for (size_t i = 0; i < sizeof whole / sizeof whole[0]; i++)
        bad += number_of(o, whole[i]);
    use(o, S_BAD_ENVELOPE);
    bind_number(o, S_BAD_ENVELOPE, 1, TAIL_CHECKED);
    if (row(o, S_BAD_ENVELOPE))
        bad += sqlite3_column_int64(o->statement[S_BAD_ENVELOPE], 0);
    run(o, S_BAD_ENVELOPE);
    if (o->error != SQLITE_OK) {
        int code = o->error;
        (void)store_fail(o, code, why, "check the rows");
        return store_is_damage(code) ? CHECK_DAMAGED : CHECK_FAILED;
    }
    if (bad > 0)
        (void)fail(why, RETRY, "damaged: %lld rows do not fit their hash", (long long)bad);
    return bad > 0 ? CHECK_DAMAGED : CHECK_SOUND;
}

static enum check connect_and_check(struct outbox *o, struct why *why)
{
    bool known_damaged = o->damaged;
    o->damaged = false;
    if (store_connect(o, o->path, why) != DONE)
        return o->damaged || known_damaged ? CHECK_DAMAGED : CHECK_FAILED;
    enum check found = quick_check(o, why);
    if (found == CHECK_SOUND)
        found = schema_ready(o, why);
    if (found == CHECK_SOUND)
        found = store_prepare(o, why) == DONE ? CHECK_SOUND : o->damaged ? CHECK_DAMAGED : CHECK_FAILED;
    if (found == CHECK_SOUND)
        found = check_rows(o, why);
    return found == CHECK_SOUND && known_damaged ? CHECK_DAMAGED : found;
}

void state_load(struct outbox *o)
{
    struct counters unsaid = o->counters;
    use(o, S_STATE_LOAD);
    if (row(o, S_STATE_LOAD)) {
        sqlite3_stmt *s = o->statement[S_STATE_LOAD];
        int64_t *into[] = {&o->counters.write_no,        &o->counters.samples_taken, &o->counters.samples_lost,
                           &o->counters.samples_thinned, &o->counters.lost_pending,  &o->counters.lost_from_ms,
                           &o->counters.lost_until_ms};
        for (int i = 0; i < 7; i++)
            *into[i] = sqlite3_column_int64(s, i);
        run(o, S_STATE_LOAD);
    }
    /* Losses counted in memory since the last commit are not forgotten because the file was opened again. */
    if (unsaid.lost_pending > o->counters.lost_pending) {
        o->counters.samples_lost += unsaid.lost_pending - o->counters.lost_pending;
        o->counters.lost_pending = unsaid.lost_pending;
        o->counters.lost_from_ms = unsaid.lost_from_ms;
        o->counters.lost_until_ms = unsaid.lost_until_ms;
    }
    o->samples = (uint64_t)number_of(o, S_SAMPLE_COUNT);
    use(o, S_ENVELOPE_COUNT);
    if (row(o, S_ENVELOPE_COUNT)) {
        o->unreceipted = (uint64_t)sqlite3_column_int64(o->statement[S_ENVELOPE_COUNT], 0);
        o->receipted_kept = (uint64_t)sqlite3_column_int64(o->statement[S_ENVELOPE_COUNT], 1);
    }
    run(o, S_ENVELOPE_COUNT);
    epoch_load(o);
}

static enum outcome begin_epoch(struct outbox *o, void *context, struct why *why)
{
    (void)why;
    epoch_begin(o, *(enum outbox_epoch_reason *)context);
    return DONE;
}

static enum outcome begin_epoch_if_due(struct outbox *o, bool salvaged, struct why *why)
{
    enum outbox_epoch_reason reason = EPOCH_FIRST;
    bool due = epoch_due(o, salvaged, &reason);
    if (o->error != SQLITE_OK)
        return store_fail(o, o->error, why, "read the epochs");
    return due ? store_write(o, begin_epoch, &reason, why) : DONE;
}

static enum outcome load(struct outbox *o, bool salvaged, struct why *why)
{
    o->error = SQLITE_OK;
    state_load(o);
    if (o->error != SQLITE_OK)
        return store_fail(o, o->error, why, "load");
    enum outcome begun = begin_epoch_if_due(o, salvaged, why);
    if (begun != DONE) {
        store_close(o);
        return begun;
    }
    /* Frames that a failed flush left in the cache go through a checkpoint, whose own flush says whether they hold. */
    int code = sqlite3_wal_checkpoint_v2(o->db, NULL, SQLITE_CHECKPOINT_FULL, NULL, NULL);
    if (code != SQLITE_OK && (code & 0xff) != SQLITE_FULL)
        return store_fail(o, code, why, "checkpoint");
    high_water_raise(o);
    return DONE;
}

static enum outcome recover_steps(struct outbox *o, struct why *why)
{
    enum outcome outcome = salvage_finish(o, why);
    if (outcome != DONE)
        return outcome;
    if (o->high.fd < 0)
        high_water_open(&o->high, o->high_path);
    bool salvaged = false;
    enum check found = connect_and_check(o, why);
    if (found == CHECK_DAMAGED) {
        store_close(o);
        outcome = salvage(o, why);
        if (outcome != DONE) {
            o->damaged = true;
            return outcome;
        }
        salvaged = true;
        o->damaged = false;
        found = connect_and_check(o, why);
    }
    if (found == CHECK_SOUND)
        return load(o, salvaged, why);
    store_close(o);
    return found == CHECK_NEWER ? REJECT : RETRY;
}

enum outcome recover(struct outbox *o, struct why *why)
{
    o->recovering = true;
    enum outcome outcome = recover_steps(o, why);
    o->recovering = false;
    return outcome;
}

static struct outbox *outbox_new(const struct outbox_settings *settings)
{
    struct outbox *o = calloc(1, sizeof *o);
    if (!o)
        return NULL;
    o->settings = *settings;
    o->lock_fd = o->high.fd = -1;
    o->path = strdup(settings->path);
    o->high_path = settings->high_water_path ? strdup(settings->high_water_path) : path_beside(settings->path, ".high");
    if (!o->path || !o->high_path)
        outbox_close(&o);
    return o;
}

enum outcome outbox_open(struct outbox **made, const struct outbox_settings *settings, int64_t now_ms, struct why *why)
{
    scoped_by(outbox_close) struct outbox *o = outbox_new(settings);
    if (!o)
        return fail(why, RETRY, "out of memory");
    o->now_ms = now_ms;
    enum outcome outcome = lock_take(o->path, &o->lock_fd, why);
    if (outcome == DONE)
        outcome = recover(o, why);
    if (outcome != DONE)
        return outcome == UNSURE ? RETRY : outcome;
    (void)reserve_make(o);
    (void)sync_folder_of(o->path);
    *made = take(o);
    return DONE;
}

void outbox_close(struct outbox **outbox)
{
    struct outbox *o = *outbox;
    if (!o)
        return;
    store_close(o);
    high_water_close(&o->high);
    /* The lock goes last: nobody may open the file while ours is still being closed. */
    if (o->lock_fd >= 0)
        (void)close(o->lock_fd);
    buffer_free(&o->handed_out);
    free(o->path);
    free(o->high_path);
    free(o);
    *outbox = NULL;
}

void outbox_read_state(const struct outbox *outbox, struct outbox_state *state)
{
    /* Statements are shared and stepped here, which changes nothing that a caller can see. */
    struct outbox *o = (struct outbox *)(uintptr_t)outbox;
    *state = (struct outbox_state){.epoch = o->epoch,
                                   .next_seq = o->next_seq,
                                   .samples = o->samples,
                                   .unreceipted = o->unreceipted,
                                   .receipted_kept = o->receipted_kept,
                                   .samples_taken = (uint64_t)o->counters.samples_taken,
                                   .samples_lost = (uint64_t)o->counters.samples_lost,
                                   .samples_thinned = (uint64_t)o->counters.samples_thinned,
                                   .read_only = o->read_only,
                                   .full = o->full};
    memcpy(state->last_body_hash, o->last_body_hash, sizeof state->last_body_hash);
    if (!o->db || o->error != SQLITE_OK)
        return;
    state->newest_sealed_ms = number_of(o, S_ENVELOPE_NEWEST);
    state->oldest_unreceipted_ms = o->unreceipted ? number_of(o, S_ENVELOPE_OLDEST) : 0;
    state->bytes_used = bytes_used(o);
    o->error = SQLITE_OK;
}
