#include "cli/tls.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#include "common/cleanup.h"

static void pkey_free(EVP_PKEY **key)
{
    EVP_PKEY_free(*key);
}

static void request_free(X509_REQ **request)
{
    X509_REQ_free(*request);
}

static void certificate_free(X509 **certificate)
{
    X509_free(*certificate);
}

static void bio_free(BIO **bio)
{
    (void)BIO_free(*bio);
}

static enum outcome complain(struct why *why, enum outcome code, const char *what)
{
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());
    ERR_clear_error();
    return fail(why, code, "%.150s: %s", what, reason ? reason : "failed");
}

static enum outcome read_key(const char *path, EVP_PKEY **key, struct why *why)
{
    char no_password[1] = "";
    scoped_by(bio_free) BIO *file = BIO_new_file(path, "r");
    *key = file ? PEM_read_bio_PrivateKey(file, NULL, NULL, no_password) : NULL;
    return *key ? DONE : complain(why, RETRY, path);
}

static enum outcome read_certificate(const char *path, X509 **certificate, struct why *why)
{
    scoped_by(bio_free) BIO *file = BIO_new_file(path, "r");
    *certificate = file ? PEM_read_bio_X509(file, NULL, NULL, NULL) : NULL;
    return *certificate ? DONE : complain(why, RETRY, path);
}

static bool set_name(X509_NAME *name, const char *id)
{
    return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)id, -1, -1, 0) == 1;
}

enum outcome tls_request_make(const char *key_path, const char *id, struct buffer *out, struct why *why)
{
    scoped_by(pkey_free) EVP_PKEY *key = NULL;
    scoped_by(request_free) X509_REQ *request = X509_REQ_new();
    enum outcome outcome = read_key(key_path, &key, why);
    if (outcome != DONE)
        return outcome;
    if (!request || X509_REQ_set_version(request, X509_REQ_VERSION_1) != 1 ||
        !set_name(X509_REQ_get_subject_name(request), id) || X509_REQ_set_pubkey(request, key) != 1 ||
        X509_REQ_sign(request, key, EVP_sha256()) <= 0)
        return complain(why, RETRY, "TLS request");
    int len = i2d_X509_REQ(request, NULL);
    uint8_t *to = len > 0 ? buffer_reserve(out, (size_t)len) : NULL;
    if (!to || i2d_X509_REQ(request, &to) != len)
        return complain(why, RETRY, "TLS request");
    out->len += (size_t)len;
    return DONE;
}

static bool names_only(X509_REQ *request, const char *id)
{
    char name[64];
    X509_NAME *subject = X509_REQ_get_subject_name(request);
    return X509_NAME_entry_count(subject) == 1 &&
           X509_NAME_get_text_by_NID(subject, NID_commonName, name, sizeof name) == (int)strlen(id) &&
           strcmp(name, id) == 0;
}

static bool add_extension(X509 *certificate, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    bool added = extension && X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return added;
}

static bool set_serial(X509 *certificate)
{
    uint8_t random[16];
    if (RAND_bytes(random, sizeof random) != 1)
        return false;
    random[0] &= 0x7f;
    BIGNUM *number = BN_bin2bn(random, sizeof random, NULL);
    bool set = number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate));
    BN_free(number);
    return set;
}

static bool fill_certificate(X509 *certificate, X509_REQ *request, X509 *ca, const char *id, int64_t days)
{
    return X509_set_version(certificate, X509_VERSION_3) == 1 && set_serial(certificate) &&
           set_name(X509_get_subject_name(certificate), id) &&
           X509_set_issuer_name(certificate, X509_get_subject_name(ca)) == 1 &&
           X509_gmtime_adj(X509_getm_notBefore(certificate), -60) &&
           X509_gmtime_adj(X509_getm_notAfter(certificate), (long)(days * 86400)) &&
           X509_set_pubkey(certificate, X509_REQ_get0_pubkey(request)) == 1 &&
           add_extension(certificate, ca, NID_basic_constraints, "CA:FALSE") &&
           add_extension(certificate, ca, NID_key_usage, "critical,digitalSignature") &&
           add_extension(certificate, ca, NID_ext_key_usage, "clientAuth");
}

static enum outcome write_pem(X509 *certificate, struct buffer *out, struct why *why)
{
    scoped_by(bio_free) BIO *memory = BIO_new(BIO_s_mem());
    char *pem = NULL;
    if (!memory || PEM_write_bio_X509(memory, certificate) != 1)
        return complain(why, RETRY, "TLS certificate");
    long len = BIO_get_mem_data(memory, &pem);
    buffer_add(out, pem, (size_t)len);
    return out->failed ? fail(why, RETRY, "out of memory") : DONE;
}

enum outcome tls_certificate_issue(struct bytes request_der, const char *id, const char *ca_path,
                                   const char *ca_key_path, int64_t days, struct buffer *out, struct why *why)
{
    const uint8_t *at = request_der.data;
    scoped_by(request_free) X509_REQ *request = d2i_X509_REQ(NULL, &at, (long)request_der.len);
    scoped_by(certificate_free) X509 *ca = NULL, *made = X509_new();
    scoped_by(pkey_free) EVP_PKEY *key = NULL;
    if (!request || at != request_der.data + request_der.len)
        return complain(why, REJECT, "not a TLS request");
    if (!X509_REQ_get0_pubkey(request) || X509_REQ_verify(request, X509_REQ_get0_pubkey(request)) != 1)
        return complain(why, REJECT, "the TLS request does not prove that its key is there");
    if (!names_only(request, id))
        return fail(why, REJECT, "the TLS request is not for %s and nothing else", id);
    enum outcome outcome = read_certificate(ca_path, &ca, why);
    if (outcome == DONE)
        outcome = read_key(ca_key_path, &key, why);
    if (outcome != DONE)
        return outcome;
    if (X509_check_private_key(ca, key) != 1)
        return complain(why, REJECT, "the CA's key does not fit its certificate");
    if (!made || !fill_certificate(made, request, ca, id, days) || X509_sign(made, key, EVP_sha256()) <= 0)
        return complain(why, RETRY, "TLS certificate");
    return write_pem(made, out, why);
}
