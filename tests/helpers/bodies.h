/* Bodies made by hand, for tests that need a ledger's contents without gateways: a script of items with a head, encoded by the
 * product's codec. A `struct body_script` is filled field by field; NULL and 0 leave a field out. */
#ifndef TESTS_HELPERS_BODIES_H
#define TESTS_HELPERS_BODIES_H

#include "coldchain/envelope.h"
#include "common/hash.h"

struct chain_script {
    char sender[33];
    uint8_t epoch[16];
    uint64_t seq;           /* of the last body made */
    uint8_t last_hash[32];
    bool has_previous_epoch;
    uint8_t previous_epoch[16];
    uint64_t last_certain;
};

/* Encodes the next body of the chain with these items and this clock; fails the test when it cannot. The caller frees `out`. */
void script_body(struct chain_script *chain, const Silsila__V1__ClockState *clock, Silsila__V1__Item **items,
                 size_t count, struct buffer *out);
/* Another body for the same seq as the last one: a fork. The chain goes on from this one. */
void script_fork(struct chain_script *chain, const uint8_t previous[32], const Silsila__V1__ClockState *clock,
                 Silsila__V1__Item **items, size_t count, struct buffer *out);

#endif
