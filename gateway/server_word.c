#include "gateway/server_word.h"

#include <string.h>

#include "coldchain/certificate.h"

enum outcome server_pins_make(struct server_pins *pins, const uint8_t origin[ORIGIN_LEN], struct bytes authority_der,
                              uint64_t serial, struct why *why)
{
    memcpy(pins->origin, origin, sizeof pins->origin);
    pins->serial = serial;
    pins->authority = NULL;
    return key_public_read(authority_der, &pins->authority, why);
}

void server_pins_free(struct server_pins *pins)
{
    key_public_free(&pins->authority);
}

static enum outcome authority_signed(void *context, struct bytes statement, const uint8_t *signature, struct why *why)
{
    const struct server_pins *pins = context;
    return key_verify(pins->authority, PURPOSE_CERTIFICATE, pins->origin, statement, signature, why);
}

enum outcome server_word_check(const struct server_pins *pins, enum purpose purpose, struct bytes raw,
                               struct server_word *word, struct why *why)
{
    struct envelope_view view;
    struct certificate certificate;
    struct server_pins *unchanged = (struct server_pins *)(uintptr_t)pins; /* the check's context is not const */
    *word = (struct server_word){0};
    enum outcome outcome = envelope_open(raw, &view, why);
    if (outcome != DONE)
        return outcome;
    if (view.algorithm != SILSILA__V1__ALGORITHM__ALGORITHM_ECDSA_P256_SHA256)
        return fail(why, REJECT, "signed by algorithm %u", (unsigned)view.algorithm);
    if (view.certificate.len == 0)
        return fail(why, REJECT, "no certificate beside the signature");
    outcome = certificate_check(view.certificate, pins->origin, SILSILA__V1__KEY_KIND__KEY_KIND_SERVER, authority_signed,
                                unchanged, &certificate, why);
    if (outcome != DONE)
        return fail_within(why, outcome, "certificate");
    if (certificate.serial < pins->serial)
        return fail(why, REJECT, "certificate of serial %llu after %llu", (unsigned long long)certificate.serial,
                    (unsigned long long)pins->serial);
    outcome = key_public_read(bytes_of(certificate.public_key, sizeof certificate.public_key), &word->key, why);
    if (outcome != DONE)
        return outcome;
    key_public_id(word->key, word->key_id);
    if (memcmp(word->key_id, view.key_id, KEY_ID_LEN) != 0)
        outcome = fail(why, REJECT, "signed by another key than certified");
    else
        outcome = key_verify(word->key, purpose, pins->origin, view.body, view.signature, why);
    if (outcome != DONE) {
        server_word_free(word);
        return outcome;
    }
    word->payload = view.body;
    word->serial = certificate.serial;
    return DONE;
}

void server_word_free(struct server_word *word)
{
    key_public_free(&word->key);
}

enum outcome server_checkpoint_check(const struct server_pins *pins, const struct server_word *word,
                                     const Silsila__V1__Checkpoint *checkpoint, uint32_t *generation, uint64_t *size,
                                     struct why *why)
{
    if (!checkpoint_form_valid(checkpoint))
        return fail(why, REJECT, "checkpoint out of form");
    if (memcmp(checkpoint->key_id.data, word->key_id, KEY_ID_LEN) != 0)
        return fail(why, REJECT, "checkpoint signed by another key than its receipt");
    struct bytes statement = bytes_of(checkpoint->statement.data, checkpoint->statement.len);
    enum outcome outcome =
        key_verify(word->key, PURPOSE_CHECKPOINT, pins->origin, statement, checkpoint->signature.data, why);
    if (outcome != DONE)
        return fail_within(why, outcome, "checkpoint");
    Silsila__V1__CheckpointStatement *said = NULL;
    outcome = checkpoint_statement_decode(statement, &said, why);
    if (outcome != DONE)
        return outcome;
    bool ours = said->origin.len == ORIGIN_LEN && memcmp(said->origin.data, pins->origin, ORIGIN_LEN) == 0;
    *generation = said->generation;
    *size = said->size;
    silsila__v1__checkpoint_statement__free_unpacked(said, NULL);
    return ours ? DONE : fail(why, REJECT, "checkpoint of another ledger");
}
