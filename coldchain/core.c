#include "coldchain/core.h"

#include "coldchain/clock.h"
#include "coldchain/conflicts.h"
#include "coldchain/custody.h"
#include "coldchain/custody_verdicts.h"
#include "coldchain/judge.h"

/* What the steps hand to each other. */
struct core {
    const struct facts *facts;
    struct arena *arena;
    struct results *results;
    struct judge *judge;
    struct sync *syncs;
    struct custody *custody;
    conflict_list conflicts;
};

static enum outcome begin(struct core *core, struct why *why)
{
    const struct facts *facts = core->facts;
    *core->results = (struct results){
        .equipment = arena_new(core->arena, facts->equipment_count, sizeof *core->results->equipment),
        .lots = arena_new(core->arena, facts->lot_count, sizeof *core->results->lots),
        .events = arena_new(core->arena, facts->event_count, sizeof *core->results->events),
    };
    core->syncs = clock_sort(facts->syncs, facts->sync_count, core->arena);
    if (core->arena->failed)
        return fail(why, RETRY, "folding: out of memory");
    core->judge = judge_begin(facts, core->syncs, core->arena);
    core->custody = custody_begin(facts, core->arena);
    return core->judge && core->custody ? DONE : fail(why, RETRY, "folding: out of memory");
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

static enum outcome fold_custody(struct core *core, struct why *why)
{
    struct event_result *events = core->results->events;
    size_t count = 0;
    for (size_t i = 0; i < core->facts->event_count; i++)
        events[i].voided_by = NONE;
    const struct ordered_event *ordered =
        custody_order(core->facts, core->syncs, core->arena, events, &core->conflicts, &count);
    if (!ordered)
        return fail(why, RETRY, "ordering events: out of memory");
    enum outcome outcome = custody_fold(core->custody, ordered, count, why);
    for (size_t i = 0; i < core->facts->event_count; i++)
        events[i].effect = events[i].effect || custody_effect(core->custody, (int32_t)i);
    return outcome;
}

static enum outcome fold_lots(struct core *core, struct why *why)
{
    struct lot_life *lives = custody_lives(core->custody, core->arena);
    if (!lives)
        return fail(why, RETRY, "folding lives: out of memory");
    judge_take_lives(core->judge, lives);
    for (size_t i = 0; i < core->facts->lot_count; i++) {
        struct lot_result *lot = &core->results->lots[i];
        const struct lot_state *state = custody_state(core->custody, (int32_t)i);
        lot->life = lives[i];
        lot->state = state->stock;
        lot->held = state->on_hold || state->recalled;
        enum outcome outcome = judge_lot(core->judge, (int32_t)i, lot, why);
        if (outcome != DONE)
            return outcome;
    }
    return DONE;
}

static enum outcome fold_conflicts(struct core *core, struct why *why)
{
    size_t count = 0;
    const struct conflict *found = custody_conflicts(core->custody, &count);
    for (size_t i = 0; i < count; i++)
        vec_push(core->arena, &core->conflicts, found[i]);
    enum outcome outcome = custody_verdicts(core->facts, core->custody, core->judge, core->results->lots, core->arena,
                                            &core->conflicts, why);
    if (outcome != DONE)
        return outcome;
    conflicts_show(&core->conflicts, core->facts->event_count, core->arena, core->results);
    return core->arena->failed ? fail(why, RETRY, "sorting conflicts: out of memory") : DONE;
}

enum outcome core_fold(const struct facts *facts, struct arena *arena, struct results *results, struct why *why)
{
    struct core core = {.facts = facts, .arena = arena, .results = results};
    enum outcome outcome = begin(&core, why);
    if (outcome == DONE)
        outcome = fold_equipment(&core, why);
    if (outcome == DONE)
        outcome = fold_custody(&core, why);
    if (outcome == DONE)
        outcome = fold_lots(&core, why);
    if (outcome == DONE)
        outcome = fold_conflicts(&core, why);
    return outcome;
}
