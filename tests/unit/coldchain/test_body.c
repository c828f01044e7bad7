#include "tests/unit/coldchain/bodies.h"

START_TEST(a_body_comes_back_as_it_went)
{
    scoped_by(buffer_free) struct buffer raw = sample_body_bytes();
    Silsila__V1__Body *body = NULL;
    enum body_flaw flaw;
    struct why why;
    struct body_head head;
    int32_t values[3];
    ck_assert_int_eq(body_decode(buffer_view(&raw), &body, &flaw, &why), DONE);
    ck_assert_str_eq(body->gateway, "gw-001");
    ck_assert_uint_eq(body->n_items, 1);
    ck_assert(block_values(body->items[0]->temperature, values));
    ck_assert_int_eq(values[0], -30000);
    ck_assert_int_eq(values[1], -29938);
    ck_assert_int_eq(values[2], -30063);
    body_free(&body);
    ck_assert_int_eq(body_head_read(buffer_view(&raw), &head, &why), DONE);
    ck_assert_str_eq(head.gateway, "gw-001");
    ck_assert_uint_eq(head.seq, 1);
    ck_assert_uint_eq(head.version, 1);
    ck_assert(!head.has_previous);
}
END_TEST

/* 7-faults row 79. A prefix that ends between two fields may be a sound shorter body; then it decodes as
 * such. */
START_TEST(every_prefix_is_refused_or_sound_but_never_read_beyond)
{
    scoped_by(buffer_free) struct buffer raw = sample_body_bytes();
    unsigned malformed = 0, placed = 0;
    for (size_t len = 0; len < raw.len; len++) {
        uint8_t *exact = malloc(len ? len : 1); /* its own block: the sanitizer sees a read beyond */
        ck_assert_ptr_nonnull(exact);
        memcpy(exact, raw.data, len);
        struct body_head head;
        struct why why;
        enum body_flaw flaw = flaw_of(bytes_of(exact, len));
        ck_assert_int_ne(flaw, BODY_UNSUPPORTED);
        malformed += flaw == BODY_MALFORMED;
        bool has_place = body_head_read(bytes_of(exact, len), &head, &why) == DONE;
        ck_assert(has_place || flaw == BODY_MALFORMED);
        placed += has_place;
        free(exact);
    }
    ck_assert_uint_ge(malformed, (unsigned)raw.len - 1); /* all but the cut right before the items */
    ck_assert_uint_gt(placed, 10); /* cut behind its head, a body still has its place in the chain */
}
END_TEST

