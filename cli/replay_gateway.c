#include "cli/replay_gateway.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/tls.h"
#include "common/cleanup.h"

/* The kernel's generator's place is taken by SHA-256(seed, counter): the same epoch each time. */
static void draw(void *context, uint8_t *out, size_t len)
{
    struct replay_gateway *gateway = context;
    for (size_t i = 0; i < len; i++, gateway->drawn++) {
        uint64_t block = gateway->drawn / HASH_LEN;
        const struct bytes parts[] = {bytes_of(gateway->seed, HASH_LEN), bytes_of(&block, sizeof block)};
        uint8_t hash[HASH_LEN];
        sha256_parts(parts, 2, hash);
        out[i] = hash[gateway->drawn % HASH_LEN];
    }
}

static enum outcome make_folder(struct replay_gateway *gateway, const struct home *home,
                                const struct replay_gateway_settings *settings, struct why *why)
{
    char above[PATH_MAX];
    if (settings->folder)
        (void)snprintf(above, sizeof above, "%s", settings->folder);
    else
        home_file(home, "replay", above);
    int used = snprintf(gateway->folder, sizeof gateway->folder, "%s/%s", above, settings->id);
    if (used < 0 || (size_t)used >= sizeof gateway->folder)
        return fail(why, REJECT, "a path is too long");
    if ((mkdir(above, 0700) != 0 && errno != EEXIST) ||
        (mkdir(gateway->folder, 0700) != 0 && errno != EEXIST))
        return fail(why, RETRY, "%.200s: %s", gateway->folder, strerror(errno));
    return DONE;
}

static enum outcome load_or_make(const char *path, struct key_private **key, bool *made, struct why *why)
{
    *made = access(path, F_OK) != 0;
    if (!*made)
        return key_load(path, key, why);
    enum outcome outcome = key_generate(key, why);
    return outcome == DONE ? key_save(*key, path, why) : outcome;
}

static enum outcome make_tls(struct replay_gateway *gateway, const struct home *home, const char *id,
                             struct why *why)
{
    bool made;
    scoped_by(key_private_free) struct key_private *key = NULL;
    scoped_by(buffer_free) struct buffer request = {0}, certificate = {0};
    (void)snprintf(gateway->tls_key, sizeof gateway->tls_key, "%s/tls.key", gateway->folder);
    (void)snprintf(gateway->tls_cert, sizeof gateway->tls_cert, "%s/tls.crt", gateway->folder);
    if (!home->settings.tls_ca[0] || access(gateway->tls_cert, F_OK) == 0)
        return DONE;
    if (!home->settings.enrol_ca[0])
        return fail(why, REJECT, "%.150s is missing, and silsila.conf names no enrol_ca to make it",
                    gateway->tls_cert);
    enum outcome outcome = load_or_make(gateway->tls_key, &key, &made, why);
    if (outcome == DONE)
        outcome = tls_request_make(gateway->tls_key, id, &request, why);
    if (outcome == DONE)
        outcome = tls_certificate_issue(buffer_view(&request), id, home->settings.enrol_ca,
                                        home->settings.enrol_ca_key, 825, &certificate, why);
    return outcome == DONE ? file_write(gateway->tls_cert, buffer_view(&certificate), 0644, why) : outcome;
}

static enum outcome register_key(const struct replay_gateway *gateway, const struct say *say,
                                 struct home *home, const struct replay_gateway_settings *settings,
                                 struct why *why)
{
    scoped_by(buffer_free) struct buffer der = {0};
    struct say quiet = *say;
    Silsila__V1__Key key = SILSILA__V1__KEY__INIT;
    Silsila__V1__Register entry = SILSILA__V1__REGISTER__INIT;
    enum outcome outcome = key_public_der(gateway->key, &der, why);
    if (outcome != DONE)
        return outcome;
    key.owner = wire_text(settings->id);
    key.kind = SILSILA__V1__KEY_KIND__KEY_KIND_GATEWAY;
    key.public_key = (ProtobufCBinaryData){der.len, der.data};
    key.site = wire_text(settings->site);
    entry.entry_case = SILSILA__V1__REGISTER__ENTRY_KEY;
    entry.key = &key;
    quiet.quiet = true;
    return say_register_in(&quiet, home, &entry, NULL) == EXIT_DONE
               ? DONE
               : fail(why, RETRY, "could not be registered");
}

static enum outcome open_sender(struct replay_gateway *gateway, struct home *home,
                                const struct replay_gateway_settings *settings, struct why *why)
{
    char name[17];
    bytes_to_hex(bytes_of(gateway->seed, 8), name);
    (void)snprintf(gateway->outbox, sizeof gateway->outbox, "%s/%s.outbox", gateway->folder, name);
    struct sender_settings sender = {.id = settings->id,
                                     .key = gateway->key,
                                     .outbox_path = gateway->outbox,
                                     .late = settings->late,
                                     .shuffle = settings->shuffle,
                                     .tls_cert = gateway->tls_cert,
                                     .tls_key = gateway->tls_key,
                                     .random = draw,
                                     .random_context = gateway};
    memcpy(sender.boot_id, gateway->seed + 16, sizeof sender.boot_id);
    return sender_open(&gateway->sender, home, &sender, why);
}

enum outcome replay_gateway_open(struct replay_gateway *gateway, const struct say *say, struct home *home,
                                 const struct replay_gateway_settings *settings, struct why *why)
{
    char path[PATH_MAX];
    bool made = false;
    *gateway = (struct replay_gateway){0};
    memcpy(gateway->seed, settings->seed, HASH_LEN);
    enum outcome outcome = make_folder(gateway, home, settings, why);
    (void)snprintf(path, sizeof path, "%s/record.key", gateway->folder);
    if (outcome == DONE)
        outcome = load_or_make(path, &gateway->key, &made, why);
    if (outcome == DONE)
        outcome = make_tls(gateway, home, settings->id, why);
    if (outcome == DONE && (made || settings->register_again))
        outcome = register_key(gateway, say, home, settings, why);
    if (outcome == DONE)
        outcome = open_sender(gateway, home, settings, why);
    if (outcome != DONE)
        replay_gateway_close(gateway);
    return outcome;
}

void replay_gateway_close(struct replay_gateway *gateway)
{
    sender_close(&gateway->sender);
    key_private_free(&gateway->key);
}
