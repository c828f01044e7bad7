/* Daemon: what every long-running program of Silsila does alike, so that each main.c only wires.
 *
 * Options -c -t -T -V -h as the contract names them (exit 0 done, 1 failed, 2 usage, 78 bad configuration), readiness and
 * watchdog by sd_notify, and an HTTP listener on loopback with /metrics, /-/healthy and /-/ready (libmicrohttpd, driven by
 * our loop, not by a thread of its own).
 *
 * The watchdog is fed only by daemon_progress(): a program that waits for nothing and gets nowhere is restarted. Callers
 * report progress when work was done or when there was truly none to do.
 */
#ifndef COMMON_DAEMON_H
#define COMMON_DAEMON_H

#include <stdbool.h>
#include <stdint.h>

#include "common/bytes.h"
#include "common/conf.h"
#include "common/loop.h"

struct daemon; /* opaque */

struct daemon_about {
    const char *program;           /* silsila-ingest */
    const char *purpose;           /* one line for --help */
    const struct conf_table *table;
    const char *default_config;    /* /etc/silsila/ingest.conf */
    /* What the table cannot say about settings that were read (REJECT with a sentence); NULL: nothing. */
    enum outcome (*check)(const void *settings, struct why *why);
    const char *words;             /* what may stand behind the options, for --help ("[probe list]"); NULL: nothing may */
};

enum daemon_next { DAEMON_GO_ON, DAEMON_EXIT };

/* Parses the command line; loads the configuration into `settings` (zeroed; the caller frees it with conf_free).
 * DAEMON_EXIT: everything is said and nothing is left allocated, exit with *code. DAEMON_GO_ON: argv[optind] is the first
 * word behind the options (getopt's own `optind`). */
MUST_CHECK enum daemon_next daemon_arguments(const struct daemon_about *about, int argc, char **argv, void *settings,
                                             const char **config_path, int *code);

/* Opens the HTTP listener on 127.0.0.1:port (0: a free one; negative: none). RETRY when the port is taken.
 * /-/ready answers 503 "starting" until daemon_ready(); /-/healthy answers 503 when progress was reported once and then
 * not for a minute (or systemd's watchdog interval, if longer). */
MUST_CHECK enum outcome daemon_open(struct daemon **made, struct loop *loop, const char *program, int port,
                                    struct why *why);
void daemon_close(struct daemon **daemon);
/* Where it listens; -1: nowhere. */
int daemon_port(const struct daemon *daemon);

/* Tells systemd once that we are ready, and says so on /-/ready; `false` takes /-/ready back (503 with the reason). */
void daemon_ready(struct daemon *daemon, bool ready, const char *reason);
void daemon_progress(struct daemon *daemon);
void daemon_stopping(struct daemon *daemon);

/* Metrics: registered once (again: the same one), kept by the daemon; `labels` is NULL or text such as `lane="live"`. Values
 * are set from the loop's thread, or atomically from others. Names carry the prefix silsila_ and their unit (_total,
 * _seconds, _bytes). NULL only when out of memory; the functions below take NULL and do nothing, so that a program need not
 * end for want of a number. */
struct metric; /* opaque, owned by the daemon */
enum metric_type { METRIC_COUNTER, METRIC_GAUGE };
MUST_CHECK struct metric *daemon_metric(struct daemon *daemon, enum metric_type type, const char *name,
                                        const char *labels, const char *help);
void metric_add(struct metric *metric, double more);
void metric_set(struct metric *metric, double value);
double metric_value(const struct metric *metric);
/* `refresh` is called before each answer on /metrics, to set what is cheaper to read then than to keep. */
void daemon_before_metrics(struct daemon *daemon, void (*refresh)(void *context), void *context);
/* The exposition as it would be served: for tests. */
void daemon_metrics_text(const struct daemon *daemon, struct buffer *out);

#endif