/* 7-faults row 80: each case is the sound body with bytes put behind it. */
START_TEST(what_protobuf_lets_pass_is_refused)
{
    static const struct {
        const char *what;
        uint8_t bytes[16];
        size_t len;
    } cases[] = {
        {"field number 0", {0x00, 0x01}, 2},
        {"field number 0 with a length", {0x02, 0x01, 0x41}, 3},
        {"unknown field 15", {0x78, 0x01}, 2},
        {"unknown field 2047 as bytes", {0xfa, 0x7f, 0x01, 0x41}, 4},
        {"seq given twice", {0x20, 0x02}, 2},
        {"gateway given twice", {0x12, 0x06, 'g', 'w', '-', '0', '0', '2'}, 8},
        {"clock given twice", {0x3a, 0x00}, 2},
        {"overlong number: 1 in two bytes", {0x40, 0x81, 0x00}, 3},
        {"overlong key", {0xc0, 0x00, 0x01}, 3},
        {"number of eleven bytes",
         {0x40, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01},
         12},
        {"number over 64 bits", {0x40, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02}, 11},
        {"group", {0x7b}, 1},
        {"wire type 7", {0x47, 0x01}, 2},
        {"config_version as bytes", {0x42, 0x01, 0x01}, 3},
        {"items as a number", {0x50, 0x01}, 2},
        {"length 2^31 - 1", {0x52, 0xff, 0xff, 0xff, 0xff, 0x07}, 6},
        {"length 2^63", {0x52, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01}, 11},
        {"probe that is not UTF-8", {0x52, 0x05, 0x0a, 0x03, 0x0a, 0x01, 0xff}, 7},
        {"probe with a NUL", {0x52, 0x06, 0x0a, 0x04, 0x0a, 0x02, 0x41, 0x00}, 8},
        {"probe as a surrogate", {0x52, 0x07, 0x0a, 0x05, 0x0a, 0x03, 0xed, 0xa0, 0x80}, 9},
        {"two kinds in one item", {0x52, 0x04, 0x0a, 0x00, 0x1a, 0x00}, 6},
        {"step over 32 bits", {0x52, 0x08, 0x0a, 0x06, 0x18, 0x80, 0x80, 0x80, 0x80, 0x10}, 10},
        {"thinned is 2", {0x52, 0x04, 0x0a, 0x02, 0x40, 0x02}, 6},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        scoped_by(buffer_free) struct buffer raw = sample_body_bytes();
        buffer_add(&raw, cases[i].bytes, cases[i].len);
        ck_assert_msg(flaw_of(buffer_view(&raw)) == BODY_MALFORMED, "%s", cases[i].what);
        struct body_head head;
        struct why why;
        ck_assert_msg(body_head_read(buffer_view(&raw), &head, &why) == DONE, "%s has its place",
                      cases[i].what);
        ck_assert_uint_eq(head.seq, 1);
    }
}
END_TEST

START_TEST(numbers_may_come_packed_or_one_by_one)
{
    static const uint8_t loose[] = {0x52, 0x08, 0x0a, 0x06, 0x20, 0x02, 0x20, 0x04, 0x20, 0x01};
    scoped_by(buffer_free) struct buffer raw = sample_body_bytes();
    buffer_add(&raw, loose, sizeof loose);
    Silsila__V1__Body *body = NULL;
    enum body_flaw flaw;
    struct why why;
    int32_t values[3];
    ck_assert_int_eq(body_decode(buffer_view(&raw), &body, &flaw, &why), DONE);
    ck_assert_uint_eq(body->items[1]->temperature->n_values, 3);
    ck_assert(block_values(body->items[1]->temperature, values));
    ck_assert_int_eq(values[2], 2);
    body_free(&body);
}
END_TEST

/* 7-faults row 81: counts and depth are refused by the scan, before anything is allocated for them. */
START_TEST(bombs_are_refused)
{
    enum { MANY = 60000 };
    scoped_by(buffer_free) struct buffer raw = sample_body_bytes();
    size_t sound = raw.len;
    for (int i = 0; i < ITEMS_MOST; i++) /* one item is there already */
        buffer_add(&raw, (const uint8_t[]){0x52, 0x00}, 2);
    ck_assert_int_eq(flaw_of(buffer_view(&raw)), BODY_MALFORMED);
    ck_assert_int_eq(flaw_of(bytes_of(raw.data, raw.len - 2)), BODY_SOUND);

    raw.len = sound; /* one block of 60,000 readings: item and block with lengths of three bytes */
    buffer_add(&raw,
               (const uint8_t[]){0x52, 0xe8, 0xd4, 0x03, 0x0a, 0xe4, 0xd4, 0x03, 0x22, 0xe0, 0xd4, 0x03}, 12);
    uint8_t *to = buffer_reserve(&raw, MANY);
    ck_assert_ptr_nonnull(to);
    memset(to, 0, MANY);
    raw.len += MANY;
    ck_assert_int_eq(flaw_of(buffer_view(&raw)), BODY_MALFORMED);

    raw.len = sound; /* a block that says it holds 2^31 − 1 readings without values */
    buffer_add(&raw, (const uint8_t[]){0x52, 0x08, 0x0a, 0x06, 0x38, 0xff, 0xff, 0xff, 0xff, 0x07}, 10);
    ck_assert_int_eq(flaw_of(buffer_view(&raw)), BODY_MALFORMED);

    scoped_by(buffer_free) struct buffer huge = {0};
    to = buffer_reserve(&huge, 10u << 20);
    ck_assert_ptr_nonnull(to);
    memset(to, 0, 10u << 20);
    huge.len = 10u << 20;
    ck_assert_int_eq(flaw_of(buffer_view(&huge)), BODY_MALFORMED);
}
END_TEST

