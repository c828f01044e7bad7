/* What the files of the writer share: writer.c (states), writer_read.c (what is read at start and for a batch),
 * writer_append.c (transaction A and what becomes of it). Nobody else includes this.
 */
#ifndef INGEST_WRITER_PRIVATE_H
#define INGEST_WRITER_PRIVATE_H

#include "common/log.h"
#include "ingest/writer.h"

enum writer_state { WRITER_AWAY, WRITER_STANDBY, WRITER_READING, WRITER_IDLE, WRITER_ASKING, WRITER_APPENDING, WRITER_PAUSED };

enum { WRITER_PARAMETERS = 28, READ_MS = 30000 };

struct writer {
    struct loop *loop;
    struct writer_settings settings;
    struct writer_callbacks callbacks;
    struct session *session;
    struct loop_timer *timer; /* poll for the lock, heartbeat, end of a pause, wait for company */
    enum writer_state state;
    bool active;      /* on_active was said last, not on_standby */
    bool polling;     /* the question for the lock is on its way */
    struct picture picture;
    struct plan plan;
    struct arrival_list pending[LANES];
    size_t batch_limit; /* below batch_most after a mistake of ours, to find the envelope that brings it about */
    unsigned failures;  /* of the batch under way */
    size_t last_stored;
    int64_t last_commit_ms;
    int64_t last_check_ms; /* that the server is still one to be trusted */
    char setup[512];
    void (*after_partitions)(struct writer *writer);
    /* Parameters of the statement under way. */
    uint8_t numbers[4][8];
    struct bytes values[WRITER_PARAMETERS];
    const char *trouble;
    struct log_rate append_rate, read_rate;
};

/* writer.c */
void writer_set_state(struct writer *writer, enum writer_state state);
/* Begins a batch if there is something to do and the state allows it. */
void writer_work(struct writer *writer);
/* After an error that left the session whole: the same step again in a while (`again` runs then). */
void writer_pause(struct writer *writer, const char *trouble);
/* Gives the batch back and forgets the picture; the head is read again. */
void writer_start_over(struct writer *writer);
void writer_forget(struct writer *writer);

/* writer_read.c */
void writer_read_head(struct writer *writer);
void writer_ask(struct writer *writer);
/* A parameter of four or eight bytes in slot `slot` of numbers. */
struct bytes writer_int4(struct writer *writer, int slot, int32_t value);
struct bytes writer_int8(struct writer *writer, int slot, int64_t value);

/* writer_append.c */
void writer_append(struct writer *writer);
void writer_committed(struct writer *writer);
void writer_make_partitions(struct writer *writer, void (*then)(struct writer *writer));

#endif
