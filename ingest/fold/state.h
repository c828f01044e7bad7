/* State of the fold, shared by the files of this folder and nobody else. */
#ifndef INGEST_FOLD_STATE_H
#define INGEST_FOLD_STATE_H

#include "coldchain/envelope.h"
#include "common/cleanup.h"
#include "common/keys.h"
#include "ingest/fold/blocks.h"
#include "ingest/fold/chain.h"
#include "ingest/fold/fold.h"
#include "ingest/fold/fork.h"
#include "ingest/fold/rows.h"
#include "ingest/fold/sql.h"

/* Tables written by COPY; the statements are in write.c in this order. */
enum fold_table {
    TABLE_BLOCK,
    TABLE_BLOCK_UNTIMED,
    TABLE_DEVICE_EVENT,
    TABLE_CLOCK_SYNC,
    TABLE_JUDGEMENT,
    TABLE_KEY,
    TABLE_KEY_REVOCATION,
    TABLE_SITE,
    TABLE_EQUIPMENT,
    TABLE_PRODUCT,
    TABLE_PLACEMENT,
    TABLE_CALIBRATION,
    TABLE_POLICY,
    TABLE_PERSON,
    TABLE_SWAP,
    TABLE_BRANCH,
    TABLE_FORK,
    FOLD_TABLES
};

/* A growing array of small things; see list_add in state.c. */
struct list {
    void *items;
    size_t count, room, size;
};

struct sender_key {
    uint8_t key_id[32];
    Silsila__V1__KeyKind kind;
    bool known;
};

struct fold_probe {
    char gateway[33];
    char probe[65];
    int32_t probe_no;
    bool end_known;
    int64_t end_ms; /* latest instant of any block of it; INT64_MIN: none */
    bool overlaps;
};

/* Time range of one probe in which readings may name the same instants. */
struct overlap {
    int32_t probe_no;
    int64_t from_ms, to_ms;
};

struct boot_key {
    char sender[33];
    uint8_t boot[16];
};

struct note {
    char sender[33];
    uint8_t epoch[16];
    int64_t seq;
    int32_t item;
    char code[24];
    char text[200];
};

struct name {
    char id[65];
};

struct fold_entry {
    int64_t position;
    int64_t seq;
    int32_t epoch_no;
    int32_t key_no;
    struct bytes body;
    struct bytes certificate;
    uint8_t body_hash[32];
};

/* What the effects of one body are folded with. */
struct folding {
    const struct fold_entry *entry;
    struct chain *chain;
    const Silsila__V1__Body *body;
    enum standing standing;
    Silsila__V1__KeyKind kind;
    bool fresh;      /* folded for the first time: its judgements are announced */
    bool in_fork;    /* its rows carry the body hash, to tell branches apart */
    int64_t sealed_ms;
    bool synchronised;
};

struct fold {
    struct fold_settings settings;
    PGconn *conn;
    struct sql_trouble trouble;
    int64_t position, incarnation, announced;
    bool cursor_known;

    struct chain **chains; /* by epoch_no */
    size_t chain_room;
    struct list keys;      /* struct sender_key, by key_no */
    struct list probes;    /* struct fold_probe */
    int32_t *probe_slots;  /* open addressing over probes */
    size_t probe_slot_count;
    struct list months;    /* int: partitions known to exist */
    struct list tracked;   /* struct boot_key: boots with unsynchronised content */
    struct list revoked;   /* struct name: owners with a revocation */
    struct list new_keys;  /* struct sender_key: registered by envelopes folded in this run */
    bool lists_loaded;

    /* One batch. */
    struct rows rows[FOLD_TABLES];
    struct list overlaps;        /* struct overlap */
    struct list again;           /* int32_t: epochs to fold again */
    size_t again_at;             /* index of the one at work */
    struct list repairs;         /* struct boot_key */
    struct list collect;         /* struct boot_key: newly tracked */
    struct list stale;           /* int32_t: epochs whose body at `through` must be read for the watermark */
    struct list notes;           /* struct note */
    struct list revoked_now;     /* struct name: owners with a revocation in this batch */
    struct list configs;         /* struct name: gateways whose configuration may have changed */
    bool all_configs;
    bool keys_changed, outgoing_added;
    const bool *skip_items;      /* of the single envelope being folded item by item; NULL: none */
    size_t skip_count;
    int64_t errors;
};

/* state.c */
MUST_CHECK bool list_add(struct list *list, const void *item, size_t size);
void list_clear(struct list *list);
void list_free(struct list *list);
MUST_CHECK bool list_has(const struct list *list, const void *item, size_t size);
void fold_forget(struct fold *fold);      /* drops all that is remembered: it is read again from the tables */
void fold_batch_clear(struct fold *fold); /* drops rows and marks of the batch */

