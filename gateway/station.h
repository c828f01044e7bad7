/* Station: the gateway's reactions, the few lines between its parts: what comes down from the server, what is told to
 * screens, what is done now and then. The parts are made and wired in main.c, where the way of a reading can be read.
 */
#ifndef GATEWAY_STATION_H
#define GATEWAY_STATION_H

#include "common/daemon.h"
#include "gateway/enrolment.h"
#include "gateway/health.h"
#include "gateway/sampler.h"
#include "gateway/uplink.h"

/* The outbox refusing for this long is not going to heal by itself: better to end, loudly, and be restarted. */
enum { REFUSED_TOO_LONG_MS = 15 * 60 * 1000 };

struct station {
    const char *config_path;
    struct gateway_settings *settings; /* in force */
    struct clock clock;
    struct clock_state clock_state;
    uint8_t boot_id[16];
    int64_t started_boot_ms;
    struct enrolment enrolment;
    struct key_private *key;
    struct uplink_settings uplink_settings;
    struct signed_config *config;      /* NULL: none yet */
    struct loop *loop;
    struct daemon *daemon;
    struct outbox *outbox;
    struct sealer *sealer;
    struct keeper *keeper;
    struct sampler *sampler;
    struct uplink *uplink;
    struct loop_timer *now_timer, *health_timer, *tidy_timer, *pulse_timer;
    bool broken;                       /* stopped because it cannot go on: exit code 1 */
};

/* Callbacks; `context` is the station. */
void station_on_sealed(void *context, enum seal_reason reason, uint64_t seq);
void station_on_round(void *context, bool durable);
bool station_receipts_overdue(void *context);
int64_t station_claimed_ms(void *context);
void station_on_config(void *context, struct bytes payload, struct bytes raw);
void station_on_notice(void *context, struct bytes payload);
void station_on_security(void *context, const char *text);
void station_on_link(void *context, bool up);
void station_on_rewound(void *context);
void station_on_stop(void *context);
void station_on_reload(void *context);

/* Loads the configuration kept from before, if there is one that is still to be believed. */
void station_load_config(struct station *station);

/* Starts what happens now and then: `now` each minute, health, tidying the outbox. */
MUST_CHECK enum outcome station_start_timers(struct station *station, struct why *why);

/* Journals why this run began (with the machine, or after the program ended) and tells systemd that we are ready. */
void station_on_ready(void *context);

#endif