START_TEST(a_replacement_is_not_replaced)
{
    for (unsigned levels = 1; levels <= 40; levels++) {
        scoped_by(buffer_free) struct buffer event = {0};
        for (unsigned i = 0; i < levels; i++) { /* CustodyEvent.replace = 20, each around the one before */
            struct buffer outer = {0};
            buffer_add(&outer, (const uint8_t[]){0xa2, 0x01, (uint8_t)event.len}, 3);
            buffer_add(&outer, event.data, event.len);
            buffer_free(&event);
            event = outer;
        }
        scoped_by(buffer_free) struct buffer raw = sample_body_bytes(), item = {0};
        buffer_add(&item, (const uint8_t[]){0x12, (uint8_t)event.len}, 2);
        if (event.len >= 0x80)
            break;
        buffer_add(&item, event.data, event.len);
        if (item.len >= 0x80)
            break;
        add_field(&raw, 10, item.data, item.len);
        ck_assert_int_eq(flaw_of(buffer_view(&raw)), levels == 1 ? BODY_SOUND : BODY_MALFORMED);
    }
}
END_TEST

START_TEST(an_event_of_501_lots_is_refused)
{
    static char lot[] = "1";
    static char *lots[LOTS_MOST + 1];
    struct sample_body s;
    struct why why;
    scoped_by(buffer_free) struct buffer raw = {0};
    Silsila__V1__CustodyEvent event = SILSILA__V1__CUSTODY_EVENT__INIT;
    sample_body_fill(&s);
    for (size_t i = 0; i <= LOTS_MOST; i++)
        lots[i] = lot;
    event.lots = lots;
    event.n_lots = LOTS_MOST;
    s.item.kind_case = SILSILA__V1__ITEM__KIND_CUSTODY;
    s.item.custody = &event;
    ck_assert_int_eq(body_encode(&s.body, &raw, &why), DONE);
    ck_assert_int_eq(flaw_of(buffer_view(&raw)), BODY_SOUND);
    event.n_lots++;
    ck_assert_int_eq(body_encode(&s.body, &raw, &why), REJECT);
    raw.len = silsila__v1__body__pack(&s.body, buffer_reserve(&raw, 2 * raw.len) - raw.len);
    ck_assert_int_eq(flaw_of(buffer_view(&raw)), BODY_MALFORMED);
}
END_TEST

/* 7-faults rows 86 and 87: the codec keeps what was said; ranges are judged reading by reading. */
START_TEST(extreme_values_and_times_pass_unchanged)
{
    static const int64_t times[] = {0, 4294967296000, -1, INT64_MIN, INT64_MAX, 1700000000000 + 315360000000};
    struct sample_body s;
    struct why why;
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        scoped_by(buffer_free) struct buffer raw = {0};
        Silsila__V1__Body *body = NULL;
        enum body_flaw flaw;
        int32_t values[3], said[3] = {INT32_MIN, -273160, -1};
        sample_body_fill(&s);
        s.block.t0_ms = times[i];
        ck_assert(block_deltas(said, 3));
        memcpy(s.values, said, sizeof said);
        ck_assert_int_eq(body_encode(&s.body, &raw, &why), DONE);
        ck_assert_int_eq(body_decode(buffer_view(&raw), &body, &flaw, &why), DONE);
        ck_assert_int_eq(body->items[0]->temperature->t0_ms, times[i]);
        ck_assert(block_values(body->items[0]->temperature, values));
        ck_assert_int_eq(values[0], INT32_MIN);
        ck_assert_int_eq(values[1], -273160);
        body_free(&body);
    }
}
END_TEST

