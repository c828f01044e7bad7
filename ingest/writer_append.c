/* Transaction A: sending it, and what its answer means. */
#include "ingest/writer_private.h"

#include <string.h>

#include "ingest/failpoint.h"

enum { PARTITIONS_AHEAD = 100000 };

/* ---- partitions ---- */

static void on_partitions(void *context, const struct answer *answer)
{
    struct writer *writer = context;
    if (answer->error.outcome != DONE) {
        writer->callbacks.on_trouble(writer->callbacks.context, sql_advice_word(answer->error.advice));
        if (answer->error.advice != SQL_RECONNECT) {
            log_often(&writer->append_rate, LOG_LEVEL_ERROR, "partition_failed", "why=\"%s\"", answer->why.text);
            writer_pause(writer, "a partition cannot be made");
        }
        return;
    }
    writer->picture.partition_end = (uint64_t)answer_int8(answer->result, 0, 0);
    writer->after_partitions(writer);
}

void writer_make_partitions(struct writer *writer, void (*then)(struct writer *writer))
{
    static const uint32_t types[] = {OID_INT8, OID_INT8};
    uint64_t from = writer->plan.made ? writer->plan.old_size : writer->picture.tree.frontier.size;
    writer->after_partitions = then;
    writer->values[0] = writer_int8(writer, 0, (int64_t)from);
    writer->values[1] = writer_int8(writer, 1, (int64_t)(from + writer->settings.batch_most + PARTITIONS_AHEAD));
    const struct statement statement = {.name = "partitions", .sql = "SELECT ledger.make_partitions($1, $2)", .count = 2,
                                        .types = types, .values = writer->values, .binary_result = true,
                                        .deadline_ms = READ_MS};
    session_send(writer->session, &statement, on_partitions, writer);
}

/* ---- the append ---- */

void writer_committed(struct writer *writer)
{
    size_t stored = writer->plan.stored;
    plan_commit(&writer->plan, &writer->picture);
    FAILPOINT("after_commit");
#ifdef TEETH_RECEIPT_FIRST
    if (stored == 0)
#endif
        writer->callbacks.on_committed(writer->callbacks.context, &writer->plan, writer->picture.generation);
    FAILPOINT("after_receipt");
    plan_clear(&writer->plan);
    writer->failures = 0;
    writer->trouble = NULL;
    writer->last_stored = stored;
    writer->last_commit_ms = loop_now_ms(writer->loop);
    if (writer->batch_limit < writer->settings.batch_most)
        writer->batch_limit = writer->batch_limit * 2 < writer->settings.batch_most ? writer->batch_limit * 2
                                                                                     : writer->settings.batch_most;
    writer->callbacks.on_progress(writer->callbacks.context);
    writer->state = WRITER_IDLE;
    writer_work(writer);
}

/* Integrity and data errors of our own statement: the batch is planned anew from what the ledger says, in halves, until
 * the one envelope that brings it about stands alone. That one is let go unanswered: its sender keeps it, the others go on. */
static void own_mistake(struct writer *writer, const struct answer *answer)
{
    log_line(LOG_LEVEL_ERROR, "append_mistake", "sqlstate=%s envelopes=%zu why=\"%s\"", answer->sqlstate,
             writer->plan.count, answer->why.text);
    writer->batch_limit = writer->plan.count > 1 ? (writer->plan.count + 1) / 2 : 1;
    if (writer->plan.count == 1) {
        const struct arrival *arrival = writer->plan.items[0].arrival;
        log_line(LOG_LEVEL_ERROR, "envelope_refused", "gateway=%s seq=%llu", arrival->head.gateway,
                 (unsigned long long)arrival->head.seq);
        writer->callbacks.on_trouble(writer->callbacks.context, "refused_envelope");
        plan_clear(&writer->plan);
    }
    plan_undo(&writer->plan, writer->pending);
    writer_forget(writer);
    writer_pause(writer, "an append was refused as our mistake");
}

static void append_failed(struct writer *writer, const struct answer *answer)
{
    writer->callbacks.on_trouble(writer->callbacks.context, sql_advice_word(answer->error.advice));
    switch (answer->error.advice) {
    case SQL_AT_ONCE:
        if (writer->failures++ < 5)
            writer_append(writer);
        else
            writer_pause(writer, "the append is undone again and again");
        return;
    case SQL_FENCED:
        log_line(LOG_LEVEL_NOTICE, "fenced", "why=\"%s\"", answer->why.text);
        writer_start_over(writer);
        return;
    case SQL_NO_PARTITION:
        if (writer->failures++ == 0) {
            writer_make_partitions(writer, writer_append);
            return;
        }
        own_mistake(writer, answer);
        return;
    case SQL_OUR_MISTAKE:
        own_mistake(writer, answer);
        return;
    case SQL_REFUSED:
    case SQL_LATER:
        log_often(&writer->append_rate, LOG_LEVEL_WARN, "append_failed", "advice=%s envelopes=%zu why=\"%s\"",
                  sql_advice_word(answer->error.advice), writer->plan.count, answer->why.text);
        writer_pause(writer, answer->error.advice == SQL_REFUSED ? "the database refuses to be written"
                                                                  : "the database has trouble");
        return;
    case SQL_RECONNECT:
        if (answer->error.outcome == UNSURE)
            writer->callbacks.on_trouble(writer->callbacks.context, "unknown_commit");
        return; /* the session tells of its loss; the head will say what became of it */
    case SQL_NOTHING:
        return;
    }
}

