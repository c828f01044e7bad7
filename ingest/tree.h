/* Tree: the writer's end of the Merkle log: the frontier and the tiles that are not full yet.
 *
 * Shapes and hashes: common/merkle.h. After a start the unfinished tiles are found again from what is stored: leaves from
 * the entries, upper nodes from the full tiles below. Pure; not thread-safe.
 */
#ifndef INGEST_TREE_H
#define INGEST_TREE_H

#include "common/merkle.h"
#include "ingest/arrays.h"

enum { TREE_LEVELS = 8 };

struct tree {
    struct merkle_frontier frontier;
    merkle_hash unfinished[TREE_LEVELS][MERKLE_TILE_WIDTH];
};

/* Tiles that became full, as parameters of ledger.append(). */
struct tree_tiles {
    struct array levels, numbers, hashes;
};

void tree_tiles_begin(struct tree_tiles *tiles);
void tree_tiles_free(struct tree_tiles *tiles);

/* Appends one leaf; tiles that it fills are added to `tiles`. */
void tree_append(struct tree *tree, const merkle_hash leaf, struct tree_tiles *tiles);

/* First index of the unfinished tile of a level, and how many nodes of it there are. */
uint64_t tree_unfinished_from(const struct tree *tree, unsigned level);
unsigned tree_unfinished_count(const struct tree *tree, unsigned level);
/* Puts a node found again in its place; an index outside the unfinished tile is ignored. */
void tree_set(struct tree *tree, unsigned level, uint64_t index, const merkle_hash hash);

/* True when the unfinished leaves give the frontier's lowest nodes: what is stored is what was signed. */
bool tree_is_sound(const struct tree *tree);

#endif
