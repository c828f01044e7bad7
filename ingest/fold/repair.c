/* Repair of clocks: readings and events of a boot get their times from the synchronised bodies of the same boot (5-domain,
 * section 1; the arithmetic is blocks_repair_time). All rows of a boot are repaired together, whenever one of its bodies came. */
#include <stdlib.h>
#include <string.h>

#include "ingest/fold/state.h"

static enum outcome out_of_memory(struct fold *fold, struct why *why)
{
    fold->trouble = (struct sql_trouble){0};
    return fail(why, RETRY, "out of memory");
}

static struct boot_key boot_key_of(const char *sender, const uint8_t boot[16])
{
    struct boot_key key = {0};
    memcpy(key.sender, sender, strnlen(sender, sizeof key.sender - 1));
    memcpy(key.boot, boot, 16);
    return key;
}

bool fold_boot_tracked(const struct fold *fold, const char *sender, const uint8_t boot[16])
{
    struct boot_key key = boot_key_of(sender, boot);
    return list_has(&fold->tracked, &key, sizeof key);
}

/* Row of silsila.clock_sync, when this body's clock was synchronised in this boot. */
static void sync_of_body(struct fold *fold, const struct boot_key *key, int32_t epoch_no, int64_t seq, struct bytes raw)
{
    Silsila__V1__Body *body = NULL;
    enum body_flaw flaw;
    struct why unreadable = {0};
    if (body_decode(raw, &body, &flaw, &unreadable) != DONE)
        return;
    const Silsila__V1__ClockState *clock = body->clock;
    if (clock && clock->synchronised && clock->boot_id.len == 16 && memcmp(clock->boot_id.data, key->boot, 16) == 0 &&
        clock->boot_ms <= UP_MOST_MS && clock->boot_ms >= -UP_MOST_MS &&
        clock->wall_ms >= BLOCKS_EARLIEST_MS && clock->wall_ms < BLOCKS_LATEST_MS) {
        struct rows *rows = &fold->rows[TABLE_CLOCK_SYNC];
        rows_begin(rows, 6);
        rows_text(rows, key->sender);
        rows_bytea(rows, bytes_of(key->boot, 16));
        rows_int8(rows, clock->boot_ms);
        rows_time(rows, clock->wall_ms);
        rows_int4(rows, epoch_no);
        rows_int8(rows, seq);
    }
    body_free(&body);
}

/* Which bodies repair a boot is known only once the boot has something to repair: then all of the ledger's are collected,
 * those before it and those of this batch alike; from the next batch on each adds itself (admit.c). */
static enum outcome collect_syncs(struct fold *fold, const struct boot_key *key, int64_t before_position, struct why *why)
{
    struct sql_value which[] = {sql_text_value(key->sender), sql_bytea_value(key->boot, 16)};
    scoped_by(sql_result_clear) PGresult *deleted = NULL;
    scoped_by(cleanup_free) struct chain **chains = NULL;
    size_t count = 0;
    enum outcome outcome = sql_query(fold->conn, "DELETE FROM clock_sync WHERE sender = $1 AND boot = $2", which, 2,
                                     &deleted, &fold->trouble, why);
    if (outcome == DONE)
        outcome = load_sender_chains(fold, key->sender, &chains, &count, why);
    for (size_t c = 0; c < count && outcome == DONE; c++) {
        if (!chain_has_boot(chains[c], key->boot))
            continue;
        uint8_t no[4], before[8];
        struct sql_value values[] = {sql_int4_value(chains[c]->epoch_no, no), sql_int8_value(before_position, before)};
        scoped_by(sql_result_clear) PGresult *r = NULL;
        outcome = sql_query(fold->conn, "SELECT body, seq FROM ledger.entry WHERE epoch_no = $1 AND position < $2",
                            values, 2, &r, &fold->trouble, why);
        for (int i = 0; outcome == DONE && i < PQntuples(r); i++)
            sync_of_body(fold, key, chains[c]->epoch_no, sql_int8(r, i, 1), sql_bytes(r, i, 0));
    }
    return outcome == DONE ? fold_flush(fold, why) : outcome;
}

