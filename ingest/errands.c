#include "ingest/errands.h"

#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "ingest/session.h"

enum { ERRAND_MS = 30000, TICK_MS = 1000, OUTGOING_AT_ONCE = 200 };

struct errands {
    struct loop *loop;
    struct keyring *keyring;
    struct errands_callbacks callbacks;
    struct session *session;
    struct loop_timer *timer;
    struct buffer authority;
    bool want_origin, want_keys, want_outgoing, want_retained;
    bool under_way;
    struct quarantine quarantine, leaving; /* filling, and on its way to the database */
    bool is_leaving;
    struct bytes values[QUARANTINE_PARAMETERS];
    struct array sent;
    char retained_after[256]; /* topic up to which the retained ones were published in this round */
    struct buffer message;
    struct log_rate rate;
};

static void go_on(struct errands *errands);

static bool failed(struct errands *errands, const struct answer *answer, const char *what)
{
    errands->under_way = false;
    if (answer->error.outcome == DONE)
        return false;
    if (answer->error.advice != SQL_RECONNECT)
        log_often(&errands->rate, LOG_LEVEL_WARN, "errand_failed", "what=%s why=\"%s\"", what, answer->why.text);
    loop_timer_set(errands->timer, loop_now_ms(errands->loop) + TICK_MS);
    return true;
}

static void run(struct errands *errands, const char *name, const char *sql, int count, const uint32_t *types,
                void (*on_answer)(void *context, const struct answer *answer))
{
    const struct statement statement = {.name = name, .sql = sql, .count = count, .types = types,
                                        .values = errands->values, .binary_result = true, .deadline_ms = ERRAND_MS};
    errands->under_way = true;
    session_send(errands->session, &statement, on_answer, errands);
}

/* ---- origin and keys ---- */

static void on_origin(void *context, const struct answer *answer)
{
    struct errands *errands = context;
    struct why why = {""};
    if (failed(errands, answer, "origin"))
        return;
    if (PQntuples(answer->result) != 1) {
        log_often(&errands->rate, LOG_LEVEL_WARN, "no_origin", "why=\"the ledger has no origin yet: run silsila init\"");
        return; /* the tick asks again */
    }
    struct bytes origin = answer_bytes(answer->result, 0, 0);
    struct bytes authority = answer_bytes(answer->result, 0, 1);
    buffer_reset(&errands->authority);
    buffer_add(&errands->authority, authority.data, authority.len);
    if (origin.len != ORIGIN_LEN || errands->authority.failed ||
        keyring_set_authority(errands->keyring, origin.data, authority, &why) != DONE) {
        log_often(&errands->rate, LOG_LEVEL_ERROR, "bad_origin", "why=\"%s\"", why.text);
        return;
    }
    errands->want_origin = false;
    go_on(errands);
}

static void on_keys(void *context, const struct answer *answer)
{
    struct errands *errands = context;
    struct why why = {""};
    if (failed(errands, answer, "keys")) {
        errands->want_keys = true;
        return;
    }
    for (int row = 0; row < PQntuples(answer->result); row++) {
        struct bytes key_id = answer_bytes(answer->result, row, 0);
        const char *owner = PQgetvalue(answer->result, row, 1);
        if (key_id.len != KEY_ID_LEN ||
            keyring_add(errands->keyring, key_id.data, owner, answer_bytes(answer->result, row, 2), &why) != DONE)
            log_often(&errands->rate, LOG_LEVEL_WARN, "key_unusable", "owner=%s why=\"%s\"", owner, why.text);
    }
    errands->callbacks.on_keys(errands->callbacks.context);
    go_on(errands);
}

/* ---- outgoing ---- */

static bool purpose_of(const char *word, enum purpose *purpose)
{
    static const enum purpose known[] = {PURPOSE_CONFIG, PURPOSE_NOTICE, PURPOSE_BOOK};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strcmp(word, purpose_word(known[i])) == 0) {
            *purpose = known[i];
            return true;
        }
    }
    return false;
}

/* Signs and publishes one row: topic, purpose, retained, payload from `column` on. */
static enum outcome send_row(struct errands *errands, const PGresult *result, int row, int column, struct why *why)
{
    const struct signer *signer = errands->callbacks.signer(errands->callbacks.context);
    enum purpose purpose;
    if (!signer)
        return fail(why, RETRY, "no server key may be used now");
    if (!purpose_of(PQgetvalue(result, row, column + 1), &purpose))
        return fail(why, REJECT, "no purpose %s", PQgetvalue(result, row, column + 1));
    buffer_reset(&errands->message);
    enum outcome outcome = signer_seal(signer, purpose, answer_bytes(result, row, column + 3), &errands->message, why);
    if (outcome != DONE)
        return outcome;
    return errands->callbacks.publish(errands->callbacks.context, PQgetvalue(result, row, column),
                                      buffer_view(&errands->message), answer_bool(result, row, column + 2), why);
}

