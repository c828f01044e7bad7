/* The send plan by its rules, and then by the thousand: simulated gateways whose network loses, doubles, reorders, whose
 * broker dies with what it took, which restart themselves. Nothing may be forgotten that the ledger does not hold, and when
 * the world heals, everything must arrive. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/send_plan.h"
#include "tests/helpers/check_main.h"

static struct send_plan plan;
static const uint8_t epoch[16] = {7};

static void set_up(void)
{
    send_plan_begin(&plan, 10000, 300000);
}

static struct send_step next(uint64_t live, uint64_t late, int64_t now_ms)
{
    struct send_view view = {.live_seq = live};
    memcpy(view.late.epoch, epoch, 16);
    view.late.seq = late;
    return send_plan_next(&plan, &view, now_ms);
}

static void send(struct send_step step, int64_t now_ms)
{
    send_plan_sent(&plan, &step, now_ms, 0);
}

START_TEST(nothing_goes_while_the_link_is_down)
{
    ck_assert_int_eq(next(1, 2, 5).what, SEND_NOTHING);
    send_plan_up(&plan, epoch, 3, 5);
    ck_assert_int_eq(next(0, 2, 5).what, SEND_LATE);
    send_plan_down(&plan);
    ck_assert_int_eq(next(1, 2, 5).what, SEND_NOTHING);
}
END_TEST

START_TEST(a_reconnect_looks_again_from_the_oldest)
{
    send_plan_up(&plan, epoch, 9, 5);
    send(next(0, 4, 5), 5);
    ck_assert_uint_eq(plan.late.seq, 4);
    send_plan_down(&plan);
    send_plan_up(&plan, epoch, 9, 6);
    ck_assert_uint_eq(plan.late.seq, 0);
}
END_TEST

START_TEST(live_goes_first_and_has_room_when_the_window_is_full)
{
    send_plan_up(&plan, epoch, 100, 5);
    ck_assert_int_eq(next(101, 1, 5).what, SEND_LIVE);
    for (uint64_t seq = 1; seq <= SEND_WINDOW_FIRST; seq++)
        send(next(0, seq, 5), 5);
    ck_assert_int_eq(next(0, 50, 6).what, SEND_NOTHING);
    for (uint64_t seq = 101; seq <= 100 + SEND_LIVE_RESERVE; seq++) {
        ck_assert_int_eq(next(seq, 50, 6).what, SEND_LIVE);
        send(next(seq, 50, 6), 6);
    }
    ck_assert_uint_eq(plan.live_after, 100 + SEND_LIVE_RESERVE);
    ck_assert_int_eq(next(200, 50, 6).what, SEND_NOTHING);
}
END_TEST

START_TEST(without_a_receipt_it_goes_again_ever_more_rarely)
{
    int64_t now_ms = 5, waits[8];
    send_plan_up(&plan, epoch, 1, now_ms);
    send(next(0, 1, now_ms), now_ms);
    for (int i = 0; i < 8; i++) {
        struct send_step step = next(0, 0, now_ms);
        ck_assert_int_eq(step.what, SEND_NOTHING);
        waits[i] = step.wake_ms - now_ms;
        now_ms = step.wake_ms;
        step = next(0, 0, now_ms);
        ck_assert_int_eq(step.what, SEND_AGAIN);
        ck_assert_uint_eq(step.place.seq, 1);
        send(step, now_ms);
    }
    ck_assert_int_eq(waits[0], 10000);
    ck_assert_int_eq(waits[1], 20000);
    ck_assert_int_eq(waits[7], 300000);
    ck_assert(send_plan_overdue(&plan, now_ms));
    send_plan_receipted(&plan, epoch, 1, 1);
    ck_assert_int_eq(next(0, 0, now_ms).wake_ms, INT64_MAX);
    ck_assert(!send_plan_overdue(&plan, now_ms));
}
END_TEST

START_TEST(a_brokers_word_ends_nothing)
{
    send_plan_up(&plan, epoch, 1, 5);
    struct send_step step = next(0, 1, 5);
    send(step, 5);
    ck_assert(!send_plan_puback(&plan, &step.place));
    ck_assert(send_plan_on_the_way(&plan, &step.place));
    ck_assert_int_eq(next(0, 0, 10005).what, SEND_AGAIN);
}
END_TEST

START_TEST(after_a_reconnect_it_goes_again_soon)
{
    send_plan_up(&plan, epoch, 1, 5);
    send(next(0, 1, 5), 5);
    send_plan_down(&plan);
    send_plan_up(&plan, epoch, 1, 1000);
    ck_assert_int_eq(next(0, 0, 1000).wake_ms, 1000 + SEND_SETTLE_MS);
}
END_TEST

START_TEST(what_a_receipt_passed_over_goes_again_without_a_long_wait)
{
    int64_t now_ms = 5;
    send_plan_up(&plan, epoch, 2, now_ms);
    send(next(0, 1, now_ms), now_ms);
    for (int i = 0; i < 6; i++) { /* the ledger is away: the waits grow */
        now_ms = next(0, 0, now_ms).wake_ms;
        send(next(0, 0, now_ms), now_ms);
    }
    ck_assert_int_eq(next(0, 0, now_ms).wake_ms, now_ms + 300000);
    send(next(0, 2, now_ms + 1000), now_ms + 1000);
    send_plan_receipted(&plan, epoch, 2, 2);
    send_plan_answered(&plan);
    ck_assert_int_eq(next(0, 0, now_ms).wake_ms, now_ms + 300000); /* went at about the same time: no sign of a loss */
    send(next(3, 0, now_ms + 15000), now_ms + 15000);
    send_plan_receipted(&plan, epoch, 3, 3);
    send_plan_answered(&plan);
    struct send_step step = next(0, 0, now_ms + 15000);
    ck_assert_int_eq(step.what, SEND_AGAIN);
    ck_assert_uint_eq(step.place.seq, 1);
    send(step, now_ms + 15000);
    send_plan_answered(&plan);
    ck_assert_int_ge(next(0, 0, now_ms + 15000).wake_ms, now_ms + 25000); /* and not again at once */
}
END_TEST

