#include "cli/replay_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"

static void close_file(FILE **file)
{
    if (*file)
        (void)fclose(*file);
}

static bool keep(struct replay_file *file, const struct recorded *row)
{
    if (file->count == file->room) {
        size_t room = file->room ? 2 * file->room : 4096;
        struct recorded *grown = reallocarray(file->rows, room, sizeof *grown);
        if (!grown)
            return false;
        file->rows = grown;
        file->room = room;
    }
    if (file->count == 0 || row->at_ms < file->earliest_ms)
        file->earliest_ms = row->at_ms;
    file->rows[file->count++] = *row;
    return true;
}

/* Byte by byte: padding has no say in it. */
static void hash_rows(struct replay_file *file)
{
    memset(file->hash, 0, HASH_LEN);
    for (size_t i = 0; i < file->count; i++) {
        const struct bytes parts[] = {bytes_of(file->hash, HASH_LEN), bytes_of(&file->rows[i].at_ms, 8),
                                      bytes_of(&file->rows[i].value_mc, 4)};
        sha256_parts(parts, 3, file->hash);
    }
}

enum outcome replay_file_read(struct replay_file *file, const char *path, FILE *complaints, struct why *why)
{
    scoped_by(close_file) FILE *in = fopen(path, "r");
    scoped_by(cleanup_free) char *line = NULL;
    size_t room = 0, number = 0;
    ssize_t len;
    *file = (struct replay_file){0};
    if (!in)
        return fail(why, RETRY, "%.200s: %s", path, strerror(errno));
    while ((len = getline(&line, &room, in)) >= 0) {
        struct recorded row;
        struct why bad = {""};
        enum recording_row kind = recording_row_read(bytes_of(line, (size_t)len), ++number == 1, &row, &bad);
        if (kind == RECORDING_BAD) {
            file->bad++;
            fprintf(complaints, "%s:%zu: %s\n", path, number, bad.text);
        } else if (kind == RECORDING_READING && !keep(file, &row)) {
            return fail(why, RETRY, "out of memory");
        }
    }
    if (ferror(in))
        return fail(why, RETRY, "%.200s: %s", path, strerror(errno));
    hash_rows(file);
    return DONE;
}

void replay_file_free(struct replay_file *file)
{
    free(file->rows);
    *file = (struct replay_file){0};
}
