/* Every driver over a tree of fake kernel files; Modbus has its own test with a line to talk on. */
#include "gateway/driver.h"

#include "tests/helpers/check_main.h"
#include "tests/helpers/tree.h"

static struct tree tree;
static struct gateway_settings settings;
static struct probe_setting probes[4];
static struct bus *bus;

enum { SEEN_MOST = 8 };
static struct probe_found seen[SEEN_MOST];
static size_t seen_count;
static char complaint[256];

static void start(void)
{
    tree_make(&tree);
    settings = (struct gateway_settings){.sysfs_root = tree.root, .w1 = true, .probes = probes};
    memset(probes, 0, sizeof probes);
    seen_count = 0;
    complaint[0] = '\0';
}

static void finish(void)
{
    tree_remove(&tree);
}

static void note(void *context, const struct probe_found *probe)
{
    (void)context;
    ck_assert_uint_lt(seen_count, SEEN_MOST);
    seen[seen_count++] = *probe;
}

static void complain(void *context, const char *text)
{
    (void)context;
    (void)snprintf(complaint, sizeof complaint, "%s", text);
}

static void add_probe(struct probe_setting setting)
{
    setting.stuck_samples = -1;
    probes[settings.probe_count++] = setting;
}

static void scan(const struct driver *driver)
{
    struct why why = {""};
    seen_count = 0;
    if (!bus)
        ck_assert_msg(driver->open(&settings, &bus, &why) == DONE, "%s", why.text);
    ck_assert_msg(driver->scan(bus, note, complain, NULL, &why) == DONE, "%s", why.text);
}

static struct reading read_one(const struct driver *driver, size_t which)
{
    struct reading reading;
    ck_assert_uint_lt(which, seen_count);
    driver->read(bus, &seen[which], &reading);
    return reading;
}

static void closes(const struct driver *driver)
{
    driver->close(&bus);
    ck_assert_ptr_null(bus);
}

#define W1 "bus/w1/devices/"
#define ROM "28-00000abcdef0"

START_TEST(w1_finds_and_reads)
{
    tree_write(&tree, W1 ROM "/temperature", "-31250\n");
    tree_write(&tree, W1 ROM "/features", "0\n");
    tree_write(&tree, W1 "w1_bus_master1/therm_bulk_read", "0\n");
    tree_write(&tree, W1 "2d-000000000001/eeprom", "");
    scan(driver_w1());
    ck_assert_uint_eq(seen_count, 1);
    ck_assert_str_eq(seen[0].id, ROM);
    ck_assert_int_eq(seen[0].lowest_mc, -55000);
    driver_w1()->prepare(bus);
    struct reading reading = read_one(driver_w1(), 0);
    ck_assert_int_eq(reading.state, READING_VALUE);
    ck_assert_int_eq(reading.value_mc, -31250);
    ck_assert(!reading.power_on);
    closes(driver_w1());
}
END_TEST

static void holds(const char *name, const char *text)
{
    char got[64] = "";
    FILE *file = fopen(tree_path(&tree, name), "re");
    ck_assert_ptr_nonnull(file);
    ck_assert_ptr_nonnull(fgets(got, sizeof got, file));
    (void)fclose(file);
    ck_assert_str_eq(got, text);
}

START_TEST(w1_sets_the_feature_bit_and_triggers_all)
{
    tree_write(&tree, W1 ROM "/temperature", "4000\n");
    tree_write(&tree, W1 ROM "/features", "2\n");
    tree_write(&tree, W1 "w1_bus_master1/therm_bulk_read", "0\n");
    scan(driver_w1());
    driver_w1()->prepare(bus);
    holds(W1 "w1_bus_master1/therm_bulk_read", "trigger\n");
    (void)read_one(driver_w1(), 0);
    holds(W1 ROM "/features", "3\n");
    closes(driver_w1());
}
END_TEST

