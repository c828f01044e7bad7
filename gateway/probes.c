#include "gateway/probes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"

enum { PROBES_MOST = 256, DRIVERS_MOST = 8, COMPLAINTS_MOST = 8 };
/* A bulk conversion takes 750 ms, up to twice that on a slow bus; then the probes are asked anyway. */
enum { PREPARE_MOST_MS = 2000 };

struct entry {
    struct probe probe;
    uint64_t asked;   /* the round whose answer is awaited; 0: none */
    bool busy;        /* a read is inside its lane, of this round or an older one */
    bool seen;        /* by the scan under way */
};

struct bus_state {
    const struct driver *driver;
    struct bus *bus;
    bool scanning;
    bool scan_failed; /* its probes stay as they were */
    bool preparing;
};

struct probes {
    struct loop *loop;
    struct lanes *lanes;
    struct probes_callbacks callbacks;
    struct bus_state buses[DRIVERS_MOST];
    size_t bus_count;
    struct entry *entries[PROBES_MOST];
    size_t count;
    uint64_t next_serial;
    uint64_t round;          /* the running one; 0: none */
    bool reads_held;         /* until the buses are prepared */
    struct loop_timer *prepare_timer;
    size_t scans_awaited;
};

/* Jobs hold copies of all they need, so that a thread left behind touches nothing that was freed. */
struct read_job {
    struct job job;
    struct probes *probes;
    const struct driver *driver;
    struct bus *bus;
    struct probe_found found;
    uint64_t serial, round;
    struct reading reading;
};

struct bus_job {
    struct job job;
    struct probes *probes;
    size_t index; /* of the bus */
    const struct driver *driver;
    struct bus *bus;
    struct probe_found *found;
    size_t count;
    char complaints[COMPLAINTS_MOST][sizeof((struct why *)0)->text];
    size_t complaint_count;
    enum outcome outcome;
    struct why why;
};

static struct entry *entry_of_serial(struct probes *probes, uint64_t serial)
{
    for (size_t i = 0; i < probes->count; i++)
        if (probes->entries[i]->probe.serial == serial)
            return probes->entries[i];
    return NULL;
}

static struct entry *entry_of_id(struct probes *probes, const char *id)
{
    for (size_t i = 0; i < probes->count; i++)
        if (strcmp(probes->entries[i]->probe.found.id, id) == 0)
            return probes->entries[i];
    return NULL;
}

static void complain(struct probes *probes, const char *text)
{
    probes->callbacks.on_complaint(probes->callbacks.context, text);
}

/* Reading. */

static void answer(struct probes *probes, struct entry *entry, const struct reading *reading)
{
    uint64_t round = entry->asked;
    entry->asked = 0;
    probes->callbacks.on_answer(probes->callbacks.context, round, &entry->probe, reading);
}

static void answer_empty(struct probes *probes, struct entry *entry, const char *text)
{
    struct reading reading;
    reading_failed(&reading, READING_EMPTY, "%s", text);
    answer(probes, entry, &reading);
}

static void read_run(struct job *job)
{
    struct read_job *read = (struct read_job *)job;
    read->driver->read(read->bus, &read->found, &read->reading);
}

static void read_drop(struct job *job)
{
    free(job);
}

static void read_done(struct job *job)
{
    scoped_by(cleanup_free) struct read_job *read = (struct read_job *)job;
    struct entry *entry = entry_of_serial(read->probes, read->serial);
    if (!entry)
        return;
    entry->busy = false;
    if (entry->asked == read->round)
        answer(read->probes, entry, &read->reading);
}

static void ask(struct probes *probes, struct entry *entry)
{
    struct why why = {"out of memory"};
    struct read_job *read = calloc(1, sizeof *read);
    if (read) {
        *read = (struct read_job){{read_run, read_done, read_drop, NULL}, probes, entry->probe.driver,
                                  entry->probe.bus, entry->probe.found, entry->probe.serial, entry->asked, {0}};
        if (lane_submit(probes->lanes, entry->probe.found.lane, &read->job, &why) == DONE) {
            entry->busy = true;
            return;
        }
    }
    free(read);
    answer_empty(probes, entry, why.text);
}

