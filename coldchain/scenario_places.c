/* Sites, equipment, placements, probes, syncs. */
#include <stdlib.h>
#include <string.h>

#include "coldchain/scenario_reader.h"

#define LONGEST_MS JSON_LARGEST

void read_sites(const struct entry *root)
{
    const struct json *list = entry_list(root, "sites");
    struct json_path path = {root->path, "sites", 0};
    for (size_t i = 0; i < list->count; i++) {
        struct json_path item = {&path, NULL, i};
        struct entry entry = {root->reader, &list->items[i], &item};
        if (!entry_open(&entry, "id own"))
            return;
        int32_t index = entry_name_needed(&entry, "id", NAME_SITE);
        bool own = entry_flag(&entry, "own", true);
        if (!name_register(&entry, NAME_SITE, index))
            continue;
        struct site *site = &root->reader->sites[index];
        site->registered = true;
        site->own = own;
    }
}

static int by_from(const void *a, const void *b)
{
    const struct interval *left = a;
    const struct interval *right = b;
    if (left->from != right->from)
        return left->from < right->from ? -1 : 1;
    return (left->to > right->to) - (left->to < right->to);
}

static const struct interval *read_intervals(const struct entry *entry, const char *key, size_t *count)
{
    const struct json *list = entry_list(entry, key);
    struct interval *intervals = arena_new(entry->reader->arena, list->count, sizeof *intervals);
    *count = 0;
    if (!intervals) {
        reader_no_memory(entry->reader);
        return NULL;
    }
    for (size_t i = 0; i < list->count; i++)
        if (!entry_pair(entry, key, &list->items[i], i, &intervals[i].from, &intervals[i].to))
            return NULL;
    if (list->count > 1)
        qsort(intervals, list->count, sizeof *intervals, by_from);
    for (size_t i = 0; i < list->count; i++)
        if (*count == 0 || by_from(&intervals[*count - 1], &intervals[i]) != 0)
            intervals[(*count)++] = intervals[i];
    return intervals;
}

static struct equipment_rule read_equipment_rule(const struct entry *entry)
{
    static const char *const tiers[] = {"alert", "action"};
    static const char *const roles[] = {"product", "air"};
    struct equipment_rule rule = {.role = ROLE_ANY};
    if (!entry_open(entry, "id op limit_mc delay_ms hysteresis_mc tier role valid_from valid_to"))
        return rule;
    rule.id = entry_text_needed(entry, "id");
    rule.delay_ms = entry_integer_within(entry, "delay_ms", 0, 0, LONGEST_MS);
    rule.hysteresis_mc = entry_integer_within(entry, "hysteresis_mc", 0, 0, LONGEST_MS);
    rule.threshold = entry_threshold(entry, rule.hysteresis_mc);
    rule.tier = (enum tier)entry_word(entry, "tier", tiers, 2, TIER_ALERT);
    rule.role = (enum probe_role)entry_word(entry, "role", roles, 2, ROLE_ANY);
    rule.valid_from = entry_integer(entry, "valid_from", TIME_NONE);
    rule.valid_to = entry_integer(entry, "valid_to", TIME_OPEN);
    return rule;
}

static int by_rule(const void *a, const void *b)
{
    const struct equipment_rule *left = a;
    const struct equipment_rule *right = b;
    int ids = strcmp(left->id, right->id);
    if (ids != 0)
        return ids;
    return (left->valid_from > right->valid_from) - (left->valid_from < right->valid_from);
}

/* Sorted by (id, valid_from), so that the order of the file says nothing; two versions of one rule from one instant
 * are refused as two entries with one id. */
