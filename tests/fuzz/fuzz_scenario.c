#include "coldchain/json.h"
#include "coldchain/scenario.h"
#include "common/cleanup.h"
#include "tests/fuzz/target.h"

/* A scenario file: refused with a sentence, or folded into JSON that our own reader takes; folded twice, the same. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct why why = {""};
    scoped_by(buffer_free) struct buffer out = {0};
    scoped_by(buffer_free) struct buffer again = {0};
    scoped_by(arena_free) struct arena arena = {0};
    struct json root;
    enum outcome outcome = scenario_fold(bytes_of(data, len), NULL, &out, &why);
    HOLDS(outcome == DONE || (outcome == REJECT && why.text[0] != '\0' && out.len == 0));
    if (outcome != DONE)
        return 0;
    HOLDS(json_parse(buffer_view(&out), &arena, &root, &why) == DONE);
    HOLDS(scenario_fold(bytes_of(data, len), NULL, &again, &why) == DONE);
    HOLDS(bytes_equal(buffer_view(&out), buffer_view(&again)));
    return 0;
}
