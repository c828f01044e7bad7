#include "coldchain/mkt.h"

#include <math.h>

static const double KELVIN_OFFSET_MC = 273150.0;
static const double ACTIVATION_K = 10000.0; /* activation energy over the gas constant, as the page rounds it */

double mkt_weight(int64_t mc)
{
    double kelvin = ((double)mc + KELVIN_OFFSET_MC) / 1000.0;
    return kelvin > 0 ? exp(-ACTIVATION_K / kelvin) : 0.0;
}

void mkt_add(struct mkt *mean, int64_t mc, int64_t ms)
{
    mean->weighted += mkt_weight(mc) * (double)ms;
    mean->known_ms += ms;
}

bool mkt_value(const struct mkt *mean, int64_t *mc)
{
    if (mean->known_ms <= 0)
        return false;
    double share = mean->weighted / (double)mean->known_ms;
    /* Near absolute zero the exponential underflows: the mean is then as cold as can be told. */
    double kelvin = share > 0 ? ACTIVATION_K / -log(share) : 0.0;
    *mc = llround(kelvin * 1000.0 - KELVIN_OFFSET_MC);
    return true;
}

void mkt_add_track(struct mkt *mean, struct track track, int64_t from, int64_t to)
{
    size_t low = 0;
    size_t high = track.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (track.items[middle].to <= from)
            low = middle + 1;
        else
            high = middle;
    }
    /* Neighbouring pieces often hold one value (of the two extremes the mean looks at one only), and exp() is dear. */
    double weight = 0;
    int64_t weight_of = INT64_MIN;
    for (size_t i = low; i < track.count && track.items[i].from < to; i++) {
        const struct track_piece *piece = &track.items[i];
        if (!piece->known)
            continue;
        int64_t begin = piece->from > from ? piece->from : from;
        int64_t end = piece->to < to ? piece->to : to;
        if (piece->highest != weight_of) {
            weight_of = piece->highest;
            weight = mkt_weight(weight_of);
        }
        mean->weighted += weight * (double)(end - begin);
        mean->known_ms += end - begin;
    }
}

