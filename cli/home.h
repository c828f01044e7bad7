/* Home: the folder in which `silsila` keeps who it is: DIR of --home, else $SILSILA_HOME, else ~/.silsila.
 *
 *   silsila.conf        settings, written by `silsila init`, to be edited by people
 *   authority.key       the authority's private key; better kept offline, needed by init and key rotate only
 *   authority.der       its public half, SubjectPublicKeyInfo: for the ingest's configuration
 *   server.key          the server's record key, and
 *   server.certificate  the authority's word for it (raw KeyCertificate): both for the ingest's configuration
 *   admin.key, admin.certificate   the same for the person who types; what they say is signed with it
 *   admin.outbox        what was said and is not receipted yet
 */
#ifndef CLI_HOME_H
#define CLI_HOME_H

#include <limits.h>
#include <stdint.h>

#include "coldchain/certificate.h"
#include "common/conf.h"
#include "common/keys.h"

struct home_settings {
    char *name;
    char *origin; /* 64 hex digits */
    char *admin;  /* id that admin.key signs as */
    char *broker_host;
    int64_t broker_port;
    char *tls_ca, *tls_cert, *tls_key; /* empty: no TLS, for tests on loopback only */
    char *database;                    /* libpq conninfo; empty: the PG* environment */
    char *enrol_ca, *enrol_ca_key; /* certificate and key of the CA that signs gateways' TLS certificates */
    int64_t receipt_wait_s;
    int64_t fold_wait_s;
};

struct home {
    char path[PATH_MAX / 2];
    struct home_settings settings;
    uint8_t origin[ORIGIN_LEN];
    struct key_public *authority;
};

const struct conf_table *home_conf_table(void);

/* Writes DIR as said above into `path` (room PATH_MAX / 2). REJECT: too long, or no HOME. */
MUST_CHECK enum outcome home_find(const char *option, char *path, struct why *why);
/* DIR/name, in `out` (room PATH_MAX). */
void home_file(const struct home *home, const char *name, char *out);

/* Reads the settings and the authority's public key. REJECT: no home, or a bad one; the sentence says what to
 * do. */
MUST_CHECK enum outcome home_open(struct home *home, const char *option, struct why *why);
void home_close(struct home *home);

/* Checks a raw KeyCertificate under this home's authority and origin. */
MUST_CHECK enum outcome home_certificate_check(struct home *home, struct bytes raw, Silsila__V1__KeyKind kind,
                                               struct certificate *certificate, struct why *why);

/* Makes a key pair's certificate: generates (or, where NAME.key exists, loads) the key, has `authority`
 * certify it with this serial, writes NAME.key and NAME.certificate. */
MUST_CHECK enum outcome home_certify(const struct home *home, const struct key_private *authority,
                                     const char *name, Silsila__V1__KeyKind kind, const char *owner,
                                     uint64_t serial, struct why *why);

/* Whole small files. file_read: RETRY when it cannot be read or is over `most` bytes. file_write: to a
 * temporary name, fsynced, renamed; replaces. `mode` as for open(2). */
MUST_CHECK enum outcome file_read(const char *path, size_t most, struct buffer *out, struct why *why);
MUST_CHECK enum outcome file_write(const char *path, struct bytes content, unsigned mode, struct why *why);

#endif
