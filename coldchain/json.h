/* JSON, strictly: the reader of scenario and policy files.
 *
 * RFC 8259, and narrower on purpose, so that two readers of one file cannot differ: numbers are integers in plain
 * digits within ±2^53 (no fraction, no exponent), a key stands once in its object, text is valid UTF-8 without a NUL,
 * nothing follows the value. Depth is at most JSON_DEPTH. Every error names its path (`events[3].lots[0]`).
 *
 * Nothing here is a stream: the file is read whole, its tree lives in the caller's arena.
 */
#ifndef COLDCHAIN_JSON_H
#define COLDCHAIN_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "coldchain/arena.h"
#include "common/bytes.h"
#include "common/outcome.h"

#define JSON_DEPTH 32
#define JSON_LARGEST (INT64_C(1) << 53)

enum json_type { JSON_NULL, JSON_FALSE, JSON_TRUE, JSON_INTEGER, JSON_TEXT, JSON_LIST, JSON_OBJECT };

/* One value. `items` are a list's values or an object's, the latter each with its `key`, in the order of the file. */
struct json {
    enum json_type type;
    const char *key;  /* in an object; else NULL */
    int64_t integer;  /* JSON_INTEGER */
    const char *text; /* JSON_TEXT, NUL-terminated */
    const struct json *items;
    size_t count;
};

/* Where a value stands, as a chain on the stack of whoever walks down. The root is {NULL, NULL, 0}. */
struct json_path {
    const struct json_path *up;
    const char *key; /* NULL: an element of a list */
    size_t index;
};

/* Parses `text` whole. DONE, REJECT ("path: message") or RETRY when memory is out. */
MUST_CHECK enum outcome json_parse(struct bytes text, struct arena *arena, struct json *root, struct why *why);

/* The value under `key`, or NULL when the object has none or holds null there. */
const struct json *json_member(const struct json *object, const char *key);

/* Writes the path, cut to fit: `probes[0].readings[17]`; the root is `(file)`. */
void json_path_text(const struct json_path *path, char *out, size_t room);

/* Writes `text` quoted and escaped, in the one way canonical output uses. */
void json_add_text(struct buffer *out, const char *text);

#endif
