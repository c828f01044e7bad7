/* silsila replay --csv FILE: feeds recorded temperatures as a gateway would have sent them: sealed into an
 * outbox, signed with the gateway's own record key, emptied by receipts.
 *
 * Bodies are a function of the file and the options, down to the epoch: replayed again, whether after a kill
 * or by mistake, the same bodies go out again and nothing is stored twice. A gateway that has no key yet gets
 * one and is registered.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/database.h"
#include "cli/number.h"
#include "cli/print.h"
#include "cli/replay_bodies.h"
#include "cli/replay_file.h"
#include "cli/replay_gateway.h"
#include "cli/say.h"
#include "common/cleanup.h"

enum { GATEWAYS_MOST = 64 };

struct replay_options {
    const char *csv, *gateway, *probe, *site, *folder, *gateways, *readings, *shuffle;
    bool late, no_wait, register_again, again;
};

struct replay {
    const struct say *say;
    struct home home;
    const struct replay_options *options;
    struct replay_file file;
    int64_t gateway_count, per_body, shuffle;
    size_t envelopes;
};

/* The n-th body's rows; bodies are dealt to the gateways in turn. */
static size_t body_rows(const struct replay *replay, size_t body, const struct recorded **rows)
{
    size_t from = body * (size_t)replay->per_body, left = replay->file.count - from;
    *rows = replay->file.rows + from;
    return left < (size_t)replay->per_body ? left : (size_t)replay->per_body;
}

static enum outcome seal_all(struct replay *replay, struct sender *sender, size_t which, struct why *why)
{
    scoped_by(cleanup_free) struct replay_body *body = malloc(sizeof *body);
    size_t bodies = (replay->file.count + (size_t)replay->per_body - 1) / (size_t)replay->per_body;
    uint64_t seq = 0, sealed_before = sender_last_seq(sender);
    if (!body)
        return fail(why, RETRY, "out of memory");
    for (size_t n = which; n < bodies; n += (size_t)replay->gateway_count) {
        const struct recorded *rows;
        struct sender_place place;
        if (++seq <= sealed_before) /* by an earlier run over the same file: the same bytes */
            continue;
        replay_body_fill(body, replay->options->probe, rows, body_rows(replay, n, &rows));
        struct clock_reading clock = {body->latest_ms, body->latest_ms - replay->file.earliest_ms, true, 1};
        enum outcome outcome = sender_seal(sender, body->list, body->item_count, &clock, &place, why);
        if (outcome != DONE)
            return outcome;
    }
    replay->envelopes += seq;
    return DONE;
}

static void show(void *context, size_t receipted, size_t total)
{
    print_progress(context, receipted, total);
}

static enum outcome replay_one(struct replay *replay, size_t which, struct why *why)
{
    scoped_by(replay_gateway_close) struct replay_gateway gateway = {0};
    struct print_progress progress = {.what = "receipts", .json = replay->say->json};
    char id[48];
    (void)snprintf(id, sizeof id, replay->gateway_count > 1 ? "%s-%zu" : "%s", replay->options->gateway,
                   which + 1);
    struct replay_gateway_settings settings = {.id = id,
                                               .folder = replay->options->folder,
                                               .site = replay->options->site,
                                               .register_again = replay->options->register_again,
                                               .late = replay->options->late || replay->shuffle,
                                               .shuffle = (uint64_t)replay->shuffle};
    /* Other rows a body or another dealing make other bodies, and so another chain. */
    struct bytes parts[] = {bytes_of(replay->file.hash, HASH_LEN),
                            bytes_of(id, strlen(id)),
                            bytes_of(replay->options->probe, strlen(replay->options->probe)),
                            bytes_of(&replay->per_body, sizeof replay->per_body),
                            bytes_of(&replay->gateway_count, sizeof replay->gateway_count),
                            bytes_of(replay->home.origin, ORIGIN_LEN)};
    sha256_parts(parts, sizeof parts / sizeof parts[0], settings.seed);
    enum outcome outcome = replay_gateway_open(&gateway, replay->say, &replay->home, &settings, why);
    if (outcome == DONE)
        outcome = seal_all(replay, gateway.sender, which, why);
    if (outcome == DONE && replay->options->again)
        outcome = sender_again(gateway.sender, why);
    if (outcome == DONE)
        outcome =
            sender_deliver(gateway.sender, replay->home.settings.receipt_wait_s * 1000, show, &progress, why);
    print_progress(&progress, 0, 0);
    return outcome == DONE ? DONE : fail_within(why, outcome, "%s", id);
}

