#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "cli/home.h"
#include "common/cleanup.h"
#include "tests/bench/fleet.h"

enum { STEP_MS = 60000 };

static int64_t wall_ms(void)
{
    struct clock clock = clock_system();
    return clock_read(&clock).wall_ms;
}

enum outcome fleet_add(struct fleet *fleet, struct fleet_gateway *gateway, Silsila__V1__Item **items, size_t item_count,
                       int64_t at_ms, struct bytes certificate, struct why *why)
{
    Silsila__V1__Body body = SILSILA__V1__BODY__INIT;
    Silsila__V1__EpochStart start = SILSILA__V1__EPOCH_START__INIT;
    Silsila__V1__ClockState clock = SILSILA__V1__CLOCK_STATE__INIT;
    scoped_by(buffer_free) struct buffer raw = {0};
    static uint8_t boot_id[16] = {1};
    struct fleet_envelope *envelope = &gateway->envelopes[gateway->count];
    start.reason = SILSILA__V1__EPOCH_REASON__EPOCH_REASON_FIRST;
    clock.wall_ms = at_ms;
    clock.boot_id = (ProtobufCBinaryData){16, boot_id};
    clock.boot_ms = at_ms / 2;
    clock.synchronised = true;
    clock.error_ms = 5;
    body.version = 1;
    body.gateway = gateway->id;
    body.epoch = (ProtobufCBinaryData){16, gateway->epoch};
    body.seq = gateway->count + 1;
    body.previous = (ProtobufCBinaryData){gateway->count ? 32 : 0, gateway->previous};
    body.epoch_start = gateway->count ? NULL : &start;
    body.clock = &clock;
    body.items = items;
    body.n_items = item_count;
    enum outcome outcome = body_encode(&body, &raw, why);
    if (outcome != DONE)
        return outcome;
    uint8_t signature[64];
    sha256(buffer_view(&raw), envelope->body_hash);
    memcpy(gateway->previous, envelope->body_hash, 32);
    outcome = key_sign_hash(gateway->key, PURPOSE_ENVELOPE, fleet->origin, envelope->body_hash, signature, why);
    envelope->at = fleet->bytes.len;
    if (outcome == DONE)
        outcome = envelope_seal(buffer_view(&raw), gateway->key_id, signature, certificate, &fleet->bytes, why);
    envelope->len = (uint32_t)(fleet->bytes.len - envelope->at);
    gateway->count += outcome == DONE;
    return outcome;
}

/* A freezer's probe: around -30 degrees, in steps of a sixteenth, never the same for long. */
static int32_t value_of(unsigned *seed, int32_t before)
{
    int32_t next = before + (int32_t)(rand_r(seed) % 5 - 2) * 63;
    return next < -33000 || next > -27000 ? before : next;
}

/* One reading as COPY takes it: probe, time, millidegrees. */
static void write_row(FILE *rows, int probe, int64_t at_ms, int32_t value_mc)
{
    time_t at_s = (time_t)(at_ms / 1000);
    struct tm tm;
    char text[32];
    (void)gmtime_r(&at_s, &tm);
    (void)strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S+00", &tm);
    (void)fprintf(rows, "%d\t%s\t%d\n", probe, text, value_mc);
}

static enum outcome add_readings(struct fleet *fleet, int g, int e, int64_t first_ms, FILE *rows, struct why *why)
{
    struct fleet_gateway *gateway = &fleet->gateways[g];
    const struct fleet_options *options = &fleet->options;
    enum { PROBES_MOST = 16 };
    static int32_t values[PROBES_MOST][4096];
    char names[PROBES_MOST][16];
    Silsila__V1__TemperatureBlock blocks[PROBES_MOST];
    Silsila__V1__Item items[PROBES_MOST], *list[PROBES_MOST];
    int each = options->readings / options->probes;
    int64_t t0_ms = first_ms + (int64_t)e * each * STEP_MS;
    for (int p = 0; p < options->probes; p++) {
        (void)snprintf(names[p], sizeof names[p], "28-%02d", p);
        silsila__v1__temperature_block__init(&blocks[p]);
        silsila__v1__item__init(&items[p]);
        for (int i = 0; i < each; i++) {
            gateway->last_mc[p] = values[p][i] = value_of(&gateway->seed, gateway->last_mc[p]);
            if (rows)
                write_row(rows, g * options->probes + p, t0_ms + i * STEP_MS, values[p][i]);
        }
        if (!block_deltas(values[p], (size_t)each))
            return fail(why, REJECT, "a delta is too large");
        blocks[p].probe = names[p];
        blocks[p].t0_ms = t0_ms;
        blocks[p].step_ms = STEP_MS;
        blocks[p].values = values[p];
        blocks[p].n_values = (size_t)each;
        items[p].kind_case = SILSILA__V1__ITEM__KIND_TEMPERATURE;
        items[p].temperature = &blocks[p];
        list[p] = &items[p];
    }
    return fleet_add(fleet, gateway, list, (size_t)options->probes, t0_ms + (int64_t)each * STEP_MS,
                     bytes_of(NULL, 0), why);
}

