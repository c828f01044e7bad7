/* Limit: where a value stands against a limit that the signed configuration gives for a probe.
 *
 * Only for deciding what to send at once and for the gateway's own display; excursions are judged by the server and by
 * coldchain. Pure.
 */
#ifndef GATEWAY_LIMIT_H
#define GATEWAY_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

enum limit_op { LIMIT_ABOVE, LIMIT_AT_LEAST, LIMIT_BELOW, LIMIT_AT_MOST, LIMIT_OUTSIDE };

struct limit {
    enum limit_op op;      /* what lies beyond: > >= < <= or outside limit_mc..high_mc */
    int32_t limit_mc;
    int32_t high_mc;       /* LIMIT_OUTSIDE only */
    uint32_t hysteresis_mc;
};

enum limit_side { LIMIT_INSIDE, LIMIT_IN_BAND, LIMIT_BEYOND };

/* BEYOND the limit; IN_BAND: not beyond, but not yet inside by the hysteresis either (5-domain, section 3). */
enum limit_side limit_side(const struct limit *limit, int32_t value_mc);

/* ">", ">=", "<", "<=", "outside"; false for anything else. */
bool limit_op_read(const char *text, enum limit_op *op);

#endif
