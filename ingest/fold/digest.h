/* Digest: one SHA-256 over the derived tables, by their natural keys, so that two databases that folded the same set of
 * envelopes have the same digest, whatever the order, the batches and the numbers they gave.
 */
#ifndef INGEST_FOLD_DIGEST_H
#define INGEST_FOLD_DIGEST_H

#include <libpq-fe.h>
#include <stddef.h>
#include <stdint.h>

#include "common/outcome.h"

enum { DIGEST_PARTS = 17 };

struct digest {
    uint8_t whole[32];
    struct {
        const char *table;
        int64_t rows;
        uint8_t hash[32];
    } parts[DIGEST_PARTS];
};

/* Reads the derived tables of `schema` in one snapshot. RETRY: the database failed. */
MUST_CHECK enum outcome digest_read(PGconn *conn, const char *schema, struct digest *digest, struct why *why);

/* The query whose rows are hashed, for finding the first difference; static storage. */
const char *digest_query(size_t part);

#endif
