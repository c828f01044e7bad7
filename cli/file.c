/* Whole small files; documented in home.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/home.h"
#include "common/cleanup.h"

enum outcome file_read(const char *path, size_t most, struct buffer *out, struct why *why)
{
    scoped_by(cleanup_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return fail(why, RETRY, "%.200s: %s", path, strerror(errno));
    for (;;) {
        enum { PIECE = 16384 };
        uint8_t *room = buffer_reserve(out, PIECE);
        ssize_t len = room ? read(fd, room, PIECE) : -1;
        if (len < 0 && room && errno == EINTR)
            continue;
        if (len < 0)
            return fail(why, RETRY, "%.200s: %s", path, room ? strerror(errno) : "out of memory");
        out->len += (size_t)len;
        if (out->len > most)
            return fail(why, RETRY, "%.200s: over %zu bytes", path, most);
        if (len == 0)
            return DONE;
    }
}

static enum outcome write_all(int fd, struct bytes content, const char *path, struct why *why)
{
    while (content.len > 0) {
        ssize_t wrote = write(fd, content.data, content.len);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote <= 0)
            return fail(why, RETRY, "%.200s: %s", path, strerror(errno));
        content = bytes_of(content.data + wrote, content.len - (size_t)wrote);
    }
    /* Whole before it takes the name of what it replaces. */
    return fsync(fd) == 0 ? DONE : fail(why, RETRY, "%.200s: %s", path, strerror(errno));
}

enum outcome file_write(const char *path, struct bytes content, unsigned mode, struct why *why)
{
    char temporary[PATH_MAX];
    int used = snprintf(temporary, sizeof temporary, "%s.new", path);
    if (used < 0 || (size_t)used >= sizeof temporary)
        return fail(why, REJECT, "a path is too long");
    scoped_by(cleanup_close) int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    if (fd < 0)
        return fail(why, RETRY, "%.200s: %s", temporary, strerror(errno));
    enum outcome written = write_all(fd, content, path, why);
    if (written == DONE && rename(temporary, path) != 0)
        written = fail(why, RETRY, "%.200s: %s", path, strerror(errno));
    if (written != DONE)
        (void)unlink(temporary);
    return written;
}
