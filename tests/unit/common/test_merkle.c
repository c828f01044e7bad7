#include "common/merkle.h"

#include <string.h>

#include "tests/helpers/check_main.h"

enum { LEAVES = 1100 }; /* past four tiles, so that level 8 has several nodes */

/* Every stored node, by tile level: what a ledger would hold. */
struct store {
    merkle_hash level0[LEAVES];
    merkle_hash level1[LEAVES / 256 + 1];
    uint64_t count[2];
};

static void keep(void *context, unsigned tile_level, uint64_t index, const merkle_hash hash)
{
    struct store *store = context;
    ck_assert_uint_lt(tile_level, 2);
    ck_assert_uint_eq(index, store->count[tile_level]); /* each once and in order */
    store->count[tile_level]++;
    memcpy(tile_level == 0 ? store->level0[index] : store->level1[index], hash, HASH_LEN);
}

static enum outcome read_kept(void *context, unsigned tile_level, uint64_t index, merkle_hash out,
                              struct why *why)
{
    struct store *store = context;
    if (tile_level > 1 || index >= store->count[tile_level])
        return fail(why, RETRY, "no node %u %llu", tile_level, (unsigned long long)index);
    memcpy(out, tile_level == 0 ? store->level0[index] : store->level1[index], HASH_LEN);
    return DONE;
}

static void test_leaf(uint64_t number, merkle_hash out)
{
    sha256(bytes_of(&number, sizeof number), out);
}

static void fill(struct store *store, struct merkle_frontier *frontier, uint64_t leaves)
{
    for (uint64_t i = 0; i < leaves; i++) {
        merkle_hash leaf;
        test_leaf(i, leaf);
        merkle_append(frontier, leaf, keep, store);
    }
}

/* The definition of RFC 6962 section 2.1, word for word, as the witness. */
static void defined_root(uint64_t from, uint64_t count, merkle_hash out)
{
    if (count == 1) {
        test_leaf(from, out);
        return;
    }
    uint64_t split = 1;
    while (split * 2 < count)
        split *= 2;
    merkle_hash left, right;
    defined_root(from, split, left);
    defined_root(from + split, count - split, right);
    merkle_node(left, right, out);
}

static void from_hex(const char *hex, uint8_t *out, size_t len)
{
    ck_assert(bytes_from_hex(hex, out, len));
}

/* The eight leaves and roots published with the first Certificate Transparency servers. */
START_TEST(published_roots)
{
    static const char *const data[] = {
        "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"};
    static const char *const roots[] = {"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                                        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
                                        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
                                        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
                                        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
                                        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
                                        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
                                        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};
    struct merkle_frontier frontier = {0};
    merkle_hash root, expected;
    merkle_root(&frontier, root);
    from_hex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", expected, HASH_LEN);
    ck_assert_mem_eq(root, expected, HASH_LEN);
    for (size_t i = 0; i < 8; i++) {
        uint8_t bytes[17] = {0};
        size_t len = strlen(data[i]) / 2;
        from_hex(data[i], bytes + 1, len);
        merkle_hash leaf;
        sha256(bytes_of(bytes, len + 1), leaf);
        merkle_append(&frontier, leaf, NULL, NULL);
        merkle_root(&frontier, root);
        from_hex(roots[i], expected, HASH_LEN);
        ck_assert_mem_eq(root, expected, HASH_LEN);
    }
}
END_TEST

START_TEST(frontier_agrees_with_the_definition_and_with_its_bytes)
{
    static struct store store;
    struct merkle_frontier frontier = {0};
    for (uint64_t size = 1; size <= 300; size++) {
        merkle_hash leaf, root, expected;
        test_leaf(size - 1, leaf);
        merkle_append(&frontier, leaf, keep, &store);
        merkle_root(&frontier, root);
        defined_root(0, size, expected);
        ck_assert_mem_eq(root, expected, HASH_LEN);

        struct buffer bytes = {0};
        struct merkle_frontier back;
        struct why why;
        merkle_frontier_write(&frontier, &bytes);
        ck_assert_int_eq(merkle_frontier_read(size, buffer_view(&bytes), &back, &why), DONE);
        merkle_root(&back, root);
        ck_assert_mem_eq(root, expected, HASH_LEN);
        ck_assert_int_eq(merkle_frontier_read(size + 1, buffer_view(&bytes), &back, &why),
                         __builtin_popcountll(size) == __builtin_popcountll(size + 1) ? DONE : REJECT);
        buffer_free(&bytes);
    }
}
END_TEST

