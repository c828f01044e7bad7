#include "tests/helpers/scenario_make.h"

#include <inttypes.h>
#include <stdio.h>

#include "tests/helpers/scenario_make_private.h"

void make_comma(struct maker *m)
{
    if (!m->first)
        buffer_add_byte(m->out, ',');
    m->first = false;
}

int64_t make_time(struct maker *m, int64_t low, int64_t high)
{
    int64_t t = chance_between(&m->chance, low, high < low ? low : high);
    if (!m->exact && chance_percent(&m->chance, 50))
        return t;
    return t - t % (5 * MINUTE);
}

static void open_list(struct maker *m, const char *key)
{
    buffer_printf(m->out, ",\"%s\":[", key);
    m->first = true;
}

static void close_list(struct maker *m)
{
    buffer_add_byte(m->out, ']');
}

/* ---- equipment ---- */

static void make_rule(struct maker *m, const struct made_equipment *equipment, int number)
{
    static const char *const ops[] = {">", ">=", "<", "<="};
    static const int64_t delays[] = {0, 10 * MINUTE, 30 * MINUTE, HOUR, 4 * HOUR};
    struct chance *c = &m->chance;
    make_comma(m);
    buffer_printf(m->out, "{\"id\":\"r%d\",", number);
    if (chance_percent(c, 15)) {
        buffer_printf(m->out, "\"op\":\"outside\",\"limit_mc\":[%" PRId64 ",%" PRId64 "],",
                      equipment->normal_mc - 2000, equipment->normal_mc + 2000);
    } else {
        bool warm = chance_percent(c, 75);
        const char *op = ops[chance_between(c, 0, 1) + (warm ? 0 : 2)];
        int64_t limit = equipment->normal_mc + (warm ? 1 : -1) * chance_between(c, 1, 5) * 1000;
        buffer_printf(m->out, "\"op\":\"%s\",\"limit_mc\":%" PRId64 ",", op, limit);
    }
    if (chance_percent(c, 60))
        buffer_printf(m->out, "\"hysteresis_mc\":%" PRId64 ",", chance_between(c, 0, 3) * 500);
    if (chance_percent(c, 25))
        buffer_printf(m->out, "\"role\":\"%s\",", chance_percent(c, 50) ? "air" : "product");
    if (chance_percent(c, 15))
        buffer_printf(m->out, "\"valid_from\":%" PRId64 ",\"valid_to\":%" PRId64 ",",
                      make_time(m, m->start, m->start + DAY), make_time(m, m->start + DAY, m->end));
    buffer_printf(m->out, "\"delay_ms\":%" PRId64 ",\"tier\":\"%s\"}", delays[chance_between(c, 0, 4)],
                  chance_percent(c, 50) ? "alert" : "action");
}

static void write_equipment(struct maker *m, int index)
{
    static const char *const still[] = {"freezer", "refrigerator", "cold_room", "incubator"};
    static const char *const moving[] = {"transport_box", "vehicle"};
    struct made_equipment *equipment = &m->equipment[index];
    struct chance *c = &m->chance;
    const char *kind = equipment->transport ? moving[chance_between(c, 0, 1)] : still[chance_between(c, 0, 3)];
    make_comma(m);
    buffer_printf(m->out, "{\"id\":\"%s\",\"kind\":\"%s\",", equipment->id, kind);
    if (equipment->site >= 0)
        buffer_printf(m->out, "\"site\":\"S%d\",", equipment->site);
    if (equipment->container >= 0)
        buffer_printf(m->out, "\"container\":\"%s\",", m->lots[equipment->container].id);
    if (chance_percent(c, 70))
        buffer_printf(m->out, "\"max_gap_ms\":%" PRId64 ",", equipment->cadence * chance_between(c, 2, 4));
    if (chance_percent(c, 10))
        buffer_printf(m->out, "\"out_of_service\":[[%" PRId64 ",%" PRId64 "]],",
                      make_time(m, m->start, m->start + DAY), make_time(m, m->start + DAY, m->end));
    buffer_add_text(m->out, "\"rules\":[");
    bool outer = m->first;
    m->first = true;
    int rules = (int)chance_between(c, 0, 3);
    for (int i = 0; i < rules; i++)
        make_rule(m, equipment, i);
    m->first = outer;
    buffer_add_text(m->out, "]}");
}