enum outcome fold_track_boot(struct fold *fold, const char *sender, const uint8_t boot[16], struct why *why)
{
    struct boot_key key = boot_key_of(sender, boot);
    if (!list_has(&fold->repairs, &key, sizeof key) && !list_add(&fold->repairs, &key, sizeof key))
        return out_of_memory(fold, why);
    if (list_has(&fold->tracked, &key, sizeof key))
        return DONE;
    if (!list_add(&fold->tracked, &key, sizeof key) || !list_add(&fold->collect, &key, sizeof key))
        return out_of_memory(fold, why);
    for (size_t i = 0; i < fold->chain_room; i++) {
        if (fold->chains[i] && strcmp(fold->chains[i]->sender, sender) == 0)
            fold->chains[i]->repairs |= chain_has_boot(fold->chains[i], boot);
    }
    return DONE;
}

struct repairing {
    struct fold *fold;
    struct fold_probe *probe;
    struct folding with;
    const Silsila__V1__TemperatureBlock *block;
    int32_t item;
    int64_t t0_ms, up_ms;
    enum outcome outcome;
    struct why *why;
};

static void take_repaired(void *context, const struct block_piece *piece)
{
    struct repairing *r = context;
    if (r->outcome != DONE)
        return;
    int64_t end_ms = piece->t0_ms + (int64_t)(piece->count - 1) * r->block->step_ms;
    struct overlap o = {r->probe->probe_no, piece->t0_ms, end_ms};
    if (!list_add(&r->fold->overlaps, &o, sizeof o)) {
        r->outcome = out_of_memory(r->fold, r->why);
        return;
    }
    if (end_ms > r->probe->end_ms)
        r->probe->end_ms = end_ms;
    r->outcome = fold_piece(r->fold, piece, r->probe, &r->with, r->block, r->item, true,
                            r->up_ms + (piece->t0_ms - r->t0_ms), r->why);
}

static void take_value(void *context, struct bytes element)
{
    int32_t **at = context;
    if (element.len == 4)
        *(*at)++ = (int32_t)((uint32_t)element.data[0] << 24 | (uint32_t)element.data[1] << 16 |
                             (uint32_t)element.data[2] << 8 | element.data[3]);
}

/* Columns: probe_no, epoch_no, seq, item, up_ms, sealed_up_ms, step_ms, quality, standing, readings, values_mc, body_hash,
 * gateway, probe. */
static enum outcome repair_row(struct fold *fold, const PGresult *r, int row, const struct clock_sync *syncs,
                               size_t sync_count, struct why *why)
{
    int64_t up_ms = sql_int8(r, row, 4), t0_ms;
    if (!blocks_repair_time(syncs, sync_count, up_ms, &t0_ms))
        return DONE;
    size_t count = (size_t)sql_int2(r, row, 9);
    scoped_by(cleanup_free) int32_t *values = NULL;
    if (!PQgetisnull(r, row, 10)) {
        values = calloc(count ? count : 1, sizeof *values);
        int32_t *at = values;
        if (!values)
            return out_of_memory(fold, why);
        sql_array(sql_bytes(r, row, 10), take_value, &at);
    }
    Silsila__V1__TemperatureBlock block = SILSILA__V1__TEMPERATURE_BLOCK__INIT;
    block.step_ms = (uint32_t)sql_int4(r, row, 6);
    block.quality = (Silsila__V1__Quality)sql_int2(r, row, 7);
    struct chain *chain;
    enum outcome outcome = load_chain(fold, sql_int4(r, row, 1), &chain, why);
    struct fold_probe *probe = NULL;
    char gateway[33] = "", name[65] = "";
    struct bytes g = sql_bytes(r, row, 12), p = sql_bytes(r, row, 13);
    memcpy(gateway, g.data, g.len < 32 ? g.len : 32);
    memcpy(name, p.data, p.len < 64 ? p.len : 64);
    if (outcome == DONE)
        outcome = load_probe(fold, gateway, name, &probe, why);
    if (outcome != DONE)
        return outcome;
    struct fold_entry entry = {.seq = sql_int8(r, row, 2), .epoch_no = chain->epoch_no};
    memcpy(entry.body_hash, sql_bytes(r, row, 11).data, 32);
    struct repairing repairing = {.fold = fold, .probe = probe, .block = &block, .item = sql_int2(r, row, 3),
                                  .t0_ms = t0_ms, .up_ms = up_ms, .outcome = DONE, .why = why};
    repairing.with = (struct folding){.entry = &entry, .chain = chain, .standing = (enum standing)sql_int2(r, row, 8),
                                      .in_fork = chain->disputed_from > 0 && entry.seq >= chain->disputed_from};
    struct reading_run run = {t0_ms, block.step_ms, values, count, t0_ms + (sql_int8(r, row, 5) - up_ms)};
    struct run_judged judged;
    blocks_cut(&run, &judged, take_repaired, &repairing);
    return repairing.outcome;
}

