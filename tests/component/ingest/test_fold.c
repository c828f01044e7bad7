/* The fold against a real PostgreSQL: whatever the order of arrival, the batches and the repetitions, the same derived tables
 * (invariant I9); forks, revocations, repaired clocks, unlinked epochs, malformed and unauthorised items among them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/cleanup.h"
#include "common/keys.h"
#include "ingest/fold/digest.h"
#include "ingest/fold/fold.h"
#include "ingest/fold/sql.h"
#include "tests/helpers/bodies.h"
#include "tests/helpers/check_main.h"

#define START_MS 1790000000000LL
#define MINUTE 60000LL

enum { ENVELOPES_MOST = 400, SENDERS = 8, ORDERS = 8 };

struct made {
    struct chain_script chain; /* as it was when this was made: sender, epoch, seq */
    int key;
    struct buffer body;
};

static struct made made[ENVELOPES_MOST];
static size_t made_count, first_free; /* those before first_free register keys: they come first, as append demands */
static unsigned seed;
static uint8_t key_ids[SENDERS][32];
static struct buffer key_ders[SENDERS];
static struct buffer admin_certificate;

static uint32_t draw(uint32_t below)
{
    return (uint32_t)rand_r(&seed) % below;
}

static void random_bytes(uint8_t *out, size_t len)
{
    for (size_t i = 0; i < len; i++)
        out[i] = (uint8_t)draw(256);
}

static void begin_epoch(struct chain_script *chain, const char *sender, const struct chain_script *after)
{
    memset(chain, 0, sizeof *chain);
    (void)snprintf(chain->sender, sizeof chain->sender, "%s", sender);
    random_bytes(chain->epoch, 16);
    if (after) {
        chain->has_previous_epoch = true;
        memcpy(chain->previous_epoch, after->epoch, 16);
        chain->last_certain = after->seq;
    }
}

static Silsila__V1__ClockState clock_at(int64_t wall_ms, const uint8_t boot[16], int64_t up_ms, bool synchronised)
{
    static uint8_t held[64][16];
    static size_t used;
    uint8_t *copy = held[used++ % 64];
    memcpy(copy, boot, 16);
    Silsila__V1__ClockState clock = SILSILA__V1__CLOCK_STATE__INIT;
    clock.wall_ms = wall_ms;
    clock.boot_id = (ProtobufCBinaryData){16, copy};
    clock.boot_ms = up_ms;
    clock.synchronised = synchronised;
    return clock;
}

static void keep(const struct chain_script *chain, int key, struct buffer *body)
{
    ck_assert_uint_lt(made_count, ENVELOPES_MOST);
    made[made_count++] = (struct made){*chain, key, *body};
    *body = (struct buffer){0};
}

static void send(struct chain_script *chain, int key, const Silsila__V1__ClockState *clock, Silsila__V1__Item **items,
                 size_t count)
{
    struct buffer body = {0};
    script_body(chain, clock, items, count, &body);
    keep(chain, key, &body);
}

static void send_item(struct chain_script *chain, int key, const Silsila__V1__ClockState *clock,
                      Silsila__V1__Item__KindCase kind, void *content)
{
    Silsila__V1__Item item = SILSILA__V1__ITEM__INIT;
    item.kind_case = kind;
    item.temperature = content;
    Silsila__V1__Item *items[] = {&item};
    send(chain, key, clock, items, 1);
}

static void send_register(struct chain_script *chain, const Silsila__V1__ClockState *clock, int64_t from_ms,
                          Silsila__V1__Register__EntryCase kind, void *entry)
{
    Silsila__V1__Register r = SILSILA__V1__REGISTER__INIT;
    r.valid_from_ms = from_ms;
    r.entry_case = kind;
    r.site = entry;
    send_item(chain, 0, clock, SILSILA__V1__ITEM__KIND_REGISTER, &r);
}

static void send_key(struct chain_script *admin, const Silsila__V1__ClockState *clock, const char *owner,
                     Silsila__V1__KeyKind kind, int key)
{
    char name[33];
    (void)snprintf(name, sizeof name, "%s", owner);
    Silsila__V1__Key k = SILSILA__V1__KEY__INIT;
    k.owner = name;
    k.kind = kind;
    k.public_key = (ProtobufCBinaryData){key_ders[key].len, key_ders[key].data};
    send_register(admin, clock, START_MS - 1000 * MINUTE, SILSILA__V1__REGISTER__ENTRY_KEY, &k);
}

