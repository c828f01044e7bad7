/* One body into its chain, then its effects; what it changes for others is marked and done at the end of the batch. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coldchain/authority.h"
#include "common/hash.h"
#include "ingest/fold/state.h"

static enum outcome out_of_memory(struct fold *fold, struct why *why)
{
    fold->trouble = (struct sql_trouble){0};
    return fail(why, RETRY, "out of memory");
}

/* Two admins that revoke each other's keys must not fold each other for ever. */
enum { AGAIN_MOST = 8 };

enum outcome fold_mark_again(struct fold *fold, int32_t epoch_no, struct why *why)
{
    /* One that was folded again before this was known is folded once more; the one at work goes on. */
    const int32_t *marked = fold->again.items;
    size_t times = 0;
    for (size_t i = 0; i < fold->again.count; i++) {
        if (marked[i] == epoch_no && (i >= fold->again_at || ++times == AGAIN_MOST))
            return DONE;
    }
    return list_add(&fold->again, &epoch_no, sizeof epoch_no) ? DONE : out_of_memory(fold, why);
}

void fold_judge(struct fold *fold, const struct folding *with, int32_t item, const char *code, const char *format, ...)
{
    struct note note = {.seq = with->entry->seq, .item = item};
    va_list args;
    va_start(args, format);
    (void)vsnprintf(note.text, sizeof note.text, format, args);
    va_end(args);
    struct rows *rows = &fold->rows[TABLE_JUDGEMENT];
    rows_begin(rows, 6);
    rows_int4(rows, with->chain->epoch_no);
    rows_int8(rows, with->entry->seq);
    rows_int4(rows, item);
    rows_text(rows, code);
    rows_text(rows, note.text);
    rows_bytea(rows, bytes_of(with->entry->body_hash, 32));
    if (!with->fresh || with->entry->position < fold->announced)
        return;
    memcpy(note.sender, with->chain->sender, sizeof note.sender);
    memcpy(note.epoch, with->chain->epoch, sizeof note.epoch);
    memcpy(note.code, code, strnlen(code, sizeof note.code - 1));
    /* A notice that cannot be remembered is not sent; the judgement itself stands in its table. */
    (void)!list_add(&fold->notes, &note, sizeof note);
}

/* Questions of the authority table to the registers. Custody and decisions beyond NAME_BRANCH have no derived tables yet, so
 * only what readings, device events and registers need is answered. */
struct asking {
    struct fold *fold;
    enum outcome outcome;
    struct why *why;
};

static bool ask_placed(void *context, const char *adapter, const char *probe)
{
    struct asking *asking = context;
    struct sql_value values[] = {sql_text_value(adapter), sql_text_value(probe)};
    scoped_by(sql_result_clear) PGresult *r = NULL;
    asking->outcome = sql_query(asking->fold->conn, "SELECT 1 FROM placement_entry WHERE gateway = $1 AND probe = $2 LIMIT 1",
                                values, 2, &r, &asking->fold->trouble, asking->why);
    return asking->outcome == DONE && PQntuples(r) > 0;
}

static enum outcome one_item(struct fold *fold, struct folding *with, const Silsila__V1__Item *item, int32_t index,
                             struct why *why)
{
    if (item->kind_case == SILSILA__V1__ITEM__KIND_CUSTODY || item->kind_case == SILSILA__V1__ITEM__KIND_DECISION)
        return item->kind_case == SILSILA__V1__ITEM__KIND_DECISION
                   ? fold_decision(fold, with, item->decision, index, why)
                   : DONE; /* kept in the ledger; custody has no derived tables yet */
    struct asking asking = {fold, DONE, why};
    struct authority_sender sender = {.kind = with->kind, .id = with->chain->sender, .site = ""};
    struct authority_facts facts = {.context = &asking, .probe_declared = ask_placed};
    struct authority_answer answer;
    authority_judge(&sender, with->body, (size_t)index, &facts, &answer);
    if (asking.outcome != DONE)
        return asking.outcome;
    if (answer.code) {
        fold_judge(fold, with, index, answer.code, "%s", answer.why);
        return DONE;
    }
    switch (item->kind_case) {
    case SILSILA__V1__ITEM__KIND_TEMPERATURE:
        return fold_temperature(fold, with, item->temperature, index, why);
    case SILSILA__V1__ITEM__KIND_DEVICE:
        return fold_device(fold, with, item->device, index, why);
    case SILSILA__V1__ITEM__KIND_REGISTER:
        return fold_register(fold, with, item->register_, index, why);
    case SILSILA__V1__ITEM__KIND_DECISION:
    case SILSILA__V1__ITEM__KIND_CUSTODY:
    case SILSILA__V1__ITEM__KIND_JOURNAL:
    case SILSILA__V1__ITEM__KIND__NOT_SET:
    case _SILSILA__V1__ITEM__KIND__CASE_IS_INT_SIZE:
        break;
    }
    return DONE;
}

