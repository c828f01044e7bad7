/* silsila key revoke: a record key is trusted through a position of its owner's chain and no further. By
 * position, not by time, so that the answer is the same in whatever order the bodies arrive. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/database.h"
#include "cli/number.h"
#include "cli/say.h"
#include "common/cleanup.h"

struct revoke_options {
    const char *owner, *key, *through, *reason, *from;
    bool nothing;
};

struct trusted {
    uint8_t key_id[32];
    uint8_t epoch[16];
    uint64_t seq;
};

/* "EPOCH/SEQ", 32 hex digits and a number. */
static bool read_through(const char *text, struct trusted *trusted)
{
    char hex[33];
    int64_t seq;
    if (strlen(text) < 34 || text[32] != '/' || !number_read(text + 33, 1, INT64_MAX, &seq))
        return false;
    (void)snprintf(hex, sizeof hex, "%.32s", text);
    trusted->seq = (uint64_t)seq;
    return bytes_from_hex(hex, trusted->epoch, 16);
}

static bool read_bytea(const PGresult *rows, int column, uint8_t *out, size_t len)
{
    const char *text = PQgetvalue(rows, 0, column);
    return strncmp(text, "\\x", 2) == 0 && bytes_from_hex(text + 2, out, len);
}

/* The owner's newest key where none is named. */
static enum outcome find_key(PGconn *database, const char *owner, struct trusted *trusted, struct why *why)
{
    scoped_by(database_clear) PGresult *rows = NULL;
    enum outcome outcome = database_query(database,
                                          "SELECT key_id FROM silsila.key WHERE owner = $1 ORDER BY "
                                          "valid_from DESC, place_in_order DESC LIMIT 1",
                                          1, &owner, &rows, why);
    if (outcome != DONE)
        return outcome;
    return PQntuples(rows) == 1 && read_bytea(rows, 0, trusted->key_id, 32)
               ? DONE
               : fail(why, REJECT, "no key of %s is registered", owner);
}

/* Everything stored so far: the end of the newest epoch of its chain. */
static enum outcome find_through(PGconn *database, const char *owner, struct trusted *trusted,
                                 struct why *why)
{
    int64_t seq;
    scoped_by(database_clear) PGresult *rows = NULL;
    enum outcome outcome =
        database_query(database,
                       "SELECT epoch, through FROM silsila.chain WHERE sender = $1 AND through > 0"
                       " ORDER BY rank DESC NULLS LAST, heard_at DESC NULLS LAST LIMIT 1",
                       1, &owner, &rows, why);
    if (outcome != DONE)
        return outcome;
    if (PQntuples(rows) != 1)
        return fail(why, REJECT, "nothing of %s is stored; say --nothing to trust nothing", owner);
    if (!read_bytea(rows, 0, trusted->epoch, 16) || !number_read(PQgetvalue(rows, 0, 1), 1, INT64_MAX, &seq))
        return fail(why, RETRY, "the database's answer is not understood");
    trusted->seq = (uint64_t)seq;
    return DONE;
}

static enum outcome complete(const struct home *home, const struct revoke_options *o, struct trusted *trusted,
                             struct why *why)
{
    scoped_by(database_close) PGconn *database = NULL;
    enum outcome outcome = DONE;
    if (o->key && !bytes_from_hex(o->key, trusted->key_id, 32))
        return fail(why, REJECT, "--key is 64 hex digits");
    if (o->through && !read_through(o->through, trusted))
        return fail(why, REJECT, "--trusted-through is EPOCH/SEQ, 32 hex digits and a number");
    if (!o->key || !(o->through || o->nothing))
        outcome = database_open(home->settings.database, &database, why);
    if (outcome == DONE && !o->key)
        outcome = find_key(database, o->owner, trusted, why);
    if (outcome == DONE && !o->through && !o->nothing)
        outcome = find_through(database, o->owner, trusted, why);
    return outcome;
}

static int revoke_key(const struct say *say, struct home *home, const struct revoke_options *o)
{
    struct why why = {""};
    struct trusted trusted = {0};
    Silsila__V1__KeyRevocation revocation = SILSILA__V1__KEY_REVOCATION__INIT;
    Silsila__V1__Register entry = SILSILA__V1__REGISTER__INIT;
    if (o->through && o->nothing)
        return say_failed(say, "--trusted-through and --nothing exclude each other");
    if (complete(home, o, &trusted, &why) != DONE)
        return say_failed(say, "%s", why.text);
    revocation.key_id = (ProtobufCBinaryData){32, trusted.key_id};
    revocation.owner = wire_text(o->owner);
    if (trusted.seq > 0)
        revocation.epoch = (ProtobufCBinaryData){16, trusted.epoch};
    revocation.seq = trusted.seq;
    revocation.why = wire_text(o->reason);
    entry.entry_case = SILSILA__V1__REGISTER__ENTRY_REVOCATION;
    entry.revocation = &revocation;
    return say_register_in(say, home, &entry, o->from);
}

int command_key_revoke(int argc, char **argv)
{
    struct say say = {.command = "key revoke"};
    struct revoke_options o = {0};
    struct home home;
    const struct argument table[] = {
        {NULL, "OWNER", "gateway, desk or adapter whose key it is", true, &o.owner, 0, 0},
        {"why", "TEXT", "why", true, &o.reason, 0, 0},
        {"key", "HEX", "key id (the owner's newest)", false, &o.key, 0, 0},
        {"trusted-through", "EPOCH/SEQ", "last body still trusted (all that is stored now)", false,
         &o.through, 0, 0},
        {"nothing", NULL, "nothing signed with it is trusted", false, 0, &o.nothing, 0},
        {"from", "TIME", "said to hold from then (now)", false, &o.from, 0, 0},
        SAY_ARGUMENTS(say),
    };
    const struct arguments arguments = {say.command,
                                        "stop trusting a key beyond a position of its owner's chain", table,
                                        sizeof table / sizeof table[0]};
    enum arguments_next next = arguments_read(&arguments, argc, argv);
    if (next != ARGUMENTS_GO)
        return arguments_status(next);
    if (!sender_id_valid(o.owner))
        return say_failed(&say, "%s is no id", o.owner);
    if (!say_open_home(&say, &home))
        return EXIT_FAILED;
    int status = revoke_key(&say, &home, &o);
    home_close(&home);
    return status;
}
