/* Say: what every command does that changes a register: the item signed with the admin key, sent, receipted,
 * judged.
 *
 *   item ──▶ admin.outbox ══▶ ledger ══▶ receipt ──▶ fold ──▶ judgement ──▶ the terminal
 */
#ifndef CLI_SAY_H
#define CLI_SAY_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/home.h"
#include "cli/sender.h"
#include "schema/body.pb-c.h"

struct say {
    const char *command; /* for messages */
    const char *home;    /* option, or NULL */
    bool json;
    bool quiet; /* nothing on standard output */
};

/* The two options that every such command has, for its table of arguments. */
#define SAY_ARGUMENTS(say)                                                                                   \
    {"home", "DIR",       "where keys and settings are kept (else $SILSILA_HOME, else ~/.silsila)",          \
     false,  &(say).home, 0,                                                                                 \
     0},                                                                                                     \
    {                                                                                                        \
        "json", NULL, "print JSON", false, 0, &(say).json, 0                                                 \
    }

/* Sends one register entry. `from` is a time as text or NULL for now; it becomes valid_from_ms. Prints what
 * became of it. EXIT_DONE: receipted, and judged to have taken effect (or the wait for the judgement was set
 * to 0). EXIT_FAILED: not receipted, or judged otherwise, or the judgement did not come: the message says
 * which. */
int say_register(const struct say *say, Silsila__V1__Register *entry, const char *from);

/* The same in an open home, for commands that need it before and after. */
int say_register_in(const struct say *say, struct home *home, Silsila__V1__Register *entry, const char *from);

/* The same for whole items, whose times are set. */
int say_items_in(const struct say *say, struct home *home, Silsila__V1__Item **items, size_t count);

/* Sends again what the admin said in the present epoch of its chain: for a ledger that lost it. */
MUST_CHECK enum outcome say_again(struct home *home, struct why *why);

/* Opens the home, or says why not. */
MUST_CHECK bool say_open_home(const struct say *say, struct home *home);

/* Says a complaint of this command and returns EXIT_FAILED. */
int say_failed(const struct say *say, const char *format, ...) PRINTF_LIKE(2, 3);

/* This boot's id; all zero where the kernel does not tell. */
void say_boot_id(uint8_t id[16]);

/* protobuf-c's structs do not say const; encoding only reads. */
static inline char *wire_text(const char *text)
{
    static const char none[] = "";
    return (char *)(uintptr_t)(text ? text : none);
}

#endif
