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

static void fork_body_of(struct fork_body *body, const struct fold_entry *entry, int row)
{
    struct body_head head = {0};
    struct why why = {0};
    *body = (struct fork_body){.seq = entry->seq, .row = row};
    memcpy(body->hash, entry->body_hash, 32);
    if (body_head_read(entry->body, &head, &why) == DONE && head.has_previous) {
        body->has_previous = true;
        memcpy(body->previous, head.previous, 32);
    }
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

/* One body of the epoch, in the order (seq, hash): not of arrival, because only the first of a forked seq takes the place in the
 * chain, and that must not hang on which came first. */
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
    enum outcome outcome = standing == STANDING_OTHER_BRANCH ? DONE : fold_first_body(fold, entry, chain, why);
    if (outcome == DONE && standing == STANDING_COUNTS)
        outcome = fold_standing(fold, entry, chain, &standing, why);
    if (outcome != DONE)
        return outcome;
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
        fork_body_of(&(*bodies)[i], &entry, (int)i);
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

/* What this epoch says of others' chains is about to be deleted and perhaps not said again: they are folded anew as well. */
static enum outcome mark_dependents(struct fold *fold, int32_t epoch_no, struct why *why)
{
    uint8_t no[4];
    struct sql_value values[] = {sql_int4_value(epoch_no, no)};
    scoped_by(sql_result_clear) PGresult *owners = NULL;
    scoped_by(sql_result_clear) PGresult *forked = NULL;
    enum outcome outcome = sql_query(fold->conn, "SELECT DISTINCT owner FROM key_revocation WHERE epoch_no = $1", values, 1,
                                     &owners, &fold->trouble, why);
    if (outcome == DONE)
        outcome = sql_query(fold->conn,
                            "SELECT DISTINCT e.epoch_no FROM branch_entry b JOIN ledger.epoch e ON e.gateway = b.gateway"
                            " AND e.epoch = b.epoch WHERE b.epoch_no = $1",
                            values, 1, &forked, &fold->trouble, why);
    for (int i = 0; outcome == DONE && i < PQntuples(owners); i++) {
        char owner[33] = "";
        struct bytes text = sql_bytes(owners, i, 0);
        memcpy(owner, text.data, text.len < 32 ? text.len : 32);
        outcome = fold_mark_owner_again(fold, owner, why);
    }
    for (int i = 0; outcome == DONE && i < PQntuples(forked); i++)
        outcome = fold_mark_again(fold, sql_int4(forked, i, 0), why);
    return outcome;
}

static enum outcome epoch_again(struct fold *fold, int32_t epoch_no, int64_t before_position, struct why *why)
{
    struct chain *chain;
    enum outcome outcome = load_chain(fold, epoch_no, &chain, why);
    if (outcome == DONE)
        outcome = mark_dependents(fold, epoch_no, why);
    if (outcome == DONE)
        outcome = fold_delete_epoch(fold, chain, why);
    if (outcome != DONE)
        return outcome;
    uint8_t no[4], before[8];
    struct sql_value values[] = {sql_int4_value(epoch_no, no), sql_int8_value(before_position, before)};
    scoped_by(sql_result_clear) PGresult *r = NULL;
    outcome = sql_query(fold->conn,
                        "SELECT position, seq, key_no, body, certificate FROM ledger.entry"
                        " WHERE epoch_no = $1 AND position < $2",
                        values, 2, &r, &fold->trouble, why);
    if (outcome != DONE)
        return outcome;
    scoped_by(cleanup_free) struct fork_body *bodies = NULL;
    chain_clear(chain);
    outcome = resolve(fold, chain, r, &bodies, why);
    for (int i = 0; i < PQntuples(r) && outcome == DONE; i++) {
        struct fold_entry entry;
        entry_from_row(&entry, r, bodies[i].row, epoch_no);
        outcome = body_again(fold, chain, &entry, &bodies[i], why);
    }
    return outcome == DONE ? fold_flush(fold, why) : outcome;
}

enum outcome fold_again(struct fold *fold, int64_t before_position, struct why *why)
{
    /* The list grows while it is worked on (an epoch folded again may move another); see
     * fold_mark_again. It ends, because the links between epochs settle at the first pass. */
    for (fold->again_at = 0; fold->again_at < fold->again.count; fold->again_at++) {
        int32_t epoch_no = ((int32_t *)fold->again.items)[fold->again_at];
        enum outcome outcome = epoch_again(fold, epoch_no, before_position, why);
        if (outcome != DONE)
            return outcome;
    }
    return DONE;
}
