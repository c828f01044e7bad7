/* Core: the whole judgement in one call, facts in, results out. Pure: no clock, no I/O, no globals.
 *
 * The way of a fact:
 *
 *     facts ─▶ clock repair ─▶ watermarks ─▶ custody ─▶ lives ─▶ where ─▶ segments ─▶ exposure ─▶ verdict ─┐
 *                                   └─▶ placements, carried values ─▶ equipment's segments, excursions     ▼
 *                                                                conflicts that need a verdict or a watermark
 *
 * Each step is a function of its own header, called on slices by the ingest's fold; this is the same on everything.
 */
#ifndef COLDCHAIN_CORE_H
#define COLDCHAIN_CORE_H

#include "coldchain/arena.h"
#include "coldchain/facts.h"
#include "coldchain/results.h"
#include "common/outcome.h"

/* Folds `facts` into `results`, all of whose memory is from `arena`. DONE, or RETRY when memory is out. `facts` must
 * outlive `results`. */
MUST_CHECK enum outcome core_fold(const struct facts *facts, struct arena *arena, struct results *results,
                                  struct why *why);

#endif
