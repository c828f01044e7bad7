/* What the fold reads of its own tables, once, and then remembers until a transaction fails. */
#include <stdlib.h>
#include <string.h>

#include "ingest/fold/state.h"

static enum outcome out_of_memory(struct fold *fold, struct why *why)
{
    fold->trouble = (struct sql_trouble){0};
    return fail(why, RETRY, "out of memory");
}

static bool chain_slot(struct fold *fold, int32_t epoch_no)
{
    size_t need = (size_t)epoch_no + 1;
    if (need <= fold->chain_room)
        return true;
    size_t room = fold->chain_room ? fold->chain_room : 64;
    while (room < need)
        room *= 2;
    struct chain **grown = realloc(fold->chains, room * sizeof(struct chain *));
    if (!grown)
        return false;
    memset(grown + fold->chain_room, 0, (room - fold->chain_room) * sizeof(struct chain *));
    fold->chains = grown;
    fold->chain_room = room;
    return true;
}

struct hash_target {
    struct chain *chain;
    size_t at;
    bool first;
};

static void take_first_previous(void *context, struct bytes element)
{
    struct hash_target *t = context;
    if (t->at >= t->chain->range_count)
        return;
    struct chain_range *range = &t->chain->ranges[t->at++];
    if (t->first) {
        range->has_first_previous = element.len == 32;
        if (element.len == 32)
            memcpy(range->first_previous, element.data, 32);
    } else if (element.len == 32) {
        memcpy(range->last_hash, element.data, 32);
    }
}

static void take_boot(void *context, struct bytes element)
{
    if (element.len == 16)
        (void)chain_saw_boot(context, element.data);
}

/* The columns of CHAIN_COLUMNS below. */
static bool chain_from_row(struct chain *chain, const PGresult *r, int row, const PGresult *ranges)
{
    struct bytes sender = sql_bytes(r, row, 1), epoch = sql_bytes(r, row, 2);
    memcpy(chain->sender, sender.data, sender.len < 32 ? sender.len : 32);
    memcpy(chain->epoch, epoch.data, epoch.len < 16 ? epoch.len : 16);
    chain->has_previous = !PQgetisnull(r, row, 3);
    if (chain->has_previous)
        memcpy(chain->previous_epoch, sql_bytes(r, row, 3).data, 16);
    chain->last_certain_seq = PQgetisnull(r, row, 4) ? 0 : sql_int8(r, row, 4);
    chain->first_heard = !PQgetisnull(r, row, 5);
    chain->reason = chain->first_heard ? sql_int2(r, row, 5) : 0;
    chain->rank = PQgetisnull(r, row, 6) ? -1 : sql_int4(r, row, 6);
    chain->watermark_ms = PQgetisnull(r, row, 9) ? CHAIN_NO_TIME : sql_time_ms(r, row, 9);
    chain->heard_ms = PQgetisnull(r, row, 10) ? CHAIN_NO_TIME : sql_time_ms(r, row, 10);
    sql_array(sql_bytes(r, row, 11), take_boot, chain);
    chain->disputed_from = PQgetisnull(r, row, 12) ? 0 : sql_int8(r, row, 12);
    chain->has_branch = !PQgetisnull(r, row, 13);
    if (chain->has_branch)
        memcpy(chain->branch, sql_bytes(r, row, 13).data, 32);
    chain->config_version = sql_int8(r, row, 14);
    int count = PQntuples(ranges);
    chain->ranges = calloc(count ? (size_t)count : 1, sizeof *chain->ranges);
    if (!chain->ranges)
        return false;
    chain->range_room = count ? (size_t)count : 1;
    chain->range_count = (size_t)count;
    for (int i = 0; i < count; i++) {
        chain->ranges[i].from = sql_int8(ranges, i, 0);
        chain->ranges[i].to = sql_int8(ranges, i, 1) - 1;
    }
    struct hash_target target = {chain, 0, true};
    sql_array(sql_bytes(r, row, 7), take_first_previous, &target);
    target = (struct hash_target){chain, 0, false};
    sql_array(sql_bytes(r, row, 8), take_first_previous, &target);
    chain->stored = true;
    chain->dirty = false;
    return true;
}

#define CHAIN_COLUMNS                                                                                                  \
    "epoch_no, sender, epoch, previous_epoch, last_certain_seq, reason, rank, first_previous, last_hash, watermark, "  \
    "heard_at, boots, disputed_from, branch, config_version"

