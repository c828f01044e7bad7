/* Effects of register entries and of the decisions this part knows. Nothing is overwritten: every entry is a row of its own,
 * and the views pick the one that holds. Entries of bodies that do not count leave no row. */
#include <string.h>

#include "ingest/fold/state.h"

static enum outcome out_of_memory(struct fold *fold, struct why *why)
{
    fold->trouble = (struct sql_trouble){0};
    return fail(why, RETRY, "out of memory");
}

/* The six columns that every table of entries ends with. */
static void add_origin(struct rows *rows, const struct folding *with, int64_t valid_from_ms, int32_t item)
{
    uint8_t place[PLACE_IN_ORDER_MOST];
    size_t len = chain_place_in_order(with->chain, with->entry->seq, item, place);
    rows_time(rows, valid_from_ms);
    rows_int4(rows, with->chain->epoch_no);
    rows_int8(rows, with->entry->seq);
    rows_int4(rows, item);
    rows_bytea(rows, bytes_of(with->entry->body_hash, 32));
    rows_bytea(rows, bytes_of(place, len));
}

static enum outcome config_may_change(struct fold *fold, const char *gateway, struct why *why)
{
    struct name name = {0};
    memcpy(name.id, gateway, strnlen(gateway, sizeof name.id - 1));
    if (list_has(&fold->configs, &name, sizeof name))
        return DONE;
    return list_add(&fold->configs, &name, sizeof name) ? DONE : out_of_memory(fold, why);
}

static const char *const equipment_kinds[] = {"freezer", "refrigerator", "cold_room", "incubator", "transport_box", "vehicle"};

static bool one_of(const char *word, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(word, words[i]) == 0)
            return true;
    }
    return false;
}

static bool id_sound(const char *id)
{
    size_t len = strnlen(id, 65);
    return len > 0 && len < 65;
}

static void add_json_text(struct buffer *json, const char *text)
{
    buffer_add_byte(json, '"');
    for (const char *c = text; *c; c++) {
        if (*c == '"' || *c == '\\')
            buffer_add_byte(json, '\\');
        if ((unsigned char)*c >= ' ')
            buffer_add_byte(json, (uint8_t)*c);
        else
            buffer_printf(json, "\\u%04x", (unsigned)(unsigned char)*c);
    }
    buffer_add_byte(json, '"');
}

static void json_rules(struct buffer *json, const Silsila__V1__Equipment *equipment)
{
    buffer_add_byte(json, '[');
    for (size_t i = 0; i < equipment->n_rules; i++) {
        const Silsila__V1__EquipmentRule *rule = equipment->rules[i];
        buffer_add_text(json, i ? ",{\"id\":" : "{\"id\":");
        add_json_text(json, rule->id);
        buffer_add_text(json, ",\"op\":");
        add_json_text(json, rule->op);
        buffer_printf(json, ",\"limit_mc\":%d,\"limit_high_mc\":%d,\"delay_ms\":%u,\"hysteresis_mc\":%u,\"tier\":",
                      (int)rule->limit_mc, (int)rule->limit_high_mc, (unsigned)rule->delay_ms,
                      (unsigned)rule->hysteresis_mc);
        add_json_text(json, rule->tier);
        buffer_add_text(json, ",\"role\":");
        add_json_text(json, rule->role);
        buffer_add_byte(json, '}');
    }
    buffer_add_byte(json, ']');
}

static void fold_site(struct fold *fold, const struct folding *with, const Silsila__V1__Register *entry, int32_t item)
{
    const Silsila__V1__Site *site = entry->site;
    struct rows *rows = &fold->rows[TABLE_SITE];
    rows_begin(rows, 12);
    rows_text(rows, site->id);
    rows_text(rows, site->name);
    rows_bool(rows, site->own);
    rows_text(rows, site->gln);
    rows_text(rows, site->zone);
    rows_text(rows, site->region);
    add_origin(rows, with, entry->valid_from_ms, item);
}

