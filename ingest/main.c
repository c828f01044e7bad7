/* silsila-ingest: takes envelopes from the national broker, stores them in the ledger, says so in signed receipts.
 *
 *   intake    copies each message off the socket              ingest/intake.c
 *   verify    checks who signed it, in threads                ingest/verify.c
 *   writer    appends it, one transaction a batch             ingest/writer.c
 *   receipts  tells the sender, after the commit              ingest/receipts.c
 *   fold      reads the ledger and judges, in a process of its own: a fault there stops no receipt
 *
 * This file only wires; ingest/service.c has the calls from part to part.
 */
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/daemon.h"
#include "common/log.h"
#include "ingest/service.h"

static void on_stop(void *context)
{
    struct service *service = context;
    daemon_stopping(service->daemon);
}

static enum outcome run(struct service *service, struct why *why)
{
    const struct clock clock = clock_system();
    char program[PATH_MAX] = "";
    if (readlink("/proc/self/exe", program, sizeof program - 1) < 0)
        return fail(why, RETRY, "cannot tell where this program stands");
    enum outcome outcome = loop_open(&service->loop, &clock, why);
    if (outcome == DONE)
        outcome = loop_signals(service->loop, on_stop, service_reload, service, why);
    if (outcome == DONE)
        outcome = daemon_open(&service->daemon, service->loop, "silsila-ingest", (int)service->settings->http_port, why);
    if (outcome == DONE)
        outcome = service_open(service, program, why);
    if (outcome == DONE) {
        log_line(LOG_LEVEL_INFO, "started", "id=%s http_port=%d", service->settings->id, daemon_port(service->daemon));
        outcome = loop_run(service->loop, why);
    }
    service_close(service);
    daemon_close(&service->daemon);
    loop_close(&service->loop);
    return outcome;
}

/* `silsila-ingest --fold …` is the fold, started by the ingest (ingest/fold/fold_worker.h). Takes the word away. */
static bool is_fold(int *argc, char **argv)
{
    if (*argc < 2 || strcmp(argv[1], "--fold") != 0)
        return false;
    memmove(&argv[1], &argv[2], (size_t)(*argc - 1) * sizeof *argv);
    (*argc)--;
    return true;
}

int main(int argc, char **argv)
{
    static const struct daemon_about about_template = {
        .program = "silsila-ingest",
        .purpose = "takes envelopes from the broker, stores them in the ledger, signs receipts",
        .default_config = "/etc/silsila/ingest.conf",
    };
    struct daemon_about about = about_template;
    struct ingest_settings settings = {0};
    struct service service = {.settings = &settings};
    struct why why = {""};
    int code = 0;
    about.table = ingest_settings_table();
    bool fold = is_fold(&argc, argv);
    if (daemon_arguments(&about, argc, argv, &settings, &service.config_path, &code) == DAEMON_EXIT)
        return code;
    enum outcome outcome = DONE;
    if (fold)
        code = fold_worker_main(settings.database, FOLD_PAGE_FD, FOLD_EVENT_FD);
    else
        outcome = run(&service, &why);
    if (outcome != DONE)
        log_line(LOG_LEVEL_ERROR, "failed", "why=\"%s\"", why.text);
    conf_free(ingest_settings_table(), &settings);
    return outcome == DONE ? code : 1;
}
