/* Scenario files: facts from JSON, results to canonical JSON. The core's own test language.
 *
 * In: one JSON object (`heard_through`, `zone`, `sites`, `equipment`, `placements`, `probes`, `syncs`, `policies`,
 * `products`, `lots`, `events`), read strictly: an unknown key, a wrong type, a number outside its range, or two
 * entries with one id and other content are refused with their path. A key left out, or null, has its default.
 * Out: one line of JSON, keys sorted, no spaces, integers only; the same bytes whatever order the file's lists are in
 * and however often an element stands in them. (The exceptions are pairs such as [time, value], and a policy's
 * `rules`, whose order is the policy's.)
 *
 * Units as in coldchain/facts.h. Pure: files named by `csv` are fetched through a function of the caller's.
 */
#ifndef COLDCHAIN_SCENARIO_H
#define COLDCHAIN_SCENARIO_H

#include "coldchain/arena.h"
#include "coldchain/facts.h"
#include "coldchain/results.h"
#include "common/bytes.h"
#include "common/outcome.h"

/* Fetches a file that a scenario names (`csv`); the bytes stay valid while the arena lives. NULL: csv is refused. */
struct scenario_files {
    enum outcome (*read)(void *context, const char *name, struct arena *arena, struct bytes *text, struct why *why);
    void *context;
};

/* Reads a scenario. DONE; REJECT with "path: message"; RETRY when memory is out. All memory is the arena's. */
MUST_CHECK enum outcome scenario_read(struct bytes text, const struct scenario_files *files, struct arena *arena,
                                      struct facts *facts, struct why *why);

/* Appends the canonical result and a line end to `out`. DONE, or RETRY when memory is out. */
MUST_CHECK enum outcome scenario_write(const struct facts *facts, const struct results *results, struct buffer *out,
                                       struct why *why);

/* Reads, folds and writes: what `silsila fold` does. On anything but DONE nothing is appended to `out`. */
MUST_CHECK enum outcome scenario_fold(struct bytes text, const struct scenario_files *files, struct buffer *out,
                                      struct why *why);

#endif
