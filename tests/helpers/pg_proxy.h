/* A PostgreSQL connection that breaks at the worst moment: a process between a client and the server's Unix socket.
 *
 * It passes bytes both ways until it has seen the `at`-th execution of the prepared statement `append`, and then ends that
 * connection: before the server gets it, or once the server's answer has come back and the commit is certain but the client
 * has not heard. Connections after that one pass undisturbed. It dies with its parent.
 */
#ifndef TESTS_HELPERS_PG_PROXY_H
#define TESTS_HELPERS_PG_PROXY_H

#include <sys/types.h>

enum pg_proxy_cut { PG_PROXY_BEFORE_SERVER, PG_PROXY_BEFORE_CLIENT };

struct pg_proxy {
    char folder[64]; /* where clients find .s.PGSQL.5432 */
    pid_t pid;
};

void pg_proxy_start(struct pg_proxy *proxy, const char *server_folder, enum pg_proxy_cut cut, unsigned at);
void pg_proxy_stop(struct pg_proxy *proxy);

#endif
