/* Writes the golden vectors: one `name = hex` a line. Run by hand when the wire gets a new version, never to
 * make a test pass: vectors.txt is what other people's readers were written against.
 *
 *   build/tests/golden/make_golden > tests/golden/vectors.txt
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coldchain/certificate.h"
#include "coldchain/envelope.h"
#include "common/keys.h"
#include "common/merkle.h"
#include "tests/golden/sample.h"

static struct why why;

static void must(enum outcome outcome)
{
    if (outcome == DONE)
        return;
    fprintf(stderr, "make_golden: %s\n", why.text);
    exit(EXIT_FAILURE);
}

static void put(const char *name, struct bytes value)
{
    printf("%s = ", name);
    for (size_t i = 0; i < value.len; i++)
        printf("%02x", value.data[i]);
    putchar('\n');
}

struct keys {
    struct key_private *authority, *server, *gateway, *admin;
};

static struct buffer der_of(const struct key_private *key)
{
    struct buffer der = {0};
    must(key_public_der(key, &der, &why));
    return der;
}

static struct buffer certify(const struct keys *keys, const struct key_private *key,
                             Silsila__V1__KeyKind kind, const char *owner, const char *name)
{
    char label[64];
    uint8_t signature[SIGNATURE_LEN];
    struct buffer der = der_of(key), statement = {0}, raw = {0};
    struct certificate certificate = {.serial = 7, .kind = kind, .not_before_ms = 1700000000000};
    (void)snprintf(certificate.owner, sizeof certificate.owner, "%s", owner);
    memcpy(certificate.public_key, der.data, sizeof certificate.public_key);
    must(certificate_statement(&certificate, golden_origin, &statement, &why));
    must(key_sign(keys->authority, PURPOSE_CERTIFICATE, golden_origin, buffer_view(&statement), signature,
                  &why));
    must(certificate_seal(buffer_view(&statement), signature, &raw, &why));
    (void)snprintf(label, sizeof label, "%s_certificate", name);
    put(label, buffer_view(&raw));
    buffer_free(&der);
    buffer_free(&statement);
    return raw;
}

/* Signs and seals; prints payload, hash, digest and the whole message. */
static void message(const char *name, const struct key_private *key, enum purpose purpose,
                    struct bytes payload, struct bytes certificate)
{
    char label[64];
    uint8_t hash[HASH_LEN], digest[HASH_LEN], signature[SIGNATURE_LEN], id[KEY_ID_LEN];
    struct buffer raw = {0};
    sha256(payload, hash);
    signed_digest(purpose, golden_origin, hash, digest);
    must(key_sign_hash(key, purpose, golden_origin, hash, signature, &why));
    key_private_id(key, id);
    must(envelope_seal(payload, id, signature, certificate, &raw, &why));
    (void)snprintf(label, sizeof label, "%s_payload", name);
    put(label, payload);
    (void)snprintf(label, sizeof label, "%s_payload_hash", name);
    put(label, bytes_of(hash, HASH_LEN));
    (void)snprintf(label, sizeof label, "%s_digest", name);
    put(label, bytes_of(digest, HASH_LEN));
    (void)snprintf(label, sizeof label, "%s_message", name);
    put(label, buffer_view(&raw));
    buffer_free(&raw);
}

static void messages(const struct keys *keys)
{
    struct buffer server =
        certify(keys, keys->server, SILSILA__V1__KEY_KIND__KEY_KIND_SERVER, "server", "server");
    struct buffer admin = certify(keys, keys->admin, SILSILA__V1__KEY_KIND__KEY_KIND_ADMIN, "admin", "admin");
    struct buffer first = {0}, second = {0}, said = {0}, receipt = {0}, config = {0};
    uint8_t first_hash[HASH_LEN], second_hash[HASH_LEN];
    must(golden_body(1, NULL, &first, &why));
    sha256(buffer_view(&first), first_hash);
    must(golden_body(2, first_hash, &second, &why));
    sha256(buffer_view(&second), second_hash);
    must(golden_register(&said, &why));
    must(golden_receipt(second_hash, keys->server, &receipt, &why));
    must(golden_config(&config, &why));
    message("first_body", keys->gateway, PURPOSE_ENVELOPE, buffer_view(&first), bytes_of("", 0));
    message("second_body", keys->gateway, PURPOSE_ENVELOPE, buffer_view(&second), bytes_of("", 0));
    message("admin_body", keys->admin, PURPOSE_ENVELOPE, buffer_view(&said), buffer_view(&admin));
    message("receipt", keys->server, PURPOSE_RECEIPT, buffer_view(&receipt), buffer_view(&server));
    message("config", keys->server, PURPOSE_CONFIG, buffer_view(&config), buffer_view(&server));
    struct buffer *all[] = {&server, &admin, &first, &second, &said, &receipt, &config};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        buffer_free(all[i]);
}

static void tree(void)
{
    char label[64];
    struct merkle_frontier frontier = {0};
    for (uint8_t i = 0; i < GOLDEN_LEAVES; i++) {
        merkle_hash leaf, root;
        golden_leaf(i, leaf);
        merkle_append(&frontier, leaf, NULL, NULL);
        merkle_root(&frontier, root);
        (void)snprintf(label, sizeof label, "tree_leaf_%u", i);
        put(label, bytes_of(leaf, HASH_LEN));
        (void)snprintf(label, sizeof label, "tree_root_%u", i + 1u);
        put(label, bytes_of(root, HASH_LEN));
    }
}

int main(void)
{
    struct keys keys = {0};
    struct key_private **all[] = {&keys.authority, &keys.server, &keys.gateway, &keys.admin};
    static const char *const names[] = {"authority_key", "server_key", "gateway_key", "admin_key"};
    put("origin", bytes_of(golden_origin, ORIGIN_LEN));
    for (size_t i = 0; i < 4; i++) {
        must(key_generate(all[i], &why));
        struct buffer der = der_of(*all[i]);
        put(names[i], buffer_view(&der));
        buffer_free(&der);
    }
    messages(&keys);
    tree();
    for (size_t i = 0; i < 4; i++)
        key_private_free(all[i]);
    return EXIT_SUCCESS;
}
