#include "common/log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { LINE_MOST = 2048, OFTEN_FREE = 8, OFTEN_EVERY_MS = 60000 };

/* Process-wide by the header's promise: set at start, read by whatever thread logs. */
static _Atomic int most_level = LOG_LEVEL_INFO;

void log_set_level(enum log_level most)
{
    atomic_store(&most_level, (int)most);
}

/* One write(2) a line, so that lines of several threads and processes never mix. A log that cannot be written (a full
 * disk) is dropped: the service is worth more than its log. */
static void write_line(char *line, size_t len)
{
    line[len] = '\n';
    ssize_t written;
    do
        written = write(STDERR_FILENO, line, len + 1);
    while (written < 0 && errno == EINTR);
}

static size_t clipped(int used, size_t room)
{
    if (used < 0)
        return 0;
    return (size_t)used < room ? (size_t)used : room - 1;
}

static void PRINTF_LIKE(4, 0) format_line(enum log_level level, const char *event, uint64_t held_back, const char *format, va_list args)
{
    char line[LINE_MOST];
    const size_t room = sizeof line - 1; /* the newline's place */
    size_t len = clipped(snprintf(line, room, "<%d>event=%s ", (int)level, event), room);
    len += clipped(vsnprintf(line + len, room - len, format, args), room - len);
    if (held_back > 0)
        len += clipped(snprintf(line + len, room - len, " held_back=%" PRIu64, held_back), room - len);
    for (size_t i = 0; i < len; i++)
        if (line[i] == '\n')
            line[i] = ' '; /* a value that was not quoted must not make a second line */
    while (len > 0 && line[len - 1] == ' ')
        len--;
    write_line(line, len);
}

void log_line(enum log_level level, const char *event, const char *format, ...)
{
    if ((int)level > atomic_load(&most_level))
        return;
    va_list args;
    va_start(args, format);
    format_line(level, event, 0, format, args);
    va_end(args);
}

static int64_t now_ms(void)
{
    struct timespec t = {0};
    (void)clock_gettime(CLOCK_BOOTTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

bool log_rate_allows(struct log_rate *rate, int64_t at_ms, uint64_t *held_back)
{
    rate->seen++;
    bool early = rate->seen <= OFTEN_FREE && (rate->seen & (rate->seen - 1)) == 0;
    if (!early && at_ms - rate->last_ms < OFTEN_EVERY_MS)
        return false;
    *held_back = rate->seen - rate->printed_at_seen - 1;
    rate->printed_at_seen = rate->seen;
    rate->last_ms = at_ms;
    return true;
}

void log_often(struct log_rate *rate, enum log_level level, const char *event, const char *format, ...)
{
    uint64_t held_back = 0;
    if ((int)level > atomic_load(&most_level) || !log_rate_allows(rate, now_ms(), &held_back))
        return;
    va_list args;
    va_start(args, format);
    format_line(level, event, held_back, format, args);
    va_end(args);
}

static bool is_plain(const char *text)
{
    if (*text == '\0')
        return false;
    for (; *text; text++)
        if ((unsigned char)*text <= ' ' || *text == '"' || *text == '\\' || *text == 0x7f)
            return false;
    return true;
}

/* Writes one character, escaped where it must be, and returns how many were written. `to` has room for 4. */
static size_t put_escaped(char *to, char c)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char u = (unsigned char)c;
    if (c == '"' || c == '\\') {
        to[0] = '\\';
        to[1] = c;
        return 2;
    }
    if (u < ' ' || u == 0x7f) {
        to[0] = '\\';
        to[1] = 'x';
        to[2] = digits[u >> 4];
        to[3] = digits[u & 15];
        return 4;
    }
    to[0] = c;
    return 1;
}

const char *log_text(struct log_quoted *quoted, const char *text)
{
    const size_t room = sizeof quoted->text;
    if (is_plain(text) && strlen(text) < room) {
        memcpy(quoted->text, text, strlen(text) + 1);
        return quoted->text;
    }
    size_t len = 0;
    quoted->text[len++] = '"';
    for (; *text && len + 4 + 2 <= room; text++)
        len += put_escaped(quoted->text + len, *text);
    quoted->text[len++] = '"';
    quoted->text[len] = '\0';
    return quoted->text;
}
