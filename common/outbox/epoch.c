#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "common/outbox/internal.h"

void epoch_load(struct outbox *o)
{
    o->epoch_no = 0;
    use(o, S_EPOCH_LAST);
    if (!row(o, S_EPOCH_LAST))
        return;
    sqlite3_stmt *s = o->statement[S_EPOCH_LAST];
    o->epoch = (struct outbox_epoch){0};
    o->epoch_no = sqlite3_column_int64(s, 0);
    copy_column(s, 1, o->epoch.epoch, 16);
    o->epoch.has_previous = sqlite3_column_type(s, 3) != SQLITE_NULL;
    copy_column(s, 3, o->epoch.previous_epoch, 16);
    o->epoch.last_certain_seq = (uint64_t)sqlite3_column_int64(s, 4);
    o->epoch.has_last_body_hash = sqlite3_column_type(s, 5) != SQLITE_NULL;
    copy_column(s, 5, o->epoch.last_body_hash, 32);
    o->epoch.reason = (enum outbox_epoch_reason)sqlite3_column_int(s, 6);
    o->next_seq = (uint64_t)sqlite3_column_int64(s, 7);
    copy_column(s, 8, o->last_body_hash, 32);
    run(o, S_EPOCH_LAST);
}

/* Was the latest epoch begun in this boot? */
static bool same_boot(struct outbox *o)
{
    uint8_t boot_id[16];
    use(o, S_EPOCH_LAST);
    if (!row(o, S_EPOCH_LAST))
        return false;
    copy_column(o->statement[S_EPOCH_LAST], 2, boot_id, sizeof boot_id);
    run(o, S_EPOCH_LAST);
    return memcmp(boot_id, o->settings.boot_id, sizeof boot_id) == 0;
}

/* The high-water file has seen more than this file holds. */
static bool behind_high_water(struct outbox *o)
{
    if (!o->high.known)
        return false;
    use(o, S_EPOCH_BY_ID);
    bind_bytes(o, S_EPOCH_BY_ID, 1, o->high.epoch, 16);
    if (!row(o, S_EPOCH_BY_ID))
        return o->error == SQLITE_OK;
    uint64_t next_seq = (uint64_t)sqlite3_column_int64(o->statement[S_EPOCH_BY_ID], 1);
    run(o, S_EPOCH_BY_ID);
    return o->high.seq >= next_seq;
}

/* Names the epoch before: the last that holds a body. One without any was never heard of by anybody. */
static void name_previous(struct outbox *o, struct outbox_epoch *fresh)
{
    use(o, S_EPOCH_LAST_USED);
    if (row(o, S_EPOCH_LAST_USED)) {
        sqlite3_stmt *s = o->statement[S_EPOCH_LAST_USED];
        fresh->has_previous = true;
        copy_column(s, 1, fresh->previous_epoch, 16);
        fresh->last_certain_seq = (uint64_t)sqlite3_column_int64(s, 2) - 1;
        fresh->has_last_body_hash = true;
        copy_column(s, 3, fresh->last_body_hash, 32);
        run(o, S_EPOCH_LAST_USED);
    }
    if (!behind_high_water(o))
        return;
    fresh->has_previous = true;
    memcpy(fresh->previous_epoch, o->high.epoch, 16);
    fresh->last_certain_seq = o->high.seq;
    fresh->has_last_body_hash = true;
    memcpy(fresh->last_body_hash, o->high.body_hash, 32);
}

static bool random_bytes(const struct outbox *o, uint8_t *out, size_t len)
{
    if (o->settings.random) {
        o->settings.random(o->settings.random_context, out, len);
        return true;
    }
    ssize_t got;
    do
        got = getrandom(out, len, 0);
    while (got < 0 && errno == EINTR);
    return got == (ssize_t)len;
}

static void store_epoch(struct outbox *o, const struct outbox_epoch *fresh)
{
    static const uint8_t none[32];
    use(o, S_EPOCH_BEGIN);
    bind_number(o, S_EPOCH_BEGIN, 1, o->epoch_no + 1);
    bind_bytes(o, S_EPOCH_BEGIN, 2, fresh->epoch, 16);
    bind_bytes(o, S_EPOCH_BEGIN, 3, o->settings.boot_id, 16);
    bind_bytes(o, S_EPOCH_BEGIN, 4, fresh->has_previous ? fresh->previous_epoch : NULL, 16);
    bind_number(o, S_EPOCH_BEGIN, 5, (int64_t)fresh->last_certain_seq);
    bind_bytes(o, S_EPOCH_BEGIN, 6, fresh->has_last_body_hash ? fresh->last_body_hash : NULL, 32);
    bind_number(o, S_EPOCH_BEGIN, 7, (int64_t)fresh->reason);
    bind_number(o, S_EPOCH_BEGIN, 8, 1);
    bind_bytes(o, S_EPOCH_BEGIN, 9, none, sizeof none);
    bind_number(o, S_EPOCH_BEGIN, 10, o->now_ms);
    run(o, S_EPOCH_BEGIN);
}

void epoch_begin(struct outbox *o, enum outbox_epoch_reason reason)
{
    struct outbox_epoch fresh = {.reason = reason};
    /* An epoch that ends before its first body hands what it had to say to its successor. */
    if (o->epoch_no > 0 && o->next_seq == 1 && reason == EPOCH_BOOT)
        fresh.reason = o->epoch.reason;
    if (o->epoch_no > 0 && o->next_seq == 1) {
        fresh.has_previous = o->epoch.has_previous;
        memcpy(fresh.previous_epoch, o->epoch.previous_epoch, 16);
        fresh.last_certain_seq = o->epoch.last_certain_seq;
        fresh.has_last_body_hash = o->epoch.has_last_body_hash;
        memcpy(fresh.last_body_hash, o->epoch.last_body_hash, 32);
        if (behind_high_water(o))
            name_previous(o, &fresh);
    } else {
        name_previous(o, &fresh);
    }
    if (!random_bytes(o, fresh.epoch, sizeof fresh.epoch)) {
        o->error = SQLITE_IOERR;
        return;
    }
    store_epoch(o, &fresh);
    if (o->error != SQLITE_OK)
        return;
    o->epoch_no++;
    o->epoch = fresh;
    o->next_seq = 1;
    memset(o->last_body_hash, 0, sizeof o->last_body_hash);
}

bool epoch_due(struct outbox *o, bool salvaged, enum outbox_epoch_reason *reason)
{
    if (salvaged)
        *reason = EPOCH_SALVAGED;
    else if (behind_high_water(o))
        *reason = EPOCH_REWOUND;
    else if (o->epoch_no == 0)
        *reason = EPOCH_FIRST;
    else if (!same_boot(o))
        *reason = EPOCH_BOOT;
    else
        return false;
    return true;
}
