/* What the writer reads: the head and what belongs to it at a start, and what a batch needs that memory has not. */
#include "ingest/writer_private.h"

#include <string.h>

struct bytes writer_int4(struct writer *writer, int slot, int32_t value)
{
    for (int i = 0; i < 4; i++)
        writer->numbers[slot][i] = (uint8_t)((uint32_t)value >> (24 - 8 * i));
    return bytes_of(writer->numbers[slot], 4);
}

struct bytes writer_int8(struct writer *writer, int slot, int64_t value)
{
    for (int i = 0; i < 8; i++)
        writer->numbers[slot][i] = (uint8_t)((uint64_t)value >> (56 - 8 * i));
    return bytes_of(writer->numbers[slot], 8);
}

static void read_with(struct writer *writer, const char *name, const char *sql, int count, const uint32_t *types,
                      void (*on_answer)(void *context, const struct answer *answer))
{
    const struct statement statement = {.name = name, .sql = sql, .count = count, .types = types,
                                        .values = writer->values, .binary_result = true, .deadline_ms = READ_MS};
    session_send(writer->session, &statement, on_answer, writer);
}

/* True when the answer is not there: the batch and the picture are given up and tried again in a while. */
static bool failed(struct writer *writer, const struct answer *answer)
{
    if (answer->error.outcome == DONE)
        return false;
    writer->callbacks.on_trouble(writer->callbacks.context, sql_advice_word(answer->error.advice));
    if (answer->error.advice == SQL_RECONNECT)
        return true; /* the session tells of its loss itself */
    log_often(&writer->read_rate, LOG_LEVEL_WARN, "ledger_read_failed", "advice=%s why=\"%s\"",
              sql_advice_word(answer->error.advice), answer->why.text);
    plan_undo(&writer->plan, writer->pending);
    writer_pause(writer, "the ledger cannot be read");
    return true;
}

/* What was read makes no sense, or memory is out. */
static void distrust(struct writer *writer, const char *what, const struct why *why)
{
    log_often(&writer->read_rate, LOG_LEVEL_ERROR, "ledger_unreadable", "what=%s why=\"%s\"", what, why->text);
    plan_undo(&writer->plan, writer->pending);
    writer_pause(writer, "the ledger makes no sense");
}

/* ---- at a start ---- */

static void become_active(struct writer *writer)
{
    writer->picture.known = true;
    writer->failures = 0;
    writer->trouble = NULL;
    writer->state = WRITER_IDLE;
    if (!writer->active) {
        writer->active = true;
        log_line(LOG_LEVEL_INFO, "active", "shard=%d size=%llu", writer->settings.shard,
                 (unsigned long long)writer_size(writer));
        writer->callbacks.on_active(writer->callbacks.context);
    }
    writer_work(writer);
}

static void on_tiles(void *context, const struct answer *answer)
{
    struct writer *writer = context;
    if (failed(writer, answer))
        return;
    for (int row = 0; row < PQntuples(answer->result); row++) {
        merkle_hash hashes[MERKLE_TILE_WIDTH];
        merkle_hash node;
        struct bytes tile = answer_bytes(answer->result, row, 2);
        if (tile.len != sizeof hashes)
            continue;
        memcpy(hashes, tile.data, sizeof hashes);
        merkle_tile_root(hashes, node);
        tree_set(&writer->picture.tree, (unsigned)answer_int8(answer->result, row, 0) + 1,
                 (uint64_t)answer_int8(answer->result, row, 1), node);
    }
    writer_make_partitions(writer, become_active);
}

