/* The way of a reading inside the gateway: real drivers over fake kernel files, real outbox, held clock; what was sealed is
 * decoded and looked at. */
#include "gateway/sampler.h"

#include <fcntl.h>
#include <inttypes.h>

#include "coldchain/envelope.h"
#include "tests/helpers/check_main.h"
#include "tests/helpers/tree.h"

#define W1 "bus/w1/devices/"
#define A "28-00000000000a"
#define B "28-00000000000b"
#define START INT64_C(1900000020000) /* 20 s behind a full minute */
#define MINUTE INT64_C(60000)

static struct tree tree;
static struct gateway_settings settings;
static struct clock_reading held;
static struct clock test_clock;
static struct clock_state clock_state;
static struct loop *loop;
static struct outbox *outbox;
static struct key_private *key;
static struct sealer *sealer;
static struct keeper *keeper;
static struct sampler *sampler;
static bool overdue;
static uint64_t rounds;

static void on_round(void *context, bool durable)
{
    (void)context;
    ck_assert(durable);
    rounds++;
}

static bool is_overdue(void *context)
{
    (void)context;
    return overdue;
}

static void must(enum outcome outcome, const struct why *why)
{
    ck_assert_msg(outcome == DONE, "%s", why->text);
}

static void open_parts(void)
{
    struct why why = {""};
    char path[PATH_MAX];
    (void)snprintf(path, sizeof path, "%s/outbox.db", tree.root);
    struct outbox_settings outbox_settings = {.path = path, .make_lost_item = keeper_lost_item};
    struct sealer_settings sealing = {.signer = {.gateway = "gw-1", .key = key}, .rule = {15 * MINUTE, 60, 16384}};
    struct clock_rule rule = clock_rule_default();
    must(outbox_open(&outbox, &outbox_settings, held.wall_ms, &why), &why);
    clock_state_begin(&clock_state, &rule, 0);
    sealing.outbox = outbox;
    must(sealer_open(&sealer, &sealing, held.boot_ms, &why), &why);
    struct keeper_settings keeping = {outbox, sealer, 100};
    must(keeper_open(&keeper, &keeping, &why), &why);
    struct sampler_settings sampling = {.loop = loop, .local = &settings, .keeper = keeper, .sealer = sealer,
                                        .outbox = outbox, .clock = &clock_state, .on_round = on_round,
                                        .receipts_overdue = is_overdue};
    must(sampler_open(&sampler, &sampling, &why), &why);
}

static void close_parts(void)
{
    (void)sampler_close(&sampler);
    keeper_close(&keeper);
    sealer_close(&sealer);
    outbox_close(&outbox);
}

static void turn(void)
{
    struct why why = {""};
    must(loop_turn(loop, 5000, &why), &why);
}

static void start(void)
{
    struct why why = {""};
    tree_make(&tree);
    settings = (struct gateway_settings){.sysfs_root = tree.root, .w1 = true, .interval_s = 60, .scan_s = 3600,
                                         .read_deadline_ms = 10000, .stuck_samples = 5, .stuck_below_mc = -5000};
    held = (struct clock_reading){.wall_ms = START, .boot_ms = 5000, .synchronised = true, .error_ms = 3};
    test_clock = clock_held(&held);
    overdue = false;
    rounds = 0;
    must(key_generate(&key, &why), &why);
    must(loop_open(&loop, &test_clock, &why), &why);
    tree_write(&tree, W1 A "/temperature", "-31000\n");
    tree_write(&tree, W1 B "/temperature", "-31500\n");
    open_parts();
    while (sampler_probe_count(sampler) < 2)
        turn();
}

static void finish(void)
{
    close_parts();
    loop_close(&loop);
    key_private_free(&key);
    tree_remove(&tree);
}

static void pass(int64_t ms)
{
    held.wall_ms += ms;
    held.boot_ms += ms;
}

