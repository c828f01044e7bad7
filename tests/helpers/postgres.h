/* A real PostgreSQL for component tests: private, on a Unix socket in a folder of its own, with our schema.
 *
 * postgres_template makes and migrates one data folder for a whole test program; each test gets a copy of it, which takes a
 * tenth of a second. As root the server runs as the user postgres. fsync is off unless a line turns it on: killing processes
 * loses no page. Test code: fails the running Check test instead of returning errors.
 */
#ifndef TESTS_HELPERS_POSTGRES_H
#define TESTS_HELPERS_POSTGRES_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <sys/types.h>

struct postgres {
    char folder[64];    /* socket and data */
    char conninfo[160]; /* as superuser */
    pid_t pid;          /* postmaster; 0: not running */
    int log;            /* read end of its log */
};

/* Makes the template and returns its folder (static storage); remove it with postgres_template_remove. For unchecked
 * fixtures. */
const char *postgres_template(void);
void postgres_template_remove(void);

/* A copy of the template, started. `lines` of postgresql.conf, may be "". */
void postgres_make(struct postgres *postgres, const char *lines);
/* Starts (again) and waits until it takes connections. */
void postgres_start(struct postgres *postgres);
/* SIGINT, SIGTERM, SIGQUIT and SIGKILL wait for its end. SIGKILL kills its children too. */
void postgres_signal(struct postgres *postgres, int signal);
void postgres_remove(struct postgres *postgres);

/* A connection for the test itself. */
PGconn *postgres_connect(const struct postgres *postgres);
/* Runs SQL that must succeed; returns the first field of the first row as a number (0 when there is none). */
long postgres_number(PGconn *connection, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
