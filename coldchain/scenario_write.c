/* Results as canonical JSON. Each object is written by one function, its keys in sorted order. */
#include <inttypes.h>
#include <string.h>

#include "coldchain/scenario.h"
#include "coldchain/words.h"
#include "coldchain/json.h"

struct writer {
    const struct facts *facts;
    const struct results *results;
    struct buffer *out;
};

/* `"key":`, with a comma before all but the first of an object. */
static void add_key(struct buffer *out, const char *key, bool first)
{
    buffer_add_text(out, first ? "" : ",");
    json_add_text(out, key);
    buffer_add_byte(out, ':');
}

static void add_integer(struct buffer *out, const char *key, bool first, int64_t value)
{
    add_key(out, key, first);
    buffer_printf(out, "%" PRId64, value);
}

static void add_bool(struct buffer *out, const char *key, bool first, bool value)
{
    add_key(out, key, first);
    buffer_add_text(out, value ? "true" : "false");
}

static void text_or_null(struct buffer *out, const char *text)
{
    if (text)
        json_add_text(out, text);
    else
        buffer_add_text(out, "null");
}

static void add_text(struct buffer *out, const char *key, bool first, const char *text)
{
    add_key(out, key, first);
    text_or_null(out, text);
}

static void time_or_null(struct buffer *out, int64_t t)
{
    if (t == TIME_NONE || t == TIME_OPEN)
        buffer_add_text(out, "null");
    else
        buffer_printf(out, "%" PRId64, t);
}

static void add_time(struct buffer *out, const char *key, bool first, int64_t t)
{
    add_key(out, key, first);
    time_or_null(out, t);
}

/* Figures of exposure: -1 stands for null. */
static void add_figure(struct buffer *out, const char *key, bool first, int64_t value)
{
    add_key(out, key, first);
    if (value < 0)
        buffer_add_text(out, "null");
    else
        buffer_printf(out, "%" PRId64, value);
}

static const char *lot_id(const struct writer *w, int32_t lot)
{
    return lot == NONE ? NULL : w->facts->lots[lot].id;
}

static const char *event_id(const struct writer *w, int32_t event)
{
    return event == NONE ? NULL : w->facts->events[event].id;
}

static const char *site_id(const struct writer *w, int32_t site)
{
    return site == NONE ? NULL : w->facts->sites[site].id;
}

static const char *equipment_id(const struct writer *w, int32_t equipment)
{
    return equipment == NONE ? NULL : w->facts->equipment[equipment].id;
}

/* ---- segments and excursions ---- */

static void add_segment_key(struct buffer *out, const struct segments *segments, bool first)
{
    static const char *const roles[] = {" product", " air", ""};
    const struct threshold *t = &segments->threshold;
    const char *word = threshold_words()[t->op];
    bool above = t->op == OP_ABOVE || t->op == OP_AT_LEAST;
    buffer_add_text(out, first ? "\"" : ",\"");
    if (t->op == OP_OUTSIDE)
        buffer_printf(out, "%s %" PRId64 "..%" PRId64, word, t->low_mc, t->high_mc);
    else
        buffer_printf(out, "%s %" PRId64, word, above ? t->high_mc : t->low_mc);
    buffer_add_text(out, roles[segments->role]);
    buffer_add_text(out, "\":");
}

static void add_timelines(struct writer *w, const struct segments *timelines, size_t count)
{
    struct buffer *out = w->out;
    add_key(out, "segments", false);
    buffer_add_byte(out, '{');
    for (size_t i = 0; i < count; i++) {
        add_segment_key(out, &timelines[i], i == 0);
        buffer_add_byte(out, '[');
        for (size_t k = 0; k < timelines[i].count; k++) {
            const struct segment *segment = &timelines[i].items[k];
            buffer_printf(out, "%s[%" PRId64 ",", k ? "," : "", segment->from);
            time_or_null(out, segment->to);
            buffer_printf(out, ",\"%s\"]", segment_word(segment->state));
        }
        buffer_add_byte(out, ']');
    }
    buffer_add_byte(out, '}');
}

static void add_excursions(struct writer *w, const char *key, bool first, const struct excursions *list)
{
    struct buffer *out = w->out;
    add_key(out, key, first);
    buffer_add_byte(out, '[');
    for (size_t i = 0; i < list->count; i++) {
        const struct excursion *excursion = &list->items[i];
        buffer_add_text(out, i ? ",{" : "{");
        add_time(out, "closed_at", true, excursion->closed_at);
        add_time(out, "confirmed_at", false, excursion->confirmed_at);
        add_text(out, "ended", false, excursion_end_word(excursion->ended));
        add_integer(out, "opened_at", false, excursion->opened_at);
        add_integer(out, "peak_mc", false, excursion->peak_mc);
        add_text(out, "rule", false, excursion->rule);
        add_integer(out, "unknown_ms", false, excursion->unknown_ms);
        buffer_add_byte(out, '}');
    }
    buffer_add_byte(out, ']');
}

