/* Merkle tree over the ledger: RFC 6962 (section 2.1) shape, SHA-256, our own leaves.
 *
 *   leaf   SHA-256( 00 key_id(32) algorithm(1) signature(64) SHA-256(body)(32) )
 *   node   SHA-256( 01 left(32) right(32) )
 *   empty  SHA-256( "" )
 *
 * A tree of n leaves splits at the greatest power of two below n. "Node (level, index)" is the root of the
 * 2^level leaves from index × 2^level on; it exists once all of them do, and never changes after.
 *
 * Frontier: the roots of the perfect subtrees that n leaves fall into, one for each bit of n; all that
 * appending needs. Tiles: what is stored. Tile (t, i) holds the 256 nodes of level 8t with indexes 256i …
 * 256i + 255; a node between tile levels is computed from the tile below it. A tile is written once, when it
 * is full; the nodes of tiles not yet full are found again from the entries themselves (t = 0) or from the
 * full tiles below.
 *
 * Pure, no allocation, no globals.
 */
#ifndef COMMON_MERKLE_H
#define COMMON_MERKLE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/bytes.h"
#include "common/hash.h"

enum { MERKLE_LEVELS = 64, MERKLE_TILE_WIDTH = 256, MERKLE_TILE_LEVELS = 8, MERKLE_PROOF_MOST = 128 };

typedef uint8_t merkle_hash[HASH_LEN];

void merkle_leaf(const uint8_t key_id[HASH_LEN], uint8_t algorithm, const uint8_t signature[64],
                 const uint8_t body_hash[HASH_LEN], merkle_hash out);
/* `out` may be `left` or `right`. */
void merkle_node(const merkle_hash left, const merkle_hash right, merkle_hash out);

struct merkle_frontier {
    uint64_t size;
    merkle_hash nodes[MERKLE_LEVELS]; /* nodes[l] counts only while bit l of size is set */
};

/* Appends one leaf. `stored` (may be NULL) is called for each node of a tile level (0, 8, 16, …) that this
 * leaf completes, lowest first: `tile_level` t and index i mean node (8t, i), which is entry i mod 256 of
 * tile (t, i / 256). */
void merkle_append(struct merkle_frontier *frontier, const merkle_hash leaf,
                   void (*stored)(void *context, unsigned tile_level, uint64_t index, const merkle_hash hash),
                   void *context);

/* Root of the whole tree so far. */
void merkle_root(const struct merkle_frontier *frontier, merkle_hash out);

/* The frontier's nodes in bytes, greatest subtree first, 32 bytes for each bit set in size. */
void merkle_frontier_write(const struct merkle_frontier *frontier, struct buffer *out);
/* REJECT when the bytes do not have the length that `size` asks for. */
MUST_CHECK enum outcome merkle_frontier_read(uint64_t size, struct bytes in, struct merkle_frontier *frontier,
                                             struct why *why);

/* The node above a full tile: node (8t + 8, i) from the 256 hashes of tile (t, i). Destroys `hashes`. */
void merkle_tile_root(merkle_hash hashes[MERKLE_TILE_WIDTH], merkle_hash out);

/* Where proofs get stored nodes from: node (8 × tile_level, index). */
struct merkle_source {
    enum outcome (*read)(void *context, unsigned tile_level, uint64_t index, merkle_hash out,
                         struct why *why);
    void *context;
};

struct merkle_proof {
    size_t count;
    merkle_hash hashes[MERKLE_PROOF_MOST];
};

/* Root of the first `size` leaves, from stored nodes. */
MUST_CHECK enum outcome merkle_root_at(const struct merkle_source *source, uint64_t size, merkle_hash out,
                                       struct why *why);
/* The audit path of leaf `index` in the tree of `size` leaves. REJECT: index is not below size. Otherwise
 * what the source answers. */
MUST_CHECK enum outcome merkle_prove_inclusion(const struct merkle_source *source, uint64_t index,
                                               uint64_t size, struct merkle_proof *proof, struct why *why);
/* That the tree of `old_size` leaves is the beginning of the tree of `size`. REJECT: old_size is 0 or greater
 * than size. */
MUST_CHECK enum outcome merkle_prove_consistency(const struct merkle_source *source, uint64_t old_size,
                                                 uint64_t size, struct merkle_proof *proof, struct why *why);

/* The checks need nothing but what they are given. A proof with a hash too many or too few is false. */
MUST_CHECK bool merkle_check_inclusion(const merkle_hash leaf, uint64_t index, uint64_t size,
                                       const struct merkle_proof *proof, const merkle_hash root);
MUST_CHECK bool merkle_check_consistency(uint64_t old_size, const merkle_hash old_root, uint64_t size,
                                         const merkle_hash root, const struct merkle_proof *proof);

#endif
