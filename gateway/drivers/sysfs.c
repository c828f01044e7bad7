#include "gateway/drivers/sysfs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"

void sysfs_path(struct sysfs_path *path, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int used = vsnprintf(path->text, sizeof path->text, format, args);
    va_end(args);
    if (used < 0 || (size_t)used >= sizeof path->text)
        path->text[0] = '\0';
}

long sysfs_read(const char *path, char *out, size_t room)
{
    scoped_by(cleanup_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    size_t used = 0;
    while (used < room - 1) {
        ssize_t got = read(fd, out + used, room - 1 - used);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -errno;
        if (got == 0)
            break;
        used += (size_t)got;
    }
    while (used > 0 && (out[used - 1] == '\n' || out[used - 1] == ' '))
        used--;
    out[used] = '\0';
    return (long)used;
}

long sysfs_read_in(const char *dir, const char *name, char *out, size_t room)
{
    struct sysfs_path path;
    sysfs_path(&path, "%s/%s", dir, name);
    return sysfs_read(path.text, out, room);
}

bool sysfs_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

bool sysfs_write(const char *path, const char *text)
{
    scoped_by(cleanup_close) int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    size_t len = strlen(text);
    ssize_t put;
    do
        put = write(fd, text, len);
    while (put < 0 && errno == EINTR);
    return put == (ssize_t)len;
}

bool sysfs_integer(const char *text, int64_t *value)
{
    if (!(*text == '-' || (*text >= '0' && *text <= '9')))
        return false;
    char *end;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    if (errno != 0 || *end != '\0' || end == text)
        return false;
    *value = number;
    return true;
}

enum outcome sysfs_list(const char *dir, const char *prefix, bool (*each)(void *context, const char *name),
                        void *context, struct why *why)
{
    struct dirent **sorted;
    int count = scandir(dir, &sorted, NULL, alphasort);
    if (count < 0)
        return fail(why, RETRY, "cannot list %s: %s", dir, strerror(errno));
    size_t prefix_len = strlen(prefix);
    bool more = true;
    for (int i = 0; i < count; i++) {
        if (more && strncmp(sorted[i]->d_name, prefix, prefix_len) == 0)
            more = each(context, sorted[i]->d_name);
        free(sorted[i]);
    }
    free(sorted);
    return DONE;
}