/* Nodes of an upper unfinished tile are the roots of full tiles below it. */
static void read_tiles(struct writer *writer)
{
    static const uint32_t types[] = {OID_INT4, OID_INT2_ARRAY, OID_INT8_ARRAY};
    struct array *levels = &writer->plan.ask_number;
    struct array *from = &writer->plan.ask_seq;
    array_begin(levels, OID_INT2);
    array_begin(from, OID_INT8);
    for (unsigned level = 1; level < TREE_LEVELS && tree_unfinished_from(&writer->picture.tree, level) +
                             tree_unfinished_count(&writer->picture.tree, level) > 0; level++) {
        array_int2(levels, (int16_t)(level - 1));
        array_int8(from, (int64_t)tree_unfinished_from(&writer->picture.tree, level));
    }
    writer->values[0] = writer_int4(writer, 0, writer->settings.shard);
    writer->values[1] = array_view(levels);
    writer->values[2] = array_view(from);
    read_with(writer, "tiles",
              "SELECT t.level, t.number, t.hashes FROM unnest($2::smallint[], $3::bigint[]) AS w (level, number)"
              " JOIN ledger.tile t ON t.shard = $1 AND t.level = w.level AND t.number >= w.number", 3, types, on_tiles);
}

static void on_leaves(void *context, const struct answer *answer)
{
    struct writer *writer = context;
    struct why why = {""};
    if (failed(writer, answer))
        return;
    for (int row = 0; row < PQntuples(answer->result); row++) {
        struct bytes key_id = answer_bytes(answer->result, row, 1);
        struct bytes signature = answer_bytes(answer->result, row, 3);
        struct bytes hash = answer_bytes(answer->result, row, 4);
        merkle_hash leaf;
        if (key_id.len != KEY_ID_LEN || signature.len != SIGNATURE_LEN || hash.len != HASH_LEN)
            continue;
        merkle_leaf(key_id.data, (uint8_t)answer_int8(answer->result, row, 2), signature.data, hash.data, leaf);
        tree_set(&writer->picture.tree, 0, (uint64_t)answer_int8(answer->result, row, 0), leaf);
    }
    if (!tree_is_sound(&writer->picture.tree)) {
        (void)fail(&why, RETRY, "the last entries do not give the tree hash that was signed");
        distrust(writer, "entries", &why);
        return;
    }
    read_tiles(writer);
}

static void read_leaves(struct writer *writer)
{
    static const uint32_t types[] = {OID_INT8};
    writer->values[0] = writer_int8(writer, 0, (int64_t)tree_unfinished_from(&writer->picture.tree, 0));
    read_with(writer, "leaves",
              "SELECT e.position, k.key_id, e.algorithm, e.signature, sha256(e.body) FROM ledger.entry e"
              " JOIN ledger.key k USING (key_no) WHERE e.position >= $1", 1, types, on_leaves);
}

static void on_keys(void *context, const struct answer *answer)
{
    struct writer *writer = context;
    struct why why = {""};
    if (failed(writer, answer))
        return;
    writer->picture.next_key_number = 1;
    for (int row = 0; row < PQntuples(answer->result); row++) {
        struct bytes key_id = answer_bytes(answer->result, row, 1);
        if (key_id.len == KEY_ID_LEN && picture_add_key(&writer->picture, key_id.data,
                                                        (int32_t)answer_int8(answer->result, row, 0), &why) != DONE) {
            distrust(writer, "keys", &why);
            return;
        }
    }
    read_leaves(writer);
}

/* True when the head is where memory has it, so that all else in memory holds too. */
static bool head_is(uint64_t size, struct bytes root, uint64_t known_size, const merkle_hash known_root)
{
    return size == known_size && root.len == HASH_LEN && memcmp(root.data, known_root, HASH_LEN) == 0;
}

/* An append was under way when the session went: the head says what became of it. False: it is settled. */
static bool settle_append(struct writer *writer, uint64_t size, struct bytes root)
{
    if (!writer->plan.made)
        return true;
    if (head_is(size, root, writer->plan.new_size, writer->plan.new_root)) {
        log_line(LOG_LEVEL_INFO, "commit_resolved", "stored=yes size=%llu", (unsigned long long)size);
        writer_committed(writer);
        return false;
    }
    if (head_is(size, root, writer->plan.old_size, writer->plan.old_root)) {
        log_line(LOG_LEVEL_INFO, "commit_resolved", "stored=no size=%llu", (unsigned long long)size);
        writer_append(writer);
        return false;
    }
    log_line(LOG_LEVEL_NOTICE, "commit_resolved", "stored=unknown size=%llu expected=%llu", (unsigned long long)size,
             (unsigned long long)writer->plan.new_size);
    return true;
}

