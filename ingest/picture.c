#include "ingest/picture.h"

#include <stdlib.h>
#include <string.h>

void picture_forget(struct picture *picture)
{
    epoch_table_clear(&picture->epochs);
    free(picture->keys);
    *picture = (struct picture){0};
}

/* Key ids are hashes: their first eight bytes spread well. */
static size_t slot_of(const struct picture *picture, const uint8_t key_id[KEY_ID_LEN])
{
    uint64_t mixed;
    memcpy(&mixed, key_id, sizeof mixed);
    size_t slot = (size_t)(mixed & (picture->key_slots - 1));
    while (picture->keys[slot].number && memcmp(picture->keys[slot].key_id, key_id, KEY_ID_LEN) != 0)
        slot = (slot + 1) & (picture->key_slots - 1);
    return slot;
}

int32_t picture_key(const struct picture *picture, const uint8_t key_id[KEY_ID_LEN])
{
    return picture->key_slots ? picture->keys[slot_of(picture, key_id)].number : 0;
}

static bool grow(struct picture *picture)
{
    struct picture bigger = {.key_slots = picture->key_slots ? picture->key_slots * 2 : 256};
    bigger.keys = calloc(bigger.key_slots, sizeof *bigger.keys);
    if (!bigger.keys)
        return false;
    for (size_t i = 0; i < picture->key_slots; i++)
        if (picture->keys[i].number)
            bigger.keys[slot_of(&bigger, picture->keys[i].key_id)] = picture->keys[i];
    free(picture->keys);
    picture->keys = bigger.keys;
    picture->key_slots = bigger.key_slots;
    return true;
}

enum outcome picture_add_key(struct picture *picture, const uint8_t key_id[KEY_ID_LEN], int32_t number, struct why *why)
{
    if (picture->key_count * 2 >= picture->key_slots && !grow(picture))
        return fail(why, RETRY, "out of memory");
    struct key_number *slot = &picture->keys[slot_of(picture, key_id)];
    if (!slot->number)
        picture->key_count++;
    memcpy(slot->key_id, key_id, KEY_ID_LEN);
    slot->number = number;
    if (number >= picture->next_key_number)
        picture->next_key_number = number + 1;
    return DONE;
}
