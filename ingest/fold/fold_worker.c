#include "ingest/fold/fold_worker.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "common/backoff.h"
#include "common/clock.h"
#include "common/log.h"
#include "ingest/fold/fold.h"
#include "ingest/fold/page.h"

enum { IDLE_MS = 1000 }; /* looked again without a NOTIFY: one may be lost with its connection */

struct worker {
    struct fold *fold;
    struct fold_page *page;
    struct fold_page own_page; /* when nobody keeps us */
    int signals, event_fd;
    bool stop;
    struct backoff backoff;
    struct log_rate complaint;
    struct clock clock;
};

static void attempt(void *context, int64_t position)
{
    struct worker *worker = context;
    atomic_store(&worker->page->attempt, position);
}

static void began(void *context, int64_t position)
{
    struct worker *worker = context;
    atomic_store(&worker->page->position, position);
}

static void wait_for(struct worker *worker, int timeout_ms, bool notify)
{
    struct pollfd waits[3] = {{.fd = worker->signals, .events = POLLIN},
                              {.fd = notify ? fold_socket(worker->fold) : -1, .events = POLLIN},
                              {.fd = notify ? worker->event_fd : -1, .events = POLLIN}};
    if (poll(waits, 3, timeout_ms) < 0 && errno != EINTR)
        worker->stop = true;
    if (waits[0].revents)
        worker->stop = true;
    if (waits[1].revents)
        fold_drain(worker->fold);
    eventfd_t rung;
    if (waits[2].revents)
        (void)!eventfd_read(worker->event_fd, &rung);
}

static int signals_as_descriptor(void)
{
    sigset_t set;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    (void)sigprocmask(SIG_BLOCK, &set, NULL);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void complain(struct worker *worker, const struct why *why)
{
    struct log_quoted quoted;
    log_often(&worker->complaint, LOG_LEVEL_WARN, "fold_waits", "why=%s", log_text(&quoted, why->text));
    uint32_t random = 0;
    (void)!getrandom(&random, sizeof random, GRND_NONBLOCK);
    wait_for(worker, (int)backoff_next_ms(&worker->backoff, random), false);
}

static void one_step(struct worker *worker)
{
    struct fold_progress progress;
    struct why why = {0};
    enum outcome outcome = fold_step(worker->fold, &progress, &why);
    atomic_store(&worker->page->attempt, -1);
    atomic_store(&worker->page->progress_ms, clock_read(&worker->clock).boot_ms);
    if (outcome != DONE) {
        complain(worker, &why);
        return;
    }
    backoff_succeeded(&worker->backoff);
    if (progress.folded > 0) {
        atomic_store(&worker->page->position, progress.position);
        atomic_store(&worker->page->batch_end, progress.position + 1);
        (void)atomic_fetch_add(&worker->page->folded, progress.folded);
        (void)atomic_fetch_add(&worker->page->errors, progress.errors);
    }
    if (progress.errors > 0)
        log_line(LOG_LEVEL_ERROR, "fold_error", "rows=%lld position=%lld", (long long)progress.errors,
                 (long long)progress.position);
    if (progress.folded == 0 || progress.position >= progress.head)
        wait_for(worker, IDLE_MS, true);
    else
        wait_for(worker, 0, false);
}

int fold_worker_main(const char *conninfo, int page_fd, int event_fd)
{
    struct worker worker = {.event_fd = event_fd, .backoff = {.first_ms = 100, .most_ms = 5000}, .clock = clock_system()};
    struct why why = {0};
    worker.signals = signals_as_descriptor();
    worker.page = &worker.own_page;
    atomic_store(&worker.own_page.crashed_at, -1);
    if (page_fd >= 0) {
        void *page = mmap(NULL, sizeof *worker.page, PROT_READ | PROT_WRITE, MAP_SHARED, page_fd, 0);
        if (page != MAP_FAILED)
            worker.page = page;
    }
    struct fold_settings settings = {.conninfo = conninfo, .schema = "silsila", .announce = true, .attempt = attempt, .began = began,
                                     .attempt_context = &worker,
                                     .careful_until = atomic_load(&worker.page->careful_until),
                                     .crashed_at = atomic_load(&worker.page->crashed_at)};
    if (fold_open(&worker.fold, &settings, &why) != DONE) {
        log_line(LOG_LEVEL_ERROR, "fold_cannot_start", "why=\"%s\"", why.text);
        return EXIT_FAILURE;
    }
    log_line(LOG_LEVEL_INFO, "fold_started", "pid=%d", (int)getpid());
    while (!worker.stop)
        one_step(&worker);
    fold_close(&worker.fold);
    return EXIT_SUCCESS;
}
