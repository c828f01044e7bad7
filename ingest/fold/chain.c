#include "ingest/fold/chain.h"

#include <stdlib.h>
#include <string.h>

/* Index of the first range that ends at or after `seq`. */
static size_t range_at_or_after(const struct chain *chain, int64_t seq)
{
    size_t low = 0, high = chain->range_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (chain->ranges[middle].to < seq)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool make_room(struct chain *chain)
{
    if (chain->range_count < chain->range_room)
        return true;
    size_t room = chain->range_room ? chain->range_room * 2 : 4;
    struct chain_range *grown = realloc(chain->ranges, room * sizeof *grown);
    if (!grown)
        return false;
    chain->ranges = grown;
    chain->range_room = room;
    return true;
}

static void insert_range(struct chain *chain, size_t at, const struct chain_range *range)
{
    memmove(&chain->ranges[at + 1], &chain->ranges[at], (chain->range_count - at) * sizeof *range);
    chain->ranges[at] = *range;
    chain->range_count++;
}

static void remove_range(struct chain *chain, size_t at)
{
    chain->range_count--;
    memmove(&chain->ranges[at], &chain->ranges[at + 1], (chain->range_count - at) * sizeof chain->ranges[0]);
}

static bool names(const uint8_t *previous, bool has_previous, const uint8_t hash[32])
{
    return has_previous && memcmp(previous, hash, 32) == 0;
}

enum chain_added chain_add(struct chain *chain, int64_t seq, const uint8_t *previous, const uint8_t body_hash[32],
                           struct chain_links *links)
{
    *links = (struct chain_links){0};
    size_t at = range_at_or_after(chain, seq);
    if (at < chain->range_count && chain->ranges[at].from <= seq)
        return CHAIN_REPEATED;
    if (!make_room(chain))
        return CHAIN_NO_MEMORY;

    struct chain_range one = {.from = seq, .to = seq, .has_first_previous = previous != NULL};
    if (previous)
        memcpy(one.first_previous, previous, 32);
    memcpy(one.last_hash, body_hash, 32);

    bool joins_after = at < chain->range_count && chain->ranges[at].from == seq + 1;
    bool joins_before = at > 0 && chain->ranges[at - 1].to == seq - 1;
    if (joins_before) {
        struct chain_range *before = &chain->ranges[at - 1];
        links->broken_before = !names(one.first_previous, one.has_first_previous, before->last_hash);
    }
    if (joins_after) {
        struct chain_range *after = &chain->ranges[at];
        links->broken_after = !names(after->first_previous, after->has_first_previous, body_hash);
        one.to = after->to;
        memcpy(one.last_hash, after->last_hash, 32);
        remove_range(chain, at);
    }
    if (joins_before) {
        chain->ranges[at - 1].to = one.to;
        memcpy(chain->ranges[at - 1].last_hash, one.last_hash, 32);
    } else {
        insert_range(chain, at, &one);
    }
    chain->dirty = true;
    return CHAIN_ADDED;
}

int64_t chain_through(const struct chain *chain)
{
    return chain->range_count > 0 && chain->ranges[0].from == 1 ? chain->ranges[0].to : 0;
}

bool chain_has_boot(const struct chain *chain, const uint8_t boot[16])
{
    for (size_t i = 0; i < chain->boot_count; i++) {
        if (memcmp(chain->boots[i], boot, 16) == 0)
            return true;
    }
    return false;
}

bool chain_saw_boot(struct chain *chain, const uint8_t boot[16])
{
    if (chain_has_boot(chain, boot))
        return false;
    if (chain->boot_count == chain->boot_room) {
        size_t room = chain->boot_room ? chain->boot_room * 2 : 2;
        uint8_t(*grown)[16] = realloc(chain->boots, room * sizeof *grown);
        if (!grown)
            return false;
        chain->boots = grown;
        chain->boot_room = room;
    }
    /* Kept sorted: the row must not depend on the order of arrival. */
    size_t at = chain->boot_count;
    while (at > 0 && memcmp(chain->boots[at - 1], boot, 16) > 0) {
        memcpy(chain->boots[at], chain->boots[at - 1], 16);
        at--;
    }
    memcpy(chain->boots[at], boot, 16);
    chain->boot_count++;
    chain->dirty = true;
    return true;
}

void chain_clear(struct chain *chain)
{
    chain->range_count = 0;
    chain->boot_count = 0;
    chain->first_heard = false;
    chain->has_previous = false;
    memset(chain->previous_epoch, 0, sizeof chain->previous_epoch);
    chain->last_certain_seq = 0;
    chain->reason = 0;
    chain->watermark_ms = CHAIN_NO_TIME;
    chain->heard_ms = CHAIN_NO_TIME;
    chain->disputed_from = 0;
    chain->has_branch = false;
    chain->config_version = 0;
    chain->dirty = true;
}

void chain_free(struct chain **chain)
{
    if (!*chain)
        return;
    free((*chain)->ranges);
    free((*chain)->boots);
    free(*chain);
    *chain = NULL;
}

static int by_epoch(const void *a, const void *b)
{
    return memcmp((*(struct chain *const *)a)->epoch, (*(struct chain *const *)b)->epoch, 16);
}

/* Whether `chain` follows the epoch that has the rank `wanted - 1` (or begins the chain, at 0). */
static bool follows(const struct chain *chain, const struct chain *before)
{
    if (!chain->first_heard)
        return false;
    if (!before)
        return !chain->has_previous;
    return chain->has_previous && memcmp(chain->previous_epoch, before->epoch, 16) == 0;
}

size_t chain_rank_all(struct chain **chains, size_t count)
{
    int32_t *ranks = malloc((count ? count : 1) * sizeof *ranks);
    struct chain **queue = malloc((count ? count : 1) * sizeof(struct chain *));
    size_t changed = 0;
    if (ranks && queue) {
        qsort(chains, count, sizeof(struct chain *), by_epoch);
        for (size_t i = 0; i < count; i++)
            ranks[i] = -1;
        /* Breadth first from the beginning: each epoch is ranked once, so a ring of epochs ends too. */
        size_t done = 0, found = 0;
        const struct chain *before = NULL;
        for (;;) {
            for (size_t i = 0; i < count; i++) {
                if (ranks[i] < 0 && follows(chains[i], before)) {
                    ranks[i] = (int32_t)found;
                    queue[found++] = chains[i];
                }
            }
            if (done == found)
                break;
            before = queue[done++];
        }
        for (size_t i = 0; i < count; i++) {
            if (chains[i]->rank != ranks[i]) {
                chains[i]->rank = ranks[i];
                chains[i]->dirty = true;
                changed++;
            }
        }
    }
    free(ranks);
    free(queue);
    return changed;
}

static void put_big_endian(uint8_t *to, uint64_t value, size_t len)
{
    for (size_t i = 0; i < len; i++)
        to[i] = (uint8_t)(value >> (8 * (len - 1 - i)));
}

size_t chain_place_in_order(const struct chain *chain, int64_t seq, int32_t item, uint8_t out[PLACE_IN_ORDER_MOST])
{
    size_t at = strlen(chain->sender);
    memcpy(out, chain->sender, at);
    out[at++] = 0;
    put_big_endian(out + at, chain->rank < 0 ? UINT32_MAX : (uint32_t)chain->rank, 4);
    memcpy(out + at + 4, chain->epoch, 16);
    put_big_endian(out + at + 20, (uint64_t)seq, 8);
    put_big_endian(out + at + 28, (uint32_t)item, 4);
    return at + 32;
}
