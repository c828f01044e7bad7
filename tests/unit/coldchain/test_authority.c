#include "coldchain/authority.h"

#include <string.h>

#include "tests/helpers/check_main.h"

enum { SENDERS = 5 };

/* The whole world of these tests: one site, one person of each role, one adapter that reads probe "pt-1" at
 * rabat. */
static const char *const rabat_only[] = {"rabat"};
static const char *const everywhere[] = {"*"};
static const char *const operator_role[] = {"operator"};
static const char *const supervisor_role[] = {"supervisor"};
static const char *const quality_role[] = {"quality"};
static const char *const laboratory_role[] = {"laboratory"};

static bool person_of(void *context, const char *id, struct authority_person *person)
{
    (void)context;
    *person = (struct authority_person){.sites = {rabat_only, 1}, .has_badge = true};
    if (strcmp(id, "olga") == 0)
        person->roles = (struct authority_list){operator_role, 1};
    else if (strcmp(id, "salma") == 0)
        person->roles = (struct authority_list){supervisor_role, 1};
    else if (strcmp(id, "qadir") == 0)
        person->roles = (struct authority_list){quality_role, 1};
    else if (strcmp(id, "nomad") == 0)
        *person = (struct authority_person){{quality_role, 1}, {everywhere, 1}, true, false};
    else if (strcmp(id, "gone") == 0)
        *person = (struct authority_person){{quality_role, 1}, {everywhere, 1}, true, true};
    else if (strcmp(id, "bare") == 0)
        *person = (struct authority_person){{operator_role, 1}, {rabat_only, 1}, false, false};
    else
        return false;
    return true;
}

static bool declared_probe(void *context, const char *adapter, const char *probe)
{
    (void)context;
    return strcmp(adapter, "ad-001") == 0 && strcmp(probe, "pt-1") == 0;
}

static bool declared_source(void *context, const char *adapter, const char *site)
{
    (void)context;
    return strcmp(adapter, "ad-001") == 0 && strcmp(site, "rabat") == 0;
}

static const char *site_of(void *context, const char *subject)
{
    (void)context;
    return strcmp(subject, "nowhere") == 0 ? NULL : strcmp(subject, "far") == 0 ? "fes" : "rabat";
}

static const struct authority_facts facts = {NULL,      declared_probe, declared_source,
                                             person_of, site_of,        site_of};
static const struct authority_sender senders[SENDERS] = {
    {SILSILA__V1__KEY_KIND__KEY_KIND_GATEWAY, "gw-001", "rabat", {NULL, 0}},
    {SILSILA__V1__KEY_KIND__KEY_KIND_DESK, "desk-001", "rabat", {NULL, 0}},
    {SILSILA__V1__KEY_KIND__KEY_KIND_ADAPTER, "ad-001", "rabat", {NULL, 0}},
    {SILSILA__V1__KEY_KIND__KEY_KIND_ADMIN, "admin", "", {NULL, 0}},
    {SILSILA__V1__KEY_KIND__KEY_KIND_SERVER, "server", "", {NULL, 0}},
};

static char text_pt1[] = "pt-1", text_pt2[] = "pt-2", text_rabat[] = "rabat", text_fes[] = "fes";
static char olga[] = "olga", salma[] = "salma", qadir[] = "qadir", nomad[] = "nomad", gone[] = "gone",
            bare[] = "bare", stranger[] = "stranger", nobody[] = "";

static struct authority_answer ask_of(const struct authority_sender *sender, Silsila__V1__Item *item)
{
    Silsila__V1__Body body = SILSILA__V1__BODY__INIT;
    struct authority_answer answer;
    body.items = &item;
    body.n_items = 1;
    authority_judge(sender, &body, 0, &facts, &answer);
    ck_assert_msg(!answer.code == !answer.why[0], "a refusal and its sentence come together");
    return answer;
}

/* Asks for each kind of key; `expected` has a letter for each: y granted, n no_authority, p not_own_probe, b
 * bad_item. */
static void row(const char *what, Silsila__V1__Item *item, const char *expected)
{
    for (size_t i = 0; i < SENDERS; i++) {
        struct authority_answer answer = ask_of(&senders[i], item);
        const char *code = expected[i] == 'y'   ? NULL
                           : expected[i] == 'n' ? "no_authority"
                           : expected[i] == 'p' ? "not_own_probe"
                                                : "bad_item";
        ck_assert_msg(code ? answer.code && strcmp(answer.code, code) == 0 : !answer.code,
                      "%s by %s: %s (%s)", what, senders[i].id, answer.code ? answer.code : "granted",
                      answer.why);
    }
}

static Silsila__V1__Item item_of(Silsila__V1__Item__KindCase kind, void *what)
{
    Silsila__V1__Item item = SILSILA__V1__ITEM__INIT;
    item.kind_case = kind;
    item.temperature = what; /* any member: they share the place */
    return item;
}

