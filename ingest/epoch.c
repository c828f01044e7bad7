#include "ingest/epoch.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct epoch *epoch_new(int32_t number, const char *gateway, const uint8_t epoch[EPOCH_LEN])
{
    struct epoch *made = calloc(1, sizeof *made);
    if (!made)
        return NULL;
    made->number = number;
    snprintf(made->gateway, sizeof made->gateway, "%s", gateway);
    memcpy(made->epoch, epoch, EPOCH_LEN);
    return made;
}

void epoch_free(struct epoch *epoch)
{
    if (!epoch)
        return;
    free(epoch->ranges);
    free(epoch->said.above);
    free(epoch);
}

/* Index of the first range that ends at or behind seq; count when there is none. */
static size_t range_at(const struct epoch *epoch, uint64_t seq)
{
    size_t low = 0;
    size_t high = epoch->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (epoch->ranges[middle].to < seq)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

bool epoch_has(const struct epoch *epoch, uint64_t seq)
{
    size_t at = range_at(epoch, seq);
    return at < epoch->count && epoch->ranges[at].from <= seq;
}

void epoch_remember(struct epoch *epoch, uint64_t seq, const uint8_t hash[HASH_LEN])
{
    epoch->recent[epoch->recent_next].seq = seq;
    memcpy(epoch->recent[epoch->recent_next].hash, hash, HASH_LEN);
    epoch->recent_next = (epoch->recent_next + 1) % EPOCH_RECENT;
}

enum standing_of_body epoch_judge(const struct epoch *epoch, uint64_t seq, const uint8_t hash[HASH_LEN],
                                  const uint8_t (*stored)[HASH_LEN], size_t stored_count)
{
    if (!epoch_has(epoch, seq))
        return BODY_NEW;
    bool seen_other = false;
    for (unsigned i = 0; i < EPOCH_RECENT; i++) {
        if (epoch->recent[i].seq != seq)
            continue;
        if (memcmp(epoch->recent[i].hash, hash, HASH_LEN) == 0)
            return BODY_DUPLICATE;
        seen_other = true;
    }
    for (size_t i = 0; i < stored_count; i++)
        if (memcmp(stored[i], hash, HASH_LEN) == 0)
            return BODY_DUPLICATE;
    if (stored)
        return BODY_FORK;
    /* One other body at this seq is remembered: in an epoch without forks it is the only one. */
    return seen_other && !epoch->disputed ? BODY_FORK : BODY_UNDECIDED;
}

uint64_t epoch_through(const struct epoch *epoch)
{
    if (epoch->disputed)
        return epoch->frozen_through;
    return epoch->count && epoch->ranges[0].from == 1 ? epoch->ranges[0].to : 0;
}

const uint8_t *epoch_through_hash(const struct epoch *epoch)
{
    if (epoch_through(epoch) == 0)
        return NULL;
    return epoch->disputed ? epoch->frozen_hash : epoch->ranges[0].to_hash;
}

/* From here on no receipt goes beyond what is through now. */
static void dispute(struct epoch *epoch)
{
    if (epoch->disputed)
        return;
    uint64_t through = epoch_through(epoch);
    if (through)
        memcpy(epoch->frozen_hash, epoch_through_hash(epoch), HASH_LEN);
    epoch->frozen_through = through;
    epoch->disputed = true;
}

static bool make_room(struct epoch *epoch)
{
    if (epoch->count < epoch->room)
        return true;
    size_t room = epoch->room ? epoch->room * 2 : 4;
    struct epoch_range *grown = realloc(epoch->ranges, room * sizeof *grown);
    if (!grown)
        return false;
    epoch->ranges = grown;
    epoch->room = room;
    return true;
}

static void remove_range(struct epoch *epoch, size_t at)
{
    memmove(&epoch->ranges[at], &epoch->ranges[at + 1], (epoch->count - at - 1) * sizeof *epoch->ranges);
    epoch->count--;
}

static void insert_range(struct epoch *epoch, size_t at, const struct body_head *head, const uint8_t hash[HASH_LEN])
{
    memmove(&epoch->ranges[at + 1], &epoch->ranges[at], (epoch->count - at) * sizeof *epoch->ranges);
    struct epoch_range *range = &epoch->ranges[at];
    range->from = range->to = head->seq;
    memcpy(range->to_hash, hash, HASH_LEN);
    memcpy(range->from_previous, head->previous, HASH_LEN);
    range->has_from_previous = head->has_previous;
    epoch->count++;
}

static bool follows(bool has_previous, const uint8_t previous[HASH_LEN], const uint8_t before[HASH_LEN])
{
    return has_previous && memcmp(previous, before, HASH_LEN) == 0;
}

enum outcome epoch_add(struct epoch *epoch, const struct body_head *head, const uint8_t hash[HASH_LEN], struct why *why)
{
    if (epoch_has(epoch, head->seq)) {
        dispute(epoch);
        epoch->changed = true;
        epoch_remember(epoch, head->seq, hash);
        return DONE;
    }
    if (!make_room(epoch))
        return fail(why, RETRY, "out of memory");
    size_t at = range_at(epoch, head->seq);
    struct epoch_range *left = at > 0 && epoch->ranges[at - 1].to + 1 == head->seq ? &epoch->ranges[at - 1] : NULL;
    struct epoch_range *right = at < epoch->count && epoch->ranges[at].from == head->seq + 1 ? &epoch->ranges[at] : NULL;
    if ((left && !follows(head->has_previous, head->previous, left->to_hash)) ||
        (right && !follows(right->has_from_previous, right->from_previous, hash)))
        dispute(epoch);
    epoch->changed = true;
    epoch_remember(epoch, head->seq, hash);
    if (left) {
        left->to = head->seq;
        memcpy(left->to_hash, hash, HASH_LEN);
        if (right) {
            left->to = right->to;
            memcpy(left->to_hash, right->to_hash, HASH_LEN);
            remove_range(epoch, at);
        }
    } else if (right) {
        right->from = head->seq;
        memcpy(right->from_previous, head->previous, HASH_LEN);
        right->has_from_previous = head->has_previous;
    } else {
        insert_range(epoch, at, head, hash);
    }
    return DONE;
}

void epoch_stored_text(const struct epoch *epoch, struct buffer *out)
{
    buffer_add_byte(out, '{');
    for (size_t i = 0; i < epoch->count; i++)
        buffer_printf(out, "%s[%" PRIu64 ",%" PRIu64 "]", i ? "," : "", epoch->ranges[i].from, epoch->ranges[i].to);
    buffer_add_byte(out, '}');
}

/* One "[from,to)" as PostgreSQL writes a range of integers; returns what follows, or NULL. */
static const char *read_range(const char *text, struct epoch_range *range)
{
    char *end;
    if (*text != '[')
        return NULL;
    range->from = strtoull(text + 1, &end, 10);
    if (*end != ',')
        return NULL;
    uint64_t behind = strtoull(end + 1, &end, 10);
    if (*end != ')' || behind <= range->from || range->from == 0)
        return NULL;
    range->to = behind - 1;
    return end + 1;
}

enum outcome epoch_load(struct epoch *epoch, const char *stored, uint64_t through, const uint8_t *through_hash,
                        bool disputed, struct why *why)
{
    const char *at = stored;
    if (*at++ != '{')
        return fail(why, REJECT, "stored ranges begin with %.8s", stored);
    while (*at && *at != '}') {
        if (!make_room(epoch))
            return fail(why, RETRY, "out of memory");
        struct epoch_range *range = &epoch->ranges[epoch->count];
        memset(range, 0, sizeof *range);
        at = read_range(*at == ',' ? at + 1 : at, range);
        if (!at)
            return fail(why, REJECT, "stored ranges are not readable");
        epoch->count++;
    }
    if (*at != '}')
        return fail(why, REJECT, "stored ranges have no end");
    epoch->disputed = disputed;
    epoch->frozen_through = through;
    if (through && through_hash) {
        memcpy(epoch->frozen_hash, through_hash, HASH_LEN);
        if (!disputed && epoch->count)
            memcpy(epoch->ranges[0].to_hash, through_hash, HASH_LEN);
    }
    return DONE;
}

void epoch_set_edge(struct epoch *epoch, const struct body_head *head, const uint8_t hash[HASH_LEN])
{
    size_t at = range_at(epoch, head->seq);
    if (at == epoch->count)
        return;
    struct epoch_range *range = &epoch->ranges[at];
    if (range->from == head->seq) {
        memcpy(range->from_previous, head->previous, HASH_LEN);
        range->has_from_previous = head->has_previous;
    }
    if (range->to == head->seq)
        memcpy(range->to_hash, hash, HASH_LEN);
}

enum outcome epoch_commit(struct epoch *epoch, struct why *why)
{
    struct epoch_said *said = &epoch->said;
    size_t skip = !epoch->disputed && epoch->count && epoch->ranges[0].from == 1 ? 1 : 0;
    size_t above = epoch->disputed ? 0 : epoch->count - skip;
    if (above) {
        struct epoch_range *copy = realloc(said->above, above * sizeof *copy);
        if (!copy)
            return fail(why, RETRY, "out of memory");
        memcpy(copy, &epoch->ranges[skip], above * sizeof *copy);
        said->above = copy;
    }
    said->above_count = above;
    said->disputed = epoch->disputed;
    said->through = epoch_through(epoch);
    if (said->through)
        memcpy(said->through_hash, epoch_through_hash(epoch), HASH_LEN);
    return DONE;
}

/* ---- a table of epochs ---- */

/* Epochs are random bytes: their first eight are a hash already. */
static size_t slot_of(const struct epoch_table *table, const uint8_t epoch[EPOCH_LEN])
{
    uint64_t mixed;
    memcpy(&mixed, epoch, sizeof mixed);
    return (size_t)(mixed & (table->slot_count - 1));
}

struct epoch *epoch_find(const struct epoch_table *table, const char *gateway, const uint8_t epoch[EPOCH_LEN])
{
    if (table->slot_count == 0)
        return NULL;
    struct epoch *at = table->slots[slot_of(table, epoch)];
    while (at && (memcmp(at->epoch, epoch, EPOCH_LEN) != 0 || strcmp(at->gateway, gateway) != 0))
        at = at->map_next;
    return at;
}

static bool grow(struct epoch_table *table)
{
    struct epoch_table bigger = {.slot_count = table->slot_count ? table->slot_count * 2 : 1024, .count = table->count};
    bigger.slots = calloc(bigger.slot_count, sizeof *bigger.slots);
    if (!bigger.slots)
        return false;
    for (size_t i = 0; i < table->slot_count; i++) {
        struct epoch *at = table->slots[i];
        while (at) {
            struct epoch *next = at->map_next;
            size_t slot = slot_of(&bigger, at->epoch);
            at->map_next = bigger.slots[slot];
            bigger.slots[slot] = at;
            at = next;
        }
    }
    free(table->slots);
    *table = bigger;
    return true;
}

enum outcome epoch_insert(struct epoch_table *table, struct epoch *epoch, struct why *why)
{
    if (table->count >= table->slot_count && !grow(table))
        return fail(why, RETRY, "out of memory");
    size_t slot = slot_of(table, epoch->epoch);
    epoch->map_next = table->slots[slot];
    table->slots[slot] = epoch;
    table->count++;
    return DONE;
}

void epoch_table_clear(struct epoch_table *table)
{
    for (size_t i = 0; i < table->slot_count; i++) {
        struct epoch *at = table->slots[i];
        while (at) {
            struct epoch *next = at->map_next;
            epoch_free(at);
            at = next;
        }
    }
    free(table->slots);
    *table = (struct epoch_table){0};
}
