#include "ingest/session.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "common/backoff.h"
#include "common/log.h"
#include "schema/migrations.h"

enum { PREPARED_MOST = 24 };

enum state { WAITING, CONNECTING, CHECKING, SETTING_UP, READY, PREPARING, EXECUTING };

static const char *const state_words[] = {
    [WAITING] = "waiting",       [CONNECTING] = "connecting", [CHECKING] = "checking", [SETTING_UP] = "setting_up",
    [READY] = "ready",           [PREPARING] = "preparing",   [EXECUTING] = "executing",
};

static const char check_sql[] =
    "SELECT pg_is_in_recovery()::text, current_setting('synchronous_commit'), current_setting('default_transaction_read_only'),"
    " current_setting('transaction_read_only'), (SELECT coalesce(max(number), 0) FROM ledger.migration)::text,"
    " ledger.least_program()::text, current_setting('fsync')";

struct session {
    struct loop *loop;
    struct session_settings settings;
    struct session_callbacks callbacks;
    enum state state;
    PGconn *connection;
    struct loop_watch *watch;
    struct loop_timer *timer; /* the state's deadline; while WAITING the end of the backoff */
    struct backoff backoff;
    const char *prepared[PREPARED_MOST];
    int prepared_count;
    /* The statement under way. */
    bool busy;
    bool checking_again;
    struct statement statement;
    void (*on_answer)(void *context, const struct answer *answer);
    void *answer_context;
    PGresult *result; /* the last one, or the first that is an error */
    bool send_failed;
    bool fsync_complained;
    char trouble[256];
    struct log_rate lost_rate;
};

static void on_io(void *context, unsigned events);
static void start_connecting(struct session *session);

bool session_is_ready(const struct session *session)
{
    return session->state == READY && !session->busy;
}

const char *session_state_word(const struct session *session)
{
    return state_words[session->state];
}

const char *session_trouble(const struct session *session)
{
    return session->trouble;
}

static void set_deadline(struct session *session, int64_t wait_ms)
{
    loop_timer_set(session->timer, loop_now_ms(session->loop) + wait_ms);
}

static uint32_t random_number(void)
{
    uint32_t number = 0;
    (void)!getrandom(&number, sizeof number, 0);
    return number;
}

static void drop_connection(struct session *session)
{
    loop_watch_remove(&session->watch);
    PQfinish(session->connection);
    session->connection = NULL;
    session->prepared_count = 0;
}

static void clear_result(struct session *session)
{
    PQclear(session->result);
    session->result = NULL;
}

/* Gives the statement under way its answer. The session is ready for the next statement when this is called with DONE
 * or an error that left the session whole, so that on_answer may send it. */
static void give_answer(struct session *session, struct sql_error error, const char *sqlstate, const char *text)
{
    struct answer answer = {.error = error, .sqlstate = sqlstate ? sqlstate : ""};
    if (error.outcome != DONE)
        (void)fail(&answer.why, error.outcome, "%.*s", (int)strcspn(text, "\n"), text);
    else
        answer.result = session->result;
    PGresult *result = session->result;
    session->result = NULL;
    session->busy = false;
    session->checking_again = false;
    session->on_answer(session->answer_context, &answer);
    PQclear(result);
}

/* The session is of no use any more: the statement under way is answered, the owner told, a new one comes later. */
static void lose(struct session *session, const char *text)
{
    struct log_quoted quoted;
    bool sent = session->state == EXECUTING && !session->send_failed;
    bool was_ready = session->state >= READY;
    snprintf(session->trouble, sizeof session->trouble, "%.*s", (int)strcspn(text, "\n"), text);
    clear_result(session);
    drop_connection(session);
    session->state = WAITING;
    session->send_failed = false;
    int64_t wait_ms = backoff_next_ms(&session->backoff, random_number());
    set_deadline(session, wait_ms);
    log_often(&session->lost_rate, LOG_LEVEL_WARN, "database_lost", "session=%s why=%s again_ms=%lld",
              session->settings.name, log_text(&quoted, session->trouble), (long long)wait_ms);
    if (session->busy)
        give_answer(session, sql_judge(NULL, true, sent), NULL, session->trouble);
    if (was_ready)
        session->callbacks.on_lost(session->callbacks.context, session->trouble);
}

void session_abandon(struct session *session, const char *why)
{
    if (session->state != WAITING)
        lose(session, why);
}

