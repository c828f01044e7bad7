/* Custody events: what people do with bags, and what they do wrong. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tests/helpers/scenario_make_private.h"

/* What one event will say; written at the end. */
struct made_event {
    const char *type;
    int64_t at;
    int lots[4];
    int lot_count;
    int from_site, from_equipment, from_parent; /* -1: not stated */
    int to_site, to_equipment, to_parent;
    int made[2]; /* parts or a pool */
    int made_count;
    char more[200]; /* further keys, each with a comma before */
};

static struct made_event event_of(const char *type, int64_t at)
{
    return (struct made_event){.type = type,
                               .at = at,
                               .from_site = -1,
                               .from_equipment = -1,
                               .from_parent = -1,
                               .to_site = -1,
                               .to_equipment = -1,
                               .to_parent = -1};
}

static void add_more(struct made_event *event, const char *text)
{
    size_t len = strlen(event->more);
    snprintf(event->more + len, sizeof event->more - len, "%s", text);
}

/* ---- writing ---- */

static void write_place(struct maker *m, const char *key, int site, int equipment, int parent)
{
    const char *comma = "";
    if (site < 0 && equipment < 0 && parent < 0)
        return;
    buffer_printf(m->out, ",\"%s\":{", key);
    if (site >= 0) {
        buffer_printf(m->out, site == 2 ? "\"site\":\"OUT\"" : "\"site\":\"S%d\"", site);
        comma = ",";
    }
    if (equipment >= 0) {
        buffer_printf(m->out, "%s\"equipment\":\"%s\"", comma, m->equipment[equipment].id);
        comma = ",";
    }
    if (parent >= 0)
        buffer_printf(m->out, "%s\"parent\":\"%s\"", comma, m->lots[parent].id);
    buffer_add_byte(m->out, '}');
}

static void write_lots(struct maker *m, const struct made_event *event)
{
    buffer_add_text(m->out, ",\"lots\":[");
    for (int i = 0; i < event->lot_count; i++)
        buffer_printf(m->out, "%s\"%s\"", i ? "," : "", m->lots[event->lots[i]].id);
    buffer_add_byte(m->out, ']');
    if (event->made_count == 0)
        return;
    if (strcmp(event->type, "pool") == 0) {
        buffer_printf(m->out, ",\"pool\":\"%s\"", m->lots[event->made[0]].id);
        return;
    }
    buffer_add_text(m->out, ",\"parts\":[");
    for (int i = 0; i < event->made_count; i++)
        buffer_printf(m->out, "%s\"%s\"", i ? "," : "", m->lots[event->made[i]].id);
    buffer_add_byte(m->out, ']');
}

/* The body of an event without its braces, id and place in a chain. */
static void write_body(struct maker *m, const struct made_event *event)
{
    buffer_printf(m->out, "\"type\":\"%s\",\"at\":%" PRId64, event->type, event->at);
    write_lots(m, event);
    write_place(m, "from", event->from_site, event->from_equipment, event->from_parent);
    write_place(m, "to", event->to_site, event->to_equipment, event->to_parent);
    buffer_add_text(m->out, event->more);
}

static void write_chain(struct maker *m)
{
    struct chance *c = &m->chance;
    int gateway = (int)chance_between(c, 0, MOST_GATEWAYS - 1);
    buffer_printf(m->out, ",\"gateway\":\"g%d\",\"seq\":%" PRId64, gateway, ++m->seq[gateway]);
    if (m->clock_error > 0)
        buffer_printf(m->out, ",\"clock_error_ms\":%" PRId64, m->clock_error);
    if (chance_percent(c, 5))
        buffer_printf(m->out, ",\"epoch\":%" PRId64, chance_between(c, 0, 2));
}

static void write_event(struct maker *m, const struct made_event *event)
{
    struct chance *c = &m->chance;
    if (m->event_count == MOST_EVENTS)
        return;
    m->event_at[m->event_count] = event->at;
    make_comma(m);
    buffer_printf(m->out, "{\"id\":\"e%03d\",", m->event_count++);
    write_body(m, event);
    if (chance_percent(c, 3)) {
        int64_t up = event->at - m->start;
        buffer_printf(m->out, ",\"boot\":\"b%d\"", (int)chance_between(c, 0, 2));
        buffer_printf(m->out, ",\"up_ms\":%" PRId64, up);
    }
    write_chain(m);
    buffer_add_byte(m->out, '}');
}

/* ---- what people do ---- */

static int some_equipment(struct maker *m, int site, bool transport)
{
    int found[MOST_EQUIPMENT];
    int count = 0;
    for (int i = 0; i < m->equipment_count; i++)
        if (m->equipment[i].transport == transport && (transport || site < 0 || m->equipment[i].site == site))
            found[count++] = i;
    return count ? found[chance_between(&m->chance, 0, count - 1)] : -1;
}

