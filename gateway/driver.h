/* Driver: how one kind of probe is found and read. One file in gateway/drivers/ per kind, all behind this interface.
 *
 *     open ─▶ scan (now and then: probes come and go) ─▶ prepare (once a round, may start all conversions) ─▶ read, read, …
 *
 * A driver only reports what the hardware said; what a reading is worth is judged in quality.h. It converts to integer
 * millidegrees Celsius once, rounding half away from zero.
 *
 * Threads: scan, prepare and read run in worker threads and may block for as long as the hardware likes: the callers hold
 * the deadlines (probes.h). Calls for probes of one lane never overlap; those of different lanes do, so a driver shares
 * nothing between lanes that changes after open. close is called when no call is under way, or not at all.
 *
 * The `replay` driver is not asked but tells: it has `next` in place of `read`, and its times are those recorded. `next`
 * reads a local file and is called on the loop's thread.
 */
#ifndef GATEWAY_DRIVER_H
#define GATEWAY_DRIVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/outcome.h"
#include "gateway/settings.h"

enum { PROBE_ID_MOST = 64, PROBE_ADDRESS_MOST = 255 };

enum reading_state {
    READING_VALUE,
    READING_EMPTY, /* nothing came back: file missing or empty, no answer on the bus */
    READING_CRC,   /* something came back damaged */
    READING_FAULT  /* the hardware says that the probe is open or shorted, or answers what it cannot mean */
};

struct reading {
    enum reading_state state;
    int32_t value_mc;   /* READING_VALUE only */
    bool power_on;      /* exactly what this kind of probe answers before its first conversion */
    char why[96];       /* for the log and the technician; empty for a value */
};

/* A probe as the scan found it. `address` is the driver's own way to it, `lane` names what it shares with others: probes
 * of one lane are read one after the other. */
struct probe_found {
    char id[PROBE_ID_MOST + 1];
    char address[PROBE_ADDRESS_MOST + 1];
    char lane[PROBE_ADDRESS_MOST + 1];
    int32_t lowest_mc, highest_mc; /* what it can measure */
    int32_t stuck_samples;         /* -1: as the gateway's setting */
};

/* A recorded reading; `bad` rows are reported and passed over. */
enum recorded_kind { RECORDED_READING, RECORDED_BAD, RECORDED_END };
struct recorded_reading {
    enum recorded_kind kind;
    int64_t at_ms;
    int32_t value_mc;
    uint64_t line;
    struct why why;
};

struct bus; /* each driver's own state */

struct driver {
    const char *name;
    const char *what;      /* for the technician: "1-Wire DS18B20" */
    /* The settings must outlive the bus. REJECT: they make no sense for this driver. */
    enum outcome (*open)(const struct gateway_settings *settings, struct bus **made, struct why *why) MUST_CHECK;
    void (*close)(struct bus **bus);
    /* Calls `found` for each probe that is there. `complaint` is called for each configured one that cannot be named
     * without doubt. RETRY: could not look. */
    enum outcome (*scan)(struct bus *bus, void (*found)(void *context, const struct probe_found *probe),
                         void (*complaint)(void *context, const char *text), void *context,
                         struct why *why) MUST_CHECK;
    void (*prepare)(struct bus *bus); /* may be NULL */
    void (*read)(struct bus *bus, const struct probe_found *probe, struct reading *out);
    /* Only for drivers that tell: the next recorded reading of the probe, in the file's order. */
    void (*next)(struct bus *bus, const struct probe_found *probe, struct recorded_reading *out);
};

/* The drivers there are: each is the one public function of its file. */
const struct driver *driver_w1(void);
const struct driver *driver_hwmon(void);
const struct driver *driver_iio(void);
const struct driver *driver_modbus(void);
const struct driver *driver_replay(void);

/* The driver at `index` in the order above, or NULL behind the last: `for (i = 0; (d = driver_at(i)); i++)`. */
const struct driver *driver_at(size_t index);

/* The driver of that name, or NULL. */
const struct driver *driver_named(const char *name);

/* Fills what every driver fills alike: id, range and stuck rule, the setting's where it gives one. */
void probe_describe(struct probe_found *found, const struct probe_setting *setting, const char *id, int32_t lowest_mc,
                    int32_t highest_mc);

/* Fills a reading that has no value. */
void reading_failed(struct reading *out, enum reading_state state, const char *format, ...) PRINTF_LIKE(3, 4);
void reading_value(struct reading *out, int32_t value_mc);

#endif