/* The answer to check_sql. Fills `text` and returns false when this server must not be trusted with anything. */
static bool check_holds(struct session *session, const PGresult *result, struct why *why)
{
    if (PQresultStatus(result) != PGRES_TUPLES_OK || PQntuples(result) != 1) {
        const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
        bool no_schema = state && (strcmp(state, "42P01") == 0 || strcmp(state, "3F000") == 0 || strcmp(state, "42883") == 0);
        (void)fail(why, RETRY, "%s", no_schema ? "the database has no schema: run silsila migrate" : PQresultErrorMessage(result));
        return false;
    }
    if (strcmp(PQgetvalue(result, 0, 0), "false") != 0)
        (void)fail(why, RETRY, "the server is in recovery: a standby");
    else if (strcmp(PQgetvalue(result, 0, 1), "off") == 0)
        (void)fail(why, RETRY, "synchronous_commit is off: what it calls committed may be lost");
    else if (strcmp(PQgetvalue(result, 0, 2), "off") != 0 || strcmp(PQgetvalue(result, 0, 3), "off") != 0)
        (void)fail(why, RETRY, "the server is read-only (default_transaction_read_only)");
    else if (strtol(PQgetvalue(result, 0, 4), NULL, 10) < schema_version())
        (void)fail(why, RETRY, "the schema is at %s, this program needs %d: run silsila migrate",
                   PQgetvalue(result, 0, 4), schema_version());
    else if (strtol(PQgetvalue(result, 0, 5), NULL, 10) > schema_version())
        (void)fail(why, RETRY, "the schema needs a program that knows %s, this one knows %d", PQgetvalue(result, 0, 5),
                   schema_version());
    else {
        if (strcmp(PQgetvalue(result, 0, 6), "off") == 0 && !session->fsync_complained) {
            session->fsync_complained = true;
            log_line(LOG_LEVEL_NOTICE, "fsync_off", "session=%s", session->settings.name);
        }
        return true;
    }
    return false;
}

static void become_ready(struct session *session)
{
    session->state = READY;
    session->trouble[0] = '\0';
    backoff_succeeded(&session->backoff);
    loop_timer_clear(session->timer);
    session->callbacks.on_ready(session->callbacks.context);
}

/* Watches for what libpq waits for, on whichever socket it uses now. */
static bool watch_socket(struct session *session, unsigned events)
{
    struct why why = {""};
    loop_watch_remove(&session->watch);
    return loop_watch_add(session->loop, PQsocket(session->connection), events, on_io, session, &session->watch, &why) ==
           DONE;
}

/* Sends what libpq still holds; keeps watching for room when the socket is full. */
static void flush(struct session *session)
{
    int left = PQflush(session->connection);
    if (left < 0)
        session->send_failed = false; /* part of it may have gone */
    loop_watch_change(session->watch, left > 0 ? LOOP_READ | LOOP_WRITE : LOOP_READ);
}

static void run_simple(struct session *session, enum state state, const char *sql)
{
    session->state = state;
    if (!PQsendQuery(session->connection, sql)) {
        lose(session, PQerrorMessage(session->connection));
        return;
    }
    flush(session);
}

static void step_connecting(struct session *session)
{
    PostgresPollingStatusType next = PQconnectPoll(session->connection);
    if (next == PGRES_POLLING_FAILED) {
        lose(session, PQerrorMessage(session->connection));
    } else if (next == PGRES_POLLING_OK) {
        if (!watch_socket(session, LOOP_READ) || PQsetnonblocking(session->connection, 1) != 0)
            lose(session, "cannot watch the socket");
        else
            run_simple(session, CHECKING, check_sql);
    } else if (!watch_socket(session, next == PGRES_POLLING_READING ? LOOP_READ : LOOP_WRITE)) {
        lose(session, "cannot watch the socket");
    }
}

static bool is_prepared(const struct session *session, const char *name)
{
    for (int i = 0; i < session->prepared_count; i++)
        if (strcmp(session->prepared[i], name) == 0)
            return true;
    return false;
}

static void execute(struct session *session)
{
    const struct statement *statement = &session->statement;
    const char *values[SESSION_PARAMETERS_MOST];
    int lengths[SESSION_PARAMETERS_MOST];
    int formats[SESSION_PARAMETERS_MOST];
    for (int i = 0; i < statement->count; i++) {
        values[i] = (const char *)statement->values[i].data;
        lengths[i] = (int)statement->values[i].len;
        formats[i] = 1;
    }
    session->state = EXECUTING;
    session->send_failed = !PQsendQueryPrepared(session->connection, statement->name, statement->count, values, lengths,
                                                formats, statement->binary_result);
    if (session->send_failed)
        loop_timer_set(session->timer, loop_now_ms(session->loop)); /* answered from the loop */
    else
        flush(session);
}

