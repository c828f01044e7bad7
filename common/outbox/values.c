#include "common/outbox/internal.h"

struct value {
    const char *name;
    struct bytes bytes;
};

static enum outcome put(struct outbox *o, void *context, struct why *why)
{
    (void)why;
    const struct value *value = context;
    use(o, S_VALUE_PUT);
    bind_text(o, S_VALUE_PUT, 1, value->name);
    bind_bytes(o, S_VALUE_PUT, 2, value->bytes.len ? (const void *)value->bytes.data : "", value->bytes.len);
    run(o, S_VALUE_PUT);
    return DONE;
}

enum outcome outbox_put(struct outbox *o, const char *name, struct bytes bytes, struct why *why)
{
    struct value value = {name, bytes};
    enum outcome outcome = store_ready(o, why);
    return outcome == DONE ? store_write(o, put, &value, why) : outcome;
}

enum outcome outbox_get(struct outbox *o, const char *name, struct buffer *out, struct why *why)
{
    enum outcome outcome = store_ready(o, why);
    if (outcome != DONE)
        return outcome;
    o->error = SQLITE_OK;
    use(o, S_VALUE_GET);
    bind_text(o, S_VALUE_GET, 1, name);
    if (!row(o, S_VALUE_GET))
        return o->error == SQLITE_OK ? fail(why, REJECT, "no value %s", name)
                                     : store_fail(o, o->error, why, "read a value");
    sqlite3_stmt *s = o->statement[S_VALUE_GET];
    bool sound = sqlite3_column_int(s, 1) == 1;
    if (sound)
        buffer_add(out, sqlite3_column_blob(s, 0), (size_t)sqlite3_column_bytes(s, 0));
    run(o, S_VALUE_GET);
    if (!sound) {
        o->damaged = true;
        return fail(why, RETRY, "value %s does not fit its hash", name);
    }
    return out->failed ? fail(why, RETRY, "out of memory") : DONE;
}
