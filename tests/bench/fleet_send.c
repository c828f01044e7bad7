#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/server_word.h"
#include "tests/bench/fleet.h"

/* UNTAKEN_MOST: messages without PUBACK, enough to keep one stream full. A gateway whose receipts stand still for STUCK_MS
 * sends again from the first unreceipted. */
enum { UNTAKEN_MOST = 400, STUCK_MS = 2000, WARM_AGAIN_MS = 250, PATIENCE_MS = 120000 };

enum phase { PHASE_REGISTER, PHASE_WARM, PHASE_MEASURE, PHASE_OVER };

struct run {
    struct fleet *fleet;
    struct loop *loop;
    struct mqtt *mqtt;
    struct loop_timer *timer;
    struct server_pins pins;
    enum phase phase;
    int turn;                   /* the gateway whose turn it is */
    int64_t begun_ms, moved_ms; /* boot time */
    uint64_t sent, receipts, bad_receipts, receipted;
    struct fleet_result *result;
    struct why trouble;
};

static int64_t now_of(const struct run *run)
{
    return clock_read(loop_clock(run->loop)).boot_ms; /* not the turn's: many are sent in one turn */
}

static void stop(struct run *run, const char *why)
{
    (void)fail(&run->trouble, RETRY, "%s", why);
    loop_stop(run->loop);
}

static bool send_one(struct run *run, struct fleet_gateway *gateway, uint64_t index)
{
    struct why why = {""};
    struct fleet_envelope *envelope = &gateway->envelopes[index];
    struct bytes raw = bytes_of(run->fleet->bytes.data + envelope->at, envelope->len);
    if (mqtt_publish(run->mqtt, gateway->topic, raw, 1, false, NULL, &why) != DONE)
        return false;
    if (envelope->sent_ms == 0)
        envelope->sent_ms = now_of(run);
    run->sent++;
    return true;
}

/* One envelope of the next gateway that may send; false: none may. */
static bool send_next(struct run *run)
{
    struct fleet *fleet = run->fleet;
    for (int i = 0; i < fleet->options.gateways; i++) {
        struct fleet_gateway *gateway = &fleet->gateways[run->turn];
        run->turn = (run->turn + 1) % fleet->options.gateways;
        bool free_way = fleet->options.no_receipts || gateway->next - gateway->through < gateway->window;
        if (gateway->next < gateway->count && free_way) {
            if (!send_one(run, gateway, gateway->next))
                return false;
            gateway->moved_ms = loop_now_ms(run->loop);
            gateway->next++;
            return true;
        }
    }
    return false;
}

static bool within_rate(const struct run *run)
{
    double rate = run->fleet->options.rate;
    double passed_s = (double)(now_of(run) - run->begun_ms) / 1000.0;
    return rate <= 0 || (double)run->sent < rate * passed_s;
}

static void pump(struct run *run)
{
    while (run->phase == PHASE_MEASURE && mqtt_unacknowledged(run->mqtt) < UNTAKEN_MOST && within_rate(run) &&
           send_next(run)) {
    }
}

static void warm(struct run *run)
{
    struct fleet *fleet = run->fleet;
    struct fleet_gateway *admin = &fleet->admin;
    if (run->phase == PHASE_REGISTER) {
        for (uint64_t i = admin->through; i < admin->count; i++)
            (void)send_one(run, admin, i);
        return;
    }
    for (int g = 0; g < fleet->options.gateways; g++)
        if (fleet->gateways[g].through == 0 && mqtt_unacknowledged(run->mqtt) < UNTAKEN_MOST)
            (void)send_one(run, &fleet->gateways[g], 0);
}

static bool all_through(const struct fleet *fleet, bool whole)
{
    for (int g = 0; g < fleet->options.gateways; g++)
        if (fleet->gateways[g].through < (whole ? fleet->gateways[g].count : 1))
            return false;
    return true;
}

static void begin_measuring(struct run *run)
{
    struct clock_reading now = clock_read(loop_clock(run->loop));
    run->phase = PHASE_MEASURE;
    run->sent = run->receipts = run->receipted = 0;
    run->begun_ms = now.boot_ms;
    run->result->started_ms = now.wall_ms;
    for (int g = 0; g < run->fleet->options.gateways; g++)
        run->fleet->gateways[g].next = 1;
    pump(run);
}

