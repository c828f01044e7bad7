/* silsila policy show: a policy's file, byte for byte as it was loaded. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/database.h"
#include "cli/print.h"
#include "cli/say.h"
#include "common/cleanup.h"

static const char sql[] =
    "SELECT id, version, to_char(valid_from AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS valid_from,"
    " convert_from(content, 'UTF8') AS text FROM silsila.policy_entry"
    " WHERE id = $1 AND ($2::integer IS NULL OR version = $2::integer)"
    " ORDER BY version DESC, valid_from DESC, place_in_order DESC LIMIT 1";

static int show(const struct say *say, const char *id, const char *version)
{
    struct why why = {""};
    struct home home;
    const char *values[] = {id, version};
    scoped_by(database_close) PGconn *database = NULL;
    scoped_by(database_clear) PGresult *rows = NULL;
    if (!say_open_home(say, &home))
        return EXIT_FAILED;
    enum outcome outcome = database_open(home.settings.database, &database, &why);
    home_close(&home);
    if (outcome == DONE)
        outcome = database_query(database, sql, 2, values, &rows, &why);
    if (outcome != DONE)
        return say_failed(say, "%s", why.text);
    if (PQntuples(rows) == 0)
        return say_failed(say, "no policy %s%s%s was loaded", id, version ? " version " : "",
                          version ? version : "");
    if (say->json)
        print_rows(stdout, rows, true, "");
    else
        fputs(PQgetvalue(rows, 0, 3), stdout);
    return EXIT_DONE;
}

int command_policy_show(int argc, char **argv)
{
    struct say say = {.command = "policy show"};
    const char *id = NULL, *version = NULL;
    const struct argument table[] = {
        {NULL, "ID", "the policy's id", true, &id, 0, 0},
        {"version", "N", "this version (the highest)", false, &version, 0, 0},
        SAY_ARGUMENTS(say),
    };
    const struct arguments arguments = {say.command, "print a policy's file as it was loaded", table,
                                        sizeof table / sizeof table[0]};
    enum arguments_next next = arguments_read(&arguments, argc, argv);
    return next == ARGUMENTS_GO ? show(&say, id, version) : arguments_status(next);
}
