#include "ingest/plan.h"

#include <stdlib.h>
#include <string.h>

#include "common/cleanup.h"

static void parameters_begin(struct append_parameters *p)
{
    array_begin(&p->key_no, OID_INT4);
    array_begin(&p->key_id, OID_BYTEA);
    array_begin(&p->key_owner, OID_TEXT);
    array_begin(&p->epoch_no, OID_INT4);
    array_begin(&p->epoch_gateway, OID_TEXT);
    array_begin(&p->epoch, OID_BYTEA);
    array_begin(&p->epoch_stored, OID_TEXT);
    array_begin(&p->epoch_through, OID_INT8);
    array_begin(&p->epoch_through_hash, OID_BYTEA);
    array_begin(&p->epoch_disputed, OID_BOOL);
    tree_tiles_begin(&p->tiles);
    array_begin(&p->entry_epoch, OID_INT4);
    array_begin(&p->seq, OID_INT8);
    array_begin(&p->entry_key, OID_INT4);
    array_begin(&p->algorithm, OID_INT2);
    array_begin(&p->signature, OID_BYTEA);
    array_begin(&p->body, OID_BYTEA);
    array_begin(&p->certificate, OID_BYTEA);
    array_begin(&p->via, OID_TEXT);
    array_begin(&p->lane, OID_INT2);
    array_begin(&p->received_at, OID_TIMESTAMPTZ);
    buffer_reset(&p->frontier);
}

static bool parameters_failed(const struct append_parameters *p)
{
    return array_failed(&p->key_no) || array_failed(&p->key_id) || array_failed(&p->key_owner) ||
           array_failed(&p->epoch_no) || array_failed(&p->epoch_gateway) || array_failed(&p->epoch) ||
           array_failed(&p->epoch_stored) || array_failed(&p->epoch_through) || array_failed(&p->epoch_through_hash) ||
           array_failed(&p->epoch_disputed) || array_failed(&p->tiles.levels) || array_failed(&p->tiles.numbers) ||
           array_failed(&p->tiles.hashes) || array_failed(&p->entry_epoch) || array_failed(&p->seq) ||
           array_failed(&p->entry_key) || array_failed(&p->algorithm) || array_failed(&p->signature) ||
           array_failed(&p->body) || array_failed(&p->certificate) || array_failed(&p->via) || array_failed(&p->lane) ||
           array_failed(&p->received_at) || p->frontier.failed;
}

static void parameters_free(struct append_parameters *p)
{
    struct array *const arrays[] = {
        &p->key_no,       &p->key_id,        &p->key_owner,     &p->epoch_no,           &p->epoch_gateway,
        &p->epoch,        &p->epoch_stored,  &p->epoch_through, &p->epoch_through_hash, &p->epoch_disputed,
        &p->entry_epoch,  &p->seq,           &p->entry_key,     &p->algorithm,          &p->signature,
        &p->body,         &p->certificate,   &p->via,           &p->lane,               &p->received_at,
    };
    for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++)
        array_free(arrays[i]);
    tree_tiles_free(&p->tiles);
    buffer_free(&p->frontier);
}

void plan_free(struct plan *plan)
{
    plan_clear(plan);
    free(plan->items);
    free(plan->touched);
    free(plan->lookups);
    array_free(&plan->ask_gateway);
    array_free(&plan->ask_epoch);
    array_free(&plan->ask_number);
    array_free(&plan->ask_seq);
    parameters_free(&plan->parameters);
    *plan = (struct plan){0};
}

/* ---- filling ---- */

static int compare_items(const void *left, const void *right)
{
    const struct arrival *a = ((const struct plan_item *)left)->arrival;
    const struct arrival *b = ((const struct plan_item *)right)->arrival;
    int order = memcmp(a->head.epoch, b->head.epoch, EPOCH_LEN);
    if (order == 0)
        order = strcmp(a->head.gateway, b->head.gateway);
    if (order == 0)
        order = (a->head.seq > b->head.seq) - (a->head.seq < b->head.seq);
    if (order == 0)
        order = memcmp(a->body_hash, b->body_hash, HASH_LEN);
    if (order == 0)
        order = (a->arrived_us > b->arrived_us) - (a->arrived_us < b->arrived_us);
    return order;
}

