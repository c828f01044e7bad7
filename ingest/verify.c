#include "ingest/verify.h"

#include <stdlib.h>
#include <string.h>

/* Keys in OpenSSL's form, by id: direct-mapped, so that it is bounded and needs no upkeep. */
enum { CACHE_SLOTS = 16384 };

struct cached {
    uint8_t key_id[KEY_ID_LEN];
    char owner[KEY_OWNER_ROOM];
    struct key_public *key; /* NULL: empty */
};

struct verifier {
    struct keyring *keyring;
    struct cached *cache;
};

enum outcome verifier_open(struct verifier **made, struct keyring *keyring, struct why *why)
{
    struct verifier *verifier = calloc(1, sizeof *verifier);
    if (verifier)
        verifier->cache = calloc(CACHE_SLOTS, sizeof *verifier->cache);
    if (!verifier || !verifier->cache) {
        free(verifier);
        return fail(why, RETRY, "out of memory");
    }
    verifier->keyring = keyring;
    *made = verifier;
    return DONE;
}

void verifier_close(struct verifier **verifier)
{
    struct verifier *closing = *verifier;
    if (!closing)
        return;
    for (size_t i = 0; i < CACHE_SLOTS; i++)
        key_public_free(&closing->cache[i].key);
    free(closing->cache);
    free(closing);
    *verifier = NULL;
}

static struct cached *slot_of(struct verifier *verifier, const uint8_t key_id[KEY_ID_LEN])
{
    uint32_t mixed;
    memcpy(&mixed, key_id, sizeof mixed);
    return &verifier->cache[mixed % CACHE_SLOTS];
}

static void refuse(struct arrival *arrival, enum authenticity authenticity, const char *why)
{
    arrival->authenticity = authenticity;
    snprintf(arrival->why, sizeof arrival->why, "%s", why);
}

static enum authenticity authenticity_of(enum outcome outcome, enum authenticity when_rejected)
{
    return outcome == REJECT ? when_rejected : NOT_CHECKED;
}

/* Puts a key into the cache in place of whichever is there. */
static struct key_public *keep(struct cached *slot, const struct arrival *arrival, const uint8_t der[KEY_DER_LEN],
                               struct why *why)
{
    struct key_public *key = NULL;
    if (key_public_read(bytes_of(der, KEY_DER_LEN), &key, why) != DONE)
        return NULL;
    key_public_free(&slot->key);
    slot->key = key;
    memcpy(slot->key_id, arrival->view.key_id, KEY_ID_LEN);
    snprintf(slot->owner, sizeof slot->owner, "%s", arrival->head.gateway);
    return key;
}

/* The key that has to have signed: registered for the sender, or certified. NULL: the arrival says why. `registered`
 * keys need no certificate. */
static struct key_public *find_key(struct verifier *verifier, struct arrival *arrival)
{
    struct why why = {""};
    uint8_t der[KEY_DER_LEN];
    const struct envelope_view *view = &arrival->view;
    struct cached *slot = slot_of(verifier, view->key_id);
    bool registered = keyring_find(verifier->keyring, view->key_id, arrival->head.gateway, der);
    if (registered) {
        arrival->view.certificate = bytes_of(NULL, 0);
    } else if (view->certificate.len == 0) {
        refuse(arrival, UNKNOWN_KEY, "no such key is registered for this sender");
        return NULL;
    } else {
        enum outcome outcome =
            keyring_certified(verifier->keyring, view->certificate, view->key_id, arrival->head.gateway, der, &why);
        if (outcome != DONE) {
            refuse(arrival, authenticity_of(outcome, BAD_CERTIFICATE), why.text);
            return NULL;
        }
    }
    if (slot->key && memcmp(slot->key_id, view->key_id, KEY_ID_LEN) == 0 && strcmp(slot->owner, arrival->head.gateway) == 0)
        return slot->key;
    struct key_public *key = keep(slot, arrival, der, &why);
    if (!key)
        refuse(arrival, NOT_CHECKED, why.text);
    return key;
}

void verifier_look(struct verifier *verifier, struct arrival *arrival)
{
    struct why why = {""};
    struct envelope_view *view = &arrival->view;
    if (envelope_open(bytes_of(arrival->raw, arrival->len), view, &why) != DONE ||
        body_head_read(view->body, &arrival->head, &why) != DONE) {
        refuse(arrival, NOT_AN_ENVELOPE, why.text);
        return;
    }
    if (view->algorithm != SILSILA__V1__ALGORITHM__ALGORITHM_ECDSA_P256_SHA256) {
        refuse(arrival, BAD_SIGNATURE, "the algorithm is not one we know");
        return;
    }
    struct key_public *key = find_key(verifier, arrival);
    if (!key)
        return;
    sha256(view->body, arrival->body_hash);
    enum outcome outcome = key_verify_hash(key, PURPOSE_ENVELOPE, keyring_origin(verifier->keyring), arrival->body_hash,
                                           view->signature, &why);
    if (outcome != DONE) {
        refuse(arrival, authenticity_of(outcome, BAD_SIGNATURE), why.text);
        return;
    }
    merkle_leaf(view->key_id, (uint8_t)view->algorithm, view->signature, arrival->body_hash, arrival->leaf);
    arrival->authenticity = AUTHENTIC;
}