static void send_placement(struct chain_script *admin, const Silsila__V1__ClockState *clock, const char *gateway,
                           const char *probe, const char *equipment, int64_t from_ms)
{
    char g[33], p[65], e[65], role[] = "product";
    (void)snprintf(g, sizeof g, "%s", gateway);
    (void)snprintf(p, sizeof p, "%s", probe);
    (void)snprintf(e, sizeof e, "%s", equipment);
    Silsila__V1__Placement placement = SILSILA__V1__PLACEMENT__INIT;
    placement.gateway = g;
    placement.probe = p;
    placement.equipment = e;
    placement.role = role;
    send_register(admin, clock, from_ms, SILSILA__V1__REGISTER__ENTRY_PLACEMENT, &placement);
}

static void send_calibration(struct chain_script *admin, const Silsila__V1__ClockState *clock, const char *gateway,
                             const char *probe, int32_t offset_mc, int64_t from_ms)
{
    char g[33], p[65];
    (void)snprintf(g, sizeof g, "%s", gateway);
    (void)snprintf(p, sizeof p, "%s", probe);
    Silsila__V1__Calibration calibration = SILSILA__V1__CALIBRATION__INIT;
    calibration.gateway = g;
    calibration.probe = p;
    calibration.offset_mc = offset_mc;
    send_register(admin, clock, from_ms, SILSILA__V1__REGISTER__ENTRY_CALIBRATION, &calibration);
}

/* A block of n readings from t0, minute steps. up_ms < 0: the clock was synchronised. */
static void block_item(Silsila__V1__Item *item, Silsila__V1__TemperatureBlock *block, Silsila__V1__Instant *up,
                       int32_t *values, size_t n, int64_t t0_ms, int64_t up_ms, char *probe)
{
    silsila__v1__temperature_block__init(block);
    for (size_t i = 0; i < n; i++)
        values[i] = -30000 + (int32_t)draw(2000);
    ck_assert(block_deltas(values, n));
    block->probe = probe;
    block->t0_ms = t0_ms;
    block->step_ms = (uint32_t)MINUTE;
    block->values = values;
    block->n_values = n;
    block->quality = draw(9) == 0 ? SILSILA__V1__QUALITY__QUALITY_STUCK : SILSILA__V1__QUALITY__QUALITY_GOOD;
    if (up_ms >= 0) {
        silsila__v1__instant__init(up);
        up->ms = up_ms;
        block->up = up;
    }
    silsila__v1__item__init(item);
    item->kind_case = SILSILA__V1__ITEM__KIND_TEMPERATURE;
    item->temperature = block;
}

static void send_readings(struct chain_script *chain, int key, const Silsila__V1__ClockState *clock, int64_t t0_ms,
                          int64_t up_ms)
{
    Silsila__V1__Item items[2];
    Silsila__V1__TemperatureBlock blocks[2];
    Silsila__V1__Instant ups[2];
    int32_t values[2][128];
    char probes[2][8] = {"p1", "p2"};
    Silsila__V1__Item *list[2] = {&items[0], &items[1]};
    for (int i = 0; i < 2; i++)
        block_item(&items[i], &blocks[i], &ups[i], values[i], 1 + draw(90), t0_ms, up_ms, probes[i]);
    send(chain, key, clock, list, 2);
}

/* A gateway's life over three epochs: overlapping readings, an unsynchronised boot repaired later, junk. */
static void plain_gateway(const char *id, int key, int64_t start_ms)
{
    struct chain_script chain = {0}, before;
    for (int epoch = 0; epoch < 3; epoch++) {
        uint8_t boot[16];
        random_bytes(boot, 16);
        before = chain;
        begin_epoch(&chain, id, epoch ? &before : NULL);
        int64_t base_ms = start_ms + epoch * 600 * MINUTE, up_ms = 100000;
        for (int i = 0; i < 6; i++) {
            bool synchronised = epoch != 1 || i >= 3;
            int64_t at_ms = base_ms + i * 60 * MINUTE, its_up_ms = up_ms + i * 60 * MINUTE;
            Silsila__V1__ClockState clock = clock_at(synchronised ? at_ms + 100 * MINUTE : 1000000, boot,
                                                     its_up_ms + 100 * MINUTE, synchronised);
            send_readings(&chain, key, &clock, synchronised ? at_ms : 1000, synchronised ? -1 : its_up_ms);
        }
    }
}