/* To the next full minute, and through its round. */
static void next_round(void)
{
    uint64_t before = rounds;
    pass(MINUTE - held.wall_ms % MINUTE);
    while (rounds == before)
        turn();
}

static void set(const char *probe, const char *text)
{
    char name[64];
    (void)snprintf(name, sizeof name, W1 "%s/temperature", probe);
    tree_write(&tree, name, text);
}

static void wobble(int i)
{
    char text[16];
    (void)snprintf(text, sizeof text, "%d\n", -31000 - 62 * (i % 3));
    set(A, text);
    (void)snprintf(text, sizeof text, "%d\n", -31500 - 62 * (i % 4));
    set(B, text);
}

/* Everything sealed so far, decoded. */
enum { BODIES_MOST = 64 };
static Silsila__V1__Body *bodies[BODIES_MOST];
static size_t body_count;

static bool decode(void *context, const struct outbox_envelope *envelope)
{
    struct why why = {""};
    struct envelope_view view;
    enum body_flaw flaw;
    (void)context;
    ck_assert_uint_lt(body_count, BODIES_MOST);
    must(envelope_open(envelope->raw, &view, &why), &why);
    must(body_decode(view.body, &bodies[body_count++], &flaw, &why), &why);
    return true;
}

static void read_bodies(void)
{
    struct why why = {""};
    struct outbox_state state;
    for (size_t i = 0; i < body_count; i++)
        body_free(&bodies[i]);
    body_count = 0;
    outbox_read_state(outbox, &state);
    must(outbox_unreceipted(outbox, state.epoch.epoch, 0, BODIES_MOST, decode, NULL, &why), &why);
}

static const Silsila__V1__Body *last_body(void)
{
    read_bodies();
    ck_assert_uint_gt(body_count, 0);
    return bodies[body_count - 1];
}

static size_t count_events(Silsila__V1__DeviceEventType type)
{
    size_t count = 0;
    read_bodies();
    for (size_t i = 0; i < body_count; i++)
        for (size_t k = 0; k < bodies[i]->n_items; k++)
            count += bodies[i]->items[k]->kind_case == SILSILA__V1__ITEM__KIND_DEVICE &&
                     bodies[i]->items[k]->device->type == type;
    return count;
}

static uint64_t samples_waiting(void)
{
    struct outbox_state state;
    outbox_read_state(outbox, &state);
    return state.samples;
}

START_TEST(fifteen_minutes_make_one_body)
{
    ck_assert_uint_eq(count_events(SILSILA__V1__DEVICE_EVENT_TYPE__PROBE_FOUND), 2);
    size_t before = body_count;
    int i = 0;
    for (; i < 30 && body_count == before; i++) {
        wobble(i);
        next_round();
        read_bodies();
    }
    ck_assert_uint_eq(body_count, before + 1);
    const Silsila__V1__Body *body = last_body();
    ck_assert_uint_eq(body->n_items, 2);
    const Silsila__V1__TemperatureBlock *block = body->items[0]->temperature;
    ck_assert_str_eq(block->probe, A);
    ck_assert_int_eq(block->t0_ms, START - START % MINUTE + MINUTE);
    ck_assert_uint_eq(block->step_ms, MINUTE);
    ck_assert_uint_eq(block->n_values, (size_t)i);
    ck_assert_int_eq(block->values[0], -31000);
    ck_assert_int_eq(block->values[1], -62);
    ck_assert_int_eq(block->quality, SILSILA__V1__QUALITY__QUALITY_GOOD);
    ck_assert_ptr_null(block->up);
    ck_assert(body->clock->synchronised);
    ck_assert_int_eq(body->clock->wall_ms, held.wall_ms);
    ck_assert_uint_eq(samples_waiting(), 0);
    ck_assert_int_eq(i, 15);
}
END_TEST