static enum outcome fold_equipment(struct fold *fold, const struct folding *with, const Silsila__V1__Register *entry,
                                   int32_t item)
{
    const Silsila__V1__Equipment *e = entry->equipment;
    if (!one_of(e->kind, equipment_kinds, sizeof equipment_kinds / sizeof equipment_kinds[0])) {
        fold_judge(fold, with, item, "bad_item",
                   "equipment %.40s: kind \"%.20s\" is none of freezer, refrigerator, cold_room, incubator, transport_box, vehicle",
                   e->id, e->kind);
        return DONE;
    }
    int64_t cadence_ms = e->cadence_ms ? e->cadence_ms : 60000;
    if (e->max_gap_ms && e->max_gap_ms < 2 * cadence_ms) {
        fold_judge(fold, with, item, "bad_item",
                   "equipment %.40s: max_gap of %u ms is less than twice the cadence of %lld ms", e->id,
                   (unsigned)e->max_gap_ms, (long long)cadence_ms);
        return DONE;
    }
    int64_t default_gap_ms = cadence_ms * 5 / 2 > 900000 ? cadence_ms * 5 / 2 : 900000;
    scoped_by(buffer_free) struct buffer json = {0};
    json_rules(&json, e);
    struct rows *rows = &fold->rows[TABLE_EQUIPMENT];
    rows_begin(rows, 16);
    rows_text(rows, e->id);
    rows_text(rows, e->name);
    rows_text(rows, e->kind);
    rows_text(rows, e->site);
    rows_int8(rows, e->max_gap_ms ? (int64_t)e->max_gap_ms : default_gap_ms);
    rows_int8(rows, cadence_ms);
    rows_text(rows, e->container);
    rows_jsonb(rows, buffer_view(&json));
    rows_bool(rows, e->out_of_service);
    rows_text(rows, e->giai);
    add_origin(rows, with, entry->valid_from_ms, item);
    fold->all_configs = true; /* limits and cadence of every gateway with a probe in it */
    return DONE;
}

static void fold_product(struct fold *fold, const struct folding *with, const Silsila__V1__Register *entry, int32_t item)
{
    const Silsila__V1__Product *p = entry->product;
    struct rows *rows = &fold->rows[TABLE_PRODUCT];
    rows_begin(rows, 12);
    rows_text(rows, p->code);
    rows_text(rows, p->name);
    rows_text(rows, p->policy);
    rows_int4(rows, (int32_t)(p->shelf_life_days & INT32_MAX));
    rows_int4(rows, (int32_t)(p->shelf_life_months & INT32_MAX));
    rows_text_array(rows, p->required_tests, p->n_required_tests);
    add_origin(rows, with, entry->valid_from_ms, item);
}

static enum outcome fold_placement(struct fold *fold, const struct folding *with, const Silsila__V1__Register *entry,
                                   int32_t item, struct why *why)
{
    const Silsila__V1__Placement *p = entry->placement;
    if (p->equipment[0] && strcmp(p->role, "product") != 0 && strcmp(p->role, "air") != 0) {
        fold_judge(fold, with, item, "bad_item", "placement of %.40s/%.64s: role \"%.20s\" is neither product nor air",
                   p->gateway, p->probe, p->role);
        return DONE;
    }
    struct rows *rows = &fold->rows[TABLE_PLACEMENT];
    rows_begin(rows, 10);
    rows_text(rows, p->gateway);
    rows_text(rows, p->probe);
    rows_text(rows, p->equipment);
    rows_text(rows, p->role);
    add_origin(rows, with, entry->valid_from_ms, item);
    return config_may_change(fold, p->gateway, why);
}

static enum outcome fold_calibration(struct fold *fold, const struct folding *with, const Silsila__V1__Register *entry,
                                     int32_t item, struct why *why)
{
    const Silsila__V1__Calibration *c = entry->calibration;
    struct rows *rows = &fold->rows[TABLE_CALIBRATION];
    rows_begin(rows, 12);
    rows_text(rows, c->gateway);
    rows_text(rows, c->probe);
    rows_int4(rows, c->offset_mc);
    if (c->due && c->due->ms >= BLOCKS_EARLIEST_MS && c->due->ms < BLOCKS_LATEST_MS)
        rows_time(rows, c->due->ms);
    else
        rows_null(rows);
    rows_text(rows, c->certificate);
    rows_text(rows, c->laboratory);
    add_origin(rows, with, entry->valid_from_ms, item);
    return config_may_change(fold, c->gateway, why);
}

