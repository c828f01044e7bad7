#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/outbox/internal.h"

/* How many receipted envelopes go at once: few enough that one small need does not cost the whole retention. */
enum { GIVE_UP_AT_ONCE = 32 };

int64_t bytes_used(struct outbox *o)
{
    int64_t pages = number_of(o, S_PAGE_COUNT);
    return (pages - number_of(o, S_FREE_COUNT)) * OUTBOX_PAGE_BYTES;
}

bool over_quota(struct outbox *o)
{
    return o->settings.quota_bytes > 0 && o->error == SQLITE_OK && bytes_used(o) > o->settings.quota_bytes;
}

static uint64_t changed(struct outbox *o)
{
    return o->error == SQLITE_OK ? (uint64_t)sqlite3_changes(o->db) : 0;
}

static uint64_t thin(struct outbox *o)
{
    use(o, S_SAMPLE_THIN);
    run(o, S_SAMPLE_THIN);
    uint64_t thinned = changed(o);
    if (thinned > 0) {
        use(o, S_SAMPLE_MARK_THINNED);
        run(o, S_SAMPLE_MARK_THINNED);
    }
    o->samples -= thinned;
    o->counters.samples_thinned += (int64_t)thinned;
    return thinned;
}

bool sacrifice(struct outbox *o)
{
    use(o, S_ENVELOPE_DISTRUST);
    run(o, S_ENVELOPE_DISTRUST);
    uint64_t distrusted = changed(o);
    o->receipted_kept -= distrusted;
    o->unreceipted += distrusted;
    use(o, S_ENVELOPE_GIVE_UP);
    bind_number(o, S_ENVELOPE_GIVE_UP, 1, GIVE_UP_AT_ONCE);
    run(o, S_ENVELOPE_GIVE_UP);
    uint64_t given_up = changed(o);
    o->receipted_kept -= given_up;
    return given_up > 0 || thin(o) > 0;
}

bool reserve_make(struct outbox *o)
{
    scoped_by(cleanup_free) char *path = path_beside(o->path, ".reserve");
    scoped_by(cleanup_free) uint8_t *filling = malloc(RESERVE_BYTES);
    if (o->reserve || !path || !filling)
        return o->reserve;
    scoped_by(cleanup_close) int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return false;
    memset(filling, 'r', RESERVE_BYTES);
    struct stat about;
    bool there = fstat(fd, &about) == 0 && about.st_size == RESERVE_BYTES;
    o->reserve = there || (write_whole(fd, filling, RESERVE_BYTES, 0) && fsync(fd) == 0);
    if (!o->reserve)
        (void)unlink(path);
    return o->reserve;
}

void reserve_release(struct outbox *o)
{
    scoped_by(cleanup_free) char *path = path_beside(o->path, ".reserve");
    if (path)
        (void)unlink(path);
    o->reserve = false;
}

static enum outcome expire(struct outbox *o, void *context, struct why *why)
{
    (void)why;
    int64_t before_ms = *(const int64_t *)context;
    use(o, S_ENVELOPE_DISTRUST);
    run(o, S_ENVELOPE_DISTRUST);
    uint64_t distrusted = changed(o);
    use(o, S_ENVELOPE_EXPIRE);
    bind_number(o, S_ENVELOPE_EXPIRE, 1, before_ms);
    run(o, S_ENVELOPE_EXPIRE);
    o->receipted_kept -= changed(o) + distrusted;
    o->unreceipted += distrusted;
    use(o, S_EPOCH_FORGET);
    bind_number(o, S_EPOCH_FORGET, 1, o->epoch_no);
    run(o, S_EPOCH_FORGET);
    bool gave_up = false;
    while (over_quota(o) && sacrifice(o))
        gave_up = true;
    o->full = gave_up || over_quota(o);
    use(o, S_GIVE_BACK);
    run(o, S_GIVE_BACK);
    return DONE;
}

enum outcome outbox_tidy(struct outbox *o, int64_t now_ms, struct why *why)
{
    int64_t before_ms = now_ms - o->settings.retention_ms;
    o->now_ms = now_ms;
    enum outcome outcome = store_ready(o, why);
    if (outcome == DONE)
        outcome = store_write(o, expire, &before_ms, why);
    if (outcome != DONE)
        return outcome;
    high_water_raise(o);
    (void)reserve_make(o);
    return DONE;
}