static bool same_body(const struct arrival *a, const struct arrival *b)
{
    return a->head.seq == b->head.seq && memcmp(a->head.epoch, b->head.epoch, EPOCH_LEN) == 0 &&
           strcmp(a->head.gateway, b->head.gateway) == 0 && memcmp(a->body_hash, b->body_hash, HASH_LEN) == 0;
}

static bool same_epoch(const struct arrival *a, const struct arrival *b)
{
    return memcmp(a->head.epoch, b->head.epoch, EPOCH_LEN) == 0 && strcmp(a->head.gateway, b->head.gateway) == 0;
}

static bool make_room(struct plan *plan, size_t most)
{
    if (plan->room >= most)
        return true;
    struct plan_item *items = realloc(plan->items, most * sizeof *items);
    if (items)
        plan->items = items;
    struct epoch **touched = realloc(plan->touched, most * sizeof *touched);
    if (touched)
        plan->touched = touched;
    if (!items || !touched)
        return false;
    plan->room = plan->touched_room = most;
    return true;
}

static void take_lane(struct plan *plan, struct arrival_list *lane, size_t most, size_t *bytes, size_t most_bytes)
{
    while (lane->first && plan->count < most && (plan->count == 0 || *bytes + lane->first->len <= most_bytes)) {
        struct arrival *arrival = arrival_pop(lane);
        *bytes += arrival->len;
        plan->items[plan->count++] = (struct plan_item){.arrival = arrival};
    }
}

enum outcome plan_fill(struct plan *plan, struct arrival_list lanes[LANES], size_t most, size_t most_bytes,
                       struct why *why)
{
    size_t bytes = 0;
    if (!make_room(plan, most))
        return fail(why, RETRY, "out of memory");
    size_t late_share = most / 4 < lanes[LANE_LATE].count ? most / 4 : lanes[LANE_LATE].count;
    plan->count = plan->lookup_count = plan->touched_count = 0;
    plan->made = false;
    take_lane(plan, &lanes[LANE_LIVE], most - late_share, &bytes, most_bytes - most_bytes / 4);
    take_lane(plan, &lanes[LANE_LATE], most, &bytes, most_bytes);
    qsort(plan->items, plan->count, sizeof *plan->items, compare_items);
    for (size_t i = 1; i < plan->count; i++)
        plan->items[i].repeated = same_body(plan->items[i - 1].arrival, plan->items[i].arrival);
    return DONE;
}

/* ---- what has to be read first ---- */

size_t plan_epochs(struct plan *plan, const struct picture *picture)
{
    array_begin(&plan->ask_gateway, OID_TEXT);
    array_begin(&plan->ask_epoch, OID_BYTEA);
    for (size_t i = 0; i < plan->count; i++) {
        struct plan_item *item = &plan->items[i];
        const struct arrival *arrival = item->arrival;
        bool again = i > 0 && same_epoch(plan->items[i - 1].arrival, arrival);
        item->epoch = again ? plan->items[i - 1].epoch
                            : epoch_find(&picture->epochs, arrival->head.gateway, arrival->head.epoch);
        if (!again && !item->epoch) {
            array_text(&plan->ask_gateway, arrival->head.gateway);
            array_bytes(&plan->ask_epoch, bytes_of(arrival->head.epoch, EPOCH_LEN));
        }
    }
    return plan->ask_gateway.count;
}

enum outcome plan_take_epoch(struct plan *plan, struct picture *picture, struct epoch *read, struct why *why)
{
    enum outcome outcome = epoch_insert(&picture->epochs, read, why);
    if (outcome != DONE)
        return outcome;
    for (size_t i = 0; i < plan->count; i++) {
        const struct body_head *head = &plan->items[i].arrival->head;
        if (!plan->items[i].epoch && memcmp(head->epoch, read->epoch, EPOCH_LEN) == 0 &&
            strcmp(head->gateway, read->gateway) == 0)
            plan->items[i].epoch = read;
    }
    read->planned = true; /* its edges are still to be read */
    return epoch_commit(read, why);
}

