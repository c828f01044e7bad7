#include "gateway/enrolment.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coldchain/envelope.h"
#include "common/cleanup.h"

enum { BUNDLE_MOST = 65536 };

static enum outcome read_file(const char *path, struct buffer *out, struct why *why)
{
    scoped_by(cleanup_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return fail(why, errno == ENOENT ? REJECT : RETRY, "cannot read %s: %s", path, strerror(errno));
    uint8_t *room = buffer_reserve(out, BUNDLE_MOST + 1);
    while (room && out->len <= BUNDLE_MOST) {
        ssize_t got = read(fd, out->data + out->len, BUNDLE_MOST + 1 - out->len);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return fail(why, RETRY, "cannot read %s: %s", path, strerror(errno));
        if (got == 0)
            return DONE;
        out->len += (size_t)got;
    }
    return room ? fail(why, REJECT, "%s is too long", path) : fail(why, RETRY, "out of memory");
}

/* Written beside, flushed and renamed, so that a power cut leaves the old file or the new one. */
static enum outcome write_file(const char *path, ProtobufCBinaryData content, struct why *why)
{
    char beside[PATH_MAX];
    (void)snprintf(beside, sizeof beside, "%s.new", path);
    scoped_by(cleanup_close) int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0 || write(fd, content.data, content.len) != (ssize_t)content.len || fsync(fd) != 0 ||
        rename(beside, path) != 0)
        return fail(why, RETRY, "cannot write %s: %s", path, strerror(errno));
    return DONE;
}

static bool is_given(const char *text)
{
    return text && *text;
}

/* The configured path, or one in the state folder with the bundle's own content. */
static enum outcome tls_file(const struct gateway_settings *settings, const char *configured, const char *name,
                             ProtobufCBinaryData content, char **path, struct why *why)
{
    if (is_given(configured)) {
        *path = strdup(configured);
        return *path ? DONE : fail(why, RETRY, "out of memory");
    }
    if (content.len == 0)
        return fail(why, REJECT, "%s: neither in the settings nor in the bundle", name);
    if (asprintf(path, "%s/%s", settings->state_dir, name) < 0) {
        *path = NULL;
        return fail(why, RETRY, "out of memory");
    }
    return write_file(*path, content, why);
}

static void free_bundle(Silsila__V1__EnrolmentBundle **bundle)
{
    if (*bundle)
        silsila__v1__enrolment_bundle__free_unpacked(*bundle, NULL);
}

static enum outcome take_over(const struct gateway_settings *settings, const Silsila__V1__EnrolmentBundle *bundle,
                              struct enrolment *enrolment, struct why *why)
{
    if (strcmp(bundle->gateway, settings->id) != 0)
        return fail(why, REJECT, "%s is for gateway %s, not %s", settings->bundle, bundle->gateway, settings->id);
    if (bundle->origin.len != sizeof enrolment->origin)
        return fail(why, REJECT, "%s: no origin", settings->bundle);
    memcpy(enrolment->origin, bundle->origin.data, sizeof enrolment->origin);
    buffer_add(&enrolment->authority_key, bundle->authority_key.data, bundle->authority_key.len);
    if (enrolment->authority_key.failed)
        return fail(why, RETRY, "out of memory");
    if (!is_given(settings->tls_key))
        return DONE;
    enum outcome outcome =
        tls_file(settings, settings->tls_ca, "ca.crt", bundle->tls_ca, &enrolment->tls_ca, why);
    if (outcome != DONE)
        return outcome;
    return tls_file(settings, settings->tls_cert, "tls.crt", bundle->tls_certificate, &enrolment->tls_cert, why);
}

enum outcome enrolment_load(const struct gateway_settings *settings, struct enrolment *enrolment, struct why *why)
{
    scoped_by(buffer_free) struct buffer raw = {0};
    scoped_by(free_bundle) Silsila__V1__EnrolmentBundle *bundle = NULL;
    *enrolment = (struct enrolment){0};
    enum outcome outcome = read_file(settings->bundle, &raw, why);
    if (outcome == DONE)
        outcome = enrolment_bundle_decode(buffer_view(&raw), &bundle, why);
    if (outcome == DONE)
        outcome = take_over(settings, bundle, enrolment, why);
    if (outcome != DONE)
        enrolment_free(enrolment);
    return outcome;
}

void enrolment_free(struct enrolment *enrolment)
{
    buffer_free(&enrolment->authority_key);
    free(enrolment->tls_ca);
    free(enrolment->tls_cert);
    *enrolment = (struct enrolment){0};
}
