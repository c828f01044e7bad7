/* Send plan: which envelope goes next, on which lane, and when one goes again. Pure: the caller brings the time, a random
 * number and what the outbox holds; nothing here knows a socket or a file, so that thousands of lives are simulated in one
 * test.
 *
 * Rules:
 *   1. an envelope is on the way from its first sending until a receipt names it; nothing else ends that
 *   2. one without a receipt goes again after resend_first_ms, then after twice as long each time up to resend_most_ms,
 *      each wait shortened by up to a half at random; at a reconnect soon, for the broker before may have lost it; and
 *      after resend_first_ms when a receipt names something that went later, for then it was lost on the way
 *   3. at most `window` envelopes are on the way, a few more for the live lane, so that back-fill cannot shut it out
 *   4. live: sealed since the link came up. Late: everything else, oldest epoch first, by seq, and all that goes again
 */
#ifndef GATEWAY_SEND_PLAN_H
#define GATEWAY_SEND_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SEND_WINDOW_FIRST = 16, SEND_WINDOW_MOST = 1024, SEND_LIVE_RESERVE = 8, SEND_SETTLE_MS = 2000 };

struct send_place {
    uint8_t epoch[16];
    uint64_t seq; /* 0: no place */
};

struct send_way {
    struct send_place place;
    int64_t due_ms;  /* when it goes again */
    int64_t sent_ms; /* when it went last */
    unsigned tries;
};

struct send_plan {
    int64_t resend_first_ms, resend_most_ms;
    uint32_t window;
    bool up;
    uint8_t present_epoch[16];
    uint64_t live_after;         /* seqs of the present epoch up to here are not (or no longer) waiting for the live lane */
    int64_t answered_ms;         /* sending time of the latest sent that a receipt named */
    struct send_place late;      /* the last that went late for the first time; seq 0 and all zero: start at the oldest */
    size_t count;
    struct send_way way[SEND_WINDOW_MOST + SEND_LIVE_RESERVE];
};

/* What the outbox has: the next unreceipted envelope behind each cursor; seq 0: none. */
struct send_view {
    uint64_t live_seq;       /* present epoch, behind live_after */
    struct send_place late;  /* behind plan->late, not on the way, not waiting for the live lane */
};

enum send_what { SEND_NOTHING, SEND_LIVE, SEND_LATE, SEND_AGAIN };

struct send_step {
    enum send_what what;
    struct send_place place;
    int64_t wake_ms; /* SEND_NOTHING: when to ask again by time; INT64_MAX: only when something happens */
};

void send_plan_begin(struct send_plan *plan, int64_t resend_first_ms, int64_t resend_most_ms);

/* The link is up: everything sealed until now (highest seq of the present epoch) is late. */
void send_plan_up(struct send_plan *plan, const uint8_t present_epoch[16], uint64_t highest_seq, int64_t now_ms);
void send_plan_down(struct send_plan *plan);

/* A new epoch began while the link is up. */
void send_plan_epoch(struct send_plan *plan, const uint8_t present_epoch[16]);

/* Decides; changes nothing. */
struct send_step send_plan_next(const struct send_plan *plan, const struct send_view *view, int64_t now_ms);

/* What was decided was handed to the broker. */
void send_plan_sent(struct send_plan *plan, const struct send_step *step, int64_t now_ms, uint32_t random);

/* A broker took it. True: it may be forgotten. Always false: a broker's word is not a receipt. */
bool send_plan_puback(struct send_plan *plan, const struct send_place *place);

/* A receipt named these and the outbox has marked them. */
void send_plan_receipted(struct send_plan *plan, const uint8_t epoch[16], uint64_t from, uint64_t to);

/* Everything that one receipt named was told by send_plan_receipted: what went well before the latest of it and was not
 * named is due earlier than its growing waits say. */
void send_plan_answered(struct send_plan *plan);

/* The receipt's window; 0 leaves it as it is. */
void send_plan_window(struct send_plan *plan, uint32_t window);

/* The outbox took envelopes back among the unreceipted, or was salvaged: look again from the oldest. */
void send_plan_look_again(struct send_plan *plan);

bool send_plan_on_the_way(const struct send_plan *plan, const struct send_place *place);
/* Something went more than once, or is due again. */
bool send_plan_overdue(const struct send_plan *plan, int64_t now_ms);

#endif