START_TEST(a_full_tile_gives_the_node_above)
{
    static struct store store;
    struct merkle_frontier frontier = {0};
    fill(&store, &frontier, LEAVES);
    ck_assert_uint_eq(store.count[1], LEAVES / 256);
    for (size_t tile = 0; tile < LEAVES / 256; tile++) {
        merkle_hash root;
        merkle_hash hashes[MERKLE_TILE_WIDTH];
        memcpy(hashes, store.level0[tile * 256], sizeof hashes);
        merkle_tile_root(hashes, root);
        ck_assert_mem_eq(root, store.level1[tile], HASH_LEN);
    }
}
END_TEST

START_TEST(every_leaf_of_many_sizes_is_proved_and_nothing_else)
{
    static struct store store;
    static const uint64_t sizes[] = {1,  2,  3,   4,   5,   6,   7,   8,    9,     31,
                                     32, 33, 255, 256, 257, 511, 768, 1023, LEAVES};
    struct merkle_frontier frontier = {0};
    struct merkle_source source = {read_kept, &store};
    struct merkle_proof proof;
    struct why why;
    fill(&store, &frontier, LEAVES);
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        uint64_t size = sizes[s];
        merkle_hash root, leaf, wrong;
        ck_assert_int_eq(merkle_root_at(&source, size, root, &why), DONE);
        for (uint64_t index = 0; index < size; index += 1 + size / 37) {
            test_leaf(index, leaf);
            test_leaf(index + 1, wrong);
            ck_assert_int_eq(merkle_prove_inclusion(&source, index, size, &proof, &why), DONE);
            ck_assert(merkle_check_inclusion(leaf, index, size, &proof, root));
            ck_assert(!merkle_check_inclusion(wrong, index, size, &proof, root));
            ck_assert(size == 1 || !merkle_check_inclusion(leaf, index ^ 1, size, &proof, root));
            ck_assert(!merkle_check_inclusion(leaf, size, size, &proof, root));
            proof.count++;
            ck_assert(!merkle_check_inclusion(leaf, index, size, &proof, root));
            proof.count--;
            if (proof.count > 0) {
                proof.hashes[proof.count / 2][5] ^= 1;
                ck_assert(!merkle_check_inclusion(leaf, index, size, &proof, root));
                proof.count--;
                ck_assert(!merkle_check_inclusion(leaf, index, size, &proof, root));
            }
        }
    }
    ck_assert_int_eq(merkle_prove_inclusion(&source, 7, 7, &proof, &why), REJECT);
    ck_assert_int_eq(merkle_prove_inclusion(&source, 0, LEAVES + 1, &proof, &why),
                     RETRY); /* not stored yet */
}
END_TEST

START_TEST(every_beginning_is_proved_and_nothing_else)
{
    static struct store store;
    struct merkle_frontier frontier = {0};
    struct merkle_source source = {read_kept, &store};
    struct merkle_proof proof;
    struct why why;
    fill(&store, &frontier, LEAVES);
    for (uint64_t size = 1; size <= LEAVES; size += size < 40 ? 1 : 97) {
        merkle_hash root, old_root;
        ck_assert_int_eq(merkle_root_at(&source, size, root, &why), DONE);
        for (uint64_t old = 1; old <= size; old += 1 + size / 41) {
            ck_assert_int_eq(merkle_root_at(&source, old, old_root, &why), DONE);
            ck_assert_int_eq(merkle_prove_consistency(&source, old, size, &proof, &why), DONE);
            ck_assert(merkle_check_consistency(old, old_root, size, root, &proof));
            old_root[0] ^= 1;
            ck_assert(!merkle_check_consistency(old, old_root, size, root, &proof));
            old_root[0] ^= 1;
            if (proof.count > 0) {
                proof.hashes[proof.count - 1][9] ^= 1;
                ck_assert(!merkle_check_consistency(old, old_root, size, root, &proof));
                proof.hashes[proof.count - 1][9] ^= 1;
                proof.count--;
                ck_assert(!merkle_check_consistency(old, old_root, size, root, &proof));
                proof.count++;
            }
            proof.count++;
            ck_assert(!merkle_check_consistency(old, old_root, size, root, &proof));
        }
    }
    ck_assert_int_eq(merkle_prove_consistency(&source, 0, 3, &proof, &why), REJECT);
    ck_assert_int_eq(merkle_prove_consistency(&source, 4, 3, &proof, &why), REJECT);
}
END_TEST

static Suite *suite_of_merkle(void)
{
    Suite *s = suite_create("merkle");
    TCase *t = tcase_create("merkle");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, published_roots);
    tcase_add_test(t, frontier_agrees_with_the_definition_and_with_its_bytes);
    tcase_add_test(t, a_full_tile_gives_the_node_above);
    tcase_add_test(t, every_leaf_of_many_sizes_is_proved_and_nothing_else);
    tcase_add_test(t, every_beginning_is_proved_and_nothing_else);
    suite_add_tcase(s, t);
    return s;
}

TEST_MAIN(suite_of_merkle)
