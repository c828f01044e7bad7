/* Placements, probes, readings, syncs. */
#include <inttypes.h>

#include "tests/helpers/scenario_make_private.h"

enum { MOST_PROBES = 8 };

struct made_probe {
    int gateway;
    int number;
    int equipment;
    bool air;
};

/* How the temperature of one probe goes: a normal with a swing, one or two warm spells, and a fault now and then. */
struct weather {
    int64_t normal_mc;
    int64_t swing_mc;
    int64_t warm_from[2];
    int64_t warm_to[2];
    int64_t warm_mc[2];
    int64_t silent_from;
    int64_t silent_to;
};

static struct weather make_weather(struct maker *m, const struct made_equipment *equipment)
{
    struct chance *c = &m->chance;
    struct weather weather = {.normal_mc = equipment->normal_mc, .swing_mc = chance_between(c, 0, 4) * 500};
    for (int i = 0; i < 2; i++) {
        if (!chance_percent(c, 55))
            continue;
        weather.warm_from[i] = make_time(m, m->start, m->end);
        weather.warm_to[i] = weather.warm_from[i] + chance_between(c, 1, 30) * 10 * MINUTE;
        weather.warm_mc[i] = chance_between(c, -3, 28) * 1000;
    }
    if (chance_percent(c, 40)) {
        weather.silent_from = make_time(m, m->start, m->end);
        weather.silent_to = weather.silent_from + chance_between(c, 1, 40) * 10 * MINUTE;
    }
    return weather;
}

static int64_t temperature(struct maker *m, const struct weather *weather, int64_t t)
{
    int64_t mc = weather->normal_mc;
    for (int i = 0; i < 2; i++)
        if (t >= weather->warm_from[i] && t < weather->warm_to[i])
            mc += weather->warm_mc[i];
    if (weather->swing_mc > 0)
        mc += chance_between(&m->chance, -weather->swing_mc, weather->swing_mc) / 250 * 250;
    return mc;
}

static void make_reading(struct maker *m, const struct made_probe *probe, const struct weather *weather, int64_t t)
{
    static const char *const bad[] = {"fault", "out_of_range", "power_on"};
    struct chance *c = &m->chance;
    int64_t mc = temperature(m, weather, t);
    make_comma(m);
    if (chance_percent(c, 3))
        buffer_printf(m->out, "[%" PRId64 ",%" PRId64 ",\"%s\"]", t, mc, bad[chance_between(c, 0, 2)]);
    else if (chance_percent(c, 3))
        buffer_printf(m->out, "{\"t\":%" PRId64 ",\"mc\":%" PRId64 ",\"epoch\":%d,\"seq\":%" PRId64 "}", t, mc,
                      (int)chance_between(c, 0, 1), chance_between(c, 0, 9));
    else if (chance_percent(c, 4))
        buffer_printf(m->out, "{\"boot\":\"b%d\",\"up_ms\":%" PRId64 ",\"mc\":%" PRId64 ",\"seq\":%" PRId64 "}",
                      (int)chance_between(c, 0, 2), t - m->start, mc, chance_between(c, 0, 99));
    else
        buffer_printf(m->out, "[%" PRId64 ",%" PRId64 "]", t, mc);
    (void)probe;
}

static void make_readings(struct maker *m, const struct made_probe *probe)
{
    const struct made_equipment *equipment = &m->equipment[probe->equipment];
    struct weather weather = make_weather(m, equipment);
    int64_t cadence = equipment->cadence;
    int64_t most = (m->end - m->start) / cadence;
    if (most > 120)
        cadence *= (most + 119) / 120;
    bool jitter = !m->exact && chance_percent(&m->chance, 50);
    buffer_add_text(m->out, "\"readings\":[");
    m->first = true;
    for (int64_t t = m->start; t <= m->end; t += cadence) {
        if (t >= weather.silent_from && t < weather.silent_to)
            continue;
        make_reading(m, probe, &weather, jitter ? t + chance_between(&m->chance, 0, 20000) : t);
        if (chance_percent(&m->chance, 2)) { /* another of the same instant, with its own place in the chain */
            make_comma(m);
            buffer_printf(m->out, "{\"t\":%" PRId64 ",\"mc\":%" PRId64 ",\"seq\":77%s}", t,
                          temperature(m, &weather, t), chance_percent(&m->chance, 30) ? ",\"quality\":\"fault\"" : "");
        }
    }
    m->first = false;
    buffer_add_byte(m->out, ']');
}