static void on_append(void *context, const struct answer *answer)
{
    struct writer *writer = context;
    if (answer->error.outcome == DONE)
        writer_committed(writer);
    else
        append_failed(writer, answer);
}

static const char append_sql[] =
    "SELECT ledger.append($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21,"
    " $22, $23, $24, $25, $26, $27, $28)";

static const uint32_t append_types[WRITER_PARAMETERS] = {
    OID_INT4, OID_INT8, OID_BYTEA, OID_BYTEA, OID_BYTEA, OID_INT4_ARRAY, OID_BYTEA_ARRAY, OID_TEXT_ARRAY, OID_INT4_ARRAY,
    OID_TEXT_ARRAY, OID_BYTEA_ARRAY, OID_TEXT_ARRAY, OID_INT8_ARRAY, OID_BYTEA_ARRAY, OID_BOOL_ARRAY, OID_INT2_ARRAY,
    OID_INT8_ARRAY, OID_BYTEA_ARRAY, OID_INT4_ARRAY, OID_INT8_ARRAY, OID_INT4_ARRAY, OID_INT2_ARRAY, OID_BYTEA_ARRAY,
    OID_BYTEA_ARRAY, OID_BYTEA_ARRAY, OID_TEXT_ARRAY, OID_INT2_ARRAY, OID_TIMESTAMPTZ_ARRAY,
};

static void fill_values(struct writer *writer)
{
    struct plan *plan = &writer->plan;
    struct append_parameters *p = &plan->parameters;
    struct array *const arrays[] = {
        &p->key_no, &p->key_id, &p->key_owner, &p->epoch_no, &p->epoch_gateway, &p->epoch, &p->epoch_stored,
        &p->epoch_through, &p->epoch_through_hash, &p->epoch_disputed, &p->tiles.levels, &p->tiles.numbers,
        &p->tiles.hashes, &p->entry_epoch, &p->seq, &p->entry_key, &p->algorithm, &p->signature, &p->body,
        &p->certificate, &p->via, &p->lane, &p->received_at,
    };
    writer->values[0] = writer_int4(writer, 0, writer->settings.shard);
    writer->values[1] = writer_int8(writer, 1, (int64_t)plan->old_size);
    writer->values[2] = bytes_of(plan->old_root, HASH_LEN);
    writer->values[3] = buffer_view(&p->frontier);
    writer->values[4] = bytes_of(plan->new_root, HASH_LEN);
    for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++)
        writer->values[5 + i] = array_view(arrays[i]);
}

#ifdef TEETH_FOLD_IN_APPEND
/* The planted bug: content is judged before it is stored, so that what the fold cannot read stops all receipts. */
static bool content_pleases(const struct plan *plan)
{
    for (size_t i = 0; i < plan->count; i++) {
        Silsila__V1__Body *body = NULL;
        enum body_flaw flaw = BODY_SOUND;
        struct why why = {""};
        if (body_decode(plan->items[i].arrival->view.body, &body, &flaw, &why) != DONE)
            return false;
        body_free(&body);
    }
    return true;
}
#endif

void writer_append(struct writer *writer)
{
    writer_set_state(writer, WRITER_APPENDING);
#ifdef TEETH_FOLD_IN_APPEND
    if (!content_pleases(&writer->plan)) {
        writer_pause(writer, "the content does not please");
        return;
    }
#endif
#ifdef TEETH_RECEIPT_FIRST
    plan_commit(&writer->plan, &writer->picture);
    writer->callbacks.on_committed(writer->callbacks.context, &writer->plan, writer->picture.generation);
#endif
    FAILPOINT("before_send");
    fill_values(writer);
    const struct statement statement = {.name = "append", .sql = append_sql, .count = WRITER_PARAMETERS,
                                        .types = append_types, .values = writer->values, .binary_result = true,
                                        .deadline_ms = writer->settings.append_ms + 5000};
    session_send(writer->session, &statement, on_append, writer);
    FAILPOINT("after_send");
}
