/* Probes: which there are, and one round of reading them all. No probe waits for another.
 *
 *   every scan_ms:  each driver's bus is scanned in a lane of its own ──▶ found / lost
 *   probes_round(): prepare each bus, then ask each probe in its lane ──▶ answer, once a probe and round:
 *                   the reading, or at probes_expire() an empty one "no answer in time"
 *
 * A probe still busy with an earlier round is answered for at once and not asked again until it came back: a hanging one
 * costs its neighbours nothing. Recorded probes (drivers that tell) are not asked; see feeder.h.
 *
 * One thread (the loop's) for every call here; drivers run in lanes.
 */
#ifndef GATEWAY_PROBES_H
#define GATEWAY_PROBES_H

#include "gateway/driver.h"
#include "gateway/lanes.h"

struct probes; /* opaque */

struct probe {
    struct probe_found found;
    const struct driver *driver;
    struct bus *bus;
    uint64_t serial;               /* of this finding; never used again */
    void *attached;                /* for the caller's use; see on_lost */
};

struct probes_callbacks {
    void *context;
    void (*on_found)(void *context, struct probe *probe);
    /* The probe is freed after the call. */
    void (*on_lost)(void *context, struct probe *probe);
    void (*on_answer)(void *context, uint64_t round, struct probe *probe, const struct reading *reading);
    /* A scan of all buses has come back (also when it hung and was given up): those not found are not there. */
    void (*on_scanned)(void *context);
    /* Configured but not to be named without doubt, or a bus that cannot be scanned. */
    void (*on_complaint)(void *context, const char *text);
};

/* Opens the buses of all drivers. REJECT: the settings make no sense to one of them. `settings` must outlive it. */
MUST_CHECK enum outcome probes_open(struct probes **made, struct loop *loop, const struct gateway_settings *settings,
                                    const struct probes_callbacks *callbacks, struct why *why);

/* Returns false when a thread was left behind inside a driver: `settings` must then stay allocated. on_lost is not called. */
bool probes_close(struct probes **probes);

/* Starts a scan unless one is under way. */
void probes_scan(struct probes *probes);

/* Starts round `round` (rising): each polled probe is answered for exactly once, by answer, at once when it hangs, or by
 * probes_expire(). */
void probes_round(struct probes *probes, uint64_t round);

/* Ends a round: whoever has not answered has an empty reading. */
void probes_expire(struct probes *probes, uint64_t round);

/* Probes asked in the running round that have not answered. */
size_t probes_awaited(const struct probes *probes);

size_t probes_count(const struct probes *probes);
struct probe *probes_at(struct probes *probes, size_t index);

#endif
