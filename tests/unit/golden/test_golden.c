/* The golden vectors: what went over the wire once is still read, believed and written alike. */
#include <stdio.h>
#include <string.h>

#include "coldchain/certificate.h"
#include "common/cleanup.h"
#include "tests/golden/sample.h"
#include "tests/helpers/check_main.h"

/* The vector of that name; free with buffer_free. */
static struct buffer vector(const char *name)
{
    static char line[65536];
    struct buffer out = {0};
    size_t len = strlen(name);
    FILE *file = fopen(GOLDEN_VECTORS, "r");
    ck_assert_ptr_nonnull(file);
    while (out.len == 0 && fgets(line, sizeof line, file)) {
        if (strncmp(line, name, len) != 0 || strncmp(line + len, " = ", 3) != 0)
            continue;
        line[strcspn(line, "\n")] = '\0';
        const char *hex = line + len + 3;
        uint8_t *to = buffer_reserve(&out, strlen(hex) / 2);
        ck_assert(to && bytes_from_hex(hex, to, strlen(hex) / 2));
        out.len = strlen(hex) / 2;
    }
    (void)fclose(file);
    ck_assert_msg(out.len > 0, "no vector %s", name);
    return out;
}

static struct key_public *key_of(const char *name)
{
    scoped_by(buffer_free) struct buffer der = vector(name);
    struct key_public *key = NULL;
    struct why why;
    ck_assert_int_eq(key_public_read(buffer_view(&der), &key, &why), DONE);
    return key;
}

/* Opens NAME_message, checks everything said of it; the payload is the caller's. */
static struct buffer opened(const char *name, const char *key_name, enum purpose purpose)
{
    char label[64];
    struct envelope_view view;
    struct why why = {""};
    uint8_t id[KEY_ID_LEN], hash[HASH_LEN], digest[HASH_LEN];
    (void)snprintf(label, sizeof label, "%s_message", name);
    scoped_by(buffer_free) struct buffer message = vector(label);
    (void)snprintf(label, sizeof label, "%s_digest", name);
    scoped_by(buffer_free) struct buffer said = vector(label);
    scoped_by(key_public_free) struct key_public *key = key_of(key_name);
    (void)snprintf(label, sizeof label, "%s_payload", name);
    struct buffer payload = vector(label);
    ck_assert_msg(envelope_open(buffer_view(&message), &view, &why) == DONE, "%s", why.text);
    ck_assert(bytes_equal(view.body, buffer_view(&payload)));
    key_public_id(key, id);
    ck_assert_mem_eq(id, view.key_id, KEY_ID_LEN);
    sha256(view.body, hash);
    signed_digest(purpose, golden_origin, hash, digest);
    ck_assert(bytes_equal(bytes_of(digest, HASH_LEN), buffer_view(&said)));
    ck_assert_int_eq(key_verify(key, purpose, golden_origin, view.body, view.signature, &why), DONE);
    return payload;
}

START_TEST(bodies_are_written_as_they_were)
{
    scoped_by(buffer_free) struct buffer first = opened("first_body", "gateway_key", PURPOSE_ENVELOPE);
    scoped_by(buffer_free) struct buffer second = opened("second_body", "gateway_key", PURPOSE_ENVELOPE);
    scoped_by(buffer_free) struct buffer said = opened("admin_body", "admin_key", PURPOSE_ENVELOPE);
    scoped_by(buffer_free) struct buffer again = {0};
    uint8_t hash[HASH_LEN];
    struct why why;
    ck_assert_int_eq(golden_body(1, NULL, &again, &why), DONE);
    ck_assert(bytes_equal(buffer_view(&again), buffer_view(&first)));
    sha256(buffer_view(&first), hash);
    buffer_reset(&again);
    ck_assert_int_eq(golden_body(2, hash, &again, &why), DONE);
    ck_assert(bytes_equal(buffer_view(&again), buffer_view(&second)));
    buffer_reset(&again);
    ck_assert_int_eq(golden_register(&again, &why), DONE);
    ck_assert(bytes_equal(buffer_view(&again), buffer_view(&said)));
}
END_TEST