static enum outcome make_gateway(struct fleet *fleet, int g, int64_t first_ms, struct why *why)
{
    const struct fleet_options *options = &fleet->options;
    struct fleet_gateway *gateway = &fleet->gateways[g];
    gateway->seed = (unsigned)g + 1;
    for (int p = 0; p < 16; p++)
        gateway->last_mc[p] = -30000;
    (void)snprintf(gateway->id, sizeof gateway->id, "%s-%04d", options->prefix, g);
    (void)snprintf(gateway->topic, sizeof gateway->topic, "silsila/v1/up/0/%s/%s", gateway->id,
                   options->live ? "live" : "late");
    gateway->envelopes = calloc((size_t)options->envelopes + 1, sizeof *gateway->envelopes);
    if (!gateway->envelopes || getrandom(gateway->epoch, 16, 0) != 16)
        return fail(why, RETRY, "out of memory");
    enum outcome outcome = key_generate(&gateway->key, why);
    if (outcome != DONE)
        return outcome;
    key_private_id(gateway->key, gateway->key_id);
    return fleet_add(fleet, gateway, NULL, 0, first_ms, bytes_of(NULL, 0), why);
}

static enum outcome make_admin(struct fleet *fleet, const struct home *home, struct why *why)
{
    char path[PATH_MAX];
    struct fleet_gateway *admin = &fleet->admin;
    (void)snprintf(admin->id, sizeof admin->id, "%s", home->settings.admin);
    (void)snprintf(admin->topic, sizeof admin->topic, "silsila/v1/up/0/%s/live", admin->id);
    home_file(home, "admin.key", path);
    enum outcome outcome = key_load(path, &admin->key, why);
    home_file(home, "admin.certificate", path);
    if (outcome == DONE)
        outcome = file_read(path, 1024, &fleet->admin_certificate, why);
    admin->envelopes = calloc((size_t)fleet->options.gateways / 50 + 2, sizeof *admin->envelopes);
    if (outcome != DONE || !admin->envelopes || getrandom(admin->epoch, 16, 0) != 16)
        return outcome != DONE ? outcome : fail(why, RETRY, "out of memory");
    key_private_id(admin->key, admin->key_id);
    return fleet_register(fleet, why);
}

enum outcome fleet_make(struct fleet *fleet, struct why *why)
{
    const struct fleet_options *options = &fleet->options;
    struct home home = {0};
    enum outcome outcome = home_open(&home, options->home, why);
    if (outcome != DONE)
        return outcome;
    memcpy(fleet->origin, home.origin, 32);
    fleet->authority = home.authority;
    home.authority = NULL;
    int64_t span_ms = (int64_t)options->envelopes * (options->readings / options->probes) * STEP_MS;
    int64_t first_ms = (wall_ms() - span_ms) / STEP_MS * STEP_MS - STEP_MS;
    FILE *rows = options->rows_path ? fopen(options->rows_path, "w") : NULL;
    fleet->gateways = calloc((size_t)options->gateways, sizeof *fleet->gateways);
    if (!fleet->gateways)
        outcome = fail(why, RETRY, "out of memory");
    for (int g = 0; g < options->gateways && outcome == DONE; g++)
        outcome = make_gateway(fleet, g, first_ms, why);
    /* in the order in which they will be sent: that is also the order of the rows */
    for (int e = 0; e < options->envelopes; e++)
        for (int g = 0; g < options->gateways && outcome == DONE; g++)
            outcome = add_readings(fleet, g, e, first_ms, rows, why);
    if (rows && fclose(rows) != 0)
        outcome = fail(why, RETRY, "cannot write the rows");
    if (outcome == DONE)
        outcome = make_admin(fleet, &home, why);
    home_close(&home);
    return outcome;
}

static void free_gateway(struct fleet_gateway *gateway)
{
    key_private_free(&gateway->key);
    free(gateway->envelopes);
}

void fleet_free(struct fleet *fleet)
{
    for (int g = 0; fleet->gateways && g < fleet->options.gateways; g++)
        free_gateway(&fleet->gateways[g]);
    free(fleet->gateways);
    free_gateway(&fleet->admin);
    buffer_free(&fleet->admin_certificate);
    buffer_free(&fleet->bytes);
    key_public_free(&fleet->authority);
}