START_TEST(w1_without_value)
{
    tree_write(&tree, W1 ROM "/temperature", "");
    scan(driver_w1());
    ck_assert_int_eq(read_one(driver_w1(), 0).state, READING_EMPTY);
    tree_write(&tree, W1 ROM "/temperature", "warm\n");
    ck_assert_int_eq(read_one(driver_w1(), 0).state, READING_FAULT);
    ck_assert_int_eq(unlink(tree_path(&tree, W1 ROM "/temperature")), 0);
    ck_assert_int_eq(read_one(driver_w1(), 0).state, READING_EMPTY);
    closes(driver_w1());
}
END_TEST

START_TEST(garbage_in_a_probe_file_is_told_in_printable_characters)
{
    tree_write(&tree, W1 ROM "/temperature", "\xff 7\x01\n");
    scan(driver_w1());
    struct reading reading = read_one(driver_w1(), 0);
    ck_assert_int_eq(reading.state, READING_FAULT);
    ck_assert_str_eq(reading.why, "no temperature: '? 7?'");
    closes(driver_w1());
}
END_TEST

START_TEST(w1_power_on_values_are_marked)
{
    tree_write(&tree, W1 ROM "/temperature", "85000\n");
    scan(driver_w1());
    ck_assert(read_one(driver_w1(), 0).power_on);
    tree_write(&tree, W1 ROM "/temperature", "127937\n");
    ck_assert(read_one(driver_w1(), 0).power_on);
    tree_write(&tree, W1 ROM "/temperature", "84937\n");
    ck_assert(!read_one(driver_w1(), 0).power_on);
    closes(driver_w1());
}
END_TEST

START_TEST(w1_slave_of_old_kernels)
{
    tree_write(&tree, W1 ROM "/w1_slave",
               "f0 fd 4b 46 7f ff 0c 10 5f : crc=5f YES\nf0 fd 4b 46 7f ff 0c 10 5f t=-33000\n");
    scan(driver_w1());
    struct reading reading = read_one(driver_w1(), 0);
    ck_assert_int_eq(reading.state, READING_VALUE);
    ck_assert_int_eq(reading.value_mc, -33000);
    tree_write(&tree, W1 ROM "/w1_slave",
               "f0 fd 4b 46 7f ff 0c 10 5e : crc=5f NO\nf0 fd 4b 46 7f ff 0c 10 5e t=-33000\n");
    ck_assert_int_eq(read_one(driver_w1(), 0).state, READING_CRC);
    tree_write(&tree, W1 ROM "/w1_slave",
               "00 00 00 00 00 00 00 00 00 : crc=00 YES\n00 00 00 00 00 00 00 00 00 t=0\n");
    ck_assert_int_eq(read_one(driver_w1(), 0).state, READING_FAULT);
    closes(driver_w1());
}
END_TEST

START_TEST(w1_probe_has_the_name_given_to_it)
{
    add_probe((struct probe_setting){.name = "freezer-top", .driver = "w1", .device = ROM});
    settings.w1 = false;
    tree_write(&tree, W1 ROM "/temperature", "4000\n");
    tree_write(&tree, W1 "28-000000000002/temperature", "4000\n");
    scan(driver_w1());
    ck_assert_uint_eq(seen_count, 1);
    ck_assert_str_eq(seen[0].id, "freezer-top");
    closes(driver_w1());
}
END_TEST

START_TEST(a_board_without_w1_has_no_probes)
{
    scan(driver_w1());
    ck_assert_uint_eq(seen_count, 0);
    closes(driver_w1());
}
END_TEST