static void ask_all(struct probes *probes)
{
    probes->reads_held = false;
    loop_timer_clear(probes->prepare_timer);
    for (size_t i = 0; i < probes->count; i++)
        if (probes->entries[i]->asked == probes->round && !probes->entries[i]->busy)
            ask(probes, probes->entries[i]);
}

static bool any_preparing(const struct probes *probes)
{
    for (size_t i = 0; i < probes->bus_count; i++)
        if (probes->buses[i].preparing)
            return true;
    return false;
}

static void prepare_late(void *context)
{
    ask_all(context);
}

static void bus_job_drop(struct job *job)
{
    free(((struct bus_job *)job)->found);
    free(job);
}

static void bus_job_free(struct bus_job **job)
{
    bus_job_drop(&(*job)->job);
}

static struct bus_job *bus_job_new(struct probes *probes, size_t index, void (*run)(struct job *),
                                   void (*done)(struct job *))
{
    struct bus_job *job = calloc(1, sizeof *job);
    if (job) {
        job->job = (struct job){run, done, bus_job_drop, NULL};
        job->probes = probes;
        job->index = index;
        job->driver = probes->buses[index].driver;
        job->bus = probes->buses[index].bus;
    }
    return job;
}

static bool submit_bus_job(struct probes *probes, struct bus_job *job, const char *what, struct why *why)
{
    char lane[64];
    (void)snprintf(lane, sizeof lane, "%s %s", job->driver->name, what);
    if (lane_submit(probes->lanes, lane, &job->job, why) == DONE)
        return true;
    bus_job_drop(&job->job);
    return false;
}

static void prepare_run(struct job *job)
{
    struct bus_job *prepare = (struct bus_job *)job;
    prepare->driver->prepare(prepare->bus);
}

static void prepare_done(struct job *job)
{
    scoped_by(bus_job_free) struct bus_job *prepare = (struct bus_job *)job;
    struct probes *probes = prepare->probes;
    probes->buses[prepare->index].preparing = false;
    if (probes->reads_held && !any_preparing(probes))
        ask_all(probes);
}

static bool bus_has_several(const struct probes *probes, size_t index)
{
    size_t count = 0;
    for (size_t i = 0; i < probes->count; i++)
        count += probes->entries[i]->probe.bus == probes->buses[index].bus;
    return count > 1;
}

/* True when a bus is being prepared and the reads have to wait for it. One that still hangs from before is not waited
 * for. */
static bool prepare_buses(struct probes *probes)
{
    struct why why;
    bool started = false;
    for (size_t i = 0; i < probes->bus_count; i++) {
        struct bus_state *state = &probes->buses[i];
        if (!state->driver->prepare || state->preparing || !bus_has_several(probes, i))
            continue;
        struct bus_job *job = bus_job_new(probes, i, prepare_run, prepare_done);
        if (job && submit_bus_job(probes, job, "prepare", &why))
            started = state->preparing = true;
    }
    return started;
}

void probes_round(struct probes *probes, uint64_t round)
{
    if (probes->round != 0)
        probes_expire(probes, probes->round);
    probes->round = round;
    for (size_t i = 0; i < probes->count; i++) {
        struct entry *entry = probes->entries[i];
        if (!entry->probe.driver->read)
            continue;
        entry->asked = round;
        if (entry->busy)
            answer_empty(probes, entry, "still no answer to an earlier question");
    }
    probes->reads_held = prepare_buses(probes);
    if (probes->reads_held)
        loop_timer_set(probes->prepare_timer, loop_now_ms(probes->loop) + PREPARE_MOST_MS);
    else
        ask_all(probes);
}

