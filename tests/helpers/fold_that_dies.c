/* A fold worker that dies on the envelope at position 5, as a fault of ours in the real one would: by SIGSEGV's neighbour abort(),
 * each time it comes to it, folding in batches or one by one, until it is told to leave that one out. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ingest/fold/fold_worker.h"
#include "ingest/fold/page.h"

int main(int argc, char **argv)
{
    if (argc < 2 || strcmp(argv[1], "--fold") != 0)
        return EXIT_FAILURE;
    struct fold_page *page = mmap(NULL, sizeof *page, PROT_READ | PROT_WRITE, MAP_SHARED, FOLD_PAGE_FD, 0);
    if (page == MAP_FAILED)
        return EXIT_FAILURE;
    for (int64_t position = atomic_load(&page->position); position < 9; position++) {
        if (position < atomic_load(&page->careful_until))
            atomic_store(&page->attempt, position);
        if (position == 5 && atomic_load(&page->crashed_at) != 5)
            abort();
        atomic_store(&page->attempt, -1);
        atomic_store(&page->position, position + 1);
    }
    (void)pause();
    return EXIT_SUCCESS;
}
