/* Readings that name the same instant: of one probe's readings with the same measured_at only the last in the order of the rules
 * counts (5-domain, section 1). Blocks say which of theirs do not; nothing is deleted. */
#include <stdlib.h>
#include <string.h>

#include "ingest/fold/state.h"

#define HOUR_MS 3600000LL

struct block_row {
    int32_t probe_no;
    int64_t t0_ms;
    int32_t step_ms;
    size_t count;
    int16_t item;
    int64_t seq;
    int32_t epoch_no;
    int row;              /* in the result */
    bool contends;        /* its body counts or is only disputed */
    uint8_t place[PLACE_IN_ORDER_MOST];
    size_t place_len;
    struct bytes hash;    /* of the body, where its epoch is forked; else empty */
    struct list lost;     /* int32_t: indexes from 1, rising */
};

struct instant {
    int64_t at_ms;
    struct block_row *block;
    int32_t index; /* from 1 */
};

static enum outcome out_of_memory(struct fold *fold, struct why *why)
{
    fold->trouble = (struct sql_trouble){0};
    return fail(why, RETRY, "out of memory");
}

static int by_instant(const void *a, const void *b)
{
    const struct instant *x = a, *y = b;
    if (x->at_ms != y->at_ms)
        return x->at_ms < y->at_ms ? -1 : 1;
    int order = memcmp(x->block->place, y->block->place, x->block->place_len);
    if (order == 0 && x->block->hash.len == y->block->hash.len)
        order = memcmp(x->block->hash.data, y->block->hash.data, x->block->hash.len); /* two branches of one seq */
    return order ? order : (x->index > y->index) - (x->index < y->index);
}

static int by_index(const void *a, const void *b)
{
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

/* Blocks that overlap in time, all of one probe: finds the readings that do not count. */
static bool settle(struct block_row *blocks, size_t count)
{
    size_t total = 0;
    for (size_t i = 0; i < count; i++)
        total += blocks[i].contends ? blocks[i].count : 0;
    struct instant *instants = malloc((total ? total : 1) * sizeof *instants);
    if (!instants)
        return false;
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; blocks[i].contends && k < blocks[i].count; k++)
            instants[n++] = (struct instant){blocks[i].t0_ms + (int64_t)k * blocks[i].step_ms, &blocks[i], (int32_t)k + 1};
    }
    qsort(instants, n, sizeof *instants, by_instant);
    bool ok = true;
    for (size_t i = 0; i + 1 < n && ok; i++) {
        if (instants[i].at_ms == instants[i + 1].at_ms)
            ok = list_add(&instants[i].block->lost, &instants[i].index, sizeof instants[i].index);
    }
    free(instants);
    for (size_t i = 0; i < count; i++) {
        if (blocks[i].lost.count > 1)
            qsort(blocks[i].lost.items, blocks[i].lost.count, sizeof(int32_t), by_index);
    }
    return ok;
}

struct compare {
    const struct block_row *block;
    size_t at;
    bool same;
};

static void compare_index(void *context, struct bytes element)
{
    struct compare *c = context;
    const int32_t *lost = c->block->lost.items;
    int32_t had = (int32_t)((uint32_t)element.data[0] << 24 | (uint32_t)element.data[1] << 16 |
                            (uint32_t)element.data[2] << 8 | element.data[3]);
    if (c->at >= c->block->lost.count || lost[c->at] != had)
        c->same = false;
    c->at++;
}

/* Columns: probe_no, t0, step_ms, readings, item, seq, epoch_no, standing, superseded, body_hash. */
static bool unchanged(const PGresult *r, const struct block_row *block)
{
    struct compare c = {block, 0, true};
    if (!PQgetisnull(r, block->row, 8))
        sql_array(sql_bytes(r, block->row, 8), compare_index, &c);
    return c.same && c.at == block->lost.count;
}

