/* TLS identities for enrolment: a request made on the gateway, a certificate made by who enrols it.
 *
 * The CN is the id, which the broker's ACL ties to topics, so only [a-z0-9][a-z0-9-]{2,31} is ever certified.
 * TLS key and record key are two keys. P-256 throughout.
 */
#ifndef CLI_TLS_H
#define CLI_TLS_H

#include <stdint.h>

#include "common/bytes.h"

/* A request (PKCS #10, DER) for the private key in the PEM file `key_path`, appended to `out`. */
MUST_CHECK enum outcome tls_request_make(const char *key_path, const char *id, struct buffer *out,
                                         struct why *why);

/* Signs `request` with the CA's key: a client certificate for `id`, valid for `days` from now_s (a minute
 * earlier, for clocks that lag), as PEM appended to `out`. REJECT: the request does not prove possession of
 * its key, or names another id. */
MUST_CHECK enum outcome tls_certificate_issue(struct bytes request, const char *id, const char *ca_path,
                                              const char *ca_key_path, int64_t days, struct buffer *out,
                                              struct why *why);

#endif
