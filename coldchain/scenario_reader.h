/* Inside the scenario reader: what its files share. Nobody else includes this.
 *
 * The file's tree is walked twice by the same functions. The first walk collects every name that is used anywhere; the
 * names are then sorted; the second walk fills the facts, turning names into indexes. The first failure is sticky:
 * after it every function here does nothing and returns a default.
 */
#ifndef COLDCHAIN_SCENARIO_READER_H
#define COLDCHAIN_SCENARIO_READER_H

#include "coldchain/json.h"
#include "coldchain/scenario.h"

enum name_kind {
    NAME_GATEWAY, NAME_SITE, NAME_EQUIPMENT, NAME_LOT, NAME_PRODUCT, NAME_BOOT,
    NAME_PROBE, /* gateway, a separator below every letter, probe id: sorts as the pair does */
    NAME_KIND_COUNT
};

struct names {
    VEC(const char *) list;
    const char **seen; /* by index: the canonical text of the entry that registered it, or NULL */
};

struct scenario_reader {
    struct arena *arena;
    struct why *why;
    enum outcome outcome; /* the sticky failure */
    bool collecting;      /* the first walk */
    struct names names[NAME_KIND_COUNT];
    const struct scenario_files *files;
    struct facts *facts;
    /* The arrays of `facts`, while they are filled. */
    struct gateway *gateways;
    struct site *sites;
    struct equipment *equipment;
    struct probe *probes;
    struct product *products;
    struct lot *lots;
};

/* One object being read: its node, its path, its reader. */
struct entry {
    struct scenario_reader *reader;
    const struct json *node;
    const struct json_path *path;
};

/* Stops the reading with "path.key: message"; `key` NULL names the object itself. */
void entry_refuse(const struct entry *entry, const char *key, const char *message);
void reader_no_memory(struct scenario_reader *reader);
static inline bool reader_ok(const struct scenario_reader *reader)
{
    return reader->outcome == DONE;
}

/* The node is an object and has no key but those in `allowed` (words separated by single spaces); else it refuses. */
bool entry_open(const struct entry *entry, const char *allowed);

/* Values by key, with the default where the key is missing or null. */
int64_t entry_integer(const struct entry *entry, const char *key, int64_t missing);
int64_t entry_integer_within(const struct entry *entry, const char *key, int64_t missing, int64_t low, int64_t high);
int64_t entry_integer_needed(const struct entry *entry, const char *key);
bool entry_flag(const struct entry *entry, const char *key, bool missing);
const char *entry_text(const struct entry *entry, const char *key);
const char *entry_text_needed(const struct entry *entry, const char *key);
/* The index of a word in `words`, `missing` when the key is missing; refuses any other word. */
int entry_word(const struct entry *entry, const char *key, const char *const *words, size_t count, int missing);
int32_t entry_name(const struct entry *entry, const char *key, enum name_kind kind);
int32_t entry_name_needed(const struct entry *entry, const char *key, enum name_kind kind);
/* A boot is a name or a number. */
int32_t entry_boot(const struct entry *entry);
/* The list under `key`; an empty one when missing. Never NULL. */
const struct json *entry_list(const struct entry *entry, const char *key);
/* A list of names, sorted, each once. */
const int32_t *entry_names(const struct entry *entry, const char *key, enum name_kind kind, size_t *count);
/* `{low, high}` from a list of two integers at `node`. */
bool entry_pair(const struct entry *entry, const char *key, const struct json *node, size_t index, int64_t *first,
                int64_t *second);

/* An integer at `node`; refuses anything else. */
int64_t node_integer(struct scenario_reader *reader, const struct json *node, const struct json_path *path);

int32_t name_index(struct scenario_reader *reader, enum name_kind kind, const char *name, const struct json_path *path);
/* Sorts the collected names, each once. */
void names_sort(struct scenario_reader *reader);
/* The entry's name is registered by this entry: true the first time; false when the same entry stands again; refuses
 * one with other content. */
bool name_register(const struct entry *entry, enum name_kind kind, int32_t index);

/* The entry's content in one spelling: keys sorted, defaults and nulls left out, lists that are sets sorted. */
const char *entry_canonical(const struct entry *entry);

/* Threshold from `op` and `limit_mc`, with `hysteresis_mc` checked against a band. */
struct threshold entry_threshold(const struct entry *entry, int64_t hysteresis_mc);

/* Readings of a `csv` file are appended; see scenario_csv.c. */
typedef VEC(struct reading) reading_list;
void reader_csv(const struct entry *probe, const char *name, reading_list *readings);

/* The parts of a file. */
void read_sites(const struct entry *root);
void read_equipment(const struct entry *root);
void read_placements(const struct entry *root);
void read_probes(const struct entry *root);
void read_syncs(const struct entry *root);
void read_policies(const struct entry *root);
void read_products(const struct entry *root);
void read_lots(const struct entry *root);
void read_events(const struct entry *root);

#endif
