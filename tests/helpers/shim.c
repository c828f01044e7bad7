/* Shim: a library for LD_PRELOAD that makes the n-th call of one kind fail, or kills the process there.
 *
 *   SHIM=KIND:N:ACTION[:REPEAT]
 *     KIND    write (write, pwrite, pwrite64) | fsync (fsync, fdatasync) | malloc (malloc, calloc, realloc) | send (send,
 *             sendto, sendmsg) | rename
 *     ACTION  die (as SIGKILL would, before the call) | cut (as a power cut would: what was written and not flushed is taken
 *             back first; new names and cuts of files count as durable) | late (after the call) | eio | enospc | erofs | eintr | short (half of
 *             the bytes) | null (malloc)
 *     REPEAT  once (default) | forever (from the n-th on) | other (every second call from the n-th on)
 *   SHIM_HIT_FD=FD  one byte is written there at the first hit, so that a harness knows when n is beyond the last call
 *
 * Unset SHIM: nothing happens. Calls are counted per process over all threads.
 */
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum kind { KIND_NONE, KIND_WRITE, KIND_FSYNC, KIND_MALLOC, KIND_SEND, KIND_RENAME };
enum action { ACT_NONE, ACT_DIE, ACT_CUT, ACT_LATE, ACT_SHORT, ACT_NULL, ACT_ERRNO };
enum repeat { ONCE, FOREVER, OTHER };

static struct {
    bool read;
    enum kind kind;
    long from;
    enum action action;
    int error;
    enum repeat repeat;
    int hit_fd;
    long calls;
} plan;

static const char *word(const char *at, const char *expected, bool *same)
{
    size_t len = strcspn(at, ":");
    *same = strlen(expected) == len && strncmp(at, expected, len) == 0;
    return at[len] ? at + len + 1 : at + len;
}

static const char *read_kind(const char *at)
{
    static const struct {
        const char *name;
        enum kind kind;
    } kinds[] = {{"write", KIND_WRITE}, {"fsync", KIND_FSYNC}, {"malloc", KIND_MALLOC}, {"send", KIND_SEND},
                 {"rename", KIND_RENAME}};
    bool same;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        (void)word(at, kinds[i].name, &same);
        if (same)
            plan.kind = kinds[i].kind;
    }
    return word(at, "", &same);
}

static const char *read_action(const char *at)
{
    static const struct {
        const char *name;
        enum action action;
        int error;
    } actions[] = {{"die", ACT_DIE, 0},       {"cut", ACT_CUT, 0},           {"late", ACT_LATE, 0},          {"eio", ACT_ERRNO, EIO},
                   {"enospc", ACT_ERRNO, ENOSPC}, {"erofs", ACT_ERRNO, EROFS}, {"eintr", ACT_ERRNO, EINTR},
                   {"short", ACT_SHORT, 0},   {"null", ACT_NULL, ENOMEM}};
    bool same;
    for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++) {
        (void)word(at, actions[i].name, &same);
        if (same) {
            plan.action = actions[i].action;
            plan.error = actions[i].error;
        }
    }
    return word(at, "", &same);
}

static void read_plan(void)
{
    plan.read = true;
    plan.hit_fd = -1;
    const char *at = getenv("SHIM"), *fd = getenv("SHIM_HIT_FD");
    if (fd)
        plan.hit_fd = (int)strtol(fd, NULL, 10);
    if (!at)
        return;
    bool same;
    at = read_kind(at);
    plan.from = strtol(at, NULL, 10);
    at = read_action(word(at, "", &same));
    (void)word(at, "forever", &same);
    if (same)
        plan.repeat = FOREVER;
    (void)word(at, "other", &same);
    if (same)
        plan.repeat = OTHER;
}

/* --- what is written and not flushed, to be taken back --- */

static struct unflushed {
    int fd;
    dev_t device;
    ino_t file;
    off_t at, size; /* the file's size before */
    size_t len, kept; /* of the bytes that stood there before */
    uint8_t *before;
} unflushed[1 << 16];
static size_t unflushed_count, arena_used;
static uint8_t arena[1 << 23];

static void remember_before(int fd, size_t len, off_t at)
{
    struct stat about;
    if (plan.action != ACT_CUT || fstat(fd, &about) != 0 || !S_ISREG(about.st_mode))
        return;
    if (unflushed_count == sizeof unflushed / sizeof unflushed[0] || arena_used + len > sizeof arena)
        abort(); /* a life too long for this shim */
    struct unflushed *u = &unflushed[unflushed_count++];
    *u = (struct unflushed){fd, about.st_dev, about.st_ino, at, about.st_size, len, 0, arena + arena_used};
    long got = syscall(SYS_pread64, fd, u->before, len, at);
    u->kept = got > 0 ? (size_t)got : 0;
    arena_used += u->kept;
}