/* load.c: what the tables hold. Each RETRY leaves trouble noted. */
MUST_CHECK enum outcome load_chain(struct fold *fold, int32_t epoch_no, struct chain **chain, struct why *why);
MUST_CHECK enum outcome load_sender_chains(struct fold *fold, const char *sender, struct chain ***chains, size_t *count,
                                           struct why *why);
MUST_CHECK enum outcome load_key(struct fold *fold, const struct fold_entry *entry, struct sender_key **key,
                                 struct why *why);
MUST_CHECK enum outcome load_probe(struct fold *fold, const char *gateway, const char *probe, struct fold_probe **found,
                                   struct why *why);
MUST_CHECK enum outcome load_lists(struct fold *fold, struct why *why);

/* admit.c: one body into its chain, then its effects. */
MUST_CHECK enum outcome fold_admit(struct fold *fold, struct fold_entry *entry, struct why *why);
MUST_CHECK enum outcome fold_effects(struct fold *fold, struct fold_entry *entry, struct chain *chain,
                                     enum standing standing, bool fresh, struct why *why);
/* The links of an epoch to the one before it, from its first body: structure, not evidence, because what is evidence (standing
 * under a revoked key, the order of register entries) hangs on it. Does nothing for any other body. */
MUST_CHECK enum outcome fold_first_body(struct fold *fold, const struct fold_entry *entry, struct chain *chain,
                                        struct why *why);
/* Whether a revocation of its key still trusts this body: STANDING_COUNTS or STANDING_KEY_REVOKED. */
MUST_CHECK enum outcome fold_standing(struct fold *fold, const struct fold_entry *entry, const struct chain *chain,
                                      enum standing *standing, struct why *why);
MUST_CHECK enum outcome fold_mark_owner_again(struct fold *fold, const char *owner, struct why *why);
MUST_CHECK enum outcome fold_mark_again(struct fold *fold, int32_t epoch_no, struct why *why);

/* items.c, registers.c: effects of one item. */
MUST_CHECK enum outcome fold_temperature(struct fold *fold, struct folding *with,
                                         const Silsila__V1__TemperatureBlock *block, int32_t item, struct why *why);
MUST_CHECK enum outcome fold_device(struct fold *fold, struct folding *with, const Silsila__V1__DeviceEvent *event,
                                    int32_t item, struct why *why);
MUST_CHECK enum outcome fold_register(struct fold *fold, struct folding *with, const Silsila__V1__Register *entry,
                                      int32_t item, struct why *why);
MUST_CHECK enum outcome fold_decision(struct fold *fold, struct folding *with, const Silsila__V1__Decision *decision,
                                      int32_t item, struct why *why);
MUST_CHECK enum outcome fold_piece(struct fold *fold, const struct block_piece *piece, const struct fold_probe *probe,
                                   const struct folding *with, const Silsila__V1__TemperatureBlock *block, int32_t item,
                                   bool repaired, int64_t piece_up_ms, struct why *why);
void fold_judge(struct fold *fold, const struct folding *with, int32_t item, const char *code, const char *format, ...)
    PRINTF_LIKE(5, 6);

/* write.c */
MUST_CHECK enum outcome fold_flush(struct fold *fold, struct why *why);
MUST_CHECK enum outcome fold_write_chains(struct fold *fold, struct why *why);
MUST_CHECK enum outcome fold_delete_epoch(struct fold *fold, const struct chain *chain, struct why *why);
MUST_CHECK enum outcome fold_ensure_month(struct fold *fold, int64_t t_ms, struct why *why);

/* again.c, repair.c, overlap.c: what late facts change. */
MUST_CHECK enum outcome fold_again(struct fold *fold, int64_t before_position, struct why *why);
MUST_CHECK enum outcome fold_repairs(struct fold *fold, int64_t before_position, struct why *why);
MUST_CHECK enum outcome fold_track_boot(struct fold *fold, const char *sender, const uint8_t boot[16], struct why *why);
bool fold_boot_tracked(const struct fold *fold, const char *sender, const uint8_t boot[16]);
MUST_CHECK enum outcome fold_watermarks(struct fold *fold, struct why *why);
MUST_CHECK enum outcome fold_overlaps(struct fold *fold, struct why *why);

/* outgoing.c */
MUST_CHECK enum outcome fold_issue_configs(struct fold *fold, struct why *why);
MUST_CHECK enum outcome fold_send_notices(struct fold *fold, struct why *why);

#endif