static enum outcome store(struct fold *fold, const PGresult *r, const struct block_row *block, struct why *why)
{
    scoped_by(buffer_free) struct buffer lost = {0};
    buffer_add_byte(&lost, '{');
    for (size_t i = 0; i < block->lost.count; i++)
        buffer_printf(&lost, "%s%d", i ? "," : "", (int)((int32_t *)block->lost.items)[i]);
    buffer_add(&lost, "}", 2);
    if (lost.failed)
        return out_of_memory(fold, why);
    uint8_t probe[4], t0[8], epoch[4], seq[8];
    uint8_t item[2] = {(uint8_t)((uint16_t)block->item >> 8), (uint8_t)block->item};
    struct bytes hash = sql_bytes(r, block->row, 9);
    struct sql_value values[] = {
        block->lost.count ? sql_text_value((char *)lost.data) : (struct sql_value){NULL, 0},
        sql_int4_value(block->probe_no, probe),
        sql_int8_value((block->t0_ms - 946684800000LL) * 1000, t0),
        sql_int4_value(block->epoch_no, epoch),
        sql_int8_value(block->seq, seq),
        sql_bytea_value(item, 2),
        PQgetisnull(r, block->row, 9) ? (struct sql_value){NULL, 0} : sql_bytea_value(hash.data, hash.len),
    };
    scoped_by(sql_result_clear) PGresult *done = NULL;
    enum outcome outcome = sql_query(fold->conn,
                                     "UPDATE block SET superseded = $1::int[] WHERE probe_no = $2 AND t0 = $3 AND"
                                     " epoch_no = $4 AND seq = $5 AND item = $6 AND body_hash IS NOT DISTINCT FROM $7",
                                     values, 7, &done, &fold->trouble, why);
    if (outcome != DONE || block->lost.count == 0)
        return outcome;
    struct sql_value which[] = {sql_int4_value(block->probe_no, probe)};
    scoped_by(sql_result_clear) PGresult *marked = NULL;
    struct fold_probe *probes = fold->probes.items;
    for (size_t i = 0; i < fold->probes.count; i++)
        probes[i].overlaps |= probes[i].probe_no == block->probe_no;
    return sql_query(fold->conn, "UPDATE probe SET overlapping = true WHERE probe_no = $1 AND NOT overlapping", which, 1,
                     &marked, &fold->trouble, why);
}

static bool inside(const struct fold *fold, const struct block_row *block)
{
    const struct overlap *overlaps = fold->overlaps.items;
    for (size_t i = 0; i < fold->overlaps.count; i++) {
        if (overlaps[i].probe_no == block->probe_no && block->t0_ms >= overlaps[i].from_ms - HOUR_MS &&
            block->t0_ms <= overlaps[i].to_ms)
            return true;
    }
    return false;
}

static enum outcome settle_group(struct fold *fold, const PGresult *r, struct block_row *blocks, size_t count,
                                 struct why *why)
{
    /* A block alone in its time, with nothing marked, is the rule: nothing to compute. */
    if (count == 1 && PQgetisnull(r, blocks[0].row, 8))
        return DONE;
    if (!settle(blocks, count))
        return out_of_memory(fold, why);
    enum outcome outcome = DONE;
    for (size_t i = 0; i < count && outcome == DONE; i++) {
        /* At the edge of what was read a partner may be out of sight: only blocks well inside are written. */
        if (!unchanged(r, &blocks[i]) && inside(fold, &blocks[i]))
            outcome = store(fold, r, &blocks[i], why);
    }
    return outcome;
}

static enum outcome rows_of(struct fold *fold, const PGresult *r, struct block_row *blocks, struct why *why)
{
    for (int i = 0; i < PQntuples(r); i++) {
        struct chain *chain;
        struct block_row *b = &blocks[i];
        *b = (struct block_row){.probe_no = sql_int4(r, i, 0), .t0_ms = sql_time_ms(r, i, 1), .step_ms = sql_int4(r, i, 2),
                                .count = (size_t)sql_int2(r, i, 3), .item = sql_int2(r, i, 4), .seq = sql_int8(r, i, 5),
                                .epoch_no = sql_int4(r, i, 6), .row = i, .contends = sql_int2(r, i, 7) <= STANDING_DISPUTED, .hash = sql_bytes(r, i, 9)};
        enum outcome outcome = load_chain(fold, b->epoch_no, &chain, why);
        if (outcome != DONE)
            return outcome;
        b->place_len = chain_place_in_order(chain, b->seq, b->item, b->place);
    }
    return DONE;
}