static void junk(const char *id, int key)
{
    uint8_t boot[16] = {7};
    struct chain_script chain;
    begin_epoch(&chain, id, NULL);
    Silsila__V1__ClockState clock = clock_at(START_MS + 5000 * MINUTE, boot, 1, true);
    Silsila__V1__Site site = SILSILA__V1__SITE__INIT;
    char name[] = "own-goal";
    site.id = name;
    Silsila__V1__Register r = SILSILA__V1__REGISTER__INIT;
    r.entry_case = SILSILA__V1__REGISTER__ENTRY_SITE;
    r.site = &site;
    send_item(&chain, key, &clock, SILSILA__V1__ITEM__KIND_REGISTER, &r); /* no authority */
    Silsila__V1__DeviceEvent door = SILSILA__V1__DEVICE_EVENT__INIT;
    door.type = SILSILA__V1__DEVICE_EVENT_TYPE__DOOR_OPENED;
    door.at_ms = START_MS + 4000 * MINUTE;
    send_item(&chain, key, &clock, SILSILA__V1__ITEM__KIND_DEVICE, &door);
    door.at_ms = START_MS + 9000 * MINUTE; /* later than its own sealing */
    send_item(&chain, key, &clock, SILSILA__V1__ITEM__KIND_DEVICE, &door);
    Silsila__V1__TemperatureBlock block = SILSILA__V1__TEMPERATURE_BLOCK__INIT;
    int32_t values[] = {-20000, INT32_MIN / 2, 100};
    char probe[] = "p1";
    block.probe = probe;
    block.t0_ms = START_MS;
    block.step_ms = 1000;
    block.values = values;
    block.n_values = 3;
    send_item(&chain, key, &clock, SILSILA__V1__ITEM__KIND_TEMPERATURE, &block); /* impossible values in the middle */
    block.t0_ms = 1000;
    send_item(&chain, key, &clock, SILSILA__V1__ITEM__KIND_TEMPERATURE, &block); /* 1970 */
    /* A body whose previous hash is not that of the one before. */
    random_bytes(chain.last_hash, 32);
    send_item(&chain, key, &clock, SILSILA__V1__ITEM__KIND_DEVICE, &door);
}

/* The first body of the second epoch never comes: the third cannot be linked. */
static void unlinked(const char *id, int key)
{
    plain_gateway(id, key, START_MS + 100000 * MINUTE);
    size_t kept = 0;
    for (size_t i = 0; i < made_count; i++) {
        bool lost = strcmp(made[i].chain.sender, id) == 0 && made[i].chain.seq == 1 && made[i].chain.has_previous_epoch &&
                    made[i].chain.last_certain > 0 && kept == 0;
        if (lost) {
            buffer_free(&made[i].body);
            memmove(&made[i], &made[i + 1], (made_count - i - 1) * sizeof made[0]);
            made_count--;
            kept++;
        }
    }
}

static void forked(const char *id, int key, struct chain_script *desk, int desk_key)
{
    uint8_t boot[16] = {9}, previous[32], chosen[32];
    struct chain_script chain, other;
    begin_epoch(&chain, id, NULL);
    int64_t at_ms = START_MS;
    for (int i = 0; i < 3; i++, at_ms += 60 * MINUTE) {
        Silsila__V1__ClockState clock = clock_at(at_ms + 100 * MINUTE, boot, at_ms - START_MS + 1, true);
        send_readings(&chain, key, &clock, at_ms, -1);
    }
    memcpy(previous, chain.last_hash, 32);
    Silsila__V1__ClockState clock = clock_at(at_ms + 100 * MINUTE, boot, at_ms - START_MS + 1, true);
    send_readings(&chain, key, &clock, at_ms, -1);
    memcpy(chosen, chain.last_hash, 32);
    other = chain;
    Silsila__V1__DeviceEvent door = SILSILA__V1__DEVICE_EVENT__INIT;
    door.type = SILSILA__V1__DEVICE_EVENT_TYPE__DOOR_OPENED;
    door.at_ms = at_ms;
    Silsila__V1__Item item = SILSILA__V1__ITEM__INIT;
    item.kind_case = SILSILA__V1__ITEM__KIND_DEVICE;
    item.device = &door;
    Silsila__V1__Item *items[] = {&item};
    struct buffer body = {0};
    script_fork(&other, previous, &clock, items, 1, &body);
    keep(&other, key, &body);
    for (int i = 0; i < 3; i++) {
        at_ms += 60 * MINUTE;
        clock = clock_at(at_ms + 100 * MINUTE, boot, at_ms - START_MS + 1, true);
        send_readings(&chain, key, &clock, at_ms, -1);
        if (i < 2)
            send_readings(&other, key, &clock, at_ms + 7, -1);
    }
    Silsila__V1__Decision decision = SILSILA__V1__DECISION__INIT;
    char gateway[33], person[] = "quality-1", reason[] = "card cloned during repair";
    (void)snprintf(gateway, sizeof gateway, "%s", id);
    decision.type = SILSILA__V1__DECISION_TYPE__NAME_BRANCH;
    decision.person = person;
    decision.reason = reason;
    decision.at_ms = START_MS + 20000 * MINUTE;
    decision.gateway = gateway;
    decision.epoch = (ProtobufCBinaryData){16, chain.epoch};
    decision.seq = 4;
    decision.body_hash = (ProtobufCBinaryData){32, chosen};
    clock = clock_at(START_MS + 20000 * MINUTE, boot, 1, true);
    send_item(desk, desk_key, &clock, SILSILA__V1__ITEM__KIND_DECISION, &decision);
}

