/* Errands: what the ingest has to do in the database beside the ledger, on a session of its own, one thing at a time.
 *
 *   origin      ledger.origin: which ledger this is and whose certificates count
 *   keys        silsila.key into the keyring, at the start and at each NOTIFY silsila_keys
 *   outgoing    silsila.outgoing: what the fold wants sent down is signed, published and marked, at each NOTIFY
 *               silsila_outgoing; retained ones again whenever the broker is back, for it may have lost them
 *   quarantine  counts and samples of unauthenticated messages
 *
 * None of it can hold up an append or a receipt. A failure is tried again.
 */
#ifndef INGEST_ERRANDS_H
#define INGEST_ERRANDS_H

#include "common/loop.h"
#include "ingest/keyring.h"
#include "ingest/quarantine.h"
#include "ingest/signer.h"

struct errands; /* opaque */

struct errands_callbacks {
    void *context;
    /* The keyring knows the authority and all registered keys. */
    void (*on_keys)(void *context);
    /* Publishes what errands signed. RETRY: not now. */
    enum outcome (*publish)(void *context, const char *topic, struct bytes payload, bool retain, struct why *why);
    /* The server's key, when it may be used: NULL while there is none, or while another ingest is active. */
    const struct signer *(*signer)(void *context);
};

MUST_CHECK enum outcome errands_open(struct errands **made, struct loop *loop, const char *conninfo,
                                     struct keyring *keyring, const struct errands_callbacks *callbacks, struct why *why);
void errands_close(struct errands **errands);

/* SubjectPublicKeyInfo of the authority, once the origin is known; len 0 before. */
struct bytes errands_authority(const struct errands *errands);

/* Counts an unauthenticated arrival; does not keep it. */
void errands_quarantine(struct errands *errands, const struct arrival *arrival, const char *topic);

/* The broker is (back) up, or we became active: everything retained is to stand there. */
void errands_publish_retained(struct errands *errands);

/* Why the session is away; "" when it is not. */
const char *errands_trouble(const struct errands *errands);

#endif
