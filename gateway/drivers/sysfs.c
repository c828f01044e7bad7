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

struct names {
    char (*names)[NAME_MAX + 1];
    size_t count, room;
};

static bool add_name(struct names *list, const char *name)
{
    if (list->count == list->room) {
        size_t room = list->room == 0 ? 16 : list->room * 2;
        void *grown = realloc(list->names, room * sizeof list->names[0]);
        if (!grown)
            return false;
        list->names = grown;
        list->room = room;
    }
    (void)snprintf(list->names[list->count++], sizeof list->names[0], "%s", name);
    return true;
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(a, b);
}

static void close_folder(DIR **folder)
{
    if (*folder)
        (void)closedir(*folder);
}

enum outcome sysfs_list(const char *dir, const char *prefix, bool (*each)(void *context, const char *name),
                        void *context, struct why *why)
{
    scoped_by(close_folder) DIR *folder = opendir(dir);
    struct names list = {0};
    if (!folder)
        return fail(why, RETRY, "cannot list %s: %s", dir, strerror(errno));
    bool whole = true;
    for (struct dirent *entry; whole && (entry = readdir(folder));)
        if (strncmp(entry->d_name, prefix, strlen(prefix)) == 0)
            whole = add_name(&list, entry->d_name);
    if (list.count > 0)
        qsort(list.names, list.count, sizeof list.names[0], by_bytes);
    for (size_t i = 0; whole && i < list.count && each(context, list.names[i]); i++)
        ;
    free(list.names);
    return whole ? DONE : fail(why, RETRY, "out of memory");
}
