/* Authority check: the arithmetic behind coldchain/certificate.h, which has none of its own. */
#ifndef INGEST_AUTHORITY_CHECK_H
#define INGEST_AUTHORITY_CHECK_H

#include "common/keys.h"

struct authority_check {
    struct key_public *authority; /* used by one thread at a time */
    const uint8_t *origin;
};

/* A certificate_signature_check; the context is a struct authority_check. */
MUST_CHECK static inline enum outcome authority_signed(void *context, struct bytes statement, const uint8_t *signature,
                                                       struct why *why)
{
    const struct authority_check *check = context;
    return key_verify(check->authority, PURPOSE_CERTIFICATE, check->origin, statement, signature, why);
}

#endif