START_TEST(the_first_body_begins_the_epoch)
{
    read_bodies();
    ck_assert_uint_ge(body_count, 2);
    ck_assert_uint_eq(bodies[0]->seq, 1);
    ck_assert_ptr_nonnull(bodies[0]->epoch_start);
    ck_assert_int_eq(bodies[0]->epoch_start->reason, SILSILA__V1__EPOCH_REASON__EPOCH_REASON_FIRST);
    ck_assert_uint_eq(bodies[1]->seq, 2);
    ck_assert_ptr_null(bodies[1]->epoch_start);
    ck_assert_uint_eq(bodies[1]->previous.len, 32);
}
END_TEST

START_TEST(a_power_on_value_is_kept_marked_and_told)
{
    wobble(0);
    next_round();
    set(A, "85000\n");
    next_round();
    ck_assert_uint_eq(count_events(SILSILA__V1__DEVICE_EVENT_TYPE__PROBE_FAULTY), 1);
    bool seen = false;
    for (size_t i = 0; i < body_count; i++)
        for (size_t k = 0; k < bodies[i]->n_items; k++) {
            const Silsila__V1__Item *item = bodies[i]->items[k];
            if (item->kind_case != SILSILA__V1__ITEM__KIND_TEMPERATURE ||
                item->temperature->quality != SILSILA__V1__QUALITY__QUALITY_POWER_ON_VALUE)
                continue;
            seen = true;
            ck_assert_int_eq(item->temperature->values[0], 85000);
        }
    ck_assert(seen);
    ck_assert_uint_eq(samples_waiting(), 0);
}
END_TEST

START_TEST(a_probe_that_stands_still_is_stuck)
{
    for (int i = 0; i < 4; i++)
        next_round();
    ck_assert_uint_eq(count_events(SILSILA__V1__DEVICE_EVENT_TYPE__PROBE_FAULTY), 0);
    next_round();
    ck_assert_uint_eq(count_events(SILSILA__V1__DEVICE_EVENT_TYPE__PROBE_FAULTY), 2);
}
END_TEST

START_TEST(misses_are_told_at_the_third)
{
    next_round();
    set(A, "");
    wobble(1);
    set(A, "");
    next_round();
    next_round();
    ck_assert_uint_eq(count_events(SILSILA__V1__DEVICE_EVENT_TYPE__PROBE_FAULTY), 0);
    next_round();
    ck_assert_uint_eq(count_events(SILSILA__V1__DEVICE_EVENT_TYPE__PROBE_FAULTY), 1);
}
END_TEST

static void scan(void)
{
    pass(3600 * 1000 + MINUTE - held.wall_ms % MINUTE);
    uint64_t before = rounds;
    while (rounds == before)
        turn();
}

START_TEST(another_probe_appears_where_one_was)
{
    next_round();
    ck_assert_int_eq(unlink(tree_path(&tree, W1 B "/temperature")), 0);
    ck_assert_int_eq(rmdir(tree_path(&tree, W1 B)), 0);
    tree_write(&tree, W1 "28-00000000000c/temperature", "-30000\n");
    scan();
    while (count_events(SILSILA__V1__DEVICE_EVENT_TYPE__PROBE_LOST) == 0)
        turn();
    ck_assert_uint_eq(count_events(SILSILA__V1__DEVICE_EVENT_TYPE__PROBE_FOUND), 3);
    /* A restart tells nothing of what it knew. */
    close_parts();
    open_parts();
    while (sampler_probe_count(sampler) < 2)
        turn();
    ck_assert_uint_eq(count_events(SILSILA__V1__DEVICE_EVENT_TYPE__PROBE_FOUND), 3);
    ck_assert_uint_eq(count_events(SILSILA__V1__DEVICE_EVENT_TYPE__PROBE_LOST), 1);
}
END_TEST

