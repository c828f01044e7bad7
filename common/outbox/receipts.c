#include <string.h>

#include "common/outbox/internal.h"

enum { FEW = 4 };

struct receipt {
    const uint8_t *epoch;
    const struct outbox_range *ranges;
    size_t count;
    int64_t now_ms;
    int64_t most; /* marks in one transaction */
    uint64_t newly, again;
    size_t own, beyond;
};

/* 0: not an epoch of this file. */
static int64_t epoch_no_of(struct outbox *o, const uint8_t epoch[16], uint64_t *next_seq)
{
    use(o, S_EPOCH_BY_ID);
    bind_bytes(o, S_EPOCH_BY_ID, 1, epoch, 16);
    if (!row(o, S_EPOCH_BY_ID))
        return 0;
    int64_t no = sqlite3_column_int64(o->statement[S_EPOCH_BY_ID], 0);
    *next_seq = (uint64_t)sqlite3_column_int64(o->statement[S_EPOCH_BY_ID], 1);
    run(o, S_EPOCH_BY_ID);
    return no;
}

/* Our own hash of that body: from the row, or for the last of the present epoch from memory. */
static bool is_our_hash(struct outbox *o, int64_t no, uint64_t seq, const uint8_t hash[32], bool *gone)
{
    uint8_t ours[32];
    use(o, S_ENVELOPE_HASH_AT);
    bind_number(o, S_ENVELOPE_HASH_AT, 1, no);
    bind_number(o, S_ENVELOPE_HASH_AT, 2, (int64_t)seq);
    *gone = !row(o, S_ENVELOPE_HASH_AT);
    if (*gone && no == o->epoch_no && seq + 1 == o->next_seq) {
        *gone = false;
        return memcmp(o->last_body_hash, hash, 32) == 0;
    }
    if (*gone)
        return false;
    copy_column(o->statement[S_ENVELOPE_HASH_AT], 0, ours, sizeof ours);
    run(o, S_ENVELOPE_HASH_AT);
    return memcmp(ours, hash, sizeof ours) == 0;
}

static uint64_t mark(struct outbox *o, enum statement s, int64_t no, const struct outbox_range *range,
                     const struct receipt *r)
{
    use(o, s);
    bind_number(o, s, 1, no);
    bind_number(o, s, 2, (int64_t)range->from);
    bind_number(o, s, 3, (int64_t)range->to);
    if (s == S_ENVELOPE_RECEIPT) {
        bind_number(o, s, 4, r->now_ms);
        bind_number(o, s, 5, r->most);
    }
    run(o, s);
    return o->error == SQLITE_OK ? (uint64_t)sqlite3_changes(o->db) : 0;
}

static enum outcome apply(struct outbox *o, void *context, struct why *why)
{
    struct receipt *r = context;
    uint64_t next_seq = 0;
    r->newly = r->own = r->beyond = 0;
    int64_t no = epoch_no_of(o, r->epoch, &next_seq);
    if (no == 0 && o->error == SQLITE_OK)
        return fail(why, REJECT, "a receipt for an epoch never begun here");
    for (size_t i = 0; i < r->count; i++) {
        const struct outbox_range *range = &r->ranges[i];
        bool gone = false;
        if (range->to >= next_seq) {
            r->beyond++;
        } else if (range->to >= range->from && range->from > 0 && is_our_hash(o, no, range->to, range->hash, &gone)) {
            r->own++;
            r->newly += mark(o, S_ENVELOPE_RECEIPT, no, range, r);
        } else if (gone) {
            r->own++; /* receipted and past retention: an old receipt repeated, nothing to do */
        }
    }
    o->unreceipted -= r->newly;
    o->receipted_kept += r->newly;
    if (r->own + r->beyond == 0 && o->error == SQLITE_OK)
        return fail(why, REJECT, "a receipt with no hash of ours");
    /* The server holds more of this epoch than we do: this file is an older image of itself, and going on would use
     * numbers again that are already taken. An older epoch's end harms nothing: it is not going on. */
    if (r->beyond > 0 && no == o->epoch_no)
        epoch_begin(o, EPOCH_REWOUND);
    else
        r->beyond = 0;
    return DONE;
}

/* On a full disk one transaction over many rows finds no room for its WAL; a few rows do, and those receipted are given up
 * for the next few. What was marked stays marked if it ends half way: the receipt comes again. */
static enum outcome apply_few_at_a_time(struct outbox *o, struct receipt *receipt, uint64_t *newly, struct why *why)
{
    enum outcome outcome;
    receipt->most = FEW;
    do {
        if (!make_room(o))
            return RETRY;
        outcome = store_write(o, apply, receipt, why);
        *newly += outcome == DONE ? receipt->newly : 0;
    } while (outcome == DONE && receipt->newly > 0);
    (void)make_room(o);
    (void)reserve_make(o);
    return outcome;
}

