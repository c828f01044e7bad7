/* What the fold has to say: configurations and notices, written to silsila.outgoing in the same transaction; ingest signs and
 * publishes them. Not derived: a rebuild says nothing again. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ingest/fold/state.h"

#define STORE_SEAL_MS 900000
#define TRANSPORT_SEAL_MS 120000
/* A body of fifteen readings a probe costs a tenth of fifteen bodies; more saves little and makes people wait. */
#define SEAL_READINGS 15

static enum outcome out_of_memory(struct fold *fold, struct why *why)
{
    fold->trouble = (struct sql_trouble){0};
    return fail(why, RETRY, "out of memory");
}

static enum outcome enqueue(struct fold *fold, const char *kind, const char *to, bool retained, struct bytes payload,
                            struct why *why)
{
    scoped_by(buffer_free) struct buffer topic = {0};
    buffer_printf(&topic, "silsila/v1/%s/%s", kind, to);
    buffer_add_byte(&topic, 0);
    if (topic.failed)
        return out_of_memory(fold, why);
    uint8_t yes[1] = {retained};
    struct sql_value values[] = {sql_text_value((char *)topic.data), sql_text_value(kind), sql_bytea_value(yes, 1),
                                 sql_bytea_value(payload.data, payload.len)};
    scoped_by(sql_result_clear) PGresult *r = NULL;
    fold->outgoing_added = true;
    return sql_query(fold->conn, "INSERT INTO outgoing (topic, purpose, retained, payload) VALUES ($1, $2, $3, $4)",
                     values, 4, &r, &fold->trouble, why);
}

static char *copied(struct bytes text)
{
    char *copy = malloc(text.len + 1);
    if (copy) {
        memcpy(copy, text.data, text.len);
        copy[text.len] = '\0';
    }
    return copy;
}

/* One row a placement and rule: probe, equipment, role, kind, cadence_ms, rule id, op, limit_mc, limit_high_mc, hysteresis_mc,
 * delay_ms; the rule's columns are null where the equipment has none that looks at this role. */
static const char config_rows[] =
    "SELECT p.probe, p.equipment, p.role, e.kind, e.cadence_ms, r.id, r.op, r.limit_mc, r.limit_high_mc,"
    " r.hysteresis_mc, r.delay_ms"
    " FROM placement p"
    " LEFT JOIN equipment e ON e.id = p.equipment"
    " LEFT JOIN LATERAL jsonb_to_recordset(e.rules) AS r(id text, op text, limit_mc int, limit_high_mc int,"
    " hysteresis_mc int, delay_ms bigint, role text) ON r.role IN ('', p.role)"
    " WHERE p.gateway = $1 AND p.equipment <> '' AND p.valid_from <= now() AND (p.valid_to IS NULL OR p.valid_to > now())"
    " ORDER BY p.probe, r.id";

static Silsila__V1__ProbeConfig *add_probe(Silsila__V1__GatewayConfig *config, const PGresult *r, int row, size_t room)
{
    Silsila__V1__ProbeConfig *probe = calloc(1, sizeof *probe);
    if (!probe)
        return NULL;
    silsila__v1__probe_config__init(probe);
    probe->probe = copied(sql_bytes(r, row, 0));
    probe->equipment = copied(sql_bytes(r, row, 1));
    probe->role = copied(sql_bytes(r, row, 2));
    probe->limits = calloc(room, sizeof *probe->limits);
    config->probes[config->n_probes++] = probe;
    return probe->probe && probe->equipment && probe->role && probe->limits ? probe : NULL;
}

static bool add_limit(Silsila__V1__ProbeConfig *probe, const PGresult *r, int row)
{
    Silsila__V1__ProbeLimit *limit = calloc(1, sizeof *limit);
    if (!limit)
        return false;
    silsila__v1__probe_limit__init(limit);
    probe->limits[probe->n_limits++] = limit;
    limit->rule = copied(sql_bytes(r, row, 5));
    limit->op = copied(sql_bytes(r, row, 6));
    limit->limit_mc = sql_int4(r, row, 7);
    limit->limit_high_mc = sql_int4(r, row, 8);
    limit->hysteresis_mc = (uint32_t)sql_int4(r, row, 9);
    limit->delay_ms = (uint32_t)sql_int8(r, row, 10);
    return limit->rule && limit->op;
}

