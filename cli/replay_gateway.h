/* Replay gateway: who a recording is said to come from: keys, TLS identity, registration, and a sender over
 * its outbox.
 *
 * In DIR/ID: record.key, tls.key, tls.crt (made where there are none; the CA is enrol_ca of silsila.conf) and
 * one outbox a recording, whose epoch is drawn from the recording's seed.
 */
#ifndef CLI_REPLAY_GATEWAY_H
#define CLI_REPLAY_GATEWAY_H

#include "cli/say.h"

struct replay_gateway_settings {
    const char *id;
    const char *folder; /* NULL: "replay" in the home */
    const char *site;
    bool register_again;
    bool late;
    uint64_t shuffle;
    uint8_t seed[HASH_LEN]; /* of the bodies to be sent */
};

struct replay_gateway {
    struct key_private *key;
    struct sender *sender;
    char folder[PATH_MAX / 2];
    char tls_cert[PATH_MAX], tls_key[PATH_MAX], outbox[PATH_MAX];
    uint8_t seed[HASH_LEN];
    uint64_t drawn; /* bytes of the seed's stream used */
};

/* The gateway must not move in memory while it is open. */
MUST_CHECK enum outcome replay_gateway_open(struct replay_gateway *gateway, const struct say *say,
                                            struct home *home, const struct replay_gateway_settings *settings,
                                            struct why *why);
void replay_gateway_close(struct replay_gateway *gateway);

#endif
