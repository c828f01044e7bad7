#include "coldchain/judge.h"

#include <stdlib.h>
#include <string.h>

#include "coldchain/clock.h"
#include "coldchain/excursion.h"
#include "coldchain/judge_private.h"
#include "coldchain/threshold.h"

/* ---- beginning ---- */

/* The latest repaired time of any reading, sync or event (fine print 8); TIME_NONE when there is none. */
static int64_t latest_time(const struct judge *judge)
{
    const struct facts *facts = judge->facts;
    int64_t latest = TIME_NONE;
    for (size_t i = 0; i < facts->probe_count; i++) {
        const struct carried_list *list = &judge->readings[i];
        if (list->count > 0 && list->items[list->count - 1].t > latest)
            latest = list->items[list->count - 1].t;
    }
    for (size_t i = 0; i < facts->sync_count; i++)
        latest = facts->syncs[i].t > latest ? facts->syncs[i].t : latest;
    for (size_t i = 0; i < facts->event_count; i++) {
        int64_t at = clock_of_event(judge->syncs, facts->sync_count, &facts->events[i]);
        latest = at > latest ? at : latest;
    }
    return latest;
}

static void find_watermarks(struct judge *judge)
{
    int64_t latest = latest_time(judge);
    for (size_t i = 0; i < judge->facts->gateway_count; i++) {
        int64_t stated = judge->facts->gateways[i].heard_through;
        judge->watermarks[i] = stated == TIME_NONE ? latest : stated;
    }
}

static void bind_containers(struct judge *judge)
{
    const struct facts *facts = judge->facts;
    for (size_t i = 0; i < facts->lot_count; i++)
        judge->bound[i] = NONE;
    for (size_t i = 0; i < facts->equipment_count; i++)
        if (facts->equipment[i].container != NONE)
            judge->bound[facts->equipment[i].container] = (int32_t)i;
}

struct judge *judge_begin(const struct facts *facts, const struct sync *syncs, struct arena *arena)
{
    struct judge *judge = arena_new(arena, 1, sizeof *judge);
    if (!judge)
        return NULL;
    *judge = (struct judge){
        .facts = facts,
        .syncs = syncs,
        .arena = arena,
        .watermarks = arena_new(arena, facts->gateway_count, sizeof(int64_t)),
        .readings = arena_new(arena, facts->probe_count, sizeof(struct carried_list)),
        .monitored = arena_new(arena, facts->equipment_count, sizeof(struct interval_list)),
        .bound = arena_new(arena, facts->lot_count, sizeof(int32_t)),
        .equipment = arena_new(arena, facts->equipment_count, sizeof(struct judged_equipment)),
        .verdicts = arena_new(arena, facts->lot_count, sizeof(struct verdict)),
        .verdict_made = arena_new(arena, facts->lot_count, sizeof(bool)),
    };
    if (arena->failed)
        return NULL;
    for (size_t i = 0; i < facts->probe_count; i++)
        judge->readings[i] = carry_readings(&facts->probes[i], syncs, facts->sync_count, arena);
    find_watermarks(judge);
    bind_containers(judge);
    judge->placed = placements_resolve(facts, judge->watermarks, arena);
    if (!judge->placed)
        return NULL;
    for (size_t i = 0; i < facts->equipment_count; i++)
        if (facts->equipment[i].registered) /* fine print 33: one not registered is an unmonitored place */
            placements_monitored(judge->placed[i], arena, &judge->monitored[i]);
    return arena->failed ? NULL : judge;
}

void judge_take_lives(struct judge *judge, const struct lot_life *lives)
{
    judge->lives = lives;
}

/* ---- gateways and equipment ---- */

int64_t judge_gateway_watermark(const struct judge *judge, int32_t gateway)
{
    return judge->watermarks[gateway];
}

int64_t judge_equipment_watermark(struct judge *judge, int32_t equipment, int64_t at)
{
    return placements_watermark(judge->placed[equipment], at);
}

