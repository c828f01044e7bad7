#include "common/clock.h"

#include <stddef.h>
#include <sys/timex.h>
#include <time.h>

static int64_t milliseconds_of(clockid_t which)
{
    struct timespec t = {0};
    /* Both clocks exist on every Linux we build for; a failure leaves 0, which no caller takes for a good time. */
    (void)clock_gettime(which, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static struct clock_reading read_system(void *context)
{
    (void)context;
    struct clock_reading reading = {
        .wall_ms = milliseconds_of(CLOCK_REALTIME),
        .boot_ms = milliseconds_of(CLOCK_BOOTTIME),
    };
    struct timex kernel = {.modes = 0};
    int state = adjtimex(&kernel);
    if (state >= 0 && state != TIME_ERROR && !(kernel.status & STA_UNSYNC)) {
        reading.synchronised = true;
        /* maxerror is in microseconds; rounded up, because a bound that is rounded down is none. */
        reading.error_ms = (uint32_t)((kernel.maxerror + 999) / 1000);
    }
    return reading;
}

static struct clock_reading read_held(void *context)
{
    return *(const struct clock_reading *)context;
}

struct clock clock_system(void)
{
    return (struct clock){read_system, NULL};
}

struct clock clock_held(struct clock_reading *held)
{
    return (struct clock){read_held, held};
}
