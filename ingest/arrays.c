#include "ingest/arrays.h"

#include <string.h>

enum { HEAD_LEN = 20 };
static const int64_t us_1970_to_2000 = 946684800000000;
static const int32_t days_1970_to_2000 = 10957;

void array_begin(struct array *array, uint32_t element_oid)
{
    buffer_reset(&array->data);
    array->count = 0;
    array->has_null = false;
    buffer_add_be32(&array->data, 1);
    buffer_add_be32(&array->data, 0);
    buffer_add_be32(&array->data, element_oid);
    buffer_add_be32(&array->data, 0);
    buffer_add_be32(&array->data, 1);
}

void array_bool(struct array *array, bool value)
{
    buffer_add_be32(&array->data, 1);
    buffer_add_byte(&array->data, value ? 1 : 0);
    array->count++;
}

void array_int2(struct array *array, int16_t value)
{
    buffer_add_be32(&array->data, 2);
    buffer_add_be16(&array->data, (uint16_t)value);
    array->count++;
}

void array_int4(struct array *array, int32_t value)
{
    buffer_add_be32(&array->data, 4);
    buffer_add_be32(&array->data, (uint32_t)value);
    array->count++;
}

void array_int8(struct array *array, int64_t value)
{
    buffer_add_be32(&array->data, 8);
    buffer_add_be64(&array->data, (uint64_t)value);
    array->count++;
}

void array_bytes(struct array *array, struct bytes value)
{
    buffer_add_be32(&array->data, (uint32_t)value.len);
    buffer_add(&array->data, value.data, value.len);
    array->count++;
}

void array_text(struct array *array, const char *value)
{
    array_bytes(array, bytes_of(value, strlen(value)));
}

void array_null(struct array *array)
{
    buffer_add_be32(&array->data, UINT32_MAX);
    array->has_null = true;
    array->count++;
}

void array_time(struct array *array, int64_t us)
{
    array_int8(array, us - us_1970_to_2000);
}

void array_date(struct array *array, int32_t days)
{
    array_int4(array, days - days_1970_to_2000);
}

static void put_be32(uint8_t *at, uint32_t value)
{
    at[0] = (uint8_t)(value >> 24);
    at[1] = (uint8_t)(value >> 16);
    at[2] = (uint8_t)(value >> 8);
    at[3] = (uint8_t)value;
}

struct bytes array_view(struct array *array)
{
    if (array->data.failed || array->data.len < HEAD_LEN)
        return bytes_of(NULL, 0);
    put_be32(array->data.data + 4, array->has_null);
    put_be32(array->data.data + 12, array->count);
    /* An array of nothing has no dimensions and its head ends early. */
    put_be32(array->data.data, array->count ? 1 : 0);
    return array->count ? buffer_view(&array->data) : bytes_of(array->data.data, 12);
}

void array_free(struct array *array)
{
    buffer_free(&array->data);
}