static void ask_body(struct plan *plan, const struct epoch *epoch, uint64_t seq)
{
    array_int4(&plan->ask_number, epoch->number);
    array_int8(&plan->ask_seq, (int64_t)seq);
}

size_t plan_edges(struct plan *plan)
{
    array_begin(&plan->ask_number, OID_INT4);
    array_begin(&plan->ask_seq, OID_INT8);
    for (size_t i = 0; i < plan->count; i++) {
        struct epoch *epoch = plan->items[i].epoch;
        if (!epoch || !epoch->planned)
            continue;
        epoch->planned = false;
        for (size_t r = 0; r < epoch->count && !epoch->disputed; r++) {
            const struct epoch_range *range = &epoch->ranges[r];
            if (range->from == 1)
                continue;
            ask_body(plan, epoch, range->from);
            if (range->to != range->from)
                ask_body(plan, epoch, range->to);
        }
    }
    return plan->ask_number.count;
}

static struct epoch *epoch_by_number(const struct plan *plan, int32_t number)
{
    for (size_t i = 0; i < plan->count; i++)
        if (plan->items[i].epoch && plan->items[i].epoch->number == number)
            return plan->items[i].epoch;
    return NULL;
}

void plan_take_edge(struct plan *plan, int32_t epoch_number, struct bytes body)
{
    struct body_head head;
    struct why ignored = {""};
    uint8_t hash[HASH_LEN];
    struct epoch *epoch = epoch_by_number(plan, epoch_number);
    if (!epoch || body_head_read(body, &head, &ignored) != DONE)
        return;
    sha256(body, hash);
    epoch_set_edge(epoch, &head, hash);
    (void)!epoch_commit(epoch, &ignored);
}

static int compare_lookups(const void *left, const void *right)
{
    const struct plan_lookup *a = left;
    const struct plan_lookup *b = right;
    if (a->epoch_number != b->epoch_number)
        return a->epoch_number < b->epoch_number ? -1 : 1;
    return (a->seq > b->seq) - (a->seq < b->seq);
}

size_t plan_lookups(struct plan *plan, const struct picture *picture)
{
    (void)picture;
    array_begin(&plan->ask_number, OID_INT4);
    array_begin(&plan->ask_seq, OID_INT8);
    uint64_t last_seq = 0;
    const struct epoch *last_epoch = NULL;
    for (size_t i = 0; i < plan->count; i++) {
        struct plan_item *item = &plan->items[i];
        const struct arrival *arrival = item->arrival;
        if (!item->epoch || item->repeated)
            continue;
        item->standing = epoch_judge(item->epoch, arrival->head.seq, arrival->body_hash, NULL, 0);
        if (item->standing != BODY_UNDECIDED || (last_epoch == item->epoch && last_seq == arrival->head.seq))
            continue;
        last_epoch = item->epoch;
        last_seq = arrival->head.seq;
        ask_body(plan, item->epoch, arrival->head.seq);
    }
    return plan->ask_number.count;
}

enum outcome plan_take_lookup(struct plan *plan, int32_t epoch_number, uint64_t seq, const uint8_t hash[HASH_LEN],
                              struct why *why)
{
    if (plan->lookup_count == plan->lookup_room) {
        size_t room = plan->lookup_room ? plan->lookup_room * 2 : 256;
        struct plan_lookup *grown = realloc(plan->lookups, room * sizeof *grown);
        if (!grown)
            return fail(why, RETRY, "out of memory");
        plan->lookups = grown;
        plan->lookup_room = room;
    }
    struct plan_lookup *lookup = &plan->lookups[plan->lookup_count++];
    lookup->epoch_number = epoch_number;
    lookup->seq = seq;
    memcpy(lookup->hash, hash, HASH_LEN);
    return DONE;
}

/* Judges a body whose seq is stored already, by what the look-up found there. Without a find the seq was stored by this
 * very batch, with another body. */
