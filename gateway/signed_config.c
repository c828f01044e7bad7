#include "gateway/signed_config.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "coldchain/envelope.h"
#include "common/cleanup.h"

enum { INTERVAL_LEAST_MS = 1000, INTERVAL_MOST_MS = 3600 * 1000, SEAL_LEAST_MS = 1000, SEAL_MOST_MS = 86400 * 1000 };

struct probe_limits {
    char *probe;
    struct limit *limits;
    size_t count;
};

struct signed_config {
    uint64_t version;
    uint32_t interval_ms, seal_ms;
    struct probe_limits *probes;
    size_t probe_count;
};

void signed_config_free(struct signed_config **config)
{
    if (!*config)
        return;
    for (size_t i = 0; i < (*config)->probe_count; i++) {
        free((*config)->probes[i].probe);
        free((*config)->probes[i].limits);
    }
    free((*config)->probes);
    free(*config);
    *config = NULL;
}

static bool copy_limits(struct probe_limits *to, const Silsila__V1__ProbeConfig *from)
{
    to->probe = strdup(from->probe);
    to->limits = calloc(from->n_limits + 1, sizeof *to->limits);
    if (!to->probe || !to->limits)
        return false;
    for (size_t i = 0; i < from->n_limits; i++) {
        struct limit limit = {.limit_mc = from->limits[i]->limit_mc,
                              .high_mc = from->limits[i]->limit_high_mc,
                              .hysteresis_mc = from->limits[i]->hysteresis_mc};
        if (limit_op_read(from->limits[i]->op, &limit.op))
            to->limits[to->count++] = limit;
    }
    return true;
}

static void free_message(Silsila__V1__GatewayConfig **message)
{
    if (*message)
        silsila__v1__gateway_config__free_unpacked(*message, NULL);
}

static enum outcome check(const Silsila__V1__GatewayConfig *message, struct why *why)
{
    uint32_t interval = message->interval_ms, seal = message->seal_ms;
    if (interval != 0 && (interval < INTERVAL_LEAST_MS || interval > INTERVAL_MOST_MS))
        return fail(why, REJECT, "configuration %" PRIu64 ": a cadence of %" PRIu32 " ms", message->version, interval);
    if (seal != 0 && (seal < SEAL_LEAST_MS || seal > SEAL_MOST_MS))
        return fail(why, REJECT, "configuration %" PRIu64 ": sealing after %" PRIu32 " ms", message->version, seal);
    return DONE;
}

enum outcome signed_config_read(struct bytes payload, struct signed_config **made, struct why *why)
{
    scoped_by(free_message) Silsila__V1__GatewayConfig *message = NULL;
    enum outcome outcome = config_decode(payload, &message, why);
    if (outcome == DONE)
        outcome = check(message, why);
    if (outcome != DONE)
        return outcome;
    scoped_by(signed_config_free) struct signed_config *config = calloc(1, sizeof *config);
    if (!config || !(config->probes = calloc(message->n_probes + 1, sizeof *config->probes)))
        return fail(why, RETRY, "out of memory");
    config->version = message->version;
    config->interval_ms = message->interval_ms;
    config->seal_ms = message->seal_ms;
    for (size_t i = 0; i < message->n_probes; i++)
        if (!copy_limits(&config->probes[config->probe_count++], message->probes[i]))
            return fail(why, RETRY, "out of memory");
    *made = take(config);
    return DONE;
}

uint64_t signed_config_version(const struct signed_config *config)
{
    return config ? config->version : 0;
}

int64_t signed_config_interval_ms(const struct signed_config *config, int64_t fallback)
{
    return config && config->interval_ms != 0 ? config->interval_ms : fallback;
}

int64_t signed_config_seal_ms(const struct signed_config *config, int64_t fallback)
{
    return config && config->seal_ms != 0 ? config->seal_ms : fallback;
}

const struct limit *signed_config_limits(const struct signed_config *config, const char *probe, size_t *count)
{
    *count = 0;
    for (size_t i = 0; config && i < config->probe_count; i++)
        if (strcmp(config->probes[i].probe, probe) == 0) {
            *count = config->probes[i].count;
            return config->probes[i].limits;
        }
    return NULL;
}

enum outcome signed_config_may_replace(const struct signed_config *present, const struct signed_config *offered,
                                       struct why *why)
{
    uint64_t old = signed_config_version(present), new = signed_config_version(offered);
    if (new < old)
        return fail(why, REJECT, "configuration %" PRIu64 " is older than %" PRIu64 ", which is in force", new, old);
    return DONE;
}