START_TEST(a_hanging_probe_costs_the_others_nothing)
{
    ck_assert_int_eq(unlink(tree_path(&tree, W1 B "/temperature")), 0);
    ck_assert_int_eq(mkfifo(tree_path(&tree, W1 B "/temperature"), 0666), 0);
    pass(MINUTE - held.wall_ms % MINUTE);
    while (samples_waiting() == 0) { /* the other's sample is durable at the gathering, not at the deadline */
        turn();
        pass(100);
        ck_assert_int_lt(held.wall_ms % MINUTE, 5000);
    }
    struct latest latest;
    ck_assert(sampler_latest(sampler, 0, &latest) || sampler_latest(sampler, 1, &latest));
    ck_assert_int_eq(latest.judged.value_mc, -31000);
    uint64_t before = rounds;
    pass(10000);
    while (rounds == before)
        turn();
    next_round(); /* the next is not held up at all */
    ck_assert_int_lt(held.wall_ms % MINUTE, 1000);
    ck_assert_uint_ge(sampler_readings(sampler, EMPTY_READ), 2);
    ck_assert_uint_eq(sampler_readings(sampler, GOOD), 2);
}
END_TEST

START_TEST(unsynchronised_samples_carry_boot_time)
{
    next_round();
    size_t before = body_count;
    read_bodies();
    before = body_count;
    held.synchronised = false;
    wobble(1);
    next_round();
    read_bodies();
    ck_assert_uint_eq(body_count, before + 1); /* the clock changed: sealed at once */
    const Silsila__V1__TemperatureBlock *with_up = NULL;
    for (size_t k = 0; k < bodies[before]->n_items; k++)
        if (bodies[before]->items[k]->temperature->up)
            with_up = bodies[before]->items[k]->temperature;
    ck_assert_ptr_nonnull(with_up);
    ck_assert_int_eq(with_up->t0_ms - with_up->up->ms, START - 5000);
    ck_assert(!bodies[before]->clock->synchronised);
}
END_TEST

START_TEST(a_clock_that_jumps_is_told_and_not_followed)
{
    next_round();
    int64_t good = held.wall_ms;
    held.wall_ms += 400 * 24 * 60 * MINUTE;
    held.boot_ms += MINUTE;
    uint64_t before = rounds;
    while (rounds == before)
        turn();
    ck_assert_uint_eq(count_events(SILSILA__V1__DEVICE_EVENT_TYPE__CLOCK_SUSPECT), 1);
    struct clock_claim claim = sampler_clock(sampler);
    ck_assert_int_eq(claim.wall_ms, good + MINUTE);
    ck_assert(!claim.synchronised);
}
END_TEST

START_TEST(limits_seal_at_once)
{
    struct why why = {""};
    Silsila__V1__ProbeLimit limit = SILSILA__V1__PROBE_LIMIT__INIT, *limits[] = {&limit};
    Silsila__V1__ProbeConfig probe = SILSILA__V1__PROBE_CONFIG__INIT, *probes[] = {&probe};
    Silsila__V1__GatewayConfig message = SILSILA__V1__GATEWAY_CONFIG__INIT;
    char id[] = A, op[] = ">", rule[] = "warm", gateway[] = "gw-1";
    uint8_t origin[32] = {1}, raw[512];
    settings.stuck_samples = 0;
    limit.rule = rule;
    limit.op = op;
    limit.limit_mc = -25000;
    limit.hysteresis_mc = 500;
    probe.probe = id;
    probe.n_limits = 1;
    probe.limits = limits;
    message.origin = (ProtobufCBinaryData){sizeof origin, origin};
    message.gateway = gateway;
    message.version = 7;
    message.n_probes = 1;
    message.probes = probes;
    size_t len = silsila__v1__gateway_config__pack(&message, raw);
    struct signed_config *config = NULL;
    must(signed_config_read(bytes_of(raw, len), &config, &why), &why);
    sampler_use_config(sampler, config);
    sealer_use_config(sealer, signed_config_version(config), 15 * MINUTE);
    next_round();
    read_bodies();
    size_t before = body_count;
    next_round();
    read_bodies();
    ck_assert_uint_eq(body_count, before);
    set(A, "-24999\n");
    next_round();
    ck_assert_uint_eq(last_body()->config_version, 7);
    ck_assert_uint_eq(body_count, before + 1);
    ck_assert_uint_eq(last_body()->items[0]->temperature->n_values, 3);
    next_round(); /* steadily beyond: nothing new */
    read_bodies();
    ck_assert_uint_eq(body_count, before + 1);
    set(A, "-25100\n"); /* in the hysteresis band */
    next_round();
    next_round();
    read_bodies();
    ck_assert_uint_eq(body_count, before + 3);
    sampler_use_config(sampler, NULL);
    signed_config_free(&config);
}
END_TEST

