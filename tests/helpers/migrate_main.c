/* Applies all migrations to the database that the environment (PGHOST, PGPORT, …) or the one argument names: for tests
 * that are scripts. Prints one line a migration; exit 0 done, 1 failed. */
#include <stdio.h>

#include "cli/migrate.h"

static void say(void *context, int number, const char *name)
{
    (void)context;
    (void)number;
    printf("applied %s\n", name);
}

int main(int argc, char **argv)
{
    struct why why = {""};
    struct migrate_report report;
    PGconn *connection = PQconnectdb(argc > 1 ? argv[1] : "");
    enum outcome outcome = PQstatus(connection) == CONNECTION_OK
                               ? migrate_up(connection, say, NULL, &report, &why)
                               : fail(&why, RETRY, "connecting: %s", PQerrorMessage(connection));
    PQfinish(connection);
    if (outcome != DONE) {
        fprintf(stderr, "%s\n", why.text);
        return 1;
    }
    printf("schema %d, %d applied\n", report.to, report.applied);
    return 0;
}