static enum standing_of_body judge_by_lookup(const struct plan *plan, const struct plan_item *item)
{
    const struct plan_lookup key = {.epoch_number = item->epoch->number, .seq = item->arrival->head.seq};
    size_t low = 0;
    size_t high = plan->lookup_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare_lookups(&plan->lookups[middle], &key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < plan->lookup_count && compare_lookups(&plan->lookups[low], &key) == 0; low++) {
        epoch_remember(item->epoch, key.seq, plan->lookups[low].hash);
        if (memcmp(plan->lookups[low].hash, item->arrival->body_hash, HASH_LEN) == 0)
            return BODY_DUPLICATE;
    }
    return BODY_FORK;
}

/* ---- making ---- */

static enum outcome find_epoch(struct plan *plan, struct picture *picture, size_t at, struct why *why)
{
    struct plan_item *item = &plan->items[at];
    const struct body_head *head = &item->arrival->head;
    if (!item->epoch)
        item->epoch = epoch_find(&picture->epochs, head->gateway, head->epoch);
    if (!item->epoch) {
        struct epoch *made = epoch_new(picture->next_epoch_number, head->gateway, head->epoch);
        if (!made)
            return fail(why, RETRY, "out of memory");
        if (epoch_insert(&picture->epochs, made, why) != DONE) {
            epoch_free(made);
            return RETRY;
        }
        picture->next_epoch_number++;
        item->epoch = made;
    }
    if (!item->epoch->planned) {
        item->epoch->planned = true;
        plan->touched[plan->touched_count++] = item->epoch;
    }
    return DONE;
}

static enum outcome key_number(struct plan *plan, struct picture *picture, const struct arrival *arrival, int32_t *number,
                               struct why *why)
{
    *number = picture_key(picture, arrival->view.key_id);
    if (*number)
        return DONE;
    *number = picture->next_key_number;
    array_int4(&plan->parameters.key_no, *number);
    array_bytes(&plan->parameters.key_id, bytes_of(arrival->view.key_id, KEY_ID_LEN));
    array_text(&plan->parameters.key_owner, arrival->head.gateway);
    return picture_add_key(picture, arrival->view.key_id, *number, why);
}

static enum outcome store_item(struct plan *plan, struct picture *picture, struct plan_item *item, struct why *why)
{
    struct append_parameters *p = &plan->parameters;
    const struct arrival *arrival = item->arrival;
    int32_t number = 0;
    enum outcome outcome = key_number(plan, picture, arrival, &number, why);
    if (outcome == DONE)
        outcome = epoch_add(item->epoch, &arrival->head, arrival->body_hash, why);
    if (outcome != DONE)
        return outcome;
    tree_append(&picture->tree, arrival->leaf, &p->tiles);
    array_int4(&p->entry_epoch, item->epoch->number);
    array_int8(&p->seq, (int64_t)arrival->head.seq);
    array_int4(&p->entry_key, number);
    array_int2(&p->algorithm, (int16_t)arrival->view.algorithm);
    array_bytes(&p->signature, bytes_of(arrival->view.signature, SIGNATURE_LEN));
    array_bytes(&p->body, arrival->view.body);
    if (arrival->view.certificate.len)
        array_bytes(&p->certificate, arrival->view.certificate);
    else
        array_null(&p->certificate);
    if (arrival->via[0])
        array_text(&p->via, arrival->via);
    else
        array_null(&p->via);
    array_int2(&p->lane, (int16_t)arrival->lane);
    array_time(&p->received_at, arrival->arrived_us);
    return DONE;
}

/* The planned state of each epoch of the batch that changed. */
static void write_epochs(struct plan *plan)
{
    struct append_parameters *p = &plan->parameters;
    scoped_by(buffer_free) struct buffer text = {0};
    for (size_t i = 0; i < plan->touched_count; i++) {
        struct epoch *epoch = plan->touched[i];
        if (!epoch->changed)
            continue;
        epoch->changed = false;
        uint64_t through = epoch_through(epoch);
        buffer_reset(&text);
        epoch_stored_text(epoch, &text);
        array_int4(&p->epoch_no, epoch->number);
        array_text(&p->epoch_gateway, epoch->gateway);
        array_bytes(&p->epoch, bytes_of(epoch->epoch, EPOCH_LEN));
        array_bytes(&p->epoch_stored, buffer_view(&text));
        array_int8(&p->epoch_through, (int64_t)through);
        if (through)
            array_bytes(&p->epoch_through_hash, bytes_of(epoch_through_hash(epoch), HASH_LEN));
        else
            array_null(&p->epoch_through_hash);
        array_bool(&p->epoch_disputed, epoch->disputed);
        if (text.failed)
            p->frontier.failed = true;
    }
}

