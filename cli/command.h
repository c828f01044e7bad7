/* Sub-commands of `silsila`: one file each, one line each in the table of cli/main.c.
 *
 * A command gets its own arguments (argv[0] is its name), writes results to standard output and everything said to a
 * person to standard error, and returns the exit status. Interpreting options is the command's own business; `--help`
 * anywhere is answered before it is called.
 */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

/* Exit statuses of every program of Silsila (3-contract of the documentation). */
enum exit_status { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_CONFIG = 78 };

struct command {
    const char *name;
    const char *usage;   /* its arguments, one line */
    const char *summary; /* what it does, one line */
    int (*run)(int argc, char **argv);
};

/* cli/fold.c: run the pure core on a scenario file. */
int command_fold(int argc, char **argv);

/* cli/command_migrate.c: apply schema/sql to a database. */
int command_migrate(int argc, char **argv);

#endif