static void make_probe(struct maker *m, const struct made_probe *probe)
{
    struct chance *c = &m->chance;
    make_comma(m);
    buffer_printf(m->out, "{\"gateway\":\"g%d\",\"probe\":\"t%d\",", probe->gateway, probe->number);
    if (chance_percent(c, 30)) {
        int64_t from = make_time(m, m->start - DAY, m->end);
        buffer_printf(m->out, "\"calibrations\":[{\"from\":%" PRId64 ",\"offset_mc\":%" PRId64, from,
                      chance_between(c, -6, 6) * 250);
        if (chance_percent(c, 50))
            buffer_printf(m->out, ",\"due\":%" PRId64, make_time(m, from, m->end));
        buffer_add_byte(m->out, '}');
        if (chance_percent(c, 30))
            buffer_printf(m->out, ",{\"from\":%" PRId64 ",\"offset_mc\":%" PRId64 "}",
                          from + chance_between(c, 1, 40) * HOUR, chance_between(c, -6, 6) * 250);
        buffer_add_text(m->out, "],");
    }
    make_readings(m, probe);
    buffer_add_byte(m->out, '}');
    m->first = false;
}

static void place(struct maker *m, const struct made_probe *probe, int equipment, bool air, int64_t from, int64_t to)
{
    make_comma(m);
    buffer_printf(m->out, "{\"gateway\":\"g%d\",\"probe\":\"t%d\",\"equipment\":\"%s\",\"role\":\"%s\",\"from\":%" PRId64,
                  probe->gateway, probe->number, m->equipment[equipment].id, air ? "air" : "product", from);
    if (to > from)
        buffer_printf(m->out, ",\"to\":%" PRId64, to);
    buffer_add_byte(m->out, '}');
}

static void make_placements(struct maker *m, const struct made_probe *probes, int count)
{
    struct chance *c = &m->chance;
    buffer_add_text(m->out, ",\"placements\":[");
    m->first = true;
    for (int i = 0; i < count; i++) {
        int64_t from = chance_percent(c, 70) ? m->start - HOUR : make_time(m, m->start, m->end);
        int64_t to = chance_percent(c, 20) ? make_time(m, from, m->end) : 0;
        place(m, &probes[i], probes[i].equipment, probes[i].air, from, to);
        if (chance_percent(c, 20))
            place(m, &probes[i], (int)chance_between(c, 0, m->equipment_count - 1), chance_percent(c, 40),
                  from + chance_between(c, 1, 60) * HOUR, 0);
    }
    buffer_add_byte(m->out, ']');
}

static void make_syncs(struct maker *m)
{
    struct chance *c = &m->chance;
    buffer_add_text(m->out, ",\"syncs\":[");
    m->first = true;
    int count = (int)chance_between(c, 0, 5);
    for (int i = 0; i < count; i++) {
        int64_t up = chance_between(c, 0, 100) * HOUR / 2;
        make_comma(m);
        buffer_printf(m->out, "{\"gateway\":\"g%d\",\"boot\":\"b%d\",\"up_ms\":%" PRId64 ",\"t\":%" PRId64 "}",
                      (int)chance_between(c, 0, MOST_GATEWAYS - 1), (int)chance_between(c, 0, 2), up,
                      m->start + up + chance_between(c, -3, 3) * MINUTE);
    }
    buffer_add_byte(m->out, ']');
}

void make_probes(struct maker *m)
{
    struct chance *c = &m->chance;
    struct made_probe probes[MOST_PROBES];
    int count = 0;
    for (int i = 0; i < m->equipment_count && count < MOST_PROBES; i++) {
        int here = (int)chance_between(c, 0, 9);
        here = here < 2 ? 0 : here < 7 ? 1 : 2;
        for (int k = 0; k < here && count < MOST_PROBES; k++, count++)
            probes[count] = (struct made_probe){(int)chance_between(c, 0, MOST_GATEWAYS - 1), count, i,
                                                chance_percent(c, 30)};
    }
    make_placements(m, probes, count);
    make_syncs(m);
    buffer_add_text(m->out, ",\"probes\":[");
    m->first = true;
    for (int i = 0; i < count; i++)
        make_probe(m, &probes[i]);
    buffer_add_byte(m->out, ']');
}
