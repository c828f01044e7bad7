/* Migrations: the files of schema/sql, in order, built into the program.
 *
 * Built in, so that `silsila migrate` needs no path and every program knows which schema it was written for. File names
 * are NNNN_words.sql; numbers rise, gaps are allowed, a file that was released is never changed (the runner refuses).
 */
#ifndef SCHEMA_MIGRATIONS_H
#define SCHEMA_MIGRATIONS_H

#include <stddef.h>

struct migration {
    int number;
    const char *name;         /* the file's name */
    const unsigned char *sql; /* ends with a NUL that `len` does not count */
    size_t len;
};

/* All of them by rising number; static storage. */
const struct migration *schema_migrations(size_t *count);

/* Number of the last one: the schema this program was written for. */
int schema_version(void);

#endif
