#include "coldchain/certificate.h"
#include "common/keys.h"
#include "tests/unit/coldchain/bodies.h"

static const uint8_t key_id[32] = {1, 2, 3};
static const uint8_t signature[64] = {4, 5, 6};

static struct buffer sealed(struct bytes certificate)
{
    scoped_by(buffer_free) struct buffer body = sample_body_bytes();
    struct buffer out = {0};
    struct why why = {""};
    ck_assert_msg(envelope_seal(buffer_view(&body), key_id, signature, certificate, &out, &why) == DONE, "%s",
                  why.text);
    return out;
}

START_TEST(an_envelope_comes_back_without_a_copy)
{
    scoped_by(buffer_free) struct buffer raw = sealed(bytes_of("", 0)), body = sample_body_bytes();
    struct envelope_view view;
    struct why why;
    ck_assert_int_eq(envelope_open(buffer_view(&raw), &view, &why), DONE);
    ck_assert(bytes_equal(view.body, buffer_view(&body)));
    ck_assert(view.body.data >= raw.data && view.body.data < raw.data + raw.len);
    ck_assert_mem_eq(view.key_id, key_id, 32);
    ck_assert_mem_eq(view.signature, signature, 64);
    ck_assert_uint_eq(view.algorithm, SILSILA__V1__ALGORITHM__ALGORITHM_ECDSA_P256_SHA256);
    ck_assert_uint_eq(view.certificate.len, 0);
    /* What we write by hand is what protobuf-c writes. */
    Silsila__V1__Envelope *read = silsila__v1__envelope__unpack(NULL, raw.len, raw.data);
    ck_assert_ptr_nonnull(read);
    scoped_by(buffer_free) struct buffer again = {0};
    ck_assert_int_eq(wire_encode(&read->base, ENVELOPE_MOST, &again, &why), DONE);
    ck_assert(bytes_equal(buffer_view(&again), buffer_view(&raw)));
    silsila__v1__envelope__free_unpacked(read, NULL);
}
END_TEST

START_TEST(every_prefix_of_an_envelope_is_refused)
{
    scoped_by(buffer_free) struct buffer raw = sealed(bytes_of("", 0));
    for (size_t len = 0; len < raw.len; len++) {
        uint8_t *exact = malloc(len ? len : 1);
        struct envelope_view view;
        struct why why;
        ck_assert_ptr_nonnull(exact);
        memcpy(exact, raw.data, len);
        ck_assert_int_eq(envelope_open(bytes_of(exact, len), &view, &why), REJECT);
        free(exact);
    }
}
END_TEST

START_TEST(envelopes_out_of_form_are_refused)
{
    static const struct {
        const char *what;
        uint8_t bytes[8];
        size_t len;
    } tails[] = {
        {"body twice", {0x0a, 0x01, 0x41}, 3},      {"key id twice", {0x12, 0x00}, 2},
        {"algorithm twice", {0x18, 0x01}, 2},       {"signature twice", {0x22, 0x00}, 2},
        {"unknown field", {0x30, 0x01}, 2},         {"field 0", {0x00, 0x00}, 2},
        {"certificate cut", {0x2a, 0x05, 0x0a}, 3}, {"certificate of nonsense", {0x2a, 0x02, 0x18, 0x01}, 4},
    };
    struct envelope_view view;
    struct why why;
    for (size_t i = 0; i < sizeof tails / sizeof tails[0]; i++) {
        scoped_by(buffer_free) struct buffer raw = sealed(bytes_of("", 0));
        buffer_add(&raw, tails[i].bytes, tails[i].len);
        ck_assert_msg(envelope_open(buffer_view(&raw), &view, &why) == REJECT, "%s", tails[i].what);
    }
    for (unsigned algorithm = 0; algorithm < 256; algorithm++) {
        scoped_by(buffer_free) struct buffer raw = sealed(bytes_of("", 0));
        size_t at = raw.len - 2 - 64 - 1; /* the number right before the signature */
        ck_assert_uint_eq(raw.data[at], 1);
        raw.data[at] = (uint8_t)algorithm;
        ck_assert_int_eq(envelope_open(buffer_view(&raw), &view, &why), algorithm == 1 ? DONE : REJECT);
    }
    scoped_by(buffer_free) struct buffer huge = {0}, out = {0};
    uint8_t *to = buffer_reserve(&huge, 10u << 20);
    ck_assert_ptr_nonnull(to);
    memset(to, 0, 10u << 20);
    ck_assert_int_eq(envelope_open(bytes_of(to, 10u << 20), &view, &why), REJECT);
    ck_assert_int_eq(
        envelope_seal(bytes_of(to, BODY_MOST + 1), key_id, signature, bytes_of("", 0), &out, &why), REJECT);
    ck_assert_int_eq(envelope_seal(bytes_of(to, 0), key_id, signature, bytes_of("", 0), &out, &why), REJECT);
    ck_assert_uint_eq(out.len, 0);
    ck_assert_int_eq(envelope_seal(bytes_of(to, BODY_MOST), key_id, signature, bytes_of("", 0), &out, &why),
                     DONE);
    ck_assert_int_eq(envelope_open(buffer_view(&out), &view, &why), DONE);
}
END_TEST

