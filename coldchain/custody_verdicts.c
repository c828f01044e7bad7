#include "coldchain/custody_verdicts.h"

#include <string.h>

struct after {
    const struct facts *facts;
    const struct custody *custody;
    struct judge *judge;
    const struct lot_result *lots;
    struct arena *arena;
    conflict_list *conflicts;
};

static struct conflict about(enum conflict_code code, int32_t lot, int32_t event, int64_t at)
{
    return (struct conflict){
        .code = code, .lot = lot, .event = event, .at = at, .place = {NONE, NONE, NONE}, .other = NONE};
}

static struct conflict unfit(enum conflict_code code, const struct released_span *span, int64_t at,
                             const struct verdict *verdict)
{
    struct conflict conflict = about(code, span->lot, span->event, at);
    conflict.has_verdict = verdict->given;
    conflict.verdict = verdict->word;
    conflict.rule = verdict->rule;
    return conflict;
}

/* How many of the lot's marks stand before its release. */
static size_t marks_before(const struct lot_life *life, int32_t release)
{
    size_t count = 0;
    while (count < life->mark_count && life->marks[count].event != release)
        count++;
    return count;
}

/* The exposure that was breached first, of equals the first in the policy's order; NULL when none was. */
static const struct exposure *first_breach(const struct lot_result *lot)
{
    const struct exposure *first = NULL;
    for (size_t i = 0; i < lot->exposure_count; i++)
        if (lot->exposures[i].breached && (!first || lot->exposures[i].breached_at < first->breached_at))
            first = &lot->exposures[i];
    return first;
}

static enum outcome check_release(struct after *a, const struct released_span *span, struct why *why)
{
    /* A part's span is its parent's release: that one is judged on the parent. */
    bool own = custody_state(a->custody, span->lot)->begun_at <= span->from;
    struct verdict then = {0};
    size_t marks = marks_before(&a->lots[span->lot].life, span->event);
    enum outcome outcome = own ? judge_verdict_cut(a->judge, span->lot, span->from, marks, &then, why) : DONE;
    if (outcome != DONE)
        return outcome;
    if (own && then.given && then.word >= VERDICT_UNPROVEN)
        vec_push(a->arena, a->conflicts, unfit(CONFLICT_RELEASED_UNFIT, span, span->from, &then));
    const struct exposure *lost = first_breach(&a->lots[span->lot]);
    if (!lost || lost->breached_at <= span->from || lost->breached_at >= span->to)
        return DONE;
    struct verdict at_once = {.given = true, .word = VERDICT_BREACHED, .rule = lost->rule->id};
    vec_push(a->arena, a->conflicts, unfit(CONFLICT_FIT_LOST, span, lost->breached_at, &at_once));
    return DONE;
}

/* Left when the lot lives and something of it is known later than 23:59:59.999 of its last day. */
static void check_expiry(struct after *a, int32_t lot)
{
    int64_t expiry = custody_expiry(a->custody, lot);
    const struct lot_life *life = &a->lots[lot].life;
    if (expiry == TIME_NONE || life->ended_at <= expiry || judge_known_until(a->judge, lot) < expiry)
        return;
    vec_push(a->arena, a->conflicts, about(CONFLICT_EXPIRED, lot, NONE, expiry));
}

/* ---- deadlines ---- */

/* Of two marks, the earlier at or after `not_before`; NULL counts as never. */
static const struct life_mark *earlier(const struct life_mark *a, const struct life_mark *b)
{
    if (!a || !b)
        return a ? a : b;
    return b->at < a->at ? b : a;
}

static const struct life_mark *first_of_life(const struct lot_life *life, enum event_type type, int64_t not_before,
                                             int64_t until)
{
    for (size_t i = 0; i < life->mark_count; i++)
        if (life->marks[i].type == type && life->marks[i].at >= not_before && life->marks[i].at <= until)
            return &life->marks[i];
    return NULL;
}

/* The first such event of the lot or of any ancestor, until it became the lot; of a pool, the latest of its members'
 * firsts, if every member has one. */
static const struct life_mark *first_mark(const struct after *a, int32_t lot, enum event_type type, int64_t not_before,
                                          int64_t until)
{
    const struct lot_life *life = &a->lots[lot].life;
    const struct life_mark *found = first_of_life(life, type, not_before, until);
    if (life->split_from != NONE)
        found = earlier(first_mark(a, life->split_from, type, not_before, life->begun_at), found);
    const struct life_mark *latest = NULL;
    for (size_t i = 0; i < life->member_count; i++) {
        const struct life_mark *member = first_mark(a, life->members[i], type, not_before, until);
        if (!member)
            return found;
        latest = !latest || member->at > latest->at ? member : latest;
    }
    return earlier(latest, found);
}

static void check_deadline(struct after *a, int32_t lot, const struct exposure *exposure)
{
    struct conflict conflict = about(CONFLICT_DEADLINE_MISSED, lot, NONE, exposure->breached_at);
    conflict.rule = exposure->rule->id;
    const struct life_mark *from = first_mark(a, lot, exposure->rule->from, TIME_NONE, TIME_OPEN);
    const struct life_mark *to = from ? first_mark(a, lot, exposure->rule->to, from->at, TIME_OPEN) : NULL;
    int32_t *events = arena_new(a->arena, 2, sizeof *events);
    if (!events)
        return;
    if (from)
        events[conflict.event_count++] = from->event;
    if (to && to != from)
        events[conflict.event_count++] = to->event;
    conflict.events = events;
    vec_push(a->arena, a->conflicts, conflict);
}

/* ---- all ---- */

enum outcome custody_verdicts(const struct facts *facts, const struct custody *custody, struct judge *judge,
                              const struct lot_result *lots, struct arena *arena, conflict_list *conflicts,
                              struct why *why)
{
    struct after a = {facts, custody, judge, lots, arena, conflicts};
    size_t release_count;
    const struct released_span *releases = custody_releases(custody, &release_count);
    for (size_t i = 0; i < release_count; i++) {
        enum outcome outcome = check_release(&a, &releases[i], why);
        if (outcome != DONE)
            return outcome;
    }
    for (size_t i = 0; i < facts->lot_count; i++) {
        if (!lots[i].life.begun)
            continue;
        check_expiry(&a, (int32_t)i);
        for (size_t k = 0; k < lots[i].exposure_count; k++)
            if (lots[i].exposures[k].rule->kind == RULE_DEADLINE && lots[i].exposures[k].breached)
                check_deadline(&a, (int32_t)i, &lots[i].exposures[k]);
    }
    return arena->failed ? fail(why, RETRY, "judging custody: out of memory") : DONE;
}
