/* Enrolment by file: what is written on the gateway, checked and answered by who enrols it, and taken back
 * in.
 *
 *   gateway:  csr     → request   a Signed EnrolmentRequest, purpose "enrolment", origin all zero, by the key
 * it carries admin:    enrol   → bundle    an EnrolmentBundle: origin and authority to pin, TLS certificate,
 * server certificate gateway:  import  → files
 */
#ifndef CLI_ENROLMENT_H
#define CLI_ENROLMENT_H

#include "cli/home.h"

enum { REQUEST_MOST = 8192, BUNDLE_MOST = 32768 };

/* Appends the request of `id`, with the record key and the TLS request given. */
MUST_CHECK enum outcome enrolment_request_write(const char *id, const struct key_private *record_key,
                                                struct bytes tls_request, int64_t now_ms, struct buffer *out,
                                                struct why *why);
/* Checks and decodes. REJECT: not signed by the key it carries. Free with …__free_unpacked. */
MUST_CHECK enum outcome enrolment_request_read(struct bytes raw, Silsila__V1__EnrolmentRequest **request,
                                               struct why *why);
/* Appends the bundle for `id`. */
MUST_CHECK enum outcome enrolment_bundle_write(struct home *home, const char *id,
                                               struct bytes tls_certificate, struct bytes tls_ca,
                                               struct buffer *out, struct why *why);

#endif
