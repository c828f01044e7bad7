/* Outbox: the durable first-in-first-out of a sender, one SQLite file in WAL mode with synchronous=FULL.
 *
 * Promise: what outbox_* reported DONE for survives a power cut at the next instant (0 of 6,686 rows lost over ten real
 * cuts; NORMAL lost 3,950 of 15,408). Only a receipt that names a body by its hash empties it; a broker's word never does.
 * No seq is ever used twice with different bytes.
 *
 *   samples ──seal──▶ envelopes (epoch, seq, body, signature) ──receipt──▶ receipted ──retention──▶ gone
 *
 * It knows nothing of temperatures: a sample's payload and a body are bytes, and the sealing step is given as a function
 * that is handed seq and previous hash and returns signed bytes.
 *
 * A new epoch begins when the file is new, when the machine's boot id differs from the last one seen (the card may be an
 * older image of itself, and only a boot can bring that about), when the file was damaged (it is set aside, its rows
 * salvaged), and when the high-water mark kept in a second file or a valid receipt shows that it is older than what was
 * already sent. Old epochs' envelopes stay and are sent until receipted.
 *
 * One process at a time: a second open of the same path answers REJECT ("in use by process N").
 * Not thread-safe; calls block for one local commit.
 */
#ifndef COMMON_OUTBOX_H
#define COMMON_OUTBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/bytes.h"

struct outbox; /* opaque */

/* Why the present epoch began; the numbers are the wire's EpochReason. */
enum outbox_epoch_reason { EPOCH_FIRST = 1, EPOCH_BOOT = 2, EPOCH_SALVAGED = 3, EPOCH_REWOUND = 4 };

struct outbox_settings {
    const char *path;            /* the file; FILE.high and FILE.lock stand beside it */
    const char *high_water_path; /* NULL: FILE.high; better on another medium than the card */
    uint8_t boot_id[16];
    int64_t quota_bytes;         /* 0: no bound but the disk's; kept below by the order of sacrifice */
    int64_t retention_ms;        /* how long receipted envelopes are kept after their receipt */
    /* Appends the encoded Item that says "`count` samples between these instants were lost"; it is journaled with the next
     * samples that find room, in the same commit. NULL: losses are only counted. */
    void (*make_lost_item)(void *context, uint64_t count, int64_t from_ms, int64_t until_ms, struct buffer *item);
    void *lost_context;
    /* Fills `out` with random bytes; injected so that tests are repeatable. NULL: the kernel's generator. */
    void (*random)(void *context, uint8_t *out, size_t len);
    void *random_context;
};

struct outbox_epoch {
    uint8_t epoch[16];
    uint8_t previous_epoch[16];
    bool has_previous;
    uint64_t last_certain_seq;       /* of the previous epoch */
    uint8_t last_body_hash[32];
    bool has_last_body_hash;
    enum outbox_epoch_reason reason;
};

struct outbox_sample {
    int64_t id;          /* rises; set by the outbox */
    const char *source;  /* the probe, or "" for items that belong to none */
    int64_t scheduled_ms;
    int32_t value_mc;
    uint32_t quality;    /* wire number */
    bool has_value;
    bool has_up_ms;
    int64_t up_ms;       /* boot time, when the clock was unsynchronised */
    bool thinned;        /* neighbours of it were given up */
    struct bytes item;   /* instead of a reading: one encoded Item (device event, custody event); else len 0 */
};

struct outbox_envelope {
    uint8_t epoch[16];
    uint64_t seq;
    uint8_t body_hash[32];
    struct bytes raw;      /* the encoded Envelope as it goes on the wire; lives during the call */
};

struct outbox_state {
    struct outbox_epoch epoch;
    uint64_t next_seq;
    uint8_t last_body_hash[32]; /* of next_seq - 1; all zero at seq 1 */
    uint64_t samples;           /* unsealed */
    uint64_t unreceipted;       /* envelopes */
    uint64_t receipted_kept;
    uint64_t samples_taken;     /* journaled ever, this file, items counted too */
    uint64_t samples_lost;      /* ever, this file: found no room, or the medium failed */
    uint64_t samples_thinned;   /* ever, this file: given up between others that were kept */
    int64_t oldest_unreceipted_ms; /* sealing time; 0: none */
    int64_t newest_sealed_ms;      /* of the last envelopes kept, receipted or not; 0: none */
    int64_t bytes_used;
    bool read_only;             /* the medium refuses writes */
    bool full;                  /* the quota or the disk refused the last write, or something was given up for it */
};

/* Opens or makes the file, checks it (quick check, hashes of the tail), recovers, begins a new epoch where due.
 * REJECT: in use by another process, or a newer version than this program knows. RETRY: the medium fails. */
MUST_CHECK enum outcome outbox_open(struct outbox **made, const struct outbox_settings *settings, int64_t now_ms,
                                    struct why *why);
void outbox_close(struct outbox **outbox);

void outbox_read_state(const struct outbox *outbox, struct outbox_state *state);

