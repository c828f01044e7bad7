#include "tests/helpers/broker.h"

#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { START_MOST_MS = 20000, PORTS_TRIED = 5 };

int free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, len), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    ck_assert_int_eq(close(fd), 0);
    return ntohs(address.sin_port);
}

void broker_make(struct broker *broker)
{
    *broker = (struct broker){.folder = "/tmp/silsila-broker-XXXXXX", .log = -1};
    ck_assert_ptr_nonnull(mkdtemp(broker->folder));
}

static void write_configuration(const struct broker *broker, const char *lines)
{
    char path[128];
    (void)snprintf(path, sizeof path, "%s/conf", broker->folder);
    FILE *file = fopen(path, "we");
    ck_assert_ptr_nonnull(file);
    if (getuid() == 0)
        (void)fprintf(file, "user root\n");
    (void)fprintf(file, "log_dest stderr\nlistener %d 127.0.0.1\n%s", broker->port, lines);
    ck_assert_int_eq(fclose(file), 0);
}

static void become_mosquitto(const struct broker *broker, int log)
{
    char path[128];
    sigset_t none;
    sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that dies leaves no broker behind */
    (void)snprintf(path, sizeof path, "%s/conf", broker->folder);
    (void)dup2(log, STDERR_FILENO);
    (void)execlp("mosquitto", "mosquitto", "-c", path, (char *)NULL);
    (void)execl("/usr/sbin/mosquitto", "mosquitto", "-c", path, (char *)NULL);
    _exit(127);
}

/* True when it says that it runs; false when it ended. */
static bool says_it_runs(const struct broker *broker)
{
    static char text[65536];
    size_t len = 0;
    struct pollfd wait = {.fd = broker->log, .events = POLLIN};
    while (len + 1 < sizeof text && poll(&wait, 1, START_MOST_MS) > 0) {
        ssize_t got = read(broker->log, text + len, sizeof text - 1 - len);
        if (got <= 0)
            break;
        len += (size_t)got;
        text[len] = '\0';
        if (strstr(text, " running"))
            return true;
    }
    (void)fprintf(stderr, "mosquitto did not start: %s\n", text);
    return false;
}

static bool start_once(struct broker *broker, const char *lines)
{
    int ends[2];
    write_configuration(broker, lines);
    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    broker->pid = fork();
    ck_assert_int_ge(broker->pid, 0);
    if (broker->pid == 0)
        become_mosquitto(broker, ends[1]);
    ck_assert_int_eq(close(ends[1]), 0);
    broker->log = ends[0];
    if (!says_it_runs(broker)) {
        broker_signal(broker, SIGKILL);
        return false;
    }
    /* What it logs later must never block it. */
    ck_assert_int_ge(fcntl(broker->log, F_SETPIPE_SZ, 1 << 20), 0);
    return true;
}

void broker_start(struct broker *broker, const char *lines)
{
    const bool chooses = broker->port == 0;
    for (int i = 0; i < PORTS_TRIED; i++) {
        if (chooses)
            broker->port = free_port();
        if (start_once(broker, lines))
            return;
    }
    ck_abort_msg("mosquitto does not start");
}

void broker_signal(struct broker *broker, int signal)
{
    if (broker->pid == 0)
        return;
    ck_assert_int_eq(kill(broker->pid, signal), 0);
    if (signal != SIGKILL && signal != SIGTERM)
        return;
    ck_assert_int_eq(waitpid(broker->pid, NULL, 0), broker->pid);
    broker->pid = 0;
    ck_assert_int_eq(close(broker->log), 0);
    broker->log = -1;
}

static void run(char *const *arguments)
{
    int status = 0;
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        (void)execvp(arguments[0], arguments);
        _exit(127);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%s failed", arguments[0]);
}

void broker_remove(struct broker *broker)
{
    char command[] = "rm", option[] = "-rf";
    char *arguments[] = {command, option, broker->folder, NULL};
    broker_signal(broker, SIGKILL);
    run(arguments);
}

void broker_certificate(const struct broker *broker, const char *ca, const char *verb, const char *name)
{
    const char *root = getenv("SILSILA_SOURCE");
    char script[4096], folder[128], verb_copy[16], name_copy[64];
    ck_assert_ptr_nonnull(root);
    (void)snprintf(script, sizeof script, "%s/deploy/pki/test-ca", root);
    (void)snprintf(folder, sizeof folder, "%s/%s", broker->folder, ca);
    (void)snprintf(verb_copy, sizeof verb_copy, "%s", verb);
    (void)snprintf(name_copy, sizeof name_copy, "%s", name);
    char *arguments[] = {script, folder, verb_copy, *name ? name_copy : NULL, NULL};
    run(arguments);
}
