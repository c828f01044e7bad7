/* An outbox on a scratch folder, for the outbox's own tests: opens, takes, seals and receipts with plain numbers.
 * A "body" here is the text "body <epoch hex> <seq>"; its hash is the outbox's row hash four times over, which is enough
 * to tell bodies apart. Folders are made under TMPDIR and removed by scratch_remove(). */
#ifndef TESTS_HELPERS_OUTBOX_BENCH_H
#define TESTS_HELPERS_OUTBOX_BENCH_H

#include "common/outbox.h"

struct scratch {
    char folder[128];
    char path[160];
    struct outbox_settings settings;
};

/* A new folder; the path of an outbox in it that does not exist yet; boot id all 1. */
void scratch_make(struct scratch *s);
void scratch_remove(struct scratch *s);
/* Names of files in the folder: "outbox.db.damaged" and so on. */
bool scratch_has(const struct scratch *s, const char *suffix);

/* Takes `count` readings of probe `source`, one a minute from `first_ms`, values rising from 0. */
MUST_CHECK enum outcome take_readings(struct outbox *o, const char *source, int64_t first_ms, int count, struct why *why);
/* Seals all unsealed samples into one body. */
MUST_CHECK enum outcome seal_all(struct outbox *o, int64_t now_ms, struct why *why);
/* The hash that seal_all gave to that body. */
void hash_of_body(const uint8_t epoch[16], uint64_t seq, uint8_t hash[32]);
/* A right receipt for seq 1 to `through` of that epoch. */
MUST_CHECK enum outcome receipt_through(struct outbox *o, const uint8_t epoch[16], uint64_t through, int64_t now_ms,
                                        uint64_t *newly, bool *rewound, struct why *why);
/* Unreceipted envelopes of an epoch, counted by reading them. */
uint64_t count_open(struct outbox *o, const uint8_t epoch[16]);

#endif