static void step_on(struct run *run)
{
    const struct fleet *fleet = run->fleet;
    if (run->phase == PHASE_REGISTER && fleet->admin.through == fleet->admin.count) {
        run->phase = PHASE_WARM;
        warm(run);
    }
    if (run->phase == PHASE_WARM && all_through(fleet, false))
        begin_measuring(run);
    bool over = fleet->options.no_receipts ? run->sent == run->result->envelopes && mqtt_unacknowledged(run->mqtt) == 0
                                           : all_through(fleet, true);
    if (run->phase == PHASE_MEASURE && over) {
        run->phase = PHASE_OVER;
        run->result->seconds = (double)(now_of(run) - run->begun_ms) / 1000.0;
        loop_stop(run->loop);
    }
}

static void on_timer(void *context)
{
    struct run *run = context;
    int64_t now_ms = loop_now_ms(run->loop);
    if (mqtt_is_up(run->mqtt) && run->phase < PHASE_MEASURE && now_ms - run->moved_ms >= WARM_AGAIN_MS) {
        run->moved_ms = now_ms;
        warm(run);
    }
    for (int g = 0; run->phase == PHASE_MEASURE && !run->fleet->options.no_receipts && g < run->fleet->options.gateways;
         g++) {
        struct fleet_gateway *gateway = &run->fleet->gateways[g];
        if (gateway->through < gateway->next && now_ms - gateway->moved_ms > STUCK_MS)
            gateway->next = gateway->through;
    }
    pump(run);
    step_on(run);
    if (now_ms - run->begun_ms > PATIENCE_MS && run->receipts == 0)
        stop(run, "no receipt came for two minutes");
    loop_timer_set(run->timer, now_ms + (run->fleet->options.rate > 0 ? 2 : 20));
}

/* --- receipts --- */

static struct fleet_gateway *find(struct fleet *fleet, const char *id)
{
    if (strcmp(fleet->admin.id, id) == 0)
        return &fleet->admin;
    const char *number = strrchr(id, '-');
    long g = number ? strtol(number + 1, NULL, 10) : -1;
    if (g < 0 || g >= fleet->options.gateways || strcmp(fleet->gateways[g].id, id) != 0)
        return NULL;
    return &fleet->gateways[g];
}

static void take_receipt(struct run *run, const Silsila__V1__Receipt *receipt)
{
    struct fleet_gateway *gateway = find(run->fleet, receipt->gateway);
    if (!gateway || memcmp(receipt->epoch.data, gateway->epoch, 16) != 0 || receipt->through == 0)
        return;
    if (receipt->through > gateway->count ||
        memcmp(receipt->through_hash.data, gateway->envelopes[receipt->through - 1].body_hash, 32) != 0) {
        run->bad_receipts++;
        return;
    }
    int64_t now_ms = now_of(run);
    for (uint64_t i = gateway->through; i < receipt->through; i++)
        gateway->envelopes[i].receipted_ms = now_ms;
    if (receipt->through > gateway->through) {
        run->receipted += receipt->through - gateway->through;
        gateway->through = receipt->through;
        gateway->moved_ms = now_ms;
    }
    if (gateway->next < gateway->through)
        gateway->next = gateway->through;
    gateway->window = run->fleet->options.window ? run->fleet->options.window : receipt->send_window;
    run->receipts++;
}

static void on_message(void *context, const char *topic, struct bytes payload, bool retained)
{
    (void)topic;
    (void)retained;
    struct run *run = context;
    struct server_word word;
    struct why why = {""};
    Silsila__V1__Receipt *receipt = NULL;
    if (server_word_check(&run->pins, PURPOSE_RECEIPT, payload, &word, &why) == DONE &&
        receipt_decode(word.payload, &receipt, &why) == DONE) {
        take_receipt(run, receipt);
        silsila__v1__receipt__free_unpacked(receipt, NULL);
    } else {
        run->bad_receipts++;
    }
    server_word_free(&word);
    step_on(run);
    pump(run);
}

static void on_up(void *context)
{
    struct run *run = context;
    if (run->fleet->options.no_receipts) {
        if (run->phase < PHASE_MEASURE)
            begin_measuring(run);
        return;
    }
    warm(run);
}

static void on_down(void *context, const char *why)
{
    (void)context;
    (void)fprintf(stderr, "silsila-fleet: link down: %s\n", why);
}

static void on_puback(void *context, int mid, int reason_code)
{
    (void)context;
    (void)mid;
    (void)reason_code;
}

static void on_writable(void *context)
{
    struct run *run = context;
    pump(run);
    step_on(run);
}

/* --- results --- */

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void latencies(const struct fleet *fleet, struct fleet_result *result)
{
    double *all = calloc(result->envelopes + 1, sizeof *all);
    size_t count = 0;
    for (int g = 0; all && g < fleet->options.gateways; g++)
        for (uint64_t i = 1; i < fleet->gateways[g].count; i++)
            all[count++] = (double)(fleet->gateways[g].envelopes[i].receipted_ms - fleet->gateways[g].envelopes[i].sent_ms);
    if (all && count > 0) {
        qsort(all, count, sizeof *all, by_size);
        result->p50_ms = all[count / 2];
        result->p99_ms = all[count - 1 - count / 100];
    }
    free(all);
}