void make_equipment(struct maker *m)
{
    static const int64_t cadences[] = {5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE};
    static const int64_t normals[] = {-30000, -25000, 4000, 22000, -80000};
    struct chance *c = &m->chance;
    m->equipment_count = (int)chance_between(c, 2, MOST_EQUIPMENT);
    for (int i = 0; i < m->equipment_count; i++) {
        struct made_equipment *equipment = &m->equipment[i];
        bool transport = i > 0 && chance_percent(c, 35);
        *equipment = (struct made_equipment){
            .site = transport && chance_percent(c, 70) ? -1 : (int)chance_between(c, 0, 1),
            .transport = transport,
            .container = -1,
            .normal_mc = normals[chance_percent(c, 75) ? 0 : chance_between(c, 0, 4)],
            .cadence = cadences[chance_between(c, 0, 3)],
        };
        snprintf(equipment->id, sizeof equipment->id, "E%d", i);
        for (int lot = 0; lot < m->lot_count && transport; lot++)
            if (m->lots[lot].kind == MADE_CONTAINER && !m->lots[lot].bound && chance_percent(c, 40))
                equipment->container = lot;
        if (equipment->container >= 0)
            m->lots[equipment->container].bound = true; /* one thing under two names, not three */
    }
    open_list(m, "equipment");
    for (int i = 0; i < m->equipment_count; i++)
        write_equipment(m, i);
    close_list(m);
}

/* ---- policies ---- */

static void make_threshold(struct maker *m)
{
    struct chance *c = &m->chance;
    static const int64_t limits[] = {-20000, -25000, -15000, -5000, 10000, -28000};
    if (chance_percent(c, 12))
        buffer_add_text(m->out, "\"op\":\"outside\",\"limit_mc\":[2000,6000],");
    else
        buffer_printf(m->out, "\"op\":\"%s\",\"limit_mc\":%" PRId64 ",", chance_percent(c, 80) ? ">" : ">=",
                      limits[chance_between(c, 0, 5)]);
    if (chance_percent(c, 30))
        buffer_printf(m->out, "\"hysteresis_mc\":%" PRId64 ",", chance_between(c, 0, 3) * 500);
    if (chance_percent(c, 30))
        buffer_printf(m->out, "\"phase\":\"%s\",", chance_percent(c, 60) ? "storage" : "transport");
}

static void make_policy_rule(struct maker *m, int number)
{
    static const char *const kinds[] = {"never", "total", "single", "occasions", "deadline"};
    static const char *const bounds[] = {"freeze", "collect", "store", "receive", "release"};
    static const char *const ends[] = {"pool", "issue", "ship", "receive", "freeze"};
    static const int64_t allowed[] = {0, 30 * MINUTE, HOUR, 2 * HOUR, 6 * HOUR, DAY};
    struct chance *c = &m->chance;
    int kind = (int)chance_between(c, 0, 4);
    make_comma(m);
    buffer_printf(m->out, "{\"id\":\"q%d\",\"kind\":\"%s\"", number, kinds[kind]);
    if (kind == 4) {
        buffer_printf(m->out, ",\"from\":\"%s\",\"to\":\"%s\",\"allowed\":%" PRId64 "}", bounds[chance_between(c, 0, 3)],
                      ends[chance_between(c, 0, 4)], allowed[chance_between(c, 2, 5)]);
        return;
    }
    buffer_add_byte(m->out, ',');
    make_threshold(m);
    if (kind == 3)
        buffer_printf(m->out, "\"allowed\":%" PRId64, chance_between(c, 0, 2));
    else
        buffer_printf(m->out, "\"allowed\":%" PRId64, kind == 0 ? 0 : allowed[chance_between(c, 0, 5)]);
    if (chance_percent(c, 45))
        buffer_printf(m->out, ",\"from\":\"%s\"", bounds[chance_between(c, 0, 4)]);
    if (chance_percent(c, 25))
        buffer_printf(m->out, ",\"to\":\"%s\"", ends[chance_between(c, 0, 3)]);
    buffer_add_byte(m->out, '}');
}

static void make_policy(struct maker *m, int policy, int version)
{
    struct chance *c = &m->chance;
    make_comma(m);
    int64_t valid_from = version == 1 ? m->start - DAY : make_time(m, m->start, m->end);
    buffer_printf(m->out, "{\"id\":\"P%d\",\"version\":%d,\"valid_from\":%" PRId64, policy, version, valid_from);
    if (version > 1 && chance_percent(c, 50))
        buffer_add_text(m->out, ",\"applies_to_stock\":true");
    if (chance_percent(c, 50))
        buffer_printf(m->out, ",\"max_unknown_ms\":%" PRId64, chance_between(c, 0, 12) * 30 * MINUTE);
    if (chance_percent(c, 40))
        buffer_printf(m->out, ",\"handling_max_ms\":%" PRId64, chance_between(c, 0, 6) * 10 * MINUTE);
    if (chance_percent(c, 30))
        buffer_printf(m->out, ",\"handlings\":%" PRId64, chance_between(c, 0, 4));
    if (chance_percent(c, 25))
        buffer_printf(m->out, ",\"inventory_hold_days\":%" PRId64, chance_between(c, 1, 4));
    if (chance_percent(c, 25))
        buffer_add_text(m->out, ",\"calibration_lapsed\":\"unproven\"");
    if (chance_percent(c, 35))
        buffer_add_text(m->out, ",\"required_tests\":[\"hiv\",\"hcv\"]");
    buffer_add_text(m->out, ",\"rules\":[");
    m->first = true;
    int rules = (int)chance_between(c, 0, 4);
    for (int i = 0; i < rules; i++)
        make_policy_rule(m, i);
    m->first = false;
    buffer_add_text(m->out, "]}");
}

