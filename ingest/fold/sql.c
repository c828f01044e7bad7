#include "ingest/fold/sql.h"

#include <string.h>

#define POSTGRES_EPOCH_MS 946684800000LL

enum { PARAMETERS_MOST = 24 };

bool sql_state_is_fault(const char *state)
{
    /* 08 connection, 40 rollback, 53 resources, 55 object state (locks), 57 operator, 58 system, 25 read-only or aborted. */
    static const char *const passing[] = {"08", "40", "53", "55", "57", "58", "25"};
    if (state[0] == '\0')
        return false;
    for (size_t i = 0; i < sizeof passing / sizeof passing[0]; i++) {
        if (memcmp(state, passing[i], 2) == 0)
            return false;
    }
    return true;
}

static void note(struct sql_trouble *trouble, const PGresult *result)
{
    const char *state = result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
    *trouble = (struct sql_trouble){0};
    if (state) {
        memcpy(trouble->state, state, strnlen(state, 5));
        trouble->fault = sql_state_is_fault(trouble->state);
    }
}

static enum outcome failed(PGconn *conn, const PGresult *result, struct sql_trouble *trouble, struct why *why)
{
    note(trouble, result);
    const char *text = result ? PQresultErrorMessage(result) : PQerrorMessage(conn);
    if (!text || !*text)
        text = PQerrorMessage(conn);
    return fail(why, RETRY, "PostgreSQL: %.*s", (int)strcspn(text, "\n"), text);
}

enum outcome sql_run(PGconn *conn, const char *sql, struct sql_trouble *trouble, struct why *why)
{
    PGresult *result = PQexec(conn, sql);
    ExecStatusType status = PQresultStatus(result);
    enum outcome outcome = DONE;
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
        outcome = failed(conn, result, trouble, why);
        if (strcmp(sql, "COMMIT") == 0 && trouble->state[0] == '\0')
            outcome = UNSURE;
    }
    PQclear(result);
    return outcome;
}

enum outcome sql_query(PGconn *conn, const char *sql, const struct sql_value *values, int count, PGresult **result,
                       struct sql_trouble *trouble, struct why *why)
{
    const char *data[PARAMETERS_MOST];
    int lengths[PARAMETERS_MOST];
    int formats[PARAMETERS_MOST];
    *result = NULL;
    if (count > PARAMETERS_MOST) {
        *trouble = (struct sql_trouble){.fault = true};
        return fail(why, RETRY, "statement with %d parameters", count);
    }
    for (int i = 0; i < count; i++) {
        data[i] = values[i].data;
        formats[i] = values[i].len >= 0;
        lengths[i] = values[i].len >= 0 ? values[i].len : 0;
    }
    PGresult *got = PQexecParams(conn, sql, count, NULL, data, lengths, formats, 1);
    ExecStatusType status = PQresultStatus(got);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
        enum outcome outcome = failed(conn, got, trouble, why);
        PQclear(got);
        return outcome;
    }
    *result = got;
    return DONE;
}

enum outcome sql_copy(PGconn *conn, const char *copy, struct rows *rows, struct sql_trouble *trouble, struct why *why)
{
    if (rows->count == 0)
        return DONE;
    struct bytes stream = rows_stream(rows);
    if (rows_failed(rows)) {
        *trouble = (struct sql_trouble){0};
        rows_reset(rows);
        return fail(why, RETRY, "out of memory for a batch of rows");
    }
    PGresult *result = PQexec(conn, copy);
    enum outcome outcome = DONE;
    if (PQresultStatus(result) != PGRES_COPY_IN) {
        outcome = failed(conn, result, trouble, why);
    } else {
        PQclear(result);
        bool sent = PQputCopyData(conn, (const char *)stream.data, (int)stream.len) == 1;
        sent = PQputCopyEnd(conn, sent ? NULL : "not sent whole") == 1 && sent;
        result = PQgetResult(conn);
        if (!sent || PQresultStatus(result) != PGRES_COMMAND_OK)
            outcome = failed(conn, result, trouble, why);
        PGresult *more;
        while ((more = PQgetResult(conn)) != NULL)
            PQclear(more);
    }
    PQclear(result);
    rows_reset(rows);
    return outcome;
}

static uint64_t big_endian(const uint8_t *from, size_t len)
{
    uint64_t value = 0;
    for (size_t i = 0; i < len; i++)
        value = value << 8 | from[i];
    return value;
}

static const uint8_t *field(const PGresult *result, int row, int column)
{
    return (const uint8_t *)PQgetvalue(result, row, column);
}

int16_t sql_int2(const PGresult *result, int row, int column)
{
    return (int16_t)big_endian(field(result, row, column), 2);
}

int32_t sql_int4(const PGresult *result, int row, int column)
{
    return (int32_t)big_endian(field(result, row, column), 4);
}

int64_t sql_int8(const PGresult *result, int row, int column)
{
    return (int64_t)big_endian(field(result, row, column), 8);
}

bool sql_bool(const PGresult *result, int row, int column)
{
    return field(result, row, column)[0] != 0;
}

int64_t sql_time_ms(const PGresult *result, int row, int column)
{
    return sql_int8(result, row, column) / 1000 + POSTGRES_EPOCH_MS;
}

struct bytes sql_bytes(const PGresult *result, int row, int column)
{
    return bytes_of(PQgetvalue(result, row, column), (size_t)PQgetlength(result, row, column));
}

size_t sql_array(struct bytes array, void (*each)(void *context, struct bytes element), void *context)
{
    if (array.len < 20 || big_endian(array.data, 4) != 1)
        return 0;
    size_t count = (size_t)big_endian(array.data + 12, 4);
    size_t at = 20;
    for (size_t i = 0; i < count; i++) {
        if (array.len - at < 4)
            return i;
        size_t len = (size_t)big_endian(array.data + at, 4);
        at += 4;
        if (len > array.len - at)
            return i;
        each(context, bytes_of(array.data + at, len));
        at += len;
    }
    return count;
}

struct sql_value sql_int8_value(int64_t value, uint8_t storage[8])
{
    for (int i = 0; i < 8; i++)
        storage[i] = (uint8_t)((uint64_t)value >> (56 - 8 * i));
    return (struct sql_value){storage, 8};
}

struct sql_value sql_int4_value(int32_t value, uint8_t storage[4])
{
    for (int i = 0; i < 4; i++)
        storage[i] = (uint8_t)((uint32_t)value >> (24 - 8 * i));
    return (struct sql_value){storage, 4};
}

void sql_result_clear(PGresult **result)
{
    PQclear(*result);
    *result = NULL;
}
