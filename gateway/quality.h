/* Quality: what a reading is worth, judged once, here, where it is taken (5-domain, section 1).
 *
 *   driver's reading ──▶ empty read │ CRC error │ fault ──▶ no value
 *                    ──▶ suspected power-on value │ out of range │ stuck ──▶ the value is kept and not good
 *                    ──▶ good
 *
 * Raw values are always kept: a reading is marked, never dropped. Pure: the memory between readings is a struct of the
 * caller's, one a probe.
 */
#ifndef GATEWAY_QUALITY_H
#define GATEWAY_QUALITY_H

#include "gateway/driver.h"

/* The wire's numbers (schema/wire/body.proto, Quality). */
enum quality {
    GOOD = 0,
    EMPTY_READ = 1,
    CRC_ERROR = 2,
    POWER_ON_VALUE = 3,
    OUT_OF_RANGE = 4,
    STUCK = 5,
    FAULT = 6
};

struct quality_rule {
    int32_t lowest_mc, highest_mc; /* what the probe can measure, both inclusive */
    /* A probe stands still when this many readings in a row are the same to the last bit; 0: never. Only below
     * `stuck_below_mc`: a running freezer's compressor moves any probe within minutes, while a box of melting ice may
     * truly rest for hours. */
    int32_t stuck_samples;
    int32_t stuck_below_mc;
};

struct quality_memory {
    bool known;          /* a value came before, whatever it was worth */
    int32_t last_mc;
    int32_t same;        /* values equal to the last, itself included */
    bool has_credited;
    int32_t credited_mc; /* last value that was good */
};

struct judged {
    enum quality quality;
    bool has_value;
    int32_t value_mc;
};

/* A reading exactly equal to the power-on value is believed only when the last good one was within POWER_ON_NEAR_MC of it:
 * temperatures do not jump there and back. */
enum { POWER_ON_NEAR_MC = 5000 };

struct judged quality_judge(const struct quality_rule *rule, struct quality_memory *memory,
                            const struct reading *reading);

/* "good", "empty_read", …: for logs, events and the technician. */
const char *quality_word(enum quality quality);

#endif
