#include "ingest/settings.h"

#define AT(field) offsetof(struct ingest_settings, field)

static const struct conf_setting settings[] = {
    {.name = "id", .type = CONF_TEXT, .offset = AT(id), .fallback = "ingest",
     .help = "name towards the broker; the CN of the TLS certificate. Active and standby share it"},
    {.name = "shard", .type = CONF_INT, .offset = AT(shard), .least = 0, .most = 1000, .fallback = "0",
     .help = "number of the log that this ingest appends to, as in the MQTT topics"},
    {.name = "broker_host", .type = CONF_TEXT, .offset = AT(broker_host), .fallback = "127.0.0.1",
     .help = "national broker: address or name"},
    {.name = "broker_port", .type = CONF_INT, .offset = AT(broker_port), .least = 1, .most = 65535, .fallback = "8883",
     .help = "national broker: port"},
    {.name = "tls_ca", .type = CONF_PATH, .offset = AT(tls_ca),
     .help = "authorities that the broker's certificate may come from, PEM; empty: no TLS, for tests on loopback only"},
    {.name = "tls_cert", .type = CONF_PATH, .offset = AT(tls_cert), .help = "our TLS certificate, PEM"},
    {.name = "tls_key", .type = CONF_PATH, .offset = AT(tls_key), .flags = CONF_SECRET, .help = "our TLS key, PEM"},
    {.name = "database", .type = CONF_TEXT, .offset = AT(database), .fallback = "dbname=silsila user=silsila_ingest",
     .help = "how to reach PostgreSQL: a libpq connection string"},
    {.name = "server_key", .type = CONF_PATH, .offset = AT(server_key), .flags = CONF_REQUIRED | CONF_SECRET,
     .help = "key that signs receipts, checkpoints, configurations and notices, PEM; read again on SIGHUP"},
    {.name = "server_certificate", .type = CONF_PATH, .offset = AT(server_certificate), .flags = CONF_REQUIRED,
     .help = "the authority's certificate for server_key; read again on SIGHUP"},
    {.name = "authority_key", .type = CONF_PATH, .offset = AT(authority_key),
     .help = "the authority's public key, DER: must be the one in ledger.origin; empty: the ledger is believed"},
    {.name = "http_port", .type = CONF_INT, .offset = AT(http_port), .least = -1, .most = 65535, .fallback = "9621",
     .help = "loopback port of /metrics, /-/healthy and /-/ready; 0: a free one, -1: none"},
    {.name = "fold", .type = CONF_BOOL, .offset = AT(fold), .fallback = "true",
     .help = "run the fold as a process beside this one"},
    {.name = "verify_threads", .type = CONF_INT, .offset = AT(verify_threads), .least = 0, .most = 16, .fallback = "2",
     .help = "threads that check signatures; 0: the main thread does it"},
    {.name = "queue_most", .type = CONF_INT, .offset = AT(queue_most), .least = 100, .most = 10000000, .fallback = "20000",
     .flags = CONF_RELOADABLE, .help = "envelopes in memory before reading from the broker pauses"},
    {.name = "queue_mib_most", .type = CONF_INT, .offset = AT(queue_mib_most), .least = 1, .most = 65536, .fallback = "128",
     .flags = CONF_RELOADABLE, .help = "the same bound in MiB"},
    {.name = "batch_most", .type = CONF_INT, .offset = AT(batch_most), .least = 1, .most = 20000, .fallback = "1000",
     .flags = CONF_RELOADABLE, .help = "envelopes appended in one transaction at most"},
    {.name = "batch_kib_most", .type = CONF_INT, .offset = AT(batch_kib_most), .least = 64, .most = 1048576,
     .fallback = "8192", .flags = CONF_RELOADABLE, .help = "the same bound in KiB"},
    {.name = "batch_wait_ms", .type = CONF_INT, .offset = AT(batch_wait_ms), .least = 0, .most = 1000, .fallback = "20",
     .flags = CONF_RELOADABLE, .help = "under load, how long after a commit the next batch may wait for company"},
    {.name = "receipt_gap_ms", .type = CONF_INT, .offset = AT(receipt_gap_ms), .least = 0, .most = 10000, .fallback = "100",
     .flags = CONF_RELOADABLE, .help = "under load, least time between two receipts to the same sender"},
    {.name = "send_window", .type = CONF_INT, .offset = AT(send_window), .least = 1, .most = 10000, .fallback = "128",
     .flags = CONF_RELOADABLE, .help = "envelopes that a sender may have on the way without a receipt"},
    {.name = "heartbeat_ms", .type = CONF_INT, .offset = AT(heartbeat_ms), .least = 100, .most = 60000, .fallback = "2000",
     .help = "how often the writer shows the database that it is alive"},
    {.name = "takeover_ms", .type = CONF_INT, .offset = AT(takeover_ms), .least = 500, .most = 600000, .fallback = "10000",
     .help = "after this silence the database ends the writer's session, so that a standby can take over"},
    {.name = "lock_wait_ms", .type = CONF_INT, .offset = AT(lock_wait_ms), .least = 10, .most = 600000, .fallback = "5000",
     .help = "how long an append waits for a lock that somebody holds before it is tried again"},
    {.name = "append_deadline_ms", .type = CONF_INT, .offset = AT(append_deadline_ms), .least = 100, .most = 600000,
     .fallback = "20000", .help = "how long an append may take"},
};

static const struct conf_table table = {
    .program = "silsila-ingest",
    .size = sizeof(struct ingest_settings),
    .settings = settings,
    .setting_count = sizeof settings / sizeof settings[0],
};

const struct conf_table *ingest_settings_table(void)
{
    return &table;
}