START_TEST(sender_and_probe_ids)
{
    static const char *const good[] = {"abc", "a-1", "0--", "gw-001", "abcdefghijklmnopqrstuvwxyz012345"};
    static const char *const bad[] = {"",
                                      "ab",
                                      "-ab",
                                      "Abc",
                                      "ab_c",
                                      "ab/c",
                                      "ab+",
                                      "ab#",
                                      "abc ",
                                      "é-gw",
                                      "abcdefghijklmnopqrstuvwxyz0123456"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        ck_assert_msg(sender_id_valid(good[i]), "%s", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        ck_assert_msg(!sender_id_valid(bad[i]), "%s", bad[i]);
    ck_assert(probe_id_valid("28-0000075c1f3b") && probe_id_valid("x"));
    ck_assert(!probe_id_valid("") && !probe_id_valid("a b") && !probe_id_valid("\x7f") &&
              !probe_id_valid("é"));
    char long_id[66];
    memset(long_id, 'p', 65);
    long_id[65] = '\0';
    ck_assert(!probe_id_valid(long_id));
    ck_assert(probe_id_valid(long_id + 1));
}
END_TEST

/* ---- receipts ---- */

struct sample_receipt {
    Silsila__V1__Receipt receipt;
    Silsila__V1__SeqRange ranges[3], *above[3];
    ProtobufCBinaryData hashes[3];
    uint8_t bytes[32];
    char gateway[8];
};

static void sample_receipt_fill(struct sample_receipt *s)
{
    memset(s, 0, sizeof *s);
    memcpy(s->gateway, "gw-001", 7);
    silsila__v1__receipt__init(&s->receipt);
    s->receipt.origin = (ProtobufCBinaryData){32, s->bytes};
    s->receipt.gateway = s->gateway;
    s->receipt.epoch = (ProtobufCBinaryData){16, s->bytes};
    s->receipt.through = 7;
    s->receipt.through_hash = (ProtobufCBinaryData){32, s->bytes};
    for (size_t i = 0; i < 3; i++) {
        silsila__v1__seq_range__init(&s->ranges[i]);
        s->ranges[i].from = 10 * (i + 1);
        s->ranges[i].to = 10 * (i + 1) + 5;
        s->above[i] = &s->ranges[i];
        s->hashes[i] = (ProtobufCBinaryData){32, s->bytes};
    }
    s->receipt.above = s->above;
    s->receipt.above_hashes = s->hashes;
    s->receipt.n_above = s->receipt.n_above_hashes = 3;
}

static enum outcome receipt_outcome(const struct sample_receipt *s)
{
    scoped_by(buffer_free) struct buffer raw = {0};
    struct why why;
    Silsila__V1__Receipt *receipt = NULL;
    ck_assert_int_eq(wire_encode(&s->receipt.base, BODY_MOST, &raw, &why), DONE);
    enum outcome outcome = receipt_decode(buffer_view(&raw), &receipt, &why);
    ck_assert((receipt != NULL) == (outcome == DONE));
    silsila__v1__receipt__free_unpacked(receipt, NULL);
    return outcome;
}

START_TEST(receipts_are_taken_in_order_and_in_form_only)
{
    struct sample_receipt s;
    sample_receipt_fill(&s);
    ck_assert_int_eq(receipt_outcome(&s), DONE);
    s.ranges[0].from = 7; /* not beyond `through` */
    ck_assert_int_eq(receipt_outcome(&s), REJECT);
    sample_receipt_fill(&s);
    s.ranges[1].from = 15;
    ck_assert_int_eq(receipt_outcome(&s), REJECT);
    sample_receipt_fill(&s);
    s.ranges[2].to = 29;
    ck_assert_int_eq(receipt_outcome(&s), REJECT);
    sample_receipt_fill(&s);
    s.receipt.n_above_hashes = 2;
    ck_assert_int_eq(receipt_outcome(&s), REJECT);
    sample_receipt_fill(&s);
    s.hashes[1].len = 31;
    ck_assert_int_eq(receipt_outcome(&s), REJECT);
    sample_receipt_fill(&s);
    s.receipt.through_hash.len = 0;
    ck_assert_int_eq(receipt_outcome(&s), REJECT);
    s.receipt.through = 0;
    ck_assert_int_eq(receipt_outcome(&s), DONE);
    s.receipt.origin.len = 16;
    ck_assert_int_eq(receipt_outcome(&s), REJECT);
    sample_receipt_fill(&s);
    s.receipt.epoch.len = 0;
    ck_assert_int_eq(receipt_outcome(&s), REJECT);
    sample_receipt_fill(&s);
    s.gateway[0] = 'G';
    ck_assert_int_eq(receipt_outcome(&s), REJECT);
}
END_TEST

/* ---- certificates ---- */

struct authority {
    struct key_private *private;
    struct key_public *public;
    uint8_t origin[32];
    unsigned asked;
};

static enum outcome by_authority(void *context, struct bytes statement, const uint8_t *sig, struct why *why)
{
    struct authority *authority = context;
    authority->asked++;
    return key_verify(authority->public, PURPOSE_CERTIFICATE, authority->origin, statement, sig, why);
}

static struct buffer certificate_by(struct authority *authority, const struct certificate *certificate)
{
    struct buffer out = {0};
    scoped_by(buffer_free) struct buffer statement = {0};
    struct why why = {""};
    uint8_t sig[64];
    ck_assert_msg(certificate_statement(certificate, authority->origin, &statement, &why) == DONE, "%s",
                  why.text);
    ck_assert_int_eq(key_sign(authority->private, PURPOSE_CERTIFICATE, authority->origin,
                              buffer_view(&statement), sig, &why),
                     DONE);
    ck_assert_int_eq(certificate_seal(buffer_view(&statement), sig, &out, &why), DONE);
    return out;
}

START_TEST(certificates_count_under_their_authority_and_origin_only)
{
    struct authority authority = {.origin = {9}}, other = {.origin = {9}};
    struct why why;
    ck_assert_int_eq(key_generate(&authority.private, &why), DONE);
    ck_assert_int_eq(key_public_of(authority.private, &authority.public, &why), DONE);
    ck_assert_int_eq(key_generate(&other.private, &why), DONE);
    ck_assert_int_eq(key_public_of(other.private, &other.public, &why), DONE);

    struct certificate made = {.serial = 3,
                               .kind = SILSILA__V1__KEY_KIND__KEY_KIND_SERVER,
                               .owner = "server",
                               .not_before_ms = 1700000000000},
                       read;
    scoped_by(buffer_free) struct buffer der = {0};
    ck_assert_int_eq(key_public_der(other.private, &der, &why), DONE);
    memcpy(made.public_key, der.data, sizeof made.public_key);
    scoped_by(buffer_free) struct buffer raw = certificate_by(&authority, &made);
    const Silsila__V1__KeyKind server = SILSILA__V1__KEY_KIND__KEY_KIND_SERVER,
                               admin = SILSILA__V1__KEY_KIND__KEY_KIND_ADMIN;

    ck_assert_int_eq(
        certificate_check(buffer_view(&raw), authority.origin, server, by_authority, &authority, &read, &why),
        DONE);
    ck_assert_uint_eq(read.serial, 3);
    ck_assert_str_eq(read.owner, "server");
    ck_assert_int_eq(read.not_before_ms, made.not_before_ms);
    ck_assert_mem_eq(read.public_key, made.public_key, sizeof made.public_key);
    ck_assert_int_eq(
        certificate_check(buffer_view(&raw), authority.origin, server, by_authority, &other, &read, &why),
        REJECT);
    unsigned asked = authority.asked;
    ck_assert_int_eq(
        certificate_check(buffer_view(&raw), authority.origin, admin, by_authority, &authority, &read, &why),
        REJECT);
    ck_assert_int_eq(
        certificate_check(buffer_view(&raw), key_id, server, by_authority, &authority, &read, &why), REJECT);
    ck_assert_uint_eq(authority.asked, asked); /* refused before any arithmetic */
    for (size_t len = 0; len < raw.len; len++)
        ck_assert_int_eq(certificate_check(bytes_of(raw.data, len), authority.origin, server, by_authority,
                                           &authority, &read, &why),
                         REJECT);
    for (size_t at = 0; at < raw.len; at++) {
        raw.data[at] ^= 0x20;
        ck_assert_int_eq(certificate_check(buffer_view(&raw), authority.origin, server, by_authority,
                                           &authority, &read, &why),
                         REJECT);
        raw.data[at] ^= 0x20;
    }
    /* It fits the place an envelope has for it. */
    scoped_by(buffer_free) struct buffer whole = sealed(buffer_view(&raw));
    struct envelope_view view;
    ck_assert_int_eq(envelope_open(buffer_view(&whole), &view, &why), DONE);
    ck_assert(bytes_equal(view.certificate, buffer_view(&raw)));

    made.kind = SILSILA__V1__KEY_KIND__KEY_KIND_GATEWAY;
    struct buffer none = {0};
    ck_assert_int_eq(certificate_statement(&made, authority.origin, &none, &why), REJECT);
    made.kind = server;
    made.serial = 0;
    ck_assert_int_eq(certificate_statement(&made, authority.origin, &none, &why), REJECT);
    key_private_free(&authority.private);
    key_public_free(&authority.public);
    key_private_free(&other.private);
    key_public_free(&other.public);
}
END_TEST

static Suite *suite_of_envelope(void)
{
    Suite *s = suite_create("envelope");
    TCase *t = tcase_create("envelope");
    tcase_add_test(t, an_envelope_comes_back_without_a_copy);
    tcase_add_test(t, every_prefix_of_an_envelope_is_refused);
    tcase_add_test(t, envelopes_out_of_form_are_refused);
    tcase_add_test(t, sender_and_probe_ids);
    tcase_add_test(t, receipts_are_taken_in_order_and_in_form_only);
    tcase_add_test(t, certificates_count_under_their_authority_and_origin_only);
    suite_add_tcase(s, t);
    return s;
}

TEST_MAIN(suite_of_envelope)