static void on_marked(void *context, const struct answer *answer)
{
    struct errands *errands = context;
    errands->want_outgoing = true; /* there may be more; and if marking failed they are sent again, which harms nobody */
    if (!failed(errands, answer, "outgoing"))
        go_on(errands);
}

static void on_outgoing(void *context, const struct answer *answer)
{
    static const uint32_t types[] = {OID_INT8_ARRAY};
    struct errands *errands = context;
    struct why why = {""};
    if (failed(errands, answer, "outgoing")) {
        errands->want_outgoing = true;
        return;
    }
    array_begin(&errands->sent, OID_INT8);
    for (int row = 0; row < PQntuples(answer->result); row++) {
        enum outcome outcome = send_row(errands, answer->result, row, 1, &why);
        if (outcome == RETRY || outcome == UNSURE) {
            errands->want_outgoing = true; /* the broker is away or behind: the tick tries again */
            break;
        }
        if (outcome == REJECT)
            log_often(&errands->rate, LOG_LEVEL_ERROR, "outgoing_unusable", "why=\"%s\"", why.text);
        array_int8(&errands->sent, answer_int8(answer->result, row, 0));
    }
    if (errands->sent.count == 0) {
        if (!errands->want_outgoing)
            go_on(errands);
        return;
    }
    errands->values[0] = array_view(&errands->sent);
    run(errands, "mark", "UPDATE silsila.outgoing SET sent_at = now() WHERE id = ANY ($1)", 1, types, on_marked);
}

/* One portion of what is retained, by topic: the latest message of each. */
static void on_retained(void *context, const struct answer *answer)
{
    struct errands *errands = context;
    struct why why = {""};
    if (failed(errands, answer, "retained")) {
        errands->want_retained = true;
        return;
    }
    int rows = PQntuples(answer->result);
    for (int row = 0; row < rows; row++) {
        if (send_row(errands, answer->result, row, 0, &why) == RETRY)
            return; /* from the beginning when the broker is back */
        snprintf(errands->retained_after, sizeof errands->retained_after, "%s", PQgetvalue(answer->result, row, 0));
    }
    errands->want_retained = rows == OUTGOING_AT_ONCE;
    go_on(errands);
}

static void ask_retained(struct errands *errands)
{
    static const uint32_t types[] = {OID_TEXT};
    errands->want_retained = false;
    errands->values[0] = bytes_of(errands->retained_after, strlen(errands->retained_after));
    run(errands, "retained",
        "SELECT DISTINCT ON (topic) topic, purpose, retained, payload FROM silsila.outgoing"
        " WHERE retained AND topic > $1 ORDER BY topic, id DESC LIMIT 200", 1, types, on_retained);
}

void errands_publish_retained(struct errands *errands)
{
    errands->retained_after[0] = '\0';
    errands->want_retained = errands->want_outgoing = true;
    go_on(errands);
}

/* ---- quarantine ---- */

static void on_quarantined(void *context, const struct answer *answer)
{
    struct errands *errands = context;
    if (failed(errands, answer, "quarantine"))
        return; /* the same again at the next tick: after an unknown commit it may count twice, never not at all */
    errands->is_leaving = false;
    go_on(errands);
}