static void flushed(int fd)
{
    struct stat about;
    size_t left = 0;
    if (plan.action != ACT_CUT || fstat(fd, &about) != 0)
        return;
    for (size_t i = 0; i < unflushed_count; i++)
        if (unflushed[i].device != about.st_dev || unflushed[i].file != about.st_ino)
            unflushed[left++] = unflushed[i];
    unflushed_count = left;
    if (left == 0)
        arena_used = 0;
}

static void take_back(void)
{
    while (unflushed_count > 0) {
        struct unflushed *u = &unflushed[--unflushed_count];
        struct stat about;
        if (fstat(u->fd, &about) != 0 || about.st_dev != u->device || about.st_ino != u->file)
            continue; /* closed meanwhile: as if the kernel had written it */
        (void)syscall(SYS_pwrite64, u->fd, u->before, u->kept, u->at);
        if (about.st_size > u->size)
            (void)syscall(SYS_ftruncate, u->fd, u->size);
    }
}

static void end_now(void)
{
    (void)syscall(SYS_kill, (pid_t)syscall(SYS_getpid), SIGKILL);
    for (;;)
        (void)pause();
}

/* What to do at this call. */
static enum action at_call(enum kind kind)
{
    if (!plan.read)
        read_plan();
    if (plan.kind != kind || plan.from == 0)
        return ACT_NONE;
    long n = __atomic_add_fetch(&plan.calls, 1, __ATOMIC_RELAXED);
    bool hit = n == plan.from || (plan.repeat == FOREVER && n > plan.from) ||
               (plan.repeat == OTHER && n > plan.from && (n - plan.from) % 2 == 0);
    if (!hit)
        return ACT_NONE;
    if (n == plan.from && plan.hit_fd >= 0)
        (void)syscall(SYS_write, plan.hit_fd, "!", 1);
    if (plan.action == ACT_CUT)
        take_back();
    if (plan.action == ACT_DIE || plan.action == ACT_CUT)
        end_now();
    if (plan.action == ACT_ERRNO || plan.action == ACT_NULL)
        errno = plan.error;
    return plan.action;
}

static ssize_t finish(enum action action, ssize_t result)
{
    if (action == ACT_LATE)
        end_now();
    return result;
}

ssize_t write(int fd, const void *data, size_t len);
ssize_t write(int fd, const void *data, size_t len)
{
    enum action action = at_call(KIND_WRITE);
    if (action == ACT_ERRNO)
        return -1;
    if (action == ACT_SHORT && len > 1)
        len /= 2;
    return finish(action, syscall(SYS_write, fd, data, len));
}

static ssize_t write_at(int fd, const void *data, size_t len, off_t at)
{
    enum action action = at_call(KIND_WRITE);
    if (action == ACT_ERRNO)
        return -1;
    if (action == ACT_SHORT && len > 1)
        len /= 2;
    remember_before(fd, len, at);
    return finish(action, syscall(SYS_pwrite64, fd, data, len, at));
}

ssize_t pwrite(int fd, const void *data, size_t len, off_t at);
ssize_t pwrite(int fd, const void *data, size_t len, off_t at)
{
    return write_at(fd, data, len, at);
}

ssize_t pwrite64(int fd, const void *data, size_t len, off_t at);
ssize_t pwrite64(int fd, const void *data, size_t len, off_t at)
{
    return write_at(fd, data, len, at);
}

int fsync(int fd)
{
    enum action action = at_call(KIND_FSYNC);
    if (action == ACT_ERRNO)
        return -1;
    flushed(fd);
    return (int)finish(action, syscall(SYS_fsync, fd));
}

int fdatasync(int fd)
{
    enum action action = at_call(KIND_FSYNC);
    if (action == ACT_ERRNO)
        return -1;
    flushed(fd);
    return (int)finish(action, syscall(SYS_fdatasync, fd));
}

int rename(const char *from, const char *to);
int rename(const char *from, const char *to)
{
    enum action action = at_call(KIND_RENAME);
    return action == ACT_ERRNO ? -1 : (int)finish(action, syscall(SYS_rename, from, to));
}

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);

void *malloc(size_t size)
{
    return at_call(KIND_MALLOC) == ACT_NULL ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return at_call(KIND_MALLOC) == ACT_NULL ? NULL : __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
    return at_call(KIND_MALLOC) == ACT_NULL ? NULL : __libc_realloc(old, size);
}

ssize_t send(int fd, const void *data, size_t len, int flags)
{
    return sendto(fd, data, len, flags, (const struct sockaddr *)NULL, 0);
}

ssize_t sendto(int fd, const void *data, size_t len, int flags, __CONST_SOCKADDR_ARG to, socklen_t to_len)
{
    enum action action = at_call(KIND_SEND);
    if (action == ACT_ERRNO)
        return -1;
    if (action == ACT_SHORT && len > 1)
        len /= 2;
    return finish(action, syscall(SYS_sendto, fd, data, len, flags, to.__sockaddr__, to_len));
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    enum action action = at_call(KIND_SEND);
    return action == ACT_ERRNO ? -1 : finish(action, syscall(SYS_sendmsg, fd, message, flags));
}
