#include "ingest/keyring.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "coldchain/certificate.h"
#include "ingest/authority_check.h"

enum { CERTIFIED_MOST = 1024 };

struct entry {
    struct entry *next;
    uint8_t id[KEY_ID_LEN]; /* key id; of a certificate: its hash */
    uint8_t key_id[KEY_ID_LEN];
    char owner[KEY_OWNER_ROOM];
    uint8_t der[KEY_DER_LEN];
};

/* Entries by id, in chains. */
struct table {
    struct entry **slots;
    size_t slot_count, count;
};

struct keyring {
    pthread_rwlock_t lock;
    struct table registered, certified;
    uint8_t origin[ORIGIN_LEN];
    struct key_public *authority; /* cloned for each use: workers check certificates side by side */
};

static void free_table(struct table *table)
{
    for (size_t i = 0; i < table->slot_count; i++) {
        while (table->slots[i]) {
            struct entry *entry = table->slots[i];
            table->slots[i] = entry->next;
            free(entry);
        }
    }
    free(table->slots);
    *table = (struct table){0};
}

static size_t slot_of(const struct table *table, const uint8_t id[KEY_ID_LEN])
{
    uint64_t mixed;
    memcpy(&mixed, id, sizeof mixed);
    return (size_t)(mixed & (table->slot_count - 1));
}

static const struct entry *find(const struct table *table, const uint8_t id[KEY_ID_LEN], const char *owner)
{
    if (!table->slot_count)
        return NULL;
    const struct entry *entry = table->slots[slot_of(table, id)];
    while (entry && (memcmp(entry->id, id, KEY_ID_LEN) != 0 || strcmp(entry->owner, owner) != 0))
        entry = entry->next;
    return entry;
}

static bool grow(struct table *table)
{
    struct table bigger = {.slot_count = table->slot_count ? table->slot_count * 2 : 256, .count = table->count};
    bigger.slots = calloc(bigger.slot_count, sizeof *bigger.slots);
    if (!bigger.slots)
        return false;
    for (size_t i = 0; i < table->slot_count; i++) {
        while (table->slots[i]) {
            struct entry *entry = table->slots[i];
            table->slots[i] = entry->next;
            size_t slot = slot_of(&bigger, entry->id);
            entry->next = bigger.slots[slot];
            bigger.slots[slot] = entry;
        }
    }
    free(table->slots);
    *table = bigger;
    return true;
}

static bool insert(struct table *table, const struct entry *from)
{
    if (table->count >= table->slot_count && !grow(table))
        return false;
    struct entry *entry = malloc(sizeof *entry);
    if (!entry)
        return false;
    *entry = *from;
    size_t slot = slot_of(table, entry->id);
    entry->next = table->slots[slot];
    table->slots[slot] = entry;
    table->count++;
    return true;
}

enum outcome keyring_open(struct keyring **made, struct why *why)
{
    struct keyring *keyring = calloc(1, sizeof *keyring);
    if (!keyring)
        return fail(why, RETRY, "out of memory");
    (void)pthread_rwlock_init(&keyring->lock, NULL);
    *made = keyring;
    return DONE;
}

void keyring_close(struct keyring **keyring)
{
    struct keyring *closing = *keyring;
    if (!closing)
        return;
    free_table(&closing->registered);
    free_table(&closing->certified);
    key_public_free(&closing->authority);
    (void)pthread_rwlock_destroy(&closing->lock);
    free(closing);
    *keyring = NULL;
}

enum outcome keyring_set_authority(struct keyring *keyring, const uint8_t origin[ORIGIN_LEN], struct bytes authority,
                                   struct why *why)
{
    struct key_public *key = NULL;
    enum outcome outcome = key_public_read(authority, &key, why);
    if (outcome != DONE)
        return outcome;
    (void)pthread_rwlock_wrlock(&keyring->lock);
    key_public_free(&keyring->authority);
    keyring->authority = key;
    memcpy(keyring->origin, origin, ORIGIN_LEN);
    (void)pthread_rwlock_unlock(&keyring->lock);
    return DONE;
}

bool keyring_has_authority(const struct keyring *keyring)
{
    return keyring->authority != NULL;
}

const uint8_t *keyring_origin(const struct keyring *keyring)
{
    return keyring->origin;
}

