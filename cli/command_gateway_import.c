/* silsila gateway import: run on the gateway: takes the bundle in beside the keys it was made for. */
#include <stdio.h>
#include <string.h>

#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/enrolment.h"
#include "cli/print.h"
#include "cli/say.h"
#include "common/cleanup.h"

static struct bytes view_of(const ProtobufCBinaryData *data)
{
    return bytes_of(data->data, data->len);
}

/* The bundle last: who finds it finds the rest too. */
static enum outcome write_files(const Silsila__V1__EnrolmentBundle *bundle, struct bytes raw,
                                const char *folder, struct why *why)
{
    char path[PATH_MAX];
    (void)snprintf(path, sizeof path, "%s/tls.crt", folder);
    enum outcome outcome = file_write(path, view_of(&bundle->tls_certificate), 0644, why);
    (void)snprintf(path, sizeof path, "%s/ca.crt", folder);
    if (outcome == DONE)
        outcome = file_write(path, view_of(&bundle->tls_ca), 0644, why);
    (void)snprintf(path, sizeof path, "%s/bundle", folder);
    return outcome == DONE ? file_write(path, raw, 0644, why) : outcome;
}

static enum outcome import(const char *file, const char *folder, char *id, struct why *why)
{
    scoped_by(buffer_free) struct buffer raw = {0};
    Silsila__V1__EnrolmentBundle *bundle = NULL;
    enum outcome outcome = file_read(file, BUNDLE_MOST, &raw, why);
    if (outcome == DONE)
        outcome = enrolment_bundle_decode(buffer_view(&raw), &bundle, why);
    if (outcome == DONE)
        outcome = write_files(bundle, buffer_view(&raw), folder, why);
    if (outcome == DONE)
        (void)snprintf(id, 33, "%s", bundle->gateway);
    silsila__v1__enrolment_bundle__free_unpacked(bundle, NULL);
    return outcome;
}

int command_gateway_import(int argc, char **argv)
{
    struct say say = {.command = "gateway import"};
    const char *file = NULL, *folder = ".";
    char id[33];
    struct why why = {""};
    const struct argument table[] = {
        {NULL, "BUNDLE", "the file that gateway enrol wrote", true, &file, 0, 0},
        {"dir", "DIR", "where record.key and tls.key are (.)", false, &folder, 0, 0},
        {"json", NULL, "print JSON", false, 0, &say.json, 0},
    };
    const struct arguments arguments = {say.command, "take a bundle in: writes bundle, tls.crt and ca.crt",
                                        table, sizeof table / sizeof table[0]};
    enum arguments_next next = arguments_read(&arguments, argc, argv);
    if (next != ARGUMENTS_GO)
        return arguments_status(next);
    if (import(file, folder, id, &why) != DONE)
        return say_failed(&say, "%s", why.text);
    if (say.json) {
        printf("{\"gateway\":\"%s\",\"dir\":", id);
        print_json_text(stdout, folder);
        puts("}");
    } else {
        printf("%s is enrolled; its files are in %s\n", id, folder);
    }
    return EXIT_DONE;
}
