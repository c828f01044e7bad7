#include "common/conf.h"
#include "common/cleanup.h"
#include "tests/helpers/check_main.h"

#include <string.h>
#include <sys/stat.h>

struct probe {
    char *id;
    char *driver;
    int64_t bus;
};

struct settings {
    char *id;
    int64_t interval_s;
    bool eager;
    char *key;
    char **words;
    struct probe *probes;
    size_t probe_count;
};

static const struct conf_setting probe_settings[] = {
    {.name = "driver", .type = CONF_TEXT, .offset = offsetof(struct probe, driver), .flags = CONF_REQUIRED, .help = "d"},
    {.name = "bus", .type = CONF_INT, .offset = offsetof(struct probe, bus), .least = 0, .most = 9, .help = "b"},
};

static const struct conf_setting root_settings[] = {
    {.name = "id", .type = CONF_TEXT, .offset = offsetof(struct settings, id), .flags = CONF_REQUIRED,
     .help = "name of this gateway"},
    {.name = "interval_s", .type = CONF_INT, .offset = offsetof(struct settings, interval_s), .least = 1, .most = 3600,
     .fallback = "60", .flags = CONF_RELOADABLE, .help = "seconds between readings"},
    {.name = "eager", .type = CONF_BOOL, .offset = offsetof(struct settings, eager), .fallback = "yes",
     .flags = CONF_RELOADABLE, .help = "send at once"},
    {.name = "key", .type = CONF_PATH, .offset = offsetof(struct settings, key), .flags = CONF_SECRET, .help = "key file"},
    {.name = "words", .type = CONF_TEXT_LIST, .offset = offsetof(struct settings, words), .fallback = "a bc",
     .help = "some words"},
};

static const struct conf_section sections[] = {
    {.name = "probe", .size = sizeof(struct probe), .title_offset = offsetof(struct probe, id),
     .list_offset = offsetof(struct settings, probes), .count_offset = offsetof(struct settings, probe_count),
     .settings = probe_settings, .setting_count = 2, .help = "a probe"},
};

static const struct conf_table table = {
    .program = "silsila-test", .size = sizeof(struct settings), .settings = root_settings, .setting_count = 5,
    .sections = sections, .section_count = 1,
};

static char folder[] = "/tmp/silsila-conf-XXXXXX";
static char path[64];
static char key_path[64];
static struct settings loaded;
static struct why why;