static bool build_config(Silsila__V1__GatewayConfig *config, const PGresult *r)
{
    int rows = PQntuples(r);
    int64_t interval_ms = 60000;
    config->seal_ms = STORE_SEAL_MS;
    config->probes = calloc(rows ? (size_t)rows : 1, sizeof *config->probes);
    if (!config->probes)
        return false;
    Silsila__V1__ProbeConfig *probe = NULL;
    for (int i = 0; i < rows; i++) {
        struct bytes id = sql_bytes(r, i, 0);
        if (!probe || !bytes_equal(id, bytes_of(probe->probe, strlen(probe->probe)))) {
            probe = add_probe(config, r, i, (size_t)rows);
            if (!probe)
                return false;
        }
        if (!PQgetisnull(r, i, 3)) {
            struct bytes kind = sql_bytes(r, i, 3);
            if (bytes_equal(kind, bytes_of("transport_box", 13)) || bytes_equal(kind, bytes_of("vehicle", 7)))
                config->seal_ms = TRANSPORT_SEAL_MS;
            interval_ms = sql_int8(r, i, 4) < interval_ms ? sql_int8(r, i, 4) : interval_ms;
        }
        if (!PQgetisnull(r, i, 5) && !add_limit(probe, r, i))
            return false;
    }
    config->interval_ms = (uint32_t)interval_ms;
    if (interval_ms * SEAL_READINGS < config->seal_ms)
        config->seal_ms = (uint32_t)(interval_ms * SEAL_READINGS);
    return true;
}

static enum outcome read_origin(struct fold *fold, const char *gateway, Silsila__V1__GatewayConfig *config,
                                struct why *why)
{
    struct sql_value values[] = {sql_text_value(gateway)};
    scoped_by(sql_result_clear) PGresult *r = NULL;
    enum outcome outcome =
        sql_query(fold->conn,
                  "SELECT o.origin, coalesce((SELECT k.site FROM key k WHERE k.owner = $1 AND k.kind = 1"
                  " ORDER BY k.valid_from DESC, k.place_in_order DESC LIMIT 1), '') FROM ledger.origin o",
                  values, 1, &r, &fold->trouble, why);
    if (outcome != DONE)
        return outcome;
    if (PQntuples(r) == 1) {
        struct bytes origin = sql_bytes(r, 0, 0);
        config->origin.data = (uint8_t *)copied(origin);
        config->origin.len = config->origin.data ? origin.len : 0;
        config->site = copied(sql_bytes(r, 0, 1));
    }
    return config->origin.len && config->site ? DONE : out_of_memory(fold, why);
}

static int64_t now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* The version only rises: milliseconds of the server's clock, or one more than the last. Returns 0 when nothing changed. */
static enum outcome next_version(struct fold *fold, const char *gateway, struct bytes content, uint64_t *version,
                                 struct why *why)
{
    uint8_t now[8];
    struct sql_value values[] = {sql_text_value(gateway), sql_int8_value(now_ms(), now),
                                 sql_bytea_value(content.data, content.len)};
    scoped_by(sql_result_clear) PGresult *r = NULL;
    enum outcome outcome =
        sql_query(fold->conn,
                  "INSERT INTO config_issued AS c (gateway, version, content) VALUES ($1, $2, $3)"
                  " ON CONFLICT (gateway) DO UPDATE SET version = greatest(c.version + 1, excluded.version),"
                  " content = excluded.content, issued_at = now() WHERE c.content <> excluded.content RETURNING version",
                  values, 3, &r, &fold->trouble, why);
    if (outcome == DONE)
        *version = PQntuples(r) == 1 ? (uint64_t)sql_int8(r, 0, 0) : 0;
    return outcome;
}

static bool pack_config(const Silsila__V1__GatewayConfig *config, struct buffer *out)
{
    size_t len = silsila__v1__gateway_config__get_packed_size(config);
    buffer_reset(out);
    uint8_t *to = buffer_reserve(out, len ? len : 1);
    if (!to)
        return false;
    out->len = silsila__v1__gateway_config__pack(config, to);
    return true;
}

static enum outcome issue_config(struct fold *fold, const char *gateway, struct why *why)
{
    Silsila__V1__GatewayConfig *config = calloc(1, sizeof *config);
    if (!config)
        return out_of_memory(fold, why);
    silsila__v1__gateway_config__init(config);
    struct sql_value values[] = {sql_text_value(gateway)};
    scoped_by(sql_result_clear) PGresult *r = NULL;
    scoped_by(buffer_free) struct buffer packed = {0};
    enum outcome outcome = sql_query(fold->conn, config_rows, values, 1, &r, &fold->trouble, why);
    if (outcome == DONE) {
        config->gateway = copied(bytes_of(gateway, strlen(gateway)));
        config->language = copied(bytes_of("fr", 2));
        if (!config->gateway || !config->language || !build_config(config, r))
            outcome = out_of_memory(fold, why);
    }
    if (outcome == DONE)
        outcome = read_origin(fold, gateway, config, why);
    if (outcome == DONE && !pack_config(config, &packed))
        outcome = out_of_memory(fold, why);
    if (outcome == DONE)
        outcome = next_version(fold, gateway, buffer_view(&packed), &config->version, why);
    if (outcome == DONE && config->version > 0)
        outcome = pack_config(config, &packed) ? enqueue(fold, "config", gateway, true, buffer_view(&packed), why)
                                               : out_of_memory(fold, why);
    silsila__v1__gateway_config__free_unpacked(config, NULL);
    return outcome;
}

