/* silsila gateway csr: run on the gateway (or desk, or bridge): makes its two keys and a request to be
 * carried to who enrols it. Keys that are there already are used again. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/enrolment.h"
#include "cli/print.h"
#include "cli/say.h"
#include "cli/tls.h"
#include "common/cleanup.h"
#include "common/clock.h"

static enum outcome key_at(const char *folder, const char *name, char *path, struct key_private **key,
                           struct why *why)
{
    (void)snprintf(path, PATH_MAX, "%s/%s", folder, name);
    if (access(path, F_OK) == 0)
        return key_load(path, key, why);
    enum outcome outcome = key_generate(key, why);
    return outcome == DONE ? key_save(*key, path, why) : outcome;
}

static enum outcome write_request(const char *id, const char *folder, const char *output, struct why *why)
{
    char path[PATH_MAX];
    struct clock clock = clock_system();
    scoped_by(key_private_free) struct key_private *record = NULL, *tls = NULL;
    scoped_by(buffer_free) struct buffer request = {0}, raw = {0};
    if (mkdir(folder, 0700) != 0 && errno != EEXIST)
        return fail(why, RETRY, "%.200s: %s", folder, strerror(errno));
    enum outcome outcome = key_at(folder, "record.key", path, &record, why);
    if (outcome == DONE)
        outcome = key_at(folder, "tls.key", path, &tls, why);
    if (outcome == DONE)
        outcome = tls_request_make(path, id, &request, why);
    if (outcome == DONE)
        outcome =
            enrolment_request_write(id, record, buffer_view(&request), clock_read(&clock).wall_ms, &raw, why);
    return outcome == DONE ? file_write(output, buffer_view(&raw), 0644, why) : outcome;
}

int command_gateway_csr(int argc, char **argv)
{
    struct say say = {.command = "gateway csr"};
    const char *id = NULL, *folder = ".", *output = NULL;
    struct why why = {""};
    const struct argument table[] = {
        {NULL, "ID", "id of the gateway, desk or bridge", true, &id, 0, 0},
        {"dir", "DIR", "where record.key and tls.key are or will be (.)", false, &folder, 0, 0},
        {"output", "FILE", "the request to be carried to who enrols it", true, &output, 0, 0},
        {"json", NULL, "print JSON", false, 0, &say.json, 0},
    };
    const struct arguments arguments = {say.command, "make a gateway's keys and its request for enrolment",
                                        table, sizeof table / sizeof table[0]};
    enum arguments_next next = arguments_read(&arguments, argc, argv);
    if (next != ARGUMENTS_GO)
        return arguments_status(next);
    if (!sender_id_valid(id))
        return say_failed(&say, "an id is 3 to 32 of a-z, 0-9 and -, and does not begin with -");
    if (write_request(id, folder, output, &why) != DONE)
        return say_failed(&say, "%s", why.text);
    if (say.json) {
        printf("{\"gateway\":\"%s\",\"request\":", id);
        print_json_text(stdout, output);
        puts("}");
    } else {
        printf("request of %s is in %s\n", id, output);
    }
    return EXIT_DONE;
}
