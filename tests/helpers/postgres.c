#include "tests/helpers/postgres.h"

#include "cli/migrate.h"

#include <check.h> /* behind ours: it makes a macro of fail */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { START_MOST_MS = 30000 };

static struct postgres template_server = {.log = -1};

/* Newest /usr/lib/postgresql/N/bin. */
static const char *binary(const char *name)
{
    static char path[256];
    int newest = 0;
    DIR *folder = opendir("/usr/lib/postgresql");
    ck_assert_ptr_nonnull(folder);
    for (struct dirent *entry = readdir(folder); entry; entry = readdir(folder)) {
        int version = (int)strtol(entry->d_name, NULL, 10);
        if (version > newest)
            newest = version;
    }
    closedir(folder);
    snprintf(path, sizeof path, "/usr/lib/postgresql/%d/bin/%s", newest, name);
    return path;
}

static void become_postgres_user(void)
{
    if (getuid() != 0)
        return;
    const struct passwd *user = getpwnam("postgres");
    if (!user || setgid(user->pw_gid) != 0 || setuid(user->pw_uid) != 0)
        _exit(126);
}

static void run(bool as_postgres, const char *const *arguments)
{
    int status = 0;
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        if (as_postgres)
            become_postgres_user();
        int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
        (void)dup2(null, STDOUT_FILENO);
        (void)!chdir("/");
        (void)execvp(arguments[0], (char *const *)(uintptr_t)arguments);
        _exit(127);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%s failed", arguments[0]);
}

static void make_folder(struct postgres *postgres)
{
    *postgres = (struct postgres){.folder = "/tmp/silsila-postgres-XXXXXX", .log = -1};
    ck_assert_ptr_nonnull(mkdtemp(postgres->folder));
    if (getuid() == 0) {
        const struct passwd *user = getpwnam("postgres");
        ck_assert_ptr_nonnull(user);
        ck_assert_int_eq(chown(postgres->folder, user->pw_uid, user->pw_gid), 0);
        ck_assert_int_eq(chmod(postgres->folder, 0755), 0);
    }
    snprintf(postgres->conninfo, sizeof postgres->conninfo, "host=%s dbname=silsila user=postgres", postgres->folder);
}

static void append_conf(const struct postgres *postgres, const char *lines)
{
    char path[128];
    snprintf(path, sizeof path, "%s/data/postgresql.conf", postgres->folder);
    FILE *file = fopen(path, "ae");
    ck_assert_ptr_nonnull(file);
    fprintf(file, "listen_addresses = ''\nunix_socket_directories = '%s'\nshared_buffers = 32MB\nfsync = off\n%s\n",
            postgres->folder, lines);
    ck_assert_int_eq(fclose(file), 0);
}

static void become_postgres(const struct postgres *postgres, int log)
{
    char data[128];
    sigset_t none;
    sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)dup2(log, STDERR_FILENO);
    become_postgres_user();
    (void)prctl(PR_SET_PDEATHSIG, SIGQUIT); /* a test that dies leaves no server behind */
    (void)!chdir("/");
    snprintf(data, sizeof data, "%s/data", postgres->folder);
    (void)execl(binary("postgres"), "postgres", "-D", data, (char *)NULL);
    _exit(127);
}

static bool says_it_is_ready(const struct postgres *postgres)
{
    static char text[65536];
    size_t len = 0;
    struct pollfd wait = {.fd = postgres->log, .events = POLLIN};
    while (len + 1 < sizeof text && poll(&wait, 1, START_MOST_MS) > 0) {
        ssize_t got = read(postgres->log, text + len, sizeof text - 1 - len);
        if (got <= 0)
            break;
        len += (size_t)got;
        text[len] = '\0';
        if (strstr(text, "ready to accept connections"))
            return true;
    }
    fprintf(stderr, "postgres did not start: %s\n", text);
    return false;
}

void postgres_start(struct postgres *postgres)
{
    int ends[2];
    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    postgres->pid = fork();
    ck_assert_int_ge(postgres->pid, 0);
    if (postgres->pid == 0)
        become_postgres(postgres, ends[1]);
    ck_assert_int_eq(close(ends[1]), 0);
    postgres->log = ends[0];
    ck_assert_msg(says_it_is_ready(postgres), "postgres does not start");
    ck_assert_int_ge(fcntl(postgres->log, F_SETPIPE_SZ, 1 << 20), 0);
}

