/* silsila probe place: from when on a probe measures which equipment. */
#include <stdio.h>
#include <string.h>

#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/say.h"

static int place(const struct say *say, const char *gateway, const char *probe, const char *equipment,
                 const char *role, const char *from)
{
    if (!sender_id_valid(gateway) || !probe_id_valid(probe))
        return say_failed(say, "%s / %s is no gateway and probe", gateway, probe);
    if (strcmp(role, "product") != 0 && strcmp(role, "air") != 0)
        return say_failed(say, "a probe's role is product or air, not %s", role);
    Silsila__V1__Placement placement = SILSILA__V1__PLACEMENT__INIT;
    Silsila__V1__Register entry = SILSILA__V1__REGISTER__INIT;
    placement.gateway = wire_text(gateway);
    placement.probe = wire_text(probe);
    placement.equipment = wire_text(equipment);
    placement.role = wire_text(role);
    entry.entry_case = SILSILA__V1__REGISTER__ENTRY_PLACEMENT;
    entry.placement = &placement;
    return say_register(say, &entry, from);
}

int command_probe_place(int argc, char **argv)
{
    struct say say = {.command = "probe place"};
    const char *gateway = NULL, *probe = NULL, *equipment = NULL, *role = "product", *from = NULL;
    bool nowhere = false;
    const struct argument table[] = {
        {NULL, "GATEWAY", "the gateway that reads it", true, &gateway, 0, 0},
        {NULL, "PROBE", "the probe's id on that gateway", true, &probe, 0, 0},
        {"equipment", "ID", "where it is", false, &equipment, 0, 0},
        {"nowhere", NULL, "it was taken out of where it was", false, 0, &nowhere, 0},
        {"role", "ROLE", "product or air (product)", false, &role, 0, 0},
        {"from", "TIME", "since then (now)", false, &from, 0, 0},
        SAY_ARGUMENTS(say),
    };
    const struct arguments arguments = {say.command, "say which equipment a probe measures, and from when on",
                                        table, sizeof table / sizeof table[0]};
    enum arguments_next next = arguments_read(&arguments, argc, argv);
    if (next != ARGUMENTS_GO)
        return arguments_status(next);
    if (nowhere == (equipment != NULL)) {
        fprintf(stderr, "silsila probe place: either --equipment ID or --nowhere\n");
        return EXIT_USAGE;
    }
    return place(&say, gateway, probe, equipment, role, from);
}
