/* MQTT 5 client over libmosquitto, driven by our loop: connect, reconnect with jittered backoff, subscribe, publish.
 *
 * Not a queue and not a promise: a PUBACK means that a broker has the message in RAM (measured), so nothing here tells
 * anyone that a message is safe. Only a signed receipt does, and receipts come in by `on_message` like everything else.
 *
 * States: IDLE → CONNECTING → SUBSCRIBING → UP → WAITING (backoff) → CONNECTING …; each has a deadline and a word for the
 * log. libmosquitto's own loop is not used: it returns for good on a TLS error. Where a signed clock problem makes TLS
 * fail, the client goes on trying.
 *
 * Each connection begins from nothing: certificate files are read again, everything is subscribed again, and what the
 * last connection still held unsent is gone. on_up is the place to publish again what has to stand at the broker.
 *
 * Back-pressure by not reading: mqtt_pause_reading() stops taking bytes from the socket until mqtt_resume_reading(). What
 * is already decrypted, up to one TLS record of 16 KiB, may still arrive. A pause of more than twice keepalive_s ends the
 * link, and a paused client connects again only once it is resumed: nothing is lost, senders without a receipt repeat.
 *
 * Host names are looked up by getaddrinfo, which may block: give addresses where the name server may be away.
 * Callbacks come from the loop, never from inside mqtt_open or mqtt_subscribe; on_puback and on_message may come while
 * mqtt_publish is on the stack of another callback. Callbacks may publish, subscribe, pause and resume, but not mqtt_close.
 */
#ifndef COMMON_MQTT_H
#define COMMON_MQTT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/bytes.h"
#include "common/loop.h"

struct mqtt; /* opaque */

struct mqtt_settings {
    const char *host;
    int port;
    const char *client_id;
    const char *tls_ca;    /* PEM path; NULL: no TLS (loopback tests and benches only) */
    const char *tls_cert;
    const char *tls_key;
    /* The time (UTC) at which certificates have to be valid, asked at each connect; NULL: the machine's own clock. A board
     * that boots in 1970 knows better than its clock that it is later, and could never connect else. */
    int64_t (*tls_time_ms)(void *context);
    void *tls_time_context;
    int keepalive_s;       /* at least 5; a dead link is noticed after twice this; 0: 30 */
    int receive_maximum;   /* QoS 1 messages the broker may have on the way to us; 0: 1000 */
    int64_t backoff_first_ms, backoff_most_ms; /* 0: 500 and 60000 */
    const char *will_topic; /* retained will, QoS 1; NULL: none */
    struct bytes will;
    bool clean_start;
    uint32_t session_expiry_s;
};

struct mqtt_callbacks {
    void *context;
    /* Connected and subscribed. */
    void (*on_up)(void *context);
    /* Was up or could not come up; why is a sentence. Reconnecting is already under way. */
    void (*on_down)(void *context, const char *why);
    /* The views live until the callback returns. `retained`: was kept by the broker. */
    void (*on_message)(void *context, const char *topic, struct bytes payload, bool retained);
    /* For diagnosis only: reason code of a PUBACK (0x00 taken, 0x10 nobody subscribes, 0x87 not authorised, …). */
    void (*on_puback)(void *context, int mid, int reason_code);
    /* PUBACKs came and fewer than 32 QoS 1 messages wait for theirs: more may be published. */
    void (*on_writable)(void *context);
};

MUST_CHECK enum outcome mqtt_open(struct mqtt **made, struct loop *loop, const struct mqtt_settings *settings,
                                  const struct mqtt_callbacks *callbacks, struct why *why);
/* Sends DISCONNECT if up (no will then), frees. NULL inside is nothing. Not from inside a callback of this client. */
void mqtt_close(struct mqtt **mqtt);

/* Added to what is subscribed at each connect, and now if up. QoS 1. */
MUST_CHECK enum outcome mqtt_subscribe(struct mqtt *mqtt, const char *topic, struct why *why);

/* Hands the message to libmosquitto. RETRY when not up, when it is over the broker's size limit, or out of memory. `*mid` may be NULL. Content type and the user property `schema`
 * are set as the contract says. */
MUST_CHECK enum outcome mqtt_publish(struct mqtt *mqtt, const char *topic, struct bytes payload, int qos, bool retain,
                                     int *mid, struct why *why);

bool mqtt_is_up(const struct mqtt *mqtt);
const char *mqtt_state_word(const struct mqtt *mqtt);
/* QoS 1 publishes without PUBACK, and those still in our memory: for pacing, never for durability. */
unsigned mqtt_unacknowledged(const struct mqtt *mqtt);

void mqtt_pause_reading(struct mqtt *mqtt);
void mqtt_resume_reading(struct mqtt *mqtt);

#endif