static int some_lot(struct maker *m, enum made_kind kind, bool begun)
{
    int found[MOST_LOTS];
    int count = 0;
    for (int i = 0; i < m->lot_count; i++)
        if (m->lots[i].kind == kind && m->lots[i].begun == begun && !m->lots[i].ended)
            found[count++] = i;
    return count ? found[chance_between(&m->chance, 0, count - 1)] : -1;
}

/* The place the maker believes the lot to be in, stated half of the time, wrongly now and then. */
static void state_from(struct maker *m, struct made_event *event, int lot)
{
    struct chance *c = &m->chance;
    const struct made_lot *l = &m->lots[lot];
    if (!chance_percent(c, 45))
        return;
    if (chance_percent(c, 8)) {
        event->from_equipment = (int)chance_between(c, 0, m->equipment_count - 1);
        return;
    }
    if (l->parent >= 0) {
        event->from_parent = l->parent;
        return;
    }
    event->from_equipment = l->equipment;
    if (chance_percent(c, 50))
        event->from_site = l->site;
}

static void collect(struct maker *m, int64_t at, int lot)
{
    struct chance *c = &m->chance;
    int kind = (int)chance_between(c, 0, 9);
    struct made_lot *l = &m->lots[lot];
    bool sample = l->kind == MADE_SAMPLE;
    struct made_event event = event_of(sample ? "sample" : kind == 0 ? "opening" : kind == 1 ? "receive" : "collect", at);
    event.lots[event.lot_count++] = lot;
    l->begun = true;
    l->site = event.to_site = (int)chance_between(c, 0, 1);
    if (chance_percent(c, 20))
        l->equipment = event.to_equipment = some_equipment(m, l->site, false);
    if (kind == 1 && !sample)
        event.from_site = chance_percent(c, 85) ? 2 : 0;
    if (kind == 0 && !sample)
        add_more(&event, ",\"state\":\"quarantine\",\"document\":\"doc1\"");
    if (chance_percent(c, 60) || sample)
        add_more(&event, chance_percent(c, 60) ? ",\"donation\":\"d0\"" : ",\"donation\":\"d1\"");
    if (chance_percent(c, 8)) {
        char text[48];
        snprintf(text, sizeof text, ",\"expires\":%" PRId64, make_time(m, m->start, m->end));
        add_more(&event, text);
    }
    write_event(m, &event);
}

static void store(struct maker *m, int64_t at, int lot)
{
    struct chance *c = &m->chance;
    struct made_lot *l = &m->lots[lot];
    struct made_event event = event_of(chance_percent(c, 30) ? "freeze" : "store", at);
    event.lots[event.lot_count++] = lot;
    state_from(m, &event, lot);
    int equipment = some_equipment(m, l->site, chance_percent(c, 10));
    if (equipment < 0)
        equipment = (int)chance_between(c, 0, m->equipment_count - 1);
    event.to_equipment = equipment;
    if (chance_percent(c, 40))
        event.to_site = m->equipment[equipment].site >= 0 ? m->equipment[equipment].site : l->site;
    l->equipment = equipment;
    l->parent = -1;
    write_event(m, &event);
}

static void take_out(struct maker *m, int64_t at, int lot)
{
    struct made_lot *l = &m->lots[lot];
    struct made_event event = event_of(l->parent >= 0 ? "unpack" : "take_out", at);
    event.lots[event.lot_count++] = lot;
    state_from(m, &event, lot);
    if (l->parent >= 0) {
        l->site = m->lots[l->parent].site;
        if (chance_percent(&m->chance, 30))
            event.to_site = l->site;
    }
    l->equipment = -1;
    l->parent = -1;
    write_event(m, &event);
}

static void pack(struct maker *m, int64_t at, int lot)
{
    struct chance *c = &m->chance;
    int container = some_lot(m, MADE_CONTAINER, chance_percent(c, 60));
    if (container < 0 || container == lot)
        return;
    struct made_event event = event_of("pack", at);
    event.lots[event.lot_count++] = lot;
    for (int i = 0; i < m->lot_count && event.lot_count < 4; i++)
        if (i != lot && i != container && m->lots[i].begun && !m->lots[i].ended && chance_percent(c, 25))
            event.lots[event.lot_count++] = i;
    if (event.lot_count == 1)
        state_from(m, &event, lot);
    event.to_parent = container;
    for (int i = 0; i < event.lot_count; i++) {
        m->lots[event.lots[i]].parent = container;
        m->lots[event.lots[i]].equipment = -1;
    }
    if (!m->lots[container].begun)
        m->lots[container].site = m->lots[lot].site;
    m->lots[container].begun = true;
    if (chance_percent(c, 10)) {
        char text[64];
        snprintf(text, sizeof text, ",\"expected\":[\"%s\",\"u0\"]", m->lots[lot].id);
        add_more(&event, text);
    }
    write_event(m, &event);
}