static void send_revocation(struct chain_script *admin, const Silsila__V1__ClockState *clock, const char *owner, int key,
                            const uint8_t epoch[16], uint64_t seq)
{
    char name[33], why[] = "stolen";
    uint8_t its_epoch[16];
    (void)snprintf(name, sizeof name, "%s", owner);
    memcpy(its_epoch, epoch, 16);
    Silsila__V1__KeyRevocation revocation = SILSILA__V1__KEY_REVOCATION__INIT;
    revocation.key_id = (ProtobufCBinaryData){32, key_ids[key]};
    revocation.owner = name;
    revocation.epoch = (ProtobufCBinaryData){16, its_epoch};
    revocation.seq = seq;
    revocation.why = why;
    send_register(admin, clock, START_MS, SILSILA__V1__REGISTER__ENTRY_REVOCATION, &revocation);
}

/* Epoch of the n-th body made by this sender. */
static const uint8_t *epoch_of(const char *sender, size_t n)
{
    for (size_t i = 0; i < made_count; i++) {
        if (strcmp(made[i].chain.sender, sender) == 0 && n-- == 0)
            return made[i].chain.epoch;
    }
    ck_abort_msg("no such body");
    return NULL;
}

static void make_keys(void)
{
    struct why why = {0};
    buffer_free(&admin_certificate);
    for (int i = 0; i < SENDERS; i++) {
        buffer_free(&key_ders[i]);
        struct key_private *key = NULL;
        ck_assert_int_eq(key_generate(&key, &why), DONE);
        ck_assert_int_eq(key_public_der(key, &key_ders[i], &why), DONE);
        key_private_id(key, key_ids[i]);
        key_private_free(&key);
    }
    Silsila__V1__KeyStatement statement = SILSILA__V1__KEY_STATEMENT__INIT;
    Silsila__V1__KeyCertificate certificate = SILSILA__V1__KEY_CERTIFICATE__INIT;
    char owner[] = "admin-1";
    uint8_t packed[512];
    statement.kind = SILSILA__V1__KEY_KIND__KEY_KIND_ADMIN;
    statement.owner = owner;
    certificate.statement = (ProtobufCBinaryData){silsila__v1__key_statement__pack(&statement, packed), packed};
    uint8_t *to = buffer_reserve(&admin_certificate, 600);
    admin_certificate.len = silsila__v1__key_certificate__pack(&certificate, to);
}

