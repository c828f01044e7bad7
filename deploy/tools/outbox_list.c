/* silsila-outbox-list: shows what an outbox file holds, one line a reading, and changes nothing.
 *
 *     silsila-outbox-list FILE            probe,time_ms,value_mc,quality,place,state     (value_mc empty: no value)
 *     silsila-outbox-list --envelopes FILE    place,body_hash,state
 *     silsila-outbox-list --count FILE    readings=N receipted=N unreceipted=N unsealed=N lost=N
 *
 * `place` is EPOCH:SEQ of the body a reading is sealed in, empty while it is not sealed; `state` is receipted, unreceipted or
 * unsealed. `lost` are the samples that were given up for want of room, as the outbox itself counts them. For technicians,
 * and for tests that hold the ledger against what was taken. Reads SQLite's tables directly: the outbox's own functions
 * would take its lock and begin an epoch.
 */
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coldchain/envelope.h"
#include "common/bytes.h"
#include "common/cleanup.h"
#include "common/keys.h"

enum { EXIT_USAGE = 2 };

struct counts {
    uint64_t receipted, unreceipted, unsealed, lost;
};

enum mode { MODE_READINGS, MODE_ENVELOPES, MODE_COUNT };

struct listing {
    sqlite3 *db;
    enum mode mode;
    struct counts counts;
    struct why why;
};

static void print_reading(const struct listing *list, const char *probe, int64_t at_ms, const int32_t *value_mc,
                          unsigned quality, const char *place, const char *state)
{
    if (list->mode != MODE_READINGS)
        return;
    (void)printf("%s,%" PRId64 ",", probe, at_ms);
    if (value_mc)
        (void)printf("%" PRId32, *value_mc);
    (void)printf(",%u,%s,%s\n", quality, place, state);
}

static enum outcome list_block(struct listing *list, const Silsila__V1__TemperatureBlock *block, const char *place,
                               bool receipted)
{
    size_t count = block->n_values ? block->n_values : block->count;
    uint64_t *counter = receipted ? &list->counts.receipted : &list->counts.unreceipted;
    scoped_by(cleanup_free) int32_t *values = calloc(count ? count : 1, sizeof *values);
    if (!values)
        return fail(&list->why, RETRY, "out of memory");
    if (block->n_values && !block_values(block, values))
        return fail(&list->why, REJECT, "%s: a block's values leave their range", place);
    for (size_t i = 0; i < count; i++)
        print_reading(list, block->probe, block->t0_ms + (int64_t)i * block->step_ms, block->n_values ? &values[i] : NULL,
                      (unsigned)block->quality, place, receipted ? "receipted" : "unreceipted");
    *counter += count;
    return DONE;
}

static void print_envelope(const struct listing *list, const char *place, struct bytes body, bool receipted)
{
    uint8_t hash[HASH_LEN];
    char hex[2 * HASH_LEN + 1];
    if (list->mode != MODE_ENVELOPES)
        return;
    sha256(body, hash);
    bytes_to_hex(bytes_of(hash, sizeof hash), hex);
    (void)printf("%s,%s,%s\n", place, hex, receipted ? "receipted" : "unreceipted");
}

static enum outcome list_envelope(struct listing *list, struct bytes raw, bool receipted)
{
    struct envelope_view view;
    char place[2 * 16 + 24], epoch[33];
    enum body_flaw flaw;
    scoped_by(body_free) Silsila__V1__Body *body = NULL;
    enum outcome result = envelope_open(raw, &view, &list->why);
    if (result == DONE)
        result = body_decode(view.body, &body, &flaw, &list->why);
    if (result != DONE)
        return result;
    bytes_to_hex(bytes_of(body->epoch.data, body->epoch.len), epoch);
    (void)snprintf(place, sizeof place, "%s:%" PRIu64, epoch, body->seq);
    print_envelope(list, place, view.body, receipted);
    for (size_t i = 0; result == DONE && i < body->n_items; i++)
        if (body->items[i]->kind_case == SILSILA__V1__ITEM__KIND_TEMPERATURE)
            result = list_block(list, body->items[i]->temperature, place, receipted);
    return result;
}

