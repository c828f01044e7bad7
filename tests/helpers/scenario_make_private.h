/* Inside the scenario maker. */
#ifndef TESTS_HELPERS_SCENARIO_MAKE_PRIVATE_H
#define TESTS_HELPERS_SCENARIO_MAKE_PRIVATE_H

#include "common/bytes.h"
#include "tests/helpers/chance.h"

#define MINUTE INT64_C(60000)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

enum { MOST_EQUIPMENT = 6, MOST_LOTS = 16, MOST_EVENTS = 120, MOST_GATEWAYS = 3 };

enum made_kind { MADE_UNIT, MADE_SAMPLE, MADE_CONTAINER, MADE_POOL, MADE_PART };

/* What the maker believes of a lot, so that most of its events agree with the ones before. */
struct made_lot {
    char id[24];
    enum made_kind kind;
    bool begun;
    bool ended;
    bool in_transit;
    bool bound; /* to equipment */
    int site;      /* index, or -1 */
    int equipment; /* index, or -1 */
    int parent;    /* lot, or -1 */
    int due_site;
};

struct made_equipment {
    char id[16];
    int site;
    bool transport;
    int container; /* lot, or -1 */
    int64_t normal_mc;
    int64_t cadence;
};

struct maker {
    struct chance chance;
    struct buffer *out;
    int64_t start;
    int64_t end;
    bool exact; /* times on whole minutes */
    int equipment_count;
    struct made_equipment equipment[MOST_EQUIPMENT];
    int lot_count;
    struct made_lot lots[MOST_LOTS];
    int event_count;
    int64_t event_at[MOST_EVENTS];
    int64_t seq[MOST_GATEWAYS];
    int64_t clock_error;
    bool first; /* nothing stands in the list being written yet */
};

/* A comma before all but the first of a list. */
void make_comma(struct maker *m);
int64_t make_time(struct maker *m, int64_t low, int64_t high);
void make_equipment(struct maker *m);
void make_probes(struct maker *m);
void make_policies(struct maker *m);
void make_events(struct maker *m);

#endif
