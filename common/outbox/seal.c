#include <string.h>

#include "common/outbox/internal.h"

struct sealing {
    const int64_t *ids;
    size_t count;
    enum outcome (*make)(void *, const struct outbox_state *, struct buffer *, uint8_t[32], struct why *);
    void *context;
    struct buffer raw;
};

static void add_envelope(struct outbox *o, struct bytes raw, const uint8_t body_hash[32])
{
    use(o, S_ENVELOPE_ADD);
    bind_number(o, S_ENVELOPE_ADD, 1, o->epoch_no);
    bind_bytes(o, S_ENVELOPE_ADD, 2, o->epoch.epoch, 16);
    bind_number(o, S_ENVELOPE_ADD, 3, (int64_t)o->next_seq);
    bind_number(o, S_ENVELOPE_ADD, 4, o->now_ms);
    bind_bytes(o, S_ENVELOPE_ADD, 5, body_hash, 32);
    bind_bytes(o, S_ENVELOPE_ADD, 6, raw.data, raw.len);
    run(o, S_ENVELOPE_ADD);
    o->next_seq++;
    memcpy(o->last_body_hash, body_hash, 32);
    o->unreceipted++;
    use(o, S_EPOCH_ADVANCE);
    bind_number(o, S_EPOCH_ADVANCE, 1, o->epoch_no);
    bind_number(o, S_EPOCH_ADVANCE, 2, (int64_t)o->next_seq);
    bind_bytes(o, S_EPOCH_ADVANCE, 3, o->last_body_hash, 32);
    run(o, S_EPOCH_ADVANCE);
}

static enum outcome seal_one(struct outbox *o, void *context, struct why *why)
{
    struct sealing *sealing = context;
    struct outbox_state state;
    uint8_t body_hash[32] = {0};
    outbox_read_state(o, &state);
    buffer_reset(&sealing->raw);
    enum outcome made = sealing->make(sealing->context, &state, &sealing->raw, body_hash, why);
    if (made != DONE)
        return made;
    if (sealing->raw.failed)
        return fail(why, RETRY, "out of memory");
    add_envelope(o, buffer_view(&sealing->raw), body_hash);
    for (size_t i = 0; i < sealing->count; i++) {
        use(o, S_SAMPLE_DELETE);
        bind_number(o, S_SAMPLE_DELETE, 1, sealing->ids[i]);
        run(o, S_SAMPLE_DELETE);
        o->samples -= o->error == SQLITE_OK ? (uint64_t)sqlite3_changes(o->db) : 0;
    }
    return DONE;
}

enum outcome outbox_seal(struct outbox *o, const int64_t *sample_ids, size_t sample_count,
                         enum outcome (*make)(void *, const struct outbox_state *, struct buffer *, uint8_t[32],
                                              struct why *),
                         void *context, int64_t now_ms, struct why *why)
{
    struct sealing sealing = {sample_ids, sample_count, make, context, {0}};
    o->now_ms = now_ms;
    enum outcome outcome = store_ready(o, why);
    if (outcome == DONE)
        outcome = store_write(o, seal_one, &sealing, why);
    buffer_free(&sealing.raw);
    /* Before anybody can send this seq. A second medium that fails is no reason to hold back what is durable here. */
    if (outcome == DONE)
        high_water_raise(o);
    return outcome;
}
