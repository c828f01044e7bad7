/* silsila key rotate: a new server or admin key, certified with the next serial. Gateways take a server
 * certificate of a higher serial as soon as they see one, and refuse lower ones from then on, so that one
 * that was away through any number of rotations comes back by itself. A gateway's own key is changed by csr
 * and enrol. */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/say.h"
#include "common/cleanup.h"

static enum outcome present_certificate(struct home *home, const char *name, Silsila__V1__KeyKind kind,
                                        struct certificate *certificate, struct why *why)
{
    char path[PATH_MAX], file[64];
    scoped_by(buffer_free) struct buffer raw = {0};
    (void)snprintf(file, sizeof file, "%s.certificate", name);
    home_file(home, file, path);
    enum outcome outcome = file_read(path, 1024, &raw, why);
    return outcome == DONE ? home_certificate_check(home, buffer_view(&raw), kind, certificate, why)
                           : outcome;
}

/* The old pair is kept under its serial: NAME.1.key. */
static enum outcome put_aside(const struct home *home, const char *name, const char *ending, uint64_t serial,
                              struct why *why)
{
    char from[PATH_MAX], to[PATH_MAX], file[64];
    (void)snprintf(file, sizeof file, "%s.%s", name, ending);
    home_file(home, file, from);
    (void)snprintf(file, sizeof file, "%s.%llu.%s", name, (unsigned long long)serial, ending);
    home_file(home, file, to);
    return link(from, to) == 0 || access(to, F_OK) == 0 ? DONE : fail(why, RETRY, "cannot keep %.200s", from);
}

static enum outcome put_in_place(const struct home *home, const char *name, const char *ending,
                                 struct why *why)
{
    char from[PATH_MAX], to[PATH_MAX], file[64];
    (void)snprintf(file, sizeof file, "%s.next.%s", name, ending);
    home_file(home, file, from);
    (void)snprintf(file, sizeof file, "%s.%s", name, ending);
    home_file(home, file, to);
    return rename(from, to) == 0 ? DONE : fail(why, RETRY, "cannot put %.200s in place", to);
}

static enum outcome rotate(struct home *home, const char *authority_path, const char *name,
                           Silsila__V1__KeyKind kind, uint64_t *serial, struct why *why)
{
    char path[PATH_MAX], next[32];
    struct certificate present;
    scoped_by(key_private_free) struct key_private *authority = NULL;
    home_file(home, "authority.key", path);
    enum outcome outcome = key_load(authority_path ? authority_path : path, &authority, why);
    if (outcome == DONE)
        outcome = present_certificate(home, name, kind, &present, why);
    if (outcome != DONE)
        return outcome;
    *serial = present.serial + 1;
    (void)snprintf(next, sizeof next, "%s.next", name);
    outcome = home_certify(home, authority, next, kind, present.owner, *serial, why);
    if (outcome == DONE)
        outcome = put_aside(home, name, "key", present.serial, why);
    if (outcome == DONE)
        outcome = put_aside(home, name, "certificate", present.serial, why);
    if (outcome == DONE)
        outcome = put_in_place(home, name, "key", why);
    return outcome == DONE ? put_in_place(home, name, "certificate", why) : outcome;
}

int command_key_rotate(int argc, char **argv)
{
    struct say say = {.command = "key rotate"};
    const char *name = NULL, *authority = NULL;
    struct home home;
    struct why why = {""};
    uint64_t serial = 0;
    const struct argument table[] = {
        {NULL, "KEY", "server or admin", true, &name, 0, 0},
        {"authority", "FILE", "the authority's key (authority.key in the home)", false, &authority, 0, 0},
        SAY_ARGUMENTS(say),
    };
    const struct arguments arguments = {say.command, "make and certify a new server or admin key", table,
                                        sizeof table / sizeof table[0]};
    enum arguments_next next = arguments_read(&arguments, argc, argv);
    if (next != ARGUMENTS_GO)
        return arguments_status(next);
    bool server = strcmp(name, "server") == 0;
    if (!server && strcmp(name, "admin") != 0)
        return say_failed(
            &say, "only server and admin keys are rotated here; a gateway's by gateway csr and enrol");
    if (!say_open_home(&say, &home))
        return EXIT_FAILED;
    enum outcome outcome =
        rotate(&home, authority, name,
               server ? SILSILA__V1__KEY_KIND__KEY_KIND_SERVER : SILSILA__V1__KEY_KIND__KEY_KIND_ADMIN,
               &serial, &why);
    home_close(&home);
    if (outcome != DONE)
        return say_failed(&say, "%s", why.text);
    if (say.json)
        printf("{\"key\":\"%s\",\"serial\":%llu}\n", name, (unsigned long long)serial);
    else
        printf("%s key is at serial %llu%s\n", name, (unsigned long long)serial,
               server ? "; the ingest takes it at its next start or reload" : "");
    return EXIT_DONE;
}
