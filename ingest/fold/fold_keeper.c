#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/backoff.h"
#include "common/cleanup.h"
#include "common/log.h"
#include "ingest/fold/fold_worker.h"
#include "ingest/fold/page.h"

enum { STOP_MS = 2000, BATCH_SPAN = 4000 };

struct fold_keeper {
    struct loop *loop;
    char program[512];
    char config[512];
    bool has_config;
    struct fold_page *page;
    int page_fd, event_fd;
    pid_t child;
    int child_fd; /* pidfd: readable when the child has ended */
    struct loop_watch *watch;
    struct loop_timer *again;
    struct backoff backoff;
    int64_t restarts;
    int64_t last_attempt; /* position on which the child died last, folding one by one */
};

/* In the child: nothing but async-signal-safe calls between fork and exec. */
static void become_worker(const struct fold_keeper *keeper, pid_t parent)
{
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(EXIT_FAILURE);
    sigset_t none;
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    /* Out of the way first: one of ours may have the number the other is to get. dup2 clears close-on-exec. */
    int page = fcntl(keeper->page_fd, F_DUPFD, 10), event = fcntl(keeper->event_fd, F_DUPFD, 10);
    (void)dup2(page, FOLD_PAGE_FD);
    (void)dup2(event, FOLD_EVENT_FD);
    (void)close(page);
    (void)close(event);
    (void)execl(keeper->program, keeper->program, "--fold", keeper->has_config ? "-c" : (char *)NULL, keeper->config,
                (char *)NULL);
    _exit(127);
}

static void ended(void *context, unsigned events);

static enum outcome start(struct fold_keeper *keeper, struct why *why)
{
    pid_t parent = getpid();
    pid_t child = fork();
    if (child < 0)
        return fail(why, RETRY, "cannot start the fold: %s", strerror(errno));
    if (child == 0)
        become_worker(keeper, parent);
    keeper->child = child;
    keeper->child_fd = (int)syscall(SYS_pidfd_open, child, 0);
    enum outcome outcome = DONE;
    if (keeper->child_fd < 0)
        outcome = fail(why, RETRY, "cannot watch the fold: %s", strerror(errno));
    else
        outcome = loop_watch_add(keeper->loop, keeper->child_fd, LOOP_READ, ended, keeper, &keeper->watch, why);
    if (outcome != DONE) {
        /* A child that nobody watches would be joined by another one. */
        (void)kill(child, SIGKILL);
        (void)waitpid(child, NULL, 0);
        cleanup_close(&keeper->child_fd);
        keeper->child_fd = -1;
        keeper->child = -1;
    }
    return outcome;
}

/* What the dead child was doing decides how the next one begins. */
static void learn(struct fold_keeper *keeper, bool crashed)
{
    if (!crashed)
        return;
    int64_t attempt = atomic_load(&keeper->page->attempt);
    if (attempt >= 0 && attempt == keeper->last_attempt) {
        log_line(LOG_LEVEL_ERROR, "fold_poison", "position=%lld", (long long)attempt);
        atomic_store(&keeper->page->crashed_at, attempt);
    }
    keeper->last_attempt = attempt;
    int64_t until = atomic_load(&keeper->page->position) + BATCH_SPAN;
    atomic_store(&keeper->page->careful_until, until);
    atomic_store(&keeper->page->attempt, -1);
}

static void ended(void *context, unsigned events)
{
    (void)events;
    struct fold_keeper *keeper = context;
    int status = 0;
    (void)waitpid(keeper->child, &status, 0);
    loop_watch_remove(&keeper->watch);
    (void)close(keeper->child_fd);
    keeper->child_fd = -1;
    keeper->child = -1;
    /* SIGKILL and SIGTERM come from outside: no word against the envelope. */
    bool crashed = WIFSIGNALED(status) && WTERMSIG(status) != SIGKILL && WTERMSIG(status) != SIGTERM;
    log_line(LOG_LEVEL_WARN, "fold_ended", "signal=%d status=%d", WIFSIGNALED(status) ? WTERMSIG(status) : 0,
             WIFEXITED(status) ? WEXITSTATUS(status) : 0);
    learn(keeper, crashed);
    keeper->restarts++;
    uint32_t random = 0;
    (void)!getrandom(&random, sizeof random, GRND_NONBLOCK);
    loop_timer_set(keeper->again, loop_now_ms(keeper->loop) + backoff_next_ms(&keeper->backoff, random));
}

