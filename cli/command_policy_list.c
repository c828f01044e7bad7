/* silsila policy list: every version of every policy that was loaded. */
#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/database.h"
#include "cli/print.h"
#include "cli/say.h"
#include "common/cleanup.h"

static int list(const struct say *say)
{
    struct why why = {""};
    struct home home;
    scoped_by(database_close) PGconn *database = NULL;
    scoped_by(database_clear) PGresult *rows = NULL;
    if (!say_open_home(say, &home))
        return EXIT_FAILED;
    enum outcome outcome = database_open(home.settings.database, &database, &why);
    home_close(&home);
    if (outcome == DONE)
        outcome = database_query(
            database,
            "SELECT id, version, to_char(valid_from AT TIME ZONE 'UTC', 'YYYY-MM-DD') AS valid_from,"
            " length(content) AS bytes FROM silsila.policy_entry ORDER BY id, version, valid_from",
            0, NULL, &rows, &why);
    if (outcome != DONE)
        return say_failed(say, "%s", why.text);
    print_rows(stdout, rows, say->json, "no policy was loaded");
    return EXIT_DONE;
}

int command_policy_list(int argc, char **argv)
{
    struct say say = {.command = "policy list"};
    const struct argument table[] = {SAY_ARGUMENTS(say)};
    const struct arguments arguments = {say.command, "list the policies that were loaded", table,
                                        sizeof table / sizeof table[0]};
    enum arguments_next next = arguments_read(&arguments, argc, argv);
    return next == ARGUMENTS_GO ? list(&say) : arguments_status(next);
}
