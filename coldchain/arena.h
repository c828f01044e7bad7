/* Arena: memory that is given in pieces and taken back all at once.
 *
 * Everything a fold makes lives in the arena its caller gave it, so that results can point at facts and at each other
 * and nobody frees a part. A failed allocation is sticky, as in common/bytes.h: later ones return NULL too, and the
 * fold's outcome is RETRY.
 */
#ifndef COLDCHAIN_ARENA_H
#define COLDCHAIN_ARENA_H

#include <stdbool.h>
#include <stddef.h>

struct arena_block;

struct arena {
    struct arena_block *last;
    bool failed;
    size_t limit; /* at most so many bytes are given in all, as if memory ended there; 0: no limit */
    size_t given;
};

/* `count` × `size` bytes, zeroed, aligned for any type; NULL when memory is out (or a count overflowed). A count of
 * zero gives a valid pointer to nothing. */
void *arena_new(struct arena *arena, size_t count, size_t size);

/* A copy of `count` × `size` bytes, or NULL. */
void *arena_copy(struct arena *arena, const void *from, size_t count, size_t size);

/* A copy of `len` characters with a NUL behind, or NULL. */
const char *arena_text(struct arena *arena, const char *text, size_t len);

/* Frees all of it and leaves an empty arena; for scoped_by(arena_free). */
void arena_free(struct arena *arena);

/* A growing array in an arena: `room` doubles, old copies stay until the arena goes. Use through vec_push(). */
#define VEC(type)                                                                                                      \
    struct {                                                                                                           \
        type *items;                                                                                                   \
        size_t count;                                                                                                  \
        size_t room;                                                                                                   \
    }

/* Room for one more; false when memory is out. */
bool arena_grow(struct arena *arena, void **items, size_t count, size_t *room, size_t size);

/* Appends a value; when memory is out the vector stays as it is and the arena is marked failed. */
#define vec_push(arena, vec, ...)                                                                                      \
    do {                                                                                                               \
        void *vec_items_ = (vec)->items;                                                                               \
        if (arena_grow((arena), &vec_items_, (vec)->count, &(vec)->room, sizeof *(vec)->items)) {                      \
            (vec)->items = vec_items_;                                                                                 \
            (vec)->items[(vec)->count++] = (__VA_ARGS__);                                                              \
        }                                                                                                              \
    } while (0)

#endif
