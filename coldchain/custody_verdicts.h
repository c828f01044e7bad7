/* Conflicts of custody that need a verdict or a watermark: `released_unfit`, `fit_lost`, `expired`, `deadline_missed`
 * (5-domain section 6, fine print 23, 36, 37, 39). They come after exposure, which reads what custody made.
 */
#ifndef COLDCHAIN_CUSTODY_VERDICTS_H
#define COLDCHAIN_CUSTODY_VERDICTS_H

#include "coldchain/custody.h"
#include "coldchain/judge.h"

/* Appends them (custody itself left the `fit_lost` of reactive tests, which need no verdict). `lots` are judged already,
 * one per lot of the facts. DONE, or RETRY when memory is out. */
MUST_CHECK enum outcome custody_verdicts(const struct facts *facts, const struct custody *custody, struct judge *judge,
                                         const struct lot_result *lots, struct arena *arena, conflict_list *conflicts,
                                         struct why *why);

#endif
