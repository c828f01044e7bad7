#include "tests/fault/outbox_harness.h"

#include <check.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Programs are named by the build: LIFE_PROGRAM, SHIM_LIBRARY. */

static void child(const struct scratch *s, const char *shim, int rounds, int64_t first, int boot, bool no_receipts,
                  int out, int hit)
{
    char numbers[3][24], hit_text[16];
    (void)snprintf(numbers[0], sizeof numbers[0], "%d", rounds);
    (void)snprintf(numbers[1], sizeof numbers[1], "%lld", (long long)first);
    (void)snprintf(numbers[2], sizeof numbers[2], "%d", boot);
    (void)snprintf(hit_text, sizeof hit_text, "%d", hit);
    (void)dup2(out, 1);
    if (shim) {
        (void)setenv("LD_PRELOAD", SHIM_LIBRARY, 1);
        (void)setenv("SHIM", shim, 1);
        (void)setenv("SHIM_HIT_FD", hit_text, 1);
    }
    (void)execl(LIFE_PROGRAM, "outbox_life", s->path, numbers[0], numbers[1], numbers[2],
                no_receipts ? "0" : "5", (char *)NULL);
    _exit(127);
}

static void read_line(struct journal *j, const char *line)
{
    long long instant;
    unsigned long long seq;
    struct sealed sealed;
    if (sscanf(line, "took %lld", &instant) == 1 && j->took_count < TOOK_MOST)
        j->took[j->took_count++] = instant;
    else if (sscanf(line, "sealed %32s %llu %23s", sealed.epoch, &seq, sealed.nonce) == 3 && j->sealed_count < SEALED_MOST) {
        sealed.seq = seq;
        j->sealed[j->sealed_count++] = sealed;
    } else if (strncmp(line, "failed", 6) == 0)
        j->failures++;
    else if (strncmp(line, "unsure", 6) == 0)
        j->unsure++;
    else if (strncmp(line, "open", 4) == 0)
        j->opened = true;
    else if (strcmp(line, "closed") == 0)
        j->closed = true;
    if (getenv("HARNESS_VERBOSE"))
        (void)fprintf(stderr, "life: %s\n", line);
}

static void read_journal(struct journal *j, int fd, pid_t pid, int kill_after_ms)
{
    char text[8192];
    size_t len = 0;
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    struct timespec begun, now;
    (void)clock_gettime(CLOCK_MONOTONIC, &begun);
    for (;;) {
        (void)clock_gettime(CLOCK_MONOTONIC, &now);
        long passed = (now.tv_sec - begun.tv_sec) * 1000 + (now.tv_nsec - begun.tv_nsec) / 1000000;
        if (kill_after_ms >= 0 && passed >= kill_after_ms) {
            (void)kill(pid, SIGKILL);
            kill_after_ms = -1;
        }
        int wait_ms = kill_after_ms < 0 ? -1 : (int)(kill_after_ms - passed);
        if (poll(&ready, 1, wait_ms) == 0)
            continue;
        ssize_t got = read(fd, text + len, sizeof text - len - 1);
        if (got <= 0)
            return;
        len += (size_t)got;
        text[len] = '\0';
        char *at = text;
        for (char *end = strchr(at, '\n'); end; at = end + 1, end = strchr(at, '\n')) {
            *end = '\0';
            read_line(j, at);
        }
        len = strlen(at);
        memmove(text, at, len + 1);
    }
}

void run_life(const struct scratch *s, struct journal *j, const char *shim, int rounds, int64_t first, int boot,
              int kill_after_ms)
{
    int out[2], hit[2];
    j->opened = j->closed = false;
    ck_assert(pipe(out) == 0 && pipe(hit) == 0);
    pid_t pid = fork();
    ck_assert(pid >= 0);
    if (pid == 0)
        child(s, shim, rounds, first, boot, j->no_receipts, out[1], hit[1]);
    (void)close(out[1]);
    (void)close(hit[1]);
    read_journal(j, out[0], pid, kill_after_ms);
    ck_assert(waitpid(pid, &j->status, 0) == pid);
    char mark;
    j->hit = read(hit[0], &mark, 1) == 1;
    (void)close(out[0]);
    (void)close(hit[0]);
}

struct held {
    int64_t instants[2 * TOOK_MOST];
    size_t instant_count;
    struct sealed sealed[SEALED_MOST];
    size_t sealed_count;
};

static bool hold_sample(void *context, const struct outbox_sample *sample)
{
    struct held *held = context;
    held->instants[held->instant_count++] = sample->scheduled_ms;
    return true;
}

