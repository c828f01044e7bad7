/* Keeper and ring: what happens while the outbox refuses (7-faults, rows 6 and 9). The medium is made to fail by the process's
 * file size limit, which every write then hits, and to heal by lifting it. */
#include "gateway/keeper.h"

#include <signal.h>
#include <sys/resource.h>

#include "coldchain/envelope.h"
#include "common/cleanup.h"
#include "gateway/ring.h"
#include "tests/helpers/check_main.h"
#include "tests/helpers/tree.h"

enum { RING_ROOM = 10 };

static struct tree tree;
static struct outbox *outbox;
static struct key_private *key;
static struct sealer *sealer;
static struct keeper *keeper;
static struct clock_claim now = {.wall_ms = INT64_C(1900000000000), .boot_ms = 1000, .synchronised = true};

static void must(enum outcome outcome, const struct why *why)
{
    ck_assert_msg(outcome == DONE, "%s", why->text);
}

static void start(void)
{
    struct why why = {""};
    char path[PATH_MAX];
    (void)signal(SIGXFSZ, SIG_IGN);
    tree_make(&tree);
    (void)snprintf(path, sizeof path, "%s/outbox.db", tree.root);
    struct outbox_settings settings = {.path = path, .make_lost_item = keeper_lost_item};
    must(key_generate(&key, &why), &why);
    must(outbox_open(&outbox, &settings, now.wall_ms, &why), &why);
    struct sealer_settings sealing = {.outbox = outbox, .signer = {.gateway = "gw-1", .key = key},
                                      .rule = {900000, 60, 16384}};
    must(sealer_open(&sealer, &sealing, now.boot_ms, &why), &why);
    struct keeper_settings keeping = {outbox, sealer, RING_ROOM};
    must(keeper_open(&keeper, &keeping, &why), &why);
}

static void finish(void)
{
    keeper_close(&keeper);
    sealer_close(&sealer);
    outbox_close(&outbox);
    key_private_free(&key);
    tree_remove(&tree);
}

