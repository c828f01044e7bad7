#include "cli/number.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool read_front(const char *text, int64_t *value, char **end)
{
    if (!((text[0] >= '0' && text[0] <= '9') || text[0] == '-'))
        return false; /* strtoll would take blanks and a plus */
    errno = 0;
    *value = strtoll(text, end, 10);
    return errno == 0 && *end != text;
}

bool number_read(const char *text, int64_t least, int64_t most, int64_t *value)
{
    char *end;
    return read_front(text, value, &end) && *end == '\0' && *value >= least && *value <= most;
}

bool duration_read(const char *text, int64_t *ms)
{
    static const struct {
        const char *unit;
        int64_t ms;
    } units[] = {{"s", 1000}, {"min", 60000}, {"h", 3600000}, {"d", 86400000}};
    int64_t count;
    char *end;
    if (!read_front(text, &count, &end) || count < 0 || count > 1000000)
        return false;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (strcmp(end, units[i].unit) == 0) {
            *ms = count * units[i].ms;
            return true;
        }
    }
    return false;
}