void probes_expire(struct probes *probes, uint64_t round)
{
    if (probes->round != round)
        return;
    probes->round = 0;
    probes->reads_held = false;
    loop_timer_clear(probes->prepare_timer);
    for (size_t i = 0; i < probes->count; i++)
        if (probes->entries[i]->asked == round)
            answer_empty(probes, probes->entries[i], "no answer in time");
}

size_t probes_awaited(const struct probes *probes)
{
    size_t awaited = 0;
    for (size_t i = 0; i < probes->count; i++)
        awaited += probes->entries[i]->asked != 0;
    return awaited;
}

/* Scanning. */

static void scan_found(void *context, const struct probe_found *found)
{
    struct bus_job *scan = context;
    if (scan->count < PROBES_MOST)
        scan->found[scan->count++] = *found;
}

static void scan_complaint(void *context, const char *text)
{
    struct bus_job *scan = context;
    if (scan->complaint_count < COMPLAINTS_MOST)
        (void)snprintf(scan->complaints[scan->complaint_count++], sizeof scan->complaints[0], "%s", text);
}

static void scan_run(struct job *job)
{
    struct bus_job *scan = (struct bus_job *)job;
    scan->found = calloc(PROBES_MOST, sizeof *scan->found);
    if (!scan->found)
        scan->outcome = fail(&scan->why, RETRY, "out of memory");
    else
        scan->outcome = scan->driver->scan(scan->bus, scan_found, scan_complaint, scan, &scan->why);
}

static void add_probe(struct probes *probes, const struct bus_job *scan, const struct probe_found *found)
{
    if (probes->count == PROBES_MOST)
        return;
    struct entry *entry = calloc(1, sizeof *entry);
    if (!entry)
        return; /* the next scan finds it again */
    entry->probe = (struct probe){
        .found = *found, .driver = scan->driver, .bus = scan->bus, .serial = ++probes->next_serial};
    entry->seen = true;
    probes->entries[probes->count++] = entry;
    probes->callbacks.on_found(probes->callbacks.context, &entry->probe);
}

static void merge_scan(struct probes *probes, const struct bus_job *scan)
{
    for (size_t i = 0; i < scan->complaint_count; i++)
        complain(probes, scan->complaints[i]);
    if (scan->outcome != DONE) {
        probes->buses[scan->index].scan_failed = true;
        complain(probes, scan->why.text);
        return;
    }
    for (size_t i = 0; i < scan->count; i++) {
        struct entry *entry = entry_of_id(probes, scan->found[i].id);
        if (!entry)
            add_probe(probes, scan, &scan->found[i]);
        else if (entry->probe.bus == scan->bus) {
            entry->seen = true;
            entry->probe.found = scan->found[i]; /* a chip's number may have changed */
        }
    }
}

static void lose(struct probes *probes, size_t index)
{
    struct entry *entry = probes->entries[index];
    memmove(&probes->entries[index], &probes->entries[index + 1],
            (probes->count - index - 1) * sizeof probes->entries[0]);
    probes->count--;
    if (entry->asked != 0)
        answer_empty(probes, entry, "the probe is gone");
    probes->callbacks.on_lost(probes->callbacks.context, &entry->probe);
    lane_retire(probes->lanes, entry->probe.found.lane);
    free(entry);
}

static const struct bus_state *state_of(const struct probes *probes, const struct bus *bus)
{
    for (size_t i = 0; i < probes->bus_count; i++)
        if (probes->buses[i].bus == bus)
            return &probes->buses[i];
    return NULL;
}

static void end_scan(struct probes *probes)
{
    for (size_t i = probes->count; i-- > 0;) {
        const struct bus_state *state = state_of(probes, probes->entries[i]->probe.bus);
        if (!probes->entries[i]->seen && state && !state->scan_failed && !state->scanning)
            lose(probes, i);
    }
    probes->callbacks.on_scanned(probes->callbacks.context);
}

