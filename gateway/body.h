/* Body: what one sealed body says besides its items, put together, signed and wrapped (coldchain/envelope.h has the form).
 *
 * Chain and epoch come from the outbox, which alone knows them; the clock from clock_state.h.
 */
#ifndef GATEWAY_BODY_H
#define GATEWAY_BODY_H

#include "coldchain/envelope.h"
#include "common/keys.h"
#include "common/outbox.h"
#include "gateway/clock_state.h"

struct body_signer {
    char gateway[33];
    const struct key_private *key; /* outlives its use */
    uint8_t key_id[KEY_ID_LEN];
    uint8_t origin[ORIGIN_LEN];
    uint8_t boot_id[BOOT_ID_LEN];
};

struct body_content {
    struct clock_claim clock;  /* at sealing */
    uint64_t config_version;
    struct bytes checkpoint;   /* raw Checkpoint, the largest seen; len 0: none yet */
    Silsila__V1__Item **items;
    size_t item_count;
};

/* Appends the raw Envelope of the next body of the chain that `state` describes, and writes SHA-256 of the body. REJECT:
 * over a limit of the contract (too much for one body); RETRY: no memory. */
MUST_CHECK enum outcome body_sign(const struct body_signer *signer, const struct body_content *content,
                                  const struct outbox_state *state, struct buffer *envelope,
                                  uint8_t body_hash[HASH_LEN], struct why *why);

#endif