static const struct equipment_rule *read_equipment_rules(const struct entry *entry, size_t *count)
{
    const struct json *list = entry_list(entry, "rules");
    struct json_path path = {entry->path, "rules", 0};
    struct equipment_rule *rules = arena_new(entry->reader->arena, list->count, sizeof *rules);
    const char **seen = arena_new(entry->reader->arena, list->count, sizeof *seen);
    *count = 0;
    if (!rules || !seen) {
        reader_no_memory(entry->reader);
        return NULL;
    }
    for (size_t i = 0; i < list->count; i++) {
        struct json_path item = {&path, NULL, i};
        struct entry rule_entry = {entry->reader, &list->items[i], &item};
        struct equipment_rule rule = read_equipment_rule(&rule_entry);
        if (!reader_ok(entry->reader))
            return NULL;
        const char *canonical = entry_canonical(&rule_entry);
        bool again = false;
        for (size_t k = 0; k < *count && !again; k++)
            if (by_rule(&rules[k], &rule) == 0) {
                again = true;
                if (strcmp(seen[k], canonical) != 0)
                    entry_refuse(&rule_entry, NULL, "stands twice with different content");
            }
        seen[*count] = canonical;
        if (!again)
            rules[(*count)++] = rule;
    }
    if (*count > 1)
        qsort(rules, *count, sizeof *rules, by_rule);
    return rules;
}

/* The words of the contract, with a blank or an underscore. */
static bool is_transport(const char *kind)
{
    return strcmp(kind, "transport box") == 0 || strcmp(kind, "transport_box") == 0 || strcmp(kind, "vehicle") == 0;
}

void read_equipment(const struct entry *root)
{
    const struct json *list = entry_list(root, "equipment");
    struct json_path path = {root->path, "equipment", 0};
    for (size_t i = 0; i < list->count; i++) {
        struct json_path item = {&path, NULL, i};
        struct entry entry = {root->reader, &list->items[i], &item};
        if (!entry_open(&entry, "id kind site max_gap_ms container rules out_of_service"))
            return;
        int32_t index = entry_name_needed(&entry, "id", NAME_EQUIPMENT);
        struct equipment made = {.registered = true};
        made.kind = entry_text(&entry, "kind");
        made.kind = made.kind ? made.kind : "";
        made.transport = is_transport(made.kind);
        made.site = entry_name(&entry, "site", NAME_SITE);
        made.max_gap_ms = entry_integer_within(&entry, "max_gap_ms", 900000, 0, LONGEST_MS);
        made.container = entry_name(&entry, "container", NAME_LOT);
        made.rules = read_equipment_rules(&entry, &made.rule_count);
        made.out_of_service = read_intervals(&entry, "out_of_service", &made.out_of_service_count);
        if (!name_register(&entry, NAME_EQUIPMENT, index))
            continue;
        struct equipment *equipment = &root->reader->equipment[index];
        made.id = equipment->id;
        *equipment = made;
    }
}

/* ---- probes ---- */

/* The probe named by `gateway` and `key`. */
static int32_t read_probe_name(const struct entry *entry)
{
    int32_t gateway = entry_name_needed(entry, "gateway", NAME_GATEWAY);
    const char *gateway_id = entry_text(entry, "gateway");
    const char *probe_id = entry_text_needed(entry, "probe");
    if (!reader_ok(entry->reader))
        return NONE;
    size_t gateway_len = strlen(gateway_id);
    size_t probe_len = strlen(probe_id);
    char *name = arena_new(entry->reader->arena, gateway_len + probe_len + 2, 1);
    if (!name) {
        reader_no_memory(entry->reader);
        return NONE;
    }
    memcpy(name, gateway_id, gateway_len);
    name[gateway_len] = '\x01';
    memcpy(name + gateway_len + 1, probe_id, probe_len);
    struct json_path path = {entry->path, "probe", 0};
    int32_t index = name_index(entry->reader, NAME_PROBE, name, &path);
    if (index != NONE) {
        struct probe *probe = &entry->reader->probes[index];
        probe->gateway = gateway;
        probe->id = probe_id;
    }
    return index;
}

static int by_calibration(const void *a, const void *b)
{
    const struct calibration *left = a;
    const struct calibration *right = b;
    return (left->from > right->from) - (left->from < right->from);
}

