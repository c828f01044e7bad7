/* silsila migrate [--database CONNINFO] [--json]: brings the schema to what this program was written for. Without
 * --database the usual PG* environment says where. */
#include <getopt.h>
#include <libpq-fe.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/migrate.h"
#include "common/cleanup.h"

static void finish(PGconn **connection)
{
    PQfinish(*connection);
}

static void say_applied(void *context, int number, const char *name)
{
    const bool *json = context;
    (void)number;
    if (!*json)
        printf("applied %s\n", name);
}

static int migrate_database(const char *conninfo, bool json)
{
    struct why why = {""};
    struct migrate_report report = {0};
    scoped_by(finish) PGconn *connection = PQconnectdb(conninfo);
    if (!connection || PQstatus(connection) != CONNECTION_OK) {
        const char *text = connection ? PQerrorMessage(connection) : "out of memory";
        fprintf(stderr, "silsila migrate: %.*s\n", (int)strcspn(text, "\n"), text);
        return EXIT_FAILED;
    }
    if (migrate_up(connection, say_applied, &json, &report, &why) != DONE) {
        fprintf(stderr, "silsila migrate: %s\n", why.text);
        return EXIT_FAILED;
    }
    if (json)
        printf("{\"applied\":%d,\"from\":%d,\"to\":%d}\n", report.applied, report.from, report.to);
    else
        printf("the schema is at %d (%d applied)\n", report.to, report.applied);
    return EXIT_DONE;
}

int command_migrate(int argc, char **argv)
{
    static const struct option options[] = {
        {"database", required_argument, NULL, 'd'},
        {"json", no_argument, NULL, 'j'},
        {NULL, 0, NULL, 0},
    };
    const char *conninfo = "";
    bool json = false;
    int option;
    optind = 1;
    while ((option = getopt_long(argc, argv, "d:j", options, NULL)) != -1) {
        if (option == 'd')
            conninfo = optarg;
        else if (option == 'j')
            json = true;
        else
            return EXIT_USAGE;
    }
    if (optind < argc) {
        fprintf(stderr, "silsila migrate: what is %s\n", argv[optind]);
        return EXIT_USAGE;
    }
    return migrate_database(conninfo, json);
}
