#include "gateway/driver.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const struct driver *driver_at(size_t index)
{
    const struct driver *(*const all[])(void) = {driver_w1, driver_hwmon, driver_iio, driver_modbus, driver_replay};
    return index < sizeof all / sizeof all[0] ? all[index]() : NULL;
}

const struct driver *driver_named(const char *name)
{
    const struct driver *driver;
    for (size_t i = 0; (driver = driver_at(i)); i++)
        if (strcmp(driver->name, name) == 0)
            return driver;
    return NULL;
}

void probe_describe(struct probe_found *found, const struct probe_setting *setting, const char *id, int32_t lowest_mc,
                    int32_t highest_mc)
{
    (void)snprintf(found->id, sizeof found->id, "%s", id);
    found->lowest_mc = lowest_mc;
    found->highest_mc = highest_mc;
    found->stuck_samples = -1;
    if (!setting)
        return;
    if (setting->lowest_mc != 0 || setting->highest_mc != 0) {
        found->lowest_mc = (int32_t)setting->lowest_mc;
        found->highest_mc = (int32_t)setting->highest_mc;
    }
    found->stuck_samples = (int32_t)setting->stuck_samples;
}

void reading_failed(struct reading *out, enum reading_state state, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    *out = (struct reading){.state = state};
    (void)vsnprintf(out->why, sizeof out->why, format, args);
    va_end(args);
    /* A broken probe file may hold any bytes, and a body with broken UTF-8 is refused. */
    for (char *at = out->why; *at != '\0'; at++)
        if (*at < ' ' || *at > '~')
            *at = '?';
}

void reading_value(struct reading *out, int32_t value_mc)
{
    *out = (struct reading){.state = READING_VALUE, .value_mc = value_mc};
}
