/* Blocks: single samples become temperature blocks (probe, first instant, step, values), the form they are sealed in.
 *
 * Samples of one probe that follow each other in equal steps with one quality share a block; anything else begins a new
 * one. Order within a probe is kept. Pure but for memory.
 */
#ifndef GATEWAY_BLOCKS_H
#define GATEWAY_BLOCKS_H

#include "common/outbox.h"
#include "schema/body.pb-c.h"

struct taken {
    int64_t id;
    char source[65];
    int64_t scheduled_ms;
    int32_t value_mc;
    uint32_t quality;
    bool has_value, has_up_ms, thinned;
    int64_t up_ms;
};

struct blocks {
    Silsila__V1__Item **items; /* `count` of them, in `storage` */
    size_t count;
    void *storage;
};

/* Copies what a view from the outbox says. */
void taken_copy(struct taken *to, const struct outbox_sample *from);

/* Sorts `samples` by probe (their order within a probe stays) and builds the blocks, which point into them: `samples` must
 * outlive `blocks`. RETRY: no memory. Free with blocks_free. */
MUST_CHECK enum outcome blocks_build(struct taken *samples, size_t count, struct blocks *blocks, struct why *why);
void blocks_free(struct blocks *blocks);

/* Bytes of all items as they will stand in a body. */
size_t blocks_size(const struct blocks *blocks);

#endif
