/* What common/mqtt.c needs beside its states: its own copy of the settings, the list of subscriptions, the properties every
 * message carries. For mqtt.c only; programs see common/mqtt.h.
 */
#ifndef COMMON_MQTT_SETTINGS_H
#define COMMON_MQTT_SETTINGS_H

#include <mosquitto.h>

#include "common/mqtt.h"

/* A deep copy, so that the caller's strings may go. */
MUST_CHECK enum outcome mqtt_settings_copy(const struct mqtt_settings *from, struct mqtt_settings **made, struct why *why);
void mqtt_settings_free(struct mqtt_settings **settings);

/* A libmosquitto object with these settings and `object` for its callbacks, not connected; NULL with the reason. */
struct mosquitto *mqtt_settings_link(const struct mqtt_settings *settings, void *object, struct why *why);

/* Begins to connect without waiting; a code of libmosquitto. */
int mqtt_settings_connect(const struct mqtt_settings *settings, struct mosquitto *link);

struct mqtt_topics {
    char **names;
    size_t count;
};

/* Adds a copy; one that is there already stays as it is. */
MUST_CHECK enum outcome mqtt_topics_add(struct mqtt_topics *topics, const char *topic, struct why *why);
void mqtt_topics_free(struct mqtt_topics *topics);

/* Content type and user property `schema`, by topic: built once, copied by libmosquitto at each publish. */
struct mqtt_properties {
    mosquitto_property *protobuf;
    mosquitto_property *json; /* …/alert/… */
    mosquitto_property *text; /* …/status/… */
};

MUST_CHECK enum outcome mqtt_properties_make(struct mqtt_properties *properties, struct why *why);
void mqtt_properties_free(struct mqtt_properties *properties);
const mosquitto_property *mqtt_properties_for(const struct mqtt_properties *properties, const char *topic);

#endif
