/* silsila digest: one SHA-256 over the derived tables, and one a table, so that two databases that folded the same envelopes can be
 * told to hold the same. */
#include <stdio.h>

#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/database.h"
#include "common/cleanup.h"
#include "ingest/fold/digest.h"

static void print_digest(const struct digest *digest, bool json)
{
    char hex[65];
    bytes_to_hex(bytes_of(digest->whole, 32), hex);
    if (json)
        printf("{\"digest\":\"%s\",\"tables\":{", hex);
    else
        printf("%s\n", hex);
    for (size_t i = 0; i < DIGEST_PARTS; i++) {
        bytes_to_hex(bytes_of(digest->parts[i].hash, 32), hex);
        if (json)
            printf("%s\"%s\":{\"rows\":%lld,\"sha256\":\"%s\"}", i ? "," : "", digest->parts[i].table,
                   (long long)digest->parts[i].rows, hex);
        else
            printf("  %-16s %12lld rows  %s\n", digest->parts[i].table, (long long)digest->parts[i].rows, hex);
    }
    if (json)
        printf("}}\n");
}

int command_digest(int argc, char **argv)
{
    const char *conninfo = "";
    bool json = false;
    const struct argument table[] = {
        {"database", "CONNINFO", "where (else the usual PG* environment)", false, &conninfo, NULL, NULL},
        {"json", NULL, "print JSON", false, NULL, &json, NULL},
    };
    const struct arguments arguments = {"digest", "one SHA-256 over the derived tables", table,
                                        sizeof table / sizeof *table};
    enum arguments_next next = arguments_read(&arguments, argc, argv);
    if (next != ARGUMENTS_GO)
        return arguments_status(next);
    struct why why = {""};
    struct digest digest;
    scoped_by(database_close) PGconn *connection = NULL;
    if (database_open(conninfo, &connection, &why) != DONE ||
        digest_read(connection, "silsila", &digest, &why) != DONE) {
        fprintf(stderr, "silsila digest: %s\n", why.text);
        return EXIT_FAILED;
    }
    print_digest(&digest, json);
    return EXIT_DONE;
}
