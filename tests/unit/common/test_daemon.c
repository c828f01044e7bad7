#include "common/daemon.h"
#include "tests/helpers/check_main.h"

#include <arpa/inet.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct settings {
    char *id;
    char *key;
};

static const struct conf_setting settings_list[] = {
    {.name = "id", .type = CONF_TEXT, .offset = offsetof(struct settings, id), .flags = CONF_REQUIRED, .help = "name"},
    {.name = "key", .type = CONF_PATH, .offset = offsetof(struct settings, key), .flags = CONF_SECRET,
     .fallback = "/nonexistent/key", .help = "key file"},
};
static const struct conf_table table = {
    .program = "silsila-test", .size = sizeof(struct settings), .settings = settings_list, .setting_count = 2};
static const struct daemon_about about = {
    .program = "silsila-test", .purpose = "tests", .table = &table, .default_config = "/nonexistent/default.conf"};

static struct clock_reading held;
static struct clock hand;
static struct loop *loop;
static struct daemon *daemon_under_test;
static struct why why;
static char config[] = "/tmp/silsila-daemon-XXXXXX";

static void set_up(void)
{
    held = (struct clock_reading){.boot_ms = 1000000};
    hand = clock_held(&held);
    ck_assert_int_eq(loop_open(&loop, &hand, &why), DONE);
    ck_assert_int_eq(daemon_open(&daemon_under_test, loop, "silsila-test", 0, &why), DONE);
}

static void tear_down(void)
{
    daemon_close(&daemon_under_test);
    loop_close(&loop);
}

/* Sends one request and turns the loop until the answer is whole (the server closes). */
static const char *fetch(const char *method, const char *path)
{
    static char answer[16384];
    char request[256];
    size_t len = 0;
    const struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)daemon_port(daemon_under_test)),
                                        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(connect(fd, (const struct sockaddr *)&address, sizeof address), 0);
    (void)snprintf(request, sizeof request, "%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", method, path);
    ck_assert_int_eq(write(fd, request, strlen(request)), (ssize_t)strlen(request));
    for (int turns = 0; turns < 1000; turns++) {
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        ck_assert_int_eq(loop_turn(loop, 10, &why), DONE);
        if (poll(&wait, 1, 0) <= 0)
            continue;
        ssize_t got = read(fd, answer + len, sizeof answer - 1 - len);
        if (got <= 0)
            break;
        len += (size_t)got;
    }
    answer[len] = '\0';
    ck_assert_int_eq(close(fd), 0);
    return answer;
}

static void expect(const char *answer, const char *status, const char *part)
{
    ck_assert_msg(strstr(answer, status) == answer, "%s", answer);
    ck_assert_msg(strstr(answer, part) != NULL, "%s", answer);
}

START_TEST(ready_follows_what_the_program_says)
{
    expect(fetch("GET", "/-/ready"), "HTTP/1.1 503", "starting");
    daemon_ready(daemon_under_test, true, NULL);
    expect(fetch("GET", "/-/ready"), "HTTP/1.1 200", "ready");
    daemon_ready(daemon_under_test, false, "database away");
    expect(fetch("GET", "/-/ready"), "HTTP/1.1 503", "database away");
    daemon_stopping(daemon_under_test);
    expect(fetch("GET", "/-/ready"), "HTTP/1.1 503", "stopping");
}
END_TEST

START_TEST(healthy_ends_when_progress_stops)
{
    expect(fetch("GET", "/-/healthy"), "HTTP/1.1 200", "healthy");
    daemon_progress(daemon_under_test);
    held.boot_ms += 59000;
    expect(fetch("GET", "/-/healthy"), "HTTP/1.1 200", "healthy");
    held.boot_ms += 2000;
    expect(fetch("GET", "/-/healthy"), "HTTP/1.1 503", "no progress");
    daemon_progress(daemon_under_test);
    expect(fetch("GET", "/-/healthy"), "HTTP/1.1 200", "healthy");
}
END_TEST

START_TEST(other_pages_and_methods_are_refused)
{
    expect(fetch("GET", "/secret"), "HTTP/1.1 404", "not found");
    expect(fetch("POST", "/metrics"), "HTTP/1.1 405", "");
}
END_TEST