static void add_mkt(struct writer *w, bool first, bool has_mkt, int64_t mkt_mc)
{
    add_key(w->out, "mkt_mc", first);
    if (has_mkt)
        buffer_printf(w->out, "%" PRId64, mkt_mc);
    else
        buffer_add_text(w->out, "null");
}

static void add_equipment(struct writer *w)
{
    struct buffer *out = w->out;
    bool first = true;
    add_key(out, "equipment", false);
    buffer_add_byte(out, '{');
    for (size_t i = 0; i < w->facts->equipment_count; i++) {
        const struct equipment_result *result = &w->results->equipment[i];
        if (!w->facts->equipment[i].registered)
            continue;
        add_key(out, w->facts->equipment[i].id, first);
        first = false;
        buffer_add_byte(out, '{');
        add_excursions(w, "deviations", true, &result->deviations);
        add_excursions(w, "excursions", false, &result->excursions);
        add_mkt(w, false, result->has_mkt, result->mkt_mc);
        add_excursions(w, "open", false, &result->open);
        add_timelines(w, result->timelines, result->timeline_count);
        buffer_add_byte(out, '}');
    }
    buffer_add_byte(out, '}');
}

/* ---- lots ---- */

static void add_exposures(struct writer *w, const struct lot_result *lot)
{
    struct buffer *out = w->out;
    add_key(out, "exposure", false);
    buffer_add_byte(out, '[');
    for (size_t i = 0; i < lot->exposure_count; i++) {
        const struct exposure *exposure = &lot->exposures[i];
        buffer_add_text(out, i ? ",{" : "{");
        add_figure(out, "allowed", true, exposure->allowed);
        add_figure(out, "beyond_ms", false, exposure->beyond_ms);
        add_bool(out, "breached", false, exposure->breached);
        add_time(out, "breached_at", false, exposure->breached_at);
        add_figure(out, "longest_ms", false, exposure->longest_ms);
        add_figure(out, "occasions", false, exposure->occasions);
        add_figure(out, "pending_ms", false, exposure->pending_ms);
        add_figure(out, "remaining", false, exposure->remaining);
        add_text(out, "rule", false, exposure->rule->id);
        add_figure(out, "unknown_ms", false, exposure->unknown_ms);
        add_figure(out, "used", false, exposure->used);
        buffer_add_byte(out, '}');
    }
    buffer_add_byte(out, ']');
}

static void add_handling(struct writer *w, const struct lot_result *lot)
{
    add_key(w->out, "handling", false);
    buffer_add_byte(w->out, '[');
    for (size_t i = 0; i < lot->handling_count; i++) {
        buffer_printf(w->out, "%s[%" PRId64 ",", i ? "," : "", lot->handling[i].from);
        time_or_null(w->out, lot->handling[i].to);
        buffer_add_byte(w->out, ']');
    }
    buffer_add_byte(w->out, ']');
}

static void add_stays(struct writer *w, const struct lot_life *life)
{
    struct buffer *out = w->out;
    add_key(out, "stays", false);
    buffer_add_byte(out, '[');
    for (size_t i = 0; i < life->stay_count; i++) {
        const struct stay *stay = &life->stays[i];
        buffer_add_text(out, i ? ",{" : "{");
        add_text(out, "equipment", true, equipment_id(w, stay->place.equipment));
        add_integer(out, "from", false, stay->from);
        add_text(out, "parent", false, lot_id(w, stay->place.parent));
        add_text(out, "site", false, site_id(w, stay->place.site));
        add_time(out, "to", false, stay->to);
        buffer_add_byte(out, '}');
    }
    buffer_add_byte(out, ']');
}

static void add_where(struct writer *w, const struct lot_result *lot)
{
    struct buffer *out = w->out;
    add_key(out, "where", false);
    buffer_add_byte(out, '[');
    for (size_t i = 0; i < lot->where_count; i++) {
        const struct whereabouts *where = &lot->where[i];
        buffer_add_text(out, i ? ",{" : "{");
        add_text(out, "equipment", true, equipment_id(w, where->equipment));
        add_integer(out, "from", false, where->from);
        add_time(out, "to", false, where->to);
        buffer_add_byte(out, '}');
    }
    buffer_add_byte(out, ']');
}