static void fold_policy(struct fold *fold, const struct folding *with, const Silsila__V1__Register *entry, int32_t item)
{
    const Silsila__V1__PolicyText *p = entry->policy;
    struct rows *rows = &fold->rows[TABLE_POLICY];
    rows_begin(rows, 9);
    rows_text(rows, p->id);
    rows_int4(rows, (int32_t)(p->version & INT32_MAX));
    rows_bytea(rows, bytes_of(p->text.data, p->text.len));
    add_origin(rows, with, entry->valid_from_ms, item);
}

static enum outcome fold_key(struct fold *fold, const struct folding *with, const Silsila__V1__Register *entry,
                             int32_t item, struct why *why)
{
    const Silsila__V1__Key *k = entry->key;
    struct sender_key added = {.kind = k->kind, .known = true};
    struct why flaw = {0};
    struct key_public *public_key = NULL;
    bool kind_sound = k->kind == SILSILA__V1__KEY_KIND__KEY_KIND_GATEWAY ||
                      k->kind == SILSILA__V1__KEY_KIND__KEY_KIND_DESK ||
                      k->kind == SILSILA__V1__KEY_KIND__KEY_KIND_ADAPTER;
    if (!kind_sound || !sender_id_valid(k->owner) ||
        key_public_read(bytes_of(k->public_key.data, k->public_key.len), &public_key, &flaw) != DONE) {
        fold_judge(fold, with, item, "bad_item", "key of \"%.33s\": %s", k->owner,
                   flaw.text[0] ? flaw.text : "only gateways, desks and adapters with a valid id are registered");
        return DONE;
    }
    key_public_id(public_key, added.key_id);
    key_public_free(&public_key);
    struct rows *rows = &fold->rows[TABLE_KEY];
    rows_begin(rows, 12);
    rows_bytea(rows, bytes_of(added.key_id, 32));
    rows_text(rows, k->owner);
    rows_int2(rows, (int16_t)k->kind);
    rows_bytea(rows, bytes_of(k->public_key.data, k->public_key.len));
    rows_text(rows, k->site);
    rows_text_array(rows, k->roles, k->n_roles);
    add_origin(rows, with, entry->valid_from_ms, item);
    fold->keys_changed = true;
    if (!list_add(&fold->new_keys, &added, sizeof added))
        return out_of_memory(fold, why);
    return config_may_change(fold, k->owner, why);
}

enum outcome fold_mark_owner_again(struct fold *fold, const char *owner, struct why *why)
{
    scoped_by(cleanup_free) struct chain **chains = NULL;
    size_t count;
    enum outcome outcome = load_sender_chains(fold, owner, &chains, &count, why);
    for (size_t i = 0; i < count && outcome == DONE; i++)
        outcome = fold_mark_again(fold, chains[i]->epoch_no, why);
    return outcome;
}

static enum outcome fold_revocation(struct fold *fold, const struct folding *with, const Silsila__V1__Register *entry,
                                    int32_t item, struct why *why)
{
    const Silsila__V1__KeyRevocation *v = entry->revocation;
    if (v->key_id.len != 32 || (v->epoch.len != 0 && v->epoch.len != 16) || !sender_id_valid(v->owner)) {
        fold_judge(fold, with, item, "bad_item", "revocation: the key id is not 32 bytes, or the epoch not 16, or the owner no id");
        return DONE;
    }
    struct rows *rows = &fold->rows[TABLE_KEY_REVOCATION];
    rows_begin(rows, 11);
    rows_bytea(rows, bytes_of(v->key_id.data, 32));
    rows_text(rows, v->owner);
    if (v->epoch.len == 16)
        rows_bytea(rows, bytes_of(v->epoch.data, 16));
    else
        rows_null(rows);
    rows_int8(rows, (int64_t)(v->seq & INT64_MAX));
    rows_text(rows, v->why);
    add_origin(rows, with, entry->valid_from_ms, item);
    fold->keys_changed = true;
    struct name owner = {0};
    memcpy(owner.id, v->owner, strnlen(v->owner, sizeof owner.id - 1));
    if (!list_add(&fold->revoked, &owner, sizeof owner) || !list_add(&fold->revoked_now, &owner, sizeof owner))
        return out_of_memory(fold, why);
    return fold_mark_owner_again(fold, owner.id, why);
}