/* A rank moved: sort keys of registers, standing under a revoked key and the winners among equal instants hang on it. */
static enum outcome rank_moved(struct fold *fold, const struct chain *chain, Silsila__V1__KeyKind kind, struct why *why)
{
    struct name owner = {0};
    memcpy(owner.id, chain->sender, sizeof chain->sender);
    if (kind != SILSILA__V1__KEY_KIND__KEY_KIND_GATEWAY || list_has(&fold->revoked, &owner, sizeof owner))
        return fold_mark_again(fold, chain->epoch_no, why);
    struct sql_value values[] = {sql_text_value(chain->sender)};
    scoped_by(sql_result_clear) PGresult *r = NULL;
    enum outcome outcome = sql_query(fold->conn, "SELECT probe_no FROM probe WHERE gateway = $1 AND overlapping", values, 1,
                                     &r, &fold->trouble, why);
    for (int i = 0; outcome == DONE && i < PQntuples(r); i++) {
        struct overlap all = {sql_int4(r, i, 0), INT64_MIN / 2, INT64_MAX / 2};
        if (!list_add(&fold->overlaps, &all, sizeof all))
            return out_of_memory(fold, why);
    }
    return outcome;
}

static void take_links(struct chain *chain, const Silsila__V1__EpochStart *start)
{
    chain->first_heard = true;
    chain->has_previous = start && start->previous_epoch.len == 16;
    if (chain->has_previous)
        memcpy(chain->previous_epoch, start->previous_epoch.data, 16);
    chain->last_certain_seq = start ? (int64_t)(start->last_certain_seq & INT64_MAX) : 0;
    chain->reason = start && (unsigned)start->reason <= 4 ? (int)start->reason : 0;
    chain->dirty = true;
}

enum outcome fold_first_body(struct fold *fold, const struct fold_entry *entry, struct chain *chain, struct why *why)
{
    if (entry->seq != 1 || chain->first_heard)
        return DONE;
    bool had_bodies = chain->range_count > 1 || (chain->range_count == 1 && chain->ranges[0].to > 1);
    Silsila__V1__Body *body = NULL;
    enum body_flaw flaw;
    struct why unreadable = {0};
    struct sender_key *key;
    enum outcome outcome = load_key(fold, entry, &key, why);
    if (outcome != DONE)
        return outcome;
    Silsila__V1__KeyKind kind = key->kind;
    if (body_decode(entry->body, &body, &flaw, &unreadable) != DONE)
        return DONE; /* judged by its effects; an epoch whose first body cannot be read stays unlinked */
    take_links(chain, body->epoch_start);
    body_free(&body);

    scoped_by(cleanup_free) struct chain **chains = NULL;
    size_t count;
    outcome = load_sender_chains(fold, chain->sender, &chains, &count, why);
    if (outcome != DONE)
        return outcome;
    scoped_by(cleanup_free) int32_t *before = malloc((count ? count : 1) * sizeof *before * 2);
    if (!before)
        return out_of_memory(fold, why);
    for (size_t i = 0; i < count; i++) {
        before[2 * i] = chains[i]->epoch_no;
        before[2 * i + 1] = chains[i]->rank;
    }
    if (chain_rank_all(chains, count) == 0)
        return DONE;
    /* What is trusted under a revoked key is everything up to a place in the order: when that moves, all of it is judged anew. */
    struct name owner = {0};
    memcpy(owner.id, chain->sender, sizeof chain->sender);
    if (list_has(&fold->revoked, &owner, sizeof owner))
        return had_bodies || count > 1 ? fold_mark_owner_again(fold, owner.id, why) : DONE;
    for (size_t i = 0; i < count; i++) {
        const struct chain *moved = fold->chains[before[2 * i]];
        if (moved->rank == before[2 * i + 1] || (moved == chain && !had_bodies))
            continue;
        outcome = rank_moved(fold, moved, kind, why);
        if (outcome != DONE)
            return outcome;
    }
    return DONE;
}

