#include "coldchain/authority.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum role_bits { ROLE_OPERATOR = 1, ROLE_SUPERVISOR = 2, ROLE_QUALITY = 4 };

/* What is asked, collected once, so that the rules below read as the table does. */
struct question {
    const struct authority_sender *sender;
    const struct authority_facts *facts;
    const Silsila__V1__Body *body;
    struct authority_answer *answer;
};

static void refuse(const struct question *q, const char *code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void refuse(const struct question *q, const char *code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    q->answer->code = code;
    (void)vsnprintf(q->answer->why, sizeof q->answer->why, format, args);
    va_end(args);
}

static const char *kind_word(Silsila__V1__KeyKind kind)
{
    static const char *const words[] = {"key of no kind", "gateway",   "desk",
                                        "adapter",        "admin key", "server key"};
    return (unsigned)kind < sizeof words / sizeof words[0] ? words[kind] : "key of no known kind";
}

static void refuse_kind(const struct question *q, const char *item)
{
    refuse(q, "no_authority", "a %s may not say a %s", kind_word(q->sender->kind), item);
}

static bool is_gateway(const struct question *q)
{
    return q->sender->kind == SILSILA__V1__KEY_KIND__KEY_KIND_GATEWAY;
}

static bool is_desk(const struct question *q)
{
    return q->sender->kind == SILSILA__V1__KEY_KIND__KEY_KIND_DESK;
}

static bool is_adapter(const struct question *q)
{
    return q->sender->kind == SILSILA__V1__KEY_KIND__KEY_KIND_ADAPTER;
}

static bool listed(const struct authority_list *list, const char *name)
{
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->names[i], name) == 0)
            return true;
    }
    return false;
}

/* ---- persons ---- */

static bool find_person(const struct question *q, const char *id, struct authority_person *person)
{
    *person = (struct authority_person){0};
    if (id[0] == '\0') {
        refuse(q, "no_authority", "no person is named");
        return false;
    }
    if (!q->facts->person || !q->facts->person(q->facts->context, id, person)) {
        refuse(q, "unknown_person", "person %.40s is not registered", id);
        return false;
    }
    if (person->left) {
        refuse(q, "no_authority", "person %.40s no longer works here", id);
        return false;
    }
    return true;
}

static bool works_at(const struct question *q, const char *id, const struct authority_person *person,
                     const char *site)
{
    if (!site || site[0] == '\0') {
        refuse(q, "unknown_subject", "the site of what this is about is not known");
        return false;
    }
    if (!listed(&person->sites, site) && !listed(&person->sites, "*")) {
        refuse(q, "no_authority", "person %.40s does not work at %.40s", id, site);
        return false;
    }
    return true;
}

static bool has_role(const struct question *q, const char *id, const struct authority_person *person,
                     unsigned roles, const char *what)
{
    if (((roles & ROLE_OPERATOR) && listed(&person->roles, "operator")) ||
        ((roles & ROLE_SUPERVISOR) && listed(&person->roles, "supervisor")) ||
        ((roles & ROLE_QUALITY) && listed(&person->roles, "quality")))
        return true;
    refuse(q, "no_authority", "person %.40s has no role that may %s", id, what);
    return false;
}

/* A person who showed a badge at a gateway, on the gateway's own site. */
static void by_badge(const struct question *q, const char *id)
{
    struct authority_person person;
    if (!find_person(q, id, &person))
        return;
    if (!person.has_badge)
        refuse(q, "no_authority", "person %.40s has no badge", id);
    else
        (void)works_at(q, id, &person, q->sender->site);
}

/* ---- decisions ---- */

struct decision_rule {
    const char *what; /* NULL: no such type */
    unsigned roles;
    bool fresh;
};

static struct decision_rule rule_of(Silsila__V1__DecisionType type)
{
    static const struct decision_rule rules[] = {
        [SILSILA__V1__DECISION_TYPE__ACKNOWLEDGE] = {"acknowledge",
                                                     ROLE_OPERATOR | ROLE_SUPERVISOR | ROLE_QUALITY, false},
        [SILSILA__V1__DECISION_TYPE__SHELVE] = {"shelve", ROLE_SUPERVISOR | ROLE_QUALITY, false},
        [SILSILA__V1__DECISION_TYPE__ASSESS] = {"assess", ROLE_QUALITY, false},
        [SILSILA__V1__DECISION_TYPE__DECIDE_HOLD] = {"hold", ROLE_OPERATOR | ROLE_SUPERVISOR | ROLE_QUALITY,
                                                     false},
        [SILSILA__V1__DECISION_TYPE__DECIDE_RELEASE] = {"release", ROLE_QUALITY, true},
        [SILSILA__V1__DECISION_TYPE__DECIDE_REJECT] = {"reject", ROLE_QUALITY, true},
        [SILSILA__V1__DECISION_TYPE__DECIDE_CORRECT] = {"correct", ROLE_QUALITY, true},
        [SILSILA__V1__DECISION_TYPE__NAME_BRANCH] = {"name a branch", ROLE_QUALITY, true},
        [SILSILA__V1__DECISION_TYPE__TRUSTED_THROUGH] = {"say what is trusted", ROLE_QUALITY, true},
    };
    return (unsigned)type < sizeof rules / sizeof rules[0] ? rules[type] : (struct decision_rule){0};
}

