/* Migrate: brings a database's schema to what this program was written for. Forward only.
 *
 * Each migration runs in a transaction of its own together with its row in ledger.migration (number, name, checksum), as
 * silsila_owner once that role exists. One runner at a time: an advisory lock. A migration in the table whose checksum is
 * not that of the file built in, or that this program does not know, stops everything before anything is done.
 */
#ifndef CLI_MIGRATE_H
#define CLI_MIGRATE_H

#include <libpq-fe.h>

#include "common/outcome.h"

struct migrate_report {
    int from;     /* last migration found, 0: none */
    int to;       /* last migration now */
    int applied;  /* by this run */
};

/* Blocking. `on_applied` (may be NULL) is told of each migration after its commit.
 * DONE: the schema is up to date. REJECT: a changed checksum, an unknown migration, or a migration that fails: all before
 * it stay applied, nothing of it does. UNSURE: the connection was lost; run again. */
MUST_CHECK enum outcome migrate_up(PGconn *connection, void (*on_applied)(void *context, int number, const char *name),
                                   void *context, struct migrate_report *report, struct why *why);

#endif
