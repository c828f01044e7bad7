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

/* The first piece that ends after `at`. */
static size_t first_piece(struct track track, int64_t at)
{
    size_t low = 0;
    size_t high = track.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (track.items[middle].to <= at)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Adds pieces [first, last) within [from, to). Neighbouring pieces often hold one value (the mean looks at one of the
 * two extremes only), and exp() is dear. */
static void add_pieces(struct mkt *mean, struct track track, size_t first, size_t last, int64_t from, int64_t to)
{
    double weight = 0;
    int64_t weight_of = INT64_MIN;
    for (size_t i = first; i < last && track.items[i].from < to; i++) {
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

void mkt_add_track(struct mkt *mean, struct track track, int64_t from, int64_t to)
{
    add_pieces(mean, track, first_piece(track, from), track.count, from, to);
}

enum { PIECES_PER_BLOCK = 64 };

struct mkt_index mkt_index_make(struct track track, struct arena *arena)
{
    size_t count = track.count / PIECES_PER_BLOCK;
    struct mkt *blocks = arena_new(arena, count, sizeof *blocks);
    for (size_t i = 0; blocks && i < count; i++)
        add_pieces(&blocks[i], track, i * PIECES_PER_BLOCK, (i + 1) * PIECES_PER_BLOCK, TIME_NONE, TIME_OPEN);
    return (struct mkt_index){track, blocks};
}

void mkt_add_indexed(struct mkt *mean, const struct mkt_index *index, int64_t from, int64_t to)
{
    size_t first = first_piece(index->track, from);
    size_t last = to == TIME_OPEN ? index->track.count : first_piece(index->track, to);
    /* Whole blocks are those of which every piece lies within: the piece at `first` may begin before `from`. */
    size_t first_block = first / PIECES_PER_BLOCK + 1;
    size_t last_block = last / PIECES_PER_BLOCK;
    if (!index->blocks || first_block >= last_block) {
        add_pieces(mean, index->track, first, index->track.count, from, to);
        return;
    }
    add_pieces(mean, index->track, first, first_block * PIECES_PER_BLOCK, from, to);
    for (size_t i = first_block; i < last_block; i++) {
        mean->weighted += index->blocks[i].weighted;
        mean->known_ms += index->blocks[i].known_ms;
    }
    add_pieces(mean, index->track, last_block * PIECES_PER_BLOCK, index->track.count, from, to);
}