static void scan_done(struct job *job)
{
    scoped_by(bus_job_free) struct bus_job *scan = (struct bus_job *)job;
    struct probes *probes = scan->probes;
    probes->buses[scan->index].scanning = false;
    merge_scan(probes, scan);
    if (probes->scans_awaited > 0 && --probes->scans_awaited == 0)
        end_scan(probes);
}

void probes_scan(struct probes *probes)
{
    if (probes->scans_awaited > 0) {
        /* A driver hangs in its scan: what the others said counts now, its own probes stay as they were. */
        probes->scans_awaited = 0;
        end_scan(probes);
    }
    for (size_t i = 0; i < probes->count; i++)
        probes->entries[i]->seen = false;
    for (size_t i = 0; i < probes->bus_count; i++) {
        struct why why = {"out of memory"};
        if (probes->buses[i].scanning)
            continue;
        struct bus_job *job = bus_job_new(probes, i, scan_run, scan_done);
        probes->buses[i].scan_failed = !job || !submit_bus_job(probes, job, "scan", &why);
        if (probes->buses[i].scan_failed) {
            complain(probes, why.text);
            continue;
        }
        probes->buses[i].scanning = true;
        probes->scans_awaited++;
    }
}

/* Opening and closing. */

/* What threads may still be using after the probes are gone. */
struct leftovers {
    struct bus_state buses[DRIVERS_MOST];
    size_t bus_count;
};

static void close_buses(void *context)
{
    struct leftovers *left = context;
    for (size_t i = 0; left && i < left->bus_count; i++)
        left->buses[i].driver->close(&left->buses[i].bus);
    free(left);
}

bool probes_close(struct probes **probes)
{
    struct probes *p = *probes;
    if (!p)
        return true;
    struct leftovers *left = malloc(sizeof *left); /* without memory for it the buses are left to the end of the process */
    if (left) {
        memcpy(left->buses, p->buses, sizeof left->buses);
        left->bus_count = p->bus_count;
    }
    bool all_ended = lanes_close(&p->lanes, close_buses, left);
    loop_timer_free(&p->prepare_timer);
    for (size_t i = 0; i < p->count; i++)
        free(p->entries[i]);
    free(p);
    *probes = NULL;
    return all_ended;
}

static enum outcome open_buses(struct probes *probes, const struct gateway_settings *settings, struct why *why)
{
    const struct driver *driver;
    for (size_t i = 0; (driver = driver_at(i)) && probes->bus_count < DRIVERS_MOST; i++) {
        struct bus_state *state = &probes->buses[probes->bus_count];
        enum outcome outcome = driver->open(settings, &state->bus, why);
        if (outcome != DONE)
            return fail_within(why, outcome, "driver %s", driver->name);
        state->driver = driver;
        probes->bus_count++;
    }
    return DONE;
}

enum outcome probes_open(struct probes **made, struct loop *loop, const struct gateway_settings *settings,
                         const struct probes_callbacks *callbacks, struct why *why)
{
    struct probes *probes = calloc(1, sizeof *probes);
    if (!probes)
        return fail(why, RETRY, "out of memory");
    probes->loop = loop;
    probes->callbacks = *callbacks;
    enum outcome outcome = lanes_open(&probes->lanes, loop, why);
    if (outcome == DONE)
        outcome = loop_timer_new(loop, prepare_late, probes, &probes->prepare_timer, why);
    if (outcome == DONE)
        outcome = open_buses(probes, settings, why);
    if (outcome != DONE) {
        (void)probes_close(&probes);
        return outcome;
    }
    *made = probes;
    return DONE;
}

size_t probes_count(const struct probes *probes)
{
    return probes->count;
}

struct probe *probes_at(struct probes *probes, size_t index)
{
    return index < probes->count ? &probes->entries[index]->probe : NULL;
}