static enum outcome new_chain(struct fold *fold, struct chain *chain, struct why *why)
{
    uint8_t no[4];
    struct sql_value values[] = {sql_int4_value(chain->epoch_no, no)};
    scoped_by(sql_result_clear) PGresult *r = NULL;
    enum outcome outcome = sql_query(fold->conn, "SELECT gateway, epoch FROM ledger.epoch WHERE epoch_no = $1", values,
                                     1, &r, &fold->trouble, why);
    if (outcome != DONE)
        return outcome;
    if (PQntuples(r) != 1) {
        fold->trouble = (struct sql_trouble){.fault = true};
        return fail(why, RETRY, "ledger.epoch has no row %d", (int)chain->epoch_no);
    }
    struct bytes sender = sql_bytes(r, 0, 0);
    memcpy(chain->sender, sender.data, sender.len < 32 ? sender.len : 32);
    memcpy(chain->epoch, sql_bytes(r, 0, 1).data, 16);
    chain->dirty = true;
    return DONE;
}

enum outcome load_chain(struct fold *fold, int32_t epoch_no, struct chain **found, struct why *why)
{
    if (!chain_slot(fold, epoch_no))
        return out_of_memory(fold, why);
    if (fold->chains[epoch_no]) {
        *found = fold->chains[epoch_no];
        return DONE;
    }
    uint8_t no[4];
    struct sql_value values[] = {sql_int4_value(epoch_no, no)};
    scoped_by(sql_result_clear) PGresult *r = NULL;
    scoped_by(sql_result_clear) PGresult *ranges = NULL;
    enum outcome outcome = sql_query(fold->conn, "SELECT " CHAIN_COLUMNS " FROM chain WHERE epoch_no = $1", values, 1,
                                     &r, &fold->trouble, why);
    if (outcome == DONE)
        outcome = sql_query(fold->conn,
                            "SELECT lower(r), upper(r) FROM chain, unnest(folded) AS r WHERE epoch_no = $1 ORDER BY 1",
                            values, 1, &ranges, &fold->trouble, why);
    if (outcome != DONE)
        return outcome;
    scoped_by(chain_free) struct chain *chain = calloc(1, sizeof *chain);
    if (!chain)
        return out_of_memory(fold, why);
    chain->epoch_no = epoch_no;
    chain->rank = -1;
    if (PQntuples(r) == 0)
        outcome = new_chain(fold, chain, why);
    else if (!chain_from_row(chain, r, 0, ranges))
        outcome = out_of_memory(fold, why);
    if (outcome != DONE)
        return outcome;
    for (size_t i = 0; i < chain->boot_count && !chain->repairs; i++)
        chain->repairs = fold_boot_tracked(fold, chain->sender, chain->boots[i]);
    *found = fold->chains[epoch_no] = take(chain);
    return DONE;
}

enum outcome load_sender_chains(struct fold *fold, const char *sender, struct chain ***chains, size_t *count,
                                struct why *why)
{
    /* The ledger's list, not ours: epochs of this very batch are in it too; those not folded yet have no bodies and are left
     * out below. */
    struct sql_value values[] = {sql_text_value(sender)};
    scoped_by(sql_result_clear) PGresult *r = NULL;
    *chains = NULL;
    *count = 0;
    enum outcome outcome = sql_query(fold->conn, "SELECT epoch_no FROM ledger.epoch WHERE gateway = $1", values, 1, &r,
                                     &fold->trouble, why);
    if (outcome != DONE)
        return outcome;
    size_t rows = (size_t)PQntuples(r);
    scoped_by(cleanup_free) struct chain **found = calloc(rows ? rows : 1, sizeof(struct chain *));
    if (!found)
        return out_of_memory(fold, why);
    size_t kept = 0;
    for (size_t i = 0; i < rows; i++) {
        struct chain *chain;
        outcome = load_chain(fold, sql_int4(r, (int)i, 0), &chain, why);
        if (outcome != DONE)
            return outcome;
        if (chain->range_count > 0)
            found[kept++] = chain;
    }
    *chains = take(found);
    *count = kept;
    return DONE;
}

static Silsila__V1__KeyKind certified_kind(struct bytes certificate)
{
    Silsila__V1__KeyKind kind = SILSILA__V1__KEY_KIND__KEY_KIND_UNSPECIFIED;
    Silsila__V1__KeyCertificate *c =
        silsila__v1__key_certificate__unpack(NULL, certificate.len, certificate.data);
    if (!c)
        return kind;
    Silsila__V1__KeyStatement *s = silsila__v1__key_statement__unpack(NULL, c->statement.len, c->statement.data);
    if (s) {
        kind = s->kind;
        silsila__v1__key_statement__free_unpacked(s, NULL);
    }
    silsila__v1__key_certificate__free_unpacked(c, NULL);
    return kind;
}

