/* The inside of a judge, shared by judge.c (gateways, equipment) and judge_lot.c (lots); for nobody else. */
#ifndef COLDCHAIN_JUDGE_PRIVATE_H
#define COLDCHAIN_JUDGE_PRIVATE_H

#include "coldchain/carry.h"
#include "coldchain/judge.h"
#include "coldchain/mkt.h"
#include "coldchain/placement.h"
#include "coldchain/timeline.h"
#include "coldchain/whereabouts.h"

/* What is kept of one equipment. Index 1 of the pairs: readings under a lapsed calibration are not good. */
struct judged_equipment {
    bool track_made[2];
    struct track tracks[2];
    struct mkt_index means[2];
    VEC(struct timeline) timelines[2];
};

struct judge {
    const struct facts *facts;
    const struct sync *syncs;
    struct arena *arena;
    int64_t *watermarks;           /* by gateway */
    struct carried_list *readings; /* by probe */
    struct placed_list *placed;    /* by equipment */
    struct interval_list *monitored;
    int32_t *bound; /* by lot: the equipment that is the same thing */
    struct judged_equipment *equipment;
    const struct lot_life *lives;
    struct verdict *verdicts; /* by lot, of whole lives, once asked for */
    bool *verdict_made;
};

/* The track of the role in use; made on first use. */
struct track judge_track(struct judge *judge, int32_t equipment, bool strict);

/* Adds the known time of the role in use within [from, to) to a mean. */
void judge_add_mean(struct judge *judge, int32_t equipment, bool strict, int64_t from, int64_t to, struct mkt *mean);

/* The timeline of the role in use; made on first use. A copy, whose items are the judge's. */
struct timeline judge_timeline(struct judge *judge, int32_t equipment, bool strict, struct threshold threshold,
                               int64_t hysteresis_mc);

#endif
