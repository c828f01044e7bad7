#include "common/merkle.h"

#include <string.h>

void merkle_leaf(const uint8_t key_id[HASH_LEN], uint8_t algorithm, const uint8_t signature[64],
                 const uint8_t body_hash[HASH_LEN], merkle_hash out)
{
    static const uint8_t leaf_mark = 0x00;
    const struct bytes parts[] = {bytes_of(&leaf_mark, 1), bytes_of(key_id, HASH_LEN),
                                  bytes_of(&algorithm, 1), bytes_of(signature, 64),
                                  bytes_of(body_hash, HASH_LEN)};
    sha256_parts(parts, sizeof parts / sizeof parts[0], out);
}

void merkle_node(const merkle_hash left, const merkle_hash right, merkle_hash out)
{
    static const uint8_t node_mark = 0x01;
    const struct bytes parts[] = {bytes_of(&node_mark, 1), bytes_of(left, HASH_LEN),
                                  bytes_of(right, HASH_LEN)};
    sha256_parts(parts, sizeof parts / sizeof parts[0], out);
}

/* ---- appending ---- */

void merkle_append(struct merkle_frontier *frontier, const merkle_hash leaf,
                   void (*stored)(void *context, unsigned tile_level, uint64_t index, const merkle_hash hash),
                   void *context)
{
    merkle_hash node;
    uint64_t index = frontier->size; /* of `node` in its level */
    unsigned level = 0;
    memcpy(node, leaf, HASH_LEN);
    for (;; level++, index >>= 1) {
        if (stored && level % MERKLE_TILE_LEVELS == 0)
            stored(context, level / MERKLE_TILE_LEVELS, index, node);
        if (!(index & 1))
            break;
        merkle_node(frontier->nodes[level], node, node);
    }
    memcpy(frontier->nodes[level], node, HASH_LEN);
    frontier->size++;
}

void merkle_root(const struct merkle_frontier *frontier, merkle_hash out)
{
    if (frontier->size == 0) {
        sha256(bytes_of("", 0), out);
        return;
    }
    bool begun = false;
    for (unsigned level = 0; level < MERKLE_LEVELS; level++) {
        if (!(frontier->size >> level & 1))
            continue;
        if (begun)
            merkle_node(frontier->nodes[level], out, out);
        else
            memcpy(out, frontier->nodes[level], HASH_LEN);
        begun = true;
    }
}

void merkle_frontier_write(const struct merkle_frontier *frontier, struct buffer *out)
{
    for (unsigned level = MERKLE_LEVELS; level-- > 0;) {
        if (frontier->size >> level & 1)
            buffer_add(out, frontier->nodes[level], HASH_LEN);
    }
}

enum outcome merkle_frontier_read(uint64_t size, struct bytes in, struct merkle_frontier *frontier,
                                  struct why *why)
{
    unsigned wanted = (unsigned)__builtin_popcountll(size);
    if (in.len != (size_t)wanted * HASH_LEN)
        return fail(why, REJECT, "frontier of %llu leaves has %zu bytes, not %u", (unsigned long long)size,
                    in.len, wanted * HASH_LEN);
    const uint8_t *from = in.data;
    memset(frontier, 0, sizeof *frontier);
    frontier->size = size;
    for (unsigned level = MERKLE_LEVELS; level-- > 0;) {
        if (!(size >> level & 1))
            continue;
        memcpy(frontier->nodes[level], from, HASH_LEN);
        from += HASH_LEN;
    }
    return DONE;
}

void merkle_tile_root(merkle_hash hashes[MERKLE_TILE_WIDTH], merkle_hash out)
{
    for (size_t width = MERKLE_TILE_WIDTH; width > 1; width /= 2) {
        for (size_t i = 0; i < width / 2; i++)
            merkle_node(hashes[2 * i], hashes[2 * i + 1], hashes[i]);
    }
    memcpy(out, hashes[0], HASH_LEN);
}

/* ---- making proofs ---- */

/* Node (level, index): read at its tile level, folded up to its own. */
static enum outcome read_node(const struct merkle_source *source, unsigned level, uint64_t index,
                              merkle_hash out, struct why *why)
{
    unsigned above = level % MERKLE_TILE_LEVELS;
    size_t width = (size_t)1 << above;
    merkle_hash hashes[MERKLE_TILE_WIDTH / 2];
    for (size_t i = 0; i < width; i++) {
        enum outcome read =
            source->read(source->context, level / MERKLE_TILE_LEVELS, (index << above) + i, hashes[i], why);
        if (read != DONE)
            return read;
    }
    for (; width > 1; width /= 2) {
        for (size_t i = 0; i < width / 2; i++)
            merkle_node(hashes[2 * i], hashes[2 * i + 1], hashes[i]);
    }
    memcpy(out, hashes[0], HASH_LEN);
    return DONE;
}

/* Root of the leaves [from, from + count), where `from` is a multiple of the greatest power of two in
 * `count`, as it is everywhere in this tree: one perfect subtree for each bit of count, joined from the
 * right. */
static enum outcome range_root(const struct merkle_source *source, uint64_t from, uint64_t count,
                               merkle_hash out, struct why *why)
{
    bool begun = false;
    uint64_t end = from + count;
    for (unsigned level = 0; level < MERKLE_LEVELS; level++) {
        if (!(count >> level & 1))
            continue;
        end -= (uint64_t)1 << level;
        merkle_hash node;
        enum outcome read = read_node(source, level, end >> level, node, why);
        if (read != DONE)
            return read;
        if (begun)
            merkle_node(node, out, out);
        else
            memcpy(out, node, HASH_LEN);
        begun = true;
    }
    return DONE;
}

