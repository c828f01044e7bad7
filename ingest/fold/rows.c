#include "ingest/fold/rows.h"

#include <string.h>

/* Milliseconds from 1970-01-01 to 2000-01-01, where PostgreSQL counts from. */
#define POSTGRES_EPOCH_MS 946684800000LL

enum { OID_BYTEA = 17, OID_INT4 = 23, OID_TEXT = 25 };

static void header(struct rows *rows)
{
    static const uint8_t signature[] = {'P', 'G', 'C', 'O', 'P', 'Y', '\n', 0xff, '\r', '\n', 0};
    buffer_add(&rows->data, signature, sizeof signature);
    buffer_add_be32(&rows->data, 0); /* no flags */
    buffer_add_be32(&rows->data, 0); /* no extension */
}

void rows_begin(struct rows *rows, unsigned fields)
{
    if (rows->count == 0)
        header(rows);
    buffer_add_be16(&rows->data, (uint16_t)fields);
    rows->count++;
}

void rows_null(struct rows *rows)
{
    buffer_add_be32(&rows->data, UINT32_MAX);
}

void rows_bool(struct rows *rows, bool value)
{
    buffer_add_be32(&rows->data, 1);
    buffer_add_byte(&rows->data, value ? 1 : 0);
}

void rows_int2(struct rows *rows, int16_t value)
{
    buffer_add_be32(&rows->data, 2);
    buffer_add_be16(&rows->data, (uint16_t)value);
}

void rows_int4(struct rows *rows, int32_t value)
{
    buffer_add_be32(&rows->data, 4);
    buffer_add_be32(&rows->data, (uint32_t)value);
}

void rows_int8(struct rows *rows, int64_t value)
{
    buffer_add_be32(&rows->data, 8);
    buffer_add_be64(&rows->data, (uint64_t)value);
}

void rows_bytea(struct rows *rows, struct bytes value)
{
    buffer_add_be32(&rows->data, (uint32_t)value.len);
    buffer_add(&rows->data, value.data, value.len);
}

void rows_text(struct rows *rows, const char *text)
{
    rows_bytea(rows, bytes_of(text, strlen(text)));
}

void rows_time(struct rows *rows, int64_t ms)
{
    rows_int8(rows, (ms - POSTGRES_EPOCH_MS) * 1000);
}

/* What stands before the elements of a one-dimensional array without nulls. */
static void array_header(struct rows *rows, size_t payload, uint32_t element_oid, size_t count)
{
    buffer_add_be32(&rows->data, (uint32_t)(payload + (count ? 20 : 12)));
    buffer_add_be32(&rows->data, count ? 1 : 0);
    buffer_add_be32(&rows->data, 0);
    buffer_add_be32(&rows->data, element_oid);
    if (count) {
        buffer_add_be32(&rows->data, (uint32_t)count);
        buffer_add_be32(&rows->data, 1); /* first index */
    }
}

void rows_int4_array(struct rows *rows, const int32_t *values, size_t count)
{
    array_header(rows, count * 8, OID_INT4, count);
    for (size_t i = 0; i < count; i++)
        rows_int4(rows, values[i]);
}

void rows_text_array(struct rows *rows, char *const *texts, size_t count)
{
    size_t payload = 0;
    for (size_t i = 0; i < count; i++)
        payload += 4 + strlen(texts[i]);
    array_header(rows, payload, OID_TEXT, count);
    for (size_t i = 0; i < count; i++)
        rows_text(rows, texts[i]);
}

void rows_bytea_array(struct rows *rows, const uint8_t *values, size_t each_len, size_t count)
{
    array_header(rows, count * (4 + each_len), OID_BYTEA, count);
    for (size_t i = 0; i < count; i++)
        rows_bytea(rows, bytes_of(values + i * each_len, each_len));
}

void rows_jsonb(struct rows *rows, struct bytes json)
{
    buffer_add_be32(&rows->data, (uint32_t)(json.len + 1));
    buffer_add_byte(&rows->data, 1); /* version of the binary form */
    buffer_add(&rows->data, json.data, json.len);
}

struct bytes rows_stream(struct rows *rows)
{
    buffer_add_be16(&rows->data, UINT16_MAX);
    return buffer_view(&rows->data);
}

bool rows_failed(const struct rows *rows)
{
    return rows->data.failed;
}

void rows_reset(struct rows *rows)
{
    buffer_reset(&rows->data);
    rows->count = 0;
}

void rows_free(struct rows *rows)
{
    buffer_free(&rows->data);
    rows->count = 0;
}
