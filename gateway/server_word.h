/* Server word: whether a Signed message that came down is the server's, by what was pinned at enrolment.
 *
 * It carries the certificate of the key that signed it; that certificate must be the authority's, for this ledger, of kind
 * SERVER and not of a lower serial than the highest seen, and the signature must be that key's, for this purpose. A gateway
 * that slept through any number of key rotations needs nothing else.
 *
 * No I/O, no clock; the pins are the caller's.
 */
#ifndef GATEWAY_SERVER_WORD_H
#define GATEWAY_SERVER_WORD_H

#include "coldchain/envelope.h"
#include "common/keys.h"

struct server_pins {
    uint8_t origin[ORIGIN_LEN];
    struct key_public *authority; /* owned: server_pins_free */
    uint64_t serial;              /* highest certificate serial believed so far */
};

struct server_word {
    struct bytes payload; /* view into the raw message */
    uint64_t serial;      /* of its certificate */
    uint8_t key_id[KEY_ID_LEN];
    struct key_public *key; /* owned: server_word_free */
};

/* REJECT: the authority key is not one of ours. */
MUST_CHECK enum outcome server_pins_make(struct server_pins *pins, const uint8_t origin[ORIGIN_LEN],
                                         struct bytes authority_der, uint64_t serial, struct why *why);
void server_pins_free(struct server_pins *pins);

/* DONE: believed; `pins` is not changed (the caller keeps a higher serial durably first). REJECT: not to be believed, `why`
 * says by which rule. RETRY: out of memory. */
MUST_CHECK enum outcome server_word_check(const struct server_pins *pins, enum purpose purpose, struct bytes raw,
                                          struct server_word *word, struct why *why);
void server_word_free(struct server_word *word);

/* A checkpoint that came inside a word: signed by the same key with purpose "checkpoint", for this ledger. `generation` and
 * `size` order checkpoints. */
MUST_CHECK enum outcome server_checkpoint_check(const struct server_pins *pins, const struct server_word *word,
                                                const Silsila__V1__Checkpoint *checkpoint, uint32_t *generation,
                                                uint64_t *size, struct why *why);

#endif
