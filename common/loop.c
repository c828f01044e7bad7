#include "common/loop.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "common/cleanup.h"

enum { EVENTS_A_TURN = 64, WAIT_MOST_MS = 10000, NOT_IN_HEAP = -1 };

struct loop_watch {
    struct loop *loop;
    int fd;
    unsigned events;
    void (*ready)(void *context, unsigned events);
    void *context;
    bool removed;                 /* during dispatch: freed when the turn ends */
    struct loop_watch *next_dead;
};

struct loop_timer {
    struct loop *loop;
    void (*due)(void *context);
    void *context;
    int64_t at_ms;
    uint64_t order; /* of setting: equal instants are called in the order they were set */
    int place;      /* in the heap, or NOT_IN_HEAP */
    struct loop_timer *next_due, **link_due; /* taken out for this turn, not yet called */
};

struct loop {
    const struct clock *clock;
    int epoll_fd;
    int64_t now_ms;
    bool stopped;
    bool dispatching;
    struct loop_watch *dead;
    struct loop_timer **heap;
    int heap_len, heap_room, timer_count;
    uint64_t next_order;
    struct loop_timer *due; /* this turn's timers still to be called */
    int signal_fd;
    struct loop_watch *signal_watch;
    void (*on_stop)(void *);
    void (*on_reload)(void *);
    void *signal_context;
};

enum outcome loop_open(struct loop **made, const struct clock *clock, struct why *why)
{
    struct loop *loop = calloc(1, sizeof *loop);
    if (!loop)
        return fail(why, RETRY, "loop: out of memory");
    loop->clock = clock;
    loop->signal_fd = -1;
    loop->now_ms = clock_read(clock).boot_ms;
    loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (loop->epoll_fd < 0) {
        free(loop);
        return fail(why, RETRY, "loop: epoll_create1: %s", strerror(errno));
    }
    *made = loop;
    return DONE;
}

static void free_dead_watches(struct loop *loop)
{
    while (loop->dead) {
        struct loop_watch *watch = loop->dead;
        loop->dead = watch->next_dead;
        free(watch);
    }
}

void loop_close(struct loop **loop)
{
    struct loop *l = *loop;
    if (!l)
        return;
    loop_watch_remove(&l->signal_watch);
    if (l->signal_fd >= 0)
        (void)close(l->signal_fd);
    free_dead_watches(l);
    (void)close(l->epoll_fd);
    free(l->heap);
    free(l);
    *loop = NULL;
}

/* Watches. */

static uint32_t epoll_events(unsigned events)
{
    /* Who does not read would never see the end of the stream. */
    return ((events & LOOP_READ) ? (uint32_t)EPOLLIN : (uint32_t)EPOLLRDHUP) | ((events & LOOP_WRITE) ? (uint32_t)EPOLLOUT : 0u);
}

enum outcome loop_watch_add(struct loop *loop, int fd, unsigned events, void (*ready)(void *, unsigned), void *context,
                            struct loop_watch **made, struct why *why)
{
    struct loop_watch *watch = calloc(1, sizeof *watch);
    if (!watch)
        return fail(why, RETRY, "loop: out of memory");
    *watch = (struct loop_watch){.loop = loop, .fd = fd, .events = events, .ready = ready, .context = context};
    struct epoll_event event = {.events = epoll_events(events), .data.ptr = watch};
    if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0) {
        free(watch);
        return fail(why, RETRY, "loop: cannot watch descriptor %d: %s", fd, strerror(errno));
    }
    *made = watch;
    return DONE;
}

void loop_watch_change(struct loop_watch *watch, unsigned events)
{
    if (watch->removed || watch->events == events)
        return;
    watch->events = events;
    struct epoll_event event = {.events = epoll_events(events), .data.ptr = watch};
    /* MOD of a descriptor that is registered fails only when the caller closed it first, which the header forbids. */
    (void)epoll_ctl(watch->loop->epoll_fd, EPOLL_CTL_MOD, watch->fd, &event);
}