START_TEST(bodies_are_read_as_they_were)
{
    scoped_by(buffer_free) struct buffer second = vector("second_body_payload");
    Silsila__V1__Body *body = NULL;
    enum body_flaw flaw;
    struct body_head head;
    struct why why;
    ck_assert_int_eq(body_head_read(buffer_view(&second), &head, &why), DONE);
    ck_assert_str_eq(head.gateway, "gw-golden");
    ck_assert_uint_eq(head.seq, 2);
    ck_assert(head.has_previous);
    ck_assert_int_eq(body_decode(buffer_view(&second), &body, &flaw, &why), DONE);
    ck_assert_uint_eq(body->n_items, 3);
    ck_assert_uint_eq(body->config_version, 3);
    body_free(&body);
}
END_TEST

START_TEST(what_comes_down_is_believed)
{
    scoped_by(buffer_free) struct buffer raw = opened("receipt", "server_key", PURPOSE_RECEIPT);
    scoped_by(buffer_free) struct buffer raw_config = opened("config", "server_key", PURPOSE_CONFIG),
                                         again = {0};
    scoped_by(key_public_free) struct key_public *server = key_of("server_key");
    Silsila__V1__Receipt *receipt = NULL;
    Silsila__V1__CheckpointStatement *statement = NULL;
    struct why why;
    ck_assert_int_eq(receipt_decode(buffer_view(&raw), &receipt, &why), DONE);
    ck_assert_uint_eq(receipt->through, 2);
    ck_assert_uint_eq(receipt->above[0]->to, 9);
    struct bytes said = bytes_of(receipt->checkpoint->statement.data, receipt->checkpoint->statement.len);
    ck_assert_int_eq(checkpoint_statement_decode(said, &statement, &why), DONE);
    ck_assert_uint_eq(statement->size, 2);
    ck_assert_int_eq(key_verify(server, PURPOSE_CHECKPOINT, golden_origin, said,
                                receipt->checkpoint->signature.data, &why),
                     DONE);
    silsila__v1__checkpoint_statement__free_unpacked(statement, NULL);
    silsila__v1__receipt__free_unpacked(receipt, NULL);
    ck_assert_int_eq(golden_config(&again, &why), DONE);
    ck_assert(bytes_equal(buffer_view(&again), buffer_view(&raw_config)));
}
END_TEST

static enum outcome by_authority(void *context, struct bytes statement, const uint8_t *signature,
                                 struct why *why)
{
    return key_verify(context, PURPOSE_CERTIFICATE, golden_origin, statement, signature, why);
}

START_TEST(certificates_are_believed)
{
    scoped_by(key_public_free) struct key_public *authority = key_of("authority_key");
    scoped_by(buffer_free) struct buffer server = vector("server_certificate"),
                                         admin = vector("admin_certificate");
    struct certificate certificate;
    struct why why;
    ck_assert_int_eq(certificate_check(buffer_view(&server), golden_origin,
                                       SILSILA__V1__KEY_KIND__KEY_KIND_SERVER, by_authority, authority,
                                       &certificate, &why),
                     DONE);
    ck_assert_uint_eq(certificate.serial, 7);
    ck_assert_int_eq(certificate_check(buffer_view(&admin), golden_origin,
                                       SILSILA__V1__KEY_KIND__KEY_KIND_ADMIN, by_authority, authority,
                                       &certificate, &why),
                     DONE);
    ck_assert_str_eq(certificate.owner, "admin");
}
END_TEST

START_TEST(the_tree_grows_as_it_did)
{
    struct merkle_frontier frontier = {0};
    for (uint8_t i = 0; i < GOLDEN_LEAVES; i++) {
        char label[32];
        merkle_hash leaf, root;
        golden_leaf(i, leaf);
        merkle_append(&frontier, leaf, NULL, NULL);
        merkle_root(&frontier, root);
        (void)snprintf(label, sizeof label, "tree_root_%u", i + 1u);
        scoped_by(buffer_free) struct buffer said = vector(label);
        ck_assert(bytes_equal(bytes_of(root, HASH_LEN), buffer_view(&said)));
    }
}
END_TEST

static Suite *suite_of_golden(void)
{
    Suite *s = suite_create("golden");
    TCase *t = tcase_create("golden");
    tcase_add_test(t, bodies_are_written_as_they_were);
    tcase_add_test(t, bodies_are_read_as_they_were);
    tcase_add_test(t, what_comes_down_is_believed);
    tcase_add_test(t, certificates_are_believed);
    tcase_add_test(t, the_tree_grows_as_it_did);
    suite_add_tcase(s, t);
    return s;
}

TEST_MAIN(suite_of_golden)