/* --- simulation --- */

enum { SEQS = 160, EPOCHS = 6, FLYING = 4096, HEAL_MS = 120000, END_MS = 2000000 };

enum flying_kind { TO_SERVER, PUBACK, RECEIPT };

struct flying {
    int64_t at_ms;
    enum flying_kind kind;
    unsigned connection;
    int epoch;
    uint64_t seq;              /* of an envelope; of a receipt: through */
    uint8_t stored[SEQS + 1];  /* of a receipt: what the server held when it was made */
};

struct world {
    unsigned seed, connection;
    int64_t now_ms;
    bool up, healed;
    int64_t up_at_ms;
    int epochs;
    uint64_t sealed[EPOCHS];
    uint8_t receipted[EPOCHS][SEQS + 1];
    uint8_t stored[EPOCHS][SEQS + 1];
    long sent;
    size_t flying_count;
};

static struct flying flying[FLYING];
static struct world w;

static unsigned roll(unsigned below)
{
    return (unsigned)rand_r(&w.seed) % below;
}

static void epoch_id(int e, uint8_t out[16])
{
    memset(out, e + 1, 16);
}

static void fly(struct flying what, unsigned most_delay_ms)
{
    unsigned copies = w.healed ? 1 : roll(10) == 0 ? 2 : roll(5) == 0 ? 0 : 1;
    for (unsigned i = 0; i < copies && w.flying_count < FLYING; i++) {
        what.at_ms = w.now_ms + 1 + roll(most_delay_ms);
        what.connection = w.connection;
        flying[w.flying_count++] = what;
    }
}

static uint64_t next_unreceipted(int e, uint64_t after, bool skip_on_way, uint64_t up_to)
{
    struct send_place place;
    epoch_id(e, place.epoch);
    for (place.seq = after + 1; place.seq <= w.sealed[e] && place.seq <= up_to; place.seq++)
        if (!w.receipted[e][place.seq] && !(skip_on_way && send_plan_on_the_way(&plan, &place)))
            return place.seq;
    return 0;
}

static struct send_view look(void)
{
    struct send_view view = {0};
    uint8_t id[16];
    view.live_seq = next_unreceipted(w.epochs - 1, plan.live_after, false, UINT64_MAX);
    int from = 0;
    for (int e = 0; e < w.epochs && plan.late.seq; e++) {
        epoch_id(e, id);
        from = memcmp(id, plan.late.epoch, 16) == 0 ? e : from;
    }
    for (int e = from; e < w.epochs && !view.late.seq; e++) {
        bool present = e == w.epochs - 1;
        uint64_t after = plan.late.seq && e == from ? plan.late.seq : 0;
        view.late.seq = next_unreceipted(e, after, true, present ? plan.live_after : UINT64_MAX);
        epoch_id(e, view.late.epoch);
    }
    return view;
}

static void gateway_sends(void)
{
    for (int i = 0; i < 40; i++) {
        struct send_view view = look();
        struct send_step step = send_plan_next(&plan, &view, w.now_ms);
        if (step.what == SEND_NOTHING)
            return;
        int e = step.place.epoch[0] - 1;
        fly((struct flying){.kind = TO_SERVER, .epoch = e, .seq = step.place.seq}, 400);
        fly((struct flying){.kind = PUBACK, .epoch = e, .seq = step.place.seq}, 100);
        send_plan_sent(&plan, &step, w.now_ms, (uint32_t)roll(1 << 30));
        w.sent++;
        ck_assert_uint_le(plan.count, (size_t)plan.window + SEND_LIVE_RESERVE);
    }
}

static void connect_link(void)
{
    uint8_t id[16];
    w.up = true;
    w.connection++;
    epoch_id(w.epochs - 1, id);
    send_plan_up(&plan, id, w.sealed[w.epochs - 1], w.now_ms);
}

