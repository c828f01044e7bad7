/* The page of memory that keeper and worker share: written by the worker alone, but for the two orders. Each field is one
 * aligned word, read and written atomically. */
#ifndef INGEST_FOLD_PAGE_H
#define INGEST_FOLD_PAGE_H

#include <stdatomic.h>
#include <stdint.h>

struct fold_page {
    _Atomic int64_t batch_end;     /* one behind the last position that the worker has begun on */
    _Atomic int64_t attempt;       /* while folding one by one: the position; -1 otherwise */
    _Atomic int64_t position;
    _Atomic int64_t folded;
    _Atomic int64_t errors;
    _Atomic int64_t progress_ms;
    _Atomic int64_t careful_until; /* order: fold one by one below this */
    _Atomic int64_t crashed_at;    /* order: leave this one out; -1: none */
};

#endif
