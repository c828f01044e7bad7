#include "cli/print.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

enum { COLUMNS_MOST = 32, BOOL_OID = 16, INT8_OID = 20, INT2_OID = 21, INT4_OID = 23 };

void print_json_text(FILE *out, const char *text)
{
    if (!text) {
        fputs("null", out);
        return;
    }
    fputc('"', out);
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\')
            fprintf(out, "\\%c", c);
        else if (c < 0x20)
            fprintf(out, "\\u%04x", c);
        else
            fputc(c, out);
    }
    fputc('"', out);
}

static void print_json_value(FILE *out, const PGresult *rows, int row, int column)
{
    const char *text = PQgetvalue(rows, row, column);
    Oid type = PQftype(rows, column);
    if (PQgetisnull(rows, row, column))
        fputs("null", out);
    else if (type == BOOL_OID)
        fputs(text[0] == 't' ? "true" : "false", out);
    else if (type == INT2_OID || type == INT4_OID || type == INT8_OID)
        fputs(text, out);
    else
        print_json_text(out, text);
}

static void print_json_rows(FILE *out, const PGresult *rows)
{
    fputc('[', out);
    for (int row = 0; row < PQntuples(rows); row++) {
        fputs(row ? ",\n {" : "{", out);
        for (int column = 0; column < PQnfields(rows); column++) {
            fputs(column ? "," : "", out);
            print_json_text(out, PQfname(rows, column));
            fputc(':', out);
            print_json_value(out, rows, row, column);
        }
        fputc('}', out);
    }
    fputs("]\n", out);
}

/* Characters, not bytes: names are in Arabic and French too. */
static int width_of(const char *text)
{
    int width = 0;
    for (; *text; text++)
        width += ((unsigned char)*text & 0xc0) != 0x80;
    return width;
}

/* Control characters in what others said must not reach a terminal. */
static void print_padded(FILE *out, const char *text, int width, bool last)
{
    for (const char *c = text; *c; c++)
        fputc((unsigned char)*c < 0x20 || *c == 0x7f ? '?' : *c, out);
    for (int i = width_of(text); !last && i < width + 2; i++)
        fputc(' ', out);
}

static void print_table(FILE *out, const PGresult *rows)
{
    int widths[COLUMNS_MOST], columns = PQnfields(rows) < COLUMNS_MOST ? PQnfields(rows) : COLUMNS_MOST;
    for (int column = 0; column < columns; column++) {
        widths[column] = width_of(PQfname(rows, column));
        for (int row = 0; row < PQntuples(rows); row++) {
            int width = width_of(PQgetvalue(rows, row, column));
            widths[column] = width > widths[column] ? width : widths[column];
        }
        print_padded(out, PQfname(rows, column), widths[column], column + 1 == columns);
    }
    fputc('\n', out);
    for (int row = 0; row < PQntuples(rows); row++) {
        for (int column = 0; column < columns; column++)
            print_padded(out, PQgetvalue(rows, row, column), widths[column], column + 1 == columns);
        fputc('\n', out);
    }
}

void print_rows(FILE *out, const PGresult *rows, bool json, const char *nothing)
{
    if (json)
        print_json_rows(out, rows);
    else if (PQntuples(rows) == 0)
        fprintf(out, "%s\n", nothing);
    else
        print_table(out, rows);
}

void print_progress(struct print_progress *progress, size_t done, size_t total)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    long long now_ms = (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
    if (progress->json || !isatty(STDERR_FILENO))
        return;
    if (total == 0) {
        if (progress->drawn)
            fputc('\n', stderr);
        progress->drawn = false;
        return;
    }
    if (progress->drawn_ms == 0)
        progress->drawn_ms = now_ms + 2000; /* nothing at all for what is done within two seconds */
    if (now_ms < progress->drawn_ms)
        return;
    progress->drawn_ms = now_ms + 100;
    progress->drawn = true;
    fprintf(stderr, "\r%s %zu of %zu (%zu %%)  ", progress->what, done, total, done * 100 / total);
}
