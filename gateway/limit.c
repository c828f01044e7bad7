#include "gateway/limit.h"

#include <stddef.h>
#include <string.h>

static bool beyond(const struct limit *limit, int64_t value_mc)
{
    switch (limit->op) {
    case LIMIT_ABOVE:
        return value_mc > limit->limit_mc;
    case LIMIT_AT_LEAST:
        return value_mc >= limit->limit_mc;
    case LIMIT_BELOW:
        return value_mc < limit->limit_mc;
    case LIMIT_AT_MOST:
        return value_mc <= limit->limit_mc;
    case LIMIT_OUTSIDE:
        return value_mc < limit->limit_mc || value_mc > limit->high_mc;
    }
    return true;
}

enum limit_side limit_side(const struct limit *limit, int32_t value_mc)
{
    if (beyond(limit, value_mc))
        return LIMIT_BEYOND;
    /* Inside is: still not beyond if the limit were moved inwards by H, that is, the value moved outwards. */
    int64_t hysteresis = limit->hysteresis_mc;
    bool up = limit->op == LIMIT_ABOVE || limit->op == LIMIT_AT_LEAST || limit->op == LIMIT_OUTSIDE;
    bool down = limit->op == LIMIT_BELOW || limit->op == LIMIT_AT_MOST || limit->op == LIMIT_OUTSIDE;
    bool band = (up && beyond(limit, value_mc + hysteresis)) || (down && beyond(limit, value_mc - hysteresis));
    return band ? LIMIT_IN_BAND : LIMIT_INSIDE;
}

bool limit_op_read(const char *text, enum limit_op *op)
{
    static const char *const words[] = {">", ">=", "<", "<=", "outside"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcmp(text, words[i]) == 0) {
            *op = (enum limit_op)i;
            return true;
        }
    return false;
}