/* Journals samples in one commit; DONE: durable. Room is made, where there is none, by giving up receipted envelopes and
 * then by thinning older samples (`thinned` is set on what stays; of each eight the first, last, least and greatest stay).
 * RETRY: nothing of it is kept (nothing left to give up, read-only, I/O error); the outbox has counted these samples as
 * lost and says so with `make_lost_item` as soon as it can write: the caller forgets them. UNSURE: the medium failed
 * in the middle and cannot be read now; to be treated like RETRY (they are counted as lost, but may turn up). */
MUST_CHECK enum outcome outbox_take(struct outbox *outbox, const struct outbox_sample *samples, size_t count,
                                    int64_t now_ms, struct why *why);

/* As outbox_take, for a caller that has room to hold what is refused: nothing is counted as lost, RETRY and UNSURE leave
 * the samples with the caller, who offers them again (after UNSURE they may then be there twice, which is harmless: a probe
 * has one reading at an instant) or gives them up with outbox_lost. */
MUST_CHECK enum outcome outbox_offer(struct outbox *outbox, const struct outbox_sample *samples, size_t count,
                                     int64_t now_ms, struct why *why);

/* Counts samples that the caller could not hold: told with `make_lost_item` as soon as there is room. */
void outbox_lost(struct outbox *outbox, uint64_t count, int64_t from_ms, int64_t until_ms);

/* The unsealed samples in order of id, at most `most` of them: calls `each` (views live during the call; it returns false
 * to stop, and calls nothing of this outbox). */
MUST_CHECK enum outcome outbox_samples(struct outbox *outbox, size_t most,
                                       bool (*each)(void *context, const struct outbox_sample *sample), void *context,
                                       struct why *why);

/* Seals one body: within one transaction asks `make` for the signed envelope of (epoch, seq, previous hash), stores it,
 * and deletes the samples for which it was made. `make` appends the raw Envelope to `raw` and writes SHA-256 of its body
 * to `body_hash`; it may be asked again when the first commit found no room. Samples deleted and envelope stored are one
 * commit: neither without the other. REJECT (and others) of `make` are handed on, nothing is changed.
 * UNSURE: as for outbox_take; the next call reads from the file what became of it, and no seq is used twice. */
MUST_CHECK enum outcome outbox_seal(struct outbox *outbox, const int64_t *sample_ids, size_t sample_count,
                                    enum outcome (*make)(void *context, const struct outbox_state *state,
                                                         struct buffer *raw, uint8_t body_hash[32], struct why *why),
                                    void *context, int64_t now_ms, struct why *why);

/* Unreceipted envelopes of one epoch by rising seq, from after_seq + 1 on, at most `most`. `each` returns false to stop and
 * calls nothing of this outbox. An epoch this file does not know has none. RETRY also when a row is found damaged: the next
 * call salvages the file. */
MUST_CHECK enum outcome outbox_unreceipted(struct outbox *outbox, const uint8_t epoch[16], uint64_t after_seq, size_t most,
                                           bool (*each)(void *context, const struct outbox_envelope *envelope),
                                           void *context, struct why *why);

/* Epochs that still hold unreceipted envelopes, oldest first; returns how many were written to `out`. */
size_t outbox_open_epochs(struct outbox *outbox, uint8_t (*out)[16], size_t room);

/* Applies a receipt whose signature the caller has checked. Each range counts only if `hash` is that of our own body at
 * its end (bodies are chained, so it then holds for all before it). DONE: applied (marks are durable), `*newly` says how
 * many. REJECT: not ours: an epoch never begun here, or no range with a hash of ours; nothing is changed. A range beyond
 * our highest seq of the present epoch means that this file is an older image of itself: a new epoch begins (DONE,
 * `*rewound` set), and what this file holds stays unreceipted until a range with its own hash comes. */
struct outbox_range {
    uint64_t from, to;
    uint8_t hash[32]; /* of the body at `to` */
};
MUST_CHECK enum outcome outbox_receipt(struct outbox *outbox, const uint8_t epoch[16], const struct outbox_range *ranges,
                                       size_t count, int64_t now_ms, uint64_t *newly, bool *rewound, struct why *why);

/* Takes receipted envelopes back among the unreceipted (the server asked again). DONE: `*again` tells how many were still
 * here. */
MUST_CHECK enum outcome outbox_resend(struct outbox *outbox, const uint8_t epoch[16], uint64_t from, uint64_t to,
                                      uint64_t *again, struct why *why);

/* Deletes receipted envelopes past retention, gives room back, keeps the quota; to be called now and then. */
MUST_CHECK enum outcome outbox_tidy(struct outbox *outbox, int64_t now_ms, struct why *why);

/* Small durable values beside the queue (configuration in force, largest checkpoint, highest certificate serial):
 * one commit each. get: REJECT when there is none. */
MUST_CHECK enum outcome outbox_put(struct outbox *outbox, const char *name, struct bytes value, struct why *why);
MUST_CHECK enum outcome outbox_get(struct outbox *outbox, const char *name, struct buffer *out, struct why *why);

#endif