void session_send(struct session *session, const struct statement *statement,
                  void (*on_answer)(void *context, const struct answer *answer), void *context)
{
    session->busy = true;
    session->statement = *statement;
    session->on_answer = on_answer;
    session->answer_context = context;
    set_deadline(session, statement->deadline_ms);
    if (is_prepared(session, statement->name)) {
        execute(session);
        return;
    }
    session->state = PREPARING;
    if (PQsendPrepare(session->connection, statement->name, statement->sql, statement->count,
                      (const Oid *)statement->types)) {
        flush(session);
    } else {
        session->send_failed = true;
        loop_timer_set(session->timer, loop_now_ms(session->loop));
    }
}

void session_check(struct session *session, void (*on_answer)(void *context, const struct answer *answer), void *context)
{
    session->busy = true;
    session->checking_again = true;
    session->on_answer = on_answer;
    session->answer_context = context;
    session->state = EXECUTING;
    set_deadline(session, session->settings.connect_ms);
    session->send_failed = !PQsendQuery(session->connection, check_sql);
    if (session->send_failed)
        loop_timer_set(session->timer, loop_now_ms(session->loop));
    else
        flush(session);
}

/* A statement has ended with an error of the server's. */
static void statement_failed(struct session *session)
{
    char sqlstate[6] = "";
    char text[256];
    const char *state = PQresultErrorField(session->result, PG_DIAG_SQLSTATE);
    const char *severity = PQresultErrorField(session->result, PG_DIAG_SEVERITY_NONLOCALIZED);
    const char *primary = PQresultErrorField(session->result, PG_DIAG_MESSAGE_PRIMARY);
    bool fatal = PQstatus(session->connection) != CONNECTION_OK ||
                 (severity && (strcmp(severity, "FATAL") == 0 || strcmp(severity, "PANIC") == 0));
    snprintf(sqlstate, sizeof sqlstate, "%s", state ? state : "");
    snprintf(text, sizeof text, "%s%s%s", sqlstate, sqlstate[0] ? " " : "",
             primary ? primary : PQerrorMessage(session->connection));
    struct sql_error error = sql_judge(sqlstate, fatal, session->state == EXECUTING);
    session->state = READY;
    loop_timer_clear(session->timer);
    give_answer(session, error, sqlstate, text);
    /* on_answer may have abandoned the session or sent something; only a still idle one is given up here. */
    if (error.advice == SQL_RECONNECT && session->connection && !session->busy)
        lose(session, text);
}

/* The server is ready again: the step under way is over, its last result is in session->result. */
static void step_ended(struct session *session)
{
    ExecStatusType status = PQresultStatus(session->result);
    bool good = status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
    struct why why = {""};
    switch (session->state) {
    case CHECKING:
        if (!check_holds(session, session->result, &why)) {
            lose(session, why.text);
            return;
        }
        clear_result(session);
        if (session->settings.setup)
            run_simple(session, SETTING_UP, session->settings.setup);
        else
            become_ready(session);
        return;
    case SETTING_UP:
        if (!good) {
            (void)fail(&why, RETRY, "%s", PQresultErrorMessage(session->result));
            lose(session, why.text);
            return;
        }
        clear_result(session);
        become_ready(session);
        return;
    case PREPARING:
        if (!good) {
            statement_failed(session);
            return;
        }
        clear_result(session);
        if (session->prepared_count < PREPARED_MOST)
            session->prepared[session->prepared_count++] = session->statement.name;
        execute(session);
        return;
    case EXECUTING:
        if (session->checking_again && !check_holds(session, session->result, &why)) {
            lose(session, why.text);
        } else if (!good) {
            statement_failed(session);
        } else {
            session->state = READY;
            loop_timer_clear(session->timer);
            give_answer(session, (struct sql_error){DONE, SQL_NOTHING}, NULL, "");
        }
        return;
    case WAITING:
    case CONNECTING:
    case READY:
        clear_result(session);
        return;
    }
}

