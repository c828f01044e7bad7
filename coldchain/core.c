#include "coldchain/core.h"

enum outcome core_fold(const struct facts *facts, struct arena *arena, struct results *results, struct why *why)
{
    *results = (struct results){
        .equipment = arena_new(arena, facts->equipment_count, sizeof *results->equipment),
        .lots = arena_new(arena, facts->lot_count, sizeof *results->lots),
        .events = arena_new(arena, facts->event_count, sizeof *results->events),
    };
    if (arena->failed)
        return fail(why, RETRY, "folding: out of memory");
    return DONE;
}
