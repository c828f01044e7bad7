/* The Modbus driver on a line: a pair of pseudo-terminals, and a transmitter at the far end that answers byte by byte, so
 * that it can also answer wrongly or not at all. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <termios.h>
#include <unistd.h>

#include "gateway/driver.h"
#include "tests/helpers/check_main.h"

enum answer { ANSWER_RIGHT, ANSWER_BAD_CRC, ANSWER_REFUSED, ANSWER_NONE };

static int far_end;
static char near_end[64];
static atomic_int register_value, answer_kind, units_answering;
static atomic_bool ending;
static pthread_t peer;

static uint16_t crc_of(const uint8_t *bytes, size_t len)
{
    uint16_t crc = 0xffff;
    for (size_t i = 0; i < len; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = (uint16_t)((crc & 1) ? (crc >> 1) ^ 0xa001 : crc >> 1);
    }
    return crc;
}

static void answer(const uint8_t *question)
{
    uint8_t out[8] = {question[0], question[1], 2};
    uint16_t value = (uint16_t)atomic_load(&register_value);
    size_t len = 5;
    out[3] = (uint8_t)(value >> 8);
    out[4] = (uint8_t)value;
    if (atomic_load(&answer_kind) == ANSWER_REFUSED) {
        out[1] |= 0x80;
        out[2] = 2; /* illegal data address */
        len = 3;
    }
    uint16_t crc = crc_of(out, len);
    if (atomic_load(&answer_kind) == ANSWER_BAD_CRC)
        crc ^= 0x0101;
    out[len] = (uint8_t)crc;
    out[len + 1] = (uint8_t)(crc >> 8);
    (void)!write(far_end, out, len + 2);
}

static void *transmitter(void *context)
{
    uint8_t question[8];
    size_t got = 0;
    (void)context;
    while (!atomic_load(&ending)) {
        struct pollfd one = {.fd = far_end, .events = POLLIN};
        if (poll(&one, 1, 50) <= 0) {
            got = 0; /* silence ends a frame */
            continue;
        }
        ssize_t more = read(far_end, question + got, sizeof question - got);
        got += more > 0 ? (size_t)more : 0;
        if (got < sizeof question)
            continue;
        got = 0;
        if (question[0] == atomic_load(&units_answering) && atomic_load(&answer_kind) != ANSWER_NONE)
            answer(question);
    }
    return NULL;
}

static void start(void)
{
    far_end = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    ck_assert_int_ge(far_end, 0);
    ck_assert_int_eq(grantpt(far_end), 0);
    ck_assert_int_eq(unlockpt(far_end), 0);
    ck_assert_int_eq(ptsname_r(far_end, near_end, sizeof near_end), 0);
    struct termios raw;
    ck_assert_int_eq(tcgetattr(far_end, &raw), 0);
    cfmakeraw(&raw);
    ck_assert_int_eq(tcsetattr(far_end, TCSANOW, &raw), 0);
    atomic_store(&ending, false);
    atomic_store(&answer_kind, ANSWER_RIGHT);
    atomic_store(&units_answering, 3);
    ck_assert_int_eq(pthread_create(&peer, NULL, transmitter, NULL), 0);
}

static void finish(void)
{
    atomic_store(&ending, true);
    (void)pthread_join(peer, NULL);
    (void)close(far_end);
}

static char *codes[] = {(char[]){"32767"}, (char[]){"0x8000"}, NULL};
static struct transmitter_setting model = {.model = "tx", .table = "input", .register_address = 7, .scale_mc = 100,
                                           .open_codes = codes, .baud = 9600, .parity = "none", .stop_bits = 1};
static struct probe_setting probes[] = {
    {.name = "tank", .driver = "modbus", .device = near_end, .transmitter = "tx", .unit = 3, .stuck_samples = -1},
    {.name = "dead", .driver = "modbus", .device = near_end, .transmitter = "tx", .unit = 9, .stuck_samples = -1},
};
static struct gateway_settings settings = {.probes = probes, .probe_count = 2, .transmitters = &model,
                                           .transmitter_count = 1};

static struct probe_found seen[2];
static size_t seen_count;

static void note(void *context, const struct probe_found *probe)
{
    (void)context;
    seen[seen_count++] = *probe;
}

static struct bus *open_bus(void)
{
    struct bus *bus = NULL;
    struct why why = {""};
    seen_count = 0;
    ck_assert_msg(driver_modbus()->open(&settings, &bus, &why) == DONE, "%s", why.text);
    ck_assert_int_eq(driver_modbus()->scan(bus, note, NULL, NULL, &why), DONE);
    return bus;
}

