#include "tests/golden/sample.h"

#include <string.h>

#include "common/cleanup.h"

static uint8_t epoch[16] = {0xe0, 0xe1, 0xe2, 0xe3, 0xe4, 0xe5, 0xe6, 0xe7,
                            0xe8, 0xe9, 0xea, 0xeb, 0xec, 0xed, 0xee, 0xef};
static uint8_t boot_id[16] = {0xb0, 0xb1, 0xb2, 0xb3, 0xb4, 0xb5, 0xb6, 0xb7,
                              0xb8, 0xb9, 0xba, 0xbb, 0xbc, 0xbd, 0xbe, 0xbf};

static void fill_frame(Silsila__V1__Body *body, Silsila__V1__EpochStart *start,
                       Silsila__V1__ClockState *clock, uint64_t seq, uint8_t *previous)
{
    silsila__v1__body__init(body);
    silsila__v1__epoch_start__init(start);
    silsila__v1__clock_state__init(clock);
    body->version = 1;
    body->epoch = (ProtobufCBinaryData){16, epoch};
    body->seq = seq;
    body->clock = clock;
    clock->wall_ms = 1700000000000 + 900000 * (int64_t)seq;
    clock->boot_id = (ProtobufCBinaryData){16, boot_id};
    clock->boot_ms = 86400000 + 900000 * (int64_t)seq;
    clock->synchronised = 1;
    clock->error_ms = 25;
    start->reason = SILSILA__V1__EPOCH_REASON__EPOCH_REASON_FIRST;
    if (seq == 1)
        body->epoch_start = start;
    else
        body->previous = (ProtobufCBinaryData){HASH_LEN, previous};
}

enum outcome golden_body(uint64_t seq, const uint8_t previous[HASH_LEN], struct buffer *out, struct why *why)
{
    static char gateway[] = "gw-golden", probe[] = "28-0000075c1f3b", faulty[] = "pt100-2",
                text[] = "quality crc_error";
    int32_t values[] = {-30125, -30062, -29937, -31000, 4000};
    uint8_t hash[HASH_LEN] = {0};
    Silsila__V1__Body body;
    Silsila__V1__EpochStart start;
    Silsila__V1__ClockState clock;
    Silsila__V1__TemperatureBlock block = SILSILA__V1__TEMPERATURE_BLOCK__INIT,
                                  gap = SILSILA__V1__TEMPERATURE_BLOCK__INIT;
    Silsila__V1__DeviceEvent event = SILSILA__V1__DEVICE_EVENT__INIT;
    Silsila__V1__Item items[3] = {SILSILA__V1__ITEM__INIT, SILSILA__V1__ITEM__INIT, SILSILA__V1__ITEM__INIT};
    Silsila__V1__Item *list[3] = {&items[0], &items[1], &items[2]};
    if (previous)
        memcpy(hash, previous, HASH_LEN);
    if (!block_deltas(values, 5))
        return fail(why, REJECT, "deltas");
    block.probe = probe;
    block.t0_ms = 1700000000000 + 900000 * (int64_t)seq;
    block.step_ms = 60000;
    block.values = values;
    block.n_values = 5;
    gap.probe = faulty;
    gap.t0_ms = block.t0_ms;
    gap.step_ms = 60000;
    gap.quality = SILSILA__V1__QUALITY__QUALITY_CRC_ERROR;
    gap.count = 5;
    event.type = SILSILA__V1__DEVICE_EVENT_TYPE__PROBE_FAULTY;
    event.at_ms = gap.t0_ms;
    event.probe = faulty;
    event.text = text;
    items[0].kind_case = items[1].kind_case = SILSILA__V1__ITEM__KIND_TEMPERATURE;
    items[0].temperature = &block;
    items[1].temperature = &gap;
    items[2].kind_case = SILSILA__V1__ITEM__KIND_DEVICE;
    items[2].device = &event;
    fill_frame(&body, &start, &clock, seq, hash);
    body.gateway = gateway;
    body.config_version = 3;
    body.items = list;
    body.n_items = 3;
    return body_encode(&body, out, why);
}

enum outcome golden_register(struct buffer *out, struct why *why)
{
    static char admin[] = "admin", id[] = "rabat-crts",
                name[] = "مركز تحاقن الدم بالرباط · Centre de transfusion", region[] = "Rabat-Salé-Kénitra";
    Silsila__V1__Body body;
    Silsila__V1__EpochStart start;
    Silsila__V1__ClockState clock;
    Silsila__V1__Site site = SILSILA__V1__SITE__INIT;
    Silsila__V1__Register entry = SILSILA__V1__REGISTER__INIT;
    Silsila__V1__Item item = SILSILA__V1__ITEM__INIT, *items[] = {&item};
    site.id = id;
    site.name = name;
    site.own = 1;
    site.region = region;
    entry.valid_from_ms = 1699999999999;
    entry.entry_case = SILSILA__V1__REGISTER__ENTRY_SITE;
    entry.site = &site;
    item.kind_case = SILSILA__V1__ITEM__KIND_REGISTER;
    item.register_ = &entry;
    fill_frame(&body, &start, &clock, 1, NULL);
    body.gateway = admin;
    body.items = items;
    body.n_items = 1;
    return body_encode(&body, out, why);
}