static void fold_person(struct fold *fold, const struct folding *with, const Silsila__V1__Register *entry, int32_t item)
{
    const Silsila__V1__Person *p = entry->person;
    struct rows *rows = &fold->rows[TABLE_PERSON];
    rows_begin(rows, 13);
    rows_text(rows, p->id);
    rows_text(rows, p->name);
    rows_text_array(rows, p->roles, p->n_roles);
    rows_text_array(rows, p->sites, p->n_sites);
    rows_text(rows, p->badge);
    rows_text(rows, p->language);
    rows_bool(rows, p->left);
    add_origin(rows, with, entry->valid_from_ms, item);
}

static void fold_swap(struct fold *fold, const struct folding *with, const Silsila__V1__Register *entry, int32_t item)
{
    const Silsila__V1__Swap *s = entry->swap;
    struct rows *rows = &fold->rows[TABLE_SWAP];
    rows_begin(rows, 9);
    rows_text(rows, s->old_gateway);
    rows_text(rows, s->new_gateway);
    rows_text(rows, s->why);
    add_origin(rows, with, entry->valid_from_ms, item);
}

/* The subject an entry is about; NULL: it has none of its own. */
static const char *subject(const Silsila__V1__Register *entry)
{
    switch (entry->entry_case) {
    case SILSILA__V1__REGISTER__ENTRY_SITE:
        return entry->site->id;
    case SILSILA__V1__REGISTER__ENTRY_EQUIPMENT:
        return entry->equipment->id;
    case SILSILA__V1__REGISTER__ENTRY_PRODUCT:
        return entry->product->code;
    case SILSILA__V1__REGISTER__ENTRY_PLACEMENT:
        return entry->placement->probe;
    case SILSILA__V1__REGISTER__ENTRY_CALIBRATION:
        return entry->calibration->probe;
    case SILSILA__V1__REGISTER__ENTRY_POLICY:
        return entry->policy->id;
    case SILSILA__V1__REGISTER__ENTRY_PERSON:
        return entry->person->id;
    case SILSILA__V1__REGISTER__ENTRY_KEY:
    case SILSILA__V1__REGISTER__ENTRY_REVOCATION:
    case SILSILA__V1__REGISTER__ENTRY_SWAP:
    case SILSILA__V1__REGISTER__ENTRY__NOT_SET:
    case _SILSILA__V1__REGISTER__ENTRY__CASE_IS_INT_SIZE:
        break;
    }
    return NULL;
}

