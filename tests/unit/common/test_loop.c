#include "common/loop.h"
#include "tests/helpers/check_main.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

static struct clock_reading held;
static struct clock hand;
static struct loop *loop;
static struct why why;
static char trace[64]; /* one letter a call */

static void note(void *context)
{
    size_t len = strlen(trace);
    trace[len] = *(const char *)context;
}

static void set_up(void)
{
    held = (struct clock_reading){.boot_ms = 1000};
    hand = clock_held(&held);
    ck_assert_int_eq(loop_open(&loop, &hand, &why), DONE);
}

static void tear_down(void)
{
    loop_close(&loop);
    ck_assert_ptr_null(loop);
}

/* A literal as the context of note(). */
static void *letter_of(const char *letter)
{
    static char letters[128];
    letters[(int)*letter] = *letter;
    return &letters[(int)*letter];
}

static struct loop_timer *timer_for(const char *letter)
{
    struct loop_timer *timer = NULL;
    ck_assert_int_eq(loop_timer_new(loop, note, letter_of(letter), &timer, &why), DONE);
    return timer;
}

static void turn(void)
{
    ck_assert_int_eq(loop_turn(loop, 0, &why), DONE);
}

START_TEST(timers_come_in_order_of_their_instants_and_once)
{
    struct loop_timer *c = timer_for("c"), *a = timer_for("a"), *b = timer_for("b"), *d = timer_for("d");
    loop_timer_set(c, 1030);
    loop_timer_set(a, 1010);
    loop_timer_set(b, 1020);
    loop_timer_set(d, 1030);
    turn();
    ck_assert_str_eq(trace, "");
    held.boot_ms = 1029;
    turn();
    ck_assert_str_eq(trace, "ab");
    held.boot_ms = 1030;
    turn();
    turn();
    ck_assert_str_eq(trace, "abcd");
    loop_timer_free(&a);
    loop_timer_free(&b);
    loop_timer_free(&c);
    loop_timer_free(&d);
}
END_TEST

START_TEST(a_timer_moved_or_cleared_is_not_called)
{
    struct loop_timer *a = timer_for("a"), *b = timer_for("b");
    loop_timer_set(a, 1010);
    loop_timer_set(b, 1010);
    loop_timer_clear(a);
    loop_timer_set(b, 2000);
    held.boot_ms = 1500;
    turn();
    ck_assert_str_eq(trace, "");
    held.boot_ms = 2000;
    turn();
    ck_assert_str_eq(trace, "b");
    loop_timer_free(&a);
    loop_timer_free(&b);
}
END_TEST

struct pair {
    struct loop_timer *self, *other;
    int calls;
};

static void again_at_once(void *context)
{
    struct pair *pair = context;
    pair->calls++;
    loop_timer_set(pair->self, loop_now_ms(loop));
}

START_TEST(a_timer_set_again_within_its_call_is_due_next_turn)
{
    struct pair pair = {0};
    ck_assert_int_eq(loop_timer_new(loop, again_at_once, &pair, &pair.self, &why), DONE);
    loop_timer_set(pair.self, 0);
    turn();
    ck_assert_int_eq(pair.calls, 1);
    turn();
    ck_assert_int_eq(pair.calls, 2);
    loop_timer_free(&pair.self);
}
END_TEST

static void free_both(void *context)
{
    struct pair *pair = context;
    pair->calls++;
    loop_timer_free(&pair->other);
    loop_timer_free(&pair->self);
}

START_TEST(a_call_may_free_itself_and_others_due_in_the_same_turn)
{
    struct pair pair = {0};
    ck_assert_int_eq(loop_timer_new(loop, free_both, &pair, &pair.self, &why), DONE);
    pair.other = timer_for("x");
    loop_timer_set(pair.self, 1000);
    loop_timer_set(pair.other, 1000);
    turn();
    ck_assert_int_eq(pair.calls, 1);
    ck_assert_str_eq(trace, "");
}
END_TEST

START_TEST(many_timers_stay_sorted)
{
    enum { MANY = 500 };
    static struct loop_timer *timers[MANY];
    static int order[MANY];
    for (int i = 0; i < MANY; i++)
        timers[i] = timer_for("t");
    for (int i = 0; i < MANY; i++) {
        order[i] = (i * 7919) % MANY; /* every instant once, scattered */
        loop_timer_set(timers[i], 2000 + order[i]);
    }
    for (int i = 0; i < MANY; i += 3)
        loop_timer_clear(timers[i]);
    int called = 0;
    for (int instant = 0; instant < MANY; instant++) {
        memset(trace, 0, sizeof trace);
        held.boot_ms = 2000 + instant;
        turn();
        int which = 0;
        while (order[which] != instant)
            which++;
        ck_assert_str_eq(trace, which % 3 == 0 ? "" : "t");
        called += trace[0] != 0;
    }
    ck_assert_int_eq(called, MANY - (MANY + 2) / 3);
    for (int i = 0; i < MANY; i++)
        loop_timer_free(&timers[i]);
}
END_TEST

struct ends {
    int fd[2];
    struct loop_watch *watch;
    struct loop_watch *victim;
    unsigned events;
    int calls;
};

