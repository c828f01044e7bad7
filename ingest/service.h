/* Service: the parts of silsila-ingest and how they hand arrivals on. main.c opens them in the order of the way; the calls
 * from one part to the next are here.
 *
 *   intake → verify → writer → receipts        authentic envelopes
 *                  ↘ errands (quarantine)      the others
 *   errands → intake                           configurations and notices on their way down
 *   writer → fold keeper                       how far the ledger reaches
 */
#ifndef INGEST_SERVICE_H
#define INGEST_SERVICE_H

#include "common/daemon.h"
#include "common/log.h"
#include "ingest/errands.h"
#include "ingest/figures.h"
#include "ingest/fold/fold_worker.h"
#include "ingest/intake.h"
#include "ingest/receipts.h"
#include "ingest/settings.h"
#include "ingest/signer.h"
#include "ingest/verify.h"
#include "ingest/writer.h"

struct service {
    struct ingest_settings *settings;
    const char *config_path;
    struct loop *loop;
    struct daemon *daemon;
    struct keyring *keyring;
    struct intake *intake;
    struct verify_pool *verify;
    struct writer *writer;
    struct receipts *receipts;
    struct errands *errands;
    struct fold_keeper *fold; /* NULL: no fold beside us */
    struct signer signer;
    bool has_keys; /* the registered keys were read once: before that everybody is a stranger */
    bool has_signer;
    struct figures figures;
    struct loop_timer *tick;
    struct log_rate quarantine_rate, signer_rate;
};

/* Opens every part, in the order of the way. `program` is the path of our own executable, for the fold. What was opened
 * before a failure is closed by service_close. */
MUST_CHECK enum outcome service_open(struct service *service, const char *program, struct why *why);
/* Stops taking, closes every part. What was not committed stays with its senders. */
void service_close(struct service *service);

/* SIGHUP: all or nothing. Reads settings and the server's key again. */
void service_reload(void *context);

#endif
