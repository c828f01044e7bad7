#include "ingest/sqlstate.h"

#include <stddef.h>
#include <string.h>

/* Longest match first: a whole code before its class. */
static const struct {
    const char *prefix;
    enum sql_advice advice;
} table[] = {
    {"SL001", SQL_FENCED},
    {"40001", SQL_AT_ONCE},      /* serialization failure */
    {"40P01", SQL_AT_ONCE},      /* deadlock */
    {"25006", SQL_REFUSED},      /* read-only transaction: a standby, or default_transaction_read_only */
    {"23514", SQL_NO_PARTITION}, /* no partition for the row, or a check of ours: tried once */
    {"42501", SQL_REFUSED},      /* no permission */
    {"57P03", SQL_RECONNECT},    /* starting up */
    {"57P01", SQL_RECONNECT},    /* shut down by an administrator */
    {"57P02", SQL_RECONNECT},    /* crash of another backend */
    {"57P05", SQL_RECONNECT},    /* idle_session_timeout */
    {"25P03", SQL_RECONNECT},    /* idle in transaction */
    {"26000", SQL_RECONNECT},    /* a prepared statement is not there: begin with a new session */
    {"08", SQL_RECONNECT},       /* connection */
    {"28", SQL_RECONNECT},       /* authorisation */
    {"3D", SQL_RECONNECT},       /* no such database */
    {"22", SQL_OUR_MISTAKE},     /* data */
    {"23", SQL_OUR_MISTAKE},     /* integrity */
    {"42", SQL_OUR_MISTAKE},     /* names and syntax */
    {"SL", SQL_OUR_MISTAKE},
    {"", SQL_LATER},             /* 53 resources, 55 locks, 57014 cancelled, 58 system, XX internal … */
};

struct sql_error sql_judge(const char *sqlstate, bool fatal, bool sent)
{
    const char *code = sqlstate ? sqlstate : "";
    struct sql_error error = {.outcome = fatal && sent ? UNSURE : RETRY, .advice = SQL_RECONNECT};
    if (fatal || code[0] == '\0')
        return error;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (strncmp(code, table[i].prefix, strlen(table[i].prefix)) == 0) {
            error.advice = table[i].advice;
            break;
        }
    }
    return error;
}

const char *sql_advice_word(enum sql_advice advice)
{
    static const char *const words[] = {
        [SQL_NOTHING] = "nothing",     [SQL_AT_ONCE] = "at_once",           [SQL_LATER] = "later",
        [SQL_RECONNECT] = "reconnect", [SQL_FENCED] = "fenced",             [SQL_NO_PARTITION] = "no_partition",
        [SQL_REFUSED] = "refused",     [SQL_OUR_MISTAKE] = "our_mistake",
    };
    return words[advice];
}