static void store_quarantine(struct errands *errands)
{
    static const uint32_t types[] = {OID_DATE_ARRAY, OID_TEXT_ARRAY, OID_TEXT_ARRAY, OID_INT8_ARRAY, OID_TIMESTAMPTZ_ARRAY,
                                     OID_TEXT_ARRAY, OID_TEXT_ARRAY, OID_TEXT_ARRAY, OID_INT4_ARRAY, OID_BYTEA_ARRAY};
    if (!errands->is_leaving) {
        struct quarantine aside = errands->leaving;
        errands->leaving = errands->quarantine;
        errands->quarantine = aside;
        quarantine_begin(&errands->quarantine);
        errands->is_leaving = true;
    }
    quarantine_values(&errands->leaving, errands->values);
    run(errands, "quarantine", "SELECT ledger.quarantine_add($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        QUARANTINE_PARAMETERS, types, on_quarantined);
}

void errands_quarantine(struct errands *errands, const struct arrival *arrival, const char *topic)
{
    quarantine_add(&errands->quarantine, arrival, topic);
}

/* ---- one thing at a time ---- */

static void go_on(struct errands *errands)
{
    if (errands->under_way || !session_is_ready(errands->session))
        return;
    if (errands->want_origin) {
        run(errands, "origin", "SELECT origin, authority_key FROM ledger.origin", 0, NULL, on_origin);
    } else if (errands->want_keys) {
        errands->want_keys = false;
        run(errands, "keys", "SELECT key_id, owner, public_key FROM silsila.key", 0, NULL, on_keys);
    } else if (errands->want_outgoing && errands->callbacks.signer(errands->callbacks.context)) {
        errands->want_outgoing = false;
        run(errands, "outgoing",
            "SELECT id, topic, purpose, retained, payload FROM silsila.outgoing WHERE sent_at IS NULL ORDER BY id LIMIT 200",
            0, NULL, on_outgoing);
    } else if (errands->want_retained && errands->callbacks.signer(errands->callbacks.context)) {
        ask_retained(errands);
    } else if (errands->is_leaving) {
        store_quarantine(errands);
    }
}

static void on_tick(void *context)
{
    struct errands *errands = context;
    loop_timer_set(errands->timer, loop_now_ms(errands->loop) + TICK_MS);
    if (errands->under_way || !session_is_ready(errands->session))
        return;
    go_on(errands);
    if (!errands->under_way && session_is_ready(errands->session) && !quarantine_is_empty(&errands->quarantine))
        store_quarantine(errands);
}

static void on_ready(void *context)
{
    struct errands *errands = context;
    /* Everything may have changed while nobody listened. */
    errands->under_way = false;
    errands->want_keys = errands->want_outgoing = true;
    go_on(errands);
}

static void on_lost(void *context, const char *why)
{
    struct errands *errands = context;
    (void)why;
    errands->under_way = false;
}

static void on_notify(void *context, const char *channel)
{
    struct errands *errands = context;
    if (strcmp(channel, "silsila_keys") == 0)
        errands->want_keys = true;
    else
        errands->want_outgoing = true;
    go_on(errands);
}

enum outcome errands_open(struct errands **made, struct loop *loop, const char *conninfo, struct keyring *keyring,
                          const struct errands_callbacks *callbacks, struct why *why)
{
    struct errands *errands = calloc(1, sizeof *errands);
    if (!errands)
        return fail(why, RETRY, "out of memory");
    errands->loop = loop;
    errands->keyring = keyring;
    errands->callbacks = *callbacks;
    errands->want_origin = true;
    quarantine_begin(&errands->quarantine);
    quarantine_begin(&errands->leaving);
    const struct session_settings session = {.name = "errands", .conninfo = conninfo,
                                             .setup = "LISTEN silsila_keys; LISTEN silsila_outgoing;"
                                                      " SET lock_timeout = 5000; SET statement_timeout = 20000",
                                             .connect_ms = 10000, .backoff_first_ms = 100, .backoff_most_ms = 5000};
    const struct session_callbacks session_callbacks = {.context = errands, .on_ready = on_ready, .on_lost = on_lost,
                                                        .on_notify = on_notify};
    enum outcome outcome = loop_timer_new(loop, on_tick, errands, &errands->timer, why);
    if (outcome == DONE)
        outcome = session_open(&errands->session, loop, &session, &session_callbacks, why);
    if (outcome == DONE)
        loop_timer_set(errands->timer, loop_now_ms(loop) + TICK_MS);
    *made = errands;
    if (outcome != DONE)
        errands_close(made);
    return outcome;
}

void errands_close(struct errands **errands)
{
    struct errands *closing = *errands;
    if (!closing)
        return;
    session_close(&closing->session);
    loop_timer_free(&closing->timer);
    buffer_free(&closing->authority);
    buffer_free(&closing->message);
    quarantine_free(&closing->quarantine);
    quarantine_free(&closing->leaving);
    array_free(&closing->sent);
    free(closing);
    *errands = NULL;
}

struct bytes errands_authority(const struct errands *errands)
{
    return errands->want_origin ? bytes_of(NULL, 0) : buffer_view(&errands->authority);
}

const char *errands_trouble(const struct errands *errands)
{
    return session_trouble(errands->session);
}
