/* silsila-fleet: see tests/bench/fleet.h. Prints one JSON line. For loopback only: no TLS. */
#include "tests/bench/fleet.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct option long_options[] = {
    {"port", required_argument, NULL, 'P'},      {"home", required_argument, NULL, 'H'},
    {"prefix", required_argument, NULL, 'x'},    {"gateways", required_argument, NULL, 'n'},
    {"probes", required_argument, NULL, 'p'},    {"readings", required_argument, NULL, 'r'},
    {"envelopes", required_argument, NULL, 'e'}, {"rate", required_argument, NULL, 'R'},
    {"window", required_argument, NULL, 'w'},    {"live", no_argument, NULL, 'l'},
    {"ignore", no_argument, NULL, 'i'},          {"no-receipts", no_argument, NULL, 'o'},
    {"rows", required_argument, NULL, 'c'},      {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0}};

static void help(void)
{
    (void)puts("silsila-fleet --port PORT --home DIR [option]…\n"
               "  --gateways N    virtual gateways (20)          --probes N     probes of each (4)\n"
               "  --readings N    readings an envelope (20)      --envelopes N  envelopes a gateway (100)\n"
               "  --live          on the live lane               --rate R       envelopes a second over all (no limit)\n"
               "  --window N      unreceipted a gateway (as the receipts say)\n"
               "  --prefix WORD   of the gateways' ids (fleet)\n"
               "  --rows FILE     write the same readings as rows for COPY\n"
               "  --no-receipts   do not register and wait: the broker alone\n"
               "  --ignore        count --envelopes messages and drop them: the broker's other end");
}

static int number(const char *text)
{
    return (int)strtol(text, NULL, 10);
}

static bool read_option(struct fleet_options *o, int option)
{
    switch (option) {
    case 'P': o->port = number(optarg); break;
    case 'H': o->home = optarg; break;
    case 'x': o->prefix = optarg; break;
    case 'n': o->gateways = number(optarg); break;
    case 'p': o->probes = number(optarg); break;
    case 'r': o->readings = number(optarg); break;
    case 'e': o->envelopes = number(optarg); break;
    case 'R': o->rate = strtod(optarg, NULL); break;
    case 'w': o->window = (unsigned)number(optarg); break;
    case 'l': o->live = true; break;
    case 'i': o->ignore = true; break;
    case 'o': o->no_receipts = true; break;
    case 'c': o->rows_path = optarg; break;
    default: return false;
    }
    return true;
}

static bool sensible(const struct fleet_options *o)
{
    return o->port > 0 && o->envelopes > 0 &&
           (o->ignore || (o->home && o->gateways > 0 && o->gateways <= 9999 && o->probes > 0 && o->probes <= 16 &&
                          o->readings >= o->probes && o->readings / o->probes <= 4096));
}

static void print(const struct fleet_result *r)
{
    double seconds = r->seconds > 0 ? r->seconds : 0.001;
    (void)printf("{\"started_ms\":%lld,\"seconds\":%.3f,\"envelopes\":%llu,\"readings\":%llu,\"sent\":%llu,\"receipts\":%llu,"
                 "\"envelopes_s\":%.0f,\"readings_s\":%.0f,\"p50_ms\":%.1f,\"p99_ms\":%.1f}\n",
                 (long long)r->started_ms, r->seconds, (unsigned long long)r->envelopes, (unsigned long long)r->readings,
                 (unsigned long long)r->sent, (unsigned long long)r->receipts, (double)r->envelopes / seconds,
                 (double)r->readings / seconds, r->p50_ms, r->p99_ms);
}

int main(int argc, char **argv)
{
    struct fleet fleet = {.options = {.prefix = "fleet", .gateways = 20, .probes = 4, .readings = 20, .envelopes = 100}};
    struct fleet_result result = {0};
    struct why why = {""};
    int option;
    while ((option = getopt_long(argc, argv, "h", long_options, NULL)) != -1) {
        if (option == 'h') {
            help();
            return 0;
        }
        if (!read_option(&fleet.options, option))
            return 2;
    }
    if (!sensible(&fleet.options)) {
        help();
        return 2;
    }
    enum outcome outcome;
    if (fleet.options.ignore) {
        outcome = fleet_ignore(&fleet.options, &result, &why);
    } else {
        outcome = fleet_make(&fleet, &why);
        if (outcome == DONE)
            outcome = fleet_run(&fleet, &result, &why);
    }
    if (outcome == DONE)
        print(&result);
    else
        (void)fprintf(stderr, "silsila-fleet: %s\n", why.text);
    fleet_free(&fleet);
    return outcome == DONE ? 0 : 1;
}