static void add_verdict(struct writer *w, const struct verdict *verdict)
{
    struct buffer *out = w->out;
    add_key(out, "verdict", false);
    if (!verdict->given) {
        buffer_add_text(out, "null");
        return;
    }
    buffer_add_byte(out, '{');
    add_time(out, "attested_until", true, verdict->attested_until);
    add_text(out, "member", false, lot_id(w, verdict->member));
    add_integer(out, "pending_ms", false, verdict->pending_ms);
    add_text(out, "policy", false, verdict->policy ? verdict->policy->id : NULL);
    add_text(out, "rule", false, verdict->rule);
    add_integer(out, "unknown_ms", false, verdict->unknown_ms);
    add_text(out, "verdict", false, verdict_name(verdict->word));
    if (verdict->policy)
        add_integer(out, "version", false, verdict->policy->version);
    else
        add_text(out, "version", false, NULL);
    buffer_add_byte(out, '}');
}

static void add_lot(struct writer *w, size_t index)
{
    struct buffer *out = w->out;
    const struct lot_result *lot = &w->results->lots[index];
    int32_t product = lot->life.begun ? lot->life.product : w->facts->lots[index].product;
    buffer_add_byte(out, '{');
    add_time(out, "ended_at", true, lot->life.begun ? lot->life.ended_at : TIME_NONE);
    add_text(out, "ended_by", false, lot->life.begun ? event_id(w, lot->life.ended_by) : NULL);
    add_exposures(w, lot);
    add_handling(w, lot);
    add_bool(out, "held", false, lot->held);
    add_text(out, "kind", false, lot_kind_words()[w->facts->lots[index].kind]);
    add_mkt(w, false, lot->has_mkt, lot->mkt_mc);
    add_text(out, "product", false, product == NONE ? NULL : w->facts->products[product].code);
    add_timelines(w, lot->timelines, lot->timeline_count);
    add_text(out, "state", false, lot->life.begun ? state_words()[lot->state] : NULL);
    add_stays(w, &lot->life);
    add_verdict(w, &lot->verdict);
    add_where(w, lot);
    buffer_add_byte(out, '}');
}

static void add_lots(struct writer *w)
{
    bool first = true;
    add_key(w->out, "lots", false);
    buffer_add_byte(w->out, '{');
    for (size_t i = 0; i < w->facts->lot_count; i++) {
        if (!w->facts->lots[i].registered)
            continue;
        add_key(w->out, w->facts->lots[i].id, first);
        first = false;
        add_lot(w, i);
    }
    buffer_add_byte(w->out, '}');
}

/* ---- events ---- */

/* Events stand sorted by id; versions of one id lie side by side and share one line of the result. */
static void add_event(struct writer *w, size_t from, size_t to)
{
    struct buffer *out = w->out;
    bool has[CONFLICT_WRONG_CONTENTS + 1] = {0};
    bool effect = false;
    int32_t voided_by = NONE;
    for (size_t i = from; i < to; i++) {
        const struct event_result *event = &w->results->events[i];
        effect = effect || event->effect;
        voided_by = event->voided_by != NONE ? event->voided_by : voided_by;
        for (size_t k = 0; k < event->conflict_count; k++)
            has[event->conflicts[k]] = true;
    }
    buffer_add_byte(out, '{');
    add_key(out, "conflicts", true);
    buffer_add_byte(out, '[');
    bool first = true;
    for (size_t code = 0; code <= CONFLICT_WRONG_CONTENTS; code++) {
        if (!has[code])
            continue;
        buffer_printf(out, "%s\"%s\"", first ? "" : ",", conflict_word((enum conflict_code)code));
        first = false;
    }
    buffer_add_byte(out, ']');
    add_bool(out, "effect", false, effect);
    add_text(out, "voided_by", false, event_id(w, voided_by));
    buffer_add_byte(out, '}');
}

static void add_events(struct writer *w)
{
    const struct facts *facts = w->facts;
    add_key(w->out, "events", false);
    buffer_add_byte(w->out, '{');
    for (size_t i = 0, next; i < facts->event_count; i = next) {
        for (next = i + 1; next < facts->event_count; next++)
            if (strcmp(facts->events[next].id, facts->events[i].id) != 0)
                break;
        add_key(w->out, facts->events[i].id, i == 0);
        add_event(w, i, next);
    }
    buffer_add_byte(w->out, '}');
}

/* ---- conflicts ---- */

static void add_why(struct buffer *out, unsigned why)
{
    bool first = true;
    buffer_add_text(out, "{\"why\":[");
    for (size_t i = 0; i < HELD_WORDS; i++)
        if (why & held_words()[i].bit) {
            buffer_printf(out, "%s\"%s\"", first ? "" : ",", held_words()[i].word);
            first = false;
        }
    buffer_add_text(out, "]}");
}

