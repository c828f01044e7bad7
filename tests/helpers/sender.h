/* A sender for tests of the ingest: a gateway without probes, outbox or patience, whose every byte the test decides.
 *
 * It chains and signs bodies, remembers their hashes, and believes a receipt as a gateway does: by the signature and by its
 * own hash at the end of each range. No I/O; the bench (tests/helpers/bench.h) carries its envelopes.
 */
#ifndef TESTS_HELPERS_SENDER_H
#define TESTS_HELPERS_SENDER_H

#include "coldchain/envelope.h"
#include "common/keys.h"

enum { SENDER_BODIES_MOST = 4096 };

struct sent_body {
    struct buffer envelope;
    uint8_t hash[HASH_LEN];
    bool receipted;
    unsigned receipts; /* that named it, repeated ones too */
};

struct sender {
    char id[33];
    struct key_private *key;
    uint8_t key_id[KEY_ID_LEN];
    struct buffer key_der;
    uint8_t origin[ORIGIN_LEN];
    uint8_t epoch[EPOCH_LEN];
    struct sent_body *bodies; /* bodies[seq] */
    uint64_t seq;             /* of the last one made */
    bool is_clone;            /* the key belongs to another */
};

/* A fresh key and a fresh epoch. */
void sender_make(struct sender *sender, const char *id, const uint8_t origin[ORIGIN_LEN]);
void sender_free(struct sender *sender);
/* A new epoch, all bodies forgotten. */
void sender_new_epoch(struct sender *sender);

/* Makes the next body, with one temperature block of `readings`, and signs it. Returns its seq. */
uint64_t sender_next(struct sender *sender, int readings);
/* Signs the given bytes as the body of seq `seq`; `previous` of later ones is its hash. */
void sender_sign(struct sender *sender, uint64_t seq, struct bytes body);
/* Signs any bytes into an envelope, appended to `out`; the sender remembers nothing of it. */
void sender_wrap(const struct sender *sender, struct bytes body, struct buffer *out);
/* Another sender with the same id, key, epoch and past: a card that was copied. */
void sender_clone(struct sender *sender, const struct sender *from);
/* The encoded body of a seq with one reading of `value_mc`; appended to `out`. */
void sender_body(const struct sender *sender, uint64_t seq, int readings, int32_t value_mc, struct buffer *out);
/* The envelope made for a body, under any key and with any signature bytes changed by the caller. */
struct bytes sender_envelope(const struct sender *sender, uint64_t seq);

/* Takes a receipt's payload; marks what it proves. Returns how many bodies are newly receipted. */
unsigned sender_take_receipt(struct sender *sender, struct bytes payload);
uint64_t sender_unreceipted(const struct sender *sender);

#endif
