/* Modbus RTU temperature transmitters over RS-485, by libmodbus.
 *
 * A transmitter answers one signed 16-bit register; scale and the codes that mean an open or shorted probe differ from
 * model to model and stand in the configuration (`transmitter "MODEL"`). Probes of one serial device share one lane: the
 * line carries one question at a time, and a dead unit costs its neighbours one response timeout a round.
 */
#include <errno.h>
#include <modbus/modbus.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"
#include "gateway/driver.h"

/* PT100 by IEC 60751. */
enum { MODBUS_LOWEST_MC = -200000, MODBUS_HIGHEST_MC = 850000 };
enum { ANSWER_TIMEOUT_US = 300 * 1000 };

struct line {
    const char *device;
    const struct transmitter_setting *speaks; /* speed and parity; the same for all on one line */
    modbus_t *port; /* NULL: closed; touched only by the line's lane */
};

struct bus {
    const struct gateway_settings *settings;
    struct line *lines;
    size_t line_count;
};

static const struct transmitter_setting *transmitter_of(const struct gateway_settings *settings, const char *model)
{
    for (size_t i = 0; i < settings->transmitter_count; i++)
        if (strcmp(settings->transmitters[i].model, model) == 0)
            return &settings->transmitters[i];
    return NULL;
}

static struct line *line_of(const struct bus *bus, const char *device)
{
    for (size_t i = 0; i < bus->line_count; i++)
        if (strcmp(bus->lines[i].device, device) == 0)
            return &bus->lines[i];
    return NULL;
}

static enum outcome add_line(struct bus *bus, const struct probe_setting *setting, struct why *why)
{
    const struct transmitter_setting *speaks = transmitter_of(bus->settings, setting->transmitter);
    if (!speaks)
        return fail(why, REJECT, "probe \"%s\": no transmitter \"%s\"", setting->name, setting->transmitter);
    struct line *line = line_of(bus, setting->device);
    if (!line) {
        bus->lines[bus->line_count++] = (struct line){setting->device, speaks, NULL};
        return DONE;
    }
    if (line->speaks->baud != speaks->baud || strcmp(line->speaks->parity, speaks->parity) != 0 ||
        line->speaks->stop_bits != speaks->stop_bits)
        return fail(why, REJECT, "probe \"%s\": transmitters \"%s\" and \"%s\" share %s but not its speed or parity",
                    setting->name, line->speaks->model, speaks->model, setting->device);
    return DONE;
}

static void rtu_close(struct bus **bus)
{
    if (!*bus)
        return;
    for (size_t i = 0; i < (*bus)->line_count; i++)
        if ((*bus)->lines[i].port) {
            modbus_close((*bus)->lines[i].port);
            modbus_free((*bus)->lines[i].port);
        }
    free((*bus)->lines);
    free(*bus);
    *bus = NULL;
}

static enum outcome rtu_open(const struct gateway_settings *settings, struct bus **made, struct why *why)
{
    scoped_by(rtu_close) struct bus *bus = calloc(1, sizeof *bus);
    if (!bus)
        return fail(why, RETRY, "out of memory");
    bus->settings = settings;
    bus->lines = calloc(settings->probe_count + 1, sizeof *bus->lines);
    if (!bus->lines)
        return fail(why, RETRY, "out of memory");
    for (size_t i = 0; i < settings->probe_count; i++) {
        const struct probe_setting *setting = &settings->probes[i];
        if (strcmp(setting->driver, "modbus") == 0 && add_line(bus, setting, why) != DONE)
            return REJECT;
    }
    *made = take(bus);
    return DONE;
}

/* Whether the serial device is there says whether the probe is: a unit that does not answer is silent, not gone. */
static enum outcome rtu_scan(struct bus *bus, void (*found)(void *, const struct probe_found *),
                             void (*complaint)(void *, const char *), void *context, struct why *why)
{
    (void)complaint;
    (void)why;
    for (size_t i = 0; i < bus->settings->probe_count; i++) {
        const struct probe_setting *setting = &bus->settings->probes[i];
        if (strcmp(setting->driver, "modbus") != 0 || access(setting->device, F_OK) != 0)
            continue;
        struct probe_found probe = {0};
        probe_describe(&probe, setting, setting->name, MODBUS_LOWEST_MC, MODBUS_HIGHEST_MC);
        (void)snprintf(probe.address, sizeof probe.address, "%s", setting->name);
        (void)snprintf(probe.lane, sizeof probe.lane, "%s", setting->device);
        found(context, &probe);
    }
    return DONE;
}