/* What plan_lookups() found stands: the memory of recent hashes, which this pass itself rolls over, is not asked again.
 * What was new then and has its seq stored now was overtaken by another body in this very batch. */
static enum standing_of_body judge(const struct plan *plan, const struct plan_item *item)
{
    bool stored = epoch_has(item->epoch, item->arrival->head.seq);
#ifdef TEETH_NO_DEDUP
    (void)judge_by_lookup;
    (void)plan;
    return stored ? BODY_FORK : BODY_NEW;
#else
    if (item->repeated)
        return BODY_DUPLICATE;
    if (item->standing == BODY_UNDECIDED)
        return judge_by_lookup(plan, item);
    return item->standing == BODY_NEW && stored ? BODY_FORK : item->standing;
#endif
}

enum outcome plan_make(struct plan *plan, struct picture *picture, struct why *why)
{
    enum outcome outcome = DONE;
    plan->stored = plan->duplicates = plan->forks = 0;
    plan->touched_count = 0;
    plan->old_size = picture->tree.frontier.size;
    memcpy(plan->old_root, picture->root, HASH_LEN);
    parameters_begin(&plan->parameters);
    if (plan->lookup_count)
        qsort(plan->lookups, plan->lookup_count, sizeof *plan->lookups, compare_lookups);
    plan->made = true;
    for (size_t i = 0; i < plan->count && outcome == DONE; i++) {
        struct plan_item *item = &plan->items[i];
        outcome = find_epoch(plan, picture, i, why);
        if (outcome != DONE)
            break;
        item->standing = judge(plan, item);
        if (item->standing == BODY_DUPLICATE) {
            plan->duplicates++;
            continue;
        }
        outcome = store_item(plan, picture, item, why);
        plan->stored++;
        if (item->standing == BODY_FORK)
            plan->forks++;
    }
    write_epochs(plan);
    merkle_root(&picture->tree.frontier, picture->root);
    merkle_frontier_write(&picture->tree.frontier, &plan->parameters.frontier);
    plan->new_size = picture->tree.frontier.size;
    memcpy(plan->new_root, picture->root, HASH_LEN);
    if (outcome == DONE && parameters_failed(&plan->parameters))
        return fail(why, RETRY, "out of memory");
    return outcome;
}

void plan_commit(struct plan *plan, struct picture *picture)
{
    struct why ignored = {""};
    (void)picture;
    for (size_t i = 0; i < plan->touched_count; i++) {
        plan->touched[i]->planned = false;
        (void)!epoch_commit(plan->touched[i], &ignored);
    }
}

void plan_undo(struct plan *plan, struct arrival_list lanes[LANES])
{
    struct arrival_list again[LANES] = {{0}, {0}};
    for (size_t i = 0; i < plan->touched_count; i++)
        plan->touched[i]->planned = false;
    for (size_t i = 0; i < plan->count; i++)
        arrival_push(&again[plan->items[i].arrival->lane], plan->items[i].arrival);
    for (int lane = 0; lane < LANES; lane++) {
        arrival_join(&again[lane], &lanes[lane]);
        lanes[lane] = (struct arrival_list){0};
        arrival_join(&lanes[lane], &again[lane]);
    }
    plan->count = plan->touched_count = plan->lookup_count = 0;
    plan->made = false;
}

void plan_clear(struct plan *plan)
{
    for (size_t i = 0; i < plan->count; i++)
        arrival_free(plan->items[i].arrival);
    plan->count = plan->touched_count = plan->lookup_count = 0;
    plan->made = false;
}