START_TEST(hwmon_by_name_never_by_number)
{
    add_probe((struct probe_setting){.name = "fridge", .driver = "hwmon", .chip = "jc42", .channel = "temp1"});
    tree_write(&tree, "class/hwmon/hwmon0/name", "coretemp\n");
    tree_write(&tree, "class/hwmon/hwmon0/temp1_input", "61000\n");
    tree_write(&tree, "class/hwmon/hwmon7/name", "jc42\n");
    tree_write(&tree, "class/hwmon/hwmon7/temp1_input", "4125\n");
    scan(driver_hwmon());
    ck_assert_uint_eq(seen_count, 1);
    ck_assert_str_eq(seen[0].id, "fridge");
    ck_assert_int_eq(read_one(driver_hwmon(), 0).value_mc, 4125);
    tree_write(&tree, "class/hwmon/hwmon7/temp1_fault", "1\n");
    ck_assert_int_eq(read_one(driver_hwmon(), 0).state, READING_FAULT);
    closes(driver_hwmon());
}
END_TEST

START_TEST(two_chips_of_one_name_need_a_device)
{
    add_probe((struct probe_setting){.name = "fridge", .driver = "hwmon", .chip = "jc42", .channel = "temp1"});
    tree_write(&tree, "class/hwmon/hwmon0/name", "jc42\n");
    tree_write(&tree, "class/hwmon/hwmon0/temp1_input", "1000\n");
    tree_write(&tree, "class/hwmon/hwmon1/name", "jc42\n");
    tree_write(&tree, "class/hwmon/hwmon1/temp1_input", "2000\n");
    ck_assert_int_eq(symlink("../../../1-0019", tree_path(&tree, "class/hwmon/hwmon1/device")), 0);
    scan(driver_hwmon());
    ck_assert_uint_eq(seen_count, 0);
    ck_assert_str_ne(complaint, "");
    probes[0].device = "1-0019";
    scan(driver_hwmon());
    ck_assert_uint_eq(seen_count, 1);
    ck_assert_int_eq(read_one(driver_hwmon(), 0).value_mc, 2000);
    closes(driver_hwmon());
}
END_TEST

#define IIO "bus/iio/devices/iio:device1/"

START_TEST(iio_counts_become_millidegrees)
{
    add_probe((struct probe_setting){.name = "tank", .driver = "iio", .chip = "max31865", .channel = "in_temp0"});
    tree_write(&tree, IIO "name", "max31865\n");
    tree_write(&tree, IIO "in_temp0_raw", "5000\n");
    tree_write(&tree, IIO "in_temp_scale", "31.25\n");
    tree_write(&tree, IIO "in_temp0_offset", "-8192\n");
    scan(driver_iio());
    ck_assert_uint_eq(seen_count, 1);
    ck_assert_int_eq(read_one(driver_iio(), 0).value_mc, -99750);
    tree_write(&tree, IIO "in_temp0_raw", "8191\n"); /* (8191 - 8192) * 31.25 = -31.25 */
    ck_assert_int_eq(read_one(driver_iio(), 0).value_mc, -31);
    tree_write(&tree, IIO "in_temp0_scale", "0.5\n"); /* -0.5: half away from zero */
    ck_assert_int_eq(read_one(driver_iio(), 0).value_mc, -1);
    tree_write(&tree, IIO "in_temp0_raw", "");
    ck_assert_int_eq(read_one(driver_iio(), 0).state, READING_EMPTY);
    tree_write(&tree, IIO "in_temp0_raw", "1e300\n");
    ck_assert_int_eq(read_one(driver_iio(), 0).state, READING_FAULT);
    tree_write(&tree, IIO "in_temp0_input", "-196000\n");
    ck_assert_int_eq(read_one(driver_iio(), 0).value_mc, -196000);
    closes(driver_iio());
}
END_TEST

START_TEST(iio_without_scale_is_a_fault)
{
    add_probe((struct probe_setting){.name = "tank", .driver = "iio", .chip = "max31865", .channel = "in_temp"});
    tree_write(&tree, IIO "name", "max31865\n");
    tree_write(&tree, IIO "in_temp_raw", "5000\n");
    scan(driver_iio());
    ck_assert_int_eq(read_one(driver_iio(), 0).state, READING_FAULT);
    closes(driver_iio());
}
END_TEST

