/* Lanes: worker threads that may hang, so that the loop never does.
 *
 * A lane is a name (a probe, a serial line) with a thread of its own that runs its jobs one after the other. Lanes are
 * independent: a read that hangs for half a minute, or for ever, holds up nothing but its own lane. Results come back on
 * the loop's thread.
 *
 *     lane_submit(job) ─▶ lane's thread: job->run ─▶ eventfd ─▶ loop's thread: job->done (which owns the job from then on)
 *
 * A job is owned by the lane between submit and done. Deadlines are the caller's: whoever no longer waits for a job
 * ignores it in `done`. Threads that are still inside `run` when the lanes are closed cannot be stopped; they are left
 * behind and free their job with `drop` should they ever return.
 */
#ifndef GATEWAY_LANES_H
#define GATEWAY_LANES_H

#include <stdbool.h>
#include <stddef.h>

#include "common/loop.h"
#include "common/outcome.h"

struct lanes; /* opaque */

struct job {
    void (*run)(struct job *job);  /* in the lane's thread; touches nothing of the loop's */
    void (*done)(struct job *job); /* on the loop's thread */
    void (*drop)(struct job *job); /* frees; in any thread */
    struct job *next;              /* the lanes' own */
};

MUST_CHECK enum outcome lanes_open(struct lanes **made, struct loop *loop, struct why *why);

/* Waits a little for threads at work; jobs waiting, or done and not yet delivered, are dropped. `last` is called once when no
 * thread works any more: at once (and true is returned), or, with threads left behind, by the last of them to come back
 * (false), which may be never. It is where what the jobs use is freed. */
bool lanes_close(struct lanes **lanes, void (*last)(void *context), void *context);

/* RETRY: no thread to be had; the job is still the caller's. */
MUST_CHECK enum outcome lane_submit(struct lanes *lanes, const char *lane, struct job *job, struct why *why);

/* Lets the thread of a lane end once its jobs are done: for probes that are gone. */
void lane_retire(struct lanes *lanes, const char *lane);

size_t lanes_count(const struct lanes *lanes);

#endif