void loop_watch_remove(struct loop_watch **watch)
{
    struct loop_watch *w = *watch;
    if (!w)
        return;
    *watch = NULL;
    (void)epoll_ctl(w->loop->epoll_fd, EPOLL_CTL_DEL, w->fd, NULL);
    if (!w->loop->dispatching) {
        free(w);
        return;
    }
    /* The events already fetched for this turn may still point here. */
    w->removed = true;
    w->next_dead = w->loop->dead;
    w->loop->dead = w;
}

/* Timers: a binary heap by instant, each timer knowing its place. */

static bool is_before(const struct loop_timer *a, const struct loop_timer *b)
{
    return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->order < b->order;
}

static void put_at(struct loop *loop, int place, struct loop_timer *timer)
{
    loop->heap[place] = timer;
    timer->place = place;
}

static void sift(struct loop *loop, int place)
{
    struct loop_timer *timer = loop->heap[place];
    while (place > 0 && is_before(timer, loop->heap[(place - 1) / 2])) {
        put_at(loop, place, loop->heap[(place - 1) / 2]);
        place = (place - 1) / 2;
    }
    for (;;) {
        int child = 2 * place + 1;
        if (child + 1 < loop->heap_len && is_before(loop->heap[child + 1], loop->heap[child]))
            child++;
        if (child >= loop->heap_len || !is_before(loop->heap[child], timer))
            break;
        put_at(loop, place, loop->heap[child]);
        place = child;
    }
    put_at(loop, place, timer);
}

enum outcome loop_timer_new(struct loop *loop, void (*due)(void *), void *context, struct loop_timer **made,
                            struct why *why)
{
    struct loop_timer *timer = calloc(1, sizeof *timer);
    /* The heap's room is made here, so that setting a timer cannot fail. */
    if (timer && loop->timer_count == loop->heap_room) {
        int room = loop->heap_room ? loop->heap_room * 2 : 16;
        struct loop_timer **grown = realloc(loop->heap, (size_t)room * sizeof(struct loop_timer *));
        if (!grown) {
            free(timer);
            return fail(why, RETRY, "loop: out of memory");
        }
        loop->heap = grown;
        loop->heap_room = room;
    }
    if (!timer)
        return fail(why, RETRY, "loop: out of memory");
    *timer = (struct loop_timer){.loop = loop, .due = due, .context = context, .place = NOT_IN_HEAP};
    loop->timer_count++;
    *made = timer;
    return DONE;
}

static void leave_due_list(struct loop_timer *timer)
{
    if (!timer->link_due)
        return;
    *timer->link_due = timer->next_due;
    if (timer->next_due)
        timer->next_due->link_due = timer->link_due;
    timer->next_due = NULL;
    timer->link_due = NULL;
}

void loop_timer_clear(struct loop_timer *timer)
{
    struct loop *loop = timer->loop;
    leave_due_list(timer);
    if (timer->place == NOT_IN_HEAP)
        return;
    int place = timer->place;
    timer->place = NOT_IN_HEAP;
    struct loop_timer *last = loop->heap[--loop->heap_len];
    if (last == timer)
        return;
    put_at(loop, place, last);
    sift(loop, place);
}

void loop_timer_set(struct loop_timer *timer, int64_t at_boot_ms)
{
    struct loop *loop = timer->loop;
    loop_timer_clear(timer);
    timer->at_ms = at_boot_ms;
    timer->order = loop->next_order++;
    put_at(loop, loop->heap_len++, timer);
    sift(loop, timer->place);
}

void loop_timer_free(struct loop_timer **timer)
{
    if (!*timer)
        return;
    loop_timer_clear(*timer);
    (*timer)->loop->timer_count--;
    free(*timer);
    *timer = NULL;
}

/* Takes every due timer out first and calls them afterwards: one that sets itself again "now" is due next turn. */
static void call_due_timers(struct loop *loop)
{
    struct loop_timer **link = &loop->due;
    while (loop->heap_len > 0 && loop->heap[0]->at_ms <= loop->now_ms) {
        struct loop_timer *timer = loop->heap[0];
        loop_timer_clear(timer);
        timer->link_due = link;
        *link = timer;
        link = &timer->next_due;
    }
    while (loop->due) {
        struct loop_timer *timer = loop->due;
        leave_due_list(timer);
        timer->due(timer->context);
    }
}