START_TEST(measurements)
{
    Silsila__V1__TemperatureBlock block = SILSILA__V1__TEMPERATURE_BLOCK__INIT;
    Silsila__V1__Item temperature = item_of(SILSILA__V1__ITEM__KIND_TEMPERATURE, &block);
    block.probe = text_pt1;
    row("temperature of a declared probe", &temperature, "ynynn");
    block.probe = text_pt2;
    row("temperature of an undeclared probe", &temperature, "ynpnn");

    Silsila__V1__DeviceEvent event = SILSILA__V1__DEVICE_EVENT__INIT;
    Silsila__V1__Item device = item_of(SILSILA__V1__ITEM__KIND_DEVICE, &event);
    for (int type = 0; type <= SILSILA__V1__DEVICE_EVENT_TYPE__CONFIG_REFUSED + 1; type++) {
        bool known = type >= 1 && type <= SILSILA__V1__DEVICE_EVENT_TYPE__CONFIG_REFUSED;
        event.type = (Silsila__V1__DeviceEventType)type;
        event.probe = nobody;
        row("device event", &device, known ? "ynynn" : "bbbbb");
        event.probe = text_pt2;
        row("device event of an undeclared probe", &device, known ? "ynpnn" : "bbbbb");
    }
}
END_TEST

START_TEST(registers_and_journal)
{
    Silsila__V1__Register entry = SILSILA__V1__REGISTER__INIT;
    Silsila__V1__Item item = item_of(SILSILA__V1__ITEM__KIND_REGISTER, &entry);
    row("empty register entry", &item, "bbbbb");
    Silsila__V1__Key key = SILSILA__V1__KEY__INIT;
    for (int kind = SILSILA__V1__REGISTER__ENTRY_SITE; kind <= SILSILA__V1__REGISTER__ENTRY_SWAP; kind++) {
        entry.entry_case = (Silsila__V1__Register__EntryCase)kind;
        entry.key = &key;
        key.kind = SILSILA__V1__KEY_KIND__KEY_KIND_DESK;
        row("register entry", &item, "nnnyn");
    }
    entry.entry_case = SILSILA__V1__REGISTER__ENTRY_KEY;
    for (int kind = 0; kind < 7; kind++) {
        key.kind = (Silsila__V1__KeyKind)kind;
        row("register of a key", &item, kind >= 1 && kind <= 3 ? "nnnyn" : "nnnnn");
    }
    Silsila__V1__Journal said = SILSILA__V1__JOURNAL__INIT;
    Silsila__V1__Item journal = item_of(SILSILA__V1__ITEM__KIND_JOURNAL, &said);
    row("journal", &journal, "nnnny");
    Silsila__V1__Item empty = SILSILA__V1__ITEM__INIT;
    row("empty item", &empty, "bbbbb");
}
END_TEST

static const char *code_of(const struct authority_sender *sender, Silsila__V1__Item *item)
{
    struct authority_answer answer = ask_of(sender, item);
    return answer.code ? answer.code : "granted";
}

START_TEST(movements)
{
    Silsila__V1__CustodyEvent event = SILSILA__V1__CUSTODY_EVENT__INIT;
    Silsila__V1__Place from = SILSILA__V1__PLACE__INIT, to = SILSILA__V1__PLACE__INIT;
    Silsila__V1__Item item = item_of(SILSILA__V1__ITEM__KIND_CUSTODY, &event);
    from.site = text_rabat;
    event.from = &from;
    event.person = olga;
    for (int type = SILSILA__V1__CUSTODY_TYPE__COLLECT; type <= SILSILA__V1__CUSTODY_TYPE__OPENING; type++) {
        event.type = (Silsila__V1__CustodyType)type;
        if (type == SILSILA__V1__CUSTODY_TYPE__TEST ||
            (type >= SILSILA__V1__CUSTODY_TYPE__HOLD && type <= SILSILA__V1__CUSTODY_TYPE__REJECT) ||
            type == SILSILA__V1__CUSTODY_TYPE__RECALL)
            continue;
        row("movement", &item, "yyynn");
    }
    event.type = SILSILA__V1__CUSTODY_TYPE__CUSTODY_TYPE_UNSPECIFIED;
    row("custody event of no type", &item, "bbbbb");
    event.type = (Silsila__V1__CustodyType)99;
    row("custody event of a later type", &item, "bbbbb");

    event.type = SILSILA__V1__CUSTODY_TYPE__RECEIVE;
    from.site = text_fes;
    row("movement at another site", &item, "nynnn");
    event.to = &to;
    to.site = text_rabat;
    ck_assert_str_eq(code_of(&senders[0], &item), "granted"); /* arrives here from there */
    event.from = NULL;
    event.person = bare;
    ck_assert_str_eq(code_of(&senders[0], &item), "no_authority");
    event.person = stranger;
    ck_assert_str_eq(code_of(&senders[0], &item), "unknown_person");
    event.person = gone;
    ck_assert_str_eq(code_of(&senders[0], &item), "no_authority");
    event.person = nobody;
    ck_assert_str_eq(code_of(&senders[0], &item), "no_authority");
}
END_TEST

