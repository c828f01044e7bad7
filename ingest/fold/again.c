/* Folding an epoch again: what a fork, a decision on one, a revocation or a new place among the epochs changes is reached by
 * deleting the epoch's rows and folding its bodies from the ledger, in the order of the chain, by the same code. */
#include <stdlib.h>
#include <string.h>

#include "common/hash.h"
#include "ingest/fold/state.h"

static enum outcome out_of_memory(struct fold *fold, struct why *why)
{
    fold->trouble = (struct sql_trouble){0};
    return fail(why, RETRY, "out of memory");
}

static enum outcome decisions_of(struct fold *fold, const struct chain *chain, struct fork_decision **decisions,
                                 size_t *count, struct why *why)
{
    struct sql_value values[] = {sql_text_value(chain->sender), sql_bytea_value(chain->epoch, 16)};
    scoped_by(sql_result_clear) PGresult *r = NULL;
    enum outcome outcome =
        sql_query(fold->conn,
                  "SELECT from_seq, branch FROM branch_entry WHERE gateway = $1 AND epoch = $2"
                  " ORDER BY valid_from, place_in_order",
                  values, 2, &r, &fold->trouble, why);
    if (outcome != DONE)
        return outcome;
    *count = (size_t)PQntuples(r);
    *decisions = calloc(*count ? *count : 1, sizeof **decisions);
    if (!*decisions)
        return out_of_memory(fold, why);
    for (size_t i = 0; i < *count; i++) {
        (*decisions)[i].seq = sql_int8(r, (int)i, 0);
        memcpy((*decisions)[i].hash, sql_bytes(r, (int)i, 1).data, 32);
    }
    return DONE;
}

static void entry_from_row(struct fold_entry *entry, const PGresult *r, int row, int32_t epoch_no)
{
    *entry = (struct fold_entry){.position = sql_int8(r, row, 0), .seq = sql_int8(r, row, 1), .epoch_no = epoch_no,
                                 .key_no = sql_int4(r, row, 2), .body = sql_bytes(r, row, 3)};
    if (!PQgetisnull(r, row, 4))
        entry->certificate = sql_bytes(r, row, 4);
    sha256(entry->body, entry->body_hash);
}

static void fork_body_of(struct fork_body *body, const struct fold_entry *entry)
{
    struct body_head head = {0};
    struct why why = {0};
    *body = (struct fork_body){.seq = entry->seq};
    memcpy(body->hash, entry->body_hash, 32);
    if (body_head_read(entry->body, &head, &why) == DONE && head.has_previous) {
        body->has_previous = true;
        memcpy(body->previous, head.previous, 32);
    }
}

