#include "coldchain/threshold.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct threshold threshold_inward(struct threshold t, int64_t hysteresis_mc)
{
    return (struct threshold){t.op, t.low_mc + hysteresis_mc, t.high_mc - hysteresis_mc};
}

int64_t threshold_distance(struct threshold t, int64_t mc)
{
    switch (t.op) {
    case OP_ABOVE:
    case OP_AT_LEAST:
        return mc - t.high_mc;
    case OP_BELOW:
    case OP_AT_MOST:
        return t.low_mc - mc;
    case OP_OUTSIDE:
        break;
    }
    int64_t above = mc - t.high_mc;
    int64_t below = t.low_mc - mc;
    return above > below ? above : below;
}

bool threshold_more_extreme(struct threshold t, int64_t mc, int64_t than)
{
    int64_t distance = threshold_distance(t, mc);
    int64_t other = threshold_distance(t, than);
    return distance > other || (distance == other && mc > than);
}

int64_t threshold_value(struct threshold t, int64_t lowest, int64_t highest)
{
    return threshold_more_extreme(t, lowest, highest) ? lowest : highest;
}

bool threshold_equal(struct threshold a, struct threshold b)
{
    if (a.op != b.op)
        return false;
    bool low_counts = a.op == OP_BELOW || a.op == OP_AT_MOST || a.op == OP_OUTSIDE;
    bool high_counts = a.op == OP_ABOVE || a.op == OP_AT_LEAST || a.op == OP_OUTSIDE;
    return (!low_counts || a.low_mc == b.low_mc) && (!high_counts || a.high_mc == b.high_mc);
}

static const char *const op_words[] = {">", ">=", "<", "<=", "outside"};

void threshold_key(struct threshold t, enum probe_role role, char out[THRESHOLD_KEY_ROOM])
{
    static const char *const role_words[] = {" product", " air", ""};
    if (t.op == OP_OUTSIDE)
        (void)snprintf(out, THRESHOLD_KEY_ROOM, "outside %" PRId64 "..%" PRId64 "%s", t.low_mc, t.high_mc,
                       role_words[role]);
    else
        (void)snprintf(out, THRESHOLD_KEY_ROOM, "%s %" PRId64 "%s", op_words[t.op],
                       t.op == OP_ABOVE || t.op == OP_AT_LEAST ? t.high_mc : t.low_mc, role_words[role]);
}

bool threshold_op_from_text(const char *text, enum threshold_op *op)
{
    for (size_t i = 0; i < sizeof op_words / sizeof op_words[0]; i++) {
        if (strcmp(text, op_words[i]) == 0) {
            *op = (enum threshold_op)i;
            return true;
        }
    }
    return false;
}
