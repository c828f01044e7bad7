/* silsila init: makes the authority key, the ledger's origin, and certified keys for server and admin; writes
 * the origin into the database. Run again after a failure, it goes on where it stopped; a finished home is
 * left alone. */
#include <errno.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/database.h"
#include "cli/home.h"
#include "cli/print.h"
#include "common/cleanup.h"

struct init_options {
    const char *home, *name, *admin, *server, *database, *broker_host, *broker_port, *tls_ca, *tls_cert,
        *tls_key;
    const char *enrol_ca, *enrol_ca_key;
    bool json, no_database;
};

static enum outcome make_authority(struct home *home, struct key_private **authority, struct why *why)
{
    char path[PATH_MAX];
    scoped_by(buffer_free) struct buffer der = {0};
    home_file(home, "authority.key", path);
    enum outcome outcome;
    if (access(path, F_OK) == 0) {
        outcome = key_load(path, authority, why);
    } else {
        outcome = key_generate(authority, why);
        if (outcome == DONE)
            outcome = key_save(*authority, path, why);
    }
    if (outcome == DONE)
        outcome = key_public_der(*authority, &der, why);
    home_file(home, "authority.der", path);
    if (outcome == DONE)
        outcome = file_write(path, buffer_view(&der), 0644, why);
    return outcome == DONE ? key_public_of(*authority, &home->authority, why) : outcome;
}

/* Kept in a file from the first moment: a second run must not certify for another origin. */
static enum outcome make_origin(struct home *home, struct why *why)
{
    char path[PATH_MAX];
    scoped_by(buffer_free) struct buffer kept = {0};
    home_file(home, "origin", path);
    if (access(path, F_OK) == 0) {
        enum outcome outcome = file_read(path, ORIGIN_LEN, &kept, why);
        if (outcome != DONE || kept.len != ORIGIN_LEN)
            return outcome != DONE ? outcome : fail(why, REJECT, "%.200s: not 32 bytes", path);
        memcpy(home->origin, kept.data, ORIGIN_LEN);
        return DONE;
    }
    if (RAND_bytes(home->origin, ORIGIN_LEN) != 1)
        return fail(why, RETRY, "no random bytes for the origin");
    return file_write(path, bytes_of(home->origin, ORIGIN_LEN), 0644, why);
}

static void write_setting(struct buffer *out, const char *name, const char *value)
{
    if (!value || !value[0])
        return;
    buffer_printf(out, "%s = \"", name);
    for (const char *c = value; *c; c++) {
        if (*c == '"' || *c == '\\')
            buffer_add_byte(out, '\\');
        buffer_add_byte(out, (uint8_t)*c);
    }
    buffer_add_text(out, "\"\n");
}

static enum outcome write_settings(const struct home *home, const struct init_options *options,
                                   struct why *why)
{
    char path[PATH_MAX], origin[2 * ORIGIN_LEN + 1];
    scoped_by(buffer_free) struct buffer text = {0};
    bytes_to_hex(bytes_of(home->origin, ORIGIN_LEN), origin);
    buffer_add_text(&text, "# Written by silsila init; silsila.1 tells what may stand here.\n");
    write_setting(&text, "name", options->name);
    write_setting(&text, "origin", origin);
    write_setting(&text, "admin", options->admin);
    write_setting(&text, "broker_host", options->broker_host);
    if (options->broker_port)
        buffer_printf(&text, "broker_port = %s\n", options->broker_port);
    write_setting(&text, "tls_ca", options->tls_ca);
    write_setting(&text, "tls_cert", options->tls_cert);
    write_setting(&text, "tls_key", options->tls_key);
    write_setting(&text, "database", options->database);
    write_setting(&text, "enrol_ca", options->enrol_ca);
    write_setting(&text, "enrol_ca_key", options->enrol_ca_key);
    if (text.failed)
        return fail(why, RETRY, "out of memory");
    home_file(home, "silsila.conf", path);
    return file_write(path, buffer_view(&text), 0600, why);
}

static enum outcome write_origin_row(const struct home *home, const struct init_options *options,
                                     const struct key_private *authority, struct why *why)
{
    scoped_by(buffer_free) struct buffer der = {0};
    scoped_by(database_close) PGconn *database = NULL;
    enum outcome outcome = key_public_der(authority, &der, why);
    if (outcome == DONE)
        outcome = database_open(options->database, &database, why);
    return outcome == DONE
               ? database_write_origin(database, home->origin, options->name, buffer_view(&der), why)
               : outcome;
}