enum outcome fold_issue_configs(struct fold *fold, struct why *why)
{
    if (!fold->settings.announce)
        return DONE;
    if (!fold->all_configs) {
        enum outcome outcome = DONE;
        for (size_t i = 0; i < fold->configs.count && outcome == DONE; i++)
            outcome = issue_config(fold, ((struct name *)fold->configs.items)[i].id, why);
        return outcome;
    }
    scoped_by(sql_result_clear) PGresult *r = NULL;
    enum outcome outcome =
        sql_query(fold->conn, "SELECT DISTINCT owner FROM key WHERE kind = 1", NULL, 0, &r, &fold->trouble, why);
    for (int i = 0; outcome == DONE && i < PQntuples(r); i++) {
        struct name name = {0};
        struct bytes owner = sql_bytes(r, i, 0);
        memcpy(name.id, owner.data, owner.len < 64 ? owner.len : 64);
        outcome = issue_config(fold, name.id, why);
    }
    return outcome;
}

static int by_sender(const void *a, const void *b)
{
    const struct note *x = a, *y = b;
    int order = strcmp(x->sender, y->sender);
    if (order == 0)
        order = memcmp(x->epoch, y->epoch, 16);
    if (order == 0)
        order = (x->seq > y->seq) - (x->seq < y->seq);
    return order ? order : (x->item > y->item) - (x->item < y->item);
}

enum { NOTES_A_NOTICE = 100 };

static enum outcome send_notice(struct fold *fold, struct note *notes, size_t count, struct bytes origin, struct why *why)
{
    Silsila__V1__JudgementNote parts[NOTES_A_NOTICE];
    Silsila__V1__JudgementNote *pointers[NOTES_A_NOTICE];
    for (size_t i = 0; i < count; i++) {
        silsila__v1__judgement_note__init(&parts[i]);
        parts[i].epoch = (ProtobufCBinaryData){16, notes[i].epoch};
        parts[i].seq = (uint64_t)notes[i].seq;
        parts[i].whole_envelope = notes[i].item < 0;
        parts[i].position = notes[i].item < 0 ? 0 : (uint32_t)notes[i].item;
        parts[i].code = notes[i].code;
        parts[i].text = notes[i].text;
        pointers[i] = &parts[i];
    }
    Silsila__V1__Notice notice;
    silsila__v1__notice__init(&notice);
    scoped_by(cleanup_free) uint8_t *origin_copy = (uint8_t *)copied(origin);
    if (!origin_copy)
        return out_of_memory(fold, why);
    notice.origin = (ProtobufCBinaryData){origin.len, origin_copy};
    notice.gateway = notes[0].sender;
    notice.at_ms = now_ms();
    notice.n_judgements = count;
    notice.judgements = pointers;
    scoped_by(buffer_free) struct buffer packed = {0};
    uint8_t *to = buffer_reserve(&packed, silsila__v1__notice__get_packed_size(&notice));
    if (!to)
        return out_of_memory(fold, why);
    packed.len = silsila__v1__notice__pack(&notice, to);
    return enqueue(fold, "notice", notes[0].sender, false, buffer_view(&packed), why);
}

enum outcome fold_send_notices(struct fold *fold, struct why *why)
{
    if (!fold->settings.announce || fold->notes.count == 0)
        return DONE;
    scoped_by(sql_result_clear) PGresult *r = NULL;
    enum outcome outcome = sql_query(fold->conn, "SELECT origin FROM ledger.origin", NULL, 0, &r, &fold->trouble, why);
    if (outcome != DONE || PQntuples(r) == 0)
        return outcome;
    struct note *notes = fold->notes.items;
    qsort(notes, fold->notes.count, sizeof *notes, by_sender);
    for (size_t from = 0; from < fold->notes.count && outcome == DONE;) {
        size_t to = from + 1;
        while (to < fold->notes.count && to - from < NOTES_A_NOTICE && strcmp(notes[to].sender, notes[from].sender) == 0)
            to++;
        outcome = send_notice(fold, &notes[from], to - from, sql_bytes(r, 0, 0), why);
        from = to;
    }
    return outcome;
}
