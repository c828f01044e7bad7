/* 1-Wire DS18B20 and its relatives through the kernel's w1_therm, under /sys/bus/w1/devices.
 *
 * On any failure the kernel's `temperature` reads empty, without an errno. 85000 is what the probe's register holds before
 * its first conversion and 127937 what a brown-out leaves there; with bit 0 of `features` set, newer kernels turn both into
 * errors. It is set before each read, because a probe that was unplugged comes back without it. Older kernels have only
 * `w1_slave`, whose first line ends in YES or NO (the CRC); a register of zeros passes that CRC and is no temperature.
 * Floor of the chip: -55 °C, so not for ultra-low freezers.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/cleanup.h"
#include "gateway/driver.h"
#include "gateway/drivers/sysfs.h"

enum { W1_LOWEST_MC = -55000, W1_HIGHEST_MC = 125000, POWER_ON_MC = 85000, BROWN_OUT_MC = 127937 };
/* Twelve bits take 750 ms; a conversion of all probes at once is given twice that. */
enum { BULK_POLLS = 30, BULK_POLL_NS = 50 * 1000 * 1000 };

struct bus {
    const struct gateway_settings *settings;
    struct sysfs_path devices;
};

static enum outcome w1_open(const struct gateway_settings *settings, struct bus **made, struct why *why)
{
    struct bus *bus = calloc(1, sizeof *bus);
    if (!bus)
        return fail(why, RETRY, "out of memory");
    bus->settings = settings;
    sysfs_path(&bus->devices, "%s/bus/w1/devices", settings->sysfs_root);
    *made = bus;
    return DONE;
}

static void w1_close(struct bus **bus)
{
    free(*bus);
    *bus = NULL;
}

static const struct probe_setting *setting_of(const struct bus *bus, const char *rom_id)
{
    for (size_t i = 0; i < bus->settings->probe_count; i++) {
        const struct probe_setting *setting = &bus->settings->probes[i];
        if (strcmp(setting->driver, "w1") == 0 && setting->device && strcmp(setting->device, rom_id) == 0)
            return setting;
    }
    return NULL;
}

struct scan {
    struct bus *bus;
    void (*found)(void *context, const struct probe_found *probe);
    void *context;
};

/* Family codes of w1_therm: DS18S20, DS1822, DS18B20, DS1825, DS28EA00. */
static bool is_thermometer(const char *name)
{
    static const char *const families[] = {"10-", "22-", "28-", "3b-", "42-"};
    for (size_t i = 0; i < sizeof families / sizeof families[0]; i++)
        if (strncmp(name, families[i], 3) == 0)
            return true;
    return false;
}

static bool found_slave(void *context, const char *name)
{
    struct scan *scan = context;
    if (!is_thermometer(name) || strlen(name) > PROBE_ID_MOST)
        return true;
    const struct probe_setting *setting = setting_of(scan->bus, name);
    if (!setting && !scan->bus->settings->w1)
        return true;
    struct probe_found probe = {0};
    probe_describe(&probe, setting, setting ? setting->name : name, W1_LOWEST_MC, W1_HIGHEST_MC);
    (void)snprintf(probe.address, sizeof probe.address, "%s", name);
    /* The kernel serialises the wire; a lane of its own keeps one hanging probe from holding up its neighbours here. */
    (void)snprintf(probe.lane, sizeof probe.lane, "w1 %s", name);
    scan->found(scan->context, &probe);
    return true;
}

static enum outcome w1_scan(struct bus *bus, void (*found)(void *, const struct probe_found *),
                            void (*complaint)(void *, const char *), void *context, struct why *why)
{
    (void)complaint;
    if (!sysfs_exists(bus->devices.text))
        return DONE; /* no 1-Wire bus on this board (yet): no probes */
    struct scan scan = {bus, found, context};
    return sysfs_list(bus->devices.text, "", found_slave, &scan, why);
}

