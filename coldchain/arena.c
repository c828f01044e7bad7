#include "coldchain/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_BYTES = 64 * 1024, ALIGNMENT = 16 };

struct arena_block {
    struct arena_block *before;
    size_t used;
    size_t room;
    size_t padding; /* keeps data[] aligned to 16 */
    unsigned char data[];
};

static struct arena_block *block_with_room(struct arena *arena, size_t bytes)
{
    struct arena_block *block = arena->last;
    if (block && block->room - block->used >= bytes)
        return block;
    size_t room = bytes > BLOCK_BYTES ? bytes : BLOCK_BYTES;
    block = malloc(sizeof *block + room);
    if (!block)
        return NULL;
    *block = (struct arena_block){.before = arena->last, .room = room};
    arena->last = block;
    return block;
}

/* Not zeroed: what arena_grow() gives is written before it is read. */
static void *new_piece(struct arena *arena, size_t count, size_t size, size_t *rounded)
{
    size_t bytes;
    if (arena->failed || __builtin_mul_overflow(count, size, &bytes) || bytes > SIZE_MAX / 4) {
        arena->failed = true;
        return NULL;
    }
    bytes = (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    arena->given += bytes;
    bool too_much = arena->limit > 0 && arena->given > arena->limit;
    struct arena_block *block = too_much ? NULL : block_with_room(arena, bytes);
    if (!block) {
        arena->failed = true;
        return NULL;
    }
    void *piece = block->data + block->used;
    block->used += bytes;
    *rounded = bytes;
    return piece;
}

void *arena_new(struct arena *arena, size_t count, size_t size)
{
    size_t bytes;
    void *piece = new_piece(arena, count, size, &bytes);
    if (piece)
        memset(piece, 0, bytes);
    return piece;
}

void *arena_copy(struct arena *arena, const void *from, size_t count, size_t size)
{
    void *copy = arena_new(arena, count, size);
    if (copy && count > 0)
        memcpy(copy, from, count * size);
    return copy;
}

const char *arena_text(struct arena *arena, const char *text, size_t len)
{
    char *copy = arena_new(arena, len + 1, 1);
    if (copy && len > 0)
        memcpy(copy, text, len);
    return copy;
}

void arena_free(struct arena *arena)
{
    while (arena->last) {
        struct arena_block *before = arena->last->before;
        free(arena->last);
        arena->last = before;
    }
    *arena = (struct arena){0};
}

bool arena_grow(struct arena *arena, void **items, size_t count, size_t *room, size_t size)
{
    if (count < *room)
        return true;
    size_t wider = *room ? *room * 2 : 8;
    size_t bytes;
    void *grown = new_piece(arena, wider, size, &bytes);
    if (!grown)
        return false;
    if (count > 0)
        memcpy(grown, *items, count * size);
    *items = grown;
    *room = wider;
    return true;
}