static bool is_fresh(const Silsila__V1__Decision *decision)
{
    /* No sum that could leave int64: both times are as claimed. */
    return decision->signed_in_ms > 0 && decision->signed_in_ms <= decision->at_ms &&
           decision->at_ms - decision->signed_in_ms <= AUTHORITY_FRESH_MS;
}

static void refuse_stale(const struct question *q, const char *id, const char *what)
{
    refuse(q, "no_authority", "to %s, %.40s has to sign in again first (at most 15 minutes before)", what,
           id);
}

static void judge_decision(const struct question *q, const Silsila__V1__Decision *decision)
{
    struct decision_rule rule = rule_of(decision->type);
    struct authority_person person;
    if (!rule.what) {
        refuse(q, "bad_item", "decision of no known type (%d)", (int)decision->type);
    } else if (is_gateway(q) && decision->type == SILSILA__V1__DECISION_TYPE__ACKNOWLEDGE) {
        by_badge(q, decision->person);
    } else if (!is_desk(q)) {
        refuse_kind(q, "decision of this type");
    } else if (find_person(q, decision->person, &person) &&
               has_role(q, decision->person, &person, rule.roles, rule.what)) {
        bool of_chain = decision->type == SILSILA__V1__DECISION_TYPE__NAME_BRANCH ||
                        decision->type == SILSILA__V1__DECISION_TYPE__TRUSTED_THROUGH;
        const char *(*site_of)(void *, const char *) =
            of_chain ? q->facts->site_of_gateway : q->facts->site_of_subject;
        const char *site =
            site_of ? site_of(q->facts->context, of_chain ? decision->gateway : decision->subject) : NULL;
        if (works_at(q, decision->person, &person, site) && rule.fresh && !is_fresh(decision))
            refuse_stale(q, decision->person, rule.what);
    }
}

/* ---- custody ---- */

/* The decision that a custody event of this type is; UNSPECIFIED: it is none. */
static Silsila__V1__DecisionType decision_in(Silsila__V1__CustodyType type)
{
    if (type == SILSILA__V1__CUSTODY_TYPE__HOLD)
        return SILSILA__V1__DECISION_TYPE__DECIDE_HOLD;
    if (type ==
        SILSILA__V1__CUSTODY_TYPE__RECALL) /* by the same persons, and no sign-in, as for an assessment */
        return SILSILA__V1__DECISION_TYPE__ASSESS;
    if (type == SILSILA__V1__CUSTODY_TYPE__RELEASE)
        return SILSILA__V1__DECISION_TYPE__DECIDE_RELEASE;
    if (type == SILSILA__V1__CUSTODY_TYPE__REJECT)
        return SILSILA__V1__DECISION_TYPE__DECIDE_REJECT;
    if (type == SILSILA__V1__CUSTODY_TYPE__CORRECT)
        return SILSILA__V1__DECISION_TYPE__DECIDE_CORRECT;
    return SILSILA__V1__DECISION_TYPE__DECISION_UNSPECIFIED;
}

/* Where the event happened, as far as it says: "" when it does not. */
static const char *site_of_event(const Silsila__V1__CustodyEvent *event)
{
    if (event->from && event->from->site[0])
        return event->from->site;
    return event->to ? event->to->site : "";
}

static bool touches_site(const Silsila__V1__CustodyEvent *event, const char *site)
{
    bool says_from = event->from && event->from->site[0], says_to = event->to && event->to->site[0];
    return (!says_from && !says_to) || (says_from && strcmp(event->from->site, site) == 0) ||
           (says_to && strcmp(event->to->site, site) == 0);
}

static bool sign_in_stands_beside(const struct question *q, Silsila__V1__DecisionType type,
                                  const char *person)
{
    for (size_t i = 0; i < q->body->n_items; i++) {
        const Silsila__V1__Item *item = q->body->items[i];
        if (item->kind_case == SILSILA__V1__ITEM__KIND_DECISION && item->decision->type == type &&
            strcmp(item->decision->person, person) == 0 && is_fresh(item->decision))
            return true;
    }
    return false;
}

static void judge_deciding_event(const struct question *q, const Silsila__V1__CustodyEvent *event,
                                 Silsila__V1__DecisionType type)
{
    struct decision_rule rule = rule_of(type);
    const char *what = event->type == SILSILA__V1__CUSTODY_TYPE__RECALL ? "recall" : rule.what;
    const char *site = site_of_event(event);
    struct authority_person person;
    if (!is_desk(q))
        refuse_kind(q, "custody event that decides");
    else if (find_person(q, event->person, &person) &&
             has_role(q, event->person, &person, rule.roles, what) &&
             works_at(q, event->person, &person, site[0] ? site : q->sender->site) && rule.fresh &&
             !sign_in_stands_beside(q, type, event->person))
        refuse_stale(q, event->person, what);
}