static enum outcome note_clock(struct fold *fold, struct folding *with, struct why *why)
{
    const Silsila__V1__ClockState *clock = with->body->clock;
    struct chain *chain = with->chain;
    with->sealed_ms = BLOCKS_LATEST_MS;
    if (!clock)
        return DONE;
    bool sane = clock->wall_ms >= BLOCKS_EARLIEST_MS && clock->wall_ms < BLOCKS_LATEST_MS;
    with->synchronised =
        clock->synchronised && sane && clock->boot_ms <= UP_MOST_MS && clock->boot_ms >= -UP_MOST_MS;
    if (sane)
        with->sealed_ms = clock->wall_ms;
    if (clock->boot_id.len == 16 && chain_saw_boot(chain, clock->boot_id.data))
        chain->repairs |= fold_boot_tracked(fold, chain->sender, clock->boot_id.data);
    if (!with->synchronised)
        return DONE;
    if (with->standing == STANDING_COUNTS && clock->wall_ms > chain->heard_ms) {
        chain->heard_ms = clock->wall_ms;
        chain->dirty = true;
    }
    if (!chain->repairs || clock->boot_id.len != 16 || !fold_boot_tracked(fold, chain->sender, clock->boot_id.data))
        return DONE;
    struct rows *rows = &fold->rows[TABLE_CLOCK_SYNC];
    rows_begin(rows, 6);
    rows_text(rows, chain->sender);
    rows_bytea(rows, bytes_of(clock->boot_id.data, 16));
    rows_int8(rows, clock->boot_ms);
    rows_time(rows, clock->wall_ms);
    rows_int4(rows, chain->epoch_no);
    rows_int8(rows, with->entry->seq);
    struct boot_key key = {0};
    memcpy(key.sender, chain->sender, sizeof key.sender);
    memcpy(key.boot, clock->boot_id.data, 16);
    if (!list_has(&fold->repairs, &key, sizeof key) && !list_add(&fold->repairs, &key, sizeof key))
        return out_of_memory(fold, why);
    return DONE;
}

/* The watermark and the configuration version follow the body at `through`. */
static enum outcome note_through(struct fold *fold, struct folding *with, struct why *why)
{
    struct chain *chain = with->chain;
    int64_t through = chain_through(chain);
    /* Of a forked seq the body that stands in the chain speaks, whichever came first. */
    if (through < with->entry->seq ||
        (through == with->entry->seq && memcmp(chain->ranges[0].last_hash, with->entry->body_hash, 32) != 0))
        return DONE;
    if (through == with->entry->seq && with->synchronised) {
        chain->watermark_ms = with->sealed_ms;
        chain->config_version = (int64_t)(with->body->config_version & INT64_MAX);
        chain->dirty = true;
        return DONE;
    }
    if (list_has(&fold->stale, &chain->epoch_no, sizeof chain->epoch_no))
        return DONE;
    return list_add(&fold->stale, &chain->epoch_no, sizeof chain->epoch_no) ? DONE : out_of_memory(fold, why);
}

static void judge_standing(struct fold *fold, const struct folding *with)
{
    switch (with->standing) {
    case STANDING_COUNTS:
        return;
    case STANDING_DISPUTED:
        fold_judge(fold, with, -1, "forked",
                   "two bodies share seq %lld of this epoch: nothing counts from there on until a person names the branch that holds",
                   (long long)with->chain->disputed_from);
        return;
    case STANDING_OTHER_BRANCH:
        fold_judge(fold, with, -1, "forked", "a person's decision named the other branch of this fork");
        return;
    case STANDING_KEY_REVOKED:
        fold_judge(fold, with, -1, "key_revoked", "the key that signed this is not trusted this far");
        return;
    }
}

