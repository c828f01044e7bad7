/* Health: how this gateway fares, in numbers: for the journaled HEALTH item (gateways sit behind NAT, nobody scrapes them)
 * and for its own /metrics.
 */
#ifndef GATEWAY_HEALTH_H
#define GATEWAY_HEALTH_H

#include "common/daemon.h"
#include "common/outbox.h"
#include "gateway/keeper.h"
#include "gateway/sampler.h"
#include "gateway/uplink.h"

enum { HEALTH_MEASURES = 24 };

struct health_sources {
    const struct outbox *outbox;
    const struct keeper *keeper;
    const struct sampler *sampler;
    const struct uplink *uplink;
    int64_t now_boot_ms;
    int64_t started_boot_ms;
};

/* Fills the measures (names are static); returns how many. */
size_t health_measure(const struct health_sources *sources, struct device_measure measures[HEALTH_MEASURES]);

/* Sets the gauges and counters of /metrics from the same measures. */
void health_publish(struct daemon *daemon, const struct device_measure *measures, size_t count);

/* Resident memory and processor time used by this process, from /proc and getrusage. 0 where unknown. */
int64_t health_resident_kib(void);
int64_t health_cpu_ms(void);

#endif
