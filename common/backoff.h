/* Backoff: how long to wait before trying again: doubling from `first_ms` to `most_ms`, with full jitter so that a
 * thousand gateways do not come back in the same second. Pure: randomness is a parameter.
 */
#ifndef COMMON_BACKOFF_H
#define COMMON_BACKOFF_H

#include <stdint.h>

struct backoff {
    int64_t first_ms;
    int64_t most_ms;
    unsigned failures; /* since the last success */
};

/* Counts a failure and returns the wait: between a half and the whole of the current ceiling. */
int64_t backoff_next_ms(struct backoff *backoff, uint32_t random);
void backoff_succeeded(struct backoff *backoff);

#endif
