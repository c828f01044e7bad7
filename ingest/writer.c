#include "ingest/writer_private.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/failpoint.h"

/* The first key of our advisory lock: "slsl". */
enum { LOCK_CLASS = 0x736c736c, LOCK_POLL_MS = 500, PAUSE_FIRST_MS = 50, PAUSE_MOST_MS = 5000, EPOCHS_MOST = 20000 };

static const char *const state_words[] = {
    [WRITER_AWAY] = "away",     [WRITER_STANDBY] = "standby",     [WRITER_READING] = "reading", [WRITER_IDLE] = "idle",
    [WRITER_ASKING] = "asking", [WRITER_APPENDING] = "appending", [WRITER_PAUSED] = "paused",
};

void writer_set_state(struct writer *writer, enum writer_state state)
{
    writer->state = state;
}

const char *writer_state_word(const struct writer *writer)
{
    return state_words[writer->state];
}

const char *writer_trouble(const struct writer *writer)
{
    if (writer->state == WRITER_AWAY)
        return session_trouble(writer->session);
    return writer->trouble ? writer->trouble : "";
}

bool writer_is_away(const struct writer *writer)
{
    return writer->state == WRITER_AWAY;
}

bool writer_is_active(const struct writer *writer)
{
    return writer->active;
}

uint64_t writer_size(const struct writer *writer)
{
    return writer->picture.tree.frontier.size;
}

size_t writer_backlog(const struct writer *writer)
{
    return writer->pending[LANE_LIVE].count + writer->pending[LANE_LATE].count + writer->plan.count;
}

size_t writer_backlog_bytes(const struct writer *writer)
{
    return writer->pending[LANE_LIVE].bytes + writer->pending[LANE_LATE].bytes;
}

void writer_forget(struct writer *writer)
{
    writer->callbacks.on_forget(writer->callbacks.context);
    picture_forget(&writer->picture);
}

void writer_start_over(struct writer *writer)
{
    plan_undo(&writer->plan, writer->pending);
    writer_forget(writer);
    writer_read_head(writer);
}

static void set_timer(struct writer *writer, int64_t wait_ms)
{
    loop_timer_set(writer->timer, loop_now_ms(writer->loop) + wait_ms);
}

void writer_pause(struct writer *writer, const char *trouble)
{
    int64_t wait_ms = PAUSE_FIRST_MS;
    for (unsigned i = 0; i < writer->failures && wait_ms < PAUSE_MOST_MS; i++)
        wait_ms *= 2;
    writer->failures++;
    writer->trouble = trouble;
    writer->state = WRITER_PAUSED;
    set_timer(writer, wait_ms < PAUSE_MOST_MS ? wait_ms : PAUSE_MOST_MS);
}

/* ---- the lock ---- */

static void on_lock_answer(void *context, const struct answer *answer)
{
    struct writer *writer = context;
    writer->polling = false;
    if (answer->error.outcome != DONE)
        return; /* the session tells of its loss itself; else the timer asks again */
    writer->callbacks.on_progress(writer->callbacks.context);
    if (answer_bool(answer->result, 0, 0)) {
        writer_read_head(writer);
        return;
    }
    if (writer->active) {
        writer->active = false;
        plan_undo(&writer->plan, writer->pending);
        writer_forget(writer);
        for (int lane = 0; lane < LANES; lane++)
            arrival_free_all(&writer->pending[lane]);
        writer->callbacks.on_standby(writer->callbacks.context);
    }
}

static void ask_for_lock(struct writer *writer)
{
    static const uint32_t types[] = {OID_INT4, OID_INT4};
    set_timer(writer, LOCK_POLL_MS);
    if (writer->polling || !session_is_ready(writer->session))
        return;
    writer->values[0] = writer_int4(writer, 0, LOCK_CLASS);
    writer->values[1] = writer_int4(writer, 1, writer->settings.shard);
    const struct statement statement = {.name = "lock", .sql = "SELECT pg_try_advisory_lock($1, $2)", .count = 2,
                                        .types = types, .values = writer->values, .binary_result = true,
                                        .deadline_ms = READ_MS};
    writer->polling = true;
    session_send(writer->session, &statement, on_lock_answer, writer);
}

static void on_session_ready(void *context)
{
    struct writer *writer = context;
    writer->state = WRITER_STANDBY;
    writer->polling = false;
    ask_for_lock(writer);
}

/* What was under way is settled when the head has been read again: only an append may have been applied. */
static void on_session_lost(void *context, const char *why)
{
    struct writer *writer = context;
    (void)why;
    if (!writer->plan.made) {
        /* Epochs read for the batch may lack their edges: they are not to be believed. */
        plan_undo(&writer->plan, writer->pending);
        writer_forget(writer);
    }
    writer->state = WRITER_AWAY;
    loop_timer_clear(writer->timer);
    writer->callbacks.on_progress(writer->callbacks.context);
}

/* ---- work ---- */

static size_t waiting(const struct writer *writer)
{
    return writer->pending[LANE_LIVE].count + writer->pending[LANE_LATE].count;
}

/* Under load a commit is better shared: a batch much smaller than the last one waits a moment for company. */
static bool better_wait(struct writer *writer)
{
    int64_t since_ms = loop_now_ms(writer->loop) - writer->last_commit_ms;
    return writer->last_stored > 8 && waiting(writer) < writer->batch_limit / 4 && since_ms < writer->settings.batch_wait_ms;
}

