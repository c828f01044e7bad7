#include "common/backoff.h"

static int64_t ceiling_ms(const struct backoff *backoff)
{
    int64_t ceiling = backoff->first_ms > 0 ? backoff->first_ms : 1;
    for (unsigned i = 0; i < backoff->failures && ceiling < backoff->most_ms; i++)
        ceiling *= 2;
    return ceiling < backoff->most_ms ? ceiling : backoff->most_ms;
}

int64_t backoff_next_ms(struct backoff *backoff, uint32_t random)
{
    int64_t ceiling = ceiling_ms(backoff);
    if (backoff->failures < 62) /* past this the ceiling no longer moves, and doubling must not overflow */
        backoff->failures++;
    int64_t half = ceiling / 2;
    return ceiling - (int64_t)((uint64_t)random % (uint64_t)(half + 1));
}

void backoff_succeeded(struct backoff *backoff)
{
    backoff->failures = 0;
}