static void ship(struct maker *m, int64_t at, int lot)
{
    struct chance *c = &m->chance;
    struct made_lot *l = &m->lots[lot];
    bool outside = chance_percent(c, 10);
    struct made_event event = event_of("ship", at);
    event.lots[event.lot_count++] = lot;
    state_from(m, &event, lot);
    event.to_site = outside ? 2 : (int)chance_between(c, 0, 1);
    if (chance_percent(c, 55))
        event.to_equipment = some_equipment(m, -1, true);
    if (chance_percent(c, 50)) {
        char text[48];
        snprintf(text, sizeof text, ",\"due\":%" PRId64, at + 6 * HOUR);
        add_more(&event, text);
    }
    l->in_transit = true;
    l->due_site = event.to_site;
    l->equipment = event.to_equipment;
    l->parent = -1;
    l->site = -1;
    l->ended = outside;
    write_event(m, &event);
}

static void receive(struct maker *m, int64_t at, int lot)
{
    struct chance *c = &m->chance;
    struct made_lot *l = &m->lots[lot];
    struct made_event event = event_of("receive", at);
    event.lots[event.lot_count++] = lot;
    for (int i = 0; i < m->lot_count && event.lot_count < 4; i++)
        if (m->lots[i].parent == lot && chance_percent(c, 25))
            event.lots[event.lot_count++] = i;
    event.to_site = l->due_site >= 0 && chance_percent(c, 92) ? l->due_site : (int)chance_between(c, 0, 1);
    if (chance_percent(c, 30))
        event.to_equipment = some_equipment(m, event.to_site, false);
    l->in_transit = false;
    l->due_site = -1;
    l->site = event.to_site;
    l->equipment = event.to_equipment;
    l->parent = -1;
    write_event(m, &event);
}

static void test(struct maker *m, int64_t at, int lot)
{
    static const char *const answers[] = {"negative", "negative", "negative", "reactive", "invalid"};
    struct chance *c = &m->chance;
    struct made_event event = event_of("test", at);
    if (chance_percent(c, 30))
        event.lots[event.lot_count++] = lot;
    const char *hiv = answers[chance_between(c, 0, 4)];
    const char *hcv = answers[chance_between(c, 0, 4)];
    if (chance_percent(c, 88) || event.lot_count == 0)
        add_more(&event, chance_percent(c, 50) ? ",\"donation\":\"d0\"" : ",\"donation\":\"d1\"");
    char text[80];
    snprintf(text, sizeof text, ",\"results\":{\"hiv\":\"%s\",\"hcv\":\"%s\"}", hiv, hcv);
    add_more(&event, text);
    write_event(m, &event);
}

static void judge(struct maker *m, int64_t at, int lot)
{
    static const char *const types[] = {"hold", "release", "release", "release", "reject", "recall", "relabel"};
    struct made_event event = event_of(types[chance_between(&m->chance, 0, 6)], at);
    event.lots[event.lot_count++] = lot;
    if (strcmp(event.type, "relabel") == 0)
        add_more(&event, chance_percent(&m->chance, 50) ? ",\"product\":\"X1\"" : ",\"product\":\"X0\"");
    add_more(&event, ",\"person\":\"p1\",\"how\":\"scanned\"");
    write_event(m, &event);
}

static void split(struct maker *m, int64_t at, int lot)
{
    struct made_event event = event_of("split", at);
    event.lots[event.lot_count++] = lot;
    for (int i = 0; i < m->lot_count && event.made_count < 2; i++)
        if (m->lots[i].kind == MADE_PART && (!m->lots[i].begun || chance_percent(&m->chance, 10)))
            event.made[event.made_count++] = i;
    if (event.made_count == 0)
        return;
    for (int i = 0; i < event.made_count; i++) {
        struct made_lot *part = &m->lots[event.made[i]];
        char id[sizeof part->id];
        memcpy(id, part->id, sizeof id);
        *part = m->lots[lot];
        memcpy(part->id, id, sizeof id);
        part->kind = MADE_PART;
        part->begun = true;
    }
    m->lots[lot].ended = true;
    write_event(m, &event);
}

static void pool(struct maker *m, int64_t at, int lot)
{
    int made = some_lot(m, MADE_POOL, chance_percent(&m->chance, 10));
    if (made < 0 || made == lot)
        return;
    struct made_event event = event_of("pool", at);
    event.lots[event.lot_count++] = lot;
    for (int i = 0; i < m->lot_count && event.lot_count < 4; i++)
        if (i != lot && i != made && m->lots[i].begun && !m->lots[i].ended && chance_percent(&m->chance, 40))
            event.lots[event.lot_count++] = i;
    for (int i = 0; i < event.lot_count; i++)
        m->lots[event.lots[i]].ended = m->lots[event.lots[i]].kind != MADE_CONTAINER;
    event.made[event.made_count++] = made;
    m->lots[made].begun = true;
    m->lots[made].site = event.to_site = m->lots[lot].site >= 0 ? m->lots[lot].site : 0;
    write_event(m, &event);
}

