/* silsila-demo-probes: keeps fake kernel files moving, so that the real drivers have something to read.
 *
 *     silsila-demo-probes --speed X PLAN
 *
 * PLAN has one probe a line: ROOT KIND NAME CELSIUS, KIND being w1 (NAME a ROM id), hwmon or iio (NAME the chip's name). The
 * files appear under ROOT as the kernel would show them under /sys, and change five times a second: a compressor's saw
 * tooth around CELSIUS, noise, and now and then a door left open. X is how many times faster than life all that goes.
 * Values are written to a second file and renamed: a driver never sees half of one. Runs until it is killed; run again, it
 * goes on.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "common/outcome.h"

enum { PROBES_MOST = 1024, PATH_ROOM = 512, TURN_MS = 200, EXIT_USAGE = 2 };

/* Of a life-like store: the compressor's round, how long a door's warmth lasts, how often one is left open. */
static const double round_s = 1200, door_s = 1500, door_every_s = 21600, swing_c = 0.8, door_c = 12;

struct probe {
    char folder[PATH_ROOM];
    char file[64];         /* that holds the value */
    double scale;          /* millidegrees in one unit of the file */
    double celsius;
    uint64_t random;
};

struct fleet {
    struct probe probes[PROBES_MOST];
    size_t count;
    double speed;
};

static double random_part(struct probe *probe)
{
    /* xorshift: a probe's noise repeats from run to run. */
    probe->random ^= probe->random << 13;
    probe->random ^= probe->random >> 7;
    probe->random ^= probe->random << 17;
    return (double)(probe->random >> 11) / 9007199254740992.0;
}

static enum outcome make_folders(const char *path, struct why *why)
{
    char part[PATH_ROOM];
    (void)snprintf(part, sizeof part, "%s", path);
    for (char *slash = part + 1; (slash = strchr(slash, '/')) != NULL; slash++) {
        *slash = '\0';
        if (mkdir(part, 0755) != 0 && errno != EEXIST)
            return fail(why, RETRY, "%s: %s", part, strerror(errno));
        *slash = '/';
    }
    return mkdir(part, 0755) == 0 || errno == EEXIST ? DONE : fail(why, RETRY, "%s: %s", part, strerror(errno));
}

static enum outcome write_text(const struct probe *probe, const char *name, const char *text, struct why *why)
{
    char path[PATH_ROOM + 80], fresh[PATH_ROOM + 88];
    (void)snprintf(path, sizeof path, "%s/%s", probe->folder, name);
    (void)snprintf(fresh, sizeof fresh, "%s.new", path);
    FILE *file = fopen(fresh, "we");
    if (!file)
        return fail(why, RETRY, "%s: %s", fresh, strerror(errno));
    bool written = fputs(text, file) >= 0;
    written = fclose(file) == 0 && written;
    if (!written || rename(fresh, path) != 0)
        return fail(why, RETRY, "%s: %s", path, strerror(errno));
    return DONE;
}

static enum outcome write_value(struct probe *probe, double life_s, struct why *why)
{
    double phase = fmod(life_s + 60.0 * (double)(probe->random % 20), round_s) / round_s;
    double tooth = phase < 0.4 ? 1 - 5 * phase : -1 + (phase - 0.4) / 0.3; /* cools fast, warms slowly */
    double since_door = fmod(life_s + probe->celsius * 1000, door_every_s);
    if (since_door < 0)
        since_door += door_every_s;
    double celsius = probe->celsius + swing_c * tooth + 0.05 * (random_part(probe) - 0.5);
    if (since_door < door_s)
        celsius += door_c * sin(since_door / door_s * 3.141592653589793);
    char text[32];
    (void)snprintf(text, sizeof text, "%ld\n", lround(celsius * 1000 / probe->scale));
    return write_text(probe, probe->file, text, why);
}