static struct mqtt_settings connection(int port, const char *id)
{
    return (struct mqtt_settings){.host = "127.0.0.1", .port = port, .client_id = id, .keepalive_s = 60, .clean_start = true};
}

static enum outcome run_loop(struct run *run, struct why *why)
{
    struct fleet *fleet = run->fleet;
    struct mqtt_settings settings = connection(fleet->options.port, fleet->options.prefix);
    struct mqtt_callbacks callbacks = {run, on_up, on_down, on_message, on_puback, on_writable};
    enum outcome outcome = mqtt_open(&run->mqtt, run->loop, &settings, &callbacks, why);
    if (outcome == DONE && !fleet->options.no_receipts)
        outcome = mqtt_subscribe(run->mqtt, "silsila/v1/receipt/+", why);
    if (outcome == DONE)
        outcome = loop_timer_new(run->loop, on_timer, run, &run->timer, why);
    if (outcome != DONE)
        return outcome;
    run->begun_ms = loop_now_ms(run->loop);
    loop_timer_set(run->timer, run->begun_ms + 20);
    outcome = loop_run(run->loop, why);
    return outcome == DONE && run->trouble.text[0] ? fail(why, RETRY, "%s", run->trouble.text) : outcome;
}

enum outcome fleet_run(struct fleet *fleet, struct fleet_result *result, struct why *why)
{
    struct clock clock = clock_system();
    struct run run = {.fleet = fleet, .result = result};
    result->envelopes = (uint64_t)fleet->options.gateways * (uint64_t)fleet->options.envelopes;
    result->readings = result->envelopes * (uint64_t)(fleet->options.readings / fleet->options.probes) *
                       (uint64_t)fleet->options.probes;
    for (int g = 0; g < fleet->options.gateways; g++)
        fleet->gateways[g].window = fleet->options.window ? fleet->options.window : 16;
    memcpy(run.pins.origin, fleet->origin, 32);
    run.pins.authority = fleet->authority;
    enum outcome outcome = loop_open(&run.loop, &clock, why);
    if (outcome == DONE)
        outcome = run_loop(&run, why);
    mqtt_close(&run.mqtt);
    loop_timer_free(&run.timer);
    loop_close(&run.loop);
    result->sent = run.sent;
    result->receipts = run.receipts;
    if (!fleet->options.no_receipts)
        latencies(fleet, result);
    if (outcome == DONE && run.bad_receipts > 0)
        return fail(why, REJECT, "%llu receipts were not to be believed", (unsigned long long)run.bad_receipts);
    return outcome;
}

/* --- the client that ignores --- */

struct ignoring {
    struct loop *loop;
    uint64_t wanted, seen;
    int64_t first_ms, last_ms;
};

static void ignore_up(void *context)
{
    (void)context;
    (void)puts("ready");
    (void)fflush(stdout);
}

static void ignore_message(void *context, const char *topic, struct bytes payload, bool retained)
{
    (void)topic;
    (void)payload;
    (void)retained;
    struct ignoring *i = context;
    i->last_ms = loop_now_ms(i->loop);
    if (i->seen++ == 0)
        i->first_ms = i->last_ms;
    if (i->seen == i->wanted)
        loop_stop(i->loop);
}

static void ignore_writable(void *context)
{
    (void)context;
}

enum outcome fleet_ignore(const struct fleet_options *options, struct fleet_result *result, struct why *why)
{
    struct clock clock = clock_system();
    struct ignoring ignoring = {.wanted = (uint64_t)options->envelopes};
    struct mqtt *mqtt = NULL;
    struct mqtt_settings settings = connection(options->port, "ignoring");
    struct mqtt_callbacks callbacks = {&ignoring, ignore_up, on_down, ignore_message, on_puback, ignore_writable};
    enum outcome outcome = loop_open(&ignoring.loop, &clock, why);
    if (outcome == DONE)
        outcome = mqtt_open(&mqtt, ignoring.loop, &settings, &callbacks, why);
    if (outcome == DONE)
        outcome = mqtt_subscribe(mqtt, "silsila/v1/up/#", why);
    if (outcome == DONE)
        outcome = loop_run(ignoring.loop, why);
    mqtt_close(&mqtt);
    loop_close(&ignoring.loop);
    result->envelopes = ignoring.seen;
    result->seconds = (double)(ignoring.last_ms - ignoring.first_ms) / 1000.0;
    return outcome;
}
