#include "ingest/tree.h"
#include "tests/helpers/check_main.h"

#include <string.h>

enum { LEAVES = 66000 }; /* more than one full tile of tiles */

static struct tree whole, again;
static struct tree_tiles tiles;
static merkle_hash leaves[LEAVES];
static uint8_t stored[2][LEAVES / 256 + 1][MERKLE_TILE_WIDTH * HASH_LEN];

static void make_leaf(uint64_t i, merkle_hash leaf)
{
    sha256(bytes_of(&i, sizeof i), leaf);
}

/* A start after `size` leaves, from what is stored, gives the very state that was left. */
static void check_restart(uint64_t size)
{
    memset(&again, 0, sizeof again);
    again.frontier = whole.frontier;
    for (uint64_t i = tree_unfinished_from(&again, 0); i < size; i++)
        tree_set(&again, 0, i, leaves[i]);
    ck_assert(tree_is_sound(&again));
    for (unsigned level = 1; level < 3; level++) {
        uint64_t from = tree_unfinished_from(&again, level);
        for (uint64_t i = from; i < from + tree_unfinished_count(&again, level); i++) {
            merkle_hash hashes[MERKLE_TILE_WIDTH];
            merkle_hash node;
            memcpy(hashes, stored[level - 1][i], sizeof hashes);
            merkle_tile_root(hashes, node);
            tree_set(&again, level, i, node);
        }
    }
    for (unsigned level = 0; level < 3; level++)
        ck_assert_mem_eq(again.unfinished[level], whole.unfinished[level],
                         tree_unfinished_count(&whole, level) * sizeof(merkle_hash));
}

START_TEST(a_restart_finds_the_unfinished_tiles_again)
{
    uint64_t full[2] = {0, 0};
    for (uint64_t i = 0; i < LEAVES; i++) {
        make_leaf(i, leaves[i]);
        tree_tiles_begin(&tiles);
        tree_append(&whole, leaves[i], &tiles);
        /* Whether a tile became full, and which: one leaf fills at most one a level. */
        for (unsigned level = 0; level < tiles.levels.count; level++) {
            memcpy(stored[level][full[level]], whole.unfinished[level], sizeof whole.unfinished[level]);
            full[level]++;
        }
        if (i + 1 == 1 || i + 1 == 255 || i + 1 == 256 || i + 1 == 700 || i + 1 == 65536 || i + 1 == LEAVES)
            check_restart(i + 1);
    }
    ck_assert_uint_eq(full[0], LEAVES / 256);
    ck_assert_uint_eq(full[1], 1);
    tree_tiles_free(&tiles);
}
END_TEST

START_TEST(an_altered_leaf_is_noticed)
{
    struct tree_tiles filled = {0};
    tree_tiles_begin(&filled);
    memset(&whole, 0, sizeof whole);
    for (uint64_t i = 0; i < 77; i++) {
        merkle_hash leaf;
        make_leaf(i, leaf);
        tree_append(&whole, leaf, &filled);
    }
    ck_assert(tree_is_sound(&whole));
    whole.unfinished[0][50][3] ^= 1;
    ck_assert(!tree_is_sound(&whole));
    tree_tiles_free(&filled);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("ingest/tree");
    TCase *c = tcase_create("tree");
    tcase_set_timeout(c, 60);
    tcase_add_test(c, a_restart_finds_the_unfinished_tiles_again);
    tcase_add_test(c, an_altered_leaf_is_noticed);
    suite_add_tcase(s, c);
    return s;
}

TEST_MAIN(suite)
