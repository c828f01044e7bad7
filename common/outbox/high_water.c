#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "common/outbox/internal.h"

/* Two slots, a page apart and written in turn: a torn write spoils one and leaves the other. */
enum { SLOT_APART = 4096 };

struct slot {
    char magic[8];
    uint64_t turn;
    uint8_t epoch[16];
    uint64_t seq;
    uint8_t body_hash[32];
    uint64_t hash; /* of all before it */
};

static const char magic[8] = "SILHIGH1";

static uint64_t slot_hash(const struct slot *slot)
{
    return hash_of_bytes(0xcbf29ce484222325u, slot, offsetof(struct slot, hash));
}

static void read_slot(struct high_water *high, int which)
{
    struct slot slot;
    if (pread(high->fd, &slot, sizeof slot, (off_t)which * SLOT_APART) != (ssize_t)sizeof slot)
        return;
    if (memcmp(slot.magic, magic, sizeof magic) != 0 || slot.hash != slot_hash(&slot))
        return;
    if (high->known && slot.turn < high->turn)
        return;
    high->known = true;
    high->turn = slot.turn;
    high->seq = slot.seq;
    memcpy(high->epoch, slot.epoch, sizeof high->epoch);
    memcpy(high->body_hash, slot.body_hash, sizeof high->body_hash);
}

void high_water_open(struct high_water *high, const char *path)
{
    high->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (high->fd < 0)
        return;
    read_slot(high, 0);
    read_slot(high, 1);
}

bool high_water_write(struct high_water *high, const uint8_t epoch[16], uint64_t seq, const uint8_t body_hash[32])
{
    struct slot slot = {.turn = high->turn + 1, .seq = seq};
    memcpy(slot.magic, magic, sizeof magic);
    memcpy(slot.epoch, epoch, sizeof slot.epoch);
    memcpy(slot.body_hash, body_hash, sizeof slot.body_hash);
    slot.hash = slot_hash(&slot);
    if (high->fd < 0 || !write_whole(high->fd, &slot, sizeof slot, (int64_t)(slot.turn % 2) * SLOT_APART))
        return false;
    /* fdatasync before anybody may send this seq: else a card restored to an older state could use it again. */
    if (fdatasync(high->fd) != 0)
        return false;
    high->known = true;
    high->turn = slot.turn;
    high->seq = seq;
    memcpy(high->epoch, epoch, sizeof high->epoch);
    memcpy(high->body_hash, body_hash, sizeof high->body_hash);
    return true;
}

void high_water_raise(struct outbox *o)
{
    uint64_t last = o->next_seq - 1;
    if (last == 0 || (o->high.known && o->high.seq >= last && memcmp(o->high.epoch, o->epoch.epoch, 16) == 0))
        return;
    if (o->high.fd < 0)
        high_water_open(&o->high, o->high_path);
    (void)high_water_write(&o->high, o->epoch.epoch, last, o->last_body_hash);
}

void high_water_close(struct high_water *high)
{
    if (high->fd >= 0)
        (void)close(high->fd);
    high->fd = -1;
}
