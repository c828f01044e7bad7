#include "ingest/signer.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "coldchain/certificate.h"
#include "coldchain/envelope.h"
#include "common/cleanup.h"
#include "ingest/authority_check.h"

enum { FILE_MOST = 4096 };

static enum outcome read_small_file(const char *path, struct buffer *out, struct why *why)
{
    scoped_by(cleanup_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return fail(why, RETRY, "%s: %s", path, strerror(errno));
    uint8_t *room = buffer_reserve(out, FILE_MOST);
    if (!room)
        return fail(why, RETRY, "out of memory");
    ssize_t len = read(fd, room, FILE_MOST);
    if (len < 0)
        return fail(why, RETRY, "%s: %s", path, strerror(errno));
    out->len += (size_t)len;
    return DONE;
}

/* The certificate is for this key, of this ledger, by this authority. */
static enum outcome check_belonging(const struct signer *signer, struct bytes authority, struct why *why)
{
    struct authority_check check = {.origin = signer->origin};
    struct certificate certificate;
    uint8_t key_id[KEY_ID_LEN];
    enum outcome outcome = key_public_read(authority, &check.authority, why);
    if (outcome == DONE)
        outcome = certificate_check(buffer_view(&signer->certificate), signer->origin, SILSILA__V1__KEY_KIND__KEY_KIND_SERVER,
                                    authority_signed, &check, &certificate, why);
    key_public_free(&check.authority);
    if (outcome != DONE)
        return outcome;
    sha256(bytes_of(certificate.public_key, sizeof certificate.public_key), key_id);
    if (memcmp(key_id, signer->key_id, KEY_ID_LEN) != 0)
        return fail(why, REJECT, "it is for another key");
    return DONE;
}

/* The authority that the ledger names is the one we were given by hand. */
static enum outcome check_authority(const char *path, struct bytes authority, struct why *why)
{
    scoped_by(buffer_free) struct buffer pinned = {0};
    if (!path || !path[0])
        return DONE;
    enum outcome outcome = read_small_file(path, &pinned, why);
    if (outcome == DONE && !bytes_equal(buffer_view(&pinned), authority))
        return fail(why, REJECT, "the ledger names another authority than %s", path);
    return outcome;
}

enum outcome signer_open(struct signer *signer, const struct signer_files *files, const uint8_t origin[ORIGIN_LEN],
                         struct bytes authority, struct why *why)
{
    *signer = (struct signer){0};
    memcpy(signer->origin, origin, ORIGIN_LEN);
    enum outcome outcome = check_authority(files->authority, authority, why);
    if (outcome == DONE)
        outcome = key_load(files->key, &signer->key, why);
    if (outcome == DONE) {
        key_private_id(signer->key, signer->key_id);
        outcome = read_small_file(files->certificate, &signer->certificate, why);
    }
    if (outcome == DONE)
        outcome = check_belonging(signer, authority, why);
    if (outcome == DONE)
        return DONE;
    signer_close(signer);
    return fail_within(why, outcome, "server key and certificate");
}

void signer_close(struct signer *signer)
{
    key_private_free(&signer->key);
    buffer_free(&signer->certificate);
}

enum outcome signer_seal(const struct signer *signer, enum purpose purpose, struct bytes payload, struct buffer *out,
                         struct why *why)
{
    uint8_t signature[SIGNATURE_LEN];
    enum outcome outcome = key_sign(signer->key, purpose, signer->origin, payload, signature, why);
    if (outcome != DONE)
        return outcome;
    return envelope_seal(payload, signer->key_id, signature, buffer_view(&signer->certificate), out, why);
}
