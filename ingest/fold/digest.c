#include "ingest/fold/digest.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "common/cleanup.h"
#include "ingest/fold/sql.h"

/* Every query names its sender by id and its epoch by bytes: surrogate numbers are given in order of arrival. */
#define WHO "c.sender, c.epoch, t.seq, t.item"
#define OF(table) " FROM " table " t JOIN chain c USING (epoch_no)"
#define SAID ", t.valid_from, t.body_hash, t.place_in_order"

static const struct {
    const char *table, *query;
} parts[DIGEST_PARTS] = {
    {"chain", "SELECT sender, epoch, previous_epoch, last_certain_seq, reason, rank, folded, first_previous, last_hash,"
              " through, watermark, heard_at, boots, disputed_from, branch, config_version FROM chain ORDER BY 1, 2"},
    {"fork", "SELECT c.sender, c.epoch, t.seq, t.body_hash, t.standing" OF("fork") " ORDER BY 1, 2, 3, 4"},
    {"judgement", "SELECT " WHO ", t.code, t.why, t.body_hash" OF("judgement_row") " ORDER BY 1, 2, 3, 4, 5, 6, 7"},
    {"block", "SELECT " WHO ", p.probe, t.t0, t.step_ms, t.quality, t.standing, t.readings, t.thinned, t.values_mc,"
              " t.superseded, t.up_ms, t.body_hash" OF("block") " JOIN probe p USING (probe_no)"
              " ORDER BY 1, 2, 3, 4, 5, 6, t.body_hash"},
    {"block_untimed", "SELECT " WHO ", p.probe, t.boot, t.up_ms, t.sealed_up_ms, t.step_ms, t.quality, t.standing,"
                      " t.readings, t.values_mc, t.body_hash" OF("block_untimed") " JOIN probe p USING (probe_no)"
                      " ORDER BY 1, 2, 3, 4, 5, t.body_hash"},
    {"clock_sync", "SELECT sender, boot, up_ms, wall, seq FROM clock_sync ORDER BY 1, 2, 3, 4, 5"},
    {"device_event", "SELECT " WHO ", t.standing, t.type, t.at, t.until, t.boot, t.up_ms, t.probe, t.value, t.content,"
                     " t.latitude_e7, t.longitude_e7, t.measures, t.body_hash" OF("device_event")
                     " ORDER BY 1, 2, 3, 4, t.body_hash"},
    {"key", "SELECT " WHO ", t.key_id, t.owner, t.kind, t.public_key, t.site, t.roles" SAID OF("key") " ORDER BY 1, 2, 3, 4"},
    {"key_revocation", "SELECT " WHO ", t.key_id, t.owner, t.trusted_epoch, t.trusted_seq, t.why" SAID OF("key_revocation")
                       " ORDER BY 1, 2, 3, 4"},
    {"site", "SELECT " WHO ", t.id, t.name, t.own, t.gln, t.zone, t.region" SAID OF("site_entry") " ORDER BY 1, 2, 3, 4"},
    {"equipment", "SELECT " WHO ", t.id, t.name, t.kind, t.site, t.max_gap_ms, t.cadence_ms, t.container, t.rules,"
                  " t.out_of_service, t.giai" SAID OF("equipment_entry") " ORDER BY 1, 2, 3, 4"},
    {"product", "SELECT " WHO ", t.code, t.name, t.policy, t.shelf_life_days, t.shelf_life_months, t.required_tests" SAID
                OF("product_entry") " ORDER BY 1, 2, 3, 4"},
    {"placement", "SELECT " WHO ", t.gateway, t.probe, t.equipment, t.role" SAID OF("placement_entry") " ORDER BY 1, 2, 3, 4"},
    {"calibration", "SELECT " WHO ", t.gateway, t.probe, t.offset_mc, t.due, t.certificate, t.laboratory" SAID
                    OF("calibration_entry") " ORDER BY 1, 2, 3, 4"},
    {"policy", "SELECT " WHO ", t.id, t.version, t.content" SAID OF("policy_entry") " ORDER BY 1, 2, 3, 4"},
    {"person", "SELECT " WHO ", t.id, t.name, t.roles, t.sites, t.badge, t.language, t.has_left" SAID OF("person_entry")
               " ORDER BY 1, 2, 3, 4"},
    {"swap_and_branch", "SELECT " WHO ", t.old_gateway, t.new_gateway, t.why, NULL::bytea, NULL::bigint, NULL::bytea" SAID
                        OF("swap_entry") " UNION ALL SELECT " WHO ", t.gateway, t.person, t.reason, t.epoch, t.from_seq,"
                        " t.branch" SAID OF("branch_entry") " ORDER BY 1, 2, 3, 4"},
};

