/* Lots and custody events. */
#include <stdlib.h>
#include <string.h>

#include "coldchain/scenario_reader.h"
#include "coldchain/words.h"

#define EVENT_KEYS                                                                                                     \
    "id type at lots from to gateway epoch seq position clock_error_ms boot up_ms parts pool expected due results "   \
    "donation product voids replace document person how state expires"

void read_lots(const struct entry *root)
{
    const struct json *list = entry_list(root, "lots");
    struct json_path path = {root->path, "lots", 0};
    for (size_t i = 0; i < list->count; i++) {
        struct json_path item = {&path, NULL, i};
        struct entry entry = {root->reader, &list->items[i], &item};
        if (!entry_open(&entry, "id kind product"))
            return;
        int32_t index = entry_name_needed(&entry, "id", NAME_LOT);
        int kind = entry_word(&entry, "kind", lot_kind_words(), LOT_KIND_WORDS, LOT_UNIT);
        int32_t product = entry_name(&entry, "product", NAME_PRODUCT);
        if (!name_register(&entry, NAME_LOT, index))
            continue;
        struct lot *lot = &root->reader->lots[index];
        lot->registered = true;
        lot->kind = (enum lot_kind)kind;
        lot->product = product;
    }
}

static struct place read_place(const struct entry *event, const char *key, bool *stated)
{
    struct place place = {NONE, NONE, NONE};
    const struct json *node = json_member(event->node, key);
    struct json_path path = {event->path, key, 0};
    struct entry entry = {event->reader, node, &path};
    *stated = node != NULL;
    if (!node || !entry_open(&entry, "site equipment parent"))
        return place;
    place.site = entry_name(&entry, "site", NAME_SITE);
    place.equipment = entry_name(&entry, "equipment", NAME_EQUIPMENT);
    place.parent = entry_name(&entry, "parent", NAME_LOT);
    return place;
}

static int by_analysis(const void *a, const void *b)
{
    const struct analysis_result *left = a;
    const struct analysis_result *right = b;
    return strcmp(left->analysis, right->analysis);
}

static void read_results(const struct entry *event, struct event *made)
{
    const struct json *node = json_member(event->node, "results");
    if (!node)
        return;
    if (node->type != JSON_OBJECT) {
        entry_refuse(event, "results", "must be an object");
        return;
    }
    struct analysis_result *results = arena_new(event->reader->arena, node->count, sizeof *results);
    if (!results) {
        reader_no_memory(event->reader);
        return;
    }
    struct json_path path = {event->path, "results", 0};
    struct entry entry = {event->reader, node, &path};
    for (size_t i = 0; i < node->count; i++) {
        int answer = entry_word(&entry, node->items[i].key, test_words(), TEST_WORDS, TEST_INVALID);
        results[i] = (struct analysis_result){node->items[i].key, (enum test_answer)answer};
    }
    if (node->count > 1)
        qsort(results, node->count, sizeof *results, by_analysis);
    made->results = results;
    made->result_count = node->count;
}

/* Where in time and in its gateway's chain the event stands. */
static void read_order(const struct entry *entry, struct event *made)
{
    bool has_boot = json_member(entry->node, "boot") != NULL;
    made->boot = entry_boot(entry);
    made->at = has_boot ? entry_integer(entry, "at", TIME_NONE) : entry_integer_needed(entry, "at");
    made->up_ms = has_boot ? entry_integer_needed(entry, "up_ms") : entry_integer(entry, "up_ms", 0);
    made->gateway = entry_name(entry, "gateway", NAME_GATEWAY);
    made->epoch = entry_integer(entry, "epoch", 0);
    made->seq = entry_integer(entry, "seq", 0);
    made->position = entry_integer(entry, "position", 0);
    made->clock_error_ms = entry_integer_within(entry, "clock_error_ms", 0, 0, JSON_LARGEST);
}

static struct event read_event(const struct entry *entry, const char *id);