/* Kills the server's children and waits until none is left: what the kernel does in a power cut, processes only. */
static void kill_children(pid_t postmaster)
{
    char path[64];
    char text[8192] = "";
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)postmaster, (int)postmaster);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    ssize_t len = read(fd, text, sizeof text - 1);
    (void)close(fd);
    (void)kill(postmaster, SIGSTOP); /* it must not start others meanwhile */
    char *at = text;
    while (len > 0) {
        char *end;
        pid_t child = (pid_t)strtol(at, &end, 10);
        if (end == at)
            break;
        (void)kill(child, SIGKILL);
        at = end;
    }
}

void postgres_signal(struct postgres *postgres, int signal)
{
    if (postgres->pid == 0)
        return;
    if (signal == SIGKILL)
        kill_children(postgres->pid);
    ck_assert_int_eq(kill(postgres->pid, signal), 0);
    if (signal != SIGINT && signal != SIGTERM && signal != SIGQUIT && signal != SIGKILL)
        return;
    ck_assert_int_eq(waitpid(postgres->pid, NULL, 0), postgres->pid);
    postgres->pid = 0;
    /* Its pipe ends when the last child has: then the data folder is free. */
    char rest[4096];
    ssize_t got;
    while ((got = read(postgres->log, rest, sizeof rest)) > 0)
        continue;
    ck_assert_int_eq(close(postgres->log), 0);
    postgres->log = -1;
}

void postgres_remove(struct postgres *postgres)
{
    const char *const arguments[] = {"rm", "-rf", postgres->folder, NULL};
    postgres_signal(postgres, SIGQUIT);
    run(false, arguments);
}

PGconn *postgres_connect(const struct postgres *postgres)
{
    PGconn *connection = PQconnectdb(postgres->conninfo);
    ck_assert_msg(PQstatus(connection) == CONNECTION_OK, "%s", PQerrorMessage(connection));
    return connection;
}

long postgres_number(PGconn *connection, const char *format, ...)
{
    char sql[4096];
    va_list arguments;
    va_start(arguments, format);
    int len = vsnprintf(sql, sizeof sql, format, arguments);
    va_end(arguments);
    ck_assert_int_lt(len, (int)sizeof sql);
    PGresult *result = PQexec(connection, sql);
    ExecStatusType status = PQresultStatus(result);
    ck_assert_msg(status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK, "%s: %s", sql, PQerrorMessage(connection));
    long number = PQntuples(result) > 0 ? strtol(PQgetvalue(result, 0, 0), NULL, 10) : 0;
    PQclear(result);
    return number;
}

const char *postgres_template(void)
{
    char data[128];
    char conninfo[160];
    struct why why = {""};
    struct migrate_report report;
    make_folder(&template_server);
    snprintf(data, sizeof data, "%s/data", template_server.folder);
    const char *const initdb[] = {binary("initdb"), "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8",
                                  "--locale=C.UTF-8", "-N", NULL};
    run(true, initdb);
    append_conf(&template_server, "");
    postgres_start(&template_server);
    snprintf(conninfo, sizeof conninfo, "host=%s dbname=postgres user=postgres", template_server.folder);
    PGconn *connection = PQconnectdb(conninfo);
    (void)postgres_number(connection, "CREATE DATABASE silsila");
    PQfinish(connection);
    connection = postgres_connect(&template_server);
    ck_assert_msg(migrate_up(connection, NULL, NULL, &report, &why) == DONE, "%s", why.text);
    PQfinish(connection);
    postgres_signal(&template_server, SIGINT);
    return template_server.folder;
}

void postgres_template_remove(void)
{
    postgres_remove(&template_server);
}

void postgres_make(struct postgres *postgres, const char *lines)
{
    char from[128];
    char to[128];
    make_folder(postgres);
    snprintf(from, sizeof from, "%s/data", template_server.folder);
    snprintf(to, sizeof to, "%s/data", postgres->folder);
    const char *const copy[] = {"cp", "-a", from, to, NULL};
    run(false, copy);
    append_conf(postgres, lines);
    postgres_start(postgres);
}