START_TEST(metrics_stand_grouped_by_name)
{
    struct metric *live = daemon_metric(daemon_under_test, METRIC_COUNTER, "silsila_sent_total", "lane=\"live\"", "Sent.");
    struct metric *age = daemon_metric(daemon_under_test, METRIC_GAUGE, "silsila_age_seconds", NULL, "Age.");
    struct metric *late = daemon_metric(daemon_under_test, METRIC_COUNTER, "silsila_sent_total", "lane=\"late\"", "Sent.");
    metric_add(live, 2);
    metric_add(live, 3);
    metric_set(age, 0.25);
    metric_add(NULL, 1);
    ck_assert_ptr_eq(daemon_metric(daemon_under_test, METRIC_COUNTER, "silsila_sent_total", "lane=\"late\"", "Sent."), late);
    ck_assert_double_eq(metric_value(live), 5);
    const char *text = fetch("GET", "/metrics");
    expect(text, "HTTP/1.1 200",
           "# HELP silsila_sent_total Sent.\n# TYPE silsila_sent_total counter\nsilsila_sent_total{lane=\"live\"} 5\n"
           "silsila_sent_total{lane=\"late\"} 0\n# HELP silsila_age_seconds Age.\n# TYPE silsila_age_seconds gauge\n"
           "silsila_age_seconds 0.25\n");
    expect(text, "HTTP/1.1 200", "\nsilsila_process_open_fds ");
    expect(text, "HTTP/1.1 200", "Content-Type: text/plain; version=0.0.4");
}
END_TEST

static struct metric *asked;

static void count_question(void *context)
{
    metric_add(asked, *(const double *)context);
}

START_TEST(metrics_are_refreshed_before_each_answer)
{
    static double one = 1;
    asked = daemon_metric(daemon_under_test, METRIC_COUNTER, "silsila_asked_total", NULL, "Asked.");
    daemon_before_metrics(daemon_under_test, count_question, &one);
    expect(fetch("GET", "/metrics"), "HTTP/1.1 200", "silsila_asked_total 1\n");
    expect(fetch("GET", "/metrics"), "HTTP/1.1 200", "silsila_asked_total 2\n");
}
END_TEST

START_TEST(a_taken_port_is_said)
{
    struct daemon *second = NULL;
    ck_assert_int_eq(daemon_open(&second, loop, "silsila-test", daemon_port(daemon_under_test), &why), RETRY);
    ck_assert_ptr_null(second);
    ck_assert_ptr_nonnull(strstr(why.text, "cannot listen on 127.0.0.1:"));
    ck_assert_int_eq(daemon_open(&second, loop, "silsila-test", -1, &why), DONE);
    ck_assert_int_eq(daemon_port(second), -1);
    daemon_close(&second);
}
END_TEST

START_TEST(systemd_hears_of_readiness_once_and_of_progress_not_too_often)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    (void)snprintf(address.sun_path, sizeof address.sun_path, "/tmp/silsila-notify-%d", getpid());
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    ck_assert_int_eq(setenv("NOTIFY_SOCKET", address.sun_path, 1), 0);
    ck_assert_int_eq(setenv("WATCHDOG_USEC", "40000000", 1), 0);
    struct daemon *watched = NULL;
    ck_assert_int_eq(daemon_open(&watched, loop, "silsila-test", -1, &why), DONE);
    daemon_ready(watched, true, NULL);
    daemon_ready(watched, true, NULL);
    daemon_progress(watched);
    daemon_progress(watched);
    held.boot_ms += 10000;
    ck_assert_int_eq(loop_turn(loop, 0, &why), DONE);
    daemon_progress(watched);
    char message[128];
    int ready = 0, alive = 0;
    for (ssize_t got; (got = recv(fd, message, sizeof message - 1, 0)) > 0;) {
        message[got] = '\0';
        ready += strcmp(message, "READY=1") == 0;
        alive += strcmp(message, "WATCHDOG=1") == 0;
    }
    ck_assert_int_eq(ready, 1);
    ck_assert_int_eq(alive, 2);
    daemon_close(&watched);
    ck_assert_int_eq(close(fd), 0);
    ck_assert_int_eq(unlink(address.sun_path), 0);
}
END_TEST

/* The command line, with what it prints caught in a pipe. */

static char printed[4096];