static void make_world(unsigned with_seed)
{
    seed = with_seed;
    made_count = 0;
    uint8_t boot[16] = {1};
    struct chain_script admin, desk, second;
    begin_epoch(&admin, "admin-1", NULL);
    begin_epoch(&desk, "desk-1", NULL);
    Silsila__V1__ClockState clock = clock_at(START_MS, boot, 1, true);
    send_key(&admin, &clock, "gw-one", SILSILA__V1__KEY_KIND__KEY_KIND_GATEWAY, 1);
    send_key(&admin, &clock, "gw-two", SILSILA__V1__KEY_KIND__KEY_KIND_GATEWAY, 2);
    send_key(&admin, &clock, "gw-three", SILSILA__V1__KEY_KIND__KEY_KIND_GATEWAY, 3);
    send_key(&admin, &clock, "gw-junk", SILSILA__V1__KEY_KIND__KEY_KIND_GATEWAY, 4);
    send_key(&admin, &clock, "desk-1", SILSILA__V1__KEY_KIND__KEY_KIND_DESK, 5);
    first_free = made_count;
    Silsila__V1__Equipment equipment = SILSILA__V1__EQUIPMENT__INIT;
    char id[] = "freezer-1", kind[] = "freezer";
    equipment.id = id;
    equipment.kind = kind;
    send_register(&admin, &clock, START_MS - 500 * MINUTE, SILSILA__V1__REGISTER__ENTRY_EQUIPMENT, &equipment);
    char bad_kind[] = "cupboard";
    equipment.kind = bad_kind;
    send_register(&admin, &clock, START_MS - 400 * MINUTE, SILSILA__V1__REGISTER__ENTRY_EQUIPMENT, &equipment);
    send_placement(&admin, &clock, "gw-one", "p1", "freezer-1", START_MS);
    begin_epoch(&second, "admin-1", &admin);
    send_placement(&second, &clock, "gw-one", "p1", "freezer-2", START_MS); /* the same instant: the later place in order holds */
    send_calibration(&second, &clock, "gw-one", "p1", 150, START_MS + 90 * MINUTE);
    send_calibration(&admin, &clock, "gw-one", "p1", -50, START_MS + 400 * MINUTE);
    plain_gateway("gw-one", 1, START_MS);
    forked("gw-two", 2, &desk, 5);
    unlinked("gw-three", 3);
    junk("gw-junk", 4);
    send_revocation(&second, &clock, "gw-one", 1, epoch_of("gw-one", 12), 2);
}

static void shuffle(size_t *order)
{
    for (size_t i = 0; i < made_count; i++)
        order[i] = i;
    for (size_t i = made_count; i > first_free + 1; i--) {
        size_t j = first_free + draw((uint32_t)(i - first_free));
        size_t t = order[i - 1];
        order[i - 1] = order[j];
        order[j] = t;
    }
}

static void must(PGconn *conn, const char *sql)
{
    PGresult *r = PQexec(conn, sql);
    ck_assert_msg(PQresultStatus(r) == PGRES_COMMAND_OK || PQresultStatus(r) == PGRES_TUPLES_OK, "%s: %s", sql,
                  PQerrorMessage(conn));
    PQclear(r);
}

static void fresh_database(PGconn *postgres, const char *name)
{
    char sql[256];
    (void)snprintf(sql, sizeof sql, "DROP DATABASE IF EXISTS %s", name);
    must(postgres, sql);
    (void)snprintf(sql, sizeof sql, "CREATE DATABASE %s TEMPLATE silsila", name);
    must(postgres, sql);
}

/* Puts an envelope at the end of the ledger as append would, with the least of its columns. */
static void append(PGconn *conn, const struct made *m)
{
    struct sql_trouble trouble;
    struct why why = {0};
    uint8_t key_no[4], seq[8];
    struct sql_value values[] = {
        sql_text_value(m->chain.sender),
        sql_bytea_value(m->chain.epoch, 16),
        sql_int8_value((int64_t)m->chain.seq, seq),
        sql_int4_value(m->key, key_no),
        sql_bytea_value(key_ids[m->key], 32),
        sql_bytea_value(m->body.data, m->body.len),
        m->key == 0 ? sql_bytea_value(admin_certificate.data, admin_certificate.len) : (struct sql_value){NULL, 0},
    };
    PGresult *r = NULL;
    enum outcome outcome = sql_query(
        conn,
        "WITH e AS (INSERT INTO ledger.epoch (epoch_no, gateway, epoch, stored, through)"
        " VALUES ((SELECT coalesce(max(epoch_no), 0) + 1 FROM ledger.epoch), $1, $2, '{}', 0)"
        " ON CONFLICT (gateway, epoch) DO UPDATE SET through = 0 RETURNING epoch_no),"
        " k AS (INSERT INTO ledger.key (key_no, key_id, owner, first_position) VALUES ($4, $5, $1, 0) ON CONFLICT DO NOTHING),"
        " h AS (UPDATE ledger.head SET size = size + 1, frontier = decode(repeat('00', 32 * bit_count(int8send(size + 1))::int), 'hex')"
        " WHERE shard = 0 RETURNING size - 1 AS position)"
        " INSERT INTO ledger.entry (position, seq, received_at, epoch_no, key_no, algorithm, lane, signature, body, certificate)"
        " SELECT h.position, $3, now(), e.epoch_no, $4, 1, 0, '', $6, $7 FROM e, h",
        values, 7, &r, &trouble, &why);
    ck_assert_msg(outcome == DONE, "%s", why.text);
    PQclear(r);
}