static void end(struct maker *m, int64_t at, int lot)
{
    struct made_event event = event_of(chance_percent(&m->chance, 60) ? "issue" : "dispose", at);
    event.lots[event.lot_count++] = lot;
    state_from(m, &event, lot);
    m->lots[lot].ended = true;
    write_event(m, &event);
}

/* A correction of an event before, sometimes with another one in its place, sometimes of a correction or of nothing. */
static void correct(struct maker *m, int64_t at, int lot)
{
    struct chance *c = &m->chance;
    if (m->event_count == 0 || m->event_count == MOST_EVENTS)
        return;
    int meant = (int)chance_between(c, m->event_count > 12 ? m->event_count - 12 : 0, m->event_count - 1);
    make_comma(m);
    m->event_at[m->event_count] = at;
    buffer_printf(m->out, "{\"id\":\"e%03d\",\"type\":\"correct\",\"at\":%" PRId64, m->event_count++, at);
    if (chance_percent(c, 92))
        buffer_printf(m->out, ",\"voids\":\"e%03d\"", meant);
    else
        buffer_add_text(m->out, ",\"voids\":\"none\"");
    write_chain(m);
    if (chance_percent(c, 55)) {
        struct made_event event = event_of("store", m->event_at[meant] - chance_between(c, 0, 3) * 10 * MINUTE);
        event.lots[event.lot_count++] = lot;
        event.to_equipment = (int)chance_between(c, 0, m->equipment_count - 1);
        if (chance_percent(c, 30)) {
            event.type = "collect";
            event.to_site = 0;
            event.to_equipment = -1;
        }
        buffer_add_text(m->out, ",\"replace\":{");
        write_body(m, &event);
        buffer_add_byte(m->out, '}');
    }
    buffer_add_byte(m->out, '}');
}

/* ---- a day's work ---- */

static void do_something(struct maker *m, int64_t at, int lot)
{
    static void (*const often[])(struct maker *, int64_t, int) = {store, store, store, take_out, take_out, pack, ship};
    static void (*const seldom[])(struct maker *, int64_t, int) = {test, judge, judge, split, pool, end, correct, collect};
    struct chance *c = &m->chance;
    if (m->lots[lot].in_transit && chance_percent(c, 75))
        receive(m, at, lot);
    else if (chance_percent(c, 58))
        often[chance_between(c, 0, 6)](m, at, lot);
    else
        seldom[chance_between(c, 0, 7)](m, at, lot);
}

/* The same event again, or one with its id and other content. */
static void repeat_some(struct maker *m)
{
    if (m->event_count == 0 || !chance_percent(&m->chance, 8))
        return;
    make_comma(m);
    int meant = (int)chance_between(&m->chance, 0, m->event_count - 1);
    buffer_printf(m->out, "{\"id\":\"e%03d\",\"type\":\"hold\",\"at\":%" PRId64 ",\"lots\":[\"u0\"],\"gateway\":\"g0\","
                          "\"seq\":%" PRId64 "}",
                  meant, make_time(m, m->start, m->end), ++m->seq[0]);
}

void make_events(struct maker *m)
{
    struct chance *c = &m->chance;
    int64_t at = m->start;
    int steps = (int)chance_between(c, 4, 45);
    buffer_add_text(m->out, ",\"events\":[");
    m->first = true;
    for (int i = 0; i < steps; i++) {
        static const int64_t pauses[] = {5 * MINUTE, 10 * MINUTE, 30 * MINUTE, HOUR, 5 * HOUR, 8 * HOUR};
        at += chance_percent(c, 15) ? 0 : pauses[chance_between(c, 0, 5)];
        if (!m->exact && chance_percent(c, 40))
            at += chance_between(c, 0, 9 * MINUTE);
        int lot = (int)chance_between(c, 0, m->lot_count - 1);
        const struct made_lot *l = &m->lots[lot];
        int64_t said = chance_percent(c, 6) ? at - chance_between(c, 0, 6) * HOUR : at;
        bool own_beginning = l->kind == MADE_UNIT || l->kind == MADE_SAMPLE;
        if (!l->begun && own_beginning && chance_percent(c, 94))
            collect(m, said, lot);
        else if (l->begun || l->kind == MADE_CONTAINER || chance_percent(c, 10))
            do_something(m, said, lot);
    }
    repeat_some(m);
    buffer_add_byte(m->out, ']');
}
