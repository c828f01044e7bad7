#include <stdlib.h>
#include <string.h>

#include "coldchain/core.h"
#include "coldchain/scenario_reader.h"
#include "common/cleanup.h"

static void read_heard(const struct entry *root)
{
    const struct json *node = json_member(root->node, "heard_through");
    if (!node)
        return;
    if (node->type != JSON_OBJECT) {
        entry_refuse(root, "heard_through", "must be an object");
        return;
    }
    struct json_path path = {root->path, "heard_through", 0};
    for (size_t i = 0; i < node->count; i++) {
        struct json_path item = {&path, node->items[i].key, 0};
        int32_t index = name_index(root->reader, NAME_GATEWAY, node->items[i].key, &item);
        if (node->items[i].type == JSON_NULL)
            continue;
        int64_t heard = node_integer(root->reader, &node->items[i], &item);
        if (index != NONE)
            root->reader->gateways[index].heard_through = heard;
    }
}

static int by_from(const void *a, const void *b)
{
    const struct zone_rule *left = a;
    const struct zone_rule *right = b;
    return (left->from > right->from) - (left->from < right->from);
}

static void read_zone(const struct entry *root)
{
    enum { MOST_MINUTES = 24 * 60 };
    struct scenario_reader *reader = root->reader;
    const struct json *list = entry_list(root, "zone");
    struct zone_rule *zone = arena_new(reader->arena, list->count + 1, sizeof *zone);
    if (!zone) {
        reader_no_memory(reader);
        return;
    }
    zone[0] = (struct zone_rule){0, 60};
    for (size_t i = 0; i < list->count; i++) {
        int64_t minutes = 0;
        if (!entry_pair(root, "zone", &list->items[i], i, &zone[i].from, &minutes))
            return;
        if (minutes < -MOST_MINUTES || minutes > MOST_MINUTES)
            entry_refuse(root, "zone", "offset out of range");
        zone[i].offset_minutes = (int32_t)(reader_ok(reader) ? minutes : 0);
    }
    size_t count = list->count ? list->count : 1;
    qsort(zone, count, sizeof *zone, by_from);
    size_t kept = 1;
    for (size_t i = 1; i < count; i++) {
        bool same = zone[kept - 1].from == zone[i].from;
        if (same && zone[kept - 1].offset_minutes != zone[i].offset_minutes)
            entry_refuse(root, "zone", "two offsets from one instant");
        if (!same)
            zone[kept++] = zone[i];
    }
    reader->facts->zone = zone;
    reader->facts->zone_count = kept;
}

static void walk(const struct entry *root)
{
    if (!entry_open(root, "heard_through zone sites equipment placements probes syncs policies products lots events"))
        return;
    read_heard(root);
    read_zone(root);
    read_sites(root);
    read_equipment(root);
    read_placements(root);
    read_probes(root);
    read_syncs(root);
    read_policies(root);
    read_products(root);
    read_lots(root);
    read_events(root);
}

static void *named(struct scenario_reader *reader, enum name_kind kind, size_t size)
{
    return arena_new(reader->arena, reader->names[kind].list.count, size);
}

/* Gives each name its place in the facts, not yet registered. */
static void lay_out(struct scenario_reader *reader)
{
    const struct names *names = reader->names;
    reader->gateways = named(reader, NAME_GATEWAY, sizeof *reader->gateways);
    reader->sites = named(reader, NAME_SITE, sizeof *reader->sites);
    reader->equipment = named(reader, NAME_EQUIPMENT, sizeof *reader->equipment);
    reader->probes = named(reader, NAME_PROBE, sizeof *reader->probes);
    reader->products = named(reader, NAME_PRODUCT, sizeof *reader->products);
    reader->lots = named(reader, NAME_LOT, sizeof *reader->lots);
    if (reader->arena->failed) {
        reader_no_memory(reader);
        return;
    }
    for (size_t i = 0; i < names[NAME_GATEWAY].list.count; i++)
        reader->gateways[i] = (struct gateway){names[NAME_GATEWAY].list.items[i], TIME_NONE};
    for (size_t i = 0; i < names[NAME_SITE].list.count; i++)
        reader->sites[i].id = names[NAME_SITE].list.items[i];
    for (size_t i = 0; i < names[NAME_EQUIPMENT].list.count; i++)
        reader->equipment[i] = (struct equipment){.id = names[NAME_EQUIPMENT].list.items[i],
                                                  .kind = "",
                                                  .site = NONE,
                                                  .max_gap_ms = 900000,
                                                  .container = NONE};
    for (size_t i = 0; i < names[NAME_PRODUCT].list.count; i++)
        reader->products[i] = (struct product){names[NAME_PRODUCT].list.items[i], NULL, NONE, NONE};
    for (size_t i = 0; i < names[NAME_LOT].list.count; i++)
        reader->lots[i] = (struct lot){.id = names[NAME_LOT].list.items[i], .product = NONE};
}

static void show(const struct scenario_reader *reader, struct facts *facts)
{
    facts->gateways = reader->gateways;
    facts->gateway_count = reader->names[NAME_GATEWAY].list.count;
    facts->sites = reader->sites;
    facts->site_count = reader->names[NAME_SITE].list.count;
    facts->equipment = reader->equipment;
    facts->equipment_count = reader->names[NAME_EQUIPMENT].list.count;
    facts->probes = reader->probes;
    facts->probe_count = reader->names[NAME_PROBE].list.count;
    facts->products = reader->products;
    facts->product_count = reader->names[NAME_PRODUCT].list.count;
    facts->lots = reader->lots;
    facts->lot_count = reader->names[NAME_LOT].list.count;
}

enum outcome scenario_read(struct bytes text, const struct scenario_files *files, struct arena *arena,
                           struct facts *facts, struct why *why)
{
    struct json root;
    *facts = (struct facts){0};
    enum outcome parsed = json_parse(text, arena, &root, why);
    if (parsed != DONE)
        return parsed;
    struct scenario_reader reader = {
        .arena = arena, .why = why, .outcome = DONE, .collecting = true, .files = files, .facts = facts};
    struct json_path path = {0};
    struct entry entry = {&reader, &root, &path};
    walk(&entry);
    names_sort(&reader);
    *facts = (struct facts){0};
    if (reader_ok(&reader))
        lay_out(&reader);
    reader.collecting = false;
    if (reader_ok(&reader)) {
        show(&reader, facts);
        walk(&entry);
    }
    return reader.outcome;
}

enum outcome scenario_fold(struct bytes text, const struct scenario_files *files, struct buffer *out, struct why *why)
{
    scoped_by(arena_free) struct arena arena = {0};
    struct facts facts;
    struct results results;
    enum outcome outcome = scenario_read(text, files, &arena, &facts, why);
    if (outcome == DONE)
        outcome = core_fold(&facts, &arena, &results, why);
    if (outcome == DONE)
        outcome = scenario_write(&facts, &results, out, why);
    return outcome;
}
