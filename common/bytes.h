/* Bytes: a view of memory owned by somebody else, and a buffer that owns and grows.
 *
 * A view never outlives what it looks at; the header of each function that returns one says what that is.
 * A buffer whose growth once failed stays failed (sticky) and ignores later appends, so that a writer checks
 * once at the end. Nothing here is thread-safe; nothing here aborts.
 */
#ifndef COMMON_BYTES_H
#define COMMON_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/outcome.h"

struct bytes {
    const uint8_t *data; /* may be NULL when len is 0 */
    size_t len;
};

struct buffer {
    uint8_t *data;
    size_t len;
    size_t room;
    bool failed; /* out of memory once: contents are not to be used */
};

static inline struct bytes bytes_of(const void *data, size_t len)
{
    return (struct bytes){(const uint8_t *)data, len};
}

/* Same length and same bytes. */
bool bytes_equal(struct bytes a, struct bytes b);

/* Writes 2 × len lower-case hex digits and a NUL into `out`, which has room for 2 × len + 1. */
void bytes_to_hex(struct bytes in, char *out);

/* Reads exactly `len` bytes from 2 × len hex digits (either case); false when `hex` is anything else. */
MUST_CHECK bool bytes_from_hex(const char *hex, uint8_t *out, size_t len);

/* Appends; a failed buffer stays as it is. */
void buffer_add(struct buffer *b, const void *data, size_t len);
void buffer_add_byte(struct buffer *b, uint8_t byte);
void buffer_add_text(struct buffer *b, const char *text);
void buffer_printf(struct buffer *b, const char *format, ...) PRINTF_LIKE(2, 3);

/* Appends a big-endian integer of 2, 4 or 8 bytes (the order PostgreSQL and our hashes use). */
void buffer_add_be16(struct buffer *b, uint16_t value);
void buffer_add_be32(struct buffer *b, uint32_t value);
void buffer_add_be64(struct buffer *b, uint64_t value);

/* Makes room for `len` more bytes and returns where they go, or NULL; the caller then adds to b->len itself. */
uint8_t *buffer_reserve(struct buffer *b, size_t len);

/* Empties but keeps the memory, and forgives an earlier failure. */
void buffer_reset(struct buffer *b);

/* Frees and leaves an empty buffer; for scoped_by(buffer_free). */
void buffer_free(struct buffer *b);

static inline struct bytes buffer_view(const struct buffer *b)
{
    return (struct bytes){b->data, b->len};
}

#endif