enum outcome outbox_receipt(struct outbox *o, const uint8_t epoch[16], const struct outbox_range *ranges, size_t count,
                            int64_t now_ms, uint64_t *newly, bool *rewound, struct why *why)
{
    struct receipt receipt = {.epoch = epoch, .ranges = ranges, .count = count, .now_ms = now_ms, .most = INT64_MAX};
    o->now_ms = now_ms;
    *newly = 0;
    *rewound = false;
    enum outcome outcome = store_ready(o, why);
    if (outcome == DONE)
        outcome = store_write(o, apply, &receipt, why);
    *newly = outcome == DONE ? receipt.newly : 0;
    if (outcome == RETRY && o->full && o->db)
        outcome = apply_few_at_a_time(o, &receipt, newly, why);
    *rewound = outcome == DONE && receipt.beyond > 0;
    return outcome;
}

static enum outcome take_back(struct outbox *o, void *context, struct why *why)
{
    (void)why;
    struct receipt *r = context;
    uint64_t next_seq = 0;
    r->again = 0;
    int64_t no = epoch_no_of(o, r->epoch, &next_seq);
    if (no == 0)
        return DONE;
    r->again = mark(o, S_ENVELOPE_AGAIN, no, r->ranges, r);
    o->unreceipted += r->again;
    o->receipted_kept -= r->again;
    return DONE;
}

enum outcome outbox_resend(struct outbox *o, const uint8_t epoch[16], uint64_t from, uint64_t to, uint64_t *again,
                           struct why *why)
{
    uint64_t most = INT64_MAX;
    struct outbox_range range = {from < most ? from : most, to < most ? to : most, {0}};
    struct receipt receipt = {.epoch = epoch, .ranges = &range};
    *again = 0;
    enum outcome outcome = store_ready(o, why);
    if (outcome == DONE)
        outcome = store_write(o, take_back, &receipt, why);
    if (outcome == DONE)
        *again = receipt.again;
    return outcome;
}

enum outcome outbox_unreceipted(struct outbox *o, const uint8_t epoch[16], uint64_t after_seq, size_t most,
                                bool (*each)(void *, const struct outbox_envelope *), void *context, struct why *why)
{
    enum outcome outcome = store_ready(o, why);
    if (outcome != DONE)
        return outcome;
    uint64_t next_seq = 0;
    o->error = SQLITE_OK;
    int64_t no = epoch_no_of(o, epoch, &next_seq);
    use(o, S_ENVELOPE_OPEN);
    bind_number(o, S_ENVELOPE_OPEN, 1, no);
    bind_number(o, S_ENVELOPE_OPEN, 2, after_seq < INT64_MAX ? (int64_t)after_seq : INT64_MAX);
    bind_number(o, S_ENVELOPE_OPEN, 3, most < INT64_MAX ? (int64_t)most : INT64_MAX);
    while (row(o, S_ENVELOPE_OPEN)) {
        sqlite3_stmt *s = o->statement[S_ENVELOPE_OPEN];
        struct outbox_envelope envelope = {.seq = (uint64_t)sqlite3_column_int64(s, 0)};
        if (sqlite3_column_int(s, 3) != 1) {
            o->damaged = true;
            return fail(why, RETRY, "envelope %llu does not fit its hash", (unsigned long long)envelope.seq);
        }
        memcpy(envelope.epoch, epoch, 16);
        copy_column(s, 1, envelope.body_hash, 32);
        envelope.raw = bytes_of(sqlite3_column_blob(s, 2), (size_t)sqlite3_column_bytes(s, 2));
        if (!each(context, &envelope))
            break;
    }
    (void)sqlite3_reset(o->statement[S_ENVELOPE_OPEN]);
    return o->error == SQLITE_OK ? DONE : store_fail(o, o->error, why, "read envelopes");
}

size_t outbox_open_epochs(struct outbox *o, uint8_t (*out)[16], size_t room)
{
    struct why why = {""};
    size_t count = 0;
    if (store_ready(o, &why) != DONE)
        return 0;
    o->error = SQLITE_OK;
    use(o, S_OPEN_EPOCHS);
    bind_number(o, S_OPEN_EPOCHS, 1, (int64_t)room);
    while (count < room && row(o, S_OPEN_EPOCHS))
        copy_column(o->statement[S_OPEN_EPOCHS], 0, out[count++], 16);
    (void)sqlite3_reset(o->statement[S_OPEN_EPOCHS]);
    return count;
}
