#include "common/daemon.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#include "common/daemon_metrics.h"

enum { HTTP_CONNECTIONS_MOST = 16, HTTP_PATIENCE_S = 10, STALLED_AFTER_MS = 60000 };

struct daemon {
    struct loop *loop;
    struct MHD_Daemon *http;
    struct loop_watch *http_watch;
    struct loop_timer *http_timer;
    int port;
    bool ready;
    bool told_systemd;
    struct why not_ready;
    int64_t progress_ms;      /* boot time; 0: none reported yet */
    int64_t watchdog_ms;      /* what systemd allows between signs of life; 0: it does not ask */
    int64_t watchdog_told_ms;
    struct metrics metrics;
    void (*refresh)(void *context); /* before each answer on /metrics; may be NULL */
    void *refresh_context;
};

/* Pages. */

static bool stalled(const struct daemon *daemon)
{
    int64_t most = daemon->watchdog_ms > STALLED_AFTER_MS ? daemon->watchdog_ms : STALLED_AFTER_MS;
    return daemon->progress_ms > 0 && loop_now_ms(daemon->loop) - daemon->progress_ms > most;
}

static unsigned write_page(const struct daemon *daemon, const char *url, struct buffer *page)
{
    if (strcmp(url, "/metrics") == 0) {
        if (daemon->refresh)
            daemon->refresh(daemon->refresh_context);
        daemon_metrics_text(daemon, page);
        return MHD_HTTP_OK;
    }
    if (strcmp(url, "/-/healthy") == 0) {
        buffer_add_text(page, stalled(daemon) ? "no progress\n" : "healthy\n");
        return stalled(daemon) ? MHD_HTTP_SERVICE_UNAVAILABLE : MHD_HTTP_OK;
    }
    if (strcmp(url, "/-/ready") == 0) {
        buffer_printf(page, "%s\n", daemon->ready ? "ready" : daemon->not_ready.text);
        return daemon->ready ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE;
    }
    buffer_add_text(page, "not found\n");
    return MHD_HTTP_NOT_FOUND;
}

static enum MHD_Result send_page(struct MHD_Connection *connection, unsigned status, struct buffer *page)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(page->len, page->data, MHD_RESPMEM_MUST_COPY);
    if (!response)
        return MHD_NO;
    enum MHD_Result result = MHD_add_response_header(response, "Content-Type", "text/plain; version=0.0.4; charset=utf-8");
    if (result == MHD_YES)
        result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result answer(void *context, struct MHD_Connection *connection, const char *url, const char *method,
                              const char *version, const char *upload, size_t *upload_len, void **request)
{
    struct buffer page = {0};
    unsigned status = MHD_HTTP_METHOD_NOT_ALLOWED;
    (void)version;
    (void)upload;
    (void)upload_len;
    (void)request;
    if (strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0)
        status = write_page(context, url, &page);
    enum MHD_Result result = page.failed ? MHD_NO : send_page(connection, status, &page);
    buffer_free(&page);
    return result;
}

/* Driving libmicrohttpd from our loop. */

static void run_http(struct daemon *daemon)
{
    MHD_UNSIGNED_LONG_LONG wait_ms = 0;
    (void)MHD_run(daemon->http);
    if (MHD_get_timeout(daemon->http, &wait_ms) == MHD_YES)
        loop_timer_set(daemon->http_timer, loop_now_ms(daemon->loop) + (int64_t)wait_ms);
    else
        loop_timer_clear(daemon->http_timer);
}

static void http_ready(void *context, unsigned events)
{
    (void)events;
    run_http(context);
}

static void http_due(void *context)
{
    run_http(context);
}

