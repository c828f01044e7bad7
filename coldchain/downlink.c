/* What comes down and what is carried by hand: receipts, configurations, notices, checkpoints, enrolment.
 * Documented in envelope.h. */
#include "coldchain/envelope.h"

enum { HASH_BYTES = 32, EPOCH_BYTES = 16, KEY_DER_BYTES = 91, DOWN_MOST = BODY_MOST, CHECKPOINT_MOST = 256 };

/* Scan, unpack, and the check that goes over single fields; frees what does not pass. Returns the message, or
 * NULL with the outcome. */
static void *decode_checked(const ProtobufCMessageDescriptor *of, struct bytes raw, size_t most,
                            enum outcome (*check)(const void *message, struct why *why),
                            enum outcome *outcome, struct why *why)
{
    ProtobufCMessage *made = NULL;
    *outcome = wire_decode(of, raw, most, &made, why);
    if (*outcome == DONE)
        *outcome = check(made, why);
    if (*outcome != DONE)
        wire_free(&made);
    return made;
}

static enum outcome check_ranges(const Silsila__V1__Receipt *receipt, struct why *why)
{
    uint64_t end = receipt->through;
    if (receipt->n_above != receipt->n_above_hashes)
        return fail(why, REJECT, "receipt with %zu ranges above and %zu hashes", receipt->n_above,
                    receipt->n_above_hashes);
    for (size_t i = 0; i < receipt->n_above; i++) {
        const Silsila__V1__SeqRange *range = receipt->above[i];
        if (range->from <= end || range->to < range->from || receipt->above_hashes[i].len != HASH_BYTES)
            return fail(why, REJECT, "receipt whose ranges above are out of order or without hash");
        end = range->to;
    }
    for (size_t i = 0; i < receipt->n_resend; i++) {
        const Silsila__V1__ResendRequest *resend = receipt->resend[i];
        if (resend->epoch.len != EPOCH_BYTES || resend->from == 0 || resend->to < resend->from)
            return fail(why, REJECT, "receipt with a resend request out of form");
    }
    return DONE;
}

static enum outcome check_receipt(const void *message, struct why *why)
{
    const Silsila__V1__Receipt *receipt = message;
    if (receipt->origin.len != HASH_BYTES || receipt->epoch.len != EPOCH_BYTES ||
        !sender_id_valid(receipt->gateway))
        return fail(why, REJECT, "receipt without origin, gateway or epoch in form");
    if (receipt->through_hash.len != (receipt->through == 0 ? 0 : HASH_BYTES))
        return fail(why, REJECT, "receipt with a body hash of %zu bytes", receipt->through_hash.len);
    if (receipt->checkpoint && !checkpoint_form_valid(receipt->checkpoint))
        return fail(why, REJECT, "receipt with a checkpoint out of form");
    return check_ranges(receipt, why);
}

enum outcome receipt_decode(struct bytes raw, Silsila__V1__Receipt **receipt, struct why *why)
{
    enum outcome outcome;
    *receipt =
        decode_checked(&silsila__v1__receipt__descriptor, raw, DOWN_MOST, check_receipt, &outcome, why);
    return outcome;
}

static enum outcome check_config(const void *message, struct why *why)
{
    const Silsila__V1__GatewayConfig *config = message;
    if (config->origin.len != HASH_BYTES || !sender_id_valid(config->gateway) || config->version == 0)
        return fail(why, REJECT, "configuration without origin, gateway or version");
    for (size_t i = 0; i < config->n_probes; i++) {
        if (!probe_id_valid(config->probes[i]->probe))
            return fail(why, REJECT, "configuration with a probe name out of form");
    }
    return DONE;
}

enum outcome config_decode(struct bytes raw, Silsila__V1__GatewayConfig **config, struct why *why)
{
    enum outcome outcome;
    *config =
        decode_checked(&silsila__v1__gateway_config__descriptor, raw, DOWN_MOST, check_config, &outcome, why);
    return outcome;
}

static enum outcome check_notice(const void *message, struct why *why)
{
    const Silsila__V1__Notice *notice = message;
    if (notice->origin.len != HASH_BYTES || !sender_id_valid(notice->gateway))
        return fail(why, REJECT, "notice without origin or gateway");
    for (size_t i = 0; i < notice->n_judgements; i++) {
        if (notice->judgements[i]->epoch.len != EPOCH_BYTES)
            return fail(why, REJECT, "notice on a body without an epoch");
    }
    return DONE;
}

enum outcome notice_decode(struct bytes raw, Silsila__V1__Notice **notice, struct why *why)
{
    enum outcome outcome;
    *notice = decode_checked(&silsila__v1__notice__descriptor, raw, DOWN_MOST, check_notice, &outcome, why);
    return outcome;
}

static enum outcome check_checkpoint(const void *message, struct why *why)
{
    const Silsila__V1__CheckpointStatement *statement = message;
    if (statement->origin.len != HASH_BYTES || statement->root.len != HASH_BYTES)
        return fail(why, REJECT, "checkpoint without origin or root");
    return DONE;
}

enum outcome checkpoint_statement_decode(struct bytes raw, Silsila__V1__CheckpointStatement **statement,
                                         struct why *why)
{
    enum outcome outcome;
    *statement = decode_checked(&silsila__v1__checkpoint_statement__descriptor, raw, CHECKPOINT_MOST,
                                check_checkpoint, &outcome, why);
    return outcome;
}

static enum outcome check_request(const void *message, struct why *why)
{
    const Silsila__V1__EnrolmentRequest *request = message;
    if (!sender_id_valid(request->gateway) || request->public_key.len != KEY_DER_BYTES ||
        request->tls_request.len == 0)
        return fail(why, REJECT, "enrolment request without gateway, record key or TLS request");
    return DONE;
}

enum outcome enrolment_request_decode(struct bytes raw, Silsila__V1__EnrolmentRequest **request,
                                      struct why *why)
{
    enum outcome outcome;
    *request = decode_checked(&silsila__v1__enrolment_request__descriptor, raw, DOWN_MOST, check_request,
                              &outcome, why);
    return outcome;
}

static enum outcome check_bundle(const void *message, struct why *why)
{
    const Silsila__V1__EnrolmentBundle *bundle = message;
    if (!sender_id_valid(bundle->gateway) || bundle->origin.len != HASH_BYTES ||
        bundle->authority_key.len != KEY_DER_BYTES || bundle->tls_certificate.len == 0 ||
        bundle->tls_ca.len == 0 || !bundle->server_key)
        return fail(why, REJECT, "enrolment bundle with a part missing");
    return DONE;
}

enum outcome enrolment_bundle_decode(struct bytes raw, Silsila__V1__EnrolmentBundle **bundle, struct why *why)
{
    enum outcome outcome;
    *bundle = decode_checked(&silsila__v1__enrolment_bundle__descriptor, raw, DOWN_MOST, check_bundle,
                             &outcome, why);
    return outcome;
}