static void medium_works(bool works)
{
    struct rlimit limit;
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = works ? limit.rlim_max : 0;
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void take_one(void)
{
    struct judged judged = {.quality = GOOD, .has_value = true, .value_mc = -31000};
    now.wall_ms += 60000;
    now.boot_ms += 60000;
    keeper_reading(keeper, "a", now.wall_ms, &now, &judged);
}

static enum outcome flush(void)
{
    struct why why = {""};
    return keeper_flush(keeper, &now, true, &why);
}

static struct outbox_state state(void)
{
    struct outbox_state s;
    outbox_read_state(outbox, &s);
    return s;
}

struct found {
    int64_t lost, troubles, given_up, faulty, readings;
};

static bool look(void *context, const struct outbox_envelope *envelope)
{
    struct found *found = context;
    struct why why = {""};
    struct envelope_view view;
    Silsila__V1__Body *body = NULL;
    enum body_flaw flaw;
    must(envelope_open(envelope->raw, &view, &why), &why);
    must(body_decode(view.body, &body, &flaw, &why), &why);
    for (size_t i = 0; i < body->n_items; i++) {
        const Silsila__V1__Item *item = body->items[i];
        if (item->kind_case == SILSILA__V1__ITEM__KIND_TEMPERATURE)
            found->readings += (int64_t)item->temperature->n_values;
        else if (item->device->type == SILSILA__V1__DEVICE_EVENT_TYPE__SAMPLES_LOST)
            found->lost += item->device->value;
        else if (item->device->type == SILSILA__V1__DEVICE_EVENT_TYPE__OUTBOX_TROUBLE) {
            found->troubles++;
            found->given_up = item->device->value;
        } else if (item->device->type == SILSILA__V1__DEVICE_EVENT_TYPE__PROBE_FAULTY) {
            found->faulty++;
        }
    }
    body_free(&body);
    return true;
}

static struct found sealed(void)
{
    struct found found = {0};
    struct why why = {""};
    struct outbox_state s = state();
    must(outbox_unreceipted(outbox, s.epoch.epoch, 0, 1000, look, &found, &why), &why);
    return found;
}

START_TEST(a_short_refusal_loses_nothing)
{
    take_one();
    ck_assert_int_eq(flush(), DONE);
    medium_works(false);
    take_one();
    ck_assert_int_eq(flush(), RETRY);
    take_one();
    ck_assert_int_eq(flush(), RETRY);
    ck_assert_uint_eq(keeper_waiting(keeper), 2);
    ck_assert_int_gt(keeper_refused_since_ms(keeper), 0);
    medium_works(true);
    take_one();
    ck_assert_int_eq(flush(), DONE);
    ck_assert_uint_eq(keeper_waiting(keeper), 0);
    ck_assert_int_eq(keeper_refused_since_ms(keeper), 0);
    struct found found = sealed();
    ck_assert_int_eq(found.troubles, 1);
    ck_assert_int_eq(found.readings, 4);
    ck_assert_int_eq(found.lost, 0);
    ck_assert_uint_eq(state().samples_lost, 0);
}
END_TEST

START_TEST(what_the_ring_cannot_hold_is_counted_and_told)
{
    medium_works(false);
    for (int i = 0; i < 3 * RING_ROOM; i++) {
        take_one();
        ck_assert_int_eq(flush(), RETRY);
    }
    ck_assert_uint_eq(keeper_waiting(keeper), RING_ROOM);
    medium_works(true);
    ck_assert_int_eq(flush(), DONE);
    take_one();
    ck_assert_int_eq(flush(), DONE);
    struct device_event any = {.type = SILSILA__V1__DEVICE_EVENT_TYPE__HEALTH};
    keeper_event(keeper, &any, &now);
    ck_assert_int_eq(flush(), DONE);
    struct found found = sealed();
    ck_assert_int_eq(found.lost, 2 * RING_ROOM);
    ck_assert_int_eq(found.readings, RING_ROOM + 1);
    ck_assert_uint_eq(state().samples_lost, 2 * RING_ROOM);
}
END_TEST

START_TEST(the_ring_gives_up_readings_before_items)
{
    struct ring *ring = NULL;
    struct why why = {""};
    struct outbox_sample view[4];
    must(ring_open(&ring, 3, &why), &why);
    ring_push(ring, &(struct outbox_sample){.source = "", .scheduled_ms = 1, .item = bytes_of("event", 5)});
    for (int i = 2; i <= 5; i++)
        ring_push(ring, &(struct outbox_sample){.source = "a", .scheduled_ms = i});
    ck_assert_uint_eq(ring_peek(ring, view, 4), 3);
    ck_assert_uint_eq(view[0].item.len, 5);
    ck_assert_int_eq(view[1].scheduled_ms, 4);
    ck_assert_int_eq(view[2].scheduled_ms, 5);
    struct ring_lost lost = ring_lost_take(ring);
    ck_assert_uint_eq(lost.count, 2);
    ck_assert_int_eq(lost.from_ms, 2);
    ck_assert_int_eq(lost.until_ms, 3);
    ck_assert_uint_eq(ring_lost_take(ring).count, 0);
    ring_drop(ring, 2);
    ck_assert_uint_eq(ring_count(ring), 1);
    ring_close(&ring);
    ck_assert_ptr_null(ring);
}
END_TEST

/* Bytes that are no Item, and a well-formed Item whose text is no UTF-8: neither can go into a body. */
START_TEST(an_item_that_no_body_holds_is_given_up_and_told)
{
    scoped_by(buffer_free) struct buffer broken = {0};
    struct why why = {""};
    struct device_event event = {.type = SILSILA__V1__DEVICE_EVENT_TYPE__PROBE_FAULTY, .at_ms = now.wall_ms,
                                 .text = "\xff\xfe"};
    device_event_encode(&event, &broken);
    const struct outbox_sample bad[] = {
        {.source = "", .scheduled_ms = now.wall_ms, .item = bytes_of("\xff\xff\xff", 3)},
        {.source = "", .scheduled_ms = now.wall_ms, .item = buffer_view(&broken)},
    };
    for (size_t i = 0; i < 2; i++) {
        must(outbox_offer(outbox, &bad[i], 1, now.wall_ms, &why), &why);
        sealer_kept(sealer, &bad[i]);
    }
    take_one();
    event.text = "behind";
    keeper_event(keeper, &event, &now);
    ck_assert_int_eq(flush(), DONE);
    ck_assert_uint_eq(state().samples, 0);
    struct found found = sealed();
    ck_assert_int_eq(found.troubles, 2);
    ck_assert_int_eq(found.given_up, 2);
    ck_assert_int_eq(found.faulty, 1);
    ck_assert_int_eq(found.readings, 1);
}
END_TEST

static Suite *suite_of_keeper(void)
{
    Suite *s = suite_create("keeper");
    TCase *t = tcase_create("keeper");
    tcase_set_timeout(t, 60);
    tcase_add_checked_fixture(t, start, finish);
    tcase_add_test(t, a_short_refusal_loses_nothing);
    tcase_add_test(t, what_the_ring_cannot_hold_is_counted_and_told);
    tcase_add_test(t, the_ring_gives_up_readings_before_items);
    tcase_add_test(t, an_item_that_no_body_holds_is_given_up_and_told);
    suite_add_tcase(s, t);
    return s;
}

TEST_MAIN(suite_of_keeper)