static enum outcome registered_kind(struct fold *fold, int32_t key_no, struct sender_key *key, struct why *why)
{
    uint8_t no[4];
    struct sql_value values[] = {sql_int4_value(key_no, no)};
    scoped_by(sql_result_clear) PGresult *r = NULL;
    enum outcome outcome = sql_query(fold->conn,
                                     "SELECT l.key_id, (SELECT k.kind FROM key k WHERE k.key_id = l.key_id"
                                     " ORDER BY k.valid_from DESC, k.place_in_order DESC LIMIT 1)"
                                     " FROM ledger.key l WHERE l.key_no = $1",
                                     values, 1, &r, &fold->trouble, why);
    if (outcome != DONE)
        return outcome;
    if (PQntuples(r) == 1) {
        memcpy(key->key_id, sql_bytes(r, 0, 0).data, 32);
        if (!PQgetisnull(r, 0, 1)) {
            key->kind = (Silsila__V1__KeyKind)sql_int2(r, 0, 1);
            key->known = true;
        }
    }
    return DONE;
}

/* Keys stand at their numbers, which are small and dense. */
static struct sender_key *key_slot(struct fold *fold, int32_t key_no)
{
    const struct sender_key none = {0};
    while (fold->keys.count <= (size_t)key_no) {
        if (!list_add(&fold->keys, &none, sizeof none))
            return NULL;
    }
    return (struct sender_key *)fold->keys.items + key_no;
}

enum outcome load_key(struct fold *fold, const struct fold_entry *entry, struct sender_key **found, struct why *why)
{
    struct sender_key *slot = entry->key_no >= 0 ? key_slot(fold, entry->key_no) : NULL;
    if (!slot)
        return out_of_memory(fold, why);
    *found = slot;
    if (slot->known)
        return DONE;
    struct sender_key key = {.known = false};
    enum outcome outcome = registered_kind(fold, entry->key_no, &key, why);
    if (outcome != DONE)
        return outcome;
    const struct sender_key *added = fold->new_keys.items;
    for (size_t i = fold->new_keys.count; i > 0 && !key.known; i--) {
        if (memcmp(added[i - 1].key_id, key.key_id, 32) == 0) {
            key.kind = added[i - 1].kind;
            key.known = true;
        }
    }
    if (entry->certificate.len > 0) {
        key.kind = certified_kind(entry->certificate);
        key.known = true;
    }
    *slot = key;
    return DONE;
}

static size_t probe_hash(const char *gateway, const char *probe)
{
    size_t h = 1469598103934665603ULL; /* FNV-1a */
    for (const char *c = gateway; *c; c++)
        h = (h ^ (unsigned char)*c) * 1099511628211ULL;
    h = (h ^ '/') * 1099511628211ULL;
    for (const char *c = probe; *c; c++)
        h = (h ^ (unsigned char)*c) * 1099511628211ULL;
    return h;
}

static size_t probe_slot(const struct fold *fold, const char *gateway, const char *probe)
{
    const struct fold_probe *probes = fold->probes.items;
    size_t at = probe_hash(gateway, probe) & (fold->probe_slot_count - 1);
    while (fold->probe_slots[at] >= 0) {
        const struct fold_probe *p = &probes[fold->probe_slots[at]];
        if (strcmp(p->gateway, gateway) == 0 && strcmp(p->probe, probe) == 0)
            break;
        at = (at + 1) & (fold->probe_slot_count - 1);
    }
    return at;
}

static bool probe_slots_grow(struct fold *fold)
{
    if (fold->probe_slot_count > fold->probes.count * 2)
        return true;
    size_t count = fold->probe_slot_count ? fold->probe_slot_count * 2 : 256;
    int32_t *slots = malloc(count * sizeof *slots);
    if (!slots)
        return false;
    for (size_t i = 0; i < count; i++)
        slots[i] = -1;
    free(fold->probe_slots);
    fold->probe_slots = slots;
    fold->probe_slot_count = count;
    const struct fold_probe *probes = fold->probes.items;
    for (size_t i = 0; i < fold->probes.count; i++)
        slots[probe_slot(fold, probes[i].gateway, probes[i].probe)] = (int32_t)i;
    return true;
}