static void again(void *context)
{
    struct fold_keeper *keeper = context;
    struct why why = {0};
    /* A child that lived long enough to make progress earns a quick restart the next time. */
    if (atomic_load(&keeper->page->progress_ms) > 0)
        backoff_succeeded(&keeper->backoff);
    if (start(keeper, &why) != DONE) {
        log_line(LOG_LEVEL_ERROR, "fold_not_started", "why=\"%s\"", why.text);
        loop_timer_set(keeper->again, loop_now_ms(keeper->loop) + 1000);
    }
}

static enum outcome share_page(struct fold_keeper *keeper, struct why *why)
{
    keeper->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (keeper->event_fd < 0)
        return fail(why, RETRY, "no eventfd for the fold: %s", strerror(errno));
    keeper->page_fd = memfd_create("silsila-fold", MFD_CLOEXEC);
    if (keeper->page_fd < 0 || ftruncate(keeper->page_fd, (off_t)sizeof *keeper->page) != 0)
        return fail(why, RETRY, "cannot share memory with the fold: %s", strerror(errno));
    void *page = mmap(NULL, sizeof *keeper->page, PROT_READ | PROT_WRITE, MAP_SHARED, keeper->page_fd, 0);
    if (page == MAP_FAILED)
        return fail(why, RETRY, "cannot map memory shared with the fold: %s", strerror(errno));
    keeper->page = page;
    atomic_store(&keeper->page->attempt, -1);
    atomic_store(&keeper->page->crashed_at, -1);
    return DONE;
}

enum outcome fold_keeper_open(struct fold_keeper **made, struct loop *loop, const char *program, const char *config_path,
                              struct why *why)
{
    struct fold_keeper *keeper = calloc(1, sizeof *keeper);
    if (!keeper)
        return fail(why, RETRY, "out of memory");
    keeper->loop = loop;
    keeper->child = -1;
    keeper->child_fd = keeper->page_fd = keeper->event_fd = -1;
    keeper->last_attempt = -1;
    keeper->backoff = (struct backoff){.first_ms = 50, .most_ms = 5000};
    keeper->has_config = config_path != NULL;
    (void)snprintf(keeper->program, sizeof keeper->program, "%s", program);
    (void)snprintf(keeper->config, sizeof keeper->config, "%s", config_path ? config_path : "");
    enum outcome outcome = share_page(keeper, why);
    if (outcome == DONE)
        outcome = loop_timer_new(loop, again, keeper, &keeper->again, why);
    if (outcome == DONE)
        outcome = start(keeper, why);
    if (outcome != DONE) {
        fold_keeper_close(&keeper);
        return outcome;
    }
    *made = keeper;
    return DONE;
}

static void end_child(struct fold_keeper *keeper)
{
    if (keeper->child <= 0)
        return;
    (void)kill(keeper->child, SIGTERM);
    struct pollfd wait = {.fd = keeper->child_fd, .events = POLLIN};
    if (keeper->child_fd < 0 || poll(&wait, 1, STOP_MS) <= 0)
        (void)kill(keeper->child, SIGKILL);
    (void)waitpid(keeper->child, NULL, 0);
}

void fold_keeper_close(struct fold_keeper **keeper)
{
    if (!*keeper)
        return;
    loop_watch_remove(&(*keeper)->watch);
    loop_timer_free(&(*keeper)->again);
    end_child(*keeper);
    cleanup_close(&(*keeper)->child_fd);
    cleanup_close(&(*keeper)->page_fd);
    cleanup_close(&(*keeper)->event_fd);
    if ((*keeper)->page)
        (void)munmap((*keeper)->page, sizeof *(*keeper)->page);
    free(*keeper);
    *keeper = NULL;
}

void fold_keeper_head(struct fold_keeper *keeper)
{
    (void)!eventfd_write(keeper->event_fd, 1);
}

void fold_keeper_read(const struct fold_keeper *keeper, struct fold_keeper_figures *figures)
{
    *figures = (struct fold_keeper_figures){
        .position = atomic_load(&keeper->page->position),
        .folded = atomic_load(&keeper->page->folded),
        .errors = atomic_load(&keeper->page->errors),
        .restarts = keeper->restarts,
        .progress_ms = atomic_load(&keeper->page->progress_ms),
    };
}
