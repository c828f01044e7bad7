/* Arrival: one message from the broker on its way through the ingest, from the socket to its receipt.
 *
 * One allocation holds the message's bytes and everything learnt of it; all views point into it. It is owned by exactly one
 * stage at a time (intake, verify, append, quarantine) and handed on by pointer.
 */
#ifndef INGEST_ARRIVAL_H
#define INGEST_ARRIVAL_H

#include <stddef.h>
#include <stdint.h>

#include "coldchain/envelope.h"
#include "common/bytes.h"
#include "common/keys.h"
#include "common/merkle.h"

enum lane { LANE_LIVE = 0, LANE_LATE = 1 };
enum { LANES = 2, SENDER_ID_ROOM = 33 };

/* What verify found. Only AUTHENTIC ones are stored and receipted; the others go to quarantine. */
enum authenticity {
    AUTHENTIC = 0,
    NOT_AN_ENVELOPE,  /* no envelope, or a body that names no sender, epoch and seq */
    UNKNOWN_KEY,      /* no such key was ever registered for that sender: an enrolment that comes later heals it */
    BAD_SIGNATURE,
    BAD_CERTIFICATE,
    BAD_TOPIC,        /* not a topic of the contract */
    NOT_CHECKED,      /* out of memory: as if it had never come */
    AUTHENTICITY_COUNT
};

/* The word used in metrics and in ledger.quarantine. */
const char *authenticity_word(enum authenticity authenticity);

/* How much of what came is still in the house: the measure of back-pressure. Of one thread: it makes and frees arrivals. */
struct arrival_house {
    size_t count;
    size_t bytes;
};

struct arrival {
    struct arrival *next; /* in whichever list holds it */
    struct arrival_house *house;
    int64_t arrived_us;   /* UTC, microseconds since 1970 */
    int64_t arrived_ms;   /* boot time */
    enum lane lane;
    char via[SENDER_ID_ROOM];    /* bridge that relayed it; "": none */
    char sender[SENDER_ID_ROOM]; /* as the topic names it */
    /* Written by verify: */
    enum authenticity authenticity;
    char why[96];
    struct envelope_view view;
    struct body_head head;
    uint8_t body_hash[HASH_LEN];
    merkle_hash leaf;
    size_t len;
    uint8_t raw[];
};

/* NULL: out of memory. Copies the message, the only copy there is. The house outlives its arrivals; NULL: none counts. */
struct arrival *arrival_new(struct bytes message, struct arrival_house *house);
void arrival_free(struct arrival *arrival);

/* First in, first out; no lock of its own. */
struct arrival_list {
    struct arrival *first;
    struct arrival **last; /* where the next one is hung; NULL while never used */
    size_t count;
    size_t bytes;
};

void arrival_push(struct arrival_list *list, struct arrival *arrival);
struct arrival *arrival_pop(struct arrival_list *list);
/* Moves all of `from` behind `to`. */
void arrival_join(struct arrival_list *to, struct arrival_list *from);
void arrival_free_all(struct arrival_list *list);

/* Reads `silsila/v1/up/<shard>/<sender>/<lane>` or `silsila/v1/via/<bridge>/<shard>/<sender>/<lane>` into the arrival.
 * REJECT when it is neither. */
MUST_CHECK enum outcome arrival_read_topic(struct arrival *arrival, const char *topic, struct why *why);

/* The topic again, as it came. */
void arrival_topic(const struct arrival *arrival, int shard, char *out, size_t room);

#endif
