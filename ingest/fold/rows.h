/* Rows: builds the binary COPY stream of one derived table, row by row.
 *
 *     rows_begin(&r, 5); rows_int4(&r, 1); … five fields …
 *
 * The stream is PostgreSQL's COPY BINARY (manual, "Binary Format"); the caller sends rows_stream() and then rows_reset().
 * A failed buffer (out of memory) is sticky and shows in rows_failed(). No I/O.
 */
#ifndef INGEST_FOLD_ROWS_H
#define INGEST_FOLD_ROWS_H

#include "common/bytes.h"

struct rows {
    struct buffer data;
    size_t count;
};

void rows_begin(struct rows *rows, unsigned fields);
void rows_null(struct rows *rows);
void rows_bool(struct rows *rows, bool value);
void rows_int2(struct rows *rows, int16_t value);
void rows_int4(struct rows *rows, int32_t value);
void rows_int8(struct rows *rows, int64_t value);
void rows_text(struct rows *rows, const char *text);
void rows_bytea(struct rows *rows, struct bytes value);
/* timestamptz from milliseconds since 1970, UTC. */
void rows_time(struct rows *rows, int64_t ms);
void rows_int4_array(struct rows *rows, const int32_t *values, size_t count);
void rows_text_array(struct rows *rows, char *const *texts, size_t count);
void rows_bytea_array(struct rows *rows, const uint8_t *values, size_t each_len, size_t count);
/* jsonb from its text. */
void rows_jsonb(struct rows *rows, struct bytes json);

/* Adds the trailer and returns the whole stream; nothing may be added after it until rows_reset(). */
struct bytes rows_stream(struct rows *rows);
bool rows_failed(const struct rows *rows);
void rows_reset(struct rows *rows);
void rows_free(struct rows *rows);

#endif
