/* Settings: what the local file /etc/silsila/gateway.conf may say. One table (settings.c) is their single truth; the
 * example file gateway.conf and the manual page follow from it, and a test compares them.
 *
 * Local settings say where things are on this machine. What belongs to the cold chain (limits, cadence, placements) comes
 * signed from the server (signed_config.h) and wins over the defaults given here.
 */
#ifndef GATEWAY_SETTINGS_H
#define GATEWAY_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/conf.h"

/* `probe "NAME" { … }`: NAME is the probe's id on the wire, 1 to 64 printable ASCII characters. */
struct probe_setting {
    const char *name;
    const char *driver;      /* w1, hwmon, iio, modbus, replay */
    const char *chip;        /* hwmon, iio: content of the chip's `name` file */
    const char *device;      /* w1: ROM id (28-…); hwmon, iio: which of several chips of one name; modbus: serial device */
    const char *channel;     /* hwmon: temp1; iio: in_temp */
    const char *transmitter; /* modbus: title of the transmitter section */
    int64_t unit;      /* modbus: 1 to 247 */
    const char *file;        /* replay: CSV `time,celsius` */
    int64_t speed;     /* replay: 1 as recorded, N times as fast, 0 without waiting */
    int64_t lowest_mc, highest_mc; /* what the probe can measure; both 0: what the driver says */
    int64_t stuck_samples;         /* equal readings that make it stuck; -1: as the gateway's setting, 0: never */
};

/* `transmitter "MODEL" { … }`: how one model of Modbus transmitter speaks. */
struct transmitter_setting {
    const char *model;
    const char *table;         /* input, holding */
    int64_t register_address;
    int64_t scale_mc;    /* millidegrees per count: 100 for tenths of a degree */
    char **open_codes;   /* register values (signed, or 0x hexadecimal) that mean an open or shorted probe; NULL ends */
    int64_t baud;
    const char *parity;        /* none, even, odd */
    int64_t stop_bits;
};

struct gateway_settings {
    const char *id;
    const char *state_dir;
    const char *high_water_path; /* NULL or empty: beside the outbox */
    int64_t quota_mib;
    int64_t retention_days;

    const char *broker_host;
    int64_t broker_port;
    const char *tls_ca, *tls_cert, *tls_key;
    const char *record_key;
    const char *bundle;

    const char *sysfs_root;
    bool w1;               /* read every DS18B20 found */
    bool clock_trusted;    /* the machine's clock is kept by its host: believed though the kernel does not know of it */
    int64_t interval_s;
    int64_t seal_s;
    int64_t health_s;
    int64_t scan_s;
    int64_t read_deadline_ms;
    int64_t stuck_samples;
    int64_t stuck_below_mc;
    int64_t http_port;     /* -1: none */
    int64_t log_level;

    struct probe_setting *probes;
    size_t probe_count;
    struct transmitter_setting *transmitters;
    size_t transmitter_count;
};

const struct conf_table *gateway_conf_table(void);

/* What one table cannot say: ids in form, each probe's driver known and given what it needs. REJECT with a sentence naming the section. */
MUST_CHECK enum outcome gateway_settings_check(const struct gateway_settings *settings, struct why *why);

#endif