START_TEST(overdue_receipts_make_bodies_of_sixty)
{
    overdue = true;
    read_bodies();
    size_t before = body_count;
    for (int i = 0; i < 59; i++) {
        wobble(i);
        next_round();
    }
    read_bodies();
    ck_assert_uint_eq(body_count, before);
    next_round();
    ck_assert_uint_eq(last_body()->items[0]->temperature->n_values, 60);
    ck_assert_uint_eq(body_count, before + 1);
}
END_TEST

START_TEST(recorded_readings_keep_their_times)
{
    char path[PATH_MAX];
    struct why why = {""};
    bool old_in_use;
    tree_write(&tree, "rows.csv", "time,celsius\n1800000000,4\n1800000060,4.5\nnonsense\n1800000120,5\n");
    (void)snprintf(path, sizeof path, "%s", tree_path(&tree, "rows.csv"));
    struct probe_setting recorder = {.name = "recorder", .driver = "replay", .file = path, .stuck_samples = -1};
    static struct gateway_settings fresh;
    fresh = settings;
    fresh.w1 = false;
    fresh.probes = &recorder;
    fresh.probe_count = 1;
    must(sampler_reload(sampler, &fresh, &old_in_use, &why), &why);
    while (samples_waiting() < 3)
        turn();
    struct device_event event = {.type = SILSILA__V1__DEVICE_EVENT_TYPE__HEALTH};
    sampler_event(sampler, &event); /* seals what came before it */
    read_bodies();
    const Silsila__V1__TemperatureBlock *block = bodies[body_count - 2]->items[0]->temperature;
    ck_assert_str_eq(block->probe, "recorder");
    ck_assert_int_eq(block->t0_ms, INT64_C(1800000000000));
    ck_assert_uint_eq(block->step_ms, 60000);
    ck_assert_uint_eq(block->n_values, 3);
    ck_assert_int_eq(block->values[1], 500);
    close_parts();
    settings = fresh;
    open_parts();
    while (sampler_probe_count(sampler) < 1)
        turn();
    next_round();
    ck_assert_uint_eq(samples_waiting(), 0); /* told once */
}
END_TEST

static Suite *suite_of_sampler(void)
{
    Suite *s = suite_create("sampler");
    TCase *t = tcase_create("sampler");
    tcase_set_timeout(t, 60);
    tcase_add_checked_fixture(t, start, finish);
    tcase_add_test(t, fifteen_minutes_make_one_body);
    tcase_add_test(t, the_first_body_begins_the_epoch);
    tcase_add_test(t, a_power_on_value_is_kept_marked_and_told);
    tcase_add_test(t, a_probe_that_stands_still_is_stuck);
    tcase_add_test(t, misses_are_told_at_the_third);
    tcase_add_test(t, another_probe_appears_where_one_was);
    tcase_add_test(t, a_hanging_probe_costs_the_others_nothing);
    tcase_add_test(t, unsynchronised_samples_carry_boot_time);
    tcase_add_test(t, a_clock_that_jumps_is_told_and_not_followed);
    tcase_add_test(t, limits_seal_at_once);
    tcase_add_test(t, overdue_receipts_make_bodies_of_sixty);
    tcase_add_test(t, recorded_readings_keep_their_times);
    suite_add_tcase(s, t);
    return s;
}

TEST_MAIN(suite_of_sampler)
