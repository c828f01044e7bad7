#include "common/daemon_metrics.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

struct metric {
    struct metric *next;
    enum metric_type type;
    char *name;
    char *labels; /* "" for none */
    char *help;
    _Atomic double value;
};

static void free_metric(struct metric *metric)
{
    free(metric->name);
    free(metric->labels);
    free(metric->help);
    free(metric);
}

static struct metric *new_metric(enum metric_type type, const char *name, const char *labels, const char *help)
{
    struct metric *metric = calloc(1, sizeof *metric);
    if (!metric)
        return NULL;
    metric->type = type;
    metric->name = strdup(name);
    metric->labels = strdup(labels);
    metric->help = strdup(help);
    if (metric->name && metric->labels && metric->help)
        return metric;
    free_metric(metric);
    return NULL;
}

struct metric *metrics_register(struct metrics *metrics, enum metric_type type, const char *name, const char *labels,
                                const char *help)
{
    const char *wanted = labels ? labels : "";
    struct metric **end = &metrics->first;
    struct metric **behind_name = NULL; /* lines of one name stand together */
    for (; *end; end = &(*end)->next) {
        if (strcmp((*end)->name, name) != 0)
            continue;
        if (strcmp((*end)->labels, wanted) == 0)
            return *end;
        behind_name = &(*end)->next;
    }
    struct metric *metric = new_metric(type, name, wanted, help);
    if (!metric)
        return NULL;
    struct metric **place = behind_name ? behind_name : end;
    metric->next = *place;
    *place = metric;
    return metric;
}

void metric_add(struct metric *metric, double more)
{
    if (!metric)
        return;
    double old = atomic_load_explicit(&metric->value, memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(&metric->value, &old, old + more, memory_order_relaxed,
                                                  memory_order_relaxed))
        ;
}

void metric_set(struct metric *metric, double value)
{
    if (metric)
        atomic_store_explicit(&metric->value, value, memory_order_relaxed);
}

double metric_value(const struct metric *metric)
{
    return metric ? atomic_load_explicit(&metric->value, memory_order_relaxed) : 0;
}

static void write_head(const char *name, enum metric_type type, const char *help, struct buffer *out)
{
    buffer_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type == METRIC_COUNTER ? "counter" : "gauge");
}

static double resident_bytes(void)
{
    FILE *file = fopen("/proc/self/statm", "re");
    long pages = 0;
    if (!file)
        return 0;
    if (fscanf(file, "%*d %ld", &pages) != 1)
        pages = 0;
    (void)fclose(file);
    return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

static double open_descriptors(void)
{
    DIR *folder = opendir("/proc/self/fd");
    double count = 0;
    if (!folder)
        return 0;
    while (readdir(folder))
        count++;
    (void)closedir(folder);
    return count - 3; /* ".", ".." and the folder itself */
}

static double cpu_seconds(void)
{
    struct rusage used = {0};
    (void)getrusage(RUSAGE_SELF, &used); /* cannot fail for oneself */
    return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
           (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

static void write_process(struct buffer *out)
{
    write_head("silsila_process_resident_memory_bytes", METRIC_GAUGE, "Memory of this process that is in RAM.", out);
    buffer_printf(out, "silsila_process_resident_memory_bytes %.15g\n", resident_bytes());
    write_head("silsila_process_open_fds", METRIC_GAUGE, "Open file descriptors.", out);
    buffer_printf(out, "silsila_process_open_fds %.15g\n", open_descriptors());
    write_head("silsila_process_cpu_seconds_total", METRIC_COUNTER, "CPU time used, user and system.", out);
    buffer_printf(out, "silsila_process_cpu_seconds_total %.15g\n", cpu_seconds());
}

void metrics_write(const struct metrics *metrics, struct buffer *out)
{
    const char *last = "";
    for (const struct metric *metric = metrics->first; metric; metric = metric->next) {
        if (strcmp(metric->name, last) != 0)
            write_head(metric->name, metric->type, metric->help, out);
        last = metric->name;
        buffer_printf(out, metric->labels[0] ? "%s{%s} %.15g\n" : "%s%s %.15g\n", metric->name, metric->labels,
                      metric_value(metric));
    }
    write_process(out);
}

void metrics_free(struct metrics *metrics)
{
    while (metrics->first) {
        struct metric *metric = metrics->first;
        metrics->first = metric->next;
        free_metric(metric);
    }
}