START_TEST(test_results_come_from_laboratories)
{
    Silsila__V1__CustodyEvent event = SILSILA__V1__CUSTODY_EVENT__INIT;
    Silsila__V1__TestResult result = SILSILA__V1__TEST_RESULT__INIT;
    Silsila__V1__TestResult *results[] = {&result};
    Silsila__V1__Item item = item_of(SILSILA__V1__ITEM__KIND_CUSTODY, &event);
    struct authority_sender laboratory = senders[1];
    laboratory.roles = (struct authority_list){laboratory_role, 1};
    event.type = SILSILA__V1__CUSTODY_TYPE__TEST;
    row("test", &item, "nnnnn");
    ck_assert_str_eq(code_of(&laboratory, &item), "granted");
    event.type = SILSILA__V1__CUSTODY_TYPE__STORE; /* results hidden in another type */
    event.results = results;
    event.n_results = 1;
    row("results in a movement", &item, "nnnnn");
}
END_TEST

START_TEST(decisions_need_a_desk_a_role_a_site_and_some_a_sign_in)
{
    static const struct {
        Silsila__V1__DecisionType type;
        char letters[4]; /* operator, supervisor, quality: may they? */
        bool fresh;
    } rules[] = {
        {SILSILA__V1__DECISION_TYPE__ACKNOWLEDGE, "yyy", false},
        {SILSILA__V1__DECISION_TYPE__SHELVE, "nyy", false},
        {SILSILA__V1__DECISION_TYPE__ASSESS, "nny", false},
        {SILSILA__V1__DECISION_TYPE__DECIDE_HOLD, "yyy", false},
        {SILSILA__V1__DECISION_TYPE__DECIDE_RELEASE, "nny", true},
        {SILSILA__V1__DECISION_TYPE__DECIDE_REJECT, "nny", true},
        {SILSILA__V1__DECISION_TYPE__DECIDE_CORRECT, "nny", true},
        {SILSILA__V1__DECISION_TYPE__NAME_BRANCH, "nny", true},
        {SILSILA__V1__DECISION_TYPE__TRUSTED_THROUGH, "nny", true},
    };
    static char *const persons[] = {olga, salma, qadir};
    static char far_away[] = "far", nowhere[] = "nowhere", lot[] = "lot-1";
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        Silsila__V1__Decision decision = SILSILA__V1__DECISION__INIT;
        Silsila__V1__Item item = item_of(SILSILA__V1__ITEM__KIND_DECISION, &decision);
        bool on_the_spot = rules[i].type == SILSILA__V1__DECISION_TYPE__ACKNOWLEDGE;
        decision.type = rules[i].type;
        decision.subject = decision.gateway = lot;
        decision.at_ms = 1700000000000;
        decision.signed_in_ms = decision.at_ms - AUTHORITY_FRESH_MS;
        for (size_t p = 0; p < 3; p++) {
            char expected[] = "nnnnn";
            decision.person = persons[p];
            expected[0] = on_the_spot ? 'y' : 'n';
            expected[1] = rules[i].letters[p];
            row("decision", &item, expected);
        }
        decision.person = qadir;
        const int64_t stale[] = {decision.at_ms - AUTHORITY_FRESH_MS - 1, decision.at_ms + 1, 0, INT64_MIN};
        for (size_t k = 0; k < 4; k++) {
            decision.signed_in_ms = stale[k];
            ck_assert_str_eq(code_of(&senders[1], &item), rules[i].fresh ? "no_authority" : "granted");
        }
        decision.signed_in_ms = decision.at_ms;
        decision.subject = decision.gateway = far_away;
        ck_assert_str_eq(code_of(&senders[1], &item), "no_authority");
        decision.person = nomad;
        ck_assert_str_eq(code_of(&senders[1], &item), "granted");
        decision.subject = decision.gateway = nowhere;
        ck_assert_str_eq(code_of(&senders[1], &item), "unknown_subject");
        decision.person = gone;
        ck_assert_str_eq(code_of(&senders[1], &item), "no_authority");
        decision.person = stranger;
        ck_assert_str_eq(code_of(&senders[1], &item), "unknown_person");
        decision.type = (Silsila__V1__DecisionType)77;
        row("decision of no type", &item, "bbbbb");
    }
}
END_TEST

