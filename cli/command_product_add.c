/* silsila product add: a kind of lot, and the policy that judges it. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/number.h"
#include "cli/say.h"

int command_product_add(int argc, char **argv)
{
    struct say say = {.command = "product add"};
    const char *code = NULL, *name = NULL, *policy = NULL, *days = NULL, *months = NULL, *from = NULL;
    struct argument_list tests = {0};
    char *names[ARGUMENT_LIST_MOST];
    const struct argument table[] = {
        {NULL, "CODE", "product code", true, &code, 0, 0},
        {"name", "NAME", "name for people", true, &name, 0, 0},
        {"policy", "ID", "policy that judges its lots", false, &policy, 0, 0},
        {"shelf-life-days", "N", "shelf life in days", false, &days, 0, 0},
        {"shelf-life-months", "N", "shelf life in months", false, &months, 0, 0},
        {"test", "NAME", "analysis that must be negative before release", false, 0, 0, &tests},
        {"from", "TIME", "valid from then (now)", false, &from, 0, 0},
        SAY_ARGUMENTS(say),
    };
    const struct arguments arguments = {say.command, "add a product, or change what is known of it", table,
                                        sizeof table / sizeof table[0]};
    enum arguments_next next = arguments_read(&arguments, argc, argv);
    if (next != ARGUMENTS_GO)
        return arguments_status(next);
    Silsila__V1__Product product = SILSILA__V1__PRODUCT__INIT;
    Silsila__V1__Register entry = SILSILA__V1__REGISTER__INIT;
    int64_t day_count = 0, month_count = 0;
    if ((days && !number_read(days, 0, 100000, &day_count)) ||
        (months && !number_read(months, 0, 3000, &month_count)))
        return say_failed(&say, "a shelf life is a whole number");
    for (size_t i = 0; i < tests.count; i++)
        names[i] = wire_text(tests.values[i]);
    product.code = wire_text(code);
    product.name = wire_text(name);
    product.policy = wire_text(policy);
    product.shelf_life_days = (uint32_t)day_count;
    product.shelf_life_months = (uint32_t)month_count;
    product.required_tests = names;
    product.n_required_tests = tests.count;
    entry.entry_case = SILSILA__V1__REGISTER__ENTRY_PRODUCT;
    entry.product = &product;
    return say_register(&say, &entry, from);
}
