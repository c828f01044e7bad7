#include "coldchain/genealogy.h"

#include <stdlib.h>

/* Edges grouped by the lot they leave: first[lot] .. first[lot + 1]. */
struct side {
    const struct descent *edges;
    const size_t *first;
};

struct genealogy {
    struct side ways[2];
    size_t lot_count;
};

static int compare(int32_t a, int32_t b)
{
    return (a > b) - (a < b);
}

static int by_ends(const void *left, const void *right)
{
    const struct descent *a = left;
    const struct descent *b = right;
    int order = compare(a->from, b->from);
    if (order == 0)
        order = compare(a->to, b->to);
    return order != 0 ? order : compare(a->event, b->event);
}

/* `back`: the edges are turned round, so that one walk serves both ways. */
static bool group(const struct descent *edges, size_t count, size_t lot_count, bool back, struct arena *arena,
                  struct side *side)
{
    struct descent *sorted = arena_new(arena, count, sizeof *sorted);
    size_t *first = arena_new(arena, lot_count + 1, sizeof *first);
    if (!sorted || !first)
        return false;
    for (size_t i = 0; i < count; i++)
        sorted[i] = back ? (struct descent){edges[i].to, edges[i].from, edges[i].event} : edges[i];
    if (count > 1)
        qsort(sorted, count, sizeof *sorted, by_ends);
    for (size_t lot = 0, at = 0; lot <= lot_count; lot++) {
        while (at < count && (size_t)sorted[at].from < lot)
            at++;
        first[lot] = at;
    }
    *side = (struct side){sorted, first};
    return true;
}

struct genealogy *genealogy_make(const struct descent *edges, size_t count, size_t lot_count, struct arena *arena)
{
    struct genealogy *genealogy = arena_new(arena, 1, sizeof *genealogy);
    if (!genealogy || !group(edges, count, lot_count, false, arena, &genealogy->ways[TRACE_FORWARD]) ||
        !group(edges, count, lot_count, true, arena, &genealogy->ways[TRACE_BACK]))
        return NULL;
    genealogy->lot_count = lot_count;
    return genealogy;
}

const struct kin *genealogy_trace(const struct genealogy *genealogy, int32_t lot, enum trace way, struct arena *arena,
                                  size_t *count)
{
    const struct side *side = &genealogy->ways[way];
    struct kin *found = arena_new(arena, genealogy->lot_count + 1, sizeof *found);
    bool *seen = arena_new(arena, genealogy->lot_count, sizeof *seen);
    *count = 0;
    if (!found || !seen)
        return NULL;
    seen[lot] = true;
    struct kin at = {.lot = lot};
    for (size_t next = 0;; next++) {
        for (size_t i = side->first[at.lot]; i < side->first[at.lot + 1]; i++) {
            const struct descent *edge = &side->edges[i];
            if (seen[edge->to])
                continue;
            seen[edge->to] = true;
            found[(*count)++] = (struct kin){edge->to, at.lot, edge->event, at.steps + 1};
        }
        if (next == *count)
            return found;
        at = found[next];
    }
}