static enum outcome read_syncs(struct fold *fold, const struct boot_key *key, struct clock_sync **syncs, size_t *count,
                               struct why *why)
{
    struct sql_value values[] = {sql_text_value(key->sender), sql_bytea_value(key->boot, 16)};
    scoped_by(sql_result_clear) PGresult *r = NULL;
    enum outcome outcome =
        sql_query(fold->conn, "SELECT up_ms, wall FROM clock_sync WHERE sender = $1 AND boot = $2", values, 2, &r,
                  &fold->trouble, why);
    if (outcome != DONE)
        return outcome;
    *count = (size_t)PQntuples(r);
    *syncs = calloc(*count ? *count : 1, sizeof **syncs);
    if (!*syncs)
        return out_of_memory(fold, why);
    for (size_t i = 0; i < *count; i++)
        (*syncs)[i] = (struct clock_sync){sql_int8(r, (int)i, 0), sql_time_ms(r, (int)i, 1)};
    return DONE;
}

static enum outcome repair_events(struct fold *fold, const struct boot_key *key, struct why *why)
{
    /* The nearest body as in blocks_repair_time: least distance, then smaller boot time, then smaller wall time. */
    struct sql_value values[] = {sql_text_value(key->sender), sql_bytea_value(key->boot, 16)};
    scoped_by(sql_result_clear) PGresult *r = NULL;
    return sql_query(fold->conn,
                     "UPDATE device_event e SET at = s.wall + (e.up_ms - s.up_ms) * interval '1 millisecond'"
                     " FROM chain c JOIN device_event d ON d.epoch_no = c.epoch_no CROSS JOIN LATERAL ("
                     "SELECT y.wall, y.up_ms FROM clock_sync y WHERE y.sender = $1 AND y.boot = $2"
                     " ORDER BY abs(y.up_ms - d.up_ms), y.up_ms, y.wall LIMIT 1) AS s"
                     " WHERE c.sender = $1 AND d.boot = $2 AND e.ctid = d.ctid",
                     values, 2, &r, &fold->trouble, why);
}

static enum outcome repair_boot(struct fold *fold, const struct boot_key *key, struct why *why)
{
    scoped_by(cleanup_free) struct clock_sync *syncs = NULL;
    size_t sync_count = 0;
    enum outcome outcome = read_syncs(fold, key, &syncs, &sync_count, why);
    if (outcome != DONE || sync_count == 0)
        return outcome;
    struct sql_value values[] = {sql_text_value(key->sender), sql_bytea_value(key->boot, 16)};
    scoped_by(sql_result_clear) PGresult *deleted = NULL;
    scoped_by(sql_result_clear) PGresult *r = NULL;
    outcome = sql_query(fold->conn,
                        "DELETE FROM block b USING block_untimed u, probe p WHERE p.gateway = $1 AND u.boot = $2"
                        " AND u.probe_no = p.probe_no AND b.probe_no = u.probe_no AND b.epoch_no = u.epoch_no"
                        " AND b.seq = u.seq AND b.item = u.item AND b.up_ms IS NOT NULL",
                        values, 2, &deleted, &fold->trouble, why);
    if (outcome == DONE)
        outcome = sql_query(fold->conn,
                            "SELECT u.probe_no, u.epoch_no, u.seq, u.item, u.up_ms, u.sealed_up_ms, u.step_ms, u.quality,"
                            " u.standing, u.readings, u.values_mc, u.body_hash, p.gateway, p.probe"
                            " FROM block_untimed u JOIN probe p USING (probe_no) WHERE p.gateway = $1 AND u.boot = $2"
                            " ORDER BY u.epoch_no, u.seq, u.item",
                            values, 2, &r, &fold->trouble, why);
    for (int i = 0; outcome == DONE && i < PQntuples(r); i++)
        outcome = repair_row(fold, r, i, syncs, sync_count, why);
    if (outcome == DONE)
        outcome = fold_flush(fold, why);
    return outcome == DONE ? repair_events(fold, key, why) : outcome;
}

