/* silsila-fleet: many gateways in one process, for measuring.
 *
 *   make      keys and signed envelopes, all before the clock starts          fleet_make.c
 *   register  their keys, equipment and probes, as an admin would             fleet_register.c
 *   send      on one connection, within a window a gateway, until receipted   fleet_send.c
 *   ignore    the other end of a broker alone: counts messages and drops them fleet_send.c
 */
#ifndef TESTS_BENCH_FLEET_H
#define TESTS_BENCH_FLEET_H

#include "coldchain/envelope.h"
#include "common/keys.h"
#include "common/loop.h"
#include "common/mqtt.h"

struct fleet_options {
    int port;
    const char *home;      /* of `silsila init`: admin key and certificate, origin */
    const char *prefix;    /* of the gateways' ids */
    int gateways, probes, readings, envelopes; /* readings an envelope over all probes; envelopes a gateway */
    double rate;           /* envelopes a second over all; 0: as fast as receipts allow */
    unsigned window;       /* unreceipted a gateway; 0: as the receipts say */
    bool live;             /* lane */
    bool ignore;           /* count messages instead; envelopes: how many in all */
    bool no_receipts;      /* do not wait for any: the broker alone is measured */
    const char *rows_path; /* write the same readings as rows for COPY */
};

struct fleet_envelope {
    size_t at; /* in fleet->bytes */
    uint32_t len;
    int64_t sent_ms, receipted_ms;
    uint8_t body_hash[32];
};

struct fleet_gateway {
    char id[33];
    char topic[96];
    struct key_private *key;
    uint8_t key_id[32];
    uint8_t epoch[16], previous[32];
    struct fleet_envelope *envelopes; /* seq 1 at index 0; the first is sent before the clock starts */
    uint64_t count, through, next;    /* through: receipted to here; next: index to be sent */
    unsigned window;
    unsigned seed;
    int32_t last_mc[16];              /* of each probe */
    int64_t moved_ms;                 /* when `through` or `next` last moved */
};

struct fleet {
    struct fleet_options options;
    uint8_t origin[32];
    struct key_public *authority;
    struct buffer bytes;
    struct fleet_gateway *gateways;
    struct fleet_gateway admin;
    struct buffer admin_certificate;
};

/* Reads the home, makes keys and envelopes. */
MUST_CHECK enum outcome fleet_make(struct fleet *fleet, struct why *why);
/* Appends a signed envelope of `gateway` with the next seq to its list. */
MUST_CHECK enum outcome fleet_add(struct fleet *fleet, struct fleet_gateway *gateway, Silsila__V1__Item **items, size_t item_count,
                                  int64_t wall_ms, struct bytes certificate, struct why *why);
/* The admin's envelopes that register everything. */
MUST_CHECK enum outcome fleet_register(struct fleet *fleet, struct why *why);

struct fleet_result {
    int64_t started_ms; /* wall time of the first measured sending */
    double seconds;
    uint64_t envelopes, readings, sent, receipts;
    double p50_ms, p99_ms;
};

/* Registers, warms up, sends, waits for the last receipt. */
MUST_CHECK enum outcome fleet_run(struct fleet *fleet, struct fleet_result *result, struct why *why);
/* Counts options.envelopes messages on silsila/v1/up/#. */
MUST_CHECK enum outcome fleet_ignore(const struct fleet_options *options, struct fleet_result *result, struct why *why);

void fleet_free(struct fleet *fleet);

#endif
