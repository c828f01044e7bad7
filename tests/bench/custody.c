/* bench-custody [SECONDS]: how fast custody is, on one core. Prints one line a figure; asserts nothing.
 *
 *   event    one event of a lot that has 100: ordered and folded with the others, per event
 *   append   one event more, from a snapshot of the 100
 *   pool     a pool event of 5,000 members
 *   trace    from that pool to every donation, and from one donation to everything it went into
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "coldchain/custody.h"
#include "coldchain/genealogy.h"
#include "common/cleanup.h"

enum { EVENTS = 100, LOTS = 100, MEMBERS = 5000 };

static double seconds_now(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void report(const char *what, uint64_t count, double seconds, const char *unit)
{
    printf("%-8s %12.0f %s/s   %8.3f us each\n", what, (double)count / seconds, unit, seconds / (double)count * 1e6);
}

static void must(bool done)
{
    if (!done)
        exit(1);
}

/* LOTS lots of EVENTS events each: collected, then stored in one of two freezers and taken out, over and over. */
static struct facts busy_facts(struct arena *arena)
{
    struct lot *lots = arena_new(arena, LOTS, sizeof *lots);
    int32_t *names = arena_new(arena, LOTS, sizeof *names);
    struct equipment *equipment = arena_new(arena, 2, sizeof *equipment);
    struct event *events = arena_new(arena, LOTS * EVENTS, sizeof *events);
    must(lots && names && equipment && events);
    for (int32_t i = 0; i < 2; i++)
        equipment[i] = (struct equipment){.id = i ? "F2" : "F1", .registered = true, .site = NONE, .container = NONE};
    for (int32_t i = 0; i < LOTS; i++) {
        char id[16];
        int len = snprintf(id, sizeof id, "u%05" PRId32, i);
        lots[i] = (struct lot){arena_text(arena, id, (size_t)len), true, LOT_UNIT, NONE};
        names[i] = i;
    }
    for (int32_t i = 0; i < LOTS * EVENTS; i++) {
        int32_t step = i / LOTS;
        char id[16];
        int len = snprintf(id, sizeof id, "e%07" PRId32, i);
        events[i] = (struct event){.id = arena_text(arena, id, (size_t)len), .at = i * INT64_C(60000), .gateway = i % 3,
                                   .boot = NONE, .lots = &names[i % LOTS], .lot_count = 1, .pool = NONE, .product = NONE,
                                   .type = step == 0 ? EVENT_COLLECT : step % 2 ? EVENT_STORE : EVENT_TAKE_OUT,
                                   .from = {NONE, NONE, NONE}, .to = {NONE, step % 2 ? step / 2 % 2 : NONE, NONE},
                                   .due = TIME_NONE, .expires = TIME_NONE};
    }
    return (struct facts){.lots = lots, .lot_count = LOTS, .equipment = equipment, .equipment_count = 2,
                          .events = events, .event_count = LOTS * EVENTS};
}

static const struct ordered_event *order(const struct facts *facts, struct arena *arena, size_t *count)
{
    conflict_list conflicts = {0};
    struct event_result *results = arena_new(arena, facts->event_count, sizeof *results);
    must(results != NULL);
    for (size_t i = 0; i < facts->event_count; i++)
        results[i].voided_by = NONE;
    const struct ordered_event *ordered = custody_order(facts, NULL, arena, results, &conflicts, count);
    must(ordered != NULL);
    return ordered;
}

static void bench_events(double seconds)
{
    scoped_by(arena_free) struct arena world = {0};
    struct facts facts = busy_facts(&world);
    struct why why;
    uint64_t folded = 0;
    double begin = seconds_now();
    while (seconds_now() - begin < seconds) {
        scoped_by(arena_free) struct arena arena = {0};
        size_t count = 0;
        const struct ordered_event *ordered = order(&facts, &arena, &count);
        struct custody *custody = custody_begin(&facts, &arena);
        must(custody && custody_fold(custody, ordered, count, &why) == DONE && custody_lives(custody, &arena));
        folded += count;
    }
    report("event", folded, seconds_now() - begin, "events");
}