START_TEST(custody_events_that_decide_need_what_a_decision_needs)
{
    static const Silsila__V1__CustodyType types[] = {
        SILSILA__V1__CUSTODY_TYPE__HOLD, SILSILA__V1__CUSTODY_TYPE__RECALL,
        SILSILA__V1__CUSTODY_TYPE__RELEASE, SILSILA__V1__CUSTODY_TYPE__REJECT,
        SILSILA__V1__CUSTODY_TYPE__CORRECT};
    static const Silsila__V1__DecisionType beside[] = {0, 0, SILSILA__V1__DECISION_TYPE__DECIDE_RELEASE,
                                                       SILSILA__V1__DECISION_TYPE__DECIDE_REJECT,
                                                       SILSILA__V1__DECISION_TYPE__DECIDE_CORRECT};
    for (size_t i = 0; i < 5; i++) {
        Silsila__V1__CustodyEvent event = SILSILA__V1__CUSTODY_EVENT__INIT;
        Silsila__V1__Decision decision = SILSILA__V1__DECISION__INIT;
        Silsila__V1__Item item = item_of(SILSILA__V1__ITEM__KIND_CUSTODY, &event);
        Silsila__V1__Item second = item_of(SILSILA__V1__ITEM__KIND_DECISION, &decision);
        Silsila__V1__Item *both[] = {&item, &second};
        Silsila__V1__Body body = SILSILA__V1__BODY__INIT;
        struct authority_answer answer;
        event.type = types[i];
        event.person = qadir;
        row("deciding event alone", &item, i < 2 ? "nynnn" : "nnnnn");
        event.person = olga;
        row("deciding event by an operator", &item, i < 1 ? "nynnn" : "nnnnn");
        event.person = qadir;
        decision.type = beside[i];
        decision.person = qadir;
        decision.at_ms = decision.signed_in_ms = 1700000000000;
        body.items = both;
        body.n_items = 2;
        authority_judge(&senders[1], &body, 0, &facts, &answer);
        ck_assert_msg(!answer.code, "%s", answer.why);
        decision.person = olga; /* somebody else's sign-in */
        authority_judge(&senders[1], &body, 0, &facts, &answer);
        ck_assert_msg(!answer.code == (i < 2), "%s", answer.why);
    }
}
END_TEST

START_TEST(without_registers_nobody_but_keys_speak)
{
    static const struct authority_facts none = {0};
    Silsila__V1__CustodyEvent event = SILSILA__V1__CUSTODY_EVENT__INIT;
    Silsila__V1__Decision decision = SILSILA__V1__DECISION__INIT;
    Silsila__V1__TemperatureBlock block = SILSILA__V1__TEMPERATURE_BLOCK__INIT;
    Silsila__V1__Item items[] = {item_of(SILSILA__V1__ITEM__KIND_CUSTODY, &event),
                                 item_of(SILSILA__V1__ITEM__KIND_DECISION, &decision),
                                 item_of(SILSILA__V1__ITEM__KIND_TEMPERATURE, &block)};
    Silsila__V1__Item *all[] = {&items[0], &items[1], &items[2]};
    Silsila__V1__Body body = SILSILA__V1__BODY__INIT;
    struct authority_answer answer;
    event.type = SILSILA__V1__CUSTODY_TYPE__STORE;
    event.person = decision.person = olga;
    decision.type = SILSILA__V1__DECISION_TYPE__ACKNOWLEDGE;
    block.probe = text_pt1;
    body.items = all;
    body.n_items = 3;
    authority_judge(&senders[0], &body, 0, &none, &answer);
    ck_assert_str_eq(answer.code, "unknown_person");
    authority_judge(&senders[1], &body, 1, &none, &answer);
    ck_assert_str_eq(answer.code, "unknown_person");
    authority_judge(&senders[2], &body, 2, &none, &answer);
    ck_assert_str_eq(answer.code, "not_own_probe");
    authority_judge(&senders[2], &body, 0, &none, &answer);
    ck_assert_str_eq(answer.code, "no_authority");
    authority_judge(&senders[0], &body, 2, &none, &answer);
    ck_assert_ptr_null(answer.code);
}
END_TEST

static Suite *suite_of_authority(void)
{
    Suite *s = suite_create("authority");
    TCase *t = tcase_create("authority");
    tcase_add_test(t, measurements);
    tcase_add_test(t, registers_and_journal);
    tcase_add_test(t, movements);
    tcase_add_test(t, test_results_come_from_laboratories);
    tcase_add_test(t, decisions_need_a_desk_a_role_a_site_and_some_a_sign_in);
    tcase_add_test(t, custody_events_that_decide_need_what_a_decision_needs);
    tcase_add_test(t, without_registers_nobody_but_keys_speak);
    suite_add_tcase(s, t);
    return s;
}

TEST_MAIN(suite_of_authority)
