/* silsila policy load: the policies of a file into the register, each with the whole file as its text, so
 * that whoever judges by it can read the sources beside the limits. Profiles in the file are for equipment
 * add --profile. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/say.h"
#include "coldchain/policy_file.h"
#include "common/cleanup.h"

enum { POLICIES_MOST = 32, FILE_MOST = 32768 };

struct policy_items {
    Silsila__V1__Item *list[POLICIES_MOST];
    Silsila__V1__Item items[POLICIES_MOST];
    Silsila__V1__Register entries[POLICIES_MOST];
    Silsila__V1__PolicyText texts[POLICIES_MOST];
    size_t count;
};

static void add_policy(struct policy_items *items, const struct policy *policy, const struct buffer *file)
{
    size_t n = items->count++;
    silsila__v1__item__init(&items->items[n]);
    silsila__v1__register__init(&items->entries[n]);
    silsila__v1__policy_text__init(&items->texts[n]);
    items->texts[n].id = wire_text(policy->id);
    items->texts[n].version = (uint32_t)policy->version;
    items->texts[n].text = (ProtobufCBinaryData){file->len, file->data};
    items->entries[n].valid_from_ms = policy->valid_from;
    items->entries[n].entry_case = SILSILA__V1__REGISTER__ENTRY_POLICY;
    items->entries[n].policy = &items->texts[n];
    items->items[n].kind_case = SILSILA__V1__ITEM__KIND_REGISTER;
    items->items[n].register_ = &items->entries[n];
    items->list[n] = &items->items[n];
}

/* One body a policy: with the file as text several might not fit one. */
static int send_all(const struct say *say, struct policy_items *items)
{
    struct home home;
    int status = EXIT_DONE;
    if (!say_open_home(say, &home))
        return EXIT_FAILED;
    for (size_t i = 0; status == EXIT_DONE && i < items->count; i++) {
        if (!say->json)
            printf("%s version %" PRIu32 ": ", items->texts[i].id, items->texts[i].version);
        status = say_items_in(say, &home, &items->list[i], 1);
    }
    home_close(&home);
    return status;
}

static int load(const struct say *say, const char *path)
{
    struct why why = {""};
    struct policy_file file;
    struct policy_items items = {.count = 0};
    scoped_by(buffer_free) struct buffer text = {0};
    scoped_by(arena_free) struct arena arena = {0};
    enum outcome outcome = file_read(path, FILE_MOST, &text, &why);
    if (outcome == DONE)
        outcome = policy_file_read(buffer_view(&text), &arena, &file, &why);
    if (outcome != DONE)
        return say_failed(say, "%s: %s", path, why.text);
    if (file.policy_count == 0 || file.policy_count > POLICIES_MOST)
        return say_failed(say, "%s: %zu policies; from 1 to %d are taken", path, file.policy_count,
                          POLICIES_MOST);
    for (size_t i = 0; i < file.policy_count; i++)
        add_policy(&items, &file.policies[i].policy, &text);
    return send_all(say, &items);
}

int command_policy_load(int argc, char **argv)
{
    struct say say = {.command = "policy load"};
    const char *path = NULL;
    const struct argument table[] = {
        {NULL, "FILE", "policy file, such as those of schema/policies", true, &path, 0, 0},
        SAY_ARGUMENTS(say),
    };
    const struct arguments arguments = {say.command, "load the policies of a file", table,
                                        sizeof table / sizeof table[0]};
    enum arguments_next next = arguments_read(&arguments, argc, argv);
    return next == ARGUMENTS_GO ? load(&say, path) : arguments_status(next);
}
