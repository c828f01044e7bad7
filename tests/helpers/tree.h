/* A scratch folder of fake kernel files for one test: made under TMPDIR, removed with all in it. */
#ifndef TESTS_HELPERS_TREE_H
#define TESTS_HELPERS_TREE_H

#include <check.h>
#include <ftw.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct tree {
    char root[256];
};

static inline void tree_make(struct tree *tree)
{
    const char *tmp = getenv("TMPDIR");
    (void)snprintf(tree->root, sizeof tree->root, "%s/silsila-tree-XXXXXX", tmp ? tmp : "/tmp");
    ck_assert_ptr_nonnull(mkdtemp(tree->root));
}

static inline int tree_remove_one(const char *path, const struct stat *info, int kind, struct FTW *ftw)
{
    (void)info;
    (void)kind;
    (void)ftw;
    return remove(path);
}

static inline void tree_remove(struct tree *tree)
{
    (void)nftw(tree->root, tree_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* The path of `name` in the tree; static storage, good until the next call but one. */
static inline const char *tree_path(const struct tree *tree, const char *name)
{
    static char paths[2][PATH_MAX];
    static int turn;
    turn = !turn;
    (void)snprintf(paths[turn], sizeof paths[turn], "%s/%s", tree->root, name);
    return paths[turn];
}

/* Makes the folders above `name`. */
static inline void tree_folders(const struct tree *tree, const char *name)
{
    char path[PATH_MAX];
    (void)snprintf(path, sizeof path, "%s/%s", tree->root, name);
    for (char *slash = path + strlen(tree->root) + 1; (slash = strchr(slash, '/')); slash++) {
        *slash = '\0';
        (void)mkdir(path, 0777);
        *slash = '/';
    }
}

static inline void tree_write(const struct tree *tree, const char *name, const char *text)
{
    tree_folders(tree, name);
    FILE *file = fopen(tree_path(tree, name), "we");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs(text, file), 0);
    ck_assert_int_eq(fclose(file), 0);
}

#endif
