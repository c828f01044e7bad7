/* Scoped cleanup: a local that frees itself on every way out of its block.
 *
 *     scoped(FILE, file_close) FILE *f = …;     calls file_close(&f)
 *
 * Hand-over is explicit: take() returns the value and leaves NULL behind, so that the scope frees nothing.
 * A destructor given a pointer to NULL does nothing.
 */
#ifndef COMMON_CLEANUP_H
#define COMMON_CLEANUP_H

#include <stdlib.h>
#include <unistd.h>

#define scoped_by(function) __attribute__((cleanup(function)))

/* Moves a pointer out of a scoped variable: `return take(made);` */
#define take(pointer)                                                                                                  \
    __extension__({                                                                                                    \
        __auto_type taken_ = (pointer);                                                                                \
        (pointer) = NULL;                                                                                              \
        taken_;                                                                                                        \
    })

/* For memory from malloc: `scoped_by(cleanup_free) char *text = …;` */
static inline void cleanup_free(void *pointer_to_pointer)
{
    free(*(void **)pointer_to_pointer);
}

/* For file descriptors; a negative one is left alone. */
static inline void cleanup_close(const int *fd)
{
    if (*fd >= 0)
        (void)close(*fd);
}

#endif