static enum outcome init_home(struct home *home, const struct init_options *options, struct why *why)
{
    scoped_by(key_private_free) struct key_private *authority = NULL;
    if (mkdir(home->path, 0700) != 0 && errno != EEXIST)
        return fail(why, RETRY, "%.200s: %s", home->path, strerror(errno));
    enum outcome outcome = make_authority(home, &authority, why);
    if (outcome == DONE)
        outcome = make_origin(home, why);
    if (outcome == DONE)
        outcome = home_certify(home, authority, "server", SILSILA__V1__KEY_KIND__KEY_KIND_SERVER,
                               options->server, 1, why);
    if (outcome == DONE)
        outcome = home_certify(home, authority, "admin", SILSILA__V1__KEY_KIND__KEY_KIND_ADMIN,
                               options->admin, 1, why);
    if (outcome == DONE && !options->no_database)
        outcome = write_origin_row(home, options, authority, why);
    return outcome == DONE ? write_settings(home, options, why) : outcome;
}

static int init(const struct init_options *options)
{
    struct why why = {""};
    struct home home = {0};
    char path[PATH_MAX], origin[2 * ORIGIN_LEN + 1];
    enum outcome outcome = home_find(options->home, home.path, &why);
    home_file(&home, "silsila.conf", path);
    if (outcome == DONE && access(path, F_OK) == 0)
        outcome = fail(&why, REJECT, "%.200s exists: this home is made already", path);
    if (outcome == DONE && (!sender_id_valid(options->admin) || !sender_id_valid(options->server)))
        outcome = fail(&why, REJECT, "an id is 3 to 32 of a-z, 0-9 and -, and does not begin with -");
    if (outcome == DONE)
        outcome = init_home(&home, options, &why);
    key_public_free(&home.authority);
    if (outcome != DONE) {
        fprintf(stderr, "silsila init: %s\n", why.text);
        return EXIT_FAILED;
    }
    bytes_to_hex(bytes_of(home.origin, ORIGIN_LEN), origin);
    if (options->json) {
        fputs("{\"home\":", stdout);
        print_json_text(stdout, home.path);
        printf(",\"origin\":\"%s\"}\n", origin);
        return EXIT_DONE;
    }

    printf("home    %s\norigin  %s\n\nKeep %s/authority.key offline: only init and key rotate need it.\n"
           "The ingest needs server.key, server.certificate and authority.der.\n",
           home.path, origin, home.path);
    return EXIT_DONE;
}

int command_init(int argc, char **argv)
{
    struct init_options o = {.name = "silsila", .admin = "admin", .server = "server", .database = ""};
    const struct argument table[] = {
        {"home", "DIR", "where keys and settings are kept (else $SILSILA_HOME, else ~/.silsila)", false,
         &o.home, 0, 0},
        {"name", "NAME", "what people call this ledger", false, &o.name, 0, 0},
        {"admin", "ID", "id of the admin key (admin)", false, &o.admin, 0, 0},
        {"server", "ID", "id of the server key (server)", false, &o.server, 0, 0},
        {"database", "CONNINFO", "where the ledger is; else the PG* environment", false, &o.database, 0, 0},
        {"no-database", NULL, "do not write the origin into a database", false, 0, &o.no_database, 0},
        {"broker-host", "HOST", "national broker (localhost)", false, &o.broker_host, 0, 0},
        {"broker-port", "PORT", "its port (8883)", false, &o.broker_port, 0, 0},
        {"tls-ca", "FILE", "CA of the broker's certificate, PEM", false, &o.tls_ca, 0, 0},
        {"tls-cert", "FILE", "our TLS certificate, CN = the admin's id", false, &o.tls_cert, 0, 0},
        {"tls-key", "FILE", "its key", false, &o.tls_key, 0, 0},
        {"enrol-ca", "FILE", "CA that signs gateways' TLS certificates, PEM", false, &o.enrol_ca, 0, 0},
        {"enrol-ca-key", "FILE", "its key", false, &o.enrol_ca_key, 0, 0},
        {"json", NULL, "print JSON", false, 0, &o.json, 0},
    };
    const struct arguments arguments = {"init",
                                        "make the authority key, the ledger's origin, and certified keys",
                                        table, sizeof table / sizeof table[0]};
    enum arguments_next next = arguments_read(&arguments, argc, argv);
    return next == ARGUMENTS_GO ? init(&o) : arguments_status(next);
}
