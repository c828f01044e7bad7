/* silsila person add: someone who handles lots or decides; never a donor or a patient. */
#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/say.h"

static void names_of(const struct argument_list *list, char **names)
{
    for (size_t i = 0; i < list->count; i++)
        names[i] = wire_text(list->values[i]);
}

int command_person_add(int argc, char **argv)
{
    struct say say = {.command = "person add"};
    const char *id = NULL, *name = NULL, *badge = NULL, *language = "fr", *from = NULL;
    struct argument_list roles = {0}, sites = {0};
    char *role_names[ARGUMENT_LIST_MOST], *site_names[ARGUMENT_LIST_MOST];
    bool left = false;
    const struct argument table[] = {
        {NULL, "ID", "the person's id", true, &id, 0, 0},
        {"name", "NAME", "name for people", true, &name, 0, 0},
        {"role", "ROLE", "operator, supervisor or quality", false, 0, 0, &roles},
        {"site", "ID", "where the roles hold; * for everywhere", false, 0, 0, &sites},
        {"badge", "CODE", "badge shown at gateways", false, &badge, 0, 0},
        {"language", "CODE", "fr, ar or en (fr)", false, &language, 0, 0},
        {"left", NULL, "no longer works here", false, 0, &left, 0},
        {"from", "TIME", "valid from then (now)", false, &from, 0, 0},
        SAY_ARGUMENTS(say),
    };
    const struct arguments arguments = {say.command, "add a person, or change what they may do", table,
                                        sizeof table / sizeof table[0]};
    enum arguments_next next = arguments_read(&arguments, argc, argv);
    if (next != ARGUMENTS_GO)
        return arguments_status(next);
    Silsila__V1__Person person = SILSILA__V1__PERSON__INIT;
    Silsila__V1__Register entry = SILSILA__V1__REGISTER__INIT;
    names_of(&roles, role_names);
    names_of(&sites, site_names);
    person.id = wire_text(id);
    person.name = wire_text(name);
    person.roles = role_names;
    person.n_roles = roles.count;
    person.sites = site_names;
    person.n_sites = sites.count;
    person.badge = wire_text(badge);
    person.language = wire_text(language);
    person.left = left;
    entry.entry_case = SILSILA__V1__REGISTER__ENTRY_PERSON;
    entry.person = &person;
    return say_register(&say, &entry, from);
}
