/* Replay file: a CSV of recorded temperatures, whole in memory (16 bytes a row). */
#ifndef CLI_REPLAY_FILE_H
#define CLI_REPLAY_FILE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "coldchain/recording.h"
#include "common/hash.h"

struct replay_file {
    struct recorded *rows; /* the good ones, in the file's order */
    size_t count, room;
    size_t bad;
    int64_t earliest_ms;
    uint8_t hash[HASH_LEN]; /* of the good rows */
};

/* Reads all rows; each bad one is a line `FILE:LINE: why` on `complaints`. RETRY: the file cannot be read. */
MUST_CHECK enum outcome replay_file_read(struct replay_file *file, const char *path, FILE *complaints,
                                         struct why *why);
void replay_file_free(struct replay_file *file);

#endif