static enum outcome read_probe(struct fold *fold, struct fold_probe *probe, struct why *why)
{
    struct sql_value values[] = {sql_text_value(probe->gateway), sql_text_value(probe->probe)};
    scoped_by(sql_result_clear) PGresult *r = NULL;
    enum outcome outcome =
        sql_query(fold->conn,
                  "WITH added AS (INSERT INTO probe (gateway, probe) VALUES ($1, $2)"
                  " ON CONFLICT DO NOTHING RETURNING probe_no, overlapping, NULL::timestamptz AS latest)"
                  " SELECT * FROM added UNION ALL"
                  " SELECT p.probe_no, p.overlapping, (SELECT b.t0 + (b.readings - 1) * b.step_ms * interval '1 millisecond'"
                  " FROM block b WHERE b.probe_no = p.probe_no ORDER BY b.t0 DESC LIMIT 1)"
                  " FROM probe p WHERE p.gateway = $1 AND p.probe = $2",
                  values, 2, &r, &fold->trouble, why);
    if (outcome != DONE)
        return outcome;
    if (PQntuples(r) < 1) {
        fold->trouble = (struct sql_trouble){.fault = true};
        return fail(why, RETRY, "probe %s of %s could not be numbered", probe->probe, probe->gateway);
    }
    probe->probe_no = sql_int4(r, 0, 0);
    probe->overlaps = sql_bool(r, 0, 1);
    /* Blocks are at most an hour long: a later beginning is not a later end by more than that. */
    probe->end_ms = PQgetisnull(r, 0, 2) ? INT64_MIN : sql_time_ms(r, 0, 2) + 3600000;
    return DONE;
}

enum outcome load_probe(struct fold *fold, const char *gateway, const char *probe, struct fold_probe **found,
                        struct why *why)
{
    if (!probe_slots_grow(fold))
        return out_of_memory(fold, why);
    size_t slot = probe_slot(fold, gateway, probe);
    if (fold->probe_slots[slot] < 0) {
        struct fold_probe added = {0};
        memcpy(added.gateway, gateway, strnlen(gateway, sizeof added.gateway - 1));
        memcpy(added.probe, probe, strnlen(probe, sizeof added.probe - 1));
        enum outcome outcome = read_probe(fold, &added, why);
        if (outcome != DONE)
            return outcome;
        if (!list_add(&fold->probes, &added, sizeof added))
            return out_of_memory(fold, why);
        fold->probe_slots[slot] = (int32_t)(fold->probes.count - 1);
    }
    *found = (struct fold_probe *)fold->probes.items + fold->probe_slots[slot];
    return DONE;
}

enum outcome load_lists(struct fold *fold, struct why *why)
{
    if (fold->lists_loaded)
        return DONE;
    scoped_by(sql_result_clear) PGresult *boots = NULL;
    scoped_by(sql_result_clear) PGresult *owners = NULL;
    enum outcome outcome = sql_query(fold->conn,
                                     "SELECT DISTINCT c.sender, u.boot FROM block_untimed u JOIN chain c USING (epoch_no)"
                                     " UNION SELECT DISTINCT c.sender, e.boot FROM device_event e JOIN chain c"
                                     " USING (epoch_no) WHERE e.boot IS NOT NULL",
                                     NULL, 0, &boots, &fold->trouble, why);
    if (outcome == DONE)
        outcome = sql_query(fold->conn, "SELECT DISTINCT owner FROM key_revocation", NULL, 0, &owners, &fold->trouble,
                            why);
    if (outcome != DONE)
        return outcome;
    for (int i = 0; i < PQntuples(boots); i++) {
        struct boot_key key = {0};
        struct bytes sender = sql_bytes(boots, i, 0);
        memcpy(key.sender, sender.data, sender.len < 32 ? sender.len : 32);
        memcpy(key.boot, sql_bytes(boots, i, 1).data, 16);
        if (!list_add(&fold->tracked, &key, sizeof key))
            return out_of_memory(fold, why);
    }
    for (int i = 0; i < PQntuples(owners); i++) {
        struct name name = {0};
        struct bytes owner = sql_bytes(owners, i, 0);
        memcpy(name.id, owner.data, owner.len < 64 ? owner.len : 64);
        if (!list_add(&fold->revoked, &name, sizeof name))
            return out_of_memory(fold, why);
    }
    fold->lists_loaded = true;
    return DONE;
}
