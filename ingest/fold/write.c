/* Rows of a batch into their tables. */
#include <stdio.h>
#include <string.h>

#include "ingest/fold/state.h"

#define ORIGIN_COLUMNS "valid_from, epoch_no, seq, item, body_hash, place_in_order"

/* In the order of enum fold_table. */
static const struct {
    const char *table;
    const char *columns;
} tables[FOLD_TABLES] = {
    {"block", "t0, seq, probe_no, epoch_no, step_ms, item, quality, standing, readings, thinned, values_mc, superseded, "
              "up_ms, body_hash"},
    {"block_untimed", "probe_no, epoch_no, seq, item, boot, up_ms, sealed_up_ms, step_ms, quality, standing, readings, "
                      "values_mc, body_hash"},
    {"device_event", "epoch_no, seq, item, standing, type, at, until, boot, up_ms, probe, value, content, latitude_e7, "
                     "longitude_e7, measures, body_hash"},
    {"clock_sync", "sender, boot, up_ms, wall, epoch_no, seq"},
    {"judgement_row", "epoch_no, seq, item, code, why, body_hash"},
    {"key", "key_id, owner, kind, public_key, site, roles, " ORIGIN_COLUMNS},
    {"key_revocation", "key_id, owner, trusted_epoch, trusted_seq, why, " ORIGIN_COLUMNS},
    {"site_entry", "id, name, own, gln, zone, region, " ORIGIN_COLUMNS},
    {"equipment_entry", "id, name, kind, site, max_gap_ms, cadence_ms, container, rules, out_of_service, giai, " ORIGIN_COLUMNS},
    {"product_entry", "code, name, policy, shelf_life_days, shelf_life_months, required_tests, " ORIGIN_COLUMNS},
    {"placement_entry", "gateway, probe, equipment, role, " ORIGIN_COLUMNS},
    {"calibration_entry", "gateway, probe, offset_mc, due, certificate, laboratory, " ORIGIN_COLUMNS},
    {"policy_entry", "id, version, content, " ORIGIN_COLUMNS},
    {"person_entry", "id, name, roles, sites, badge, language, has_left, " ORIGIN_COLUMNS},
    {"swap_entry", "old_gateway, new_gateway, why, " ORIGIN_COLUMNS},
    {"branch_entry", "gateway, epoch, from_seq, branch, person, reason, " ORIGIN_COLUMNS},
    {"fork", "epoch_no, seq, body_hash, standing"},
};

static const char *const derived[] = {
    "chain", "block", "block_untimed", "device_event", "clock_sync", "judgement_row", "key", "key_revocation",
    "site_entry", "equipment_entry", "product_entry", "placement_entry", "calibration_entry", "policy_entry",
    "person_entry", "swap_entry", "branch_entry", "fork", "probe", NULL};

const char *const *fold_derived_tables(void)
{
    return derived;
}

enum outcome fold_flush(struct fold *fold, struct why *why)
{
    for (int i = 0; i < FOLD_TABLES; i++) {
        char copy[512];
        (void)snprintf(copy, sizeof copy, "COPY %s (%s) FROM STDIN (FORMAT binary)", tables[i].table, tables[i].columns);
        enum outcome outcome = sql_copy(fold->conn, copy, &fold->rows[i], &fold->trouble, why);
        if (outcome != DONE)
            return fail_within(why, outcome, "table %s", tables[i].table);
    }
    return DONE;
}

enum outcome fold_ensure_month(struct fold *fold, int64_t t_ms, struct why *why)
{
    /* Months as PostgreSQL names them are asked for by day: at most 31 calls a month and process, each a no-op. */
    int day = (int)(t_ms / 86400000);
    if (list_has(&fold->months, &day, sizeof day))
        return DONE;
    char sql[128];
    (void)snprintf(sql, sizeof sql, "SELECT silsila.ensure_block_partition(to_timestamp(%lld))", (long long)(t_ms / 1000));
    enum outcome outcome = sql_run(fold->conn, sql, &fold->trouble, why);
    if (outcome != DONE)
        return outcome;
    if (!list_add(&fold->months, &day, sizeof day)) {
        fold->trouble = (struct sql_trouble){0};
        return fail(why, RETRY, "out of memory");
    }
    return DONE;
}

/* Text form of a bytea array of hashes; an absent one is an empty string of bytes. */
static void hashes_text(struct buffer *out, const struct chain *chain, bool first_previous)
{
    buffer_add_byte(out, '{');
    for (size_t i = 0; i < chain->range_count; i++) {
        const struct chain_range *range = &chain->ranges[i];
        char hex[65] = "";
        if (!first_previous)
            bytes_to_hex(bytes_of(range->last_hash, 32), hex);
        else if (range->has_first_previous)
            bytes_to_hex(bytes_of(range->first_previous, 32), hex);
        buffer_printf(out, "%s\"\\\\x%s\"", i ? "," : "", hex);
    }
    buffer_add(out, "}", 2);
}

static void ranges_text(struct buffer *out, const struct chain *chain)
{
    buffer_add_byte(out, '{');
    for (size_t i = 0; i < chain->range_count; i++)
        buffer_printf(out, "%s[%lld,%lld)", i ? "," : "", (long long)chain->ranges[i].from,
                      (long long)chain->ranges[i].to + 1);
    buffer_add(out, "}", 2);
}