/* The files beside the value, which do not change. */
static enum outcome make_probe(struct probe *probe, const char *kind, const char *name, struct why *why)
{
    char line[80];
    enum outcome result = make_folders(probe->folder, why);
    (void)snprintf(line, sizeof line, "%s\n", name);
    if (result == DONE && strcmp(kind, "w1") == 0)
        return write_text(probe, "features", "0\n", why);
    if (result == DONE)
        result = write_text(probe, "name", line, why);
    if (result == DONE && strcmp(kind, "iio") == 0) {
        (void)snprintf(line, sizeof line, "%g\n", probe->scale);
        result = write_text(probe, "in_temp_scale", line, why);
    }
    return result;
}

static enum outcome add_probe(struct fleet *fleet, const char *root, const char *kind, const char *name, double celsius,
                              struct why *why)
{
    if (fleet->count == PROBES_MOST)
        return fail(why, REJECT, "more than %d probes", PROBES_MOST);
    struct probe *probe = &fleet->probes[fleet->count];
    *probe = (struct probe){.scale = 1, .celsius = celsius, .random = 88172645463325252ull + fleet->count * 2654435761ull};
    int len = -1;
    if (strcmp(kind, "w1") == 0) {
        len = snprintf(probe->folder, PATH_ROOM, "%s/bus/w1/devices/%s", root, name);
        (void)snprintf(probe->file, sizeof probe->file, "temperature");
    } else if (strcmp(kind, "hwmon") == 0) {
        len = snprintf(probe->folder, PATH_ROOM, "%s/class/hwmon/hwmon%zu", root, fleet->count);
        (void)snprintf(probe->file, sizeof probe->file, "temp1_input");
    } else if (strcmp(kind, "iio") == 0) {
        len = snprintf(probe->folder, PATH_ROOM, "%s/bus/iio/devices/iio:device%zu", root, fleet->count);
        (void)snprintf(probe->file, sizeof probe->file, "in_temp_raw");
        probe->scale = 31.25; /* a PT100 converter's step of 1/32 degree */
    }
    if (len < 0 || len >= PATH_ROOM)
        return fail(why, REJECT, "no probe of kind %s under %s", kind, root);
    fleet->count++;
    return make_probe(probe, kind, name, why);
}

static enum outcome read_plan(struct fleet *fleet, const char *path, struct why *why)
{
    char root[400], kind[16], name[64];
    double celsius;
    FILE *plan = fopen(path, "re");
    if (!plan)
        return fail(why, RETRY, "%s: %s", path, strerror(errno));
    enum outcome result = DONE;
    int got = 0;
    while (result == DONE && (got = fscanf(plan, "%399s %15s %63s %lf", root, kind, name, &celsius)) == 4)
        result = add_probe(fleet, root, kind, name, celsius, why);
    (void)fclose(plan);
    if (result == DONE && got != EOF)
        return fail(why, REJECT, "%s: probe %zu is not ROOT KIND NAME CELSIUS", path, fleet->count + 1);
    return result;
}

static double seconds_now(void)
{
    struct timespec t = {0};
    (void)clock_gettime(CLOCK_REALTIME, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static enum outcome run(struct fleet *fleet, struct why *why)
{
    const struct timespec wait = {.tv_nsec = (long)TURN_MS * 1000000};
    for (;;) {
        double life_s = seconds_now() * fleet->speed;
        for (size_t i = 0; i < fleet->count; i++)
            if (write_value(&fleet->probes[i], life_s, why) != DONE)
                return RETRY;
        (void)nanosleep(&wait, NULL);
    }
}

int main(int argc, char **argv)
{
    static struct fleet fleet;
    struct why why = {""};
    char *end = NULL;
    fleet.speed = argc == 4 && strcmp(argv[1], "--speed") == 0 ? strtod(argv[2], &end) : 0;
    if (!end || *end || fleet.speed <= 0) {
        (void)fprintf(stderr, "usage: silsila-demo-probes --speed X PLAN\n");
        return EXIT_USAGE;
    }
    enum outcome result = read_plan(&fleet, argv[3], &why);
    if (result == DONE)
        result = run(&fleet, &why);
    (void)fprintf(stderr, "silsila-demo-probes: %s\n", why.text);
    return EXIT_FAILURE;
}
