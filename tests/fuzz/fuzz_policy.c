#include "coldchain/policy_file.h"
#include "common/cleanup.h"
#include "tests/fuzz/target.h"

/* A policy file: refused with a sentence, or read into rules that hold together. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct why why = {""};
    scoped_by(arena_free) struct arena arena = {0};
    struct policy_file file = {0};
    enum outcome outcome = policy_file_read(bytes_of(data, len), &arena, &file, &why);
    HOLDS(outcome == DONE || (outcome == REJECT && why.text[0] != '\0'));
    for (size_t i = 0; outcome == DONE && i < file.policy_count; i++) {
        const struct policy *policy = &file.policies[i].policy;
        HOLDS(policy->id && policy->handling_max_ms >= 0 && policy->max_unknown_ms >= 0);
        for (size_t k = 0; k < policy->rule_count; k++)
            HOLDS(policy->rules[k].id && policy->rules[k].allowed >= 0 && policy->rules[k].hysteresis_mc >= 0);
    }
    return 0;
}
