/* Industrial I/O: PT100 and thermocouple converters (MAX31865, MAX31856, AD7124, …) under /sys/bus/iio/devices.
 *
 * A channel is processed (in_temp_input, millidegrees) or raw: (raw + offset) * scale is millidegrees. Scale may differ
 * between channels (in_temp0_scale) or be shared (in_temp_scale).
 */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/drivers/chips.h"
#include "gateway/drivers/sysfs.h"

/* PT100 by IEC 60751. */
enum { IIO_LOWEST_MC = -200000, IIO_HIGHEST_MC = 850000 };

struct bus {
    const struct gateway_settings *settings;
    struct sysfs_path devices;
};

static enum outcome iio_open(const struct gateway_settings *settings, struct bus **made, struct why *why)
{
    struct bus *bus = calloc(1, sizeof *bus);
    if (!bus)
        return fail(why, RETRY, "out of memory");
    bus->settings = settings;
    sysfs_path(&bus->devices, "%s/bus/iio/devices", settings->sysfs_root);
    *made = bus;
    return DONE;
}

static void iio_close(struct bus **bus)
{
    free(*bus);
    *bus = NULL;
}

static enum outcome iio_scan(struct bus *bus, void (*found)(void *, const struct probe_found *),
                             void (*complaint)(void *, const char *), void *context, struct why *why)
{
    (void)why;
    chips_scan(bus->settings, "iio", bus->devices.text, "iio:device", IIO_LOWEST_MC, IIO_HIGHEST_MC, found, complaint,
               context);
    return DONE;
}

/* A plain decimal as the kernel prints them (this program never sets a locale, so strtod expects a point). */
static bool decimal(const char *text, double *value)
{
    size_t len = strspn(text, "+-0123456789.eE");
    if (len == 0 || text[len] != '\0')
        return false;
    char *end;
    *value = strtod(text, &end);
    return *end == '\0' && isfinite(*value);
}

/* `channel`_`what`, or with the channel's number left off where the attribute is shared. */
static bool attribute(const char *dir, const char *channel, const char *what, double *value)
{
    char text[48], shared[64];
    struct sysfs_path path;
    sysfs_path(&path, "%s/%s_%s", dir, channel, what);
    if (sysfs_read(path.text, text, sizeof text) > 0)
        return decimal(text, value);
    (void)snprintf(shared, sizeof shared, "%s", channel);
    size_t len = strlen(shared);
    while (len > 0 && isdigit((unsigned char)shared[len - 1]))
        shared[--len] = '\0';
    sysfs_path(&path, "%s/%s_%s", dir, shared, what);
    return sysfs_read(path.text, text, sizeof text) > 0 && decimal(text, value);
}

static void give(struct reading *out, double value_mc)
{
    if (!(fabs(value_mc) < INT32_MAX))
        reading_failed(out, READING_FAULT, "no temperature: %g", value_mc);
    else
        reading_value(out, (int32_t)lround(value_mc)); /* half away from zero */
}

static void iio_read(struct bus *bus, const struct probe_found *probe, struct reading *out)
{
    (void)bus;
    char dir[PROBE_ADDRESS_MOST + 1], text[48];
    const char *channel = chip_channel(probe, dir, sizeof dir);
    struct sysfs_path path;
    double raw, offset = 0, scale;
    sysfs_path(&path, "%s/%s_input", dir, channel);
    bool processed = sysfs_exists(path.text);
    if (!processed)
        sysfs_path(&path, "%s/%s_raw", dir, channel);
    long len = sysfs_read(path.text, text, sizeof text);
    if (len == -EIO || len == -EBADMSG)
        reading_failed(out, READING_FAULT, "the converter reports a fault (%s)", strerror((int)-len));
    else if (len < 0)
        reading_failed(out, READING_EMPTY, "%s", strerror((int)-len));
    else if (len == 0)
        reading_failed(out, READING_EMPTY, "empty read");
    else if (!decimal(text, &raw))
        reading_failed(out, READING_FAULT, "no temperature: '%.20s'", text);
    else if (processed)
        give(out, raw);
    else if (!attribute(dir, channel, "scale", &scale))
        reading_failed(out, READING_FAULT, "%s_scale cannot be read", channel);
    else {
        (void)attribute(dir, channel, "offset", &offset); /* many channels have none */
        give(out, (raw + offset) * scale);
    }
}

const struct driver *driver_iio(void)
{
    static const struct driver driver = {
        .name = "iio",
        .what = "PT100 or thermocouple converter (IIO)",
        .open = iio_open,
        .close = iio_close,
        .scan = iio_scan,
        .read = iio_read,
    };
    return &driver;
}