enum outcome fold_register(struct fold *fold, struct folding *with, const Silsila__V1__Register *entry, int32_t item,
                           struct why *why)
{
    if (with->standing != STANDING_COUNTS)
        return DONE; /* the whole envelope is judged already */
    if (entry->valid_from_ms < 0 || entry->valid_from_ms >= BLOCKS_LATEST_MS) {
        fold_judge(fold, with, item, "bad_item", "register entry: valid from an instant that cannot be");
        return DONE;
    }
    const char *about = subject(entry);
    if (about && !id_sound(about)) {
        fold_judge(fold, with, item, "bad_item", "register entry: its id is empty or longer than 64 bytes");
        return DONE;
    }
    switch (entry->entry_case) {
    case SILSILA__V1__REGISTER__ENTRY_SITE:
        fold_site(fold, with, entry, item);
        return DONE;
    case SILSILA__V1__REGISTER__ENTRY_EQUIPMENT:
        return fold_equipment(fold, with, entry, item);
    case SILSILA__V1__REGISTER__ENTRY_PRODUCT:
        fold_product(fold, with, entry, item);
        return DONE;
    case SILSILA__V1__REGISTER__ENTRY_PLACEMENT:
        return fold_placement(fold, with, entry, item, why);
    case SILSILA__V1__REGISTER__ENTRY_CALIBRATION:
        return fold_calibration(fold, with, entry, item, why);
    case SILSILA__V1__REGISTER__ENTRY_POLICY:
        fold_policy(fold, with, entry, item);
        return DONE;
    case SILSILA__V1__REGISTER__ENTRY_KEY:
        return fold_key(fold, with, entry, item, why);
    case SILSILA__V1__REGISTER__ENTRY_PERSON:
        fold_person(fold, with, entry, item);
        return DONE;
    case SILSILA__V1__REGISTER__ENTRY_REVOCATION:
        return fold_revocation(fold, with, entry, item, why);
    case SILSILA__V1__REGISTER__ENTRY_SWAP:
        fold_swap(fold, with, entry, item);
        return DONE;
    case SILSILA__V1__REGISTER__ENTRY__NOT_SET:
    case _SILSILA__V1__REGISTER__ENTRY__CASE_IS_INT_SIZE:
        break;
    }
    fold_judge(fold, with, item, "bad_item", "register entry of a kind this version does not know");
    return DONE;
}

static enum outcome fold_branch(struct fold *fold, const struct folding *with, const Silsila__V1__Decision *d,
                                int32_t item, struct why *why)
{
    if (!sender_id_valid(d->gateway) || d->epoch.len != 16 || d->body_hash.len != 32 || d->seq == 0 || d->seq > INT64_MAX) {
        fold_judge(fold, with, item, "bad_item", "decision on a fork: gateway, epoch, seq or body hash is out of form");
        return DONE;
    }
    struct rows *rows = &fold->rows[TABLE_BRANCH];
    rows_begin(rows, 12);
    rows_text(rows, d->gateway);
    rows_bytea(rows, bytes_of(d->epoch.data, 16));
    rows_int8(rows, (int64_t)d->seq);
    rows_bytea(rows, bytes_of(d->body_hash.data, 32));
    rows_text(rows, d->person);
    rows_text(rows, d->reason);
    add_origin(rows, with, d->at_ms, item);
    uint8_t epoch[16];
    memcpy(epoch, d->epoch.data, 16);
    struct sql_value values[] = {sql_text_value(d->gateway), sql_bytea_value(epoch, 16)};
    scoped_by(sql_result_clear) PGresult *r = NULL;
    enum outcome outcome = sql_query(fold->conn, "SELECT epoch_no FROM ledger.epoch WHERE gateway = $1 AND epoch = $2",
                                     values, 2, &r, &fold->trouble, why);
    if (outcome != DONE || PQntuples(r) == 0)
        return outcome;
    return fold_mark_again(fold, sql_int4(r, 0, 0), why);
}

enum outcome fold_decision(struct fold *fold, struct folding *with, const Silsila__V1__Decision *decision, int32_t item,
                           struct why *why)
{
    if (with->standing != STANDING_COUNTS || decision->type != SILSILA__V1__DECISION_TYPE__NAME_BRANCH)
        return DONE; /* other decisions stand in the ledger; their tables come with the parts they decide on */
    if (with->kind != SILSILA__V1__KEY_KIND__KEY_KIND_DESK) {
        fold_judge(fold, with, item, "no_authority", "only a desk may name the branch of a fork that holds");
        return DONE;
    }
    if (decision->person[0] == '\0' || decision->reason[0] == '\0') {
        fold_judge(fold, with, item, "bad_item", "a decision on a fork names its person and its reason");
        return DONE;
    }
    if (decision->at_ms < BLOCKS_EARLIEST_MS || decision->at_ms >= BLOCKS_LATEST_MS) {
        fold_judge(fold, with, item, "time_unknown", "the decision's time is outside 2020 to 2100");
        return DONE;
    }
    return fold_branch(fold, with, decision, item, why);
}
