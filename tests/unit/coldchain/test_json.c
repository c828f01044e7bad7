#include "coldchain/json.h"

#include <string.h>

#include "common/cleanup.h"
#include "tests/helpers/check_main.h"

static void refused(const char *text, const char *message)
{
    scoped_by(arena_free) struct arena arena = {0};
    struct json root;
    struct why why = {""};
    ck_assert_msg(json_parse(bytes_of(text, strlen(text)), &arena, &root, &why) == REJECT, "%s", text);
    ck_assert_str_eq(why.text, message);
}

static const struct json *parsed(const char *text, struct arena *arena, struct json *root)
{
    struct why why = {""};
    enum outcome outcome = json_parse(bytes_of(text, strlen(text)), arena, root, &why);
    ck_assert_msg(outcome == DONE, "%s: %s", text, why.text);
    return root;
}

START_TEST(values_of_every_type)
{
    scoped_by(arena_free) struct arena arena = {0};
    struct json root;
    parsed(" {\"a\": [1, -2, 0], \"b\": null, \"c\": true, \"d\": false, \"e\": \"x\", \"f\": {}}\n", &arena, &root);
    ck_assert_int_eq((int)root.type, (int)JSON_OBJECT);
    ck_assert_uint_eq(root.count, 6);
    const struct json *list = json_member(&root, "a");
    ck_assert_uint_eq(list->count, 3);
    ck_assert_int_eq(list->items[1].integer, -2);
    ck_assert_ptr_null(json_member(&root, "b")); /* null is as good as missing */
    ck_assert_ptr_null(json_member(&root, "z"));
    ck_assert_int_eq((int)json_member(&root, "c")->type, (int)JSON_TRUE);
    ck_assert_int_eq((int)json_member(&root, "d")->type, (int)JSON_FALSE);
    ck_assert_str_eq(json_member(&root, "e")->text, "x");
    ck_assert_uint_eq(json_member(&root, "f")->count, 0);
}
END_TEST

START_TEST(integers_within_2_to_the_53)
{
    scoped_by(arena_free) struct arena arena = {0};
    struct json root;
    ck_assert_int_eq(parsed("9007199254740992", &arena, &root)->integer, JSON_LARGEST);
    ck_assert_int_eq(parsed("-9007199254740992", &arena, &root)->integer, -JSON_LARGEST);
    refused("9007199254740993", "(file): number beyond 2^53");
    refused("-9007199254740993", "(file): number beyond 2^53");
    refused("99999999999999999999999999", "(file): number beyond 2^53");
    refused("[1.0]", "[0]: numbers are integers in plain digits");
    refused("[1e3]", "[0]: numbers are integers in plain digits");
    refused("[01]", "[0]: a number with a leading zero");
    refused("[-]", "[0]: not a value");
    refused("[+1]", "[0]: not a value");
}
END_TEST

START_TEST(text_is_utf8_and_escapes_are_read)
{
    scoped_by(arena_free) struct arena arena = {0};
    struct json root;
    ck_assert_str_eq(parsed("\"\\u0041\\n\\\"\\\\\\/\\b\\f\\r\\t\"", &arena, &root)->text, "A\n\"\\/\b\f\r\t");
    ck_assert_str_eq(parsed("\"\\u00e9 \\u0633 \\ud83e\\ude78\"", &arena, &root)->text, "é س 🩸");
    ck_assert_str_eq(parsed("\"é س 🩸\"", &arena, &root)->text, "é س 🩸");
    refused("\"\\u0000\"", "(file): bad \\u escape");
    refused("\"\\ud83e\"", "(file): bad \\u escape");
    refused("\"\\ude78\"", "(file): bad \\u escape");
    refused("\"\\ud83e\\u0041\"", "(file): bad \\u escape");
    refused("\"\\u12\"", "(file): bad \\u escape");
    refused("\"\\x\"", "(file): bad escape in text");
    refused("\"abc", "(file): text without an end");
    refused("\"abc\\\"", "(file): text without an end");
    refused("\"\xc0\xaf\"", "(file): text is not UTF-8");         /* overlong */
    refused("\"\xed\xa0\x80\"", "(file): text is not UTF-8");     /* surrogate */
    refused("\"\xf5\x80\x80\x80\"", "(file): text is not UTF-8"); /* beyond U+10FFFF */
    refused("\"\xe2\x82\"", "(file): text is not UTF-8");         /* cut short */
    refused("\"a\nb\"", "(file): control character in text");
}
END_TEST

