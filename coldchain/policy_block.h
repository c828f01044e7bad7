/* Policy blocks: the syntax of a policy file, checked against tables of keys. For policy_file.c only.
 *
 *     kind "id" { key = value   key = { a, b }   kind "id" { … } }
 */
#ifndef COLDCHAIN_POLICY_BLOCK_H
#define COLDCHAIN_POLICY_BLOCK_H

#include "coldchain/facts.h"
#include "coldchain/policy_tokens.h"

struct word_list {
    VEC(const char *) vec;
};

/* One `key = value` as it stands. */
struct setting {
    const char *key;
    const char *word;      /* of a single value, else NULL */
    struct word_list list; /* of { a, b } */
    int line;
};

struct block {
    const char *kind; /* policy, profile, rule */
    const char *id;
    int line;
    VEC(struct setting) settings;
    VEC(struct block) blocks;
};

struct block_list {
    VEC(struct block) vec;
};

/* Reads the blocks of a whole file. REJECT with "line N: …" when it is none, RETRY when memory is out. */
MUST_CHECK enum outcome blocks_read(struct bytes text, struct arena *arena, struct block_list *out, struct why *why);

/* ---- values ---- */

enum value_kind {
    VALUE_TEXT,
    VALUE_BOOL,
    VALUE_COUNT,
    VALUE_DURATION,
    VALUE_TEMPERATURE,
    VALUE_THRESHOLD,
    VALUE_TIME,
    VALUE_CHOICE,
    VALUE_LIST
};

/* One row of a table of keys; a table ends with a row whose name is NULL. */
struct key {
    const char *name;
    enum value_kind kind;
    const char *const *choices; /* of VALUE_CHOICE */
    int choice_count;
    bool required;
};

/* The value of one key; all zero when it was not stated. */
struct value {
    bool stated;
    int line;
    const char *text;           /* VALUE_TEXT */
    int64_t number;             /* counts, ms, millidegrees, the index of a choice, 1 for true */
    struct threshold threshold; /* VALUE_THRESHOLD */
    struct word_list list;      /* VALUE_LIST */
};

/* Reads the settings of a block by its table: values[i] is keys[i]'s. REJECT for an unknown, a repeated or a missing
 * required key, and for a value of the wrong kind. */
MUST_CHECK enum outcome block_settings(const struct block *block, const struct key *keys, struct value *values,
                                     struct why *why);

#endif