const char *digest_query(size_t part)
{
    return parts[part].query;
}

static enum outcome copied_hash(PGconn *conn, EVP_MD_CTX *context, int64_t *rows, struct why *why)
{
    char *line;
    int len;
    while ((len = PQgetCopyData(conn, &line, 0)) > 0) {
        (void)EVP_DigestUpdate(context, line, (size_t)len);
        PQfreemem(line);
        (*rows)++;
    }
    PGresult *end;
    enum outcome outcome = len == -1 ? DONE : fail(why, RETRY, "PostgreSQL: %.200s", PQerrorMessage(conn));
    while ((end = PQgetResult(conn)) != NULL) {
        if (PQresultStatus(end) != PGRES_COMMAND_OK && outcome == DONE)
            outcome = fail(why, RETRY, "PostgreSQL: %.200s", PQresultErrorMessage(end));
        PQclear(end);
    }
    return outcome;
}

static enum outcome part_hash(PGconn *conn, size_t part, struct digest *digest, struct why *why)
{
    char copy[1024];
    (void)snprintf(copy, sizeof copy, "COPY (%s) TO STDOUT", parts[part].query);
    PGresult *begun = PQexec(conn, copy);
    bool out = PQresultStatus(begun) == PGRES_COPY_OUT;
    if (!out)
        (void)fail(why, RETRY, "PostgreSQL: %.200s", PQresultErrorMessage(begun));
    PQclear(begun);
    if (!out)
        return RETRY;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (!context || EVP_DigestInit_ex(context, EVP_sha256(), NULL) != 1) {
        EVP_MD_CTX_free(context);
        return fail(why, RETRY, "out of memory");
    }
    digest->parts[part].table = parts[part].table;
    digest->parts[part].rows = 0;
    enum outcome outcome = copied_hash(conn, context, &digest->parts[part].rows, why);
    (void)EVP_DigestFinal_ex(context, digest->parts[part].hash, NULL);
    EVP_MD_CTX_free(context);
    return outcome;
}

enum outcome digest_read(PGconn *conn, const char *schema, struct digest *digest, struct why *why)
{
    struct sql_trouble trouble;
    char begin[256];
    (void)snprintf(begin, sizeof begin,
                   "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL search_path = %s, pg_catalog;"
                   " SET LOCAL timezone = 'UTC'; SET LOCAL bytea_output = 'hex'; SET LOCAL datestyle = 'ISO'",
                   schema);
    enum outcome outcome = sql_run(conn, begin, &trouble, why);
    EVP_MD_CTX *whole = EVP_MD_CTX_new();
    if (!whole || EVP_DigestInit_ex(whole, EVP_sha256(), NULL) != 1)
        outcome = fail(why, RETRY, "out of memory");
    for (size_t i = 0; i < DIGEST_PARTS && outcome == DONE; i++) {
        outcome = part_hash(conn, i, digest, why);
        (void)EVP_DigestUpdate(whole, digest->parts[i].hash, 32);
    }
    if (outcome == DONE)
        (void)EVP_DigestFinal_ex(whole, digest->whole, NULL);
    EVP_MD_CTX_free(whole);
    struct why ignored = {0};
    (void)!sql_run(conn, "ROLLBACK", &trouble, &ignored);
    return outcome;
}
