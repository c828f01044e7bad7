/* Known: the probes this gateway had before it was last stopped, so that a restart is not told as a loss and a finding of
 * each of them. Kept in the outbox (value "probes": ids, one a line).
 */
#ifndef GATEWAY_KNOWN_H
#define GATEWAY_KNOWN_H

#include <stdbool.h>

#include "common/outbox.h"

struct known {
    struct outbox *outbox;
    struct buffer ids; /* each ended by a line feed */
};

/* Loads; an outbox that has none, or cannot be read, knows none. */
void known_open(struct known *known, struct outbox *outbox);
void known_close(struct known *known);

bool known_has(const struct known *known, const char *id);
/* Change and keep; what cannot be written is told again after a restart, which harms nobody. */
void known_add(struct known *known, const char *id);
void known_remove(struct known *known, const char *id);

/* Calls `each` with every id. `each` must not change the list. */
void known_each(const struct known *known, void (*each)(void *context, const char *id), void *context);

#endif