enum outcome merkle_root_at(const struct merkle_source *source, uint64_t size, merkle_hash out,
                            struct why *why)
{
    if (size == 0) {
        sha256(bytes_of("", 0), out);
        return DONE;
    }
    return range_root(source, 0, size, out, why);
}

/* The greatest power of two below `count` (count ≥ 2): where RFC 6962 splits. */
static uint64_t split_of(uint64_t count)
{
    return (uint64_t)1 << (63 - __builtin_clzll(count - 1));
}

/* Adds the root of a range to the proof. The walk goes from the top, the proof from the bottom: reversed at
 * the end. */
static enum outcome add_range(const struct merkle_source *source, uint64_t from, uint64_t count,
                              struct merkle_proof *proof, struct why *why)
{
    enum outcome read = range_root(source, from, count, proof->hashes[proof->count], why);
    if (read == DONE)
        proof->count++;
    return read;
}

static void reverse(struct merkle_proof *proof)
{
    for (size_t low = 0, high = proof->count; low + 1 < high; low++) {
        high--;
        merkle_hash kept;
        memcpy(kept, proof->hashes[low], HASH_LEN);
        memcpy(proof->hashes[low], proof->hashes[high], HASH_LEN);
        memcpy(proof->hashes[high], kept, HASH_LEN);
    }
}

enum outcome merkle_prove_inclusion(const struct merkle_source *source, uint64_t index, uint64_t size,
                                    struct merkle_proof *proof, struct why *why)
{
    proof->count = 0;
    if (index >= size)
        return fail(why, REJECT, "leaf %llu is not among %llu", (unsigned long long)index,
                    (unsigned long long)size);
    uint64_t from = 0;
    enum outcome outcome = DONE;
    while (size > 1 && outcome == DONE) {
        uint64_t split = split_of(size);
        if (index - from < split) {
            outcome = add_range(source, from + split, size - split, proof, why);
            size = split;
        } else {
            outcome = add_range(source, from, split, proof, why);
            from += split;
            size -= split;
        }
    }
    reverse(proof);
    return outcome;
}

enum outcome merkle_prove_consistency(const struct merkle_source *source, uint64_t old_size, uint64_t size,
                                      struct merkle_proof *proof, struct why *why)
{
    proof->count = 0;
    if (old_size == 0 || old_size > size)
        return fail(why, REJECT, "no proof from %llu leaves to %llu", (unsigned long long)old_size,
                    (unsigned long long)size);
    uint64_t from = 0;
    bool whole =
        true; /* the old tree ends where a subtree of it begins at leaf 0: its root is known to the checker */
    enum outcome outcome = DONE;
    while (old_size != size && outcome == DONE) {
        uint64_t split = split_of(size);
        if (old_size <= split) {
            outcome = add_range(source, from + split, size - split, proof, why);
            size = split;
        } else {
            outcome = add_range(source, from, split, proof, why);
            from += split;
            old_size -= split;
            size -= split;
            whole = false;
        }
    }
    if (outcome == DONE && !whole)
        outcome = add_range(source, from, size, proof, why);
    reverse(proof);
    return outcome;
}

/* ---- checking (RFC 9162, sections 2.1.3.2 and 2.1.4.2, tell the same two walks) ---- */

bool merkle_check_inclusion(const merkle_hash leaf, uint64_t index, uint64_t size,
                            const struct merkle_proof *proof, const merkle_hash root)
{
    if (index >= size || proof->count > MERKLE_PROOF_MOST)
        return false;
    uint64_t last = size - 1; /* index of the last node in the level reached */
    merkle_hash node;
    memcpy(node, leaf, HASH_LEN);
    for (size_t i = 0; i < proof->count; i++) {
        if (last == 0)
            return false;
        if ((index & 1) || index == last) {
            merkle_node(proof->hashes[i], node, node);
            /* A node without a right neighbour is its own parent until it gets a left one. */
            while (index != 0 && !(index & 1)) {
                index >>= 1;
                last >>= 1;
            }
        } else {
            merkle_node(node, proof->hashes[i], node);
        }
        index >>= 1;
        last >>= 1;
    }
    return last == 0 && memcmp(node, root, HASH_LEN) == 0;
}

bool merkle_check_consistency(uint64_t old_size, const merkle_hash old_root, uint64_t size,
                              const merkle_hash root, const struct merkle_proof *proof)
{
    if (old_size == 0 || old_size > size || proof->count > MERKLE_PROOF_MOST)
        return false;
    if (old_size == size)
        return proof->count == 0 && memcmp(old_root, root, HASH_LEN) == 0;
    uint64_t index = old_size - 1, last = size - 1;
    while (index & 1) {
        index >>= 1;
        last >>= 1;
    }
    size_t used = 0;
    merkle_hash old_node, node;
    if (index == 0) { /* the old tree is perfect: its root is the first node, and not sent */
        memcpy(old_node, old_root, HASH_LEN);
    } else {
        if (proof->count == 0)
            return false;
        memcpy(old_node, proof->hashes[used++], HASH_LEN);
    }
    memcpy(node, old_node, HASH_LEN);
    for (; used < proof->count; used++) {
        if (last == 0)
            return false;
        if ((index & 1) || index == last) {
            merkle_node(proof->hashes[used], old_node, old_node);
            merkle_node(proof->hashes[used], node, node);
            while (index != 0 && !(index & 1)) {
                index >>= 1;
                last >>= 1;
            }
        } else {
            merkle_node(node, proof->hashes[used], node);
        }
        index >>= 1;
        last >>= 1;
    }
    return last == 0 && memcmp(old_node, old_root, HASH_LEN) == 0 && memcmp(node, root, HASH_LEN) == 0;
}
