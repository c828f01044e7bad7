/* Words: the names that files, tables and people use for the enums of coldchain/facts.h and coldchain/results.h.
 *
 * Each function returns static text; the arrays are in the order of their enum. 8-scenario and 5-domain fix the words.
 */
#ifndef COLDCHAIN_WORDS_H
#define COLDCHAIN_WORDS_H

#include "coldchain/facts.h"
#include "coldchain/results.h"

enum { STATE_WORDS = 4, LOT_KIND_WORDS = 4, THRESHOLD_WORDS = 5, RULE_KIND_WORDS = 5, TEST_WORDS = 3, HELD_WORDS = 6 };

const char *const *event_words(void);      /* EVENT_TYPE_COUNT of them; the first, EVENT_NONE, is empty */
const char *const *state_words(void);      /* raw, quarantine, rejected, released */
const char *const *lot_kind_words(void);   /* unit, sample, container, pool */
const char *const *threshold_words(void);  /* >, >=, <, <=, outside */
const char *const *rule_kind_words(void);  /* never, total, single, occasions, deadline */
const char *const *test_words(void);       /* negative, reactive, invalid */

const char *segment_word(enum segment_state state);
const char *verdict_name(enum verdict_word word);
const char *excursion_end_word(enum excursion_end end); /* NULL while open */
const char *conflict_word(enum conflict_code code);

/* The reasons for `held`, sorted by their words; `bit` is the one of enum held_why. */
struct held_word {
    unsigned bit;
    const char *word;
};
const struct held_word *held_words(void); /* HELD_WORDS of them */

#endif