/* What is stored is to be read too, when this returns. */
static bool wait_until_folded(struct replay *replay)
{
    struct why why = {""};
    bool folded = false;
    scoped_by(database_close) PGconn *database = NULL;
    if (replay->options->no_wait || replay->home.settings.fold_wait_s == 0)
        return true;
    enum outcome outcome = database_open(replay->home.settings.database, &database, &why);
    if (outcome == DONE)
        outcome = database_wait_folded(database, replay->home.settings.fold_wait_s * 1000, &folded, &why);
    if (outcome != DONE)
        (void)say_failed(replay->say, "stored, but not known to be folded: %s", why.text);
    else if (!folded)
        (void)say_failed(replay->say, "stored, but the fold has not caught up within %lld s",
                         (long long)replay->home.settings.fold_wait_s);
    return folded;
}

static int summary(const struct replay *replay, bool folded)
{
    const struct replay_file *file = &replay->file;
    if (replay->say->json)
        printf("{\"good\":%zu,\"bad\":%zu,\"envelopes\":%zu,\"gateways\":%lld,\"receipted\":true,\"folded\":%"
               "s}\n",
               file->count, file->bad, replay->envelopes, (long long)replay->gateway_count,
               folded ? "true" : "false");
    else
        printf("%zu readings in %zu envelopes stored; %zu bad rows left out\n", file->count,
               replay->envelopes, file->bad);
    return folded ? EXIT_DONE : EXIT_FAILED;
}

static int run(struct replay *replay)
{
    struct why why = {""};
    enum outcome outcome = replay_file_read(&replay->file, replay->options->csv, stderr, &why);
    if (outcome == DONE && replay->options->again)
        outcome = say_again(&replay->home, &why);
    for (size_t i = 0; outcome == DONE && replay->file.count > 0 && i < (size_t)replay->gateway_count; i++)
        outcome = replay_one(replay, i, &why);
    if (outcome != DONE)
        return say_failed(replay->say, "%s", why.text);
    return summary(replay, wait_until_folded(replay));
}

static int check_and_run(const struct say *say, const struct replay_options *o)
{
    struct replay replay = {.say = say, .options = o, .gateway_count = 1, .per_body = 60};
    if ((o->gateways && !number_read(o->gateways, 1, GATEWAYS_MOST, &replay.gateway_count)) ||
        (o->readings && !number_read(o->readings, 1, REPLAY_READINGS_MOST, &replay.per_body)) ||
        (o->shuffle && !number_read(o->shuffle, 1, INT64_MAX, &replay.shuffle))) {
        fprintf(
            stderr,
            "silsila replay: --gateways is from 1 to %d, --readings to %d, --shuffle a number from 1 on\n",
            GATEWAYS_MOST, REPLAY_READINGS_MOST);
        return EXIT_USAGE;
    }
    if (!sender_id_valid(o->gateway) || strlen(o->gateway) > 29 || !probe_id_valid(o->probe))
        return say_failed(say, "%s / %s is no gateway and probe", o->gateway, o->probe);
    if (!say_open_home(say, &replay.home))
        return EXIT_FAILED;
    int status = run(&replay);
    replay_file_free(&replay.file);
    home_close(&replay.home);
    return status;
}

int command_replay(int argc, char **argv)
{
    struct say say = {.command = "replay"};
    struct replay_options o = {.site = ""};
    const struct argument table[] = {
        {"csv", "FILE", "rows of time,celsius", true, &o.csv, 0, 0},
        {"gateway", "ID", "the gateway they are said to come from", true, &o.gateway, 0, 0},
        {"probe", "PROBE", "its probe", true, &o.probe, 0, 0},
        {"site", "ID", "site of a gateway that is not registered yet", false, &o.site, 0, 0},
        {"dir", "DIR", "where its keys are kept (replay in the home)", false, &o.folder, 0, 0},
        {"gateways", "N", "deal the bodies to N gateways, ID-1 to ID-N (1)", false, &o.gateways, 0, 0},
        {"readings", "N", "readings a body (60)", false, &o.readings, 0, 0},
        {"late", NULL, "send on the late lane", false, 0, &o.late, 0},
        {"shuffle", "SEED", "send on the late lane, in an order drawn from SEED", false, &o.shuffle, 0, 0},
        {"register", NULL, "register the keys also when they are not new", false, 0, &o.register_again, 0},
        {"again", NULL, "send again what was receipted, the admin's own too: for a ledger that lost it",
         false, 0, &o.again, 0},
        {"no-wait", NULL, "do not wait until the fold has caught up", false, 0, &o.no_wait, 0},
        SAY_ARGUMENTS(say),
    };
    const struct arguments arguments = {say.command,
                                        "feed recorded temperatures as a gateway would have sent them", table,
                                        sizeof table / sizeof table[0]};
    enum arguments_next next = arguments_read(&arguments, argc, argv);
    return next == ARGUMENTS_GO ? check_and_run(&say, &o) : arguments_status(next);
}