static void add_lot_list(struct writer *w, const char *key, bool first, const int32_t *lots, size_t count)
{
    add_key(w->out, key, first);
    buffer_add_byte(w->out, '[');
    for (size_t i = 0; i < count; i++) {
        buffer_add_text(w->out, i ? "," : "");
        json_add_text(w->out, w->facts->lots[lots[i]].id);
    }
    buffer_add_byte(w->out, ']');
}

static void add_place(struct writer *w, const struct place *place)
{
    buffer_add_byte(w->out, '{');
    add_text(w->out, "equipment", true, equipment_id(w, place->equipment));
    add_text(w->out, "parent", false, lot_id(w, place->parent));
    add_text(w->out, "site", false, site_id(w, place->site));
    buffer_add_byte(w->out, '}');
}

/* An object of one key. */
static void add_single(struct buffer *out, const char *key, const char *text)
{
    buffer_add_byte(out, '{');
    add_text(out, key, true, text);
    buffer_add_byte(out, '}');
}

static void add_missed(struct writer *w, const struct conflict *conflict)
{
    buffer_add_text(w->out, "{\"events\":[");
    for (size_t i = 0; i < conflict->event_count; i++) {
        buffer_add_text(w->out, i ? "," : "");
        text_or_null(w->out, event_id(w, conflict->events[i]));
    }
    buffer_add_byte(w->out, ']');
    add_text(w->out, "rule", false, conflict->rule);
    buffer_add_byte(w->out, '}');
}

static void add_unfit(struct writer *w, const struct conflict *conflict)
{
    buffer_add_byte(w->out, '{');
    add_text(w->out, "rule", true, conflict->rule);
    add_text(w->out, "verdict", false, conflict->has_verdict ? verdict_name(conflict->verdict) : NULL);
    buffer_add_byte(w->out, '}');
}

static void add_detail(struct writer *w, const struct conflict *conflict)
{
    switch (conflict->code) {
    case CONFLICT_HELD: add_why(w->out, conflict->why); break;
    case CONFLICT_WRONG_CONTENTS:
        buffer_add_byte(w->out, '{');
        add_lot_list(w, "extra", true, conflict->extra, conflict->extra_count);
        add_lot_list(w, "missing", false, conflict->missing, conflict->missing_count);
        buffer_add_byte(w->out, '}');
        break;
    case CONFLICT_ELSEWHERE:
    case CONFLICT_TWO_PLACES: add_place(w, &conflict->place); break;
    case CONFLICT_NOT_SHIPPED: add_single(w->out, "to", site_id(w, conflict->place.site)); break;
    case CONFLICT_PARENT_UNKNOWN:
    case CONFLICT_PARENT_CYCLE: add_single(w->out, "parent", lot_id(w, conflict->place.parent)); break;
    case CONFLICT_DEADLINE_MISSED: add_missed(w, conflict); break;
    case CONFLICT_ORDER_UNCERTAIN: add_single(w->out, "other", event_id(w, conflict->other)); break;
    case CONFLICT_UNKNOWN_EVENT:
    case CONFLICT_ALREADY_VOIDED: add_single(w->out, "voids", conflict->voids); break;
    case CONFLICT_RELEASED_UNFIT:
    case CONFLICT_FIT_LOST: add_unfit(w, conflict); break;
    case CONFLICT_AFTER_END:
    case CONFLICT_BAD_IDENTIFIER:
    case CONFLICT_DUPLICATE_ID:
    case CONFLICT_EXPIRED:
    case CONFLICT_NOT_COLLECTED:
    case CONFLICT_TIME_UNKNOWN: buffer_add_text(w->out, "null"); break;
    }
}

static void add_conflicts(struct writer *w)
{
    add_key(w->out, "conflicts", true);
    buffer_add_byte(w->out, '[');
    for (size_t i = 0; i < w->results->conflict_count; i++) {
        const struct conflict *conflict = &w->results->conflicts[i];
        buffer_add_text(w->out, i ? ",{" : "{");
        add_time(w->out, "at", true, conflict->at);
        add_text(w->out, "code", false, conflict_word(conflict->code));
        add_key(w->out, "detail", false);
        add_detail(w, conflict);
        add_text(w->out, "event", false, event_id(w, conflict->event));
        add_text(w->out, "lot", false, lot_id(w, conflict->lot));
        buffer_add_byte(w->out, '}');
    }
    buffer_add_byte(w->out, ']');
}

enum outcome scenario_write(const struct facts *facts, const struct results *results, struct buffer *out,
                            struct why *why)
{
    struct writer w = {facts, results, out};
    buffer_add_byte(out, '{');
    add_conflicts(&w);
    add_equipment(&w);
    add_events(&w);
    add_lots(&w);
    buffer_add_text(out, "}\n");
    return out->failed ? fail(why, RETRY, "writing the result: out of memory") : DONE;
}
