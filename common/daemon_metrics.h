/* The metrics a daemon keeps, and their text (Prometheus exposition 0.0.4). For daemon.c only; programs see
 * common/daemon.h.
 */
#ifndef COMMON_DAEMON_METRICS_H
#define COMMON_DAEMON_METRICS_H

#include "common/bytes.h"
#include "common/daemon.h"

struct metrics {
    struct metric *first;
};

/* The metric of that name and labels, made if it is new; NULL when out of memory. */
MUST_CHECK struct metric *metrics_register(struct metrics *metrics, enum metric_type type, const char *name,
                                           const char *labels, const char *help);

/* One HELP and TYPE a name, then its lines; then what the kernel knows of this process: memory, descriptors, CPU time. */
void metrics_write(const struct metrics *metrics, struct buffer *out);
void metrics_free(struct metrics *metrics);

#endif
