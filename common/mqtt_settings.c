#include "common/mqtt_settings.h"

#include <mqtt_protocol.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

enum { RECEIVE_MAXIMUM = 1000, INFLIGHT_MOST = 1000, KEEPALIVE_S = 30, SCHEMA_TOPIC_LEVELS = 2 };

static bool copy_text(const char *from, const char **to)
{
    *to = from ? strdup(from) : NULL;
    return !from || *to;
}

enum outcome mqtt_settings_copy(const struct mqtt_settings *from, struct mqtt_settings **made, struct why *why)
{
    struct mqtt_settings *copy = malloc(sizeof *copy);
    if (!copy)
        return fail(why, RETRY, "mqtt: out of memory");
    *copy = *from;
    /* Every field is written before the first failure is looked at, so that freeing the copy never touches `from`. */
    bool whole = copy_text(from->host, &copy->host);
    whole &= copy_text(from->client_id, &copy->client_id);
    whole &= copy_text(from->tls_ca, &copy->tls_ca);
    whole &= copy_text(from->tls_cert, &copy->tls_cert);
    whole &= copy_text(from->tls_key, &copy->tls_key);
    whole &= copy_text(from->will_topic, &copy->will_topic);
    uint8_t *will = malloc(from->will.len ? from->will.len : 1);
    if (will && from->will.len)
        memcpy(will, from->will.data, from->will.len);
    copy->will = bytes_of(will, from->will.len);
    *made = copy;
    return whole && will ? DONE : fail(why, RETRY, "mqtt: out of memory");
}

static void free_text(const char *text)
{
    /* Our own copy: const only in the caller's hands. */
    union {
        const char *in;
        char *out;
    } own = {text};
    free(own.out);
}

void mqtt_settings_free(struct mqtt_settings **settings)
{
    struct mqtt_settings *s = *settings;
    if (!s)
        return;
    free_text(s->host);
    free_text(s->client_id);
    free_text(s->tls_ca);
    free_text(s->tls_cert);
    free_text(s->tls_key);
    free_text(s->will_topic);
    free_text((const char *)s->will.data);
    free(s);
    *settings = NULL;
}

static int apply(const struct mqtt_settings *settings, struct mosquitto *link)
{
    int code = mosquitto_int_option(link, MOSQ_OPT_PROTOCOL_VERSION, MQTT_PROTOCOL_V5);
    if (code == MOSQ_ERR_SUCCESS)
        code = mosquitto_int_option(link, MOSQ_OPT_TCP_NODELAY, 1); /* a receipt must not wait for its neighbour */
    if (code == MOSQ_ERR_SUCCESS)
        code = mosquitto_max_inflight_messages_set(link, INFLIGHT_MOST);
    if (code == MOSQ_ERR_SUCCESS)
        code = mosquitto_int_option(link, MOSQ_OPT_RECEIVE_MAXIMUM,
                                    settings->receive_maximum > 0 ? settings->receive_maximum : RECEIVE_MAXIMUM);
    if (code == MOSQ_ERR_SUCCESS && settings->tls_ca)
        code = mosquitto_tls_set(link, settings->tls_ca, NULL, settings->tls_cert, settings->tls_key, NULL);
    if (code == MOSQ_ERR_SUCCESS && settings->tls_ca)
        code = mosquitto_tls_opts_set(link, 1, "tlsv1.2", NULL); /* the peer is verified; 1.2 or newer */
    if (code == MOSQ_ERR_SUCCESS && settings->will_topic)
        code = mosquitto_will_set_v5(link, settings->will_topic, (int)settings->will.len, settings->will.data, 1, true,
                                     NULL);
    return code;
}

struct mosquitto *mqtt_settings_link(const struct mqtt_settings *settings, void *object, struct why *why)
{
    struct mosquitto *link = mosquitto_new(settings->client_id, settings->clean_start, object);
    int code = link ? apply(settings, link) : MOSQ_ERR_NOMEM;
    if (code == MOSQ_ERR_SUCCESS)
        return link;
    if (link)
        mosquitto_destroy(link);
    (void)fail(why, RETRY, "mqtt settings: %s%s", mosquitto_strerror(code),
               settings->tls_ca ? " (are the certificate files readable?)" : "");
    return NULL;
}

/* Of the calls that begin to connect, the one that takes properties waits for the network and the one that does not wait
 * takes none. Given no host, the first keeps the properties and refuses; the second then uses them. */
static int keep_properties(const struct mqtt_settings *settings, struct mosquitto *link)
{
    if (settings->session_expiry_s == 0)
        return MOSQ_ERR_SUCCESS;
    mosquitto_property *properties = NULL;
    int code = mosquitto_property_add_int32(&properties, MQTT_PROP_SESSION_EXPIRY_INTERVAL, settings->session_expiry_s);
    if (code == MOSQ_ERR_SUCCESS)
        code = mosquitto_connect_bind_v5(link, NULL, 0, 0, NULL, properties);
    mosquitto_property_free_all(&properties);
    return code == MOSQ_ERR_INVAL ? MOSQ_ERR_SUCCESS : code;
}