struct track judge_track(struct judge *judge, int32_t equipment, bool strict)
{
    struct judged_equipment *kept = &judge->equipment[equipment];
    if (!kept->track_made[strict]) {
        kept->tracks[strict] =
            track_make(judge->placed[equipment], judge->readings, judge->facts->equipment[equipment].max_gap_ms,
                       ROLE_ANY, strict, TIME_NONE, judge->arena);
        kept->means[strict] = mkt_index_make(kept->tracks[strict], judge->arena);
        kept->track_made[strict] = true;
    }
    return kept->tracks[strict];
}

void judge_add_mean(struct judge *judge, int32_t equipment, bool strict, int64_t from, int64_t to, struct mkt *mean)
{
    (void)judge_track(judge, equipment, strict);
    mkt_add_indexed(mean, &judge->equipment[equipment].means[strict], from, to);
}

struct timeline judge_timeline(struct judge *judge, int32_t equipment, bool strict, struct threshold threshold,
                               int64_t hysteresis_mc)
{
    struct judged_equipment *kept = &judge->equipment[equipment];
    for (size_t i = 0; i < kept->timelines[strict].count; i++) {
        const struct timeline *timeline = &kept->timelines[strict].items[i];
        if (timeline->hysteresis_mc == hysteresis_mc && threshold_equal(timeline->threshold, threshold))
            return *timeline;
    }
    struct timeline made =
        timeline_make(judge_track(judge, equipment, strict), threshold, hysteresis_mc, judge->arena);
    vec_push(judge->arena, &kept->timelines[strict], made);
    return made;
}

struct keyed {
    char key[THRESHOLD_KEY_ROOM];
    struct segments segments;
};

static int by_key(const void *left, const void *right)
{
    const struct keyed *a = left;
    const struct keyed *b = right;
    return strcmp(a->key, b->key);
}

static struct segments segments_of_rule(struct judge *judge, int32_t equipment, const struct equipment_rule *rule)
{
    if (rule->role == ROLE_ANY) {
        struct timeline timeline = judge_timeline(judge, equipment, false, rule->threshold, 0);
        return timeline_segments(&timeline, ROLE_ANY, judge->arena);
    }
    struct track track =
        track_make(judge->placed[equipment], judge->readings, judge->facts->equipment[equipment].max_gap_ms,
                   rule->role, false, TIME_NONE, judge->arena);
    struct timeline timeline = timeline_make(track, rule->threshold, 0, judge->arena);
    return timeline_segments(&timeline, rule->role, judge->arena);
}

/* The segments of every distinct threshold and role of the equipment's rules, by key. */
static void fill_timelines(struct judge *judge, int32_t index, struct equipment_result *result)
{
    const struct equipment *equipment = &judge->facts->equipment[index];
    VEC(struct keyed) found = {0};
    for (size_t i = 0; i < equipment->rule_count; i++) {
        struct keyed one = {0};
        threshold_key(equipment->rules[i].threshold, equipment->rules[i].role, one.key);
        size_t same = 0;
        while (same < found.count && strcmp(found.items[same].key, one.key) != 0)
            same++;
        if (same < found.count)
            continue;
        one.segments = segments_of_rule(judge, index, &equipment->rules[i]);
        vec_push(judge->arena, &found, one);
    }
    if (found.count > 1)
        qsort(found.items, found.count, sizeof *found.items, by_key);
    struct segments *timelines = arena_new(judge->arena, found.count, sizeof *timelines);
    if (!timelines)
        return;
    for (size_t i = 0; i < found.count; i++)
        timelines[i] = found.items[i].segments;
    result->timelines = timelines;
    result->timeline_count = found.count;
}

enum outcome judge_equipment(struct judge *judge, int32_t equipment, struct equipment_result *result,
                             struct why *why)
{
    *result = (struct equipment_result){0};
    fill_timelines(judge, equipment, result);
    bool walked = excursions_make(&judge->facts->equipment[equipment], judge->placed[equipment], judge->readings,
                                  judge->arena, result);
    struct mkt mean = {0};
    judge_add_mean(judge, equipment, false, TIME_NONE, TIME_OPEN, &mean);
    result->has_mkt = mkt_value(&mean, &result->mkt_mc);
    if (!walked || judge->arena->failed)
        return fail(why, RETRY, "equipment %s: out of memory", judge->facts->equipment[equipment].id);
    return DONE;
}
