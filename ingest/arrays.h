/* Arrays: parameters of a statement in PostgreSQL's binary form: one-dimensional arrays, built element by element.
 *
 * Form (manual, "array_recv" in the server): dimensions, null flag, element type, length, lower bound, then each element as a
 * length of four bytes (−1: null) and its bytes; all big-endian. A failed buffer is sticky and shows in array_failed().
 */
#ifndef INGEST_ARRAYS_H
#define INGEST_ARRAYS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/bytes.h"

/* Type numbers of pg_catalog that never change, of the element and of its array. */
enum {
    OID_BOOL = 16, OID_BYTEA = 17, OID_INT8 = 20, OID_INT2 = 21, OID_INT4 = 23, OID_TEXT = 25, OID_DATE = 1082,
    OID_TIMESTAMPTZ = 1184
};
enum {
    OID_BOOL_ARRAY = 1000, OID_BYTEA_ARRAY = 1001, OID_INT2_ARRAY = 1005, OID_INT4_ARRAY = 1007, OID_TEXT_ARRAY = 1009,
    OID_INT8_ARRAY = 1016, OID_DATE_ARRAY = 1182, OID_TIMESTAMPTZ_ARRAY = 1185
};

struct array {
    struct buffer data;
    uint32_t count;
    bool has_null;
};

/* Empties the array, keeps its memory. */
void array_begin(struct array *array, uint32_t element_oid);
void array_bool(struct array *array, bool value);
void array_int2(struct array *array, int16_t value);
void array_int4(struct array *array, int32_t value);
void array_int8(struct array *array, int64_t value);
void array_bytes(struct array *array, struct bytes value);
void array_text(struct array *array, const char *value);
void array_null(struct array *array);
/* timestamptz from microseconds since 1970, UTC. */
void array_time(struct array *array, int64_t us);
/* date from days since 1970. */
void array_date(struct array *array, int32_t days);

/* Completes the head and returns the parameter; it may be called again after further elements. */
struct bytes array_view(struct array *array);
static inline bool array_failed(const struct array *array)
{
    return array->data.failed;
}
void array_free(struct array *array);

#endif