static enum outcome list_envelopes(struct listing *list)
{
    sqlite3_stmt *rows = NULL;
    enum outcome result = DONE;
    int code = sqlite3_prepare_v2(list->db, "SELECT raw, receipted_ms IS NOT NULL FROM envelope ORDER BY epoch_no, seq", -1,
                                  &rows, NULL);
    while (code == SQLITE_OK && result == DONE && (code = sqlite3_step(rows)) == SQLITE_ROW) {
        struct bytes raw = bytes_of(sqlite3_column_blob(rows, 0), (size_t)sqlite3_column_bytes(rows, 0));
        result = list_envelope(list, raw, sqlite3_column_int(rows, 1) != 0);
        code = SQLITE_OK;
    }
    (void)sqlite3_finalize(rows);
    if (result == DONE && code != SQLITE_DONE)
        return fail(&list->why, RETRY, "envelopes: %s", sqlite3_errmsg(list->db));
    return result;
}

static enum outcome list_samples(struct listing *list)
{
    sqlite3_stmt *rows = NULL;
    int code = sqlite3_prepare_v2(
        list->db, "SELECT source, scheduled_ms, value_mc, quality FROM sample WHERE item IS NULL OR length(item)=0 ORDER BY id",
        -1, &rows, NULL);
    while (code == SQLITE_OK && (code = sqlite3_step(rows)) == SQLITE_ROW) {
        int32_t value = sqlite3_column_int(rows, 2);
        print_reading(list, (const char *)sqlite3_column_text(rows, 0), sqlite3_column_int64(rows, 1),
                      sqlite3_column_type(rows, 2) == SQLITE_NULL ? NULL : &value, (unsigned)sqlite3_column_int(rows, 3), "",
                      "unsealed");
        list->counts.unsealed++;
        code = SQLITE_OK;
    }
    (void)sqlite3_finalize(rows);
    return code == SQLITE_DONE ? DONE : fail(&list->why, RETRY, "samples: %s", sqlite3_errmsg(list->db));
}

static enum outcome read_lost(struct listing *list)
{
    sqlite3_stmt *row = NULL;
    int code = sqlite3_prepare_v2(list->db, "SELECT samples_lost FROM state", -1, &row, NULL);
    if (code == SQLITE_OK && sqlite3_step(row) == SQLITE_ROW)
        list->counts.lost = (uint64_t)sqlite3_column_int64(row, 0);
    (void)sqlite3_finalize(row);
    return code == SQLITE_OK ? DONE : fail(&list->why, RETRY, "state: %s", sqlite3_errmsg(list->db));
}

static enum outcome list_file(struct listing *list, const char *path)
{
    if (sqlite3_open_v2(path, &list->db, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK)
        return fail(&list->why, RETRY, "cannot open: %s", sqlite3_errmsg(list->db));
    (void)sqlite3_busy_timeout(list->db, 5000);
    enum outcome result = list_envelopes(list);
    if (result == DONE)
        result = list_samples(list);
    return result == DONE ? read_lost(list) : result;
}

static bool read_arguments(int argc, char **argv, struct listing *list)
{
    if (argc == 3 && strcmp(argv[1], "--count") == 0)
        list->mode = MODE_COUNT;
    else if (argc == 3 && strcmp(argv[1], "--envelopes") == 0)
        list->mode = MODE_ENVELOPES;
    else if (argc != 2)
        return false;
    return argv[argc - 1][0] != '-';
}

static void print_counts(const struct counts *counts)
{
    (void)printf("readings=%" PRIu64 " receipted=%" PRIu64 " unreceipted=%" PRIu64 " unsealed=%" PRIu64 " lost=%" PRIu64 "\n",
                 counts->receipted + counts->unreceipted + counts->unsealed, counts->receipted, counts->unreceipted,
                 counts->unsealed, counts->lost);
}

int main(int argc, char **argv)
{
    struct listing list = {.mode = MODE_READINGS};
    if (!read_arguments(argc, argv, &list)) {
        (void)fprintf(stderr, "usage: silsila-outbox-list [--count | --envelopes] FILE\n");
        return EXIT_USAGE;
    }
    enum outcome result = list_file(&list, argv[argc - 1]);
    (void)sqlite3_close(list.db);
    if (result != DONE) {
        (void)fprintf(stderr, "silsila-outbox-list: %s: %s\n", argv[argc - 1], list.why.text);
        return EXIT_FAILURE;
    }
    if (list.mode == MODE_COUNT)
        print_counts(&list.counts);
    return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