static int arguments(int count, const char *const *words, enum daemon_next expected)
{
    static char copies[8][128];
    char *argv[9] = {0};
    struct settings settings = {0};
    const char *path = NULL;
    int ends[2], code = -1, out = dup(STDOUT_FILENO), err = dup(STDERR_FILENO);
    for (int i = 0; i < count; i++) {
        (void)snprintf(copies[i], sizeof copies[i], "%s", words[i]);
        argv[i] = copies[i];
    }
    ck_assert_int_eq(pipe(ends), 0);
    (void)fflush(stdout);
    ck_assert_int_ge(dup2(ends[1], STDOUT_FILENO), 0);
    ck_assert_int_ge(dup2(ends[1], STDERR_FILENO), 0);
    enum daemon_next next = daemon_arguments(&about, count, argv, &settings, &path, &code);
    (void)fflush(stdout);
    (void)dup2(out, STDOUT_FILENO);
    (void)dup2(err, STDERR_FILENO);
    close(ends[1]);
    ssize_t len = read(ends[0], printed, sizeof printed - 1);
    printed[len < 0 ? 0 : len] = '\0';
    close(ends[0]);
    ck_assert_int_eq(next, expected);
    if (next == DAEMON_GO_ON) {
        ck_assert_str_eq(settings.id, "x");
        conf_free(&table, &settings);
    }
    return code;
}

static void write_config(const char *text)
{
    int fd = mkstemp(config);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    ck_assert_int_eq(close(fd), 0);
}

START_TEST(options_end_as_the_contract_says)
{
    write_config("id = x\n");
    ck_assert_int_eq(arguments(2, (const char *[]){"p", "--version"}, DAEMON_EXIT), 0);
    ck_assert_str_eq(printed, "silsila-test " SILSILA_VERSION "\n");
    ck_assert_int_eq(arguments(2, (const char *[]){"p", "-h"}, DAEMON_EXIT), 0);
    ck_assert_ptr_nonnull(strstr(printed, "--check-config"));
    ck_assert_int_eq(arguments(2, (const char *[]){"p", "--bogus"}, DAEMON_EXIT), 2);
    ck_assert_int_eq(arguments(2, (const char *[]){"p", "word"}, DAEMON_EXIT), 2);
    ck_assert_int_eq(arguments(1, (const char *[]){"p"}, DAEMON_EXIT), 78);
    ck_assert_ptr_nonnull(strstr(printed, "/nonexistent/default.conf:0: cannot read"));
    ck_assert_int_eq(arguments(4, (const char *[]){"p", "-c", config, "-t"}, DAEMON_EXIT), 0);
    ck_assert_ptr_nonnull(strstr(printed, ": good\n"));
    ck_assert_int_eq(arguments(4, (const char *[]){"p", "-c", config, "-T"}, DAEMON_EXIT), 0);
    ck_assert_str_eq(printed, "id = \"x\"\nkey = \"(secret)\"\n");
    ck_assert_int_eq(arguments(3, (const char *[]){"p", "--config", config}, DAEMON_GO_ON), -1);
    ck_assert_int_eq(unlink(config), 0);
}
END_TEST

START_TEST(a_bad_configuration_ends_with_78_and_its_line)
{
    char want[128];
    write_config("id = x\ncolour = red\n");
    ck_assert_int_eq(arguments(4, (const char *[]){"p", "-t", "-c", config}, DAEMON_EXIT), 78);
    (void)snprintf(want, sizeof want, "%s:2: no such option 'colour'\n", config);
    ck_assert_str_eq(printed, want);
    ck_assert_int_eq(unlink(config), 0);
}
END_TEST

static Suite *suite_of_daemon(void)
{
    Suite *s = suite_create("daemon");
    TCase *t = tcase_create("daemon");
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, ready_follows_what_the_program_says);
    tcase_add_test(t, healthy_ends_when_progress_stops);
    tcase_add_test(t, other_pages_and_methods_are_refused);
    tcase_add_test(t, metrics_stand_grouped_by_name);
    tcase_add_test(t, metrics_are_refreshed_before_each_answer);
    tcase_add_test(t, a_taken_port_is_said);
    tcase_add_test(t, systemd_hears_of_readiness_once_and_of_progress_not_too_often);
    tcase_add_test(t, options_end_as_the_contract_says);
    tcase_add_test(t, a_bad_configuration_ends_with_78_and_its_line);
    suite_add_tcase(s, t);
    return s;
}

TEST_MAIN(suite_of_daemon)