static void boots_text(struct buffer *out, const struct chain *chain)
{
    buffer_add_byte(out, '{');
    for (size_t i = 0; i < chain->boot_count; i++) {
        char hex[33];
        bytes_to_hex(bytes_of(chain->boots[i], 16), hex);
        buffer_printf(out, "%s\"\\\\x%s\"", i ? "," : "", hex);
    }
    buffer_add(out, "}", 2);
}

#define NULL_VALUE ((struct sql_value){NULL, 0})

static const char upsert_chain[] =
    "INSERT INTO chain AS c (epoch_no, sender, epoch, previous_epoch, last_certain_seq, reason, rank, folded,"
    " first_previous, last_hash, through, watermark, heard_at, boots, disputed_from, branch, config_version)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8::int8multirange, $9::bytea[], $10::bytea[], $11, $12, $13, $14::bytea[],"
    " $15, $16, $17)"
    " ON CONFLICT (epoch_no) DO UPDATE SET previous_epoch = excluded.previous_epoch,"
    " last_certain_seq = excluded.last_certain_seq, reason = excluded.reason, rank = excluded.rank,"
    " folded = excluded.folded, first_previous = excluded.first_previous, last_hash = excluded.last_hash,"
    " through = excluded.through, watermark = excluded.watermark, heard_at = excluded.heard_at,"
    " boots = excluded.boots, disputed_from = excluded.disputed_from, branch = excluded.branch,"
    " config_version = excluded.config_version";

static struct sql_value time_value(int64_t ms, uint8_t storage[8])
{
    return ms == CHAIN_NO_TIME ? NULL_VALUE : sql_int8_value((ms - 946684800000LL) * 1000, storage);
}

static enum outcome write_chain(struct fold *fold, struct chain *chain, struct why *why)
{
    scoped_by(buffer_free) struct buffer ranges = {0};
    scoped_by(buffer_free) struct buffer first = {0};
    scoped_by(buffer_free) struct buffer last = {0};
    scoped_by(buffer_free) struct buffer boots = {0};
    ranges_text(&ranges, chain);
    hashes_text(&first, chain, true);
    hashes_text(&last, chain, false);
    boots_text(&boots, chain);
    if (ranges.failed || first.failed || last.failed || boots.failed) {
        fold->trouble = (struct sql_trouble){0};
        return fail(why, RETRY, "out of memory");
    }
    uint8_t no[4], certain[8], rank[4], through[8], mark[8], heard[8], disputed[8], version[8];
    uint8_t reason[2] = {0, (uint8_t)chain->reason};
    struct sql_value values[] = {
        sql_int4_value(chain->epoch_no, no),
        sql_text_value(chain->sender),
        sql_bytea_value(chain->epoch, 16),
        chain->has_previous ? sql_bytea_value(chain->previous_epoch, 16) : NULL_VALUE,
        chain->has_previous ? sql_int8_value(chain->last_certain_seq, certain) : NULL_VALUE,
        chain->first_heard ? sql_bytea_value(reason, 2) : NULL_VALUE,
        chain->rank >= 0 ? sql_int4_value(chain->rank, rank) : NULL_VALUE,
        sql_text_value((char *)ranges.data),
        sql_text_value((char *)first.data),
        sql_text_value((char *)last.data),
        sql_int8_value(chain_through(chain), through),
        time_value(chain->watermark_ms, mark),
        time_value(chain->heard_ms, heard),
        sql_text_value((char *)boots.data),
        chain->disputed_from > 0 ? sql_int8_value(chain->disputed_from, disputed) : NULL_VALUE,
        chain->has_branch ? sql_bytea_value(chain->branch, 32) : NULL_VALUE,
        sql_int8_value(chain->config_version, version),
    };
    scoped_by(sql_result_clear) PGresult *r = NULL;
    enum outcome outcome =
        sql_query(fold->conn, upsert_chain, values, sizeof values / sizeof values[0], &r, &fold->trouble, why);
    if (outcome == DONE) {
        chain->dirty = false;
        chain->stored = true;
    }
    return outcome;
}

enum outcome fold_write_chains(struct fold *fold, struct why *why)
{
    enum outcome outcome = DONE;
    for (size_t i = 0; i < fold->chain_room && outcome == DONE; i++) {
        struct chain *chain = fold->chains[i];
        /* A chain without bodies was looked at (a sender's epochs are loaded together) but is not folded yet. */
        if (chain && chain->dirty && chain->range_count > 0)
            outcome = write_chain(fold, chain, why);
    }
    return outcome;
}

enum outcome fold_delete_epoch(struct fold *fold, const struct chain *chain, struct why *why)
{
    uint8_t no[4];
    struct sql_value values[] = {sql_int4_value(chain->epoch_no, no), sql_text_value(chain->sender)};
    for (int i = 0; i < FOLD_TABLES; i++) {
        char sql[256];
        /* Blocks are found through their probes: they have no index on the epoch, which is asked for this rarely. */
        if (i == TABLE_BLOCK)
            (void)snprintf(sql, sizeof sql,
                           "DELETE FROM block b USING probe p WHERE p.gateway = $2 AND b.probe_no = p.probe_no"
                           " AND b.epoch_no = $1");
        else
            (void)snprintf(sql, sizeof sql, "DELETE FROM %s WHERE epoch_no = $1 AND $2::text IS NOT NULL", tables[i].table);
        scoped_by(sql_result_clear) PGresult *r = NULL;
        enum outcome outcome = sql_query(fold->conn, sql, values, 2, &r, &fold->trouble, why);
        if (outcome != DONE)
            return outcome;
    }
    return DONE;
}