static void fold_all(const char *database, int64_t batch, struct fold_progress *total)
{
    char conninfo[128];
    struct why why = {0};
    (void)snprintf(conninfo, sizeof conninfo, "dbname=%s", database);
    struct fold_settings settings = {.conninfo = conninfo, .schema = "silsila", .announce = true, .batch_envelopes = batch,
                                     .crashed_at = -1};
    struct fold *fold = NULL;
    ck_assert_int_eq(fold_open(&fold, &settings, &why), DONE);
    *total = (struct fold_progress){0};
    struct fold_progress progress;
    do {
        ck_assert_msg(fold_step(fold, &progress, &why) == DONE, "%s", why.text);
        total->folded += progress.folded;
        total->errors += progress.errors;
    } while (progress.folded > 0);
    fold_close(&fold);
}

static void read_digest(const char *database, struct digest *digest)
{
    char conninfo[128];
    struct why why = {0};
    (void)snprintf(conninfo, sizeof conninfo, "dbname=%s", database);
    PGconn *conn = PQconnectdb(conninfo);
    ck_assert_msg(digest_read(conn, "silsila", digest, &why) == DONE, "%s", why.text);
    PQfinish(conn);
}

static bool row_in(const PGresult *of, int row, const PGresult *in)
{
    for (int other = 0; other < PQntuples(in); other++) {
        bool same = true;
        for (int f = 0; f < PQnfields(of) && same; f++)
            same = strcmp(PQgetvalue(of, row, f), PQgetvalue(in, other, f)) == 0;
        if (same)
            return true;
    }
    return false;
}

/* The rows that only one of the two databases has, for the person who looks for the fault. */
static void print_difference(size_t part, const char *first, const char *second)
{
    const char *names[] = {first, second};
    PGresult *rows[2];
    for (int i = 0; i < 2; i++) {
        char conninfo[128];
        (void)snprintf(conninfo, sizeof conninfo, "dbname=%s options='-c search_path=silsila'", names[i]);
        PGconn *conn = PQconnectdb(conninfo);
        rows[i] = PQexec(conn, digest_query(part));
        PQfinish(conn);
    }
    for (int i = 0; i < 2; i++) {
        int shown = 0;
        for (int row = 0; row < PQntuples(rows[i]) && shown < 3; row++) {
            if (row_in(rows[i], row, rows[1 - i]))
                continue;
            shown++;
            (void)printf("only in %s:", names[i]);
            for (int f = 0; f < PQnfields(rows[i]); f++)
                (void)printf(" %s=%s", PQfname(rows[i], f), PQgetvalue(rows[i], row, f));
            (void)printf("\n");
        }
    }
    PQclear(rows[0]);
    PQclear(rows[1]);
}

static void same_digest(const char *one, const char *two, unsigned world_seed, int order)
{
    struct digest first, second;
    read_digest(one, &first);
    read_digest(two, &second);
    const struct digest *a = &first, *b = &second;
    for (size_t i = 0; i < DIGEST_PARTS; i++) {
        if (memcmp(a->parts[i].hash, b->parts[i].hash, 32) != 0)
            print_difference(i, one, two);
        ck_assert_msg(memcmp(a->parts[i].hash, b->parts[i].hash, 32) == 0 && a->parts[i].rows == b->parts[i].rows,
                      "seed %u, order %d: table %s differs (%lld and %lld rows)", world_seed, order, a->parts[i].table,
                      (long long)a->parts[i].rows, (long long)b->parts[i].rows);
    }
    ck_assert_mem_eq(a->whole, b->whole, 32);
}

static int64_t count_of(const char *database, const char *sql)
{
    char conninfo[128];
    (void)snprintf(conninfo, sizeof conninfo, "dbname=%s", database);
    PGconn *conn = PQconnectdb(conninfo);
    PGresult *r = PQexec(conn, sql);
    ck_assert_msg(PQresultStatus(r) == PGRES_TUPLES_OK, "%s: %s", sql, PQerrorMessage(conn));
    int64_t count = strtoll(PQgetvalue(r, 0, 0), NULL, 10);
    PQclear(r);
    PQfinish(conn);
    return count;
}

