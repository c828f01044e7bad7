/* The example file beside the source is exactly what the table says. */
#include "ingest/settings.h"
#include "tests/helpers/check_main.h"

#include <stdlib.h>
#include <string.h>

START_TEST(the_example_file_is_the_table)
{
    char *text = NULL;
    size_t len = 0;
    static char file_text[65536];
    FILE *memory = open_memstream(&text, &len);
    conf_example(ingest_settings_table(), memory);
    ck_assert_int_eq(fclose(memory), 0);
    FILE *file = fopen(INGEST_EXAMPLE, "re");
    ck_assert_ptr_nonnull(file);
    size_t got = fread(file_text, 1, sizeof file_text - 1, file);
    ck_assert_int_eq(fclose(file), 0);
    file_text[got] = '\0';
    ck_assert_str_eq(file_text, text);
    free(text);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("ingest/settings");
    TCase *c = tcase_create("settings");
    tcase_add_test(c, the_example_file_is_the_table);
    suite_add_tcase(s, c);
    return s;
}

TEST_MAIN(suite)
