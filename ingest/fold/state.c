#include "ingest/fold/state.h"

#include <stdlib.h>
#include <string.h>

bool list_add(struct list *list, const void *item, size_t size)
{
    list->size = size;
    if (list->count == list->room) {
        size_t room = list->room ? list->room * 2 : 16;
        void *grown = realloc(list->items, room * size);
        if (!grown)
            return false;
        list->items = grown;
        list->room = room;
    }
    memcpy((char *)list->items + list->count * size, item, size);
    list->count++;
    return true;
}

void list_clear(struct list *list)
{
    list->count = 0;
}

void list_free(struct list *list)
{
    free(list->items);
    *list = (struct list){0};
}

bool list_has(const struct list *list, const void *item, size_t size)
{
    for (size_t i = 0; i < list->count; i++) {
        if (memcmp((const char *)list->items + i * size, item, size) == 0)
            return true;
    }
    return false;
}

void fold_forget(struct fold *fold)
{
    for (size_t i = 0; i < fold->chain_room; i++)
        chain_free(&fold->chains[i]);
    free(fold->chains);
    fold->chains = NULL;
    fold->chain_room = 0;
    list_free(&fold->keys);
    list_free(&fold->probes);
    free(fold->probe_slots);
    fold->probe_slots = NULL;
    fold->probe_slot_count = 0;
    list_free(&fold->months);
    list_free(&fold->tracked);
    list_free(&fold->revoked);
    list_free(&fold->new_keys);
    fold->lists_loaded = false;
    fold->cursor_known = false;
}

void fold_batch_clear(struct fold *fold)
{
    for (int i = 0; i < FOLD_TABLES; i++)
        rows_reset(&fold->rows[i]);
    list_clear(&fold->overlaps);
    list_clear(&fold->again);
    fold->again_at = 0;
    list_clear(&fold->repairs);
    list_clear(&fold->collect);
    list_clear(&fold->stale);
    list_clear(&fold->notes);
    list_clear(&fold->revoked_now);
    list_clear(&fold->configs);
    fold->all_configs = false;
    fold->keys_changed = false;
    fold->outgoing_added = false;
    fold->errors = 0;
}
