/* outbox_life PATH ROUNDS FIRST BOOT RECEIPTS: the life of an outbox as a process of its own, for a harness to kill and to starve.
 *
 * Each round takes two samples (scheduled_ms FIRST, FIRST + 1, …), every third round seals them all, every RECEIPTS-th (0: none) gives a
 * right receipt for all but the last body. A body is "EPOCH SEQ NONCE:" and the instants sealed in it, its hash the first
 * 32 bytes of that. What was DONE is told on stdout by one raw write(2) each, never through the shim:
 *   open EPOCH SEQ | took INSTANT | sealed EPOCH SEQ NONCE | receipted EPOCH SEQ | failed WHAT | unsure WHAT | closed
 * Exit 0: the rounds were gone through, whatever failed in them. 3: the outbox would not open.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/outbox.h"

struct life {
    struct outbox *outbox;
    char nonce[24];
    int64_t ids[512];
    size_t count;
    char instants[512 * 12];
    size_t used;
};

static void tell(const char *format, ...) PRINTF_LIKE(1, 2);
static void tell(const char *format, ...)
{
    char line[256];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(line, sizeof line - 1, format, args);
    va_end(args);
    line[len++] = '\n';
    (void)syscall(SYS_write, 1, line, (size_t)len);
}

static void failed(enum outcome outcome, const char *what, const struct why *why)
{
    tell("%s %s: %s", outcome == UNSURE ? "unsure" : "failed", what, why->text);
}

static bool note_sample(void *context, const struct outbox_sample *sample)
{
    struct life *life = context;
    if (life->count == 512)
        return false;
    life->ids[life->count++] = sample->id;
    int len = snprintf(life->instants + life->used, sizeof life->instants - life->used, " %lld",
                       (long long)sample->scheduled_ms);
    life->used += (size_t)len;
    return true;
}

static enum outcome make_body(void *context, const struct outbox_state *state, struct buffer *raw, uint8_t hash[32],
                              struct why *why)
{
    (void)why;
    struct life *life = context;
    char hex[33];
    static const uint8_t none[32];
    bytes_to_hex(bytes_of(state->epoch.epoch, 16), hex);
    (void)snprintf(life->nonce, sizeof life->nonce, "%ld.%llu", (long)getpid(), (unsigned long long)state->next_seq);
    buffer_add_text(raw, hex);
    buffer_printf(raw, " %llu %s:", (unsigned long long)state->next_seq, life->nonce);
    buffer_add(raw, life->instants, life->used);
    memcpy(hash, none, 32);
    if (!raw->failed) {
        memcpy(hash, raw->data, 8);
        memcpy(hash + 8, &state->next_seq, 8);
        memcpy(hash + 16, life->nonce, strnlen(life->nonce, 16));
    }
    return DONE;
}

static void take_two(struct life *life, int64_t first)
{
    struct why why = {""};
    struct outbox_sample samples[2] = {{.source = "28-01", .scheduled_ms = first, .value_mc = -30000, .has_value = true},
                                       {.source = "28-02", .scheduled_ms = first + 1, .value_mc = 4000, .has_value = true}};
    enum outcome outcome = outbox_take(life->outbox, samples, 2, first, &why);
    if (outcome != DONE) {
        failed(outcome, "take", &why);
        return;
    }
    tell("took %lld", (long long)first);
    tell("took %lld", (long long)first + 1);
}

static void seal(struct life *life, int64_t now_ms)
{
    struct why why = {""};
    struct outbox_state state;
    char hex[33];
    life->count = life->used = 0;
    enum outcome outcome = outbox_samples(life->outbox, 512, note_sample, life, &why);
    if (outcome == DONE)
        outcome = outbox_seal(life->outbox, life->ids, life->count, make_body, life, now_ms, &why);
    if (outcome != DONE) {
        failed(outcome, "seal", &why);
        return;
    }
    outbox_read_state(life->outbox, &state);
    bytes_to_hex(bytes_of(state.epoch.epoch, 16), hex);
    tell("sealed %s %llu %s", hex, (unsigned long long)state.next_seq - 1, life->nonce);
}

struct find {
    uint64_t wanted;
    uint8_t hash[32];
    bool found;
};

static bool note_hash(void *context, const struct outbox_envelope *envelope)
{
    struct find *find = context;
    find->found = envelope->seq == find->wanted;
    memcpy(find->hash, envelope->body_hash, 32);
    return false;
}

static void receipt(struct life *life, int64_t now_ms)
{
    struct why why = {""};
    struct outbox_state state;
    char hex[33];
    outbox_read_state(life->outbox, &state);
    if (state.next_seq < 3)
        return;
    struct find find = {.wanted = state.next_seq - 2};
    enum outcome outcome = outbox_unreceipted(life->outbox, state.epoch.epoch, find.wanted - 1, 1, note_hash, &find, &why);
    if (outcome == DONE && !find.found)
        return;
    struct outbox_range range = {1, find.wanted, {0}};
    memcpy(range.hash, find.hash, 32);
    uint64_t newly;
    bool rewound;
    if (outcome == DONE)
        outcome = outbox_receipt(life->outbox, state.epoch.epoch, &range, 1, now_ms, &newly, &rewound, &why);
    bytes_to_hex(bytes_of(state.epoch.epoch, 16), hex);
    if (outcome == DONE)
        tell("receipted %s %llu", hex, (unsigned long long)range.to);
    else
        failed(outcome, "receipt", &why);
}

int main(int argc, char **argv)
{
    if (argc != 6)
        return 2;
    static struct life life;
    struct why why = {""};
    long rounds = strtol(argv[2], NULL, 10);
    int64_t first = strtoll(argv[3], NULL, 10);
    long receipts = strtol(argv[5], NULL, 10);
    struct outbox_settings settings = {.path = argv[1], .retention_ms = INT64_MAX / 4};
    memset(settings.boot_id, (int)strtol(argv[4], NULL, 10), sizeof settings.boot_id);
    if (outbox_open(&life.outbox, &settings, first, &why) != DONE) {
        tell("failed open: %s", why.text);
        return 3;
    }
    struct outbox_state state;
    char hex[33];
    outbox_read_state(life.outbox, &state);
    bytes_to_hex(bytes_of(state.epoch.epoch, 16), hex);
    tell("open %s %llu", hex, (unsigned long long)state.next_seq);
    for (long round = 0; rounds < 0 || round < rounds; round++) {
        take_two(&life, first + 2 * round);
        if (round % 3 == 2)
            seal(&life, first + 2 * round);
        if (receipts && round % receipts == receipts - 1)
            receipt(&life, first + 2 * round);
    }
    outbox_close(&life.outbox);
    tell("closed");
    return 0;
}
