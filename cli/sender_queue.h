/* The places a sender still waits for receipts of, in the order they go out. Pure but for its own memory. */
#ifndef CLI_SENDER_QUEUE_H
#define CLI_SENDER_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/sender.h"

struct sender_waiting {
    struct sender_place place;
    int64_t sent_ms; /* boot time; 0: not sent, or to be sent again */
};

struct sender_queue {
    struct sender_waiting *waiting;
    size_t count, room;
    size_t on_the_way; /* of them sent and not overdue */
    size_t next;       /* where the search for the next to send begins */
    bool failed;
};

void sender_queue_clear(struct sender_queue *queue);
void sender_queue_free(struct sender_queue *queue);
/* False: no memory, and `failed` is set. */
bool sender_queue_add(struct sender_queue *queue, const uint8_t epoch[16], uint64_t seq);
/* An order drawn from the seed, the same each time. */
void sender_queue_shuffle(struct sender_queue *queue, uint64_t seed);
/* The first that is not on the way, NULL when all are. */
const struct sender_place *sender_queue_next(struct sender_queue *queue);
/* That one was sent. */
void sender_queue_sent(struct sender_queue *queue, int64_t now_ms);
/* Those sent before this instant are to be sent again. */
void sender_queue_overdue(struct sender_queue *queue, int64_t before_ms);
/* Takes a range of seqs of an epoch off. */
void sender_queue_receipted(struct sender_queue *queue, const uint8_t epoch[16], uint64_t from, uint64_t to);

#endif