static char parity_letter(const char *parity)
{
    return strcmp(parity, "even") == 0 ? 'E' : strcmp(parity, "odd") == 0 ? 'O' : 'N';
}

static void line_close(struct line *line)
{
    if (!line->port)
        return;
    modbus_close(line->port);
    modbus_free(line->port);
    line->port = NULL;
}

static bool line_open(struct line *line, struct reading *out)
{
    if (line->port)
        return true;
    line->port = modbus_new_rtu(line->device, (int)line->speaks->baud, parity_letter(line->speaks->parity), 8,
                                (int)line->speaks->stop_bits);
    if (!line->port || modbus_set_response_timeout(line->port, 0, ANSWER_TIMEOUT_US) != 0 ||
        modbus_connect(line->port) != 0) {
        reading_failed(out, READING_EMPTY, "cannot open the line: %s", modbus_strerror(errno));
        line_close(line);
        return false;
    }
    return true;
}

static bool is_open_code(const struct transmitter_setting *speaks, uint16_t word)
{
    for (size_t i = 0; speaks->open_codes && speaks->open_codes[i]; i++) {
        long code = strtol(speaks->open_codes[i], NULL, 0);
        if ((uint16_t)code == word)
            return true;
    }
    return false;
}

static void failed(struct line *line, struct reading *out, int error)
{
    if (error == EMBBADCRC) {
        reading_failed(out, READING_CRC, "CRC of the answer is wrong");
        (void)modbus_flush(line->port);
    } else if (error >= EMBXILFUN && error <= EMBXGTAR) {
        reading_failed(out, READING_FAULT, "the transmitter refuses: %s", modbus_strerror(error));
    } else {
        reading_failed(out, READING_EMPTY, "%s", error == ETIMEDOUT ? "no answer" : modbus_strerror(error));
        if (error == ETIMEDOUT)
            (void)modbus_flush(line->port);
        else
            line_close(line); /* an adapter that was unplugged comes back under the same name */
    }
}

static void ask(struct line *line, const struct probe_setting *setting, const struct transmitter_setting *speaks,
                struct reading *out)
{
    uint16_t word = 0;
    int at = (int)speaks->register_address;
    (void)modbus_set_slave(line->port, (int)setting->unit);
    int got = strcmp(speaks->table, "holding") == 0 ? modbus_read_registers(line->port, at, 1, &word)
                                                    : modbus_read_input_registers(line->port, at, 1, &word);
    if (got != 1)
        failed(line, out, errno);
    else if (is_open_code(speaks, word))
        reading_failed(out, READING_FAULT, "open or shorted probe (code %d)", (int16_t)word);
    else
        reading_value(out, (int32_t)((int16_t)word * speaks->scale_mc));
}

static void rtu_read(struct bus *bus, const struct probe_found *probe, struct reading *out)
{
    for (size_t i = 0; i < bus->settings->probe_count; i++) {
        const struct probe_setting *setting = &bus->settings->probes[i];
        if (strcmp(setting->driver, "modbus") != 0 || strcmp(setting->name, probe->address) != 0)
            continue;
        struct line *line = line_of(bus, setting->device);
        const struct transmitter_setting *speaks = transmitter_of(bus->settings, setting->transmitter);
        if (line && speaks && line_open(line, out))
            ask(line, setting, speaks, out);
        return;
    }
    reading_failed(out, READING_EMPTY, "not configured");
}

const struct driver *driver_modbus(void)
{
    static const struct driver driver = {
        .name = "modbus",
        .what = "Modbus RTU transmitter",
        .open = rtu_open,
        .close = rtu_close,
        .scan = rtu_scan,
        .read = rtu_read,
    };
    return &driver;
}