static void judge_movement(const struct question *q, const Silsila__V1__CustodyEvent *event)
{
    if (is_gateway(q)) {
        if (!touches_site(event, q->sender->site))
            refuse(q, "no_authority", "gateway %s of %.40s may not speak for another site", q->sender->id,
                   q->sender->site);
        else
            by_badge(q, event->person);
    } else if (is_adapter(q)) {
        if (!q->facts->source_declared ||
            !q->facts->source_declared(q->facts->context, q->sender->id, site_of_event(event)))
            refuse(q, "no_authority", "adapter %s is not declared as a source for this site", q->sender->id);
    } else if (!is_desk(q)) {
        refuse_kind(q, "custody event");
    }
}

static void judge_custody(const struct question *q, const Silsila__V1__CustodyEvent *event)
{
    Silsila__V1__DecisionType decision = decision_in(event->type);
    if (event->type <= SILSILA__V1__CUSTODY_TYPE__CUSTODY_TYPE_UNSPECIFIED ||
        event->type > SILSILA__V1__CUSTODY_TYPE__CORRECT)
        refuse(q, "bad_item", "custody event of no known type (%d)", (int)event->type);
    else if (event->type == SILSILA__V1__CUSTODY_TYPE__TEST || event->n_results > 0) {
        if (!is_desk(q) || !listed(&q->sender->roles, "laboratory"))
            refuse(q, "no_authority", "test results come from a laboratory's desk, and %s is none",
                   q->sender->id);
    } else if (decision != SILSILA__V1__DECISION_TYPE__DECISION_UNSPECIFIED)
        judge_deciding_event(q, event, decision);
    else
        judge_movement(q, event);
}

/* ---- the other items ---- */

static bool probe_is_its_own(const struct question *q, const char *probe)
{
    if (!is_adapter(q))
        return true;
    if (q->facts->probe_declared && q->facts->probe_declared(q->facts->context, q->sender->id, probe))
        return true;
    refuse(q, "not_own_probe", "probe %.64s is not declared for adapter %s", probe, q->sender->id);
    return false;
}

static void judge_temperature(const struct question *q, const Silsila__V1__TemperatureBlock *block)
{
    if (!is_gateway(q) && !is_adapter(q))
        refuse_kind(q, "temperature");
    else
        (void)probe_is_its_own(q, block->probe);
}

static void judge_device(const struct question *q, const Silsila__V1__DeviceEvent *event)
{
    if (event->type <= SILSILA__V1__DEVICE_EVENT_TYPE__DEVICE_EVENT_UNSPECIFIED ||
        event->type > SILSILA__V1__DEVICE_EVENT_TYPE__CONFIG_REFUSED)
        refuse(q, "bad_item", "device event of no known type (%d)", (int)event->type);
    else if (!is_gateway(q) && !is_adapter(q))
        refuse_kind(q, "device event");
    else if (event->probe[0])
        (void)probe_is_its_own(q, event->probe);
}

static void judge_register(const struct question *q, const Silsila__V1__Register *entry)
{
    if (entry->entry_case == SILSILA__V1__REGISTER__ENTRY__NOT_SET)
        refuse(q, "bad_item", "register entry of no known kind");
    else if (q->sender->kind != SILSILA__V1__KEY_KIND__KEY_KIND_ADMIN)
        refuse_kind(q, "register entry");
    else if (entry->entry_case == SILSILA__V1__REGISTER__ENTRY_KEY &&
             (entry->key->kind < SILSILA__V1__KEY_KIND__KEY_KIND_GATEWAY ||
              entry->key->kind > SILSILA__V1__KEY_KIND__KEY_KIND_ADAPTER))
        /* Admin and server keys come from the offline authority alone: an admin must not make another. */
        refuse(q, "no_authority", "a %s is certified by the authority, not registered",
               kind_word(entry->key->kind));
}

void authority_judge(const struct authority_sender *sender, const Silsila__V1__Body *body, size_t position,
                     const struct authority_facts *facts, struct authority_answer *answer)
{
    const struct question q = {sender, facts, body, answer};
    const Silsila__V1__Item *item = body->items[position];
    *answer = (struct authority_answer){0};
    switch (item->kind_case) {
    case SILSILA__V1__ITEM__KIND_TEMPERATURE:
        judge_temperature(&q, item->temperature);
        return;
    case SILSILA__V1__ITEM__KIND_CUSTODY:
        judge_custody(&q, item->custody);
        return;
    case SILSILA__V1__ITEM__KIND_DEVICE:
        judge_device(&q, item->device);
        return;
    case SILSILA__V1__ITEM__KIND_REGISTER:
        judge_register(&q, item->register_);
        return;
    case SILSILA__V1__ITEM__KIND_DECISION:
        judge_decision(&q, item->decision);
        return;
    case SILSILA__V1__ITEM__KIND_JOURNAL:
        if (sender->kind != SILSILA__V1__KEY_KIND__KEY_KIND_SERVER)
            refuse_kind(&q, "journal entry");
        return;
    case SILSILA__V1__ITEM__KIND__NOT_SET:
    case _SILSILA__V1__ITEM__KIND__CASE_IS_INT_SIZE:
        break;
    }
    refuse(&q, "bad_item", "item of no known kind");
}
