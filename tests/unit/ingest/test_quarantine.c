#include "ingest/quarantine.h"
#include "tests/helpers/check_main.h"

#include <string.h>

static struct quarantine quarantine;

static void add(const char *sender, enum authenticity cause, size_t len)
{
    static uint8_t bytes[100000];
    struct arrival *arrival = arrival_new(bytes_of(bytes, len), NULL);
    arrival->authenticity = cause;
    arrival->arrived_us = 1750000000000000;
    snprintf(arrival->sender, sizeof arrival->sender, "%s", sender);
    quarantine_add(&quarantine, arrival, "silsila/v1/up/0/x/live");
    arrival_free(arrival);
}

static uint64_t counted(void)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < quarantine.kind_count; i++)
        sum += quarantine.kinds[i].messages;
    return sum;
}

START_TEST(each_message_is_counted_by_cause_and_sender)
{
    struct bytes values[QUARANTINE_PARAMETERS];
    quarantine_begin(&quarantine);
    ck_assert(quarantine_is_empty(&quarantine));
    add("gw-one", BAD_SIGNATURE, 10);
    add("gw-one", BAD_SIGNATURE, 10);
    add("gw-one", UNKNOWN_KEY, 10);
    add("gw-two", UNKNOWN_KEY, 10);
    ck_assert_uint_eq(quarantine.kind_count, 3);
    ck_assert_uint_eq(quarantine.kinds[0].messages, 2);
    quarantine_values(&quarantine, values);
    ck_assert_uint_eq(quarantine.messages.count, 3);
    ck_assert_uint_eq(quarantine.message.count, 4);
    quarantine_free(&quarantine);
}
END_TEST

/* A stranger who invents names: memory stays as it is, the count stays true. */
START_TEST(it_is_bounded_and_loses_no_count)
{
    quarantine_begin(&quarantine);
    for (int i = 0; i < 5000; i++) {
        char name[SENDER_ID_ROOM];
        snprintf(name, sizeof name, "gw-%d", i);
        add(name, UNKNOWN_KEY, 90000);
    }
    ck_assert_uint_le(quarantine.kind_count, QUARANTINE_KINDS);
    ck_assert_uint_eq(counted(), 5000);
    ck_assert_uint_eq(quarantine.sample_count, QUARANTINE_SAMPLES);
    ck_assert_uint_le(quarantine.message.data.len, QUARANTINE_SAMPLES * (QUARANTINE_SAMPLE_BYTES + 4) + 20);
    quarantine_free(&quarantine);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("ingest/quarantine");
    TCase *c = tcase_create("quarantine");
    tcase_add_test(c, each_message_is_counted_by_cause_and_sender);
    tcase_add_test(c, it_is_bounded_and_loses_no_count);
    suite_add_tcase(s, c);
    return s;
}

TEST_MAIN(suite)