static void tell_notifications(struct session *session)
{
    PGnotify *notify;
    while (session->connection && (notify = PQnotifies(session->connection))) {
        if (session->callbacks.on_notify)
            session->callbacks.on_notify(session->callbacks.context, notify->relname);
        PQfreemem(notify);
    }
}

static void read_results(struct session *session)
{
    if (!PQconsumeInput(session->connection)) {
        lose(session, PQerrorMessage(session->connection));
        return;
    }
    tell_notifications(session);
    bool waits = session->state == CHECKING || session->state == SETTING_UP || session->state >= PREPARING;
    while (waits && session->connection && !PQisBusy(session->connection)) {
        PGresult *result = PQgetResult(session->connection);
        if (!result) {
            step_ended(session);
            tell_notifications(session);
            return;
        }
        if (!session->result || PQresultStatus(session->result) != PGRES_FATAL_ERROR) {
            PQclear(session->result);
            session->result = result;
        } else {
            PQclear(result);
        }
    }
}

static void on_io(void *context, unsigned events)
{
    struct session *session = context;
    if (session->state == CONNECTING) {
        step_connecting(session);
        return;
    }
    if (events & LOOP_WRITE)
        flush(session);
    if (events & (LOOP_READ | LOOP_HANGUP))
        read_results(session);
}

static void start_connecting(struct session *session)
{
    const char *const keys[] = {"dbname", "application_name", "client_encoding", "tcp_user_timeout", "keepalives_idle",
                                NULL};
    char name[64];
    snprintf(name, sizeof name, "silsila-ingest %s", session->settings.name);
    const char *const values[] = {session->settings.conninfo, name, "UTF8", "10000", "5", NULL};
    session->state = CONNECTING;
    set_deadline(session, session->settings.connect_ms);
    session->connection = PQconnectStartParams(keys, values, 1);
    if (!session->connection || PQstatus(session->connection) == CONNECTION_BAD)
        lose(session, session->connection ? PQerrorMessage(session->connection) : "out of memory");
    else if (!watch_socket(session, LOOP_WRITE))
        lose(session, "cannot watch the socket");
}

static void on_timer(void *context)
{
    struct session *session = context;
    if (session->state == WAITING) {
        start_connecting(session);
        return;
    }
    if (session->state == READY)
        return;
    char text[320];
    if (session->send_failed)
        snprintf(text, sizeof text, "%s", PQerrorMessage(session->connection));
    else
        snprintf(text, sizeof text, "no answer in time while %s%s%s", session_state_word(session),
                 session->busy && !session->checking_again ? " " : "",
                 session->busy && !session->checking_again ? session->statement.name : "");
    lose(session, text);
}

enum outcome session_open(struct session **made, struct loop *loop, const struct session_settings *settings,
                          const struct session_callbacks *callbacks, struct why *why)
{
    struct session *session = calloc(1, sizeof *session);
    if (!session)
        return fail(why, RETRY, "out of memory");
    session->loop = loop;
    session->settings = *settings;
    session->callbacks = *callbacks;
    session->backoff = (struct backoff){.first_ms = settings->backoff_first_ms, .most_ms = settings->backoff_most_ms};
    session->state = WAITING;
    snprintf(session->trouble, sizeof session->trouble, "not connected yet");
    enum outcome outcome = loop_timer_new(loop, on_timer, session, &session->timer, why);
    if (outcome != DONE) {
        free(session);
        return outcome;
    }
    set_deadline(session, 0);
    *made = session;
    return DONE;
}

void session_close(struct session **session)
{
    struct session *closing = *session;
    if (!closing)
        return;
    clear_result(closing);
    drop_connection(closing);
    loop_timer_free(&closing->timer);
    free(closing);
    *session = NULL;
}

int64_t answer_int8(const PGresult *result, int row, int column)
{
    const unsigned char *at = (const unsigned char *)PQgetvalue(result, row, column);
    int len = PQgetlength(result, row, column);
    int64_t value = len > 0 && at[0] & 0x80 ? -1 : 0;
    for (int i = 0; i < len; i++)
        value = (int64_t)((uint64_t)value << 8 | at[i]);
    return value;
}

struct bytes answer_bytes(const PGresult *result, int row, int column)
{
    return bytes_of(PQgetvalue(result, row, column), (size_t)PQgetlength(result, row, column));
}

bool answer_bool(const PGresult *result, int row, int column)
{
    return PQgetlength(result, row, column) == 1 && PQgetvalue(result, row, column)[0] != 0;
}
