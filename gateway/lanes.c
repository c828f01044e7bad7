#include "gateway/lanes.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>

#include "common/cleanup.h"

enum { STACK_BYTES = 256 * 1024, CLOSE_WAIT_MS = 300 };

/* What lanes and loop share; lives until the last of them lets go. */
struct desk {
    pthread_mutex_t lock;
    struct job *finished; /* newest first */
    int bell;             /* eventfd */
    atomic_uint users;
    void (*last)(void *context); /* when the last user lets go; NULL: nothing */
    void *last_context;
};

struct lane {
    struct lane *next;
    struct desk *desk;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t more;
    struct job *first, **last; /* waiting */
    bool ending;               /* no more jobs will come */
    bool left_behind;          /* nobody joins: the thread frees this itself */
    bool finished;             /* the thread touches this no more */
    char name[];
};

struct lanes {
    struct loop *loop;
    struct loop_watch *watch;
    struct desk *desk;
    struct lane *lanes;
};

static void desk_release(struct desk *desk)
{
    if (atomic_fetch_sub(&desk->users, 1) != 1)
        return;
    while (desk->finished) {
        struct job *job = desk->finished;
        desk->finished = job->next;
        job->drop(job);
    }
    if (desk->last)
        desk->last(desk->last_context);
    (void)close(desk->bell);
    (void)pthread_mutex_destroy(&desk->lock);
    free(desk);
}

static void lane_free(struct lane *lane)
{
    while (lane->first) {
        struct job *job = lane->first;
        lane->first = job->next;
        job->drop(job);
    }
    desk_release(lane->desk);
    (void)pthread_cond_destroy(&lane->more);
    (void)pthread_mutex_destroy(&lane->lock);
    free(lane);
}

static void deliver(struct desk *desk, struct job *job)
{
    uint64_t one = 1;
    (void)pthread_mutex_lock(&desk->lock);
    job->next = desk->finished;
    desk->finished = job;
    (void)pthread_mutex_unlock(&desk->lock);
    /* Fails only when the counter is at its end, and then the loop is awake already. */
    (void)!write(desk->bell, &one, sizeof one);
}

/* The next job, or NULL when the lane ends. */
static struct job *next_job(struct lane *lane)
{
    (void)pthread_mutex_lock(&lane->lock);
    while (!lane->first && !lane->ending)
        (void)pthread_cond_wait(&lane->more, &lane->lock);
    struct job *job = lane->first;
    if (job) {
        lane->first = job->next;
        if (!lane->first)
            lane->last = &lane->first;
    }
    (void)pthread_mutex_unlock(&lane->lock);
    return job;
}

static bool was_left_behind(struct lane *lane)
{
    (void)pthread_mutex_lock(&lane->lock);
    bool left = lane->left_behind;
    (void)pthread_mutex_unlock(&lane->lock);
    return left;
}

/* The thread's last look at its lane; true when it is the thread that has to free it. */
static bool finish(struct lane *lane)
{
    (void)pthread_mutex_lock(&lane->lock);
    bool left = lane->left_behind;
    lane->finished = true;
    (void)pthread_mutex_unlock(&lane->lock);
    return left;
}

static void *work(void *context)
{
    struct lane *lane = context;
    struct job *job;
    while ((job = next_job(lane))) {
        job->run(job);
        if (was_left_behind(lane))
            job->drop(job);
        else
            deliver(lane->desk, job);
    }
    if (finish(lane))
        lane_free(lane);
    return NULL;
}

static void deliver_finished(void *context, unsigned events)
{
    struct lanes *lanes = context;
    uint64_t rings;
    (void)events;
    (void)!read(lanes->desk->bell, &rings, sizeof rings);
    (void)pthread_mutex_lock(&lanes->desk->lock);
    struct job *newest_first = take(lanes->desk->finished);
    (void)pthread_mutex_unlock(&lanes->desk->lock);
    struct job *in_order = NULL;
    while (newest_first) {
        struct job *job = newest_first;
        newest_first = job->next;
        job->next = in_order;
        in_order = job;
    }
    while (in_order) {
        struct job *job = in_order;
        in_order = job->next;
        job->done(job);
    }
}

static struct desk *desk_new(void)
{
    struct desk *desk = calloc(1, sizeof *desk);
    if (!desk)
        return NULL;
    desk->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (desk->bell < 0) {
        free(desk);
        return NULL;
    }
    (void)pthread_mutex_init(&desk->lock, NULL);
    atomic_init(&desk->users, 1);
    return desk;
}

enum outcome lanes_open(struct lanes **made, struct loop *loop, struct why *why)
{
    struct lanes *lanes = calloc(1, sizeof *lanes);
    if (lanes)
        lanes->desk = desk_new();
    if (!lanes || !lanes->desk) {
        free(lanes);
        return fail(why, RETRY, "no memory or descriptor for worker threads");
    }
    lanes->loop = loop;
    if (loop_watch_add(loop, lanes->desk->bell, LOOP_READ, deliver_finished, lanes, &lanes->watch, why) != DONE) {
        desk_release(lanes->desk);
        free(lanes);
        return RETRY;
    }
    *made = lanes;
    return DONE;
}

