#include "gateway/blocks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Everything one block needs, so that one allocation holds as many as there can be. */
struct cell {
    Silsila__V1__Item item;
    Silsila__V1__TemperatureBlock block;
    Silsila__V1__Instant up;
};

enum { STEP_MOST_MS = 0x7fffffff, LEAST_JOINED = 3 };

void taken_copy(struct taken *to, const struct outbox_sample *from)
{
    *to = (struct taken){.id = from->id,
                         .scheduled_ms = from->scheduled_ms,
                         .value_mc = from->value_mc,
                         .quality = from->quality,
                         .has_value = from->has_value,
                         .has_up_ms = from->has_up_ms,
                         .thinned = from->thinned,
                         .up_ms = from->up_ms};
    (void)snprintf(to->source, sizeof to->source, "%s", from->source);
}

static int by_source_then_id(const void *a, const void *b)
{
    const struct taken *x = a, *y = b;
    int order = strcmp(x->source, y->source);
    return order != 0 ? order : (x->id > y->id) - (x->id < y->id);
}

static bool alike(const struct taken *a, const struct taken *b)
{
    return strcmp(a->source, b->source) == 0 && a->quality == b->quality && a->has_value == b->has_value &&
           a->has_up_ms == b->has_up_ms && a->thinned == b->thinned;
}

/* From a to b in time, or 0 when they cannot stand in one block. */
static int64_t step_between(const struct taken *a, const struct taken *b)
{
    int64_t step = b->scheduled_ms - a->scheduled_ms;
    bool joins = alike(a, b) && step > 0 && step <= STEP_MOST_MS &&
                 llabs((long long)b->value_mc - a->value_mc) <= INT32_MAX &&
                 (!a->has_up_ms || b->up_ms - a->up_ms == step);
    return joins ? step : 0;
}

/* How many samples from `first` on make one block. */
static size_t run_length(const struct taken *first, size_t most)
{
    size_t len = 1;
    int64_t step = most > 1 ? step_between(&first[0], &first[1]) : 0;
    if (step == 0)
        return 1;
    while (len < most && step_between(&first[len - 1], &first[len]) == step)
        len++;
    /* Two joined by a step that the third does not share are usually a gap: better the second begins the next block. */
    if (len < LEAST_JOINED && len < most && step_between(&first[len - 1], &first[len]) != 0)
        return 1;
    return len;
}

static void fill_block(struct cell *cell, struct taken *first, size_t len, int32_t *values)
{
    Silsila__V1__TemperatureBlock *block = &cell->block;
    silsila__v1__item__init(&cell->item);
    silsila__v1__temperature_block__init(block);
    silsila__v1__instant__init(&cell->up);
    block->probe = first->source;
    block->t0_ms = first->scheduled_ms;
    block->step_ms = len > 1 ? (uint32_t)(first[1].scheduled_ms - first[0].scheduled_ms) : 1;
    block->quality = (Silsila__V1__Quality)first->quality;
    block->thinned = first->thinned;
    cell->up.ms = first->up_ms;
    block->up = first->has_up_ms ? &cell->up : NULL;
    if (first->has_value) {
        for (size_t i = 0; i < len; i++)
            values[i] = i == 0 ? first[0].value_mc : first[i].value_mc - first[i - 1].value_mc;
        block->values = values;
        block->n_values = len;
    } else {
        block->count = (uint32_t)len;
    }
    cell->item.kind_case = SILSILA__V1__ITEM__KIND_TEMPERATURE;
    cell->item.temperature = block;
}

enum outcome blocks_build(struct taken *samples, size_t count, struct blocks *blocks, struct why *why)
{
    /* At most one block a sample: items' pointers, cells, values, in this order. */
    size_t each = sizeof(Silsila__V1__Item *) + sizeof(struct cell) + sizeof(int32_t);
    char *storage = calloc(count + 1, each);
    *blocks = (struct blocks){0};
    if (!storage)
        return fail(why, RETRY, "out of memory for %zu samples", count);
    blocks->storage = storage;
    blocks->items = (Silsila__V1__Item **)(void *)storage;
    struct cell *cells = (struct cell *)(void *)(storage + (count + 1) * sizeof(Silsila__V1__Item *));
    int32_t *values = (int32_t *)(void *)(cells + count);
    qsort(samples, count, sizeof *samples, by_source_then_id);
    for (size_t at = 0; at < count;) {
        size_t len = run_length(&samples[at], count - at);
        struct cell *cell = &cells[blocks->count];
        fill_block(cell, &samples[at], len, &values[at]);
        blocks->items[blocks->count++] = &cell->item;
        at += len;
    }
    return DONE;
}

void blocks_free(struct blocks *blocks)
{
    free(blocks->storage);
    *blocks = (struct blocks){0};
}

size_t blocks_size(const struct blocks *blocks)
{
    size_t size = 0;
    for (size_t i = 0; i < blocks->count; i++)
        size += silsila__v1__item__get_packed_size(blocks->items[i]) + 4; /* tag and length */
    return size;
}