static enum outcome decoded_effects(struct fold *fold, struct folding *with, struct why *why)
{
    enum outcome outcome = note_clock(fold, with, why);
    if (outcome == DONE)
        outcome = note_through(fold, with, why);
    judge_standing(fold, with);
    for (size_t i = 0; i < with->body->n_items && outcome == DONE; i++) {
        if (fold->skip_items && i < fold->skip_count && fold->skip_items[i])
            continue;
        outcome = one_item(fold, with, with->body->items[i], (int32_t)i, why);
    }
    return outcome;
}

enum outcome fold_effects(struct fold *fold, struct fold_entry *entry, struct chain *chain, enum standing standing,
                          bool fresh, struct why *why)
{
    struct sender_key *key;
    enum outcome outcome = load_key(fold, entry, &key, why);
    if (outcome != DONE)
        return outcome;
    struct folding with = {.entry = entry, .chain = chain, .standing = standing, .kind = key->kind, .fresh = fresh,
                           .in_fork = chain->disputed_from > 0 && entry->seq >= chain->disputed_from};
    Silsila__V1__Body *body = NULL;
    enum body_flaw flaw = BODY_SOUND;
    struct why flaw_why = {0};
    outcome = body_decode(entry->body, &body, &flaw, &flaw_why);
    if (outcome == REJECT) {
        fold_judge(fold, &with, -1, flaw == BODY_UNSUPPORTED ? "unsupported" : "malformed", "%s", flaw_why.text);
        return DONE;
    }
    if (outcome != DONE) {
        *why = flaw_why;
        fold->trouble = (struct sql_trouble){0};
        return outcome;
    }
    with.body = body;
    outcome = decoded_effects(fold, &with, why);
    body_free(&body);
    return outcome;
}

/* Is this body beyond what a revocation of its key still trusts? */
enum outcome fold_standing(struct fold *fold, const struct fold_entry *entry, const struct chain *chain,
                           enum standing *standing, struct why *why)
{
    *standing = STANDING_COUNTS;
    struct name owner = {0};
    memcpy(owner.id, chain->sender, sizeof chain->sender);
    if (!list_has(&fold->revoked, &owner, sizeof owner))
        return DONE;
    uint8_t no[4];
    struct sql_value values[] = {sql_int4_value(entry->key_no, no), sql_text_value(chain->sender)};
    scoped_by(sql_result_clear) PGresult *r = NULL;
    enum outcome outcome =
        sql_query(fold->conn,
                  "SELECT v.trusted_seq, v.trusted_epoch, e.epoch_no FROM key_revocation v"
                  " JOIN ledger.key k ON k.key_id = v.key_id AND k.key_no = $1"
                  " LEFT JOIN ledger.epoch e ON e.gateway = v.owner AND e.epoch = v.trusted_epoch"
                  " WHERE v.owner = $2 ORDER BY v.valid_from DESC, v.place_in_order DESC LIMIT 1",
                  values, 2, &r, &fold->trouble, why);
    if (outcome != DONE || PQntuples(r) == 0)
        return outcome;
    if (PQgetisnull(r, 0, 1) || PQgetisnull(r, 0, 2)) {
        *standing = STANDING_KEY_REVOKED; /* nothing of it is trusted, or only an epoch nobody has heard of */
        return DONE;
    }
    struct chain *trusted;
    outcome = load_chain(fold, sql_int4(r, 0, 2), &trusted, why);
    if (outcome != DONE)
        return outcome;
    if (trusted->range_count == 0) {
        *standing = STANDING_KEY_REVOKED; /* appended, but not folded yet: as if not heard of */
        return DONE;
    }
    uint8_t last[PLACE_IN_ORDER_MOST], here[PLACE_IN_ORDER_MOST];
    size_t len = chain_place_in_order(trusted, sql_int8(r, 0, 0), INT32_MAX, last);
    (void)chain_place_in_order(chain, entry->seq, 0, here);
    if (memcmp(here, last, len) > 0)
        *standing = STANDING_KEY_REVOKED;
    return DONE;
}