static void set_up(void)
{
    ck_assert_ptr_nonnull(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/c", folder);
    (void)snprintf(key_path, sizeof key_path, "%s/key", folder);
}

static void tear_down(void)
{
    conf_free(&table, &loaded);
    (void)unlink(path);
    (void)unlink(key_path);
    (void)rmdir(folder);
}

static void write_file(const char *at, const char *text)
{
    FILE *file = fopen(at, "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs(text, file), 0);
    ck_assert_int_eq(fclose(file), 0);
}

static enum outcome load(const char *text)
{
    write_file(path, text);
    return conf_load(&table, path, &loaded, &why);
}

/* The whole message must be `file:LINE: ` and `rest`. */
static void expect_refusal(const char *text, int line, const char *rest)
{
    char want[256];
    ck_assert_msg(load(text) == REJECT, "taken: %s", text);
    (void)snprintf(want, sizeof want, "%s:%d: %s", path, line, rest);
    ck_assert_str_eq(why.text, want);
    const struct settings empty = {0};
    ck_assert_mem_eq(&loaded, &empty, sizeof loaded); /* nothing is left allocated */
}

START_TEST(a_file_is_read_and_the_rest_is_defaults)
{
    ck_assert_int_eq(load("# comment\nid = \"gw-1\"\ninterval_s = 5\nwords = {x, \"y z\"}\n"
                          "probe \"p1\" {\n  driver = w1\n  bus = 3\n}\nprobe p2 { driver = \"hwmon\" }\n"),
                     DONE);
    ck_assert_str_eq(loaded.id, "gw-1");
    ck_assert_int_eq(loaded.interval_s, 5);
    ck_assert(loaded.eager);
    ck_assert_str_eq(loaded.key, "");
    ck_assert_str_eq(loaded.words[1], "y z");
    ck_assert_ptr_null(loaded.words[2]);
    ck_assert_uint_eq(loaded.probe_count, 2);
    ck_assert_str_eq(loaded.probes[0].id, "p1");
    ck_assert_str_eq(loaded.probes[0].driver, "w1");
    ck_assert_int_eq(loaded.probes[0].bus, 3);
    ck_assert_str_eq(loaded.probes[1].id, "p2");
    ck_assert_int_eq(loaded.probes[1].bus, 0);
}
END_TEST

START_TEST(fallback_words_make_a_list)
{
    ck_assert_int_eq(load("id = x\neager = off\n"), DONE);
    ck_assert_str_eq(loaded.words[0], "a");
    ck_assert_str_eq(loaded.words[1], "bc");
    ck_assert_ptr_null(loaded.words[2]);
    ck_assert(!loaded.eager);
}
END_TEST

START_TEST(every_error_names_file_and_line)
{
    expect_refusal("id = x\nintervall_s = 5\n", 2, "no such option 'intervall_s'");
    expect_refusal("id = x\n\ninterval_s = soon\n", 3, "interval_s wants a whole number, not \"soon\"");
    expect_refusal("id = x\ninterval_s = 5m\n", 2, "interval_s wants a whole number, not \"5m\"");
    expect_refusal("id = x\ninterval_s = 0\n", 2, "interval_s is 0, outside 1 to 3600");
    expect_refusal("interval_s = 3601\nid = x\n", 1, "interval_s is 3601, outside 1 to 3600");
    expect_refusal("id = x\ninterval_s = 99999999999999999999\n", 2,
                   "interval_s wants a whole number, not \"99999999999999999999\"");
    expect_refusal("id = x\neager = perhaps\n", 2, "eager wants true or false, not \"perhaps\"");
    expect_refusal("id = x\nid = y\n", 2, "id is given twice");
    expect_refusal("id = \"\"\n", 1, "id is required and empty");
    expect_refusal("id = x\nprobe p {\n driver = w1\n bus = 10\n}\n", 4, "bus is 10, outside 0 to 9");
    expect_refusal("id = x\nprobe p {\n driver = w1\n driver = w2\n}\n", 4, "driver is given twice");
    expect_refusal("id = x\nprobe p {\n colour = red\n}\n", 3, "no such option 'colour'");
}
END_TEST

START_TEST(missing_settings_and_broken_files_are_refused)
{
    char want[128];
    ck_assert_int_eq(load("interval_s = 5\n"), REJECT);
    ck_assert_ptr_nonnull(strstr(why.text, ": id is required and not given"));
    ck_assert_int_eq(load("id = x\nprobe p {\n bus = 1\n}\n"), REJECT);
    ck_assert_ptr_nonnull(strstr(why.text, "probe \"p\": driver is required and not given"));
    ck_assert_int_eq(load("id = x\nprobe p { driver = a }\nprobe p { driver = b }\n"), REJECT);
    (void)snprintf(want, sizeof want, "%s:3: ", path);
    ck_assert_msg(strncmp(why.text, want, strlen(want)) == 0, "%s", why.text);
    ck_assert_int_eq(load("id = \n"), REJECT);
    ck_assert_msg(strncmp(why.text, path, strlen(path)) == 0, "%s", why.text);
    ck_assert_int_eq(load("id = x\nprobe p {\n driver = w1\n"), REJECT);
    ck_assert_ptr_nonnull(strstr(why.text, "ends inside a section"));
    ck_assert_int_eq(load("id = \"{\" # {\n/* { */ // {\n"), DONE);
    conf_free(&table, &loaded);
    ck_assert_int_eq(conf_load(&table, folder, &loaded, &why), REJECT);
    ck_assert_ptr_nonnull(strstr(why.text, ":0: is not a file"));
    ck_assert_int_eq(conf_load(&table, "/nonexistent/c", &loaded, &why), REJECT);
    ck_assert_str_eq(why.text, "/nonexistent/c:0: cannot read: No such file or directory");
    ck_assert_int_eq(conf_load(&table, NULL, &loaded, &why), REJECT); /* id has no default */
}
END_TEST

START_TEST(a_secret_that_others_may_read_is_refused)
{
    char text[128], want[200];
    write_file(key_path, "secret");
    ck_assert_int_eq(chmod(key_path, 0640), 0);
    (void)snprintf(text, sizeof text, "id = x\nkey = \"%s\"\n", key_path);
    (void)snprintf(want, sizeof want, "key: %s may be read by others (mode 0640, wanted 0600 or stricter)", key_path);
    expect_refusal(text, 2, want);
    ck_assert_int_eq(chmod(key_path, 0600), 0);
    ck_assert_int_eq(load(text), DONE);
    ck_assert_str_eq(loaded.key, key_path);
}
END_TEST

static char *text_from(void (*write)(FILE *to))
{
    char *text = NULL;
    size_t len = 0;
    FILE *to = open_memstream(&text, &len);
    ck_assert_ptr_nonnull(to);
    write(to);
    ck_assert_int_eq(fclose(to), 0);
    return text;
}

static void write_dump(FILE *to)
{
    conf_dump(&table, &loaded, to);
}

static void write_example_of_table(FILE *to)
{
    conf_example(&table, to);
}

START_TEST(a_dump_masks_secrets_and_reads_back)
{
    ck_assert_int_eq(load("id = \"a \\\"b\\\"\"\nkey = /nonexistent/key\nprobe \"p 1\" { driver = w1 bus = 2 }\n"), DONE);
    scoped_by(cleanup_free) char *text = text_from(write_dump);
    ck_assert_str_eq(text, "id = \"a \\\"b\\\"\"\ninterval_s = 60\neager = true\nkey = \"(secret)\"\n"
                           "words = {\"a\", \"bc\"}\nprobe \"p 1\" {\n    driver = \"w1\"\n    bus = 2\n}\n");
    conf_free(&table, &loaded);
    ck_assert_int_eq(load(text), DONE);
    ck_assert_str_eq(loaded.id, "a \"b\"");
    ck_assert_str_eq(loaded.probes[0].id, "p 1");
}
END_TEST

START_TEST(the_example_loads_and_names_every_setting)
{
    scoped_by(cleanup_free) char *text = text_from(write_example_of_table);
    for (size_t i = 0; i < table.setting_count; i++)
        ck_assert_ptr_nonnull(strstr(text, root_settings[i].help));
    ck_assert_ptr_nonnull(strstr(text, "# seconds between readings (1 to 3600); SIGHUP changes it\n# interval_s = 60\n"));
    ck_assert_int_eq(load(text), DONE);
    ck_assert_str_eq(loaded.id, "CHANGE-ME");
    ck_assert_uint_eq(loaded.probe_count, 0);
}
END_TEST

START_TEST(a_reload_may_change_only_what_is_reloadable)
{
    struct settings other = {0};
    ck_assert_int_eq(load("id = x\nprobe p { driver = w1 }\n"), DONE);
    write_file(path, "id = x\ninterval_s = 7\neager = no\nprobe p { driver = w1 }\n");
    ck_assert_int_eq(conf_load(&table, path, &other, &why), DONE);
    ck_assert_ptr_null(conf_unreloadable_change(&table, &loaded, &other));
    conf_free(&table, &other);
    write_file(path, "id = y\nprobe p { driver = w1 }\n");
    ck_assert_int_eq(conf_load(&table, path, &other, &why), DONE);
    ck_assert_str_eq(conf_unreloadable_change(&table, &loaded, &other), "id");
    conf_free(&table, &other);
    write_file(path, "id = x\nprobe p { driver = hwmon }\n");
    ck_assert_int_eq(conf_load(&table, path, &other, &why), DONE);
    ck_assert_str_eq(conf_unreloadable_change(&table, &loaded, &other), "driver");
    conf_free(&table, &other);
    write_file(path, "id = x\n");
    ck_assert_int_eq(conf_load(&table, path, &other, &why), DONE);
    ck_assert_str_eq(conf_unreloadable_change(&table, &loaded, &other), "probe");
    conf_free(&table, &other);
}
END_TEST

static Suite *suite_of_conf(void)
{
    Suite *s = suite_create("conf");
    TCase *t = tcase_create("conf");
    tcase_add_checked_fixture(t, set_up, tear_down);
    tcase_add_test(t, a_file_is_read_and_the_rest_is_defaults);
    tcase_add_test(t, fallback_words_make_a_list);
    tcase_add_test(t, every_error_names_file_and_line);
    tcase_add_test(t, missing_settings_and_broken_files_are_refused);
    tcase_add_test(t, a_secret_that_others_may_read_is_refused);
    tcase_add_test(t, a_dump_masks_secrets_and_reads_back);
    tcase_add_test(t, the_example_loads_and_names_every_setting);
    tcase_add_test(t, a_reload_may_change_only_what_is_reloadable);
    suite_add_tcase(s, t);
    return s;
}

TEST_MAIN(suite_of_conf)
