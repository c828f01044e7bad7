/* Stands in for libFuzzer in a plain build: runs one target over the files of a folder, each in memory of its
 * own size. */
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "tests/fuzz/target.h"

static int run_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        return 0;
    (void)fseek(file, 0, SEEK_END);
    long len = ftell(file);
    rewind(file);
    uint8_t *data = malloc(len > 0 ? (size_t)len : 1);
    int read = data && len >= 0 && fread(data, 1, (size_t)len, file) == (size_t)len;
    if (read)
        (void)LLVMFuzzerTestOneInput(data, (size_t)len);
    free(data);
    (void)fclose(file);
    return read;
}

int main(int argc, char **argv)
{
    int count = 0;
    for (int i = 1; i < argc; i++) {
        DIR *folder = opendir(argv[i]);
        struct dirent *entry;
        while (folder && (entry = readdir(folder))) {
            char path[4096];
            if (entry->d_name[0] == '.')
                continue;
            (void)snprintf(path, sizeof path, "%s/%s", argv[i], entry->d_name);
            if (!run_file(path)) {
                fprintf(stderr, "run_corpus: cannot read %s\n", path);
                return EXIT_FAILURE;
            }
            count++;
        }
        if (folder)
            (void)closedir(folder);
    }
    printf("%d inputs\n", count);
    return count > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