static const struct fork_body *find_body(const struct fork_body *bodies, size_t count, const struct fold_entry *entry)
{
    for (size_t low = 0, high = count; low < high;) {
        size_t middle = low + (high - low) / 2;
        int order = bodies[middle].seq < entry->seq   ? -1
                    : bodies[middle].seq > entry->seq ? 1
                                                      : memcmp(bodies[middle].hash, entry->body_hash, 32);
        if (order == 0)
            return &bodies[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

static void fork_row(struct fold *fold, const struct chain *chain, const struct fork_body *body)
{
    struct rows *rows = &fold->rows[TABLE_FORK];
    rows_begin(rows, 4);
    rows_int4(rows, chain->epoch_no);
    rows_int8(rows, body->seq);
    rows_bytea(rows, bytes_of(body->hash, 32));
    rows_int2(rows, (int16_t)body->standing);
}

/* One body of the epoch, in the order (seq, position); only the first of a forked seq takes the place in the chain, which
 * carries no evidence beyond the fork anyway. */
static enum outcome body_again(struct fold *fold, struct chain *chain, struct fold_entry *entry,
                               const struct fork_body *resolved, struct why *why)
{
    struct chain_links links = {0};
    enum chain_added added = chain_add(chain, entry->seq, resolved->has_previous ? resolved->previous : NULL,
                                       entry->body_hash, &links);
    if (added == CHAIN_NO_MEMORY)
        return out_of_memory(fold, why);
    bool in_fork = chain->disputed_from > 0 && entry->seq >= chain->disputed_from;
    struct folding with = {.entry = entry, .chain = chain};
    if (links.broken_before && !in_fork)
        fold_judge(fold, &with, -1, "chain_broken", "names another body than the one before it");
    enum standing standing = resolved->standing;
    if (standing == STANDING_COUNTS) {
        enum outcome outcome = fold_standing(fold, entry, chain, &standing, why);
        if (outcome != DONE)
            return outcome;
    }
    if (in_fork)
        fork_row(fold, chain, resolved);
    return fold_effects(fold, entry, chain, standing, false, why);
}

static enum outcome resolve(struct fold *fold, struct chain *chain, const PGresult *r, struct fork_body **bodies,
                            struct why *why)
{
    size_t count = (size_t)PQntuples(r);
    scoped_by(cleanup_free) struct fork_decision *decisions = NULL;
    size_t decision_count = 0;
    enum outcome outcome = decisions_of(fold, chain, &decisions, &decision_count, why);
    if (outcome != DONE)
        return outcome;
    *bodies = calloc(count ? count : 1, sizeof **bodies);
    if (!*bodies)
        return out_of_memory(fold, why);
    for (size_t i = 0; i < count; i++) {
        struct fold_entry entry;
        entry_from_row(&entry, r, (int)i, chain->epoch_no);
        fork_body_of(&(*bodies)[i], &entry);
    }
    chain->disputed_from = fork_resolve(*bodies, count, decisions, decision_count);
    chain->has_branch = false;
    for (size_t i = 0; i < count && chain->disputed_from > 0; i++) {
        if ((*bodies)[i].seq == chain->disputed_from && (*bodies)[i].standing == STANDING_COUNTS) {
            chain->has_branch = true;
            memcpy(chain->branch, (*bodies)[i].hash, 32);
        }
    }
    return DONE;
}

static enum outcome epoch_again(struct fold *fold, int32_t epoch_no, int64_t before_position, struct why *why)
{
    struct chain *chain;
    enum outcome outcome = load_chain(fold, epoch_no, &chain, why);
    if (outcome == DONE)
        outcome = fold_delete_epoch(fold, chain, why);
    if (outcome != DONE)
        return outcome;
    uint8_t no[4], before[8];
    struct sql_value values[] = {sql_int4_value(epoch_no, no), sql_int8_value(before_position, before)};
    scoped_by(sql_result_clear) PGresult *r = NULL;
    outcome = sql_query(fold->conn,
                        "SELECT position, seq, key_no, body, certificate FROM ledger.entry"
                        " WHERE epoch_no = $1 AND position < $2 ORDER BY seq, position",
                        values, 2, &r, &fold->trouble, why);
    if (outcome != DONE)
        return outcome;
    scoped_by(cleanup_free) struct fork_body *bodies = NULL;
    chain_clear(chain);
    outcome = resolve(fold, chain, r, &bodies, why);
    for (int i = 0; i < PQntuples(r) && outcome == DONE; i++) {
        struct fold_entry entry;
        entry_from_row(&entry, r, i, epoch_no);
        const struct fork_body *resolved = find_body(bodies, (size_t)PQntuples(r), &entry);
        outcome = resolved ? body_again(fold, chain, &entry, resolved, why) : DONE;
    }
    return outcome == DONE ? fold_flush(fold, why) : outcome;
}

enum outcome fold_again(struct fold *fold, int64_t before_position, struct why *why)
{
    /* The list grows while it is worked on (an epoch folded again may move another); each epoch is in it once. */
    for (size_t i = 0; i < fold->again.count; i++) {
        int32_t epoch_no = ((int32_t *)fold->again.items)[i];
        enum outcome outcome = epoch_again(fold, epoch_no, before_position, why);
        if (outcome != DONE)
            return outcome;
    }
    return DONE;
}
