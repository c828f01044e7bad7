/* Mean kinetic temperature: T = 10000 / −ln(mean(exp(−10000 / Ti))), kelvin, weighted by time over known time
 * (5-domain section 4). Shown, never decided on for frozen products.
 *
 * A mean is a sum of positive terms, so parts add up in any grouping and never cancel: a store that was once warm does
 * not blur a cold year. The highest good value counts where several probes speak (fine print 28).
 */
#ifndef COLDCHAIN_MKT_H
#define COLDCHAIN_MKT_H

#include <stdbool.h>
#include <stdint.h>

#include "coldchain/timeline.h"

/* The running mean; a plain value, its own snapshot. Zero it to begin. */
struct mkt {
    double weighted;  /* Σ exp(−10000 / Ti) × ms */
    int64_t known_ms; /* Σ ms */
};

/* exp(−10000 / T) of a temperature; 0 at or below absolute zero. */
double mkt_weight(int64_t mc);

void mkt_add(struct mkt *mean, int64_t mc, int64_t ms);

/* The mean in millidegrees, rounded half away from zero; false when no time is known. */
bool mkt_value(const struct mkt *mean, int64_t *mc);

/* Adds the known time of a track within [from, to). */
void mkt_add_track(struct mkt *mean, struct track track, int64_t from, int64_t to);

/* Sums of every 64 pieces of a track, made once for many lots: exp() is the dear part of a mean. */
struct mkt_index {
    struct track track;
    const struct mkt *blocks;
};

/* When memory is out the arena is marked, and the index has no blocks: it then serves as if there were none. */
struct mkt_index mkt_index_make(struct track track, struct arena *arena);

/* mkt_add_track(), quickly. */
void mkt_add_indexed(struct mkt *mean, const struct mkt_index *index, int64_t from, int64_t to);

#endif
