/* Judge: lives and timelines in, where, segments, exposure and verdict out; for core_fold() and for the custody
 * conflicts that need a verdict or a watermark (`released_unfit`, `fit_lost`, `expired`, `deadline_missed`).
 *
 * A judge holds what is worked out once and used for many lots: watermarks, placements as they really held, and the
 * timelines of the equipment, made on first use and kept. One judge serves one fold; it points into the facts, the
 * lives and the arena it was begun with.
 */
#ifndef COLDCHAIN_JUDGE_H
#define COLDCHAIN_JUDGE_H

#include "coldchain/arena.h"
#include "coldchain/facts.h"
#include "coldchain/results.h"
#include "common/outcome.h"

struct judge;

/* `syncs` sorted by clock_sort(). Returns NULL when memory is out. The lives are given later: custody needs nothing
 * from here to make them. */
struct judge *judge_begin(const struct facts *facts, const struct sync *syncs, struct arena *arena);

/* One life per lot of the facts, kept by the caller. From here on lots can be judged. */
void judge_take_lives(struct judge *judge, const struct lot_life *lives);

/* How far a gateway has been heard: what was stated, else the latest repaired time of any reading, sync or event of
 * the facts; TIME_NONE when there is none. */
int64_t judge_gateway_watermark(const struct judge *judge, int32_t gateway);

/* How far an equipment has been heard at an instant (fine print 6); TIME_NONE when no probe was ever placed there. */
int64_t judge_equipment_watermark(struct judge *judge, int32_t equipment, int64_t at);

/* Until when something of the lot is known: the later of its last event and the watermark of the equipment it is in at
 * the last instant (`expired` and `deadline_missed` are left when this is later than their time). */
int64_t judge_known_until(struct judge *judge, int32_t lot);

/* Fills where, timelines, handling, exposures, verdict and mkt of `result`; life, state and held are custody's. */
MUST_CHECK enum outcome judge_lot(struct judge *judge, int32_t lot, struct lot_result *result, struct why *why);

/* The verdict as it would be had the life ended at `cut_at` (for `released_unfit`; fine print 37). Of the lot's own
 * marks only the first `mark_count` count: those before the release in its history. given is false when there is no
 * verdict. */
MUST_CHECK enum outcome judge_verdict_cut(struct judge *judge, int32_t lot, int64_t cut_at, size_t mark_count,
                                          struct verdict *verdict, struct why *why);

/* Fills the timelines, excursions and mean kinetic temperature of an equipment. */
MUST_CHECK enum outcome judge_equipment(struct judge *judge, int32_t equipment, struct equipment_result *result,
                                        struct why *why);

#endif