START_TEST(a_key_stands_once)
{
    refused("{\"a\":1,\"b\":{\"c\":1,\"c\":2}}", "b.c: key stands twice");
    refused("{\"x\":[{\"a\":1},{\"a\":1,\"a\":1}]}", "x[1].a: key stands twice");
}
END_TEST

START_TEST(what_is_not_json)
{
    refused("", "(file): the file ends where a value should be");
    refused("{\"a\":", "a: the file ends where a value should be");
    refused("{\"a\" 1}", "a: a key needs :");
    refused("{a:1}", "(file): an object needs a key in quotes");
    refused("{\"a\":1", "(file): an object needs , or }");
    refused("[1", "(file): a list needs , or ]");
    refused("[1,]", "[1]: not a value");
    refused("{} {}", "(file): something follows the value");
    refused("nul", "(file): not a value");
    refused("{\"a\":1,}", "(file): an object needs a key in quotes");
}
END_TEST

START_TEST(depth_is_bounded)
{
    char deep[200];
    memset(deep, '[', sizeof deep - 1);
    deep[sizeof deep - 1] = '\0';
    scoped_by(arena_free) struct arena arena = {0};
    struct json root;
    struct why why = {""};
    ck_assert(json_parse(bytes_of(deep, strlen(deep)), &arena, &root, &why) == REJECT);
    ck_assert_ptr_nonnull(strstr(why.text, "nested too deeply"));
}
END_TEST

START_TEST(an_empty_view_is_an_empty_file)
{
    scoped_by(arena_free) struct arena arena = {0};
    struct json root;
    struct why why = {""};
    ck_assert(json_parse((struct bytes){0}, &arena, &root, &why) == REJECT);
}
END_TEST

START_TEST(text_is_written_in_one_way)
{
    scoped_by(buffer_free) struct buffer out = {0};
    json_add_text(&out, "a\"b\\c\n\r\t\b\f\x01 é/");
    buffer_add_byte(&out, 0);
    ck_assert_str_eq((char *)out.data, "\"a\\\"b\\\\c\\n\\r\\t\\b\\f\\u0001 é/\"");
}
END_TEST

START_TEST(a_path_that_is_too_long_is_cut)
{
    struct json_path root = {0};
    struct json_path list = {&root, "a_rather_long_key", 0};
    struct json_path item = {&list, NULL, 12345};
    struct json_path key = {&item, "another", 0};
    char room[16];
    json_path_text(&key, room, sizeof room);
    ck_assert_str_eq(room, "a_rather_long_k");
    char wide[64];
    json_path_text(&key, wide, sizeof wide);
    ck_assert_str_eq(wide, "a_rather_long_key[12345].another");
}
END_TEST

static Suite *suite_of_json(void)
{
    Suite *s = suite_create("json");
    TCase *t = tcase_create("json");
    tcase_add_test(t, values_of_every_type);
    tcase_add_test(t, integers_within_2_to_the_53);
    tcase_add_test(t, text_is_utf8_and_escapes_are_read);
    tcase_add_test(t, a_key_stands_once);
    tcase_add_test(t, what_is_not_json);
    tcase_add_test(t, depth_is_bounded);
    tcase_add_test(t, an_empty_view_is_an_empty_file);
    tcase_add_test(t, text_is_written_in_one_way);
    tcase_add_test(t, a_path_that_is_too_long_is_cut);
    suite_add_tcase(s, t);
    return s;
}

TEST_MAIN(suite_of_json)