static void bench_append(double seconds)
{
    scoped_by(arena_free) struct arena world = {0};
    struct facts facts = busy_facts(&world);
    struct why why;
    size_t count = 0;
    const struct ordered_event *ordered = order(&facts, &world, &count);
    struct custody *custody = custody_begin(&facts, &world);
    must(custody && custody_fold(custody, ordered, count - 1, &why) == DONE);
    struct lot_state kept = *custody_state(custody, LOTS - 1);
    struct facts one = facts;
    one.events = &facts.events[count - 1];
    one.event_count = 1;
    struct ordered_event last = ordered[count - 1];
    last.index = 0;
    uint64_t folded = 0;
    double begin = seconds_now();
    for (; seconds_now() - begin < seconds; folded++) {
        scoped_by(arena_free) struct arena arena = {0};
        struct custody *snapshot = custody_begin(&one, &arena);
        must(snapshot != NULL);
        custody_put(snapshot, LOTS - 1, &kept);
        must(custody_fold(snapshot, &last, 1, &why) == DONE);
    }
    report("append", folded, seconds_now() - begin, "events");
}

/* MEMBERS lots collected, and one event that pools them all. */
static struct facts pool_facts(struct arena *arena)
{
    struct lot *lots = arena_new(arena, MEMBERS + 1, sizeof *lots);
    int32_t *names = arena_new(arena, MEMBERS, sizeof *names);
    struct event *events = arena_new(arena, 2, sizeof *events);
    must(lots && names && events);
    for (int32_t i = 0; i <= MEMBERS; i++) {
        char id[16];
        int len = snprintf(id, sizeof id, "u%05" PRId32, i);
        lots[i] = (struct lot){arena_text(arena, id, (size_t)len), true, i < MEMBERS ? LOT_UNIT : LOT_POOL, NONE};
        if (i < MEMBERS)
            names[i] = i;
    }
    for (int32_t i = 0; i < 2; i++)
        events[i] = (struct event){.id = i ? "e2" : "e1", .type = i ? EVENT_POOL : EVENT_COLLECT, .at = i * INT64_C(60000),
                                   .boot = NONE, .lots = names, .lot_count = MEMBERS, .pool = i ? MEMBERS : NONE,
                                   .product = NONE, .from = {NONE, NONE, NONE}, .to = {NONE, NONE, NONE},
                                   .due = TIME_NONE, .expires = TIME_NONE};
    return (struct facts){.lots = lots, .lot_count = MEMBERS + 1, .events = events, .event_count = 2};
}

static void bench_pool(double seconds)
{
    scoped_by(arena_free) struct arena world = {0};
    struct facts facts = pool_facts(&world);
    struct why why;
    size_t count = 0;
    const struct ordered_event *ordered = order(&facts, &world, &count);
    uint64_t folded = 0;
    double begin = seconds_now();
    for (; seconds_now() - begin < seconds; folded++) {
        scoped_by(arena_free) struct arena arena = {0};
        struct custody *custody = custody_begin(&facts, &arena);
        must(custody && custody_fold(custody, ordered, count, &why) == DONE);
    }
    report("pool", folded * MEMBERS, seconds_now() - begin, "members");
    struct custody *custody = custody_begin(&facts, &world);
    must(custody && custody_fold(custody, ordered, count, &why) == DONE);
    size_t edges = 0;
    const struct descent *descent = custody_descent(custody, &edges);
    uint64_t traced = 0;
    begin = seconds_now();
    for (; seconds_now() - begin < seconds; traced++) {
        scoped_by(arena_free) struct arena arena = {0};
        size_t back = 0;
        size_t forward = 0;
        struct genealogy *genealogy = genealogy_make(descent, edges, facts.lot_count, &arena);
        must(genealogy && genealogy_trace(genealogy, MEMBERS, TRACE_BACK, &arena, &back) &&
             genealogy_trace(genealogy, 17, TRACE_FORWARD, &arena, &forward));
        must(back == MEMBERS && forward == 1);
    }
    report("trace", traced, seconds_now() - begin, "traces");
}

int main(int argc, char **argv)
{
    double seconds = argc > 1 ? strtod(argv[1], NULL) : 1.0;
    bench_events(seconds);
    bench_append(seconds);
    bench_pool(seconds);
    return 0;
}
