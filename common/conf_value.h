/* One value of a configuration: read, checked, stored, freed, compared and written. Used by conf.c and conf_write.c only;
 * programs see common/conf.h.
 */
#ifndef COMMON_CONF_VALUE_H
#define COMMON_CONF_VALUE_H

#include "common/conf.h"

/* REJECT with "NAME …" when `text` is not a value of the setting's type and bounds, or names a secret that others than its
 * owner may read. A secret that does not exist is left to whoever opens it. */
MUST_CHECK enum outcome conf_value_check(const struct conf_setting *setting, const char *text, struct why *why);

/* Stores a checked `text` (NULL: empty or 0) into the field. Strings are copied. */
MUST_CHECK enum outcome conf_value_store(const struct conf_setting *setting, const char *text, void *into,
                                         struct why *why);

/* Stores a fallback list, words separated by spaces (NULL or "": no words). */
MUST_CHECK enum outcome conf_list_store(const struct conf_setting *setting, const char *words, void *into,
                                        struct why *why);

void conf_value_free(const struct conf_setting *setting, void *from);
bool conf_value_equal(const struct conf_setting *setting, const void *a, const void *b);

/* Writes the value as the file would have it. */
void conf_value_write(const struct conf_setting *setting, const void *from, FILE *to);

/* Writes a text quoted for the file. */
void conf_quote(const char *text, FILE *to);

#endif
