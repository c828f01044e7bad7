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
    const char *usage;   /* its arguments, one line; NULL: the command answers --help itself */
    const char *summary; /* what it does, one line */
    int (*run)(int argc, char **argv);
};

/* cli/command_NAME.c, each documented at its head. */
int command_calibrate(int argc, char **argv);
int command_digest(int argc, char **argv);
int command_equipment_add(int argc, char **argv);
int command_gateway_csr(int argc, char **argv);
int command_gateway_enrol(int argc, char **argv);
int command_gateway_import(int argc, char **argv);
int command_gateway_swap(int argc, char **argv);
int command_init(int argc, char **argv);
int command_key_revoke(int argc, char **argv);
int command_key_rotate(int argc, char **argv);
int command_person_add(int argc, char **argv);
int command_policy_list(int argc, char **argv);
int command_policy_load(int argc, char **argv);
int command_policy_show(int argc, char **argv);
int command_probe_place(int argc, char **argv);
int command_product_add(int argc, char **argv);
int command_rebuild(int argc, char **argv);
int command_replay(int argc, char **argv);
int command_site_add(int argc, char **argv);
int command_status(int argc, char **argv);

/* cli/fold.c: run the pure core on a scenario file. */
int command_fold(int argc, char **argv);

/* cli/command_migrate.c: apply schema/sql to a database. */
int command_migrate(int argc, char **argv);

#endif
