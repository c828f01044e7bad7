/* Sampler: asks every probe at each instant of the step grid, judges the answers and hands them to the keeper.
 *
 * The grid is the multiples of the interval on the clock that clock_state.h claims, so that steps of all gateways match. A
 * round's readings carry its scheduled instant, whenever the probes answered:
 *
 *   instant t ──▶ probes_round ──▶ answers ──▶ quality ──▶ keeper (one commit when all have answered, at the latest after
 *                                                                  gather_ms; those who answer later follow) ──▶ deadline:
 *                                                                  who is silent has an empty reading
 *
 * Also here, because they need the readings: limits and quality changes that seal at once, PROBE_FOUND / LOST / FAULTY and
 * CLOCK_STEP / CLOCK_SUSPECT events, and the latest value of each probe for screens and `now`.
 */
#ifndef GATEWAY_SAMPLER_H
#define GATEWAY_SAMPLER_H

#include "gateway/keeper.h"
#include "gateway/probes.h"
#include "gateway/signed_config.h"

struct sampler; /* opaque */

struct sampler_settings {
    struct loop *loop;
    const struct gateway_settings *local; /* until sampler_reload */
    struct keeper *keeper;
    struct sealer *sealer;
    struct outbox *outbox;                /* for the list of probes known before a restart */
    struct clock_state *clock;
    void *context;
    /* After each flush; `durable` false: the outbox refuses. */
    void (*on_round)(void *context, bool durable);
    bool (*receipts_overdue)(void *context);
    /* The first look for probes is over, and recordings stand where they were left: now something may be said. */
    void (*on_ready)(void *context);
};

/* What a probe last said, for screens. */
struct latest {
    const char *probe;
    struct judged judged;
    int64_t at_ms;
    const char *driver;
};

/* REJECT: the settings make no sense to a driver. */
MUST_CHECK enum outcome sampler_open(struct sampler **made, const struct sampler_settings *settings, struct why *why);
/* Returns false when a thread was left behind in a driver: what the sampler was given must stay allocated. */
bool sampler_close(struct sampler **sampler);

/* The signed configuration in force (NULL: none); owned by the caller and outliving its use. */
void sampler_use_config(struct sampler *sampler, const struct signed_config *config);

/* Takes over new local settings: opens the buses anew. Nothing changes unless DONE. *old_in_use: a thread still works with
 * the old settings, which must stay allocated. */
MUST_CHECK enum outcome sampler_reload(struct sampler *sampler, const struct gateway_settings *local, bool *old_in_use,
                                       struct why *why);

/* Reads the clock, journals what happened to it, and says what to claim now. */
struct clock_claim sampler_clock(struct sampler *sampler);

/* Journals a device event at once; `event->at_ms` 0: now. */
void sampler_event(struct sampler *sampler, const struct device_event *event);

size_t sampler_probe_count(const struct sampler *sampler);
/* False behind the last, or when the probe has said nothing yet. */
bool sampler_latest(const struct sampler *sampler, size_t index, struct latest *latest);

/* Rounds finished, and readings taken by worth, since the start. */
uint64_t sampler_rounds(const struct sampler *sampler);
uint64_t sampler_readings(const struct sampler *sampler, enum quality quality);

/* True when a round that was due more than `late_ms` ago has not ended: for the watchdog. */
bool sampler_is_stalled(const struct sampler *sampler, int64_t late_ms);

#endif