static void read_calibrations(const struct entry *entry, struct probe *probe)
{
    const struct json *list = entry_list(entry, "calibrations");
    struct json_path path = {entry->path, "calibrations", 0};
    struct calibration *all =
        arena_new(entry->reader->arena, probe->calibration_count + list->count, sizeof *all);
    if (!all) {
        reader_no_memory(entry->reader);
        return;
    }
    size_t count = probe->calibration_count;
    if (count > 0)
        memcpy(all, probe->calibrations, count * sizeof *all);
    for (size_t i = 0; i < list->count; i++) {
        struct json_path item = {&path, NULL, i};
        struct entry inner = {entry->reader, &list->items[i], &item};
        if (!entry_open(&inner, "from offset_mc due"))
            return;
        all[count].from = entry_integer_needed(&inner, "from");
        all[count].offset_mc = entry_integer(&inner, "offset_mc", 0);
        all[count++].due = entry_integer(&inner, "due", TIME_NONE);
    }
    if (count > 1)
        qsort(all, count, sizeof *all, by_calibration);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        bool same_from = kept > 0 && all[kept - 1].from == all[i].from;
        if (same_from && (all[kept - 1].offset_mc != all[i].offset_mc || all[kept - 1].due != all[i].due))
            entry_refuse(entry, "calibrations", "two from one instant with different content");
        if (!same_from)
            all[kept++] = all[i];
    }
    probe->calibrations = all;
    probe->calibration_count = kept;
}

static bool is_good(const struct entry *entry, const char *quality)
{
    if (quality && !*quality)
        entry_refuse(entry, "quality", "is empty");
    return !quality || strcmp(quality, "good") == 0;
}

/* [t, mc] or [t, mc, "quality"] */
static struct reading read_short_reading(const struct entry *entry)
{
    const struct json *node = entry->node;
    struct reading reading = {.boot = NONE, .good = true};
    if (node->count < 2 || node->count > 3) {
        entry_refuse(entry, NULL, "must be [t, mc] or [t, mc, quality]");
        return reading;
    }
    reading.t = node_integer(entry->reader, &node->items[0], entry->path);
    reading.mc = node_integer(entry->reader, &node->items[1], entry->path);
    if (node->count == 3 && node->items[2].type == JSON_TEXT)
        reading.good = is_good(entry, node->items[2].text);
    else if (node->count == 3)
        entry_refuse(entry, NULL, "quality must be text");
    return reading;
}

static struct reading read_reading(const struct entry *entry)
{
    struct reading reading = {.boot = NONE, .good = true};
    if (entry->node->type == JSON_LIST)
        return read_short_reading(entry);
    if (!entry_open(entry, "t mc quality epoch seq position boot up_ms"))
        return reading;
    reading.boot = entry_boot(entry);
    bool has_boot = json_member(entry->node, "boot") != NULL;
    reading.t = has_boot ? entry_integer(entry, "t", 0) : entry_integer_needed(entry, "t");
    reading.up_ms = has_boot ? entry_integer_needed(entry, "up_ms") : entry_integer(entry, "up_ms", 0);
    reading.mc = entry_integer_needed(entry, "mc");
    reading.good = is_good(entry, entry_text(entry, "quality"));
    reading.epoch = entry_integer(entry, "epoch", 0);
    reading.seq = entry_integer(entry, "seq", 0);
    reading.position = entry_integer(entry, "position", 0);
    return reading;
}

static void read_readings(const struct entry *entry, struct probe *probe)
{
    struct scenario_reader *reader = entry->reader;
    const struct json *list = entry_list(entry, "readings");
    struct json_path path = {entry->path, "readings", 0};
    reading_list readings = {0};
    for (size_t i = 0; i < probe->reading_count; i++)
        vec_push(reader->arena, &readings, probe->readings[i]);
    for (size_t i = 0; i < list->count && reader_ok(reader); i++) {
        struct json_path item = {&path, NULL, i};
        vec_push(reader->arena, &readings, read_reading(&(struct entry){reader, &list->items[i], &item}));
    }
    const char *csv = entry_text(entry, "csv");
    if (csv && !reader->collecting && reader_ok(reader))
        reader_csv(entry, csv, &readings);
    if (reader->arena->failed)
        reader_no_memory(reader);
    probe->readings = readings.items;
    probe->reading_count = readings.count;
}

