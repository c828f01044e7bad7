/* Clock: the only way our code learns the time, so that tests and simulations can hold it in their hand.
 *
 * wall_ms is UTC in milliseconds since 1970 and may jump; boot_ms counts since boot, suspend included, and never goes
 * back; synchronised says whether the kernel's clock is disciplined (adjtimex), error_ms to what bound. Intervals and
 * deadlines use boot_ms only.
 */
#ifndef COMMON_CLOCK_H
#define COMMON_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

struct clock_reading {
    int64_t wall_ms;
    int64_t boot_ms;
    bool synchronised;
    uint32_t error_ms; /* stated bound while synchronised, 0 otherwise */
};

struct clock {
    struct clock_reading (*read)(void *context);
    void *context;
};

static inline struct clock_reading clock_read(const struct clock *clock)
{
    return clock->read(clock->context);
}

/* The machine's own clock: CLOCK_REALTIME, CLOCK_BOOTTIME, adjtimex. */
struct clock clock_system(void);

/* A clock in the hand of a test: `held` is read each time and must outlive the clock. */
struct clock clock_held(struct clock_reading *held);

#endif
