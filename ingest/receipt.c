#include "ingest/receipt.h"

#include <string.h>

/* protobuf-c wants pointers that are not const; it only reads them. */
static ProtobufCBinaryData binary(const uint8_t *data, size_t len)
{
    union {
        const uint8_t *from;
        uint8_t *to;
    } pointer = {.from = data};
    return (ProtobufCBinaryData){.len = len, .data = pointer.to};
}

static char *text(const char *from)
{
    union {
        const char *from;
        char *to;
    } pointer = {.from = from};
    return pointer.to;
}

static enum outcome pack(const ProtobufCMessage *message, struct buffer *out, struct why *why)
{
    size_t len = protobuf_c_message_get_packed_size(message);
    uint8_t *room = buffer_reserve(out, len ? len : 1);
    if (!room)
        return fail(why, RETRY, "out of memory");
    out->len += protobuf_c_message_pack(message, room);
    return DONE;
}

/* The parts that every receipt has. */
struct draft {
    Silsila__V1__Receipt receipt;
    Silsila__V1__Checkpoint checkpoint;
    Silsila__V1__SeqRange ranges[RECEIPT_RANGES_MOST];
    Silsila__V1__SeqRange *range_pointers[RECEIPT_RANGES_MOST];
    ProtobufCBinaryData hashes[RECEIPT_RANGES_MOST];
};

static void begin(struct draft *draft, const struct receipt_request *request)
{
    draft->receipt = (Silsila__V1__Receipt)SILSILA__V1__RECEIPT__INIT;
    draft->receipt.origin = binary(request->origin, ORIGIN_LEN);
    draft->receipt.gateway = text(request->gateway);
    draft->receipt.epoch = binary(request->epoch, EPOCH_LEN);
    draft->receipt.send_window = request->send_window;
    draft->receipt.above = draft->range_pointers;
    draft->receipt.above_hashes = draft->hashes;
    if (request->checkpoint && request->checkpoint->present) {
        const struct receipt_checkpoint *checkpoint = request->checkpoint;
        draft->checkpoint = (Silsila__V1__Checkpoint)SILSILA__V1__CHECKPOINT__INIT;
        draft->checkpoint.statement = binary(checkpoint->statement.data, checkpoint->statement.len);
        draft->checkpoint.key_id = binary(checkpoint->key_id, KEY_ID_LEN);
        draft->checkpoint.algorithm = SILSILA__V1__ALGORITHM__ALGORITHM_ECDSA_P256_SHA256;
        draft->checkpoint.signature = binary(checkpoint->signature, SIGNATURE_LEN);
        draft->receipt.checkpoint = &draft->checkpoint;
    }
}

static void add_range(struct draft *draft, uint64_t from, uint64_t to, const uint8_t hash[HASH_LEN])
{
    size_t at = draft->receipt.n_above;
    draft->ranges[at] = (Silsila__V1__SeqRange)SILSILA__V1__SEQ_RANGE__INIT;
    draft->ranges[at].from = from;
    draft->ranges[at].to = to;
    draft->range_pointers[at] = &draft->ranges[at];
    draft->hashes[at] = binary(hash, HASH_LEN);
    draft->receipt.n_above = draft->receipt.n_above_hashes = at + 1;
}

size_t receipt_parts(const struct epoch_said *said)
{
    size_t parts = (said->above_count + RECEIPT_RANGES_MOST - 1) / RECEIPT_RANGES_MOST;
    return parts ? parts : 1;
}

enum outcome receipt_build(const struct receipt_request *request, const struct epoch_said *said, size_t part,
                           struct buffer *out, struct why *why)
{
    struct draft draft;
    begin(&draft, request);
    draft.receipt.through = said->through;
    if (said->through)
        draft.receipt.through_hash = binary(said->through_hash, HASH_LEN);
    for (size_t i = part * RECEIPT_RANGES_MOST; i < said->above_count && draft.receipt.n_above < RECEIPT_RANGES_MOST; i++)
        add_range(&draft, said->above[i].from, said->above[i].to, said->above[i].to_hash);
    return pack(&draft.receipt.base, out, why);
}

enum outcome receipt_build_single(const struct receipt_request *request, uint64_t seq, const uint8_t hash[HASH_LEN],
                                  struct buffer *out, struct why *why)
{
    struct draft draft;
    begin(&draft, request);
    add_range(&draft, seq, seq, hash);
    return pack(&draft.receipt.base, out, why);
}

enum outcome receipt_checkpoint_statement(const uint8_t origin[ORIGIN_LEN], uint32_t generation, uint64_t size,
                                          const uint8_t root[HASH_LEN], int64_t at_ms, struct buffer *out, struct why *why)
{
    Silsila__V1__CheckpointStatement statement = SILSILA__V1__CHECKPOINT_STATEMENT__INIT;
    statement.origin = binary(origin, ORIGIN_LEN);
    statement.generation = generation;
    statement.size = size;
    statement.root = binary(root, HASH_LEN);
    statement.at_ms = at_ms;
    return pack(&statement.base, out, why);
}
