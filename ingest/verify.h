/* Verify: says of each arrival whether the sender it names signed it. Looks into nothing else of a body.
 *
 * A verifier belongs to one thread: it keeps the keys it met in the form OpenSSL wants. The pool runs several in threads;
 * with none, arrivals are verified in the caller's. Measured on the reference machine: docs in ingest/README.md.
 */
#ifndef INGEST_VERIFY_H
#define INGEST_VERIFY_H

#include "common/loop.h"
#include "ingest/arrival.h"
#include "ingest/keyring.h"

struct verifier; /* opaque */

MUST_CHECK enum outcome verifier_open(struct verifier **made, struct keyring *keyring, struct why *why);
void verifier_close(struct verifier **verifier);

/* Fills what verify writes in the arrival (ingest/arrival.h). A key that is not registered is looked for in the
 * envelope's certificate; a certificate nobody needed is dropped from the view, for nobody signed it. */
void verifier_look(struct verifier *verifier, struct arrival *arrival);

struct verify_pool; /* opaque */

/* `on_verified` gets arrivals in any order, from the loop. `threads` 0: verified inside verify_pool_give(). */
MUST_CHECK enum outcome verify_pool_open(struct verify_pool **made, struct loop *loop, struct keyring *keyring,
                                         unsigned threads, void (*on_verified)(void *context, struct arrival_list *done),
                                         void *context, struct why *why);
/* Waits for the threads; frees what is still inside. */
void verify_pool_close(struct verify_pool **pool);

/* Takes the arrival over. Live ones overtake late ones. */
void verify_pool_give(struct verify_pool *pool, struct arrival *arrival);
/* Arrivals inside: waiting, in work, or done and not yet told. */
size_t verify_pool_count(struct verify_pool *pool);

#endif
