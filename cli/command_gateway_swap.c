/* silsila gateway swap: one gateway takes another's place. The probes that the old one had placed at that instant are said, in the
 * same body, to have left, and the new one's probes of the same names to stand where they stood: placements are facts of their own,
 * so that nobody has to work them out from a swap later. */
#include <stdlib.h>
#include <string.h>

#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/database.h"
#include "cli/say.h"
#include "coldchain/recording.h"
#include "common/cleanup.h"
#include "common/clock.h"

struct swapping {
    const struct say *say;
    const char *old, *new, *why;
    int64_t from_ms;
};

/* Everything one placement needs, so that the items may point into it. */
struct moved {
    Silsila__V1__Item items[2];
    Silsila__V1__Register entries[2];
    Silsila__V1__Placement placements[2];
};

static enum outcome placed_at(struct home *home, const struct swapping *swapping, PGresult **rows, struct why *why)
{
    scoped_by(database_close) PGconn *connection = NULL;
    char at[32];
    (void)snprintf(at, sizeof at, "%lld", (long long)swapping->from_ms);
    const char *values[] = {swapping->old, at};
    enum outcome outcome = database_open(home->settings.database ? home->settings.database : "", &connection, why);
    return outcome == DONE
               ? database_query(connection,
                                "SELECT probe, equipment, role FROM silsila.placement WHERE gateway = $1 AND equipment <> ''"
                                " AND valid_from <= 'epoch'::timestamptz + $2::bigint * interval '1 millisecond'"
                                " AND (valid_to IS NULL OR valid_to > 'epoch'::timestamptz + $2::bigint * interval '1 millisecond')"
                                " ORDER BY probe",
                                2, values, rows, why)
               : outcome;
}

static void move(const struct swapping *swapping, const PGresult *rows, int row, struct moved *moved)
{
    for (int i = 0; i < 2; i++) {
        Silsila__V1__Placement *placement = &moved->placements[i];
        Silsila__V1__Register *entry = &moved->entries[i];
        silsila__v1__placement__init(placement);
        placement->gateway = wire_text(i == 0 ? swapping->old : swapping->new);
        placement->probe = PQgetvalue(rows, row, 0);
        placement->equipment = i == 0 ? wire_text("") : PQgetvalue(rows, row, 1);
        placement->role = PQgetvalue(rows, row, 2);
        silsila__v1__register__init(entry);
        entry->valid_from_ms = swapping->from_ms;
        entry->entry_case = SILSILA__V1__REGISTER__ENTRY_PLACEMENT;
        entry->placement = placement;
        silsila__v1__item__init(&moved->items[i]);
        moved->items[i].kind_case = SILSILA__V1__ITEM__KIND_REGISTER;
        moved->items[i].register_ = entry;
    }
}

static int say_swap(struct home *home, const struct swapping *swapping)
{
    struct why why = {""};
    scoped_by(database_clear) PGresult *rows = NULL;
    if (placed_at(home, swapping, &rows, &why) != DONE)
        return say_failed(swapping->say, "%s", why.text);
    size_t count = (size_t)PQntuples(rows);
    scoped_by(cleanup_free) struct moved *moved = calloc(count + 1, sizeof *moved);
    scoped_by(cleanup_free) Silsila__V1__Item **items = calloc(2 * count + 1, sizeof *items);
    if (!moved || !items)
        return say_failed(swapping->say, "out of memory");
    Silsila__V1__Swap swap = SILSILA__V1__SWAP__INIT;
    Silsila__V1__Register entry = SILSILA__V1__REGISTER__INIT;
    Silsila__V1__Item item = SILSILA__V1__ITEM__INIT;
    swap.old_gateway = wire_text(swapping->old);
    swap.new_gateway = wire_text(swapping->new);
    swap.why = wire_text(swapping->why);
    entry.valid_from_ms = swapping->from_ms;
    entry.entry_case = SILSILA__V1__REGISTER__ENTRY_SWAP;
    entry.swap = &swap;
    item.kind_case = SILSILA__V1__ITEM__KIND_REGISTER;
    item.register_ = &entry;
    items[0] = &item;
    for (size_t i = 0; i < count; i++) {
        move(swapping, rows, (int)i, &moved[i]);
        items[1 + 2 * i] = &moved[i].items[0];
        items[2 + 2 * i] = &moved[i].items[1];
    }
    return say_items_in(swapping->say, home, items, 2 * count + 1);
}

int command_gateway_swap(int argc, char **argv)
{
    struct say say = {.command = "gateway swap"};
    struct why why = {""};
    struct clock clock = clock_system();
    struct swapping swapping = {.say = &say, .from_ms = clock_read(&clock).wall_ms};
    const char *from = NULL;
    const struct argument table[] = {
        {NULL, "OLD", "the gateway that went", true, &swapping.old, 0, 0},
        {NULL, "NEW", "the one that came; enrol it first", true, &swapping.new, 0, 0},
        {"why", "TEXT", "why", true, &swapping.why, 0, 0},
        {"from", "TIME", "since then (now)", false, &from, 0, 0},
        SAY_ARGUMENTS(say),
    };
    const struct arguments arguments = {say.command,
                                        "put one gateway in another's place: its probes' placements move",
                                        table, sizeof table / sizeof table[0]};
    enum arguments_next next = arguments_read(&arguments, argc, argv);
    if (next != ARGUMENTS_GO)
        return arguments_status(next);
    if (!sender_id_valid(swapping.old) || !sender_id_valid(swapping.new) || strcmp(swapping.old, swapping.new) == 0)
        return say_failed(&say, "%s or %s is no gateway's id, or they are the same", swapping.old, swapping.new);
    if (from && time_text_read(bytes_of(from, strlen(from)), &swapping.from_ms, &why) != DONE)
        return say_failed(&say, "--from %s: %s", from, why.text);
    struct home home;
    if (!say_open_home(&say, &home))
        return EXIT_FAILED;
    int status = say_swap(&home, &swapping);
    home_close(&home);
    return status;
}
