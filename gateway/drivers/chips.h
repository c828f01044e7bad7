/* Chips: folders such as /sys/class/hwmon/hwmon3 or /sys/bus/iio/devices/iio:device0, picked by the content of their `name`
 * file. Their numbers change from boot to boot and are never used. Shared by the hwmon and IIO drivers.
 */
#ifndef GATEWAY_DRIVERS_CHIPS_H
#define GATEWAY_DRIVERS_CHIPS_H

#include "gateway/driver.h"

/* The one folder under `root` (its entries beginning with `prefix`) whose name is setting->chip and, where the setting
 * names a device, whose `device` link ends in it; written to probe->address. REJECT: more than one answers to the
 * description. RETRY: none does. */
MUST_CHECK enum outcome chip_find(const char *root, const char *prefix, const struct probe_setting *setting,
                                  struct probe_found *probe, struct why *why);

/* Scans the settings of `driver_name`: calls `found` for each that chip_find() names and `complaint` for each in doubt.
 * Lane and id are filled; the range is as given. */
void chips_scan(const struct gateway_settings *settings, const char *driver_name, const char *root, const char *prefix,
                int32_t lowest_mc, int32_t highest_mc, void (*found)(void *context, const struct probe_found *probe),
                void (*complaint)(void *context, const char *text), void *context);

/* The channel's file stem kept behind the folder in probe->address. */
const char *chip_channel(const struct probe_found *probe, char *dir, size_t room);

#endif
