/* silsila site add: a place in the register of sites. */
#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/say.h"

int command_site_add(int argc, char **argv)
{
    struct say say = {.command = "site add"};
    const char *id = NULL, *name = NULL, *gln = NULL, *zone = NULL, *region = NULL, *from = NULL;
    bool outside = false;
    const struct argument table[] = {
        {NULL, "ID", "the site's id", true, &id, 0, 0},
        {"name", "NAME", "name for people", true, &name, 0, 0},
        {"outside", NULL, "not one of ours: a place lots go to or come from", false, 0, &outside, 0},
        {"gln", "NUMBER", "GS1 location number", false, &gln, 0, 0},
        {"zone", "ZONE", "IANA time zone (Africa/Casablanca)", false, &zone, 0, 0},
        {"region", "REGION", "region, for maps and reports", false, &region, 0, 0},
        {"from", "TIME", "valid from then (now)", false, &from, 0, 0},
        SAY_ARGUMENTS(say),
    };
    const struct arguments arguments = {say.command, "add a site, or change what is known of it", table,
                                        sizeof table / sizeof table[0]};
    enum arguments_next next = arguments_read(&arguments, argc, argv);
    if (next != ARGUMENTS_GO)
        return arguments_status(next);
    Silsila__V1__Site site = SILSILA__V1__SITE__INIT;
    Silsila__V1__Register entry = SILSILA__V1__REGISTER__INIT;
    site.id = wire_text(id);
    site.name = wire_text(name);
    site.own = !outside;
    site.gln = wire_text(gln);
    site.zone = wire_text(zone);
    site.region = wire_text(region);
    entry.entry_case = SILSILA__V1__REGISTER__ENTRY_SITE;
    entry.site = &site;
    return say_register(&say, &entry, from);
}
