#include <string.h>

#include "coldchain/authority.h"
#include "coldchain/envelope.h"
#include "tests/fuzz/target.h"

/* Every item is judged for every kind of key, and every block's values are summed. */
static void use(const Silsila__V1__Body *body)
{
    static const struct authority_facts nothing = {0};
    static int32_t values[READINGS_MOST];
    struct authority_answer answer;
    for (size_t i = 0; i < body->n_items; i++) {
        for (int kind = 0; kind <= 6; kind++) {
            struct authority_sender sender = {(Silsila__V1__KeyKind)kind, body->gateway, "", {NULL, 0}};
            authority_judge(&sender, body, i, &nothing, &answer);
        }
        if (body->items[i]->kind_case == SILSILA__V1__ITEM__KIND_TEMPERATURE) {
            HOLDS(body->items[i]->temperature->n_values <= READINGS_MOST);
            (void)!block_values(body->items[i]->temperature, values);
        }
    }
}

/* What decodes has its head, can be written again within the limits, and decodes alike. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct why why;
    struct body_head head;
    enum body_flaw flaw;
    Silsila__V1__Body *body = NULL, *again = NULL;
    struct buffer raw = {0};
    bool has_head = body_head_read(bytes_of(data, len), &head, &why) == DONE;
    if (body_decode(bytes_of(data, len), &body, &flaw, &why) != DONE) {
        HOLDS(flaw != BODY_SOUND && !body);
        return 0;
    }
    HOLDS(has_head && strcmp(head.gateway, body->gateway) == 0 && head.seq == body->seq);
    use(body);
    if (body_encode(body, &raw, &why) ==
        DONE) { /* packing may be longer than what came, and over the limit then */
        HOLDS(body_decode(buffer_view(&raw), &again, &flaw, &why) == DONE);
        HOLDS(again->n_items == body->n_items);
    }
    body_free(&again);
    body_free(&body);
    buffer_free(&raw);
    return 0;
}