void read_probes(const struct entry *root)
{
    const struct json *list = entry_list(root, "probes");
    struct json_path path = {root->path, "probes", 0};
    for (size_t i = 0; i < list->count; i++) {
        struct json_path item = {&path, NULL, i};
        struct entry entry = {root->reader, &list->items[i], &item};
        if (!entry_open(&entry, "gateway probe calibrations readings csv"))
            return;
        int32_t index = read_probe_name(&entry);
        struct probe none = {0};
        bool collecting = root->reader->collecting;
        if (!reader_ok(root->reader) || (!collecting && index == NONE))
            return;
        struct probe *probe =
            collecting ? &none : &root->reader->probes[index];
        read_calibrations(&entry, probe);
        read_readings(&entry, probe);
    }
}

/* ---- placements and syncs ---- */

static int by_placement(const void *a, const void *b)
{
    const struct placement *left = a;
    const struct placement *right = b;
    if (left->probe != right->probe)
        return left->probe < right->probe ? -1 : 1;
    return (left->from > right->from) - (left->from < right->from);
}

static struct placement read_placement(const struct entry *entry)
{
    static const char *const roles[] = {"product", "air"};
    struct placement placement = {0};
    if (!entry_open(entry, "gateway probe equipment role from to"))
        return placement;
    placement.probe = read_probe_name(entry);
    placement.equipment = entry_name_needed(entry, "equipment", NAME_EQUIPMENT);
    placement.role = (enum probe_role)entry_word(entry, "role", roles, 2, ROLE_PRODUCT);
    placement.from = entry_integer_needed(entry, "from");
    placement.to = entry_integer(entry, "to", TIME_OPEN);
    return placement;
}

void read_placements(const struct entry *root)
{
    struct scenario_reader *reader = root->reader;
    const struct json *list = entry_list(root, "placements");
    struct json_path path = {root->path, "placements", 0};
    struct placement *all = arena_new(reader->arena, list->count, sizeof *all);
    if (!all) {
        reader_no_memory(reader);
        return;
    }
    for (size_t i = 0; i < list->count && reader_ok(reader); i++) {
        struct json_path item = {&path, NULL, i};
        all[i] = read_placement(&(struct entry){reader, &list->items[i], &item});
    }
    if (reader->collecting || !reader_ok(reader))
        return;
    if (list->count > 1)
        qsort(all, list->count, sizeof *all, by_placement);
    size_t kept = 0;
    for (size_t i = 0; i < list->count; i++) {
        struct placement *last = kept > 0 ? &all[kept - 1] : NULL;
        bool again = last && by_placement(last, &all[i]) == 0;
        if (again && (last->equipment != all[i].equipment || last->role != all[i].role || last->to != all[i].to))
            entry_refuse(root, "placements", "two of one probe from one instant with different content");
        if (!again)
            all[kept++] = all[i];
    }
    reader->facts->placements = all;
    reader->facts->placement_count = kept;
}

void read_syncs(const struct entry *root)
{
    struct scenario_reader *reader = root->reader;
    const struct json *list = entry_list(root, "syncs");
    struct json_path path = {root->path, "syncs", 0};
    struct sync *all = arena_new(reader->arena, list->count, sizeof *all);
    if (!all) {
        reader_no_memory(reader);
        return;
    }
    for (size_t i = 0; i < list->count; i++) {
        struct json_path item = {&path, NULL, i};
        struct entry entry = {reader, &list->items[i], &item};
        if (!entry_open(&entry, "gateway boot up_ms t"))
            return;
        all[i].gateway = entry_name_needed(&entry, "gateway", NAME_GATEWAY);
        all[i].boot = entry_boot(&entry);
        if (!json_member(entry.node, "boot"))
            entry_refuse(&entry, "boot", "is missing");
        all[i].up_ms = entry_integer_needed(&entry, "up_ms");
        all[i].t = entry_integer_needed(&entry, "t");
    }
    reader->facts->syncs = all;
    reader->facts->sync_count = list->count;
}
