#include "cli/replay_bodies.h"

#include "cli/say.h"
#include "coldchain/envelope.h"

/* How many rows from the first on lie on one grid, and its step: 1 ms for a single one. */
static size_t run_length(const struct recorded *rows, size_t count, uint32_t *step_ms)
{
    *step_ms = 1;
    if (count < 2 || rows[1].at_ms <= rows[0].at_ms || rows[1].at_ms - rows[0].at_ms > UINT32_MAX)
        return 1;
    int64_t step = rows[1].at_ms - rows[0].at_ms;
    size_t len = 2;
    while (len < count && rows[len].at_ms - rows[len - 1].at_ms == step)
        len++;
    *step_ms = (uint32_t)step;
    return len;
}

void replay_body_fill(struct replay_body *body, const char *probe, const struct recorded *rows, size_t count)
{
    body->item_count = 0;
    body->latest_ms = rows[0].at_ms;
    for (size_t i = 0; i < count; i++) {
        body->values[i] = rows[i].value_mc;
        body->latest_ms = rows[i].at_ms > body->latest_ms ? rows[i].at_ms : body->latest_ms;
    }
    for (size_t at = 0; at < count;) {
        size_t n = body->item_count++;
        Silsila__V1__TemperatureBlock *block = &body->blocks[n];
        silsila__v1__temperature_block__init(block);
        silsila__v1__item__init(&body->items[n]);
        size_t len = run_length(rows + at, count - at, &block->step_ms);
        block->probe = wire_text(probe);
        block->t0_ms = rows[at].at_ms;
        block->values = body->values + at;
        block->n_values = len;
        /* Recorded values lie within 2,300 degrees of each other: no difference leaves 32 bits. */
        (void)!block_deltas(block->values, len);
        body->items[n].kind_case = SILSILA__V1__ITEM__KIND_TEMPERATURE;
        body->items[n].temperature = block;
        body->list[n] = &body->items[n];
        at += len;
    }
}
