/* Replay bodies: cuts recorded readings into the items of bodies, as a gateway would have sent them. Pure.
 *
 * Readings on one step grid make one block; a time that does not follow begins another. Nothing is sorted:
 * what the file says in which order is what the gateway says.
 */
#ifndef CLI_REPLAY_BODIES_H
#define CLI_REPLAY_BODIES_H

#include <stddef.h>
#include <stdint.h>

#include "coldchain/recording.h"
#include "schema/body.pb-c.h"

enum { REPLAY_READINGS_MOST = 600 }; /* a body of one block each still fits an envelope */

/* The items of one body; items point into blocks, blocks into values. */
struct replay_body {
    size_t item_count;
    Silsila__V1__Item *list[REPLAY_READINGS_MOST];
    Silsila__V1__Item items[REPLAY_READINGS_MOST];
    Silsila__V1__TemperatureBlock blocks[REPLAY_READINGS_MOST];
    int32_t values[REPLAY_READINGS_MOST];
    int64_t latest_ms; /* of its readings: when it was sealed at the earliest */
};

/* Fills `body` from count (1 … REPLAY_READINGS_MOST) rows; `probe` must outlive it. */
void replay_body_fill(struct replay_body *body, const char *probe, const struct recorded *rows, size_t count);

#endif
