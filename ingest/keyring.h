/* Keyring: the public keys by which envelopes are believed, for the verify workers.
 *
 * It holds every key ever registered for a sender (silsila.key), revoked ones too: a revocation names a position in a
 * chain, and what it does to an envelope is the fold's to say. It only grows while the program runs. Server and admin keys
 * are not registered; they come with a certificate of the authority, which is checked once and remembered.
 *
 * Thread-safe: many readers, one writer.
 */
#ifndef INGEST_KEYRING_H
#define INGEST_KEYRING_H

#include <stdbool.h>
#include <stdint.h>

#include "common/keys.h"

enum { KEY_DER_LEN = 91, KEY_OWNER_ROOM = 33 };

struct keyring; /* opaque */

MUST_CHECK enum outcome keyring_open(struct keyring **made, struct why *why);
void keyring_close(struct keyring **keyring);

/* Which ledger this is and whose certificates count; before the first envelope is verified. REJECT: no P-256 key. */
MUST_CHECK enum outcome keyring_set_authority(struct keyring *keyring, const uint8_t origin[ORIGIN_LEN],
                                              struct bytes authority, struct why *why);
bool keyring_has_authority(const struct keyring *keyring);
/* Stable after keyring_set_authority(). */
const uint8_t *keyring_origin(const struct keyring *keyring);

/* Registers a key for an owner; one that is there stays. REJECT: not a P-256 key, or not the key with this id. */
MUST_CHECK enum outcome keyring_add(struct keyring *keyring, const uint8_t key_id[KEY_ID_LEN], const char *owner,
                                    struct bytes der, struct why *why);
size_t keyring_count(struct keyring *keyring);

/* Copies the public key registered under this id for this owner; false: none. */
bool keyring_find(struct keyring *keyring, const uint8_t key_id[KEY_ID_LEN], const char *owner,
                  uint8_t der[KEY_DER_LEN]);

/* Copies the public key that a raw certificate vouches for, if it is this key's and this owner's. REJECT: not valid. */
MUST_CHECK enum outcome keyring_certified(struct keyring *keyring, struct bytes certificate,
                                          const uint8_t key_id[KEY_ID_LEN], const char *owner, uint8_t der[KEY_DER_LEN],
                                          struct why *why);

#endif
