/* Device events as encoded Items, ready for the outbox: what the gateway says about itself and its probes.
 *
 * Pure. Texts are cut to 200 bytes; they are for people, and no secret belongs in them.
 */
#ifndef GATEWAY_DEVICE_EVENT_H
#define GATEWAY_DEVICE_EVENT_H

#include "common/bytes.h"
#include "schema/body.pb-c.h"

struct device_measure {
    const char *name; /* static storage */
    int64_t value;
};

struct device_event {
    Silsila__V1__DeviceEventType type;
    int64_t at_ms;      /* what the clock claimed */
    bool has_up_ms;     /* the clock was unsynchronised: boot time as well */
    int64_t up_ms;
    const char *probe;  /* NULL: none */
    int64_t value;
    const char *text;   /* NULL: none */
    int64_t until_ms;
    const struct device_measure *measures;
    size_t measure_count;
};

/* Appends the encoded Item; a buffer that fails says so by itself. */
void device_event_encode(const struct device_event *event, struct buffer *item);

#endif
