/* Wire: the strict reader under every decoder of ours.
 *
 * protobuf-c accepts what it later refuses to encode (field number 0), keeps the last of two singular fields,
 * cuts numbers that are too large and strings at a NUL, and allocates as it goes. So raw bytes are scanned
 * against the message's descriptor first, without allocating, and only what passes is unpacked. Refused are:
 * numbers longer than they need be or too large for their field, field number 0 and fields unknown to this
 * version, a wire type that is not the field's, singular fields and oneofs given twice, strings that are not
 * UTF-8 or hold a NUL, more repetitions than a field may have, messages nested deeper than 6 or in themselves
 * more than once, lengths beyond the end.
 *
 * Accepted in either form, as protobuf demands: fields in any order, repeated numbers packed or one by one.
 * An enum's number may be unknown: what it stands in is then judged by itself. Pure; allocates only in
 * wire_decode and in the caller's buffer.
 */
#ifndef COLDCHAIN_WIRE_H
#define COLDCHAIN_WIRE_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/bytes.h"

enum { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_LENGTH = 2, WIRE_FIXED32 = 5, WIRE_DEPTH_MOST = 6 };

/* One field as it stands in the bytes. */
struct wire_field {
    uint32_t number;
    unsigned type;     /* WIRE_… */
    uint64_t value;    /* of all types but WIRE_LENGTH */
    struct bytes data; /* of WIRE_LENGTH: a view into the message */
};

/* Takes the next field off the front of `rest`. False at the end or at what is not a field: `rest` is empty
 * in the first case only, and unchanged in the second. */
bool wire_next(struct bytes *rest, struct wire_field *field);

/* REJECT, saying what and in which message, unless `raw` is one message of type `of` by the rules above. */
MUST_CHECK enum outcome wire_scan(const ProtobufCMessageDescriptor *of, struct bytes raw, struct why *why);

/* Scans, then unpacks. REJECT also for more than `most` bytes; RETRY: no memory. Free with wire_free or with
 * the message's own …__free_unpacked(message, NULL). */
MUST_CHECK enum outcome wire_decode(const ProtobufCMessageDescriptor *of, struct bytes raw, size_t most,
                                    ProtobufCMessage **made, struct why *why);
void wire_free(ProtobufCMessage **message);

/* Appends the encoded message, then scans what was written. REJECT: over `most` bytes, or something that no
 * reader of ours would take; RETRY: no memory. `out` is as before then. */
MUST_CHECK enum outcome wire_encode(const ProtobufCMessage *message, size_t most, struct buffer *out,
                                    struct why *why);

/* Strict UTF-8 (RFC 3629: shortest form, no surrogates, at most U+10FFFF) without U+0000. */
bool utf8_valid(struct bytes text);

#endif