static void remember(void *context, unsigned events)
{
    struct ends *ends = context;
    ends->events |= events;
    ends->calls++;
}

START_TEST(a_descriptor_is_reported_only_for_what_is_watched)
{
    struct ends ends = {0};
    ck_assert_int_eq(pipe(ends.fd), 0);
    ck_assert_int_eq(loop_watch_add(loop, ends.fd[0], 0, remember, &ends, &ends.watch, &why), DONE);
    ck_assert_int_eq(write(ends.fd[1], "x", 1), 1);
    turn();
    ck_assert_int_eq(ends.calls, 0);
    loop_watch_change(ends.watch, LOOP_READ);
    turn();
    ck_assert_uint_eq(ends.events, LOOP_READ);
    loop_watch_change(ends.watch, 0);
    turn();
    ck_assert_int_eq(ends.calls, 1);
    close(ends.fd[1]);
    turn();
    ck_assert_uint_eq(ends.events & LOOP_HANGUP, LOOP_HANGUP);
    loop_watch_remove(&ends.watch);
    ck_assert_ptr_null(ends.watch);
    close(ends.fd[0]);
}
END_TEST

static void remove_both(void *context, unsigned events)
{
    struct ends *ends = context;
    (void)events;
    ends->calls++;
    loop_watch_remove(&ends->victim);
    loop_watch_remove(&ends->watch);
}

START_TEST(a_watch_removed_in_the_turn_that_fetched_its_event_is_not_called)
{
    struct ends one = {0}, other = {0};
    ck_assert_int_eq(pipe(one.fd), 0);
    ck_assert_int_eq(pipe(other.fd), 0);
    /* Whichever is called first removes the other. */
    ck_assert_int_eq(loop_watch_add(loop, one.fd[0], LOOP_READ, remove_both, &one, &one.watch, &why), DONE);
    ck_assert_int_eq(loop_watch_add(loop, other.fd[0], LOOP_READ, remove_both, &one, &one.victim, &why), DONE);
    ck_assert_int_eq(write(one.fd[1], "x", 1), 1);
    ck_assert_int_eq(write(other.fd[1], "x", 1), 1);
    turn();
    turn();
    ck_assert_int_eq(one.calls, 1);
    for (int i = 0; i < 2; i++) {
        close(one.fd[i]);
        close(other.fd[i]);
    }
}
END_TEST

START_TEST(signals_arrive_as_calls_and_stop_the_loop)
{
    static struct why reason;
    ck_assert_int_eq(loop_signals(loop, note, NULL, letter_of("s"), &why), DONE);
    ck_assert_int_eq(raise(SIGHUP), 0);
    turn();
    ck_assert_str_eq(trace, "");
    ck_assert_int_eq(raise(SIGTERM), 0);
    ck_assert_int_eq(loop_run(loop, &reason), DONE);
    ck_assert_str_eq(trace, "s");
    ck_assert_int_eq(loop_signals(loop, note, NULL, letter_of("s"), &why), RETRY);
}
END_TEST

static void stop_it(void *context)
{
    (void)context;
    loop_stop(loop);
}

START_TEST(a_reload_does_not_stop_the_loop)
{
    struct loop_timer *stop = NULL;
    ck_assert_int_eq(loop_timer_new(loop, stop_it, NULL, &stop, &why), DONE);
    ck_assert_int_eq(loop_signals(loop, NULL, note, letter_of("h"), &why), DONE);
    ck_assert_int_eq(raise(SIGHUP), 0);
    loop_timer_set(stop, 1000);
    ck_assert_int_eq(loop_run(loop, &why), DONE);
    ck_assert_str_eq(trace, "h");
    loop_timer_free(&stop);
}
END_TEST

START_TEST(a_descriptor_that_cannot_be_watched_is_said)
{
    struct loop_watch *watch = NULL;
    ck_assert_int_eq(loop_watch_add(loop, -1, LOOP_READ, remember, NULL, &watch, &why), RETRY);
    ck_assert_ptr_null(watch);
    ck_assert_ptr_nonnull(strstr(why.text, "cannot watch descriptor -1"));
}
END_TEST

static Suite *suite_of_loop(void)
{
    Suite *s = suite_create("loop");
    TCase *t = tcase_create("loop");
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, timers_come_in_order_of_their_instants_and_once);
    tcase_add_test(t, a_timer_moved_or_cleared_is_not_called);
    tcase_add_test(t, a_timer_set_again_within_its_call_is_due_next_turn);
    tcase_add_test(t, a_call_may_free_itself_and_others_due_in_the_same_turn);
    tcase_add_test(t, many_timers_stay_sorted);
    tcase_add_test(t, a_descriptor_is_reported_only_for_what_is_watched);
    tcase_add_test(t, a_watch_removed_in_the_turn_that_fetched_its_event_is_not_called);
    tcase_add_test(t, signals_arrive_as_calls_and_stop_the_loop);
    tcase_add_test(t, a_reload_does_not_stop_the_loop);
    tcase_add_test(t, a_descriptor_that_cannot_be_watched_is_said);
    suite_add_tcase(s, t);
    return s;
}

TEST_MAIN(suite_of_loop)
