#include "ingest/verify.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* Arrivals a worker takes at once: fewer wake-ups and locks under load, no delay without. */
enum { THREADS_MOST = 16, HANDFUL = 16 };

struct worker {
    struct verify_pool *pool;
    struct verifier *verifier;
    pthread_t thread;
    bool started;
};

struct verify_pool {
    struct worker workers[THREADS_MOST];
    unsigned threads;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct arrival_list waiting[LANES]; /* under the lock, as all below to `idle` */
    struct arrival_list done;
    size_t inside;
    bool ending;
    unsigned idle;
    int event_fd;
    struct loop_watch *watch;
    void (*on_verified)(void *context, struct arrival_list *done);
    void *context;
};

static void take_handful(struct verify_pool *pool, struct arrival_list *handful)
{
    /* A fair share: with two threads and ten arrivals neither should take all ten. */
    size_t most = (pool->waiting[LANE_LIVE].count + pool->waiting[LANE_LATE].count) / pool->threads + 1;
    for (int lane = 0; lane < LANES; lane++) {
        while (handful->count < HANDFUL && handful->count < most && pool->waiting[lane].first)
            arrival_push(handful, arrival_pop(&pool->waiting[lane]));
    }
}

static void tell(struct verify_pool *pool)
{
    uint64_t one = 1;
    (void)!write(pool->event_fd, &one, sizeof one);
}

static void *work(void *context)
{
    struct worker *worker = context;
    struct verify_pool *pool = worker->pool;
    (void)pthread_mutex_lock(&pool->lock);
    while (!pool->ending) {
        struct arrival_list handful = {0};
        take_handful(pool, &handful);
        if (!handful.first) {
            pool->idle++;
            (void)pthread_cond_wait(&pool->wake, &pool->lock);
            pool->idle--;
            continue;
        }
        (void)pthread_mutex_unlock(&pool->lock);
        for (struct arrival *arrival = handful.first; arrival; arrival = arrival->next)
            verifier_look(worker->verifier, arrival);
        (void)pthread_mutex_lock(&pool->lock);
        bool first = pool->done.first == NULL;
        arrival_join(&pool->done, &handful);
        if (first)
            tell(pool);
    }
    (void)pthread_mutex_unlock(&pool->lock);
    return NULL;
}

static void on_event(void *context, unsigned events)
{
    struct verify_pool *pool = context;
    uint64_t count;
    (void)events;
    (void)!read(pool->event_fd, &count, sizeof count);
    (void)pthread_mutex_lock(&pool->lock);
    struct arrival_list done = {0};
    arrival_join(&done, &pool->done);
    pool->inside -= done.count;
    (void)pthread_mutex_unlock(&pool->lock);
    if (done.first)
        pool->on_verified(pool->context, &done);
}

static enum outcome start_threads(struct verify_pool *pool, struct keyring *keyring, struct why *why)
{
    /* Signals are the loop's business. */
    sigset_t all;
    sigset_t before;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_BLOCK, &all, &before);
    enum outcome outcome = DONE;
    for (unsigned i = 0; i < (pool->threads ? pool->threads : 1) && outcome == DONE; i++) {
        struct worker *worker = &pool->workers[i];
        worker->pool = pool;
        outcome = verifier_open(&worker->verifier, keyring, why);
        if (outcome != DONE || pool->threads == 0)
            break;
        int code = pthread_create(&worker->thread, NULL, work, worker);
        worker->started = code == 0;
        if (code != 0)
            outcome = fail(why, RETRY, "starting a thread: %s", strerror(code));
    }
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return outcome;
}

enum outcome verify_pool_open(struct verify_pool **made, struct loop *loop, struct keyring *keyring, unsigned threads,
                              void (*on_verified)(void *context, struct arrival_list *done), void *context,
                              struct why *why)
{
    struct verify_pool *pool = calloc(1, sizeof *pool);
    if (!pool)
        return fail(why, RETRY, "out of memory");
    pool->threads = threads < THREADS_MOST ? threads : THREADS_MOST;
    pool->on_verified = on_verified;
    pool->context = context;
    (void)pthread_mutex_init(&pool->lock, NULL);
    (void)pthread_cond_init(&pool->wake, NULL);
    pool->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    enum outcome outcome =
        pool->event_fd < 0 ? fail(why, RETRY, "eventfd: %s", strerror(errno)) : start_threads(pool, keyring, why);
    if (outcome == DONE)
        outcome = loop_watch_add(loop, pool->event_fd, LOOP_READ, on_event, pool, &pool->watch, why);
    *made = pool;
    if (outcome != DONE)
        verify_pool_close(made);
    return outcome;
}

void verify_pool_close(struct verify_pool **pool)
{
    struct verify_pool *closing = *pool;
    if (!closing)
        return;
    (void)pthread_mutex_lock(&closing->lock);
    closing->ending = true;
    (void)pthread_cond_broadcast(&closing->wake);
    (void)pthread_mutex_unlock(&closing->lock);
    for (unsigned i = 0; i < THREADS_MOST; i++) {
        if (closing->workers[i].started)
            (void)pthread_join(closing->workers[i].thread, NULL);
        verifier_close(&closing->workers[i].verifier);
    }
    loop_watch_remove(&closing->watch);
    for (int lane = 0; lane < LANES; lane++)
        arrival_free_all(&closing->waiting[lane]);
    arrival_free_all(&closing->done);
    if (closing->event_fd >= 0)
        (void)close(closing->event_fd);
    (void)pthread_mutex_destroy(&closing->lock);
    (void)pthread_cond_destroy(&closing->wake);
    free(closing);
    *pool = NULL;
}

void verify_pool_give(struct verify_pool *pool, struct arrival *arrival)
{
    if (pool->threads == 0) {
        struct arrival_list done = {0};
        verifier_look(pool->workers[0].verifier, arrival);
        arrival_push(&done, arrival);
        pool->on_verified(pool->context, &done);
        return;
    }
    (void)pthread_mutex_lock(&pool->lock);
    arrival_push(&pool->waiting[arrival->lane], arrival);
    pool->inside++;
    if (pool->idle)
        (void)pthread_cond_signal(&pool->wake);
    (void)pthread_mutex_unlock(&pool->lock);
}

size_t verify_pool_count(struct verify_pool *pool)
{
    (void)pthread_mutex_lock(&pool->lock);
    size_t inside = pool->inside;
    (void)pthread_mutex_unlock(&pool->lock);
    return inside;
}