START_TEST(sums_and_differences_beyond_32_bits_are_told)
{
    Silsila__V1__TemperatureBlock block = SILSILA__V1__TEMPERATURE_BLOCK__INIT;
    int32_t over[] = {INT32_MAX, 1}, under[] = {INT32_MIN, 5, -6}, out[3];
    block.values = over;
    block.n_values = 2;
    ck_assert(!block_values(&block, out));
    block.values = under;
    block.n_values = 3;
    ck_assert(!block_values(&block, out));
    int32_t wide[] = {INT32_MIN, INT32_MAX, 7, 9}, kept[] = {INT32_MIN, INT32_MAX, 7, 9};
    ck_assert(!block_deltas(wide, 4));
    ck_assert_mem_eq(wide, kept, sizeof kept); /* given back as it was */
}
END_TEST

/* 7-faults row 88 */
START_TEST(a_later_version_is_unsupported_not_malformed)
{
    struct sample_body s;
    struct why why;
    struct body_head head;
    for (uint32_t version = 2; version != 0; version *= 4) {
        scoped_by(buffer_free) struct buffer raw = {0};
        sample_body_fill(&s);
        s.body.version = version;
        ck_assert_int_eq(body_encode(&s.body, &raw, &why), REJECT);
        raw.len = silsila__v1__body__pack(&s.body, buffer_reserve(&raw, 1024));
        buffer_add(&raw, (const uint8_t[]){0xfa, 0x7f, 0x01, 0x41},
                   4); /* with what this version does not know */
        ck_assert_int_eq(flaw_of(buffer_view(&raw)), BODY_UNSUPPORTED);
        ck_assert_int_eq(body_head_read(buffer_view(&raw), &head, &why), DONE);
        ck_assert_uint_eq(head.version, version);
    }
}
END_TEST

struct bend {
    const char *what;
    void (*bend)(struct sample_body *s);
    bool has_place;
};

static void no_version(struct sample_body *s)
{
    s->body.version = 0;
}
static void no_gateway(struct sample_body *s)
{
    s->gateway[0] = '\0';
}
static void upper_gateway(struct sample_body *s)
{
    s->gateway[0] = 'G';
}
static void topic_gateway(struct sample_body *s)
{
    s->gateway[2] = '/';
}
static void short_gateway(struct sample_body *s)
{
    s->gateway[2] = '\0';
}
static void long_gateway(struct sample_body *s)
{
    memset(s->gateway, 'g', 32);
    s->body.seq = 1;
    s->gateway[32] = '\0';
}
static void short_epoch(struct sample_body *s)
{
    s->body.epoch.len = 15;
}
static void no_seq(struct sample_body *s)
{
    s->body.seq = 0;
}
static void huge_seq(struct sample_body *s)
{
    s->body.seq = (uint64_t)INT64_MAX + 1;
}
static void seq_without_previous(struct sample_body *s)
{
    s->body.seq = 2;
    s->body.epoch_start = NULL;
}
static void first_with_previous(struct sample_body *s)
{
    s->body.previous = (ProtobufCBinaryData){32, s->hash};
}
static void first_without_start(struct sample_body *s)
{
    s->body.epoch_start = NULL;
}
static void no_clock(struct sample_body *s)
{
    s->body.clock = NULL;
}
static void odd_boot(struct sample_body *s)
{
    s->clock.boot_id = (ProtobufCBinaryData){5, s->hash};
}
static void odd_last(struct sample_body *s)
{
    s->start.last_body_hash = (ProtobufCBinaryData){31, s->hash};
}
static void start_later(struct sample_body *s)
{
    s->body.seq = 2;
    s->body.previous = (ProtobufCBinaryData){32, s->hash};
}

