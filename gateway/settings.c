#include "gateway/settings.h"

#include <stdlib.h>
#include <string.h>

#include "coldchain/envelope.h"
#include "gateway/driver.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define AT(field) offsetof(struct gateway_settings, field)
#define PROBE_AT(field) offsetof(struct probe_setting, field)
#define MODEL_AT(field) offsetof(struct transmitter_setting, field)

static const struct conf_setting settings_table[] = {
    {"id", CONF_TEXT, AT(id), 0, 0, NULL, CONF_REQUIRED,
     "This gateway's id, as enrolled: 3 to 32 of a-z, 0-9 and -; the CN of its TLS certificate"},
    {"state_dir", CONF_PATH, AT(state_dir), 0, 0, "/var/lib/silsila/gateway", 0,
     "Folder for the outbox and the enrolment files; on a medium that survives a power cut"},
    {"high_water_path", CONF_PATH, AT(high_water_path), 0, 0, NULL, 0,
     "File for the outbox's high-water mark, better on another medium than state_dir; empty: beside the outbox"},
    {"quota_mib", CONF_INT, AT(quota_mib), 0, 1048576, "512", 0,
     "Most room the outbox may take, in MiB; 0: all there is"},
    {"retention_days", CONF_INT, AT(retention_days), 0, 3650, "30", 0,
     "How long what is safely stored at the national desk is kept here as well, so that it can be asked for again"},
    {"broker_host", CONF_TEXT, AT(broker_host), 0, 0, "localhost", 0, "Broker's host name, as in its certificate"},
    {"broker_port", CONF_INT, AT(broker_port), 1, 65535, "8883", 0, "Broker's port"},
    {"tls_ca", CONF_PATH, AT(tls_ca), 0, 0, NULL, 0,
     "PEM file of the authorities that the broker's certificate may come from; empty: taken from the bundle"},
    {"tls_cert", CONF_PATH, AT(tls_cert), 0, 0, NULL, 0,
     "PEM file of this gateway's TLS certificate; empty: taken from the bundle"},
    {"tls_key", CONF_PATH, AT(tls_key), 0, 0, NULL, CONF_SECRET,
     "PEM file of the key of tls_cert; empty: no TLS, for tests on one machine only"},
    {"record_key", CONF_PATH, AT(record_key), 0, 0, "/var/lib/silsila/gateway/record.key", CONF_SECRET,
     "PEM file of the key that signs the readings; never the TLS key"},
    {"bundle", CONF_PATH, AT(bundle), 0, 0, "/var/lib/silsila/gateway/bundle", 0,
     "The file that came back from enrolment: it pins the ledger's origin and its authority"},
    {"sysfs_root", CONF_PATH, AT(sysfs_root), 0, 0, "/sys", CONF_RELOADABLE,
     "Where the kernel shows its devices; another folder for tests and demonstrations"},
    {"w1", CONF_BOOL, AT(w1), 0, 0, "true", CONF_RELOADABLE,
     "Read every 1-Wire thermometer that is plugged in, under its ROM id; with false only those in probe sections"},
    {"interval_s", CONF_INT, AT(interval_s), 1, 3600, "60", CONF_RELOADABLE,
     "Time between readings, until the server's configuration says otherwise"},
    {"seal_s", CONF_INT, AT(seal_s), 1, 86400, "900", CONF_RELOADABLE,
     "Longest time between two signed bodies while all is well: 900 for stores, 120 for boxes on the move"},
    {"health_s", CONF_INT, AT(health_s), 60, 604800, "3600", CONF_RELOADABLE, "Time between two health reports"},
    {"scan_s", CONF_INT, AT(scan_s), 1, 3600, "15", CONF_RELOADABLE, "Time between two looks for probes that came or went"},
    {"read_deadline_ms", CONF_INT, AT(read_deadline_ms), 100, 600000, "10000", CONF_RELOADABLE,
     "How long a probe may take to answer before its reading counts as empty; never more than half the interval"},
    {"stuck_samples", CONF_INT, AT(stuck_samples), 0, 1000000, "240", CONF_RELOADABLE,
     "Readings in a row, the same to the last bit, that mean a stuck probe; 0: never"},
    {"stuck_below_mc", CONF_INT, AT(stuck_below_mc), -273150, 2000000, "-5000", CONF_RELOADABLE,
     "Only below this temperature (millidegrees Celsius) does standing still mean stuck: a box of melting ice may rest"},
    {"clock_trusted", CONF_BOOL, AT(clock_trusted), 0, 0, "false", 0,
     "Believe the machine's clock though the kernel does not call it synchronised: for containers whose host keeps it"},
    {"http_port", CONF_INT, AT(http_port), -1, 65535, "9464", 0,
     "Port on 127.0.0.1 for /metrics, /-/healthy and /-/ready; 0: any free one, -1: none"},
    {"log_level", CONF_INT, AT(log_level), 3, 7, "6", CONF_RELOADABLE,
     "Least important lines to log: 3 errors, 4 warnings, 5 notices, 6 information, 7 everything"},
};

