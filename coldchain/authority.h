/* Authority: who may say what. The table of the contract, item kind × key kind, as code; the fold and the
 * offline verifier both ask here, item by item, and an item without authority takes no effect.
 *
 *   item                gateway               desk                      adapter            admin  server
 *   temperature         its own probes        –                         declared probes    –      –
 *   device event        its own               –                         its own; a probe   –      –
 *                                                                       only if declared
 *   custody event       by badge, at its site yes                       declared sources   –      –
 *   test result         –                     of a laboratory           –                  –      –
 *   acknowledge         by badge, at its site person's roles and sites  –                  –      –
 *   other decisions     –                     person's roles and sites  –                  –      –
 *   register            –                     –                         –                  yes    –
 *   journal             –                     –                         –                  –      yes
 *
 * Custody events of type hold, release, reject, recall and correct are decisions. Release, reject and
 * correct, and naming a branch or a trusted-through, need a person who proved who they are within
 * AUTHORITY_FRESH_MS before deciding; where the custody event says it, a Decision of the same kind and person
 * in the same body says when. A probe is (sender, probe id), so that a gateway cannot name another's.
 *
 * Roles: acknowledge and hold by operator, supervisor or quality; shelve by supervisor or quality; all else
 * by quality. A person's site "*" is every site.
 *
 * Pure: what the registers said at the time of the item is asked through `facts`. A fact that is missing
 * refuses with a code of its own, because the item is judged again when the fact arrives.
 */
#ifndef COLDCHAIN_AUTHORITY_H
#define COLDCHAIN_AUTHORITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "schema/body.pb-c.h"

enum { AUTHORITY_FRESH_MS = 15 * 60 * 1000 };

struct authority_list {
    const char *const *names;
    size_t count;
};

/* The key that signed the body, as registered or certified. */
struct authority_sender {
    Silsila__V1__KeyKind kind;
    const char *id;
    const char *site;            /* "" where none is registered */
    struct authority_list roles; /* of a desk: laboratory, … */
};

struct authority_person {
    struct authority_list roles;
    struct authority_list sites;
    bool has_badge;
    bool left;
};

/* Questions to the registers. A NULL function means that nothing is known. Texts live until the next
 * question. */
struct authority_facts {
    void *context;
    /* Is this probe declared (placed) for this adapter? */
    bool (*probe_declared)(void *context, const char *adapter, const char *probe);
    /* May this adapter speak for lots at this site? */
    bool (*source_declared)(void *context, const char *adapter, const char *site);
    /* False: no such person is registered (yet). */
    bool (*person)(void *context, const char *id, struct authority_person *person);
    /* Site of the alert, equipment or lot that a decision is about; NULL: not known (yet). */
    const char *(*site_of_subject)(void *context, const char *subject);
    /* Site of a gateway; NULL: not known (yet). */
    const char *(*site_of_gateway)(void *context, const char *gateway);
};

struct authority_answer {
    /* NULL: may say it. Else the judgement code:
     *   no_authority    never, with this key or this person; raises a security alert
     *   not_own_probe   the probe is not declared for this adapter
     *   unknown_person  no such person is registered
     *   unknown_subject where the subject is, is not known
     *   bad_item        an item of no kind or type known here */
    const char *code;
    char why[200]; /* one sentence for the person who has to mend it */
};

/* Judges item `position` of the body. Items of kinds and types that this version does not know are bad_item.
 */
void authority_judge(const struct authority_sender *sender, const Silsila__V1__Body *body, size_t position,
                     const struct authority_facts *facts, struct authority_answer *answer);

#endif