START_TEST(what_breaks_the_chain_is_malformed)
{
    static const struct bend bends[] = {
        {"no version", no_version, true},
        {"no gateway", no_gateway, false},
        {"upper case", upper_gateway, false},
        {"slash", topic_gateway, false},
        {"two characters", short_gateway, false},
        {"short epoch", short_epoch, false},
        {"no seq", no_seq, false},
        {"seq over int8", huge_seq, false},
        {"no previous", seq_without_previous, true},
        {"first with previous", first_with_previous, true},
        {"no epoch start", first_without_start, true},
        {"no clock", no_clock, true},
        {"odd boot id", odd_boot, true},
        {"odd last hash", odd_last, true},
        {"start at seq 2", start_later, true},
    };
    struct sample_body s;
    struct why why;
    struct body_head head;
    for (size_t i = 0; i < sizeof bends / sizeof bends[0]; i++) {
        scoped_by(buffer_free) struct buffer raw = {0};
        sample_body_fill(&s);
        bends[i].bend(&s);
        ck_assert_msg(body_encode(&s.body, &raw, &why) == REJECT, "%s is not written", bends[i].what);
        ck_assert_uint_eq(raw.len, 0);
        raw.len = silsila__v1__body__pack(&s.body, buffer_reserve(&raw, 1024));
        ck_assert_msg(flaw_of(buffer_view(&raw)) == BODY_MALFORMED, "%s", bends[i].what);
        ck_assert_msg((body_head_read(buffer_view(&raw), &head, &why) == DONE) == bends[i].has_place, "%s",
                      bends[i].what);
    }
    sample_body_fill(&s);
    long_gateway(&s);
    scoped_by(buffer_free) struct buffer raw = {0};
    ck_assert_int_eq(body_encode(&s.body, &raw, &why), DONE);
}
END_TEST

/* Any one byte changed: refused or another body, never a crash, and what is taken can be written again. */
START_TEST(bent_bytes_never_break_the_reader)
{
    scoped_by(buffer_free) struct buffer raw = sample_body_bytes();
    for (size_t at = 0; at < raw.len; at++) {
        uint8_t kept = raw.data[at];
        for (unsigned value = 0; value < 256; value++) {
            Silsila__V1__Body *body = NULL;
            enum body_flaw flaw;
            struct why why;
            raw.data[at] = (uint8_t)value;
            if (body_decode(buffer_view(&raw), &body, &flaw, &why) == DONE) {
                scoped_by(buffer_free) struct buffer again = {0};
                ck_assert_msg(body_encode(body, &again, &why) == DONE, "%s", why.text);
            }
            body_free(&body);
        }
        raw.data[at] = kept;
    }
}
END_TEST

static Suite *suite_of_body(void)
{
    Suite *s = suite_create("body");
    TCase *t = tcase_create("body");
    tcase_set_timeout(t, 60);
    tcase_add_test(t, a_body_comes_back_as_it_went);
    tcase_add_test(t, every_prefix_is_refused_or_sound_but_never_read_beyond);
    tcase_add_test(t, what_protobuf_lets_pass_is_refused);
    tcase_add_test(t, numbers_may_come_packed_or_one_by_one);
    tcase_add_test(t, bombs_are_refused);
    tcase_add_test(t, a_replacement_is_not_replaced);
    tcase_add_test(t, an_event_of_501_lots_is_refused);
    tcase_add_test(t, extreme_values_and_times_pass_unchanged);
    tcase_add_test(t, sums_and_differences_beyond_32_bits_are_told);
    tcase_add_test(t, a_later_version_is_unsupported_not_malformed);
    tcase_add_test(t, what_breaks_the_chain_is_malformed);
    tcase_add_test(t, bent_bytes_never_break_the_reader);
    suite_add_tcase(s, t);
    return s;
}

TEST_MAIN(suite_of_body)