static const struct conf_setting probe_table[] = {
    {"driver", CONF_TEXT, PROBE_AT(driver), 0, 0, NULL, CONF_REQUIRED | CONF_RELOADABLE, "w1, hwmon, iio, modbus or replay"},
    {"chip", CONF_TEXT, PROBE_AT(chip), 0, 0, NULL, CONF_RELOADABLE, "hwmon, iio: what the chip's `name` file says"},
    {"device", CONF_TEXT, PROBE_AT(device), 0, 0, NULL, CONF_RELOADABLE,
     "w1: ROM id (28-...); modbus: serial device; hwmon, iio: bus address, when several chips have one name"},
    {"channel", CONF_TEXT, PROBE_AT(channel), 0, 0, NULL, CONF_RELOADABLE, "hwmon: temp1 and so on; iio: in_temp, in_temp0 and so on"},
    {"transmitter", CONF_TEXT, PROBE_AT(transmitter), 0, 0, NULL, CONF_RELOADABLE, "modbus: which transmitter section describes it"},
    {"unit", CONF_INT, PROBE_AT(unit), 0, 247, "1", CONF_RELOADABLE, "modbus: the unit's address on the line"},
    {"file", CONF_PATH, PROBE_AT(file), 0, 0, NULL, CONF_RELOADABLE, "replay: CSV file of rows time,celsius"},
    {"speed", CONF_INT, PROBE_AT(speed), 0, 1000000, "1", CONF_RELOADABLE, "replay: 1 as recorded, N times as fast, 0 without waiting"},
    {"lowest_mc", CONF_INT, PROBE_AT(lowest_mc), -273150, 2000000, "0", CONF_RELOADABLE,
     "Lowest temperature the probe can measure, millidegrees Celsius; with highest_mc 0 too: what the driver says"},
    {"highest_mc", CONF_INT, PROBE_AT(highest_mc), -273150, 2000000, "0", CONF_RELOADABLE, "Highest temperature the probe can measure"},
    {"stuck_samples", CONF_INT, PROBE_AT(stuck_samples), -1, 1000000, "-1", CONF_RELOADABLE, "As above for this probe; -1: as above"},
};

static const struct conf_setting transmitter_table[] = {
    {"table", CONF_TEXT, MODEL_AT(table), 0, CONF_RELOADABLE, "input", CONF_RELOADABLE, "Where the temperature is read: input or holding registers"},
    {"register_address", CONF_INT, MODEL_AT(register_address), 0, 65535, "0", CONF_RELOADABLE, "Which register, counted from 0"},
    {"scale_mc", CONF_INT, MODEL_AT(scale_mc), 1, 10000, "100", CONF_RELOADABLE, "Millidegrees in one count: 100 for tenths of a degree"},
    {"open_codes", CONF_TEXT_LIST, MODEL_AT(open_codes), 0, 0, NULL, CONF_RELOADABLE,
     "Register values that mean an open or shorted probe, decimal or 0x hexadecimal"},
    {"baud", CONF_INT, MODEL_AT(baud), 300, 921600, "9600", CONF_RELOADABLE, "Speed of the line"},
    {"parity", CONF_TEXT, MODEL_AT(parity), 0, CONF_RELOADABLE, "none", CONF_RELOADABLE, "none, even or odd"},
    {"stop_bits", CONF_INT, MODEL_AT(stop_bits), 1, 2, "1", CONF_RELOADABLE, "Stop bits"},
};

