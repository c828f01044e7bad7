#include "tests/helpers/pg_proxy.h"

#include <check.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAIRS_MOST = 16, PIECE = 65536 };

struct pair {
    int client, server;
    bool doomed; /* the append has gone to the server: its answer ends the connection */
};

struct passing {
    struct pair pairs[PAIRS_MOST];
    int count;
    enum pg_proxy_cut cut;
    unsigned left; /* appends until the cut; 0: it is over */
};

static struct sockaddr_un address_in(const char *folder)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s/.s.PGSQL.5432", folder);
    return address;
}

/* A Bind message that names the statement: 'B', its length, no portal name, the name. */
static bool binds_append(const char *data, ssize_t len)
{
    static const char names[] = "\0append";
    for (ssize_t i = 0; i + 5 + (ssize_t)sizeof names <= len; i++)
        if (data[i] == 'B' && memcmp(data + i + 5, names, sizeof names) == 0)
            return true;
    return false;
}

static bool pass_all(int to, const char *data, ssize_t len)
{
    while (len > 0) {
        ssize_t put = send(to, data, (size_t)len, MSG_NOSIGNAL);
        if (put <= 0)
            return false;
        data += put;
        len -= put;
    }
    return true;
}

static void end_pair(struct passing *passing, int at)
{
    (void)close(passing->pairs[at].client);
    (void)close(passing->pairs[at].server);
    passing->pairs[at] = passing->pairs[--passing->count];
}

/* One direction of one pair; false: the pair has ended. */
static bool pass(struct passing *passing, struct pair *pair, bool upward)
{
    static char data[PIECE];
    ssize_t len = read(upward ? pair->client : pair->server, data, sizeof data);
    if (len <= 0)
        return false;
    if (upward && passing->left > 0 && binds_append(data, len) && --passing->left == 0) {
        if (passing->cut == PG_PROXY_BEFORE_SERVER)
            return false;
        pair->doomed = true;
    }
    if (!upward && pair->doomed)
        return false;
    return pass_all(upward ? pair->server : pair->client, data, len);
}

static void take_client(struct passing *passing, int listener, const char *server_folder)
{
    struct sockaddr_un address = address_in(server_folder);
    int client = accept(listener, NULL, NULL);
    int server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (client < 0 || passing->count == PAIRS_MOST || connect(server, (struct sockaddr *)&address, sizeof address) != 0) {
        (void)close(client);
        (void)close(server);
        return;
    }
    passing->pairs[passing->count++] = (struct pair){.client = client, .server = server};
}

static void serve(struct passing *passing, int listener, const char *server_folder)
{
    for (;;) {
        struct pollfd wait[1 + 2 * PAIRS_MOST] = {{.fd = listener, .events = POLLIN}};
        for (int i = 0; i < passing->count; i++) {
            wait[1 + 2 * i] = (struct pollfd){.fd = passing->pairs[i].client, .events = POLLIN};
            wait[2 + 2 * i] = (struct pollfd){.fd = passing->pairs[i].server, .events = POLLIN};
        }
        int count = passing->count;
        if (poll(wait, (nfds_t)(1 + 2 * count), -1) < 0 && errno != EINTR)
            _exit(1);
        for (int i = count - 1; i >= 0; i--) {
            bool good = true;
            if (wait[1 + 2 * i].revents)
                good = pass(passing, &passing->pairs[i], true);
            if (good && wait[2 + 2 * i].revents)
                good = pass(passing, &passing->pairs[i], false);
            if (!good)
                end_pair(passing, i);
        }
        if (wait[0].revents)
            take_client(passing, listener, server_folder);
    }
}

void pg_proxy_start(struct pg_proxy *proxy, const char *server_folder, enum pg_proxy_cut cut, unsigned at)
{
    *proxy = (struct pg_proxy){.folder = "/tmp/silsila-proxy-XXXXXX"};
    ck_assert_ptr_nonnull(mkdtemp(proxy->folder));
    struct sockaddr_un address = address_in(proxy->folder);
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_ge(listener, 0);
    ck_assert_int_eq(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
    ck_assert_int_eq(listen(listener, PAIRS_MOST), 0);
    proxy->pid = fork();
    ck_assert_int_ge(proxy->pid, 0);
    if (proxy->pid == 0) {
        struct passing passing = {.cut = cut, .left = at};
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        serve(&passing, listener, server_folder);
    }
    (void)close(listener);
}

void pg_proxy_stop(struct pg_proxy *proxy)
{
    char path[128];
    ck_assert_int_eq(kill(proxy->pid, SIGKILL), 0);
    ck_assert_int_eq(waitpid(proxy->pid, NULL, 0), proxy->pid);
    (void)snprintf(path, sizeof path, "%s/.s.PGSQL.5432", proxy->folder);
    (void)unlink(path);
    (void)rmdir(proxy->folder);
}
