#include "ingest/tree.h"

#include <string.h>

void tree_tiles_begin(struct tree_tiles *tiles)
{
    array_begin(&tiles->levels, OID_INT2);
    array_begin(&tiles->numbers, OID_INT8);
    array_begin(&tiles->hashes, OID_BYTEA);
}

void tree_tiles_free(struct tree_tiles *tiles)
{
    array_free(&tiles->levels);
    array_free(&tiles->numbers);
    array_free(&tiles->hashes);
}

struct appending {
    struct tree *tree;
    struct tree_tiles *tiles;
};

static void take_node(void *context, unsigned level, uint64_t index, const merkle_hash hash)
{
    struct appending *appending = context;
    if (level >= TREE_LEVELS)
        return;
    unsigned place = (unsigned)(index % MERKLE_TILE_WIDTH);
    memcpy(appending->tree->unfinished[level][place], hash, HASH_LEN);
    if (place != MERKLE_TILE_WIDTH - 1)
        return;
    array_int2(&appending->tiles->levels, (int16_t)level);
    array_int8(&appending->tiles->numbers, (int64_t)(index / MERKLE_TILE_WIDTH));
    array_bytes(&appending->tiles->hashes,
                bytes_of(appending->tree->unfinished[level], sizeof appending->tree->unfinished[level]));
}

void tree_append(struct tree *tree, const merkle_hash leaf, struct tree_tiles *tiles)
{
    struct appending appending = {tree, tiles};
    merkle_append(&tree->frontier, leaf, take_node, &appending);
}

static uint64_t nodes_of_level(const struct tree *tree, unsigned level)
{
    return tree->frontier.size >> (MERKLE_TILE_LEVELS * level);
}

uint64_t tree_unfinished_from(const struct tree *tree, unsigned level)
{
    return nodes_of_level(tree, level) / MERKLE_TILE_WIDTH * MERKLE_TILE_WIDTH;
}

unsigned tree_unfinished_count(const struct tree *tree, unsigned level)
{
    return (unsigned)(nodes_of_level(tree, level) % MERKLE_TILE_WIDTH);
}

void tree_set(struct tree *tree, unsigned level, uint64_t index, const merkle_hash hash)
{
    if (level < TREE_LEVELS && index / MERKLE_TILE_WIDTH == tree_unfinished_from(tree, level) / MERKLE_TILE_WIDTH)
        memcpy(tree->unfinished[level][index % MERKLE_TILE_WIDTH], hash, HASH_LEN);
}

bool tree_is_sound(const struct tree *tree)
{
    struct merkle_frontier again = {0};
    unsigned count = tree_unfinished_count(tree, 0);
    for (unsigned i = 0; i < count; i++)
        merkle_append(&again, tree->unfinished[0][i], NULL, NULL);
    for (unsigned level = 0; level < MERKLE_TILE_LEVELS; level++)
        if ((count >> level & 1) && memcmp(again.nodes[level], tree->frontier.nodes[level], HASH_LEN) != 0)
            return false;
    return true;
}
