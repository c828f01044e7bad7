/* Print: tables for people, JSON for programs, from the same rows. */
#ifndef CLI_PRINT_H
#define CLI_PRINT_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* `text` as a JSON string, quotes included; NULL as null. */
void print_json_text(FILE *out, const char *text);

/* All rows: as columns under a heading, widths counted in characters; or as a JSON array of objects, numbers
 * and booleans as such by the column's type. Nothing at all, people: prints `nothing` instead. */
void print_rows(FILE *out, const PGresult *rows, bool json, const char *nothing);

/* A line that is written over, on a terminal only, and at most ten times a second; total 0 ends it. */
struct print_progress {
    const char *what;
    bool json;
    long long drawn_ms;
    bool drawn;
};
void print_progress(struct print_progress *progress, size_t done, size_t total);

#endif