static void on_head(void *context, const struct answer *answer)
{
    struct writer *writer = context;
    struct picture *picture = &writer->picture;
    struct why why = {""};
    if (failed(writer, answer))
        return;
    if (PQntuples(answer->result) != 1) {
        (void)fail(&why, RETRY, "ledger.head has no row for shard %d", writer->settings.shard);
        distrust(writer, "head", &why);
        return;
    }
    uint64_t size = (uint64_t)answer_int8(answer->result, 0, 1);
    struct bytes root = answer_bytes(answer->result, 0, 3);
    if (picture->known && !settle_append(writer, size, root))
        return;
    if (picture->known && !writer->plan.made && head_is(size, root, picture->tree.frontier.size, picture->root)) {
        become_active(writer); /* nobody else wrote */
        return;
    }
    plan_undo(&writer->plan, writer->pending);
    writer_forget(writer);
    picture->generation = (uint32_t)answer_int8(answer->result, 0, 0);
    picture->next_epoch_number = (int32_t)answer_int8(answer->result, 0, 4) + 1;
    if (root.len != HASH_LEN || merkle_frontier_read(size, answer_bytes(answer->result, 0, 2), &picture->tree.frontier,
                                                     &why) != DONE) {
        distrust(writer, "head", &why);
        return;
    }
    memcpy(picture->root, root.data, HASH_LEN);
    read_with(writer, "keys", "SELECT key_no, key_id FROM ledger.key", 0, NULL, on_keys);
}

void writer_read_head(struct writer *writer)
{
    static const uint32_t types[] = {OID_INT4};
    writer_set_state(writer, WRITER_READING);
    writer->values[0] = writer_int4(writer, 0, writer->settings.shard);
    read_with(writer, "head",
              "SELECT generation, size, frontier, root, (SELECT coalesce(max(epoch_no), 0) FROM ledger.epoch)"
              " FROM ledger.head WHERE shard = $1", 1, types, on_head);
}

/* ---- for a batch ---- */

static void ask_lookups(struct writer *writer);
static void ask_edges(struct writer *writer);

static void make_and_append(struct writer *writer)
{
    struct why why = {""};
    if (plan_make(&writer->plan, &writer->picture, &why) != DONE) {
        writer->plan.made = false;
        distrust(writer, "batch", &why);
        return;
    }
    if (writer->plan.stored == 0)
        writer_committed(writer); /* all of it is in the ledger already */
    else if (writer->plan.new_size + writer->settings.batch_most > writer->picture.partition_end)
        writer_make_partitions(writer, writer_append);
    else
        writer_append(writer);
}

static void on_lookups(void *context, const struct answer *answer)
{
    struct writer *writer = context;
    struct why why = {""};
    if (failed(writer, answer))
        return;
    for (int row = 0; row < PQntuples(answer->result); row++) {
        struct bytes hash = answer_bytes(answer->result, row, 2);
        if (hash.len != HASH_LEN ||
            plan_take_lookup(&writer->plan, (int32_t)answer_int8(answer->result, row, 0),
                             (uint64_t)answer_int8(answer->result, row, 1), hash.data, &why) != DONE) {
            distrust(writer, "hashes", &why);
            return;
        }
    }
    make_and_append(writer);
}