static void cut_link(void)
{
    w.up = false;
    w.up_at_ms = w.now_ms + roll(20000);
    send_plan_down(&plan);
    /* what the broker had taken, and what was on its way back, is gone */
    w.flying_count = 0;
}

static void restart(void)
{
    if (w.up)
        cut_link();
    send_plan_begin(&plan, 10000, 300000);
    if (w.epochs < EPOCHS && roll(2) == 0)
        w.epochs++;
}

static void arrive(const struct flying *f)
{
    uint8_t id[16];
    struct send_place place = {.seq = f->seq};
    epoch_id(f->epoch, id);
    memcpy(place.epoch, id, 16);
    if (f->kind == TO_SERVER) {
        w.stored[f->epoch][f->seq] = 1;
        struct flying receipt = {.kind = RECEIPT, .epoch = f->epoch};
        memcpy(receipt.stored, w.stored[f->epoch], sizeof receipt.stored);
        fly(receipt, 400);
    } else if (f->connection == w.connection && f->kind == PUBACK) {
        if (send_plan_puback(&plan, &place))
            w.receipted[f->epoch][f->seq] = 1;
    } else if (f->connection == w.connection) {
        for (uint64_t seq = 1; seq <= SEQS; seq++)
            if (f->stored[seq]) {
                w.receipted[f->epoch][seq] = 1;
                send_plan_receipted(&plan, id, seq, seq);
            }
        send_plan_answered(&plan);
    }
}

static void deliver(void)
{
    for (size_t i = 0; i < w.flying_count;) {
        if (flying[i].at_ms > w.now_ms) {
            i++;
            continue;
        }
        struct flying f = flying[i];
        flying[i] = flying[--w.flying_count];
        arrive(&f);
    }
}

static bool all_arrived(void)
{
    for (int e = 0; e < w.epochs; e++)
        for (uint64_t seq = 1; seq <= w.sealed[e]; seq++)
            if (!w.receipted[e][seq])
                return false;
    return true;
}

static void check_nothing_forgotten(unsigned seed)
{
    for (int e = 0; e < w.epochs; e++)
        for (uint64_t seq = 1; seq <= w.sealed[e]; seq++)
            ck_assert_msg(!w.receipted[e][seq] || w.stored[e][seq], "SEED=%u: epoch %d seq %d was forgotten and never stored",
                          seed, e, (int)seq);
}

static void live_one_life(unsigned seed)
{
    w = (struct world){.seed = seed, .epochs = 1};
    send_plan_begin(&plan, 10000, 300000);
    send_plan_window(&plan, 1 + roll(64));
    while (w.now_ms < END_MS && !(w.healed && all_arrived())) {
        w.now_ms += 50 + roll(500);
        w.healed = w.now_ms > HEAL_MS;
        if (!w.healed && roll(8) == 0 && w.sealed[w.epochs - 1] < SEQS)
            w.sealed[w.epochs - 1]++;
        if (!w.healed && roll(150) == 0)
            restart();
        if (!w.healed && w.up && roll(60) == 0)
            cut_link();
        if (!w.up && (w.healed || w.now_ms >= w.up_at_ms))
            connect_link();
        gateway_sends();
        deliver();
    }
    check_nothing_forgotten(seed);
    ck_assert_msg(all_arrived(), "SEED=%u: not everything arrived after the world healed", seed);
    long total = 0;
    for (int e = 0; e < w.epochs; e++)
        total += (long)w.sealed[e];
    ck_assert_msg(w.sent <= 40 * (total + 10), "SEED=%u: %ld sendings of %ld envelopes", seed, w.sent, total);
}

START_TEST(thousands_of_lives_lose_nothing)
{
    const char *given = getenv("SEED");
    if (given) {
        live_one_life((unsigned)strtoul(given, NULL, 10));
        return;
    }
    for (unsigned seed = 1; seed <= 2000; seed++)
        live_one_life(seed);
}
END_TEST

static Suite *suite_of_send_plan(void)
{
    Suite *s = suite_create("send plan");
    TCase *t = tcase_create("send plan");
    tcase_set_timeout(t, 60);
    tcase_add_checked_fixture(t, set_up, NULL);
    tcase_add_test(t, nothing_goes_while_the_link_is_down);
    tcase_add_test(t, a_reconnect_looks_again_from_the_oldest);
    tcase_add_test(t, live_goes_first_and_has_room_when_the_window_is_full);
    tcase_add_test(t, without_a_receipt_it_goes_again_ever_more_rarely);
    tcase_add_test(t, a_brokers_word_ends_nothing);
    tcase_add_test(t, after_a_reconnect_it_goes_again_soon);
    tcase_add_test(t, what_a_receipt_passed_over_goes_again_without_a_long_wait);
    tcase_add_test(t, thousands_of_lives_lose_nothing);
    suite_add_tcase(s, t);
    return s;
}

TEST_MAIN(suite_of_send_plan)
