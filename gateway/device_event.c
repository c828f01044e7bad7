#include "gateway/device_event.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_MOST = 200, MEASURES_MOST = 32 };

/* protobuf-c wants char *, though it only reads. */
static char *unconst(const char *text)
{
    union {
        const char *from;
        char *to;
    } same = {text};
    return same.to;
}

static void pack(const Silsila__V1__Item *item, struct buffer *out)
{
    size_t size = silsila__v1__item__get_packed_size(item);
    uint8_t *at = buffer_reserve(out, size);
    if (at)
        out->len += silsila__v1__item__pack(item, at);
}

/* Whole characters only: a reader of ours refuses a body with broken UTF-8. */
static void cut_text(char out[TEXT_MOST + 1], const char *text)
{
    size_t len = strnlen(text, TEXT_MOST + 1);
    if (len > TEXT_MOST) {
        len = TEXT_MOST;
        while (len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80)
            len--;
    }
    memcpy(out, text, len);
    out[len] = '\0';
}

void device_event_encode(const struct device_event *event, struct buffer *item)
{
    Silsila__V1__Measure measures[MEASURES_MOST], *pointers[MEASURES_MOST];
    Silsila__V1__DeviceEvent device = SILSILA__V1__DEVICE_EVENT__INIT;
    Silsila__V1__Instant up = SILSILA__V1__INSTANT__INIT;
    Silsila__V1__Item whole = SILSILA__V1__ITEM__INIT;
    char text[TEXT_MOST + 1] = "";
    size_t count = event->measure_count < MEASURES_MOST ? event->measure_count : MEASURES_MOST;
    for (size_t i = 0; i < count; i++) {
        silsila__v1__measure__init(&measures[i]);
        measures[i].name = unconst(event->measures[i].name);
        measures[i].value = event->measures[i].value;
        pointers[i] = &measures[i];
    }
    up.ms = event->up_ms;
    if (event->text)
        cut_text(text, event->text);
    device.type = event->type;
    device.at_ms = event->at_ms;
    device.up = event->has_up_ms ? &up : NULL;
    device.probe = unconst(event->probe ? event->probe : "");
    device.value = event->value;
    device.text = text;
    device.until_ms = event->until_ms;
    device.n_measures = count;
    device.measures = pointers;
    whole.kind_case = SILSILA__V1__ITEM__KIND_DEVICE;
    whole.device = &device;
    pack(&whole, item);
}
