/* Note: what the sampler remembers of one probe, and what a new reading means against it. Pure.
 */
#ifndef GATEWAY_NOTE_H
#define GATEWAY_NOTE_H

#include "gateway/limit.h"
#include "gateway/quality.h"

enum { NOTE_LIMITS_MOST = 16 };

struct note {
    struct quality_memory memory;
    bool has_latest;
    struct judged latest;
    int64_t latest_ms;
    unsigned bad_in_a_row;
    bool told_faulty;
    bool to_tell;            /* faulty, and not told yet: the event follows the readings of its round */
    char why[96];            /* of the reading that made it so */
    enum limit_side sides[NOTE_LIMITS_MOST]; /* INSIDE until known otherwise */
};

struct noted {
    struct judged judged;
    bool limit_touched;    /* crossed, came back, or lies in a hysteresis band */
    bool quality_changed;
    bool became_faulty;    /* to be told once: at once for what will not heal by itself, at the third miss in a row else */
};

enum { MISSES_TO_TELL = 3 };

struct noted note_reading(struct note *note, const struct quality_rule *rule, const struct limit *limits,
                          size_t limit_count, const struct reading *reading, int64_t at_ms);

#endif
