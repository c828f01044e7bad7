/* silsila gateway swap: one gateway takes another's place. */
#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/say.h"

int command_gateway_swap(int argc, char **argv)
{
    struct say say = {.command = "gateway swap"};
    const char *old = NULL, *new = NULL, *reason = NULL, *from = NULL;
    const struct argument table[] = {
        {NULL, "OLD", "the gateway that went", true, &old, 0, 0},
        {NULL, "NEW", "the one that came; enrol it first", true, &new, 0, 0},
        {"why", "TEXT", "why", true, &reason, 0, 0},
        {"from", "TIME", "since then (now)", false, &from, 0, 0},
        SAY_ARGUMENTS(say),
    };
    const struct arguments arguments = {say.command,
                                        "put one gateway in another's place: its probes' placements move",
                                        table, sizeof table / sizeof table[0]};
    enum arguments_next next = arguments_read(&arguments, argc, argv);
    if (next != ARGUMENTS_GO)
        return arguments_status(next);
    if (!sender_id_valid(old) || !sender_id_valid(new))
        return say_failed(&say, "%s or %s is no gateway's id", old, new);
    Silsila__V1__Swap swap = SILSILA__V1__SWAP__INIT;
    Silsila__V1__Register entry = SILSILA__V1__REGISTER__INIT;
    swap.old_gateway = wire_text(old);
    swap.new_gateway = wire_text(new);
    swap.why = wire_text(reason);
    entry.entry_case = SILSILA__V1__REGISTER__ENTRY_SWAP;
    entry.swap = &swap;
    return say_register(&say, &entry, from);
}
