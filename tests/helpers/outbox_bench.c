#include "tests/helpers/outbox_bench.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void scratch_make(struct scratch *s)
{
    memset(s, 0, sizeof *s);
    const char *base = getenv("TMPDIR");
    (void)snprintf(s->folder, sizeof s->folder, "%s/outbox-XXXXXX", base ? base : "/tmp");
    if (!mkdtemp(s->folder))
        abort();
    (void)snprintf(s->path, sizeof s->path, "%s/outbox.db", s->folder);
    s->settings.path = s->path;
    memset(s->settings.boot_id, 1, sizeof s->settings.boot_id);
    s->settings.retention_ms = 1000;
}

void scratch_remove(struct scratch *s)
{
    DIR *dir = opendir(s->folder);
    for (struct dirent *e = dir ? readdir(dir) : NULL; e; e = readdir(dir)) {
        char path[512];
        (void)snprintf(path, sizeof path, "%s/%s", s->folder, e->d_name);
        if (e->d_name[0] != '.')
            (void)unlink(path);
    }
    if (dir)
        (void)closedir(dir);
    (void)rmdir(s->folder);
}

bool scratch_has(const struct scratch *s, const char *suffix)
{
    char path[256];
    (void)snprintf(path, sizeof path, "%s%s", s->path, suffix);
    return access(path, F_OK) == 0;
}

enum outcome take_readings(struct outbox *o, const char *source, int64_t first_ms, int count, struct why *why)
{
    for (int i = 0; i < count; i++) {
        struct outbox_sample sample = {
            .source = source, .scheduled_ms = first_ms + i * 60000, .value_mc = i, .has_value = true};
        enum outcome outcome = outbox_take(o, &sample, 1, first_ms + i * 60000, why);
        if (outcome != DONE)
            return outcome;
    }
    return DONE;
}

void hash_of_body(const uint8_t epoch[16], uint64_t seq, uint8_t hash[32])
{
    memcpy(hash, epoch, 16);
    memset(hash + 16, 0, 16);
    memcpy(hash + 24, &seq, sizeof seq);
}

static enum outcome make_body(void *context, const struct outbox_state *state, struct buffer *raw, uint8_t hash[32],
                              struct why *why)
{
    (void)context;
    (void)why;
    char hex[33];
    bytes_to_hex(bytes_of(state->epoch.epoch, 16), hex);
    buffer_printf(raw, "body %s %llu", hex, (unsigned long long)state->next_seq);
    hash_of_body(state->epoch.epoch, state->next_seq, hash);
    return DONE;
}

struct ids {
    int64_t id[4096];
    size_t count;
};

static bool note_id(void *context, const struct outbox_sample *sample)
{
    struct ids *ids = context;
    ids->id[ids->count++] = sample->id;
    return ids->count < sizeof ids->id / sizeof ids->id[0];
}

enum outcome seal_all(struct outbox *o, int64_t now_ms, struct why *why)
{
    static struct ids ids;
    ids.count = 0;
    enum outcome outcome = outbox_samples(o, SIZE_MAX, note_id, &ids, why);
    return outcome == DONE ? outbox_seal(o, ids.id, ids.count, make_body, NULL, now_ms, why) : outcome;
}

enum outcome receipt_through(struct outbox *o, const uint8_t epoch[16], uint64_t through, int64_t now_ms, uint64_t *newly,
                             bool *rewound, struct why *why)
{
    struct outbox_range range = {1, through, {0}};
    hash_of_body(epoch, through, range.hash);
    return outbox_receipt(o, epoch, &range, 1, now_ms, newly, rewound, why);
}

static bool count_one(void *context, const struct outbox_envelope *envelope)
{
    (void)envelope;
    ++*(uint64_t *)context;
    return true;
}

uint64_t count_open(struct outbox *o, const uint8_t epoch[16])
{
    struct why why = {""};
    uint64_t count = 0;
    if (outbox_unreceipted(o, epoch, 0, SIZE_MAX, count_one, &count, &why) != DONE)
        return UINT64_MAX;
    return count;
}