static void on_heartbeat(void *context, const struct answer *answer)
{
    struct writer *writer = context;
    if (answer->error.outcome != DONE)
        return;
    writer->state = WRITER_IDLE;
    writer->last_check_ms = loop_now_ms(writer->loop);
    writer->callbacks.on_progress(writer->callbacks.context);
    set_timer(writer, writer->settings.heartbeat_ms);
    writer_work(writer);
}

/* The same as at connecting: somebody may have turned synchronous_commit off since. */
static void beat(struct writer *writer)
{
    writer->state = WRITER_ASKING;
    session_check(writer->session, on_heartbeat, writer);
}

void writer_work(struct writer *writer)
{
    struct why why = {""};
    if (writer->state != WRITER_IDLE || !session_is_ready(writer->session))
        return;
    if (loop_now_ms(writer->loop) - writer->last_check_ms >= writer->settings.heartbeat_ms) {
        beat(writer); /* work without a pause must not put the check off */
        return;
    }
    if (waiting(writer) == 0) {
        set_timer(writer, writer->settings.heartbeat_ms);
        return;
    }
    if (better_wait(writer)) {
        loop_timer_set(writer->timer, writer->last_commit_ms + writer->settings.batch_wait_ms);
        return;
    }
    if (writer->picture.epochs.count > EPOCHS_MOST) {
        /* Memory is bounded: what is needed is read again. */
        writer->callbacks.on_forget(writer->callbacks.context);
        epoch_table_clear(&writer->picture.epochs);
    }
    FAILPOINT("before_begin");
    if (plan_fill(&writer->plan, writer->pending, writer->batch_limit, writer->settings.batch_bytes_most, &why) != DONE) {
        writer_pause(writer, "out of memory");
        return;
    }
    writer->state = WRITER_ASKING;
    writer_ask(writer);
}

static void on_timer(void *context)
{
    struct writer *writer = context;
    switch (writer->state) {
    case WRITER_STANDBY:
        ask_for_lock(writer);
        return;
    case WRITER_IDLE:
        if (waiting(writer))
            writer_work(writer);
        else if (session_is_ready(writer->session))
            beat(writer);
        return;
    case WRITER_PAUSED:
        writer->callbacks.on_progress(writer->callbacks.context);
        if (writer->plan.made) {
            writer_append(writer);
        } else {
            writer_start_over(writer);
        }
        return;
    case WRITER_AWAY:
    case WRITER_READING:
    case WRITER_ASKING:
    case WRITER_APPENDING:
        return;
    }
}

void writer_offer(struct writer *writer, struct arrival_list *arrivals)
{
    struct arrival *arrival;
    while ((arrival = arrival_pop(arrivals)))
        arrival_push(&writer->pending[arrival->lane], arrival);
    writer_work(writer);
}

/* ---- opening and closing ---- */

static enum outcome open_session(struct writer *writer, struct why *why)
{
    const struct writer_settings *settings = &writer->settings;
    /* Joins of the writer's small arrays with large tables are to go by the index, always. */
    snprintf(writer->setup, sizeof writer->setup,
             "SET idle_session_timeout = %" PRId64 "; SET idle_in_transaction_session_timeout = %" PRId64
             "; SET lock_timeout = %" PRId64 "; SET statement_timeout = %" PRId64
             "; SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_seqscan = off; SET jit = off",
             settings->silence_ms, settings->silence_ms, settings->lock_wait_ms, settings->append_ms);
    const struct session_settings session = {.name = "writer", .conninfo = settings->conninfo, .setup = writer->setup,
                                             .connect_ms = 10000, .backoff_first_ms = 100, .backoff_most_ms = 5000};
    const struct session_callbacks callbacks = {.context = writer, .on_ready = on_session_ready, .on_lost = on_session_lost};
    return session_open(&writer->session, writer->loop, &session, &callbacks, why);
}

enum outcome writer_open(struct writer **made, struct loop *loop, const struct writer_settings *settings,
                         const struct writer_callbacks *callbacks, struct why *why)
{
    struct writer *writer = calloc(1, sizeof *writer);
    if (!writer)
        return fail(why, RETRY, "out of memory");
    writer->loop = loop;
    writer->settings = *settings;
    writer->callbacks = *callbacks;
    writer->batch_limit = settings->batch_most;
    enum outcome outcome = loop_timer_new(loop, on_timer, writer, &writer->timer, why);
    if (outcome == DONE)
        outcome = open_session(writer, why);
    if (outcome != DONE)
        writer_close(&writer);
    *made = writer;
    return outcome;
}

void writer_close(struct writer **writer)
{
    struct writer *closing = *writer;
    if (!closing)
        return;
    session_close(&closing->session);
    loop_timer_free(&closing->timer);
    plan_free(&closing->plan);
    for (int lane = 0; lane < LANES; lane++)
        arrival_free_all(&closing->pending[lane]);
    picture_forget(&closing->picture);
    free(closing);
    *writer = NULL;
}

void writer_set(struct writer *writer, size_t batch_most, size_t batch_bytes_most, int64_t batch_wait_ms)
{
    writer->settings.batch_most = batch_most;
    writer->settings.batch_bytes_most = batch_bytes_most;
    writer->settings.batch_wait_ms = batch_wait_ms;
    writer->batch_limit = batch_most;
}
