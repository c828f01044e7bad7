#include "coldchain/envelope.h"
#include "tests/fuzz/target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct why why;
    Silsila__V1__Receipt *receipt = NULL;
    Silsila__V1__Notice *notice = NULL;
    Silsila__V1__CheckpointStatement *statement = NULL;
    if (receipt_decode(bytes_of(data, len), &receipt, &why) == DONE) {
        uint64_t end = receipt->through;
        HOLDS(receipt->n_above == receipt->n_above_hashes && receipt->n_above <= 64);
        for (size_t i = 0; i < receipt->n_above; i++) {
            HOLDS(receipt->above[i]->from > end && receipt->above[i]->to >= receipt->above[i]->from);
            HOLDS(receipt->above_hashes[i].len == 32);
            end = receipt->above[i]->to;
        }
        silsila__v1__receipt__free_unpacked(receipt, NULL);
    }
    if (notice_decode(bytes_of(data, len), &notice, &why) == DONE)
        silsila__v1__notice__free_unpacked(notice, NULL);
    if (checkpoint_statement_decode(bytes_of(data, len), &statement, &why) == DONE) {
        HOLDS(statement->root.len == 32);
        silsila__v1__checkpoint_statement__free_unpacked(statement, NULL);
    }
    return 0;
}