/* The time at which the broker's certificate has to be valid goes where OpenSSL keeps what it asks of any TLS server: for the
 * whole process, so for every link that gives a time. There is no nearer place: libmosquitto makes its TLS context inside
 * the call below, and on a busy machine the handshake may be over when that call returns; and a context of our own, which
 * libmosquitto 2.0.11 also takes, fails its own check of the peer unless the process made another TLS connection before. */
static int use_tls_time(const struct mqtt_settings *settings)
{
    /* OpenSSL's table owns it and lives as long as the process. Made once and changed in place: putting a new one in its place
     * leaks the old one's name, which OpenSSL 3.0 never frees; we go on pointing at the name for the same reason. */
    static X509_VERIFY_PARAM *asked;
    static const char *its_name;
    if (!settings->tls_ca || !settings->tls_time_ms)
        return MOSQ_ERR_SUCCESS;
    if (!asked) {
        X509_VERIFY_PARAM *made = X509_VERIFY_PARAM_new();
        if (!made || !X509_VERIFY_PARAM_set1_name(made, "ssl_server") ||
            !X509_VERIFY_PARAM_set_purpose(made, X509_PURPOSE_SSL_SERVER) ||
            !X509_VERIFY_PARAM_set_trust(made, X509_TRUST_SSL_SERVER) || !X509_VERIFY_PARAM_add0_table(made)) {
            X509_VERIFY_PARAM_free(made);
            return MOSQ_ERR_NOMEM;
        }
        asked = made;
        its_name = X509_VERIFY_PARAM_get0_name(asked);
    }
    X509_VERIFY_PARAM_set_time(asked, (time_t)(settings->tls_time_ms(settings->tls_time_context) / 1000));
    return its_name ? MOSQ_ERR_SUCCESS : MOSQ_ERR_NOMEM;
}

int mqtt_settings_connect(const struct mqtt_settings *settings, struct mosquitto *link)
{
    int code = keep_properties(settings, link);
    if (code == MOSQ_ERR_SUCCESS)
        code = use_tls_time(settings);
    if (code == MOSQ_ERR_SUCCESS)
        code = mosquitto_connect_async(link, settings->host, settings->port,
                                       settings->keepalive_s > 0 ? settings->keepalive_s : KEEPALIVE_S);
    return code;
}

enum outcome mqtt_topics_add(struct mqtt_topics *topics, const char *topic, struct why *why)
{
    for (size_t i = 0; i < topics->count; i++)
        if (strcmp(topics->names[i], topic) == 0)
            return DONE;
    char **grown = realloc(topics->names, (topics->count + 1) * sizeof *grown);
    if (!grown)
        return fail(why, RETRY, "mqtt: out of memory");
    topics->names = grown;
    topics->names[topics->count] = strdup(topic);
    if (!topics->names[topics->count])
        return fail(why, RETRY, "mqtt: out of memory");
    topics->count++;
    return DONE;
}

void mqtt_topics_free(struct mqtt_topics *topics)
{
    for (size_t i = 0; i < topics->count; i++)
        free(topics->names[i]);
    free(topics->names);
    *topics = (struct mqtt_topics){0};
}

static bool add_pair(mosquitto_property **list, const char *content_type, const char *schema)
{
    return mosquitto_property_add_string(list, MQTT_PROP_CONTENT_TYPE, content_type) == MOSQ_ERR_SUCCESS &&
           mosquitto_property_add_string_pair(list, MQTT_PROP_USER_PROPERTY, "schema", schema) == MOSQ_ERR_SUCCESS;
}

enum outcome mqtt_properties_make(struct mqtt_properties *properties, struct why *why)
{
    if (add_pair(&properties->protobuf, "application/x-protobuf", "silsila.v1") &&
        add_pair(&properties->json, "application/json", "silsila.v1") &&
        add_pair(&properties->text, "text/plain", "silsila.v1"))
        return DONE;
    return fail(why, RETRY, "mqtt: out of memory");
}

void mqtt_properties_free(struct mqtt_properties *properties)
{
    mosquitto_property_free_all(&properties->protobuf);
    mosquitto_property_free_all(&properties->json);
    mosquitto_property_free_all(&properties->text);
}

/* The level behind silsila/v1/. */
static bool kind_is(const char *topic, const char *kind)
{
    for (int level = 0; level < SCHEMA_TOPIC_LEVELS; level++) {
        topic = strchr(topic, '/');
        if (!topic)
            return false;
        topic++;
    }
    size_t len = strlen(kind);
    return strncmp(topic, kind, len) == 0 && (topic[len] == '/' || topic[len] == '\0');
}

const mosquitto_property *mqtt_properties_for(const struct mqtt_properties *properties, const char *topic)
{
    if (kind_is(topic, "alert"))
        return properties->json;
    if (kind_is(topic, "status"))
        return properties->text;
    return properties->protobuf;
}
