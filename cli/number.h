/* Numbers as people type them. Pure. */
#ifndef CLI_NUMBER_H
#define CLI_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

/* A whole decimal number from least to most, and nothing behind it. */
bool number_read(const char *text, int64_t least, int64_t most, int64_t *value);

/* A length of time: a whole number with s, min, h or d behind it ("90s", "15min", "2h"), in milliseconds. */
bool duration_read(const char *text, int64_t *ms);

#endif
