#include "cli/sender_queue.h"

#include <stdlib.h>
#include <string.h>

void sender_queue_clear(struct sender_queue *queue)
{
    queue->count = queue->on_the_way = queue->next = 0;
    queue->failed = false;
}

void sender_queue_free(struct sender_queue *queue)
{
    free(queue->waiting);
    *queue = (struct sender_queue){0};
}

bool sender_queue_add(struct sender_queue *queue, const uint8_t epoch[16], uint64_t seq)
{
    if (queue->count == queue->room) {
        size_t room = queue->room ? 2 * queue->room : 256;
        struct sender_waiting *grown = reallocarray(queue->waiting, room, sizeof *grown);
        if (!grown) {
            queue->failed = true;
            return false;
        }
        queue->waiting = grown;
        queue->room = room;
    }
    struct sender_waiting *added = &queue->waiting[queue->count++];
    *added = (struct sender_waiting){.place.seq = seq};
    memcpy(added->place.epoch, epoch, 16);
    return true;
}

/* splitmix64: small, and any seed will do. */
static uint64_t draw(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

void sender_queue_shuffle(struct sender_queue *queue, uint64_t seed)
{
    for (size_t left = queue->count; left > 1; left--) {
        size_t chosen = (size_t)(draw(&seed) % left);
        struct sender_waiting kept = queue->waiting[left - 1];
        queue->waiting[left - 1] = queue->waiting[chosen];
        queue->waiting[chosen] = kept;
    }
}

const struct sender_place *sender_queue_next(struct sender_queue *queue)
{
    while (queue->next < queue->count && queue->waiting[queue->next].sent_ms)
        queue->next++;
    return queue->next < queue->count ? &queue->waiting[queue->next].place : NULL;
}

void sender_queue_sent(struct sender_queue *queue, int64_t now_ms)
{
    queue->waiting[queue->next].sent_ms = now_ms > 0 ? now_ms : 1;
    queue->on_the_way++;
}

void sender_queue_overdue(struct sender_queue *queue, int64_t before_ms)
{
    for (size_t i = 0; i < queue->count; i++) {
        if (!queue->waiting[i].sent_ms || queue->waiting[i].sent_ms >= before_ms)
            continue;
        queue->waiting[i].sent_ms = 0;
        queue->on_the_way--;
        if (i < queue->next)
            queue->next = i;
    }
}

void sender_queue_receipted(struct sender_queue *queue, const uint8_t epoch[16], uint64_t from, uint64_t to)
{
    size_t kept = 0;
    for (size_t i = 0; i < queue->count; i++) {
        const struct sender_waiting *waiting = &queue->waiting[i];
        if (waiting->place.seq >= from && waiting->place.seq <= to &&
            memcmp(waiting->place.epoch, epoch, 16) == 0) {
            queue->on_the_way -= waiting->sent_ms != 0;
            continue;
        }
        queue->waiting[kept++] = queue->waiting[i];
    }
    queue->count = kept;
    queue->next = 0;
}
