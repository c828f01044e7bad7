/* Temperature chips of the kernel's hwmon class (TMP117, JC42, LM75, SHT3x, …): tempN_input in millidegrees.
 *
 * A CRC failure on the bus reads as EIO; tempN_fault is 1 when the chip sees its external probe open or shorted.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/drivers/chips.h"
#include "gateway/drivers/sysfs.h"

/* The class covers chips of every kind; a wider net is drawn by the probe's own setting. */
enum { HWMON_LOWEST_MC = -200000, HWMON_HIGHEST_MC = 200000 };

struct bus {
    const struct gateway_settings *settings;
    struct sysfs_path class;
};

static enum outcome hwmon_open(const struct gateway_settings *settings, struct bus **made, struct why *why)
{
    struct bus *bus = calloc(1, sizeof *bus);
    if (!bus)
        return fail(why, RETRY, "out of memory");
    bus->settings = settings;
    sysfs_path(&bus->class, "%s/class/hwmon", settings->sysfs_root);
    *made = bus;
    return DONE;
}

static void hwmon_close(struct bus **bus)
{
    free(*bus);
    *bus = NULL;
}

static enum outcome hwmon_scan(struct bus *bus, void (*found)(void *, const struct probe_found *),
                               void (*complaint)(void *, const char *), void *context, struct why *why)
{
    (void)why;
    chips_scan(bus->settings, "hwmon", bus->class.text, "hwmon", HWMON_LOWEST_MC, HWMON_HIGHEST_MC, found, complaint,
               context);
    return DONE;
}

static bool has_fault(const char *dir, const char *channel)
{
    char text[16];
    struct sysfs_path path;
    sysfs_path(&path, "%s/%s_fault", dir, channel);
    return sysfs_read(path.text, text, sizeof text) > 0 && strcmp(text, "1") == 0;
}

static void hwmon_read(struct bus *bus, const struct probe_found *probe, struct reading *out)
{
    (void)bus;
    char dir[PROBE_ADDRESS_MOST + 1], text[32];
    const char *channel = chip_channel(probe, dir, sizeof dir);
    if (has_fault(dir, channel)) {
        reading_failed(out, READING_FAULT, "the chip reports its probe open or shorted");
        return;
    }
    struct sysfs_path path;
    sysfs_path(&path, "%s/%s_input", dir, channel);
    long len = sysfs_read(path.text, text, sizeof text);
    int64_t value_mc;
    if (len == -EIO || len == -EBADMSG)
        reading_failed(out, READING_CRC, "CRC or bus error (%s)", strerror((int)-len));
    else if (len < 0)
        reading_failed(out, READING_EMPTY, "%s", strerror((int)-len));
    else if (len == 0)
        reading_failed(out, READING_EMPTY, "empty read");
    else if (!sysfs_integer(text, &value_mc) || value_mc < INT32_MIN || value_mc > INT32_MAX)
        reading_failed(out, READING_FAULT, "no temperature: '%.20s'", text);
    else
        reading_value(out, (int32_t)value_mc);
}

const struct driver *driver_hwmon(void)
{
    static const struct driver driver = {
        .name = "hwmon",
        .what = "temperature chip (hwmon)",
        .open = hwmon_open,
        .close = hwmon_close,
        .scan = hwmon_scan,
        .read = hwmon_read,
    };
    return &driver;
}