static void ask_lookups(struct writer *writer)
{
    static const uint32_t types[] = {OID_INT4_ARRAY, OID_INT8_ARRAY};
    if (plan_lookups(&writer->plan, &writer->picture) == 0) {
        make_and_append(writer);
        return;
    }
    writer->values[0] = array_view(&writer->plan.ask_number);
    writer->values[1] = array_view(&writer->plan.ask_seq);
    read_with(writer, "hashes",
              "SELECT e.epoch_no, e.seq, sha256(e.body) FROM unnest($1::integer[], $2::bigint[]) AS w (epoch_no, seq)"
              " JOIN ledger.entry e ON e.epoch_no = w.epoch_no AND e.seq = w.seq", 2, types, on_lookups);
}

static void on_edges(void *context, const struct answer *answer)
{
    struct writer *writer = context;
    if (failed(writer, answer))
        return;
    for (int row = 0; row < PQntuples(answer->result); row++)
        plan_take_edge(&writer->plan, (int32_t)answer_int8(answer->result, row, 0), answer_bytes(answer->result, row, 1));
    ask_lookups(writer);
}

static void ask_edges(struct writer *writer)
{
    static const uint32_t types[] = {OID_INT4_ARRAY, OID_INT8_ARRAY};
    if (plan_edges(&writer->plan) == 0) {
        ask_lookups(writer);
        return;
    }
    writer->values[0] = array_view(&writer->plan.ask_number);
    writer->values[1] = array_view(&writer->plan.ask_seq);
    read_with(writer, "edges",
              "SELECT e.epoch_no, e.body FROM unnest($1::integer[], $2::bigint[]) AS w (epoch_no, seq)"
              " JOIN ledger.entry e ON e.epoch_no = w.epoch_no AND e.seq = w.seq", 2, types, on_edges);
}

static enum outcome take_epoch(struct writer *writer, const PGresult *result, int row, struct why *why)
{
    char gateway[SENDER_ID_ROOM];
    char *stored = PQgetvalue(result, row, 3);
    struct bytes epoch = answer_bytes(result, row, 2);
    struct bytes hash = answer_bytes(result, row, 5);
    snprintf(gateway, sizeof gateway, "%s", PQgetvalue(result, row, 1));
    if (epoch.len != EPOCH_LEN || (hash.len != 0 && hash.len != HASH_LEN))
        return fail(why, RETRY, "an epoch of %s has a wrong length", gateway);
    struct epoch *read = epoch_new((int32_t)answer_int8(result, row, 0), gateway, epoch.data);
    if (!read)
        return fail(why, RETRY, "out of memory");
    enum outcome outcome = epoch_load(read, stored, (uint64_t)answer_int8(result, row, 4), hash.len ? hash.data : NULL,
                                      answer_bool(result, row, 6), why);
    if (outcome != DONE) {
        epoch_free(read);
        return outcome;
    }
    return plan_take_epoch(&writer->plan, &writer->picture, read, why);
}

static void on_epochs(void *context, const struct answer *answer)
{
    struct writer *writer = context;
    struct why why = {""};
    if (failed(writer, answer))
        return;
    for (int row = 0; row < PQntuples(answer->result); row++) {
        if (take_epoch(writer, answer->result, row, &why) != DONE) {
            distrust(writer, "epochs", &why);
            return;
        }
    }
    ask_edges(writer);
}

void writer_ask(struct writer *writer)
{
    static const uint32_t types[] = {OID_TEXT_ARRAY, OID_BYTEA_ARRAY};
    if (plan_epochs(&writer->plan, &writer->picture) == 0) {
        ask_lookups(writer);
        return;
    }
    writer->values[0] = array_view(&writer->plan.ask_gateway);
    writer->values[1] = array_view(&writer->plan.ask_epoch);
    read_with(writer, "epochs",
              "SELECT e.epoch_no, e.gateway, e.epoch, e.stored::text, e.through, e.through_hash, e.disputed"
              " FROM unnest($1::text[], $2::bytea[]) AS w (gateway, epoch)"
              " JOIN ledger.epoch e ON e.gateway = w.gateway AND e.epoch = w.epoch", 2, types, on_epochs);
}