static void deliver(PGconn *postgres, const char *database, const size_t *order)
{
    char conninfo[128];
    fresh_database(postgres, database);
    (void)snprintf(conninfo, sizeof conninfo, "dbname=%s", database);
    PGconn *conn = PQconnectdb(conninfo);
    ck_assert_msg(PQstatus(conn) == CONNECTION_OK, "%s", PQerrorMessage(conn));
    must(conn, "INSERT INTO ledger.origin (origin, name, authority_key) VALUES (decode(repeat('ab', 32), 'hex'), 'test', '') ON CONFLICT DO NOTHING");
    must(conn, "BEGIN");
    for (size_t i = 0; i < made_count; i++)
        append(conn, &made[order[i]]);
    must(conn, "COMMIT");
    PQfinish(conn);
}

/* The same, with the fold going on between: it sees each late fact as late. */
static void deliver_and_fold(PGconn *postgres, const char *database, const size_t *order, size_t step)
{
    char conninfo[128];
    struct fold_progress total;
    fresh_database(postgres, database);
    (void)snprintf(conninfo, sizeof conninfo, "dbname=%s", database);
    PGconn *conn = PQconnectdb(conninfo);
    ck_assert_msg(PQstatus(conn) == CONNECTION_OK, "%s", PQerrorMessage(conn));
    must(conn, "INSERT INTO ledger.origin (origin, name, authority_key) VALUES (decode(repeat('ab', 32), 'hex'), 'test', '') ON CONFLICT DO NOTHING");
    for (size_t from = 0; from < made_count; from += step) {
        must(conn, "BEGIN");
        for (size_t i = from; i < made_count && i < from + step; i++)
            append(conn, &made[order[i]]);
        must(conn, "COMMIT");
        fold_all(database, 2000, &total);
        ck_assert_int_eq(total.errors, 0);
    }
    PQfinish(conn);
}

static unsigned world_seed_wanted(void)
{
    const char *wanted = getenv("SILSILA_SEED");
    return wanted ? (unsigned)strtoul(wanted, NULL, 10) : (unsigned)time(NULL);
}

START_TEST(any_order_gives_the_same_tables)
{
    unsigned world_seed = world_seed_wanted();
    (void)printf("seed %u\n", world_seed);
    make_keys();
    make_world(world_seed);
    PGconn *postgres = PQconnectdb("dbname=postgres");
    ck_assert_msg(PQstatus(postgres) == CONNECTION_OK, "%s", PQerrorMessage(postgres));
    size_t order[ENVELOPES_MOST];
    struct digest first;
    struct fold_progress total;
    static const int64_t batches[] = {2000, 1, 7, 50};
    for (size_t i = 0; i < made_count; i++)
        order[i] = i;
    deliver(postgres, "order_first", order);
    fold_all("order_first", 2000, &total);
    ck_assert_int_eq(total.folded, (int64_t)made_count);
    ck_assert_int_eq(total.errors, 0);
    read_digest("order_first", &first);
    for (size_t i = 0; i < DIGEST_PARTS; i++) {
        /* No part of the comparison may be empty but those whose items come with later parts. */
        if (strcmp(first.parts[i].table, "product") && strcmp(first.parts[i].table, "policy") &&
            strcmp(first.parts[i].table, "person") && strcmp(first.parts[i].table, "site"))
            ck_assert_msg(first.parts[i].rows > 0, "no rows in %s", first.parts[i].table);
    }
    ck_assert_int_gt(count_of("order_first", "SELECT count(*) FROM silsila.block WHERE superseded IS NOT NULL"), 0);
    ck_assert_int_gt(count_of("order_first", "SELECT count(*) FROM silsila.block WHERE up_ms IS NOT NULL"), 0);
    ck_assert_int_gt(count_of("order_first", "SELECT count(*) FROM silsila.block WHERE standing = 2"), 0);
    ck_assert_int_gt(count_of("order_first", "SELECT count(*) FROM silsila.block WHERE standing = 3"), 0);
    ck_assert_int_eq(count_of("order_first", "SELECT count(*) - count(DISTINCT (gateway, probe, measured_at)) FROM silsila.reading WHERE quality NOT IN ('other_branch', 'key_revoked')"), 0);
    for (int i = 0; i < ORDERS; i++) {
        shuffle(order);
        if (i % 2 == 0) {
            deliver(postgres, "order_next", order);
            fold_all("order_next", batches[i / 2 % 4], &total);
            ck_assert_int_eq(total.errors, 0);
        } else {
            deliver_and_fold(postgres, "order_next", order, 5);
        }
        same_digest("order_first", "order_next", world_seed, i);
    }
    PQfinish(postgres);
}
END_TEST

