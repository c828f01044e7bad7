#include "cli/home.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"

#define FIELD(name) offsetof(struct home_settings, name)

static const struct conf_setting settings[] = {
    {"name", CONF_TEXT, FIELD(name), 0, 0, "", 0, "What people call this ledger"},
    {"origin", CONF_TEXT, FIELD(origin), 0, 0, NULL, CONF_REQUIRED,
     "The ledger's origin, 64 hex digits; never changes"},
    {"admin", CONF_TEXT, FIELD(admin), 0, 0, "admin", 0, "Id that admin.key signs as"},
    {"broker_host", CONF_TEXT, FIELD(broker_host), 0, 0, "localhost", 0, "National broker"},
    {"broker_port", CONF_INT, FIELD(broker_port), 1, 65535, "8883", 0, "Its port"},
    {"tls_ca", CONF_PATH, FIELD(tls_ca), 0, 0, "", 0,
     "PEM of the CA that signed the broker's certificate; empty: no TLS"},
    {"tls_cert", CONF_PATH, FIELD(tls_cert), 0, 0, "", 0, "PEM of our TLS certificate, CN = admin"},
    {"tls_key", CONF_PATH, FIELD(tls_key), 0, 0, "", 0, "PEM of its key"},
    {"database", CONF_TEXT, FIELD(database), 0, 0, "", 0,
     "libpq connection string; empty: the PG* environment"},
    {"enrol_ca", CONF_PATH, FIELD(enrol_ca), 0, 0, "", 0,
     "PEM of the CA that signs gateways' TLS certificates"},
    {"enrol_ca_key", CONF_PATH, FIELD(enrol_ca_key), 0, 0, "", 0, "PEM of its key"},
    {"receipt_wait_s", CONF_INT, FIELD(receipt_wait_s), 1, 3600, "20", 0, "How long to wait for a receipt"},
    {"fold_wait_s", CONF_INT, FIELD(fold_wait_s), 0, 3600, "20", 0,
     "How long to wait for the judgement; 0: not at all"},
};

static const struct conf_table table = {
    .program = "silsila",
    .size = sizeof(struct home_settings),
    .settings = settings,
    .setting_count = sizeof settings / sizeof settings[0],
};

const struct conf_table *home_conf_table(void)
{
    return &table;
}

enum outcome home_find(const char *option, char *path, struct why *why)
{
    enum { ROOM = PATH_MAX / 2 };
    const char *environment = getenv("SILSILA_HOME"), *user = getenv("HOME");
    int used;
    if (option || (environment && environment[0]))
        used = snprintf(path, ROOM, "%s", option ? option : environment);
    else if (user && user[0])
        used = snprintf(path, ROOM, "%s/.silsila", user);
    else
        return fail(why, REJECT, "no --home, and neither SILSILA_HOME nor HOME is set");
    return used > 0 && used < ROOM ? DONE : fail(why, REJECT, "the home's path is empty or too long");
}

void home_file(const struct home *home, const char *name, char *out)
{
    (void)snprintf(out, PATH_MAX, "%s/%s", home->path, name);
}

static enum outcome read_authority(struct home *home, struct why *why)
{
    char path[PATH_MAX];
    scoped_by(buffer_free) struct buffer der = {0};
    home_file(home, "authority.der", path);
    enum outcome outcome = file_read(path, 1024, &der, why);
    if (outcome == DONE)
        outcome = key_public_read(buffer_view(&der), &home->authority, why);
    return outcome == DONE ? DONE : fail_within(why, outcome, "authority.der");
}

enum outcome home_open(struct home *home, const char *option, struct why *why)
{
    char path[PATH_MAX];
    *home = (struct home){0};
    enum outcome outcome = home_find(option, home->path, why);
    if (outcome != DONE)
        return outcome;
    home_file(home, "silsila.conf", path);
    if (access(path, R_OK) != 0)
        return fail(why, REJECT, "%.200s is not there; silsila init makes it", path);
    outcome = conf_load(&table, path, &home->settings, why);
    if (outcome == DONE && !bytes_from_hex(home->settings.origin, home->origin, ORIGIN_LEN))
        outcome = fail(why, REJECT, "%.200s: origin is not 64 hex digits", path);
    if (outcome == DONE && !sender_id_valid(home->settings.admin))
        outcome = fail(why, REJECT, "%.200s: admin is no id", path);
    if (outcome == DONE)
        outcome = read_authority(home, why);
    if (outcome != DONE)
        home_close(home);
    return outcome;
}

void home_close(struct home *home)
{
    if (home->settings.origin)
        conf_free(&table, &home->settings);
    key_public_free(&home->authority);
    *home = (struct home){0};
}

/* ---- certificates ---- */

static enum outcome by_authority(void *context, struct bytes statement, const uint8_t *signature,
                                 struct why *why)
{
    struct home *home = context;
    return key_verify(home->authority, PURPOSE_CERTIFICATE, home->origin, statement, signature, why);
}

enum outcome home_certificate_check(struct home *home, struct bytes raw, Silsila__V1__KeyKind kind,
                                    struct certificate *certificate, struct why *why)
{
    return certificate_check(raw, home->origin, kind, by_authority, home, certificate, why);
}

/* The key of this name: as it stands there, or a new one. */
static enum outcome load_or_make(const char *path, struct key_private **key, struct why *why)
{
    if (access(path, F_OK) == 0)
        return key_load(path, key, why);
    enum outcome outcome = key_generate(key, why);
    return outcome == DONE ? key_save(*key, path, why) : outcome;
}

enum outcome home_certify(const struct home *home, const struct key_private *authority, const char *name,
                          Silsila__V1__KeyKind kind, const char *owner, uint64_t serial, struct why *why)
{
    char path[PATH_MAX], file[64];
    uint8_t signature[SIGNATURE_LEN];
    scoped_by(key_private_free) struct key_private *key = NULL;
    scoped_by(buffer_free) struct buffer der = {0}, statement = {0}, raw = {0};
    struct certificate certificate = {.serial = serial, .kind = kind};
    (void)snprintf(file, sizeof file, "%s.key", name);
    home_file(home, file, path);
    enum outcome outcome = load_or_make(path, &key, why);
    if (outcome == DONE)
        outcome = key_public_der(key, &der, why);
    if (outcome != DONE)
        return outcome;
    (void)snprintf(certificate.owner, sizeof certificate.owner, "%s", owner);
    memcpy(certificate.public_key, der.data, sizeof certificate.public_key);
    outcome = certificate_statement(&certificate, home->origin, &statement, why);
    if (outcome == DONE)
        outcome =
            key_sign(authority, PURPOSE_CERTIFICATE, home->origin, buffer_view(&statement), signature, why);
    if (outcome == DONE)
        outcome = certificate_seal(buffer_view(&statement), signature, &raw, why);
    if (outcome != DONE)
        return outcome;
    (void)snprintf(file, sizeof file, "%s.certificate", name);
    home_file(home, file, path);
    return file_write(path, buffer_view(&raw), 0644, why);
}