void make_policies(struct maker *m)
{
    open_list(m, "policies");
    for (int policy = 0; policy < 2; policy++) {
        int versions = 1 + chance_percent(&m->chance, 40) + chance_percent(&m->chance, 15);
        for (int version = 1; version <= versions; version++)
            make_policy(m, policy, version);
    }
    close_list(m);
    open_list(m, "products");
    for (int i = 0; i < 3; i++) {
        make_comma(m);
        buffer_printf(m->out, "{\"code\":\"X%d\"", i);
        if (i < 2)
            buffer_printf(m->out, ",\"policy\":\"P%d\"", i);
        if (chance_percent(&m->chance, 20))
            buffer_printf(m->out, ",\"shelf_life_days\":%" PRId64, chance_between(&m->chance, 0, 5));
        else if (chance_percent(&m->chance, 10))
            buffer_printf(m->out, ",\"shelf_life_months\":%" PRId64, chance_between(&m->chance, 0, 2));
        buffer_add_byte(m->out, '}');
    }
    close_list(m);
}

/* ---- lots ---- */

static void add_lots(struct maker *m, enum made_kind kind, const char *prefix, int count)
{
    for (int i = 0; i < count && m->lot_count < MOST_LOTS; i++) {
        struct made_lot *lot = &m->lots[m->lot_count++];
        *lot = (struct made_lot){.kind = kind, .site = -1, .equipment = -1, .parent = -1, .due_site = -1};
        snprintf(lot->id, sizeof lot->id, "%s%d", prefix, i);
    }
}

static void name_lots(struct maker *m)
{
    struct chance *c = &m->chance;
    add_lots(m, MADE_UNIT, "u", (int)chance_between(c, 1, 5));
    add_lots(m, MADE_CONTAINER, "c", (int)chance_between(c, 0, 3));
    add_lots(m, MADE_POOL, "p", (int)chance_between(c, 0, 2));
    add_lots(m, MADE_SAMPLE, "s", (int)chance_between(c, 0, 1));
    add_lots(m, MADE_PART, "w", (int)chance_between(c, 0, 3));
}

static void make_lots(struct maker *m)
{
    static const char *const kinds[] = {"unit", "sample", "container", "pool", "unit"};
    open_list(m, "lots");
    for (int i = 0; i < m->lot_count; i++) {
        make_comma(m);
        buffer_printf(m->out, "{\"id\":\"%s\",\"kind\":\"%s\"", m->lots[i].id, kinds[m->lots[i].kind]);
        if (m->lots[i].kind != MADE_CONTAINER && chance_percent(&m->chance, 90))
            buffer_printf(m->out, ",\"product\":\"X%d\"", (int)chance_between(&m->chance, 0, 5) % 3);
        buffer_add_byte(m->out, '}');
    }
    close_list(m);
}

/* ---- all ---- */

static void make_zone(struct maker *m)
{
    if (chance_percent(&m->chance, 30))
        buffer_printf(m->out, "\"zone\":[[%" PRId64 ",60],[%" PRId64 ",0]],", m->start - 30 * DAY,
                      make_time(m, m->start, m->end));
}

static void make_heard(struct maker *m)
{
    bool first = true;
    buffer_add_text(m->out, "\"heard_through\":{");
    for (int i = 0; i < MOST_GATEWAYS; i++) {
        if (!chance_percent(&m->chance, 40))
            continue;
        int64_t heard = chance_percent(&m->chance, 50) ? make_time(m, m->start, m->end) : m->end;
        buffer_printf(m->out, "%s\"g%d\":%" PRId64, first ? "" : ",", i, heard);
        first = false;
    }
    buffer_add_byte(m->out, '}');
}

void scenario_make(uint64_t seed, struct buffer *out)
{
    struct maker maker = {.chance = {seed}, .out = out};
    struct maker *m = &maker;
    struct chance *c = &m->chance;
    m->start = INT64_C(1767225600000) + chance_between(c, 0, 400) * DAY;
    m->end = m->start + chance_between(c, 6, 5 * 24) * HOUR;
    m->exact = chance_percent(c, 60);
    m->clock_error = chance_percent(c, 30) ? chance_between(c, 1, 20) * MINUTE : 0;
    name_lots(m);
    buffer_add_byte(out, '{');
    make_zone(m);
    make_heard(m);
    buffer_add_text(out, ",\"sites\":[{\"id\":\"S0\"},{\"id\":\"S1\"},{\"id\":\"OUT\",\"own\":false}]");
    make_equipment(m);
    make_probes(m);
    make_policies(m);
    make_lots(m);
    make_events(m);
    buffer_add_byte(out, '}');
}