static enum outcome chains_of_boot_stale(struct fold *fold, const struct boot_key *key, struct why *why)
{
    for (size_t i = 0; i < fold->chain_room; i++) {
        const struct chain *chain = fold->chains[i];
        if (chain && chain->range_count > 0 && strcmp(chain->sender, key->sender) == 0 &&
            chain_has_boot(chain, key->boot) && !list_has(&fold->stale, &chain->epoch_no, sizeof chain->epoch_no) &&
            !list_add(&fold->stale, &chain->epoch_no, sizeof chain->epoch_no))
            return out_of_memory(fold, why);
    }
    return DONE;
}

enum outcome fold_repairs(struct fold *fold, int64_t before_position, struct why *why)
{
    for (size_t i = 0; i < fold->repairs.count; i++) {
        struct boot_key key = ((struct boot_key *)fold->repairs.items)[i];
        enum outcome outcome = DONE;
        if (list_has(&fold->collect, &key, sizeof key))
            outcome = collect_syncs(fold, &key, before_position, why);
        if (outcome == DONE)
            outcome = repair_boot(fold, &key, why);
        if (outcome == DONE)
            outcome = chains_of_boot_stale(fold, &key, why);
        if (outcome != DONE)
            return outcome;
    }
    return DONE;
}

static enum outcome read_watermark(struct fold *fold, struct chain *chain, struct why *why)
{
    uint8_t no[4], seq[8];
    struct sql_value values[] = {sql_int4_value(chain->epoch_no, no), sql_int8_value(chain_through(chain), seq)};
    scoped_by(sql_result_clear) PGresult *r = NULL;
    enum outcome outcome =
        sql_query(fold->conn, "SELECT body FROM ledger.entry WHERE epoch_no = $1 AND seq = $2 ORDER BY sha256(body) LIMIT 1",
                  values, 2, &r, &fold->trouble, why);
    if (outcome != DONE || PQntuples(r) == 0)
        return outcome;
    Silsila__V1__Body *body = NULL;
    enum body_flaw flaw;
    struct why unreadable = {0};
    int64_t watermark_ms = CHAIN_NO_TIME;
    if (body_decode(sql_bytes(r, 0, 0), &body, &flaw, &unreadable) == DONE) {
        const Silsila__V1__ClockState *clock = body->clock;
        bool sane = clock && clock->wall_ms >= BLOCKS_EARLIEST_MS && clock->wall_ms < BLOCKS_LATEST_MS;
        chain->config_version = (int64_t)(body->config_version & INT64_MAX);
        if (clock && clock->synchronised && sane) {
            watermark_ms = clock->wall_ms;
        } else if (clock && clock->boot_id.len == 16) {
            struct boot_key key = boot_key_of(chain->sender, clock->boot_id.data);
            scoped_by(cleanup_free) struct clock_sync *syncs = NULL;
            size_t count = 0;
            outcome = read_syncs(fold, &key, &syncs, &count, why);
            if (outcome == DONE && !blocks_repair_time(syncs, count, clock->boot_ms, &watermark_ms))
                watermark_ms = CHAIN_NO_TIME;
        }
        body_free(&body);
    }
    chain->watermark_ms = watermark_ms;
    chain->dirty = true;
    return outcome;
}

enum outcome fold_watermarks(struct fold *fold, struct why *why)
{
    for (size_t i = 0; i < fold->stale.count; i++) {
        struct chain *chain;
        enum outcome outcome = load_chain(fold, ((int32_t *)fold->stale.items)[i], &chain, why);
        if (outcome == DONE && chain_through(chain) > 0)
            outcome = read_watermark(fold, chain, why);
        if (outcome != DONE)
            return outcome;
    }
    return DONE;
}