static void read_correction(const struct entry *entry, struct event *made)
{
    made->voids = entry_text(entry, "voids");
    const struct json *node = json_member(entry->node, "replace");
    if (!node)
        return;
    struct json_path path = {entry->path, "replace", 0};
    struct entry inner = {entry->reader, node, &path};
    struct event *replace = arena_new(entry->reader->arena, 1, sizeof *replace);
    if (!replace) {
        reader_no_memory(entry->reader);
        return;
    }
    /* It counts instead of the voided one, so it has that one's id. */
    *replace = read_event(&inner, made->voids ? made->voids : "");
    if (replace->type == EVENT_CORRECT)
        entry_refuse(&inner, "type", "a correction cannot be put in an event's place");
    made->replace = replace;
}

/* `id` NULL: its own is needed. */
static struct event read_event(const struct entry *entry, const char *id)
{
    struct event made = {.pool = NONE, .product = NONE, .boot = NONE};
    if (!entry_open(entry, EVENT_KEYS))
        return made;
    const char *own_id = entry_text(entry, "id");
    made.id = id ? id : own_id ? own_id : entry_text_needed(entry, "id");
    int type = entry_word(entry, "type", event_words(), EVENT_TYPE_COUNT, EVENT_NONE);
    if (type == EVENT_NONE)
        entry_refuse(entry, "type", "is missing");
    made.type = (enum event_type)type;
    read_order(entry, &made);
    made.lots = entry_names(entry, "lots", NAME_LOT, &made.lot_count);
    made.from = read_place(entry, "from", &made.has_from);
    made.to = read_place(entry, "to", &made.has_to);
    made.parts = entry_names(entry, "parts", NAME_LOT, &made.part_count);
    made.pool = entry_name(entry, "pool", NAME_LOT);
    made.has_expected = json_member(entry->node, "expected") != NULL;
    made.expected = entry_names(entry, "expected", NAME_LOT, &made.expected_count);
    made.due = entry_integer(entry, "due", TIME_NONE);
    read_results(entry, &made);
    made.donation = entry_text(entry, "donation");
    made.product = entry_name(entry, "product", NAME_PRODUCT);
    made.state = (enum stock_state)entry_word(entry, "state", state_words(), STATE_WORDS, STATE_RAW);
    made.has_state = json_member(entry->node, "state") != NULL;
    made.expires = entry_integer(entry, "expires", TIME_NONE);
    made.document = entry_text(entry, "document");
    made.person = entry_text(entry, "person");
    made.how = entry_text(entry, "how");
    if (made.type == EVENT_CORRECT)
        read_correction(entry, &made);
    else if (json_member(entry->node, "voids") || json_member(entry->node, "replace"))
        entry_refuse(entry, json_member(entry->node, "voids") ? "voids" : "replace", "only a correction has it");
    return made;
}

struct read_one {
    struct event event;
    const char *canonical;
};

static int by_id(const void *a, const void *b)
{
    const struct read_one *left = a;
    const struct read_one *right = b;
    int ids = strcmp(left->event.id, right->event.id);
    return ids != 0 ? ids : strcmp(left->canonical, right->canonical);
}

/* Sorted by (id, content), each content once: the order of the file says nothing. */
void read_events(const struct entry *root)
{
    struct scenario_reader *reader = root->reader;
    const struct json *list = entry_list(root, "events");
    struct json_path path = {root->path, "events", 0};
    struct read_one *all = arena_new(reader->arena, list->count, sizeof *all);
    struct event *events = arena_new(reader->arena, list->count, sizeof *events);
    if (!all || !events) {
        reader_no_memory(reader);
        return;
    }
    for (size_t i = 0; i < list->count; i++) {
        struct json_path item = {&path, NULL, i};
        struct entry entry = {reader, &list->items[i], &item};
        all[i].event = read_event(&entry, NULL);
        all[i].canonical = reader->collecting ? "" : entry_canonical(&entry);
        if (!reader_ok(reader))
            return;
    }
    if (reader->collecting)
        return;
    if (list->count > 1)
        qsort(all, list->count, sizeof *all, by_id);
    size_t count = 0;
    for (size_t i = 0; i < list->count; i++)
        if (i == 0 || by_id(&all[i - 1], &all[i]) != 0)
            events[count++] = all[i].event;
    reader->facts->events = events;
    reader->facts->event_count = count;
}
