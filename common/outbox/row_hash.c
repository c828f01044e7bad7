#include "common/outbox/internal.h"

/* FNV-1a, 64 bits: against decaying cards, not against an adversary (signatures are for that); it allocates nothing. */
uint64_t hash_of_bytes(uint64_t so_far, const void *data, size_t len)
{
    const uint8_t *byte = data;
    for (size_t i = 0; i < len; i++)
        so_far = (so_far ^ byte[i]) * 0x100000001b3u;
    return so_far;
}

static uint64_t hash_value(uint64_t so_far, sqlite3_value *value)
{
    int type = sqlite3_value_type(value);
    so_far = hash_of_bytes(so_far, &type, sizeof type);
    if (type == SQLITE_INTEGER) {
        int64_t number = sqlite3_value_int64(value);
        return hash_of_bytes(so_far, &number, sizeof number);
    }
    const void *data = sqlite3_value_blob(value);
    int len = sqlite3_value_bytes(value);
    so_far = hash_of_bytes(so_far, &len, sizeof len);
    return data ? hash_of_bytes(so_far, data, (size_t)len) : so_far;
}

static void row_hash(sqlite3_context *context, int count, sqlite3_value **values)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (int i = 0; i < count; i++)
        hash = hash_value(hash, values[i]);
    sqlite3_result_int64(context, (sqlite3_int64)hash);
}

int row_hash_register(sqlite3 *db)
{
    return sqlite3_create_function_v2(db, "row_hash", -1, SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS, NULL,
                                      row_hash, NULL, NULL, NULL);
}
