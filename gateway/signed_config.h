/* Signed configuration: what the national desk tells this gateway: cadence, sealing, limits a probe.
 *
 * Its version only rises. Whether a message is to be believed is the uplink's to check; whether it is newer and makes sense
 * is asked here. Kept in the outbox beside the queue (value "config": the whole signed message), so that it holds over
 * restarts and is checked again when it is loaded.
 */
#ifndef GATEWAY_SIGNED_CONFIG_H
#define GATEWAY_SIGNED_CONFIG_H

#include "common/bytes.h"
#include "common/outcome.h"
#include "gateway/limit.h"

#define SIGNED_CONFIG_KEPT "config"

struct signed_config; /* opaque, immutable */

/* Decodes a GatewayConfig. REJECT: malformed, or a cadence outside 1 s … 1 h, or sealing outside 1 s … 1 d (0: not said).
 * A limit with an operator this release does not know is left out: the server judges excursions, not the gateway. */
MUST_CHECK enum outcome signed_config_read(struct bytes payload, struct signed_config **made, struct why *why);
void signed_config_free(struct signed_config **config);

/* 0 for NULL: the installed defaults. */
uint64_t signed_config_version(const struct signed_config *config);
/* `fallback` where nothing is said. */
int64_t signed_config_interval_ms(const struct signed_config *config, int64_t fallback);
int64_t signed_config_seal_ms(const struct signed_config *config, int64_t fallback);

/* The limits of a probe; `*count` of them, owned by the config. */
const struct limit *signed_config_limits(const struct signed_config *config, const char *probe, size_t *count);

/* Whether `offered` may take the place of `present`: DONE, or REJECT with a sentence when it is older. The same version is
 * DONE (a retained message comes again at each connect): compare versions to see whether there is anything to do. */
MUST_CHECK enum outcome signed_config_may_replace(const struct signed_config *present,
                                                  const struct signed_config *offered, struct why *why);

#endif
