/* Log: one line an event on stderr, `event=word key=value …`, with the journal's priority prefix (<6>).
 *
 * The one who decides logs, once. Values that hold a space, a quote or a control character are quoted by the caller
 * through log_text(). Secrets never: keys, passwords and whole bodies have no place here.
 *
 *     log_line(LOG_LEVEL_WARN, "receipt_ignored", "gateway=%s why=%s", id, log_text(&t, why.text));
 *
 * A lasting complaint gets rarer by itself: log_often() with a `struct log_rate` prints the 1st, 2nd, 4th and 8th time
 * and at most once a minute after that, and says how many it held back (`held_back=N`).
 * The level is process-wide, set once at start; lines are written whole by one write(2), at most 2,047 bytes, in any
 * thread. A `struct log_rate` belongs to one thread. A line that cannot be written is dropped: the service goes on.
 */
#ifndef COMMON_LOG_H
#define COMMON_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "common/outcome.h"

enum log_level { LOG_LEVEL_ERROR = 3, LOG_LEVEL_WARN = 4, LOG_LEVEL_NOTICE = 5, LOG_LEVEL_INFO = 6, LOG_LEVEL_DEBUG = 7 };

struct log_rate {
    uint64_t seen;
    uint64_t printed_at_seen;
    int64_t last_ms; /* boot time of the last line printed */
};

struct log_quoted {
    char text[512];
};

void log_set_level(enum log_level most);

void log_line(enum log_level level, const char *event, const char *format, ...) PRINTF_LIKE(3, 4);
void log_often(struct log_rate *rate, enum log_level level, const char *event, const char *format, ...) PRINTF_LIKE(4, 5);

/* The rule of log_often() by itself: counts one complaint at `at_ms` and says whether to print it, and how many were held
 * back since the last one printed. */
bool log_rate_allows(struct log_rate *rate, int64_t at_ms, uint64_t *held_back);

/* `text` as one value of a line: as it is when it is plain, else quoted with its quotes and control characters escaped,
 * cut to what fits. Returns quoted->text. */
const char *log_text(struct log_quoted *quoted, const char *text);

#endif
