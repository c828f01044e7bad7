/* Server words for tests of a gateway: Signed messages with a certificate, by keys that the test holds, right or rogue.
 * Fails the running Check test when something cannot be made. */
#ifndef TESTS_HELPERS_SERVER_WORDS_H
#define TESTS_HELPERS_SERVER_WORDS_H

#include "coldchain/envelope.h"
#include "common/keys.h"

/* SubjectPublicKeyInfo of the key's public half; the caller frees. */
struct buffer public_der(const struct key_private *key);

/* A Signed over `payload` by `key`, with a certificate of that serial by `certifier`; the caller frees. */
struct buffer signed_message(enum purpose purpose, struct bytes payload, const struct key_private *key,
                             const struct key_private *certifier, uint64_t serial, const uint8_t ledger[32]);

/* The payload of a receipt for 1 … through of that epoch with this hash; the caller frees. */
struct buffer receipt_payload(const uint8_t ledger[32], const char *gateway, const uint8_t epoch[16], uint64_t through,
                              const uint8_t hash[32], uint32_t window, Silsila__V1__Checkpoint *checkpoint,
                              Silsila__V1__ResendRequest *resend);

#endif