static enum outcome settle_all(struct fold *fold, const PGresult *r, struct why *why)
{
    size_t count = (size_t)PQntuples(r);
    scoped_by(cleanup_free) struct block_row *blocks = calloc(count ? count : 1, sizeof *blocks);
    if (!blocks)
        return out_of_memory(fold, why);
    enum outcome outcome = rows_of(fold, r, blocks, why);
    for (size_t from = 0; from < count && outcome == DONE;) {
        size_t to = from + 1;
        int64_t end_ms = blocks[from].t0_ms + (int64_t)(blocks[from].count - 1) * blocks[from].step_ms;
        while (to < count && blocks[to].probe_no == blocks[from].probe_no && blocks[to].t0_ms <= end_ms) {
            int64_t its_end_ms = blocks[to].t0_ms + (int64_t)(blocks[to].count - 1) * blocks[to].step_ms;
            end_ms = its_end_ms > end_ms ? its_end_ms : end_ms;
            to++;
        }
        outcome = settle_group(fold, r, &blocks[from], to - from, why);
        from = to;
    }
    for (size_t i = 0; i < count; i++)
        list_free(&blocks[i].lost);
    return outcome;
}

static int by_probe_and_time(const void *a, const void *b)
{
    const struct overlap *x = a, *y = b;
    if (x->probe_no != y->probe_no)
        return x->probe_no < y->probe_no ? -1 : 1;
    return (x->from_ms > y->from_ms) - (x->from_ms < y->from_ms);
}

/* Ranges of one probe within two hours of each other become one, so that each block is read once. */
static void merge(struct list *list)
{
    struct overlap *o = list->items;
    if (list->count < 2)
        return;
    qsort(o, list->count, sizeof *o, by_probe_and_time);
    size_t kept = 0;
    for (size_t i = 1; i < list->count; i++) {
        if (o[i].probe_no == o[kept].probe_no && o[i].from_ms <= o[kept].to_ms + 3 * HOUR_MS)
            o[kept].to_ms = o[i].to_ms > o[kept].to_ms ? o[i].to_ms : o[kept].to_ms;
        else
            o[++kept] = o[i];
    }
    list->count = kept + 1;
}

static int64_t within(int64_t ms)
{
    return ms < BLOCKS_EARLIEST_MS ? BLOCKS_EARLIEST_MS : ms > BLOCKS_LATEST_MS ? BLOCKS_LATEST_MS : ms;
}

enum outcome fold_overlaps(struct fold *fold, struct why *why)
{
    if (fold->overlaps.count == 0)
        return DONE;
    merge(&fold->overlaps);
    scoped_by(buffer_free) struct buffer probes = {0};
    scoped_by(buffer_free) struct buffer from = {0};
    scoped_by(buffer_free) struct buffer to = {0};
    const struct overlap *o = fold->overlaps.items;
    for (size_t i = 0; i < fold->overlaps.count; i++) {
        buffer_printf(&probes, "%s%d", i ? "," : "{", (int)o[i].probe_no);
        buffer_printf(&from, "%s%lld", i ? "," : "{", (long long)within(o[i].from_ms - 2 * HOUR_MS));
        buffer_printf(&to, "%s%lld", i ? "," : "{", (long long)within(o[i].to_ms + HOUR_MS));
    }
    buffer_add(&probes, "}", 2);
    buffer_add(&from, "}", 2);
    buffer_add(&to, "}", 2);
    if (probes.failed || from.failed || to.failed)
        return out_of_memory(fold, why);
    struct sql_value values[] = {sql_text_value((char *)probes.data), sql_text_value((char *)from.data),
                                 sql_text_value((char *)to.data)};
    scoped_by(sql_result_clear) PGresult *r = NULL;
    enum outcome outcome =
        sql_query(fold->conn,
                  "SELECT b.probe_no, b.t0, b.step_ms, b.readings, b.item, b.seq, b.epoch_no, b.standing, b.superseded,"
                  " b.body_hash FROM unnest($1::int[], $2::bigint[], $3::bigint[]) AS u (probe_no, from_ms, to_ms)"
                  " JOIN block b ON b.probe_no = u.probe_no"
                  " AND b.t0 BETWEEN 'epoch'::timestamptz + u.from_ms * interval '1 millisecond'"
                  " AND 'epoch'::timestamptz + u.to_ms * interval '1 millisecond'"
                  " ORDER BY b.probe_no, b.t0",
                  values, 3, &r, &fold->trouble, why);
    return outcome == DONE ? settle_all(fold, r, why) : outcome;
}