static struct recorded_reading next_one(void)
{
    struct recorded_reading recorded;
    driver_replay()->next(bus, &seen[0], &recorded);
    return recorded;
}

START_TEST(replay_tells_the_recorded_times)
{
    char path[PATH_MAX];
    tree_write(&tree, "rows.csv", "time,celsius\n0,-31.25\n\nbad row\n60,4\n120,\n180,5");
    (void)snprintf(path, sizeof path, "%s", tree_path(&tree, "rows.csv"));
    add_probe((struct probe_setting){.name = "old", .driver = "replay", .file = path});
    scan(driver_replay());
    ck_assert_uint_eq(seen_count, 1);
    struct recorded_reading first = next_one();
    ck_assert_int_eq(first.kind, RECORDED_READING);
    ck_assert_int_eq(first.at_ms, 0);
    ck_assert_int_eq(first.value_mc, -31250);
    struct recorded_reading bad = next_one();
    ck_assert_int_eq(bad.kind, RECORDED_BAD);
    ck_assert_uint_eq(bad.line, 4);
    ck_assert_int_eq(next_one().at_ms, 60000);
    ck_assert_uint_eq(next_one().line, 6);
    ck_assert_int_eq(next_one().value_mc, 5000);
    ck_assert_int_eq(next_one().kind, RECORDED_END);
    ck_assert_int_eq(next_one().kind, RECORDED_END);
    closes(driver_replay());
}
END_TEST

START_TEST(a_line_without_end_is_one_bad_row)
{
    char path[PATH_MAX], text[3000];
    memset(text, '7', sizeof text);
    memcpy(text + sizeof text - 6, "\n0,4\n", 6);
    tree_write(&tree, "rows.csv", text);
    (void)snprintf(path, sizeof path, "%s", tree_path(&tree, "rows.csv"));
    add_probe((struct probe_setting){.name = "old", .driver = "replay", .file = path});
    scan(driver_replay());
    ck_assert_int_eq(next_one().kind, RECORDED_BAD);
    struct recorded_reading good = next_one();
    ck_assert_int_eq(good.kind, RECORDED_READING);
    ck_assert_uint_eq(good.line, 2);
    closes(driver_replay());
}
END_TEST

START_TEST(every_driver_has_a_name)
{
    const struct driver *driver;
    size_t count = 0;
    for (; (driver = driver_at(count)); count++)
        ck_assert_ptr_eq(driver_named(driver->name), driver);
    ck_assert_uint_eq(count, 5);
    ck_assert_ptr_null(driver_named("thermos"));
}
END_TEST

static Suite *suite_of_drivers(void)
{
    Suite *s = suite_create("drivers");
    TCase *t = tcase_create("drivers");
    tcase_add_checked_fixture(t, start, finish);
    tcase_add_test(t, w1_finds_and_reads);
    tcase_add_test(t, w1_sets_the_feature_bit_and_triggers_all);
    tcase_add_test(t, w1_without_value);
    tcase_add_test(t, garbage_in_a_probe_file_is_told_in_printable_characters);
    tcase_add_test(t, w1_power_on_values_are_marked);
    tcase_add_test(t, w1_slave_of_old_kernels);
    tcase_add_test(t, w1_probe_has_the_name_given_to_it);
    tcase_add_test(t, a_board_without_w1_has_no_probes);
    tcase_add_test(t, hwmon_by_name_never_by_number);
    tcase_add_test(t, two_chips_of_one_name_need_a_device);
    tcase_add_test(t, iio_counts_become_millidegrees);
    tcase_add_test(t, iio_without_scale_is_a_fault);
    tcase_add_test(t, replay_tells_the_recorded_times);
    tcase_add_test(t, a_line_without_end_is_one_bad_row);
    tcase_add_test(t, every_driver_has_a_name);
    suite_add_tcase(s, t);
    return s;
}

TEST_MAIN(suite_of_drivers)