static bool hold_envelope(void *context, const struct outbox_envelope *envelope)
{
    struct held *held = context;
    char text[8192];
    unsigned long long seq = 0;
    struct sealed *sealed = &held->sealed[held->sealed_count++];
    ck_assert_uint_lt(envelope->raw.len, sizeof text);
    memcpy(text, envelope->raw.data, envelope->raw.len);
    text[envelope->raw.len] = '\0';
    ck_assert_int_eq(sscanf(text, "%32s %llu %23[^:]", sealed->epoch, &seq, sealed->nonce), 3);
    sealed->seq = seq;
    ck_assert_uint_eq(seq, envelope->seq);
    char *at = strchr(text, ':') + 1;
    while (*at) {
        held->instants[held->instant_count++] = strtoll(at, &at, 10);
        ck_assert_uint_lt(held->instant_count, 2 * TOOK_MOST);
    }
    return true;
}

static void hold_epoch(struct outbox *o, const uint8_t epoch[16], struct held *held, bool lost_allowed, const char *what)
{
    struct why why = {""};
    size_t before = held->sealed_count;
    ck_assert_msg(outbox_unreceipted(o, epoch, 0, SIZE_MAX, hold_envelope, held, &why) == DONE, "%s: %s", what, why.text);
    for (size_t i = before; i < held->sealed_count && !lost_allowed; i++)
        ck_assert_msg(held->sealed[i].seq == i - before + 1, "%s: O4 a gap before seq %llu", what,
                      (unsigned long long)held->sealed[i].seq);
}

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void check_samples(struct held *held, const struct journal *j, bool lost_allowed, const char *what)
{
    qsort(held->instants, held->instant_count, sizeof held->instants[0], by_value);
    for (size_t i = 1; i < held->instant_count; i++)
        ck_assert_msg(held->instants[i] != held->instants[i - 1], "%s: O1 sample %lld is held twice", what,
                      (long long)held->instants[i]);
    for (size_t i = 0; i < j->took_count && !lost_allowed; i++)
        ck_assert_msg(bsearch(&j->took[i], held->instants, held->instant_count, sizeof held->instants[0], by_value),
                      "%s: O1 sample %lld was taken and is gone", what, (long long)j->took[i]);
}

static const struct sealed *find_sealed(const struct sealed *list, size_t count, const struct sealed *like)
{
    for (size_t i = 0; i < count; i++)
        if (list[i].seq == like->seq && strcmp(list[i].epoch, like->epoch) == 0)
            return &list[i];
    return NULL;
}

static void check_bodies(const struct held *held, const struct journal *j, bool lost_allowed, const char *what)
{
    for (size_t i = 0; i < j->sealed_count; i++) {
        const struct sealed *told = &j->sealed[i];
        const struct sealed *here = find_sealed(held->sealed, held->sealed_count, told);
        ck_assert_msg(here || lost_allowed, "%s: O2 body %s %llu was sealed and is gone", what, told->epoch,
                      (unsigned long long)told->seq);
        ck_assert_msg(!here || strcmp(here->nonce, told->nonce) == 0, "%s: O3 body %s %llu has two contents", what,
                      told->epoch, (unsigned long long)told->seq);
        const struct sealed *other = find_sealed(j->sealed + i + 1, j->sealed_count - i - 1, told);
        ck_assert_msg(!other || strcmp(other->nonce, told->nonce) == 0, "%s: O3 seq %llu was used twice", what,
                      (unsigned long long)told->seq);
    }
}

void check_invariants(struct scratch *s, int boot, const struct journal *j, bool lost_allowed, const char *what)
{
    static struct held held;
    struct why why = {""};
    struct outbox *o = NULL;
    uint8_t epochs[64][16];
    uint64_t again;
    held.instant_count = held.sealed_count = 0;
    memset(s->settings.boot_id, boot, sizeof s->settings.boot_id);
    s->settings.retention_ms = INT64_MAX / 4;
    ck_assert_msg(outbox_open(&o, &s->settings, 1, &why) == DONE, "%s: %s", what, why.text);
    /* what was receipted is asked back, so that all of it is read */
    for (size_t i = 0; i < j->sealed_count; i++) {
        uint8_t epoch[16];
        ck_assert(bytes_from_hex(j->sealed[i].epoch, epoch, 16));
        if (i == 0 || strcmp(j->sealed[i].epoch, j->sealed[i - 1].epoch) != 0)
            ck_assert(outbox_resend(o, epoch, 1, UINT64_MAX, &again, &why) == DONE);
    }
    size_t count = outbox_open_epochs(o, epochs, 64);
    for (size_t i = 0; i < count; i++)
        hold_epoch(o, epochs[i], &held, lost_allowed, what);
    ck_assert(outbox_samples(o, SIZE_MAX, hold_sample, &held, &why) == DONE);
    check_samples(&held, j, lost_allowed, what);
    check_bodies(&held, j, lost_allowed, what);
    outbox_close(&o);
}
