#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>

#include "common/cleanup.h"
#include "common/outbox/internal.h"

static long holder_of(int fd)
{
    char text[32] = "";
    ssize_t got = pread(fd, text, sizeof text - 1, 0);
    return got > 0 ? strtol(text, NULL, 10) : 0;
}

enum outcome lock_take(const char *path, int *fd, struct why *why)
{
    scoped_by(cleanup_free) char *lock_path = path_beside(path, ".lock");
    if (!lock_path)
        return fail(why, RETRY, "out of memory");
    scoped_by(cleanup_close) int made = open(lock_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (made < 0)
        return fail(why, RETRY, "cannot open %s: %s", lock_path, strerror(errno));
    if (flock(made, LOCK_EX | LOCK_NB) != 0) {
        if (errno == EWOULDBLOCK)
            return fail(why, REJECT, "%s is in use by process %ld", path, holder_of(made));
        return fail(why, RETRY, "cannot lock %s: %s", lock_path, strerror(errno));
    }
    char text[32];
    int len = snprintf(text, sizeof text, "%ld\n", (long)getpid());
    /* The number is for the other process's message only; on a full disk the lock holds without it. */
    if (ftruncate(made, 0) == 0)
        (void)write_whole(made, text, (size_t)len, 0);
    *fd = made;
    made = -1;
    return DONE;
}
