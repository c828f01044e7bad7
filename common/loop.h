/* Loop: one thread's wait for descriptors, timers and signals, over epoll; the clock is injected.
 *
 * A watch calls back when its descriptor is ready, a timer once at its instant (boot_ms). No callback may block longer
 * than a local commit. Callbacks may add, change and remove any watch or timer, their own included.
 * In one turn descriptors come first, then the timers that were due when its wait ended, in order of their instants.
 * Signals arrive as calls too (signalfd): SIGTERM and SIGINT stop the loop after `on_stop`, SIGHUP calls `on_reload`.
 */
#ifndef COMMON_LOOP_H
#define COMMON_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "common/clock.h"
#include "common/outcome.h"

struct loop;       /* opaque */
struct loop_watch; /* opaque: one descriptor */
struct loop_timer; /* opaque: one instant */

enum { LOOP_READ = 1, LOOP_WRITE = 2, LOOP_HANGUP = 4 };

/* RETRY when the kernel refuses a descriptor. The clock is held, not copied: it must outlive the loop. */
MUST_CHECK enum outcome loop_open(struct loop **made, const struct clock *clock, struct why *why);
void loop_close(struct loop **loop);

/* Watches fd (not owned) for `events`; `events` may be 0 for now. LOOP_HANGUP is reported whatever is watched, again each
 * turn until the watch is removed; without LOOP_READ it also tells that the peer will send no more. RETRY when the kernel
 * refuses the descriptor (files of a disk cannot be watched). */
MUST_CHECK enum outcome loop_watch_add(struct loop *loop, int fd, unsigned events,
                                       void (*ready)(void *context, unsigned events), void *context,
                                       struct loop_watch **made, struct why *why);
void loop_watch_change(struct loop_watch *watch, unsigned events);
/* Stops watching, frees; to be called before the descriptor is closed. NULL is nothing. */
void loop_watch_remove(struct loop_watch **watch);

/* A timer that is not set; free it with loop_timer_free. */
MUST_CHECK enum outcome loop_timer_new(struct loop *loop, void (*due)(void *context), void *context,
                                       struct loop_timer **made, struct why *why);
/* Sets or moves; an instant in the past is due at the next turn. */
void loop_timer_set(struct loop_timer *timer, int64_t at_boot_ms);
void loop_timer_clear(struct loop_timer *timer);
/* NULL is nothing; every timer is to be freed before its loop is closed. */
void loop_timer_free(struct loop_timer **timer);

/* Blocks SIGTERM, SIGINT and SIGHUP for the process, turns them into calls and ignores SIGPIPE. Either call may be NULL. A
 * child made by fork inherits the blocked set: it has to unblock before it runs another program. To be called once, before
 * any thread is started. */
MUST_CHECK enum outcome loop_signals(struct loop *loop, void (*on_stop)(void *), void (*on_reload)(void *),
                                     void *context, struct why *why);

/* Runs until loop_stop(); RETRY only when epoll itself fails. */
MUST_CHECK enum outcome loop_run(struct loop *loop, struct why *why);
void loop_stop(struct loop *loop);
/* One turn, waiting at most `most_ms` (0: not at all): for tests. */
MUST_CHECK enum outcome loop_turn(struct loop *loop, int most_ms, struct why *why);

const struct clock *loop_clock(const struct loop *loop);
/* Boot time read once, when this turn's wait ended. */
int64_t loop_now_ms(const struct loop *loop);

#endif
