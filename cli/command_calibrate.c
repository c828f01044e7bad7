/* silsila calibrate: the offset that a laboratory found for a probe. */
#include <string.h>

#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/say.h"
#include "coldchain/recording.h"

struct calibrate_options {
    const char *gateway, *probe, *offset, *due, *certificate, *laboratory, *from;
};

static int calibrate(const struct say *say, const struct calibrate_options *o)
{
    struct why why = {""};
    Silsila__V1__Calibration calibration = SILSILA__V1__CALIBRATION__INIT;
    Silsila__V1__Instant due = SILSILA__V1__INSTANT__INIT;
    Silsila__V1__Register entry = SILSILA__V1__REGISTER__INIT;
    if (!sender_id_valid(o->gateway) || !probe_id_valid(o->probe))
        return say_failed(say, "%s / %s is no gateway and probe", o->gateway, o->probe);
    if (celsius_read(bytes_of(o->offset, strlen(o->offset)), &calibration.offset_mc, &why) != DONE)
        return say_failed(say, "--offset %s: %s", o->offset, why.text);
    if (o->due && time_text_read(bytes_of(o->due, strlen(o->due)), &due.ms, &why) != DONE)
        return say_failed(say, "--due %s: %s", o->due, why.text);
    calibration.gateway = wire_text(o->gateway);
    calibration.probe = wire_text(o->probe);
    calibration.due = o->due ? &due : NULL;
    calibration.certificate = wire_text(o->certificate);
    calibration.laboratory = wire_text(o->laboratory);
    entry.entry_case = SILSILA__V1__REGISTER__ENTRY_CALIBRATION;
    entry.calibration = &calibration;
    return say_register(say, &entry, o->from);
}

int command_calibrate(int argc, char **argv)
{
    struct say say = {.command = "calibrate"};
    struct calibrate_options o = {0};
    const struct argument table[] = {
        {NULL, "GATEWAY", "the gateway that reads it", true, &o.gateway, 0, 0},
        {NULL, "PROBE", "the probe's id on that gateway", true, &o.probe, 0, 0},
        {"offset", "CELSIUS", "added to what the probe reads: -0.25", true, &o.offset, 0, 0},
        {"due", "TIME", "when the next calibration is due", false, &o.due, 0, 0},
        {"certificate", "NUMBER", "certificate number", false, &o.certificate, 0, 0},
        {"laboratory", "NAME", "who calibrated", false, &o.laboratory, 0, 0},
        {"from", "TIME", "valid from then (now)", false, &o.from, 0, 0},
        SAY_ARGUMENTS(say),
    };
    const struct arguments arguments = {say.command, "record a probe's calibration", table,
                                        sizeof table / sizeof table[0]};
    enum arguments_next next = arguments_read(&arguments, argc, argv);
    return next == ARGUMENTS_GO ? calibrate(&say, &o) : arguments_status(next);
}