static enum outcome start_http(struct daemon *daemon, const char *program, int port, struct why *why)
{
    const struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    daemon->http = MHD_start_daemon(MHD_USE_EPOLL, (uint16_t)port, NULL, NULL, answer, daemon, MHD_OPTION_SOCK_ADDR,
                                    (const struct sockaddr *)&address, MHD_OPTION_CONNECTION_LIMIT,
                                    (unsigned)HTTP_CONNECTIONS_MOST, MHD_OPTION_CONNECTION_TIMEOUT,
                                    (unsigned)HTTP_PATIENCE_S, MHD_OPTION_END);
    if (!daemon->http)
        return fail(why, RETRY, "%s: cannot listen on 127.0.0.1:%d", program, port);
    const union MHD_DaemonInfo *bound = MHD_get_daemon_info(daemon->http, MHD_DAEMON_INFO_BIND_PORT);
    const union MHD_DaemonInfo *epoll = MHD_get_daemon_info(daemon->http, MHD_DAEMON_INFO_EPOLL_FD);
    if (!bound || !epoll)
        return fail(why, RETRY, "%s: libmicrohttpd gives no epoll descriptor", program);
    daemon->port = bound->port;
    enum outcome result = loop_timer_new(daemon->loop, http_due, daemon, &daemon->http_timer, why);
    if (result != DONE)
        return result;
    return loop_watch_add(daemon->loop, epoll->epoll_fd, LOOP_READ, http_ready, daemon, &daemon->http_watch, why);
}

/* The header's functions. */

enum outcome daemon_open(struct daemon **made, struct loop *loop, const char *program, int port, struct why *why)
{
    struct daemon *daemon = calloc(1, sizeof *daemon);
    if (!daemon)
        return fail(why, RETRY, "%s: out of memory", program);
    uint64_t watchdog_us = 0;
    daemon->loop = loop;
    daemon->port = -1;
    if (sd_watchdog_enabled(0, &watchdog_us) > 0)
        daemon->watchdog_ms = (int64_t)(watchdog_us / 1000);
    (void)fail(&daemon->not_ready, RETRY, "starting");
    enum outcome result = port < 0 ? DONE : start_http(daemon, program, port, why);
    if (result == DONE)
        *made = daemon;
    else
        daemon_close(&daemon);
    return result;
}

void daemon_close(struct daemon **daemon)
{
    struct daemon *d = *daemon;
    if (!d)
        return;
    loop_watch_remove(&d->http_watch);
    loop_timer_free(&d->http_timer);
    if (d->http)
        MHD_stop_daemon(d->http);
    metrics_free(&d->metrics);
    free(d);
    *daemon = NULL;
}

int daemon_port(const struct daemon *daemon)
{
    return daemon->port;
}

void daemon_ready(struct daemon *daemon, bool ready, const char *reason)
{
    daemon->ready = ready;
    (void)fail(&daemon->not_ready, RETRY, "%s", reason && *reason ? reason : "not ready");
    if (ready && !daemon->told_systemd) {
        daemon->told_systemd = true;
        (void)sd_notify(0, "READY=1");
    }
    (void)sd_notifyf(0, "STATUS=%s", ready ? "ready" : daemon->not_ready.text);
}

void daemon_progress(struct daemon *daemon)
{
    int64_t now_ms = loop_now_ms(daemon->loop);
    daemon->progress_ms = now_ms;
    /* systemd wants a sign at least twice in its interval; four times costs nothing and forgives a slow turn. */
    if (daemon->watchdog_ms > 0 && now_ms - daemon->watchdog_told_ms >= daemon->watchdog_ms / 4) {
        daemon->watchdog_told_ms = now_ms;
        (void)sd_notify(0, "WATCHDOG=1");
    }
}

void daemon_stopping(struct daemon *daemon)
{
    daemon->ready = false;
    (void)fail(&daemon->not_ready, RETRY, "stopping");
    (void)sd_notify(0, "STOPPING=1");
}

struct metric *daemon_metric(struct daemon *daemon, enum metric_type type, const char *name, const char *labels,
                             const char *help)
{
    return metrics_register(&daemon->metrics, type, name, labels, help);
}

void daemon_before_metrics(struct daemon *daemon, void (*refresh)(void *context), void *context)
{
    daemon->refresh = refresh;
    daemon->refresh_context = context;
}

void daemon_metrics_text(const struct daemon *daemon, struct buffer *out)
{
    metrics_write(&daemon->metrics, out);
}
