#include "cli/say.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/command.h"
#include "cli/database.h"
#include "cli/print.h"
#include "coldchain/recording.h"
#include "common/cleanup.h"

int say_failed(const struct say *say, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fprintf(stderr, "silsila %s: ", say->command);
    (void)vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    return EXIT_FAILED;
}

bool say_open_home(const struct say *say, struct home *home)
{
    struct why why = {""};
    if (home_open(home, say->home, &why) == DONE)
        return true;
    (void)say_failed(say, "%s", why.text);
    return false;
}

void say_boot_id(uint8_t id[16])
{
    struct why why;
    char hex[33];
    size_t used = 0;
    scoped_by(buffer_free) struct buffer text = {0};
    memset(id, 0, 16);
    if (file_read("/proc/sys/kernel/random/boot_id", 64, &text, &why) != DONE)
        return;
    for (size_t i = 0; i < text.len && used < 32; i++) {
        if (text.data[i] != '-' && text.data[i] != '\n')
            hex[used++] = (char)text.data[i];
    }
    hex[used] = '\0';
    if (used != 32 || !bytes_from_hex(hex, id, 16))
        memset(id, 0, 16);
}

struct admin {
    struct key_private *key;
    struct buffer certificate;
    struct sender *sender;
};

static void admin_close(struct admin *admin)
{
    sender_close(&admin->sender);
    key_private_free(&admin->key);
    buffer_free(&admin->certificate);
}

/* Two commands at once take turns: the outbox is one process's at a time. */
static enum outcome open_in_turn(struct sender **sender, struct home *home,
                                 const struct sender_settings *settings, struct why *why)
{
    enum { NAP_MS = 100 };
    enum outcome outcome;
    int64_t left_ms = home->settings.receipt_wait_s * 1000;
    while ((outcome = sender_open(sender, home, settings, why)) == REJECT && left_ms > 0) {
        (void)nanosleep(&(struct timespec){.tv_nsec = NAP_MS * 1000000L}, NULL);
        left_ms -= NAP_MS;
    }
    return outcome;
}

static enum outcome admin_open(struct admin *admin, struct home *home, struct why *why)
{
    char path[PATH_MAX], outbox[PATH_MAX];
    struct certificate certificate;
    home_file(home, "admin.key", path);
    enum outcome outcome = key_load(path, &admin->key, why);
    home_file(home, "admin.certificate", path);
    if (outcome == DONE)
        outcome = file_read(path, 1024, &admin->certificate, why);
    if (outcome == DONE)
        outcome = home_certificate_check(home, buffer_view(&admin->certificate),
                                         SILSILA__V1__KEY_KIND__KEY_KIND_ADMIN, &certificate, why);
    if (outcome == DONE && strcmp(certificate.owner, home->settings.admin) != 0)
        outcome = fail(why, REJECT, "admin.certificate is %s's, the settings say %s", certificate.owner,
                       home->settings.admin);
    if (outcome != DONE)
        return outcome;
    home_file(home, "admin.outbox", outbox);
    struct sender_settings settings = {.id = home->settings.admin,
                                       .key = admin->key,
                                       .certificate = buffer_view(&admin->certificate),
                                       .outbox_path = outbox};
    say_boot_id(settings.boot_id);
    return open_in_turn(&admin->sender, home, &settings, why);
}

static void print_fate(const struct say *say, const char *sender, const struct sender_place *place,
                       const struct body_fate *fate)
{
    char epoch[33];
    if (say->quiet)
        return;
    bytes_to_hex(bytes_of(place->epoch, 16), epoch);
    if (say->json) {
        printf("{\"sender\":\"%s\",\"epoch\":\"%s\",\"seq\":%llu,\"receipted\":true,\"folded\":%s,\"code\":",
               sender, epoch, (unsigned long long)place->seq, fate->folded ? "true" : "false");
        print_json_text(stdout, fate->judgements ? fate->code : NULL);
        fputs(",\"why\":", stdout);
        print_json_text(stdout, fate->judgements ? fate->text : NULL);
        puts("}");
    } else if (fate->judgements) {
        printf("stored, but of no effect: %s: %s\n", fate->code, fate->text);
    } else {
        puts(fate->folded ? "stored, and in effect" : "stored; not judged yet");
    }
}

/* Receipted; now the judgement. */
static int follow_up(const struct say *say, struct home *home, const struct sender_place *place)
{
    struct why why = {""};
    struct body_fate fate = {0};
    scoped_by(database_close) PGconn *database = NULL;
    int64_t wait_ms = home->settings.fold_wait_s * 1000;
    if (wait_ms == 0) {
        print_fate(say, home->settings.admin, place, &fate);
        return EXIT_DONE;
    }
    enum outcome outcome = database_open(home->settings.database, &database, &why);
    if (outcome == DONE)
        outcome =
            database_fate(database, home->settings.admin, place->epoch, place->seq, wait_ms, &fate, &why);
    if (outcome != DONE)
        return say_failed(say, "stored, but its judgement is not known: %s", why.text);
    print_fate(say, home->settings.admin, place, &fate);
    if (!fate.folded)
        return say_failed(say, "the fold has not judged it within %lld s",
                          (long long)home->settings.fold_wait_s);
    return fate.judgements ? EXIT_FAILED : EXIT_DONE;
}

static void show(void *context, size_t receipted, size_t total)
{
    print_progress(context, receipted, total);
}

int say_items_in(const struct say *say, struct home *home, Silsila__V1__Item **items, size_t count)
{
    struct why why = {""};
    struct clock clock = clock_system();
    struct clock_reading now = clock_read(&clock);
    scoped_by(admin_close) struct admin admin = {0};
    struct sender_place place;
    struct print_progress progress = {.what = "receipts", .json = say->json};
    enum outcome outcome = admin_open(&admin, home, &why);
    if (outcome == DONE)
        outcome = sender_seal(admin.sender, items, count, &now, &place, &why);
    if (outcome == DONE)
        outcome = sender_deliver(admin.sender, home->settings.receipt_wait_s * 1000, show, &progress, &why);
    print_progress(&progress, 0, 0);
    if (outcome != DONE)
        return say_failed(say, "%s", why.text);
    return follow_up(say, home, &place);
}

int say_register_in(const struct say *say, struct home *home, Silsila__V1__Register *entry, const char *from)
{
    struct why why = {""};
    struct clock clock = clock_system();
    Silsila__V1__Item item = SILSILA__V1__ITEM__INIT, *items[] = {&item};
    item.kind_case = SILSILA__V1__ITEM__KIND_REGISTER;
    item.register_ = entry;
    entry->valid_from_ms = clock_read(&clock).wall_ms;
    if (from && time_text_read(bytes_of(from, strlen(from)), &entry->valid_from_ms, &why) != DONE)
        return say_failed(say, "--from %s: %s", from, why.text);
    return say_items_in(say, home, items, 1);
}

int say_register(const struct say *say, Silsila__V1__Register *entry, const char *from)
{
    struct home home;
    if (!say_open_home(say, &home))
        return EXIT_FAILED;
    int status = say_register_in(say, &home, entry, from);
    home_close(&home);
    return status;
}

enum outcome say_again(struct home *home, struct why *why)
{
    scoped_by(admin_close) struct admin admin = {0};
    enum outcome outcome = admin_open(&admin, home, why);
    if (outcome == DONE)
        outcome = sender_again(admin.sender, why);
    return outcome == DONE
               ? sender_deliver(admin.sender, home->settings.receipt_wait_s * 1000, NULL, NULL, why)
               : outcome;
}
