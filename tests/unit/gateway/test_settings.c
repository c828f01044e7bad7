/* The settings table against its example file and its manual page, and what only the program can judge. With
 * SILSILA_REWRITE=1 in the environment the example file is written anew instead of compared. */
#include "gateway/settings.h"

#include "common/cleanup.h"
#include "tests/helpers/check_main.h"
#include "tests/helpers/tree.h"

static struct tree tree;
static struct gateway_settings settings;

static void start(void)
{
    tree_make(&tree);
    settings = (struct gateway_settings){0};
}

static void finish(void)
{
    conf_free(gateway_conf_table(), &settings);
    tree_remove(&tree);
}

static char *whole_file(const char *path)
{
    FILE *file = fopen(path, "re");
    ck_assert_msg(file, "cannot open %s", path);
    char *text = calloc(1, 200000);
    ck_assert_uint_lt(fread(text, 1, 199999, file), 199999);
    (void)fclose(file);
    return text;
}

START_TEST(the_example_follows_the_table)
{
    char *made = NULL;
    size_t len = 0;
    FILE *memory = open_memstream(&made, &len);
    conf_example(gateway_conf_table(), memory);
    (void)fclose(memory);
    if (getenv("SILSILA_REWRITE")) {
        FILE *file = fopen(GATEWAY_FOLDER "/gateway.conf", "we");
        ck_assert_uint_eq(fwrite(made, 1, len, file), len);
        (void)fclose(file);
    }
    char *kept = whole_file(GATEWAY_FOLDER "/gateway.conf");
    ck_assert_str_eq(kept, made);
    free(kept);
    free(made);
}
END_TEST

static void stands_in(const char *manual, const char *name)
{
    char entry[80];
    (void)snprintf(entry, sizeof entry, "\n.B %s\n", name);
    ck_assert_msg(strstr(manual, entry), "%s is not in the manual page", name);
}

START_TEST(the_manual_names_every_setting)
{
    const struct conf_table *table = gateway_conf_table();
    char *manual = whole_file(GATEWAY_FOLDER "/silsila-gateway.8");
    for (size_t i = 0; i < table->setting_count; i++)
        stands_in(manual, table->settings[i].name);
    for (size_t s = 0; s < table->section_count; s++)
        for (size_t i = 0; i < table->sections[s].setting_count; i++)
            stands_in(manual, table->sections[s].settings[i].name);
    free(manual);
}
END_TEST

static enum outcome load(const char *text, struct why *why)
{
    tree_write(&tree, "gateway.conf", text);
    conf_free(gateway_conf_table(), &settings);
    settings = (struct gateway_settings){0};
    enum outcome outcome = conf_load(gateway_conf_table(), tree_path(&tree, "gateway.conf"), &settings, why);
    return outcome == DONE ? gateway_settings_check(&settings, why) : outcome;
}

static void refuses(const char *text, const char *because)
{
    struct why why = {""};
    ck_assert_msg(load(text, &why) == REJECT, "taken: %s", text);
    ck_assert_msg(strstr(why.text, because), "'%s' does not say '%s'", why.text, because);
}

START_TEST(a_good_file_is_taken)
{
    struct why why = {""};
    ck_assert_msg(load("id = \"gw-1\"\nprobe \"fridge\" { driver = hwmon chip = jc42 channel = temp1 }\n"
                       "transmitter \"tx\" { open_codes = {\"32767\", \"0x8000\", \"-1\"} }\n"
                       "probe \"tank\" { driver = modbus device = \"/dev/ttyS0\" transmitter = tx unit = 3 }\n",
                       &why) == DONE,
                  "%s", why.text);
    ck_assert_int_eq(settings.interval_s, 60);
    ck_assert_int_eq(settings.seal_s, 900);
    ck_assert(settings.w1);
    ck_assert(!settings.clock_trusted);
    ck_assert_uint_eq(settings.probe_count, 2);
    ck_assert_int_eq(settings.probes[0].stuck_samples, -1);
    ck_assert_str_eq(settings.transmitters[0].table, "input");
}
END_TEST

START_TEST(bad_files_are_refused_with_a_reason)
{
    refuses("", "id");
    refuses("id = \"GW\"\n", "id");
    refuses("id = \"gw-1\"\ninterval = 5\n", "2");
    refuses("id = \"gw-1\"\ninterval_s = 0\n", "interval_s");
    refuses("id = \"gw-1\"\nprobe \"a\" { driver = thermos }\n", "thermos");
    refuses("id = \"gw-1\"\nprobe \"a\" { driver = hwmon chip = x }\n", "channel");
    refuses("id = \"gw-1\"\nprobe \"a\" { driver = w1 }\n", "device");
    refuses("id = \"gw-1\"\nprobe \"a\" { driver = replay }\n", "file");
    refuses("id = \"gw-1\"\nprobe \"a b\" { driver = replay file = \"/x\" }\n", "a b");
    refuses("id = \"gw-1\"\nprobe \"a\" { driver = replay file = \"/x\" lowest_mc = 5 highest_mc = 1 }\n", "lowest_mc");
    refuses("id = \"gw-1\"\nprobe \"a\" { driver = replay file = \"/x\" }\nprobe \"a\" { driver = replay file = \"/y\" }\n",
            "duplicate");
    refuses("id = \"gw-1\"\ntransmitter \"t\" { table = coil }\n", "table");
    refuses("id = \"gw-1\"\ntransmitter \"t\" { parity = mark }\n", "parity");
    refuses("id = \"gw-1\"\ntransmitter \"t\" { open_codes = {\"99999\"} }\n", "99999");
}
END_TEST

static Suite *suite_of_settings(void)
{
    Suite *s = suite_create("settings");
    TCase *t = tcase_create("settings");
    tcase_add_checked_fixture(t, start, finish);
    tcase_add_test(t, the_example_follows_the_table);
    tcase_add_test(t, the_manual_names_every_setting);
    tcase_add_test(t, a_good_file_is_taken);
    tcase_add_test(t, bad_files_are_refused_with_a_reason);
    suite_add_tcase(s, t);
    return s;
}

TEST_MAIN(suite_of_settings)