static enum outcome fill_checkpoint(const struct key_private *server, struct buffer *statement,
                                    uint8_t id[KEY_ID_LEN], uint8_t signature[SIGNATURE_LEN], struct why *why)
{
    uint8_t root[HASH_LEN], origin[ORIGIN_LEN];
    Silsila__V1__CheckpointStatement said = SILSILA__V1__CHECKPOINT_STATEMENT__INIT;
    sha256(bytes_of("", 0), root);
    memcpy(origin, golden_origin, ORIGIN_LEN);
    said.origin = (ProtobufCBinaryData){ORIGIN_LEN, origin};
    said.generation = 1;
    said.size = 2;
    said.root = (ProtobufCBinaryData){HASH_LEN, root};
    said.at_ms = 1700001800123;
    memset(id, 0, KEY_ID_LEN);
    memset(signature, 0, SIGNATURE_LEN);
    enum outcome outcome = wire_encode(&said.base, 256, statement, why);
    if (outcome != DONE || !server)
        return outcome;
    key_private_id(server, id);
    return key_sign(server, PURPOSE_CHECKPOINT, golden_origin, buffer_view(statement), signature, why);
}

enum outcome golden_receipt(const uint8_t through_hash[HASH_LEN], const struct key_private *server,
                            struct buffer *out, struct why *why)
{
    static char gateway[] = "gw-golden";
    uint8_t origin[ORIGIN_LEN], hash[HASH_LEN], id[KEY_ID_LEN], signature[SIGNATURE_LEN];
    scoped_by(buffer_free) struct buffer statement = {0};
    Silsila__V1__Receipt receipt = SILSILA__V1__RECEIPT__INIT;
    Silsila__V1__Checkpoint checkpoint = SILSILA__V1__CHECKPOINT__INIT;
    Silsila__V1__SeqRange range = SILSILA__V1__SEQ_RANGE__INIT, *above[] = {&range};
    Silsila__V1__ResendRequest resend = SILSILA__V1__RESEND_REQUEST__INIT, *requests[] = {&resend};
    ProtobufCBinaryData above_hashes[] = {{HASH_LEN, hash}};
    enum outcome outcome = fill_checkpoint(server, &statement, id, signature, why);
    if (outcome != DONE)
        return outcome;
    memcpy(origin, golden_origin, ORIGIN_LEN);
    memcpy(hash, through_hash, HASH_LEN);
    range.from = 4;
    range.to = 9;
    resend.id = 11;
    resend.epoch = (ProtobufCBinaryData){16, epoch};
    resend.from = 3;
    resend.to = 3;
    resend.expires_ms = 1700010000000;
    checkpoint.statement = (ProtobufCBinaryData){statement.len, statement.data};
    checkpoint.key_id = (ProtobufCBinaryData){KEY_ID_LEN, id};
    checkpoint.algorithm = SILSILA__V1__ALGORITHM__ALGORITHM_ECDSA_P256_SHA256;
    checkpoint.signature = (ProtobufCBinaryData){SIGNATURE_LEN, signature};
    receipt.origin = (ProtobufCBinaryData){ORIGIN_LEN, origin};
    receipt.gateway = gateway;
    receipt.epoch = (ProtobufCBinaryData){16, epoch};
    receipt.through = 2;
    receipt.through_hash = (ProtobufCBinaryData){HASH_LEN, hash};
    receipt.above = above;
    receipt.n_above = 1;
    receipt.above_hashes = above_hashes;
    receipt.n_above_hashes = 1;
    receipt.resend = requests;
    receipt.n_resend = 1;
    receipt.send_window = 64;
    receipt.checkpoint = &checkpoint;
    return wire_encode(&receipt.base, BODY_MOST, out, why);
}

enum outcome golden_config(struct buffer *out, struct why *why)
{
    static char gateway[] = "gw-golden", probe[] = "28-0000075c1f3b", equipment[] = "freezer-7",
                role[] = "product", rule[] = "warm", op[] = ">", site[] = "rabat-crts", language[] = "ar";
    uint8_t origin[ORIGIN_LEN];
    Silsila__V1__GatewayConfig config = SILSILA__V1__GATEWAY_CONFIG__INIT;
    Silsila__V1__ProbeConfig placed = SILSILA__V1__PROBE_CONFIG__INIT, *probes[] = {&placed};
    Silsila__V1__ProbeLimit limit = SILSILA__V1__PROBE_LIMIT__INIT, *limits[] = {&limit};
    memcpy(origin, golden_origin, ORIGIN_LEN);
    limit.rule = rule;
    limit.op = op;
    limit.limit_mc = -20000;
    limit.hysteresis_mc = 500;
    limit.delay_ms = 600000;
    placed.probe = probe;
    placed.equipment = equipment;
    placed.role = role;
    placed.limits = limits;
    placed.n_limits = 1;
    config.origin = (ProtobufCBinaryData){ORIGIN_LEN, origin};
    config.gateway = gateway;
    config.version = 3;
    config.interval_ms = 60000;
    config.seal_ms = 900000;
    config.probes = probes;
    config.n_probes = 1;
    config.site = site;
    config.language = language;
    return wire_encode(&config.base, BODY_MOST, out, why);
}

void golden_leaf(uint8_t number, merkle_hash out)
{
    uint8_t key_id[HASH_LEN], signature[64], body_hash[HASH_LEN];
    memset(key_id, number, sizeof key_id);
    memset(signature, 0x80 + number, sizeof signature);
    sha256(bytes_of(&number, 1), body_hash);
    merkle_leaf(key_id, 1, signature, body_hash, out);
}
