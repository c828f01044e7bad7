#include "coldchain/core.h"

#include "coldchain/clock.h"
#include "coldchain/judge.h"

/* What the steps hand to each other. */
struct core {
    const struct facts *facts;
    struct arena *arena;
    struct results *results;
    struct judge *judge;
    int64_t *event_at;      /* by event: its time after clock repair, or TIME_NONE */
    struct lot_life *lives; /* by lot: custody's answer */
};

static enum outcome begin(struct core *core, struct why *why)
{
    const struct facts *facts = core->facts;
    *core->results = (struct results){
        .equipment = arena_new(core->arena, facts->equipment_count, sizeof *core->results->equipment),
        .lots = arena_new(core->arena, facts->lot_count, sizeof *core->results->lots),
        .events = arena_new(core->arena, facts->event_count, sizeof *core->results->events),
    };
    core->event_at = arena_new(core->arena, facts->event_count, sizeof *core->event_at);
    core->lives = arena_new(core->arena, facts->lot_count, sizeof *core->lives);
    struct sync *syncs = clock_sort(facts->syncs, facts->sync_count, core->arena);
    if (core->arena->failed)
        return fail(why, RETRY, "folding: out of memory");
    for (size_t i = 0; i < facts->event_count; i++)
        core->event_at[i] = clock_of_event(syncs, facts->sync_count, &facts->events[i]);
    core->judge = judge_begin(facts, syncs, core->arena);
    return core->judge ? DONE : fail(why, RETRY, "folding: out of memory");
}

static enum outcome fold_equipment(struct core *core, struct why *why)
{
    for (size_t i = 0; i < core->facts->equipment_count; i++) {
        enum outcome outcome =
            judge_equipment(core->judge, (int32_t)i, &core->results->equipment[i], why);
        if (outcome != DONE)
            return outcome;
    }
    return DONE;
}

static enum outcome fold_lots(struct core *core, struct why *why)
{
    judge_take_lives(core->judge, core->lives);
    for (size_t i = 0; i < core->facts->lot_count; i++) {
        core->results->lots[i].life = core->lives[i];
        enum outcome outcome = judge_lot(core->judge, (int32_t)i, &core->results->lots[i], why);
        if (outcome != DONE)
            return outcome;
    }
    return DONE;
}

enum outcome core_fold(const struct facts *facts, struct arena *arena, struct results *results, struct why *why)
{
    struct core core = {.facts = facts, .arena = arena, .results = results};
    enum outcome outcome = begin(&core, why);
    if (outcome == DONE)
        outcome = fold_equipment(&core, why);
    /* Custody fills core.lives here, from core.event_at … */
    if (outcome == DONE)
        outcome = fold_lots(&core, why);
    /* … and here adds the conflicts that need a verdict or a watermark. */
    return outcome;
}
