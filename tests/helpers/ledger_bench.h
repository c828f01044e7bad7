/* Ledger bench: a real PostgreSQL, a real Mosquitto, one or two real ingests, and senders whose every byte the test decides.
 *
 * Time passes only in bench_pump(): it serves the test's own MQTT client and hands receipts to the senders they name, after
 * checking the server's signature. bench_check() asks for the invariants that hold after every fault:
 *   I1  every body a sender made is in the ledger exactly once
 *   I2  no receipt for what is not committed: senders never send a receipted body again, so that I1 shows it
 *   I5  the ledger's tree hash, frontier and tiles are those of its entries
 *   I7  every unauthenticated message was counted
 * Test code: fails the running Check test instead of returning errors.
 */
#ifndef TESTS_HELPERS_LEDGER_BENCH_H
#define TESTS_HELPERS_LEDGER_BENCH_H

#include <mosquitto.h>

#include "tests/helpers/broker.h"
#include "tests/helpers/postgres.h"
#include "tests/helpers/sender.h"

enum { BENCH_SENDERS_MOST = 64, BENCH_INGESTS = 2, BENCH_HEAL_MS = 60000 };

struct bench_ingest {
    pid_t pid; /* 0: not running */
    char config[128];
    char log[128];
};

struct bench {
    char folder[64];
    struct postgres postgres;
    struct broker broker;
    PGconn *db; /* the test's own; bench_reconnect() after the server went */
    struct mosquitto *mqtt;
    struct key_private *authority, *server;
    struct key_public *server_public;
    uint8_t origin[ORIGIN_LEN];
    struct bench_ingest ingests[BENCH_INGESTS];
    struct sender *senders[BENCH_SENDERS_MOST];
    size_t sender_count;
    unsigned receipts;         /* messages with a valid signature */
    unsigned long quarantined; /* how many bad messages the test sent */
    const char *proxy_folder;  /* where ingests find PostgreSQL instead; NULL: straight */
};

/* Servers up, origin and keys made, nothing running of ours. */
void bench_open(struct bench *bench);
/* The same with lines of postgresql.conf. */
void bench_open_on(struct bench *bench, const char *postgres_lines);
void bench_close(struct bench *bench);

/* Starts ingest number `which` with further lines of configuration; `fail` is a failpoint or NULL. */
void bench_start(struct bench *bench, int which, const char *lines, const char *fail);
/* SIGTERM, SIGKILL: waits for its end; returns its wait status. Others: only sent, returns 0. */
int bench_signal(struct bench *bench, int which, int signal);
/* Waits until it ended by itself (a failpoint). */
void bench_wait_end(struct bench *bench, int which);

/* A sender whose receipts the bench hands on and whose bodies it checks; the second form registers its key too. */
void bench_join(struct bench *bench, struct sender *sender);
void bench_add(struct bench *bench, struct sender *sender, const char *id);
void bench_register(struct bench *bench, const struct sender *sender);

void bench_publish(struct bench *bench, const char *topic, struct bytes payload);
/* Sends one envelope on the sender's live or late topic. */
void bench_send(struct bench *bench, const struct sender *sender, uint64_t seq, const char *lane);

/* Serves the MQTT client for at most `most_ms`; returns after the first thing that happened. */
void bench_pump(struct bench *bench, int most_ms);
/* Pumps until `holds` says so; fails the test after BENCH_HEAL_MS. `what` is for the message. */
void bench_until(struct bench *bench, bool (*holds)(struct bench *bench), const char *what);
/* Sends what has no receipt, again each second, until every body of every sender has one. */
void bench_deliver(struct bench *bench);
/* As bench_until, and sends what has no receipt each second meanwhile. */
void bench_deliver_until(struct bench *bench, bool (*holds)(struct bench *bench), const char *what);
/* The ingest says on its pages that it is active and ready. */
void bench_until_ready(struct bench *bench, int which);
/* A number from /metrics of an ingest; negative: not there. */
double bench_figure(const struct bench *bench, int which, const char *name);
/* Pumps for this long whatever happens: only to show that something does not happen. */
void bench_idle(struct bench *bench, int ms);

void bench_reconnect(struct bench *bench);
void bench_check(struct bench *bench);

/* True when the log of an ingest holds the text. */
bool bench_log_has(const struct bench *bench, int which, const char *text);
/* A page of an ingest's HTTP listener: status code returned, body in `out` (NUL-terminated, cut). 0: no answer. */
int bench_page(const struct bench *bench, int which, const char *path, char *out, size_t room);

#endif
