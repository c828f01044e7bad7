/* Threshold: comparing temperatures with a limit or a band (5-domain section 2).
 *
 * Where several probes speak, the two extremes of their good values are enough: `highest` and `lowest`.
 */
#ifndef COLDCHAIN_THRESHOLD_H
#define COLDCHAIN_THRESHOLD_H

#include "coldchain/facts.h"

/* Room for the longest key with its NUL. */
enum { THRESHOLD_KEY_ROOM = 64 };

/* At least one value between the two extremes, both included, is beyond: since the extremes are values themselves, the
 * one in the threshold's direction decides. */
static inline bool threshold_beyond(struct threshold t, int64_t lowest, int64_t highest)
{
    switch (t.op) {
    case OP_ABOVE:
        return highest > t.high_mc;
    case OP_AT_LEAST:
        return highest >= t.high_mc;
    case OP_BELOW:
        return lowest < t.low_mc;
    case OP_AT_MOST:
        return lowest <= t.low_mc;
    case OP_OUTSIDE:
        return lowest < t.low_mc || highest > t.high_mc;
    }
    return false;
}

/* The limit moved inwards by a hysteresis: who is not beyond this one is inside by H. */
struct threshold threshold_inward(struct threshold t, int64_t hysteresis_mc);

/* How far beyond the limit a value is, in the threshold's direction; negative inside. */
int64_t threshold_distance(struct threshold t, int64_t mc);

/* True when `mc` is more extreme than `than`; of values equally far outside a band the higher one is (fine print 12). */
bool threshold_more_extreme(struct threshold t, int64_t mc, int64_t than);

/* The most extreme of two extremes: the value an equipment has for this threshold. */
int64_t threshold_value(struct threshold t, int64_t lowest, int64_t highest);

/* Same limit: op and the ends that the op uses. */
bool threshold_equal(struct threshold a, struct threshold b);

/* Writes the key of a timeline: `> -20000`, `outside 20000..24000`, with a role `> -20000 air`. */
void threshold_key(struct threshold t, enum probe_role role, char out[THRESHOLD_KEY_ROOM]);

/* Reads an op (`>`, `>=`, `<`, `<=`, `outside`); false when it is none. */
bool threshold_op_from_text(const char *text, enum threshold_op *op);

#endif
