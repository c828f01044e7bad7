#include "gateway/ring.h"

#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"

struct slot {
    struct outbox_sample sample; /* its source and item point into `kept` */
    char *kept;
};

struct ring {
    struct slot *slots;
    size_t room, first, count;
    struct ring_lost lost;
};

enum outcome ring_open(struct ring **made, size_t room, struct why *why)
{
    struct ring *ring = calloc(1, sizeof *ring);
    if (ring)
        ring->slots = calloc(room, sizeof *ring->slots);
    if (!ring || !ring->slots) {
        free(ring);
        return fail(why, RETRY, "out of memory");
    }
    ring->room = room;
    *made = ring;
    return DONE;
}

void ring_close(struct ring **ring)
{
    if (!*ring)
        return;
    ring_drop(*ring, (*ring)->count);
    free((*ring)->slots);
    free(*ring);
    *ring = NULL;
}

static struct slot *slot_at(const struct ring *ring, size_t index)
{
    return &ring->slots[(ring->first + index) % ring->room];
}

static void count_lost(struct ring *ring, const struct outbox_sample *sample)
{
    struct ring_lost *lost = &ring->lost;
    int64_t at = sample->scheduled_ms;
    lost->from_ms = lost->count == 0 || at < lost->from_ms ? at : lost->from_ms;
    lost->until_ms = lost->count == 0 || at > lost->until_ms ? at : lost->until_ms;
    lost->count++;
}

/* The oldest reading goes, or with nothing but items left the oldest item. */
static void push_out_one(struct ring *ring)
{
    size_t victim = 0;
    while (victim < ring->count && slot_at(ring, victim)->sample.item.len > 0)
        victim++;
    if (victim == ring->count)
        victim = 0;
    count_lost(ring, &slot_at(ring, victim)->sample);
    free(slot_at(ring, victim)->kept);
    for (size_t i = victim; i + 1 < ring->count; i++)
        *slot_at(ring, i) = *slot_at(ring, i + 1);
    ring->count--;
}

void ring_push(struct ring *ring, const struct outbox_sample *sample)
{
    size_t source_len = strlen(sample->source) + 1;
    char *kept = malloc(source_len + sample->item.len);
    if (!kept) {
        count_lost(ring, sample);
        return;
    }
    if (ring->count == ring->room)
        push_out_one(ring);
    memcpy(kept, sample->source, source_len);
    if (sample->item.len > 0)
        memcpy(kept + source_len, sample->item.data, sample->item.len);
    struct slot *slot = slot_at(ring, ring->count++);
    *slot = (struct slot){*sample, kept};
    slot->sample.source = kept;
    slot->sample.item = bytes_of(sample->item.len > 0 ? kept + source_len : NULL, sample->item.len);
}

size_t ring_count(const struct ring *ring)
{
    return ring->count;
}

size_t ring_peek(const struct ring *ring, struct outbox_sample *out, size_t most)
{
    size_t count = ring->count < most ? ring->count : most;
    for (size_t i = 0; i < count; i++)
        out[i] = slot_at(ring, i)->sample;
    return count;
}

void ring_drop(struct ring *ring, size_t count)
{
    for (size_t i = 0; i < count && ring->count > 0; i++) {
        free(slot_at(ring, 0)->kept);
        ring->first = (ring->first + 1) % ring->room;
        ring->count--;
    }
}

struct ring_lost ring_lost_take(struct ring *ring)
{
    struct ring_lost lost = ring->lost;
    ring->lost = (struct ring_lost){0};
    return lost;
}