static void end_lane(struct lane *lane)
{
    (void)pthread_mutex_lock(&lane->lock);
    lane->ending = true;
    (void)pthread_cond_signal(&lane->more);
    (void)pthread_mutex_unlock(&lane->lock);
}

static void drop_waiting(struct lane *lane)
{
    (void)pthread_mutex_lock(&lane->lock);
    struct job *waiting = take(lane->first);
    lane->last = &lane->first;
    (void)pthread_mutex_unlock(&lane->lock);
    while (waiting) {
        struct job *job = waiting;
        waiting = job->next;
        job->drop(job);
    }
}

/* Joins until `deadline`; false: the thread is left behind. */
static bool join_until(struct lane *lane, const struct timespec *deadline)
{
    if (pthread_timedjoin_np(lane->thread, NULL, deadline) == 0) {
        lane_free(lane);
        return true;
    }
    pthread_t thread = lane->thread;
    (void)pthread_mutex_lock(&lane->lock);
    bool finished = lane->finished; /* just now: it is about to return, and joining is a moment */
    lane->left_behind = !finished;
    (void)pthread_mutex_unlock(&lane->lock);
    if (!finished) {
        (void)pthread_detach(thread); /* the lane is the thread's from here on */
        return false;
    }
    (void)pthread_join(thread, NULL);
    lane_free(lane);
    return true;
}

bool lanes_close(struct lanes **lanes, void (*last)(void *context), void *context)
{
    if (!*lanes) {
        if (last)
            last(context);
        return true;
    }
    (*lanes)->desk->last = last; /* before any thread is told to end: the last of them reads it */
    (*lanes)->desk->last_context = context;
    struct timespec deadline;
    bool all = true;
    (void)clock_gettime(CLOCK_REALTIME, &deadline);
    deadline.tv_nsec += CLOSE_WAIT_MS * 1000000L;
    deadline.tv_sec += deadline.tv_nsec / 1000000000L;
    deadline.tv_nsec %= 1000000000L;
    for (struct lane *lane = (*lanes)->lanes; lane; lane = lane->next) {
        drop_waiting(lane);
        end_lane(lane);
    }
    while ((*lanes)->lanes) {
        struct lane *lane = (*lanes)->lanes;
        (*lanes)->lanes = lane->next;
        all = join_until(lane, &deadline) && all;
    }
    loop_watch_remove(&(*lanes)->watch);
    desk_release((*lanes)->desk);
    free(*lanes);
    *lanes = NULL;
    return all;
}

static bool start_thread(struct lane *lane)
{
    pthread_attr_t attributes;
    if (pthread_attr_init(&attributes) != 0)
        return false;
    (void)pthread_attr_setstacksize(&attributes, STACK_BYTES);
    bool started = pthread_create(&lane->thread, &attributes, work, lane) == 0;
    (void)pthread_attr_destroy(&attributes);
    return started;
}

static struct lane *lane_new(struct lanes *lanes, const char *name)
{
    size_t len = strlen(name) + 1;
    struct lane *lane = calloc(1, sizeof *lane + len);
    if (!lane)
        return NULL;
    memcpy(lane->name, name, len);
    lane->desk = lanes->desk;
    lane->last = &lane->first;
    (void)pthread_mutex_init(&lane->lock, NULL);
    (void)pthread_cond_init(&lane->more, NULL);
    atomic_fetch_add(&lanes->desk->users, 1);
    if (!start_thread(lane)) {
        lane_free(lane);
        return NULL;
    }
    lane->next = lanes->lanes;
    lanes->lanes = lane;
    return lane;
}

enum outcome lane_submit(struct lanes *lanes, const char *name, struct job *job, struct why *why)
{
    struct lane *lane = lanes->lanes;
    while (lane && strcmp(lane->name, name) != 0)
        lane = lane->next;
    if (!lane && !(lane = lane_new(lanes, name)))
        return fail(why, RETRY, "no thread for %s", name);
    job->next = NULL;
    (void)pthread_mutex_lock(&lane->lock);
    *lane->last = job;
    lane->last = &job->next;
    (void)pthread_cond_signal(&lane->more);
    (void)pthread_mutex_unlock(&lane->lock);
    return DONE;
}

void lane_retire(struct lanes *lanes, const char *name)
{
    struct lane **at = &lanes->lanes;
    while (*at && strcmp((*at)->name, name) != 0)
        at = &(*at)->next;
    struct lane *lane = *at;
    if (!lane)
        return;
    *at = lane->next;
    static const struct timespec at_once = {0};
    drop_waiting(lane);
    end_lane(lane);
    (void)join_until(lane, &at_once);
}

size_t lanes_count(const struct lanes *lanes)
{
    size_t count = 0;
    for (const struct lane *lane = lanes->lanes; lane; lane = lane->next)
        count++;
    return count;
}