static struct reading read_once(struct bus *bus, size_t which)
{
    struct reading reading;
    driver_modbus()->read(bus, &seen[which], &reading);
    return reading;
}

START_TEST(tenths_of_a_degree_become_millidegrees)
{
    struct bus *bus = open_bus();
    ck_assert_uint_eq(seen_count, 2);
    ck_assert_str_eq(seen[0].lane, seen[1].lane);
    atomic_store(&register_value, (uint16_t)-312);
    struct reading reading = read_once(bus, 0);
    ck_assert_msg(reading.state == READING_VALUE, "%s", reading.why);
    ck_assert_int_eq(reading.value_mc, -31200);
    atomic_store(&register_value, 45);
    ck_assert_int_eq(read_once(bus, 0).value_mc, 4500);
    driver_modbus()->close(&bus);
}
END_TEST

START_TEST(open_codes_of_the_model_are_faults)
{
    struct bus *bus = open_bus();
    atomic_store(&register_value, 32767);
    ck_assert_int_eq(read_once(bus, 0).state, READING_FAULT);
    atomic_store(&register_value, 0x8000);
    ck_assert_int_eq(read_once(bus, 0).state, READING_FAULT);
    atomic_store(&register_value, 32766);
    ck_assert_int_eq(read_once(bus, 0).state, READING_VALUE);
    driver_modbus()->close(&bus);
}
END_TEST

START_TEST(a_dead_unit_is_empty_and_its_neighbour_still_speaks)
{
    struct bus *bus = open_bus();
    atomic_store(&register_value, 45);
    ck_assert_int_eq(read_once(bus, 1).state, READING_EMPTY);
    ck_assert_int_eq(read_once(bus, 0).value_mc, 4500);
    atomic_store(&answer_kind, ANSWER_NONE);
    ck_assert_int_eq(read_once(bus, 0).state, READING_EMPTY);
    atomic_store(&answer_kind, ANSWER_RIGHT);
    ck_assert_int_eq(read_once(bus, 0).value_mc, 4500);
    driver_modbus()->close(&bus);
}
END_TEST

START_TEST(damaged_and_refusing_answers_say_so)
{
    struct bus *bus = open_bus();
    atomic_store(&register_value, 45);
    atomic_store(&answer_kind, ANSWER_BAD_CRC);
    ck_assert_int_eq(read_once(bus, 0).state, READING_CRC);
    atomic_store(&answer_kind, ANSWER_REFUSED);
    ck_assert_int_eq(read_once(bus, 0).state, READING_FAULT);
    atomic_store(&answer_kind, ANSWER_RIGHT);
    ck_assert_int_eq(read_once(bus, 0).value_mc, 4500);
    driver_modbus()->close(&bus);
}
END_TEST

START_TEST(a_line_that_is_not_there_has_no_probes)
{
    struct bus *bus = NULL;
    struct why why = {""};
    struct probe_setting gone = probes[0];
    gone.device = "/dev/silsila-no-such-line";
    struct gateway_settings other = settings;
    other.probes = &gone;
    other.probe_count = 1;
    seen_count = 0;
    ck_assert_int_eq(driver_modbus()->open(&other, &bus, &why), DONE);
    ck_assert_int_eq(driver_modbus()->scan(bus, note, NULL, NULL, &why), DONE);
    ck_assert_uint_eq(seen_count, 0);
    driver_modbus()->close(&bus);
    gone.transmitter = "unknown";
    ck_assert_int_eq(driver_modbus()->open(&other, &bus, &why), REJECT);
}
END_TEST

static Suite *suite_of_modbus(void)
{
    Suite *s = suite_create("modbus");
    TCase *t = tcase_create("modbus");
    tcase_set_timeout(t, 30);
    tcase_add_checked_fixture(t, start, finish);
    tcase_add_test(t, tenths_of_a_degree_become_millidegrees);
    tcase_add_test(t, open_codes_of_the_model_are_faults);
    tcase_add_test(t, a_dead_unit_is_empty_and_its_neighbour_still_speaks);
    tcase_add_test(t, damaged_and_refusing_answers_say_so);
    tcase_add_test(t, a_line_that_is_not_there_has_no_probes);
    suite_add_tcase(s, t);
    return s;
}

TEST_MAIN(suite_of_modbus)