static const struct conf_section sections[] = {
    {"probe", sizeof(struct probe_setting), PROBE_AT(name), AT(probes), AT(probe_count), probe_table, COUNT(probe_table),
     "One probe that is not a 1-Wire thermometer found by itself, or is to have a name; the title is its id"},
    {"transmitter", sizeof(struct transmitter_setting), MODEL_AT(model), AT(transmitters), AT(transmitter_count),
     transmitter_table, COUNT(transmitter_table), "How one model of Modbus transmitter speaks; the title is its model"},
};

const struct conf_table *gateway_conf_table(void)
{
    static const struct conf_table table = {.program = "silsila-gateway",
                                            .size = sizeof(struct gateway_settings),
                                            .settings = settings_table,
                                            .setting_count = COUNT(settings_table),
                                            .sections = sections,
                                            .section_count = COUNT(sections)};
    return &table;
}

static bool is_given(const char *text)
{
    return text && *text;
}

/* What each driver cannot do without. */
static const char *missing_of(const struct probe_setting *probe)
{
    const char *driver = probe->driver;
    if (strcmp(driver, "w1") == 0 || strcmp(driver, "modbus") == 0) {
        if (!is_given(probe->device))
            return "device";
        return strcmp(driver, "modbus") == 0 && !is_given(probe->transmitter) ? "transmitter" : NULL;
    }
    if (strcmp(driver, "replay") == 0)
        return is_given(probe->file) ? NULL : "file";
    if (!is_given(probe->chip))
        return "chip";
    return is_given(probe->channel) ? NULL : "channel";
}

static enum outcome check_probe(const struct probe_setting *probe, struct why *why)
{
    if (!probe_id_valid(probe->name))
        return fail(why, REJECT, "probe \"%s\": an id is 1 to 64 printable characters without blanks", probe->name);
    if (!driver_named(probe->driver))
        return fail(why, REJECT, "probe \"%s\": no driver is called '%s'", probe->name, probe->driver);
    const char *missing = missing_of(probe);
    if (missing)
        return fail(why, REJECT, "probe \"%s\": driver %s needs %s", probe->name, probe->driver, missing);
    if (probe->lowest_mc > probe->highest_mc)
        return fail(why, REJECT, "probe \"%s\": lowest_mc is above highest_mc", probe->name);
    return DONE;
}

static bool code_in_form(const char *text)
{
    char *end;
    long code = strtol(text, &end, 0);
    return end != text && *end == '\0' && code >= -32768 && code <= 65535;
}

static enum outcome check_transmitter(const struct transmitter_setting *transmitter, struct why *why)
{
    const char *parity = transmitter->parity;
    if (strcmp(transmitter->table, "input") != 0 && strcmp(transmitter->table, "holding") != 0)
        return fail(why, REJECT, "transmitter \"%s\": table is input or holding", transmitter->model);
    if (strcmp(parity, "none") != 0 && strcmp(parity, "even") != 0 && strcmp(parity, "odd") != 0)
        return fail(why, REJECT, "transmitter \"%s\": parity is none, even or odd", transmitter->model);
    for (size_t i = 0; transmitter->open_codes && transmitter->open_codes[i]; i++)
        if (!code_in_form(transmitter->open_codes[i]))
            return fail(why, REJECT, "transmitter \"%s\": '%s' is no register value", transmitter->model,
                        transmitter->open_codes[i]);
    return DONE;
}

enum outcome gateway_settings_check(const struct gateway_settings *settings, struct why *why)
{
    if (!sender_id_valid(settings->id))
        return fail(why, REJECT, "id '%s' is not 3 to 32 of a-z, 0-9 and -, beginning with a letter or digit",
                    settings->id);
    for (size_t i = 0; i < settings->transmitter_count; i++)
        if (check_transmitter(&settings->transmitters[i], why) != DONE)
            return REJECT;
    for (size_t i = 0; i < settings->probe_count; i++)
        if (check_probe(&settings->probes[i], why) != DONE)
            return REJECT;
    return DONE;
}