START_TEST(a_rebuild_gives_the_same_tables)
{
    make_keys();
    make_world(world_seed_wanted());
    PGconn *postgres = PQconnectdb("dbname=postgres");
    size_t order[ENVELOPES_MOST];
    shuffle(order);
    deliver(postgres, "rebuilt", order);
    struct fold_progress total;
    deliver(postgres, "folded_once", order);
    fold_all("folded_once", 200, &total);
    fold_all("rebuilt", 13, &total);
    same_digest("folded_once", "rebuilt", 0, 0);
    struct fold *fold = NULL;
    struct why why = {0};
    struct fold_settings settings = {.conninfo = "dbname=rebuilt", .schema = "silsila", .crashed_at = -1};
    ck_assert_int_eq(fold_open(&fold, &settings, &why), DONE);
    ck_assert_msg(fold_reset(fold, &why) == DONE, "%s", why.text);
    fold_close(&fold);
    ck_assert_int_eq(count_of("rebuilt", "SELECT count(*) FROM silsila.reading"), 0);
    int64_t sent = count_of("rebuilt", "SELECT count(*) FROM silsila.outgoing WHERE purpose = 'notice'");
    ck_assert_int_gt(sent, 0);
    fold_all("rebuilt", 2000, &total);
    same_digest("folded_once", "rebuilt", 0, 1);
    ck_assert_int_eq(count_of("rebuilt", "SELECT count(*) FROM silsila.outgoing WHERE purpose = 'notice'"), sent);
    PQfinish(postgres);
}
END_TEST

/* A bug planted in the fold: readings of one probe cannot be stored. The others go on, the error is a row, and a rebuild after
 * the mend repairs. */
START_TEST(a_fault_of_ours_stops_nobody)
{
    make_keys();
    make_world(world_seed_wanted());
    PGconn *postgres = PQconnectdb("dbname=postgres");
    size_t order[ENVELOPES_MOST];
    for (size_t i = 0; i < made_count; i++)
        order[i] = i;
    deliver(postgres, "sound", order);
    deliver(postgres, "faulty", order);
    PGconn *conn = PQconnectdb("dbname=faulty");
    must(conn, "CREATE FUNCTION silsila.planted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.readings > 40 THEN"
               " RAISE EXCEPTION 'planted' USING ERRCODE = '22000'; END IF; RETURN NEW; END $$");
    must(conn, "CREATE TRIGGER planted BEFORE INSERT ON silsila.block FOR EACH ROW EXECUTE FUNCTION silsila.planted()");
    struct fold_progress total;
    fold_all("sound", 100, &total);
    fold_all("faulty", 100, &total);
    ck_assert_int_eq(total.folded, (int64_t)made_count);
    ck_assert_int_gt(total.errors, 0);
    ck_assert_int_gt(count_of("faulty", "SELECT count(*) FROM silsila.fold_error WHERE item >= 0 AND code = '22000'"), 0);
    ck_assert_int_gt(count_of("faulty", "SELECT count(*) FROM silsila.reading"), 0);
    ck_assert_int_eq(count_of("faulty", "SELECT position FROM silsila.fold_cursor"), (int64_t)made_count);
    must(conn, "DROP TRIGGER planted ON silsila.block");
    struct fold *fold = NULL;
    struct why why = {0};
    struct fold_settings settings = {.conninfo = "dbname=faulty", .schema = "silsila", .crashed_at = -1};
    ck_assert_int_eq(fold_open(&fold, &settings, &why), DONE);
    ck_assert_int_eq(fold_reset(fold, &why), DONE);
    fold_close(&fold);
    fold_all("faulty", 100, &total);
    ck_assert_int_eq(total.errors, 0);
    ck_assert_int_eq(count_of("faulty", "SELECT count(*) FROM silsila.fold_error"), 0);
    same_digest("sound", "faulty", 0, 0);
    PQfinish(conn);
    PQfinish(postgres);
}
END_TEST

static Suite *suite_of_fold(void)
{
    Suite *s = suite_create("fold");
    TCase *t = tcase_create("fold");
    tcase_set_timeout(t, 240);
    tcase_add_test(t, any_order_gives_the_same_tables);
    tcase_add_test(t, a_rebuild_gives_the_same_tables);
    tcase_add_test(t, a_fault_of_ours_stops_nobody);
    suite_add_tcase(s, t);
    return s;
}

TEST_MAIN(suite_of_fold)
