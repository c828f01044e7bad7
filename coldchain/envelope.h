/* Envelope codec: the one place that turns bodies, envelopes, receipts and the like into bytes and back.
 *
 * Pure: bytes in, structs out. What was signed is never encoded again: callers keep the raw bytes. Encoding is by
 * protobuf-c; decoding is bounded before it allocates by a scan of the raw bytes (coldchain/wire.h says what it refuses).
 * What an item is worth is not asked here: a temperature below absolute zero, a year 2106, an unknown kind of event pass
 * through as they were said, and are judged item by item.
 *
 * Limits (contract): an envelope at most 64 KiB, 500 lots an event, 4096 items a body, 20,000 readings a block, ids of
 * gateways [a-z0-9][a-z0-9-]{2,31}, probes 1 to 64 printable ASCII without space.
 */
#ifndef COLDCHAIN_ENVELOPE_H
#define COLDCHAIN_ENVELOPE_H

#include <stdbool.h>
#include <stdint.h>

#include "coldchain/wire.h"
#include "common/bytes.h"
#include "schema/body.pb-c.h"
#include "schema/envelope.pb-c.h"
#include "schema/receipt.pb-c.h"

enum { ENVELOPE_MOST = 65536, BODY_MOST = 65536 - 512, LOTS_MOST = 500, ITEMS_MOST = 4096, READINGS_MOST = 20000 };

/* Why a body is not taken as it stands: these are the judgement codes of malformed and unsupported bodies. */
enum body_flaw { BODY_SOUND = 0, BODY_MALFORMED, BODY_UNSUPPORTED };

/* An envelope taken apart without copying: all views point into the bytes given. */
struct envelope_view {
    struct bytes body;
    const uint8_t *key_id;    /* 32 bytes */
    const uint8_t *signature; /* 64 bytes */
    uint32_t algorithm;
    struct bytes certificate; /* raw KeyCertificate, len 0: none */
};

/* What append needs of a body, read by a scan without allocating: the sender, its place in its chain. */
struct body_head {
    uint32_t version;
    char gateway[33];
    uint8_t epoch[16];
    uint64_t seq;
    bool has_previous;
    uint8_t previous[32];
};

/* REJECT unless the bytes are exactly one well-formed Envelope within the limits, of an algorithm known here (there is no
 * checking the signature of another). Does not look into the body. */
MUST_CHECK enum outcome envelope_open(struct bytes raw, struct envelope_view *view, struct why *why);

/* Appends the encoded Envelope (or Signed: the same five fields) to `out`. */
MUST_CHECK enum outcome envelope_seal(struct bytes body, const uint8_t key_id[32], const uint8_t signature[64],
                                      struct bytes certificate, struct buffer *out, struct why *why);

/* The head of a body; REJECT when gateway, epoch or seq is missing or out of form, so that it has no place in any chain
 * (such an envelope is counted with the unauthenticated: it names no sender whose key could have signed it). Reads as far
 * as the bytes go and no further than the five head fields: a body that is cut short behind them, or of a later version,
 * still has its place. Of a field given twice the first counts; body_decode then refuses the body. */
MUST_CHECK enum outcome body_head_read(struct bytes body, struct body_head *head, struct why *why);

/* Decodes a whole body for the fold. `*flaw` says which judgement a REJECT is: malformed or unsupported version.
 * A body that comes back has its head in form, `previous` exactly when seq > 1, `epoch_start` exactly when seq is 1, a
 * clock, hashes and ids of their lengths, and no block of more than READINGS_MOST readings, `count` included.
 * RETRY: no memory. Free with body_free. */
MUST_CHECK enum outcome body_decode(struct bytes raw, Silsila__V1__Body **body, enum body_flaw *flaw, struct why *why);
void body_free(Silsila__V1__Body **body);
/* Appends the encoded body; REJECT when it is over BODY_MOST or breaks a limit above. */
MUST_CHECK enum outcome body_encode(const Silsila__V1__Body *body, struct buffer *out, struct why *why);

/* The payloads that come down, and the files of an enrolment. REJECT: not well-formed or out of its limits; RETRY: no
 * memory. Free with the message's own …__free_unpacked(message, NULL). Encode with wire_encode(&message->base, …).
 * A receipt that comes back has hashes of 32 bytes, one for each range above, ranges in order and beyond `through`. */
MUST_CHECK enum outcome receipt_decode(struct bytes raw, Silsila__V1__Receipt **receipt, struct why *why);
MUST_CHECK enum outcome config_decode(struct bytes raw, Silsila__V1__GatewayConfig **config, struct why *why);
MUST_CHECK enum outcome notice_decode(struct bytes raw, Silsila__V1__Notice **notice, struct why *why);
MUST_CHECK enum outcome checkpoint_statement_decode(struct bytes raw, Silsila__V1__CheckpointStatement **statement,
                                                    struct why *why);
MUST_CHECK enum outcome enrolment_request_decode(struct bytes raw, Silsila__V1__EnrolmentRequest **request,
                                                 struct why *why);
MUST_CHECK enum outcome enrolment_bundle_decode(struct bytes raw, Silsila__V1__EnrolmentBundle **bundle, struct why *why);

/* Temperature blocks: deltas <-> values. */
/* Writes absolute values into `out` (room for block->n_values); false when a sum leaves the range of int32. */
MUST_CHECK bool block_values(const Silsila__V1__TemperatureBlock *block, int32_t *out);
/* The inverse, in place: absolute values become first value and deltas; false when a delta leaves int32. */
MUST_CHECK bool block_deltas(int32_t *values, size_t count);

/* True for [a-z0-9][a-z0-9-]{2,31}: gateways, bridges, desks, admins, servers. */
bool sender_id_valid(const char *id);
/* True for 1 to 64 printable ASCII characters without space. */
bool probe_id_valid(const char *id);
/* A checkpoint as others carry it: statement, key id of 32 bytes, signature of 64. */
bool checkpoint_form_valid(const Silsila__V1__Checkpoint *checkpoint);

#endif