enum outcome keyring_add(struct keyring *keyring, const uint8_t key_id[KEY_ID_LEN], const char *owner, struct bytes der,
                         struct why *why)
{
    struct entry entry = {.next = NULL};
    uint8_t hash[KEY_ID_LEN];
    sha256(der, hash);
    if (der.len != KEY_DER_LEN || memcmp(hash, key_id, KEY_ID_LEN) != 0)
        return fail(why, REJECT, "the key of %s is not the one with its id", owner);
    memcpy(entry.id, key_id, KEY_ID_LEN);
    memcpy(entry.key_id, key_id, KEY_ID_LEN);
    memcpy(entry.der, der.data, KEY_DER_LEN);
    snprintf(entry.owner, sizeof entry.owner, "%s", owner);
    (void)pthread_rwlock_wrlock(&keyring->lock);
    bool good = find(&keyring->registered, key_id, owner) || insert(&keyring->registered, &entry);
    (void)pthread_rwlock_unlock(&keyring->lock);
    return good ? DONE : fail(why, RETRY, "out of memory");
}

size_t keyring_count(struct keyring *keyring)
{
    (void)pthread_rwlock_rdlock(&keyring->lock);
    size_t count = keyring->registered.count;
    (void)pthread_rwlock_unlock(&keyring->lock);
    return count;
}

bool keyring_find(struct keyring *keyring, const uint8_t key_id[KEY_ID_LEN], const char *owner, uint8_t der[KEY_DER_LEN])
{
    (void)pthread_rwlock_rdlock(&keyring->lock);
    const struct entry *entry = find(&keyring->registered, key_id, owner);
    if (entry)
        memcpy(der, entry->der, KEY_DER_LEN);
    (void)pthread_rwlock_unlock(&keyring->lock);
    return entry != NULL;
}

/* Checks a certificate that was not seen before, for either of the two kinds that are certified. */
static enum outcome check_certificate(struct keyring *keyring, struct bytes raw, struct certificate *certificate,
                                      struct why *why)
{
    struct authority_check check = {.origin = keyring->origin};
    (void)pthread_rwlock_rdlock(&keyring->lock);
    enum outcome outcome = keyring->authority ? key_public_clone(keyring->authority, &check.authority, why)
                                              : fail(why, RETRY, "no authority is known yet");
    (void)pthread_rwlock_unlock(&keyring->lock);
    if (outcome != DONE)
        return outcome;
    outcome = certificate_check(raw, keyring->origin, SILSILA__V1__KEY_KIND__KEY_KIND_ADMIN, authority_signed, &check,
                                certificate, why);
    if (outcome == REJECT)
        outcome = certificate_check(raw, keyring->origin, SILSILA__V1__KEY_KIND__KEY_KIND_SERVER, authority_signed, &check,
                                    certificate, why);
    key_public_free(&check.authority);
    return outcome;
}

/* Remembers a good certificate; a full memory begins anew rather than grow. */
static void remember(struct keyring *keyring, const struct entry *entry)
{
    (void)pthread_rwlock_wrlock(&keyring->lock);
    if (keyring->certified.count >= CERTIFIED_MOST)
        free_table(&keyring->certified);
    if (!find(&keyring->certified, entry->id, entry->owner))
        (void)!insert(&keyring->certified, entry);
    (void)pthread_rwlock_unlock(&keyring->lock);
}

enum outcome keyring_certified(struct keyring *keyring, struct bytes raw, const uint8_t key_id[KEY_ID_LEN],
                               const char *owner, uint8_t der[KEY_DER_LEN], struct why *why)
{
    uint8_t hash[HASH_LEN];
    struct entry entry = {.next = NULL};
    sha256(raw, hash);
    (void)pthread_rwlock_rdlock(&keyring->lock);
    const struct entry *known = find(&keyring->certified, hash, owner);
    if (known)
        entry = *known;
    (void)pthread_rwlock_unlock(&keyring->lock);
    if (!known) {
        struct certificate certificate;
        enum outcome outcome = check_certificate(keyring, raw, &certificate, why);
        if (outcome != DONE)
            return outcome;
        memcpy(entry.id, hash, HASH_LEN);
        memcpy(entry.der, certificate.public_key, KEY_DER_LEN);
        sha256(bytes_of(entry.der, KEY_DER_LEN), entry.key_id);
        snprintf(entry.owner, sizeof entry.owner, "%s", certificate.owner);
        remember(keyring, &entry);
    }
    if (memcmp(entry.key_id, key_id, KEY_ID_LEN) != 0 || strcmp(entry.owner, owner) != 0)
        return fail(why, REJECT, "the certificate is for another key or sender");
    memcpy(der, entry.der, KEY_DER_LEN);
    return DONE;
}
