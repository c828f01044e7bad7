/* sysfs: small text files of the kernel, read and written whole. The root ("/sys") is a setting, so that tests and the demo
 * bring trees of their own. Every call may block for as long as the kernel's driver does.
 */
#ifndef GATEWAY_DRIVERS_SYSFS_H
#define GATEWAY_DRIVERS_SYSFS_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/outcome.h"

struct sysfs_path {
    char text[PATH_MAX];
};

/* Joins; a path too long becomes one that does not exist. */
void sysfs_path(struct sysfs_path *path, const char *format, ...) PRINTF_LIKE(2, 3);

/* Reads up to `room` - 1 bytes and ends them with NUL, the last line feed cut off. Returns the length, or -errno. An empty
 * file is 0: for w1 that is how a failed read looks. */
long sysfs_read(const char *path, char *out, size_t room);

/* As above, for `dir`/`name`. */
long sysfs_read_in(const char *dir, const char *name, char *out, size_t room);

bool sysfs_exists(const char *path);

/* Writes `text` in one write(2) into a file that must exist. */
bool sysfs_write(const char *path, const char *text);

/* A whole decimal integer and nothing else. */
bool sysfs_integer(const char *text, int64_t *value);

/* Calls `each` with the name of every entry of `dir` that begins with `prefix`, in byte order, until it returns false.
 * RETRY: the folder cannot be read (also when it is not there). */
MUST_CHECK enum outcome sysfs_list(const char *dir, const char *prefix, bool (*each)(void *context, const char *name),
                                   void *context, struct why *why);

#endif
