/* Settings of silsila-ingest: one table, from which parser, --dump-config and the example file follow (common/conf.h). */
#ifndef INGEST_SETTINGS_H
#define INGEST_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/conf.h"

struct ingest_settings {
    char *id;
    int64_t shard;
    char *broker_host;
    int64_t broker_port;
    char *tls_ca, *tls_cert, *tls_key;
    char *database;
    char *server_key;
    char *server_certificate;
    char *authority_key;
    int64_t http_port;
    bool fold;
    int64_t verify_threads;
    int64_t queue_most, queue_mib_most;
    int64_t batch_most, batch_kib_most, batch_wait_ms;
    int64_t receipt_gap_ms;
    int64_t send_window;
    int64_t heartbeat_ms, takeover_ms, lock_wait_ms, append_deadline_ms;
};

const struct conf_table *ingest_settings_table(void);

#endif