/* Waits until no conversion is under way: the file says -1 while one is. */
static void wait_for_conversion(const char *path)
{
    char text[16];
    for (int i = 0; i < BULK_POLLS; i++) {
        if (sysfs_read(path, text, sizeof text) <= 0 || strcmp(text, "-1") != 0)
            return;
        (void)nanosleep(&(struct timespec){.tv_nsec = BULK_POLL_NS}, NULL);
    }
}

static bool trigger_master(void *context, const char *name)
{
    struct bus *bus = context;
    struct sysfs_path path;
    sysfs_path(&path, "%s/%s/therm_bulk_read", bus->devices.text, name);
    if (sysfs_exists(path.text) && sysfs_write(path.text, "trigger\n"))
        wait_for_conversion(path.text);
    return true;
}

/* All conversions at once: else each read below takes 750 ms of the one wire, and 40 probes half a minute. */
static void w1_prepare(struct bus *bus)
{
    struct why why;
    (void)!sysfs_list(bus->devices.text, "w1_bus_master", trigger_master, bus, &why);
}

static void refuse_power_on_values(const char *dir)
{
    char text[16];
    int64_t bits;
    if (sysfs_read_in(dir, "features", text, sizeof text) <= 0 || !sysfs_integer(text, &bits) || (bits & 1))
        return;
    struct sysfs_path path;
    sysfs_path(&path, "%s/features", dir);
    (void)snprintf(text, sizeof text, "%d\n", (int)(bits | 1));
    (void)sysfs_write(path.text, text);
}

static void value_read(struct reading *out, int64_t value_mc)
{
    if (value_mc < INT32_MIN || value_mc > INT32_MAX) {
        reading_failed(out, READING_FAULT, "no temperature: %lld", (long long)value_mc);
        return;
    }
    reading_value(out, (int32_t)value_mc);
    out->power_on = value_mc == POWER_ON_MC || value_mc == BROWN_OUT_MC;
}

/* "aa bb … : crc=5f YES\naa bb … t=-31250" */
static void read_old_kernel(const char *dir, struct reading *out)
{
    char text[256];
    long len = sysfs_read_in(dir, "w1_slave", text, sizeof text);
    if (len < 0) {
        reading_failed(out, READING_EMPTY, "%s", strerror((int)-len));
        return;
    }
    const char *equals = strstr(text, "t=");
    int64_t value_mc;
    if (len == 0)
        reading_failed(out, READING_EMPTY, "empty read");
    else if (strstr(text, "NO"))
        reading_failed(out, READING_CRC, "CRC of the scratchpad is wrong");
    else if (!strstr(text, "YES") || !equals || !sysfs_integer(equals + 2, &value_mc))
        reading_failed(out, READING_EMPTY, "cannot read w1_slave");
    else if (strncmp(text, "00 00 00 00 00 00 00 00 00", 26) == 0)
        reading_failed(out, READING_FAULT, "the scratchpad is all zeros");
    else
        value_read(out, value_mc);
}

static void w1_read(struct bus *bus, const struct probe_found *probe, struct reading *out)
{
    struct sysfs_path dir;
    sysfs_path(&dir, "%s/%s", bus->devices.text, probe->address);
    refuse_power_on_values(dir.text);
    char text[32];
    long len = sysfs_read_in(dir.text, "temperature", text, sizeof text);
    int64_t value_mc;
    if (len == -ENOENT)
        read_old_kernel(dir.text, out);
    else if (len < 0)
        reading_failed(out, READING_EMPTY, "%s", strerror((int)-len));
    else if (len == 0)
        reading_failed(out, READING_EMPTY, "empty read");
    else if (!sysfs_integer(text, &value_mc))
        reading_failed(out, READING_FAULT, "no temperature: '%.20s'", text);
    else
        value_read(out, value_mc);
}

const struct driver *driver_w1(void)
{
    static const struct driver driver = {
        .name = "w1",
        .what = "1-Wire DS18B20",
        .open = w1_open,
        .close = w1_close,
        .scan = w1_scan,
        .prepare = w1_prepare,
        .read = w1_read,
    };
    return &driver;
}