/* Signals. */

static void signal_arrived(void *context, unsigned events)
{
    struct loop *loop = context;
    struct signalfd_siginfo info;
    (void)events;
    while (read(loop->signal_fd, &info, sizeof info) == (ssize_t)sizeof info) {
        if (info.ssi_signo == SIGHUP) {
            if (loop->on_reload)
                loop->on_reload(loop->signal_context);
            continue;
        }
        if (loop->on_stop)
            loop->on_stop(loop->signal_context);
        loop->stopped = true;
    }
}

enum outcome loop_signals(struct loop *loop, void (*on_stop)(void *), void (*on_reload)(void *), void *context,
                          struct why *why)
{
    if (loop->signal_fd >= 0)
        return fail(why, RETRY, "loop: signals are already taken");
    loop->on_stop = on_stop;
    loop->on_reload = on_reload;
    loop->signal_context = context;
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    /* A peer that hangs up is an error of that write, not the end of the process. */
    (void)signal(SIGPIPE, SIG_IGN);
    if (sigprocmask(SIG_BLOCK, &set, NULL) != 0)
        return fail(why, RETRY, "loop: sigprocmask: %s", strerror(errno));
    loop->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (loop->signal_fd < 0)
        return fail(why, RETRY, "loop: signalfd: %s", strerror(errno));
    return loop_watch_add(loop, loop->signal_fd, LOOP_READ, signal_arrived, loop, &loop->signal_watch, why);
}

/* Turns. */

static unsigned loop_events(uint32_t events)
{
    return ((events & EPOLLIN) ? (unsigned)LOOP_READ : 0u) | ((events & EPOLLOUT) ? (unsigned)LOOP_WRITE : 0u) |
           ((events & (EPOLLHUP | EPOLLRDHUP | EPOLLERR)) ? (unsigned)LOOP_HANGUP : 0u);
}

/* epoll's wait does not count a suspended machine's sleep, timers do: no wait is longer than WAIT_MOST_MS. */
static int wait_ms(const struct loop *loop, int most_ms)
{
    int64_t wait = most_ms < 0 || most_ms > WAIT_MOST_MS ? WAIT_MOST_MS : most_ms;
    if (loop->heap_len > 0) {
        int64_t until = loop->heap[0]->at_ms - clock_read(loop->clock).boot_ms;
        if (until < wait)
            wait = until < 0 ? 0 : until;
    }
    return (int)wait;
}

enum outcome loop_turn(struct loop *loop, int most_ms, struct why *why)
{
    struct epoll_event events[EVENTS_A_TURN];
    int count = epoll_wait(loop->epoll_fd, events, EVENTS_A_TURN, wait_ms(loop, most_ms));
    if (count < 0 && errno != EINTR)
        return fail(why, RETRY, "loop: epoll_wait: %s", strerror(errno));
    loop->now_ms = clock_read(loop->clock).boot_ms;
    loop->dispatching = true;
    /* Descriptors before timers: after a long stall, an answer that did come beats the deadline set for it. */
    for (int i = 0; i < count; i++) {
        struct loop_watch *watch = events[i].data.ptr;
        if (!watch->removed)
            watch->ready(watch->context, loop_events(events[i].events));
    }
    call_due_timers(loop);
    loop->dispatching = false;
    free_dead_watches(loop);
    return DONE;
}

enum outcome loop_run(struct loop *loop, struct why *why)
{
    loop->stopped = false;
    while (!loop->stopped) {
        enum outcome result = loop_turn(loop, -1, why);
        if (result != DONE)
            return result;
    }
    return DONE;
}

void loop_stop(struct loop *loop)
{
    loop->stopped = true;
}

const struct clock *loop_clock(const struct loop *loop)
{
    return loop->clock;
}

int64_t loop_now_ms(const struct loop *loop)
{
    return loop->now_ms;
}
