/* silsila gateway enrol: takes a request, writes the bundle to be carried back, and registers the record key
 * in the ledger. The bundle is written first: should the network fail now, the registration stays in the
 * outbox and what the gateway sends before it arrives waits in the gateway. */
#include <stdio.h>
#include <string.h>

#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/enrolment.h"
#include "cli/number.h"
#include "cli/say.h"
#include "cli/tls.h"
#include "common/cleanup.h"

struct enrol_options {
    const char *request, *output, *site, *kind, *ca, *ca_key, *days;
    struct argument_list roles;
};

static Silsila__V1__KeyKind kind_of(const char *word)
{
    if (strcmp(word, "gateway") == 0)
        return SILSILA__V1__KEY_KIND__KEY_KIND_GATEWAY;
    if (strcmp(word, "desk") == 0)
        return SILSILA__V1__KEY_KIND__KEY_KIND_DESK;
    if (strcmp(word, "adapter") == 0)
        return SILSILA__V1__KEY_KIND__KEY_KIND_ADAPTER;
    return SILSILA__V1__KEY_KIND__KEY_KIND_UNSPECIFIED;
}

static enum outcome write_bundle(struct home *home, const struct enrol_options *o,
                                 const Silsila__V1__EnrolmentRequest *request, struct why *why)
{
    const char *ca = o->ca ? o->ca : home->settings.enrol_ca,
               *ca_key = o->ca_key ? o->ca_key : home->settings.enrol_ca_key;
    int64_t days = 825;
    scoped_by(buffer_free) struct buffer certificate = {0}, ca_pem = {0}, bundle = {0};
    if (!ca || !ca[0] || !ca_key || !ca_key[0])
        return fail(why, REJECT,
                    "which CA signs its TLS certificate? --ca and --ca-key, or enrol_ca in silsila.conf");
    if (o->days && !number_read(o->days, 1, 3650, &days))
        return fail(why, REJECT, "--days is from 1 to 3650");
    enum outcome outcome =
        tls_certificate_issue(bytes_of(request->tls_request.data, request->tls_request.len), request->gateway,
                              ca, ca_key, days, &certificate, why);
    if (outcome == DONE)
        outcome = file_read(ca, 16384, &ca_pem, why);
    if (outcome == DONE)
        outcome = enrolment_bundle_write(home, request->gateway, buffer_view(&certificate),
                                         buffer_view(&ca_pem), &bundle, why);
    return outcome == DONE ? file_write(o->output, buffer_view(&bundle), 0644, why) : outcome;
}

static int register_key(const struct say *say, struct home *home, const struct enrol_options *o,
                        const Silsila__V1__EnrolmentRequest *request)
{
    char *roles[ARGUMENT_LIST_MOST];
    Silsila__V1__Key key = SILSILA__V1__KEY__INIT;
    Silsila__V1__Register entry = SILSILA__V1__REGISTER__INIT;
    for (size_t i = 0; i < o->roles.count; i++)
        roles[i] = wire_text(o->roles.values[i]);
    key.owner = request->gateway;
    key.kind = kind_of(o->kind);
    key.public_key = request->public_key;
    key.site = wire_text(o->site);
    key.roles = roles;
    key.n_roles = o->roles.count;
    entry.entry_case = SILSILA__V1__REGISTER__ENTRY_KEY;
    entry.key = &key;
    return say_register_in(say, home, &entry, NULL);
}

static int enrol(const struct say *say, struct home *home, const struct enrol_options *o)
{
    struct why why = {""};
    scoped_by(buffer_free) struct buffer raw = {0};
    Silsila__V1__EnrolmentRequest *request = NULL;
    if (kind_of(o->kind) == SILSILA__V1__KEY_KIND__KEY_KIND_UNSPECIFIED)
        return say_failed(say, "a kind is gateway, desk or adapter, not %s", o->kind);
    enum outcome outcome = file_read(o->request, REQUEST_MOST, &raw, &why);
    if (outcome == DONE)
        outcome = enrolment_request_read(buffer_view(&raw), &request, &why);
    if (outcome == DONE && strcmp(request->gateway, home->settings.admin) == 0)
        outcome = fail(&why, REJECT, "%s is the admin's own id", request->gateway);
    if (outcome == DONE)
        outcome = write_bundle(home, o, request, &why);
    int status = outcome == DONE ? register_key(say, home, o, request) : say_failed(say, "%s", why.text);
    silsila__v1__enrolment_request__free_unpacked(request, NULL);
    return status;
}

int command_gateway_enrol(int argc, char **argv)
{
    struct say say = {.command = "gateway enrol"};
    struct enrol_options o = {.kind = "gateway"};
    struct home home;
    const struct argument table[] = {
        {NULL, "REQUEST", "the file that gateway csr wrote", true, &o.request, 0, 0},
        {"output", "FILE", "the bundle to be carried back", true, &o.output, 0, 0},
        {"site", "ID", "the site it belongs to", true, &o.site, 0, 0},
        {"kind", "KIND", "gateway, desk or adapter (gateway)", false, &o.kind, 0, 0},
        {"role", "ROLE", "role of a desk, such as laboratory", false, 0, 0, &o.roles},
        {"ca", "FILE", "CA that signs its TLS certificate, PEM (enrol_ca of silsila.conf)", false, &o.ca, 0,
         0},
        {"ca-key", "FILE", "its key (enrol_ca_key of silsila.conf)", false, &o.ca_key, 0, 0},
        {"days", "N", "how long the TLS certificate lasts (825)", false, &o.days, 0, 0},
        SAY_ARGUMENTS(say),
    };
    const struct arguments arguments = {say.command,
                                        "certify a gateway, desk or bridge and register its record key",
                                        table, sizeof table / sizeof table[0]};
    enum arguments_next next = arguments_read(&arguments, argc, argv);
    if (next != ARGUMENTS_GO)
        return arguments_status(next);
    if (!say_open_home(&say, &home))
        return EXIT_FAILED;
    int status = enrol(&say, &home, &o);
    home_close(&home);
    return status;
}