/* The body behind this one names another hash than ours: it is the one to be judged. */
static enum outcome judge_successor(struct fold *fold, struct chain *chain, int64_t seq, struct why *why)
{
    uint8_t no[4], s[8];
    struct sql_value values[] = {sql_int4_value(chain->epoch_no, no), sql_int8_value(seq, s)};
    scoped_by(sql_result_clear) PGresult *r = NULL;
    enum outcome outcome = sql_query(fold->conn, "SELECT body, position FROM ledger.entry WHERE epoch_no = $1 AND seq = $2",
                                     values, 2, &r, &fold->trouble, why);
    if (outcome != DONE || PQntuples(r) == 0)
        return outcome;
    struct fold_entry entry = {.seq = seq, .epoch_no = chain->epoch_no, .position = sql_int8(r, 0, 1)};
    sha256(sql_bytes(r, 0, 0), entry.body_hash);
    struct folding with = {.entry = &entry, .chain = chain, .fresh = true};
    fold_judge(fold, &with, -1, "chain_broken", "names another body than the one before it");
    return DONE;
}

/* The first body of an epoch that a revocation trusts through: until now it was an epoch nobody had heard of. */
static enum outcome epoch_heard_of(struct fold *fold, const struct chain *chain, struct why *why)
{
    struct name owner = {0};
    memcpy(owner.id, chain->sender, sizeof chain->sender);
    if (!list_has(&fold->revoked, &owner, sizeof owner))
        return DONE;
    struct sql_value values[] = {sql_text_value(chain->sender), sql_bytea_value(chain->epoch, 16)};
    scoped_by(sql_result_clear) PGresult *r = NULL;
    enum outcome outcome =
        sql_query(fold->conn, "SELECT 1 FROM key_revocation WHERE owner = $1 AND trusted_epoch = $2 LIMIT 1", values, 2, &r,
                  &fold->trouble, why);
    return outcome == DONE && PQntuples(r) > 0 ? fold_mark_owner_again(fold, chain->sender, why) : outcome;
}

enum outcome fold_admit(struct fold *fold, struct fold_entry *entry, struct why *why)
{
    struct chain *chain;
    sha256(entry->body, entry->body_hash);
    enum outcome outcome = load_chain(fold, entry->epoch_no, &chain, why);
    if (outcome != DONE)
        return outcome;
    struct name owner = {0};
    memcpy(owner.id, chain->sender, sizeof chain->sender);
    if (chain->disputed_from > 0 || list_has(&fold->revoked_now, &owner, sizeof owner) ||
        list_has(&fold->again, &entry->epoch_no, sizeof entry->epoch_no))
        return fold_mark_again(fold, entry->epoch_no, why);

    struct body_head head = {0};
    struct why head_why = {0};
    /* Append took it by its head; one that reads otherwise here is malformed and judged so by the decoder. */
    bool readable = body_head_read(entry->body, &head, &head_why) == DONE;
    struct chain_links links;
    switch (chain_add(chain, entry->seq, readable && head.has_previous ? head.previous : NULL, entry->body_hash, &links)) {
    case CHAIN_ADDED:
        break;
    case CHAIN_REPEATED:
        return fold_mark_again(fold, entry->epoch_no, why);
    case CHAIN_NO_MEMORY:
        return out_of_memory(fold, why);
    }
    enum standing standing;
    if (chain->range_count == 1 && chain->ranges[0].from == chain->ranges[0].to)
        outcome = epoch_heard_of(fold, chain, why);
    if (outcome == DONE)
        outcome = fold_first_body(fold, entry, chain, why);
    if (outcome == DONE)
        outcome = fold_standing(fold, entry, chain, &standing, why);
    if (outcome != DONE)
        return outcome;
    if (links.broken_before) {
        struct folding with = {.entry = entry, .chain = chain, .fresh = true};
        fold_judge(fold, &with, -1, "chain_broken", "names another body than the one before it");
    }
    if (links.broken_after)
        outcome = judge_successor(fold, chain, entry->seq + 1, why);
    return outcome == DONE ? fold_effects(fold, entry, chain, standing, true, why) : outcome;
}
