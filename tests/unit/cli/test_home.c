/* A home on disk, and the files of an enrolment. */
#include "cli/home.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/enrolment.h"
#include "cli/tls.h"
#include "common/cleanup.h"
#include "tests/helpers/check_main.h"
#include "tests/helpers/tree.h"

static struct tree tree;
static const char *folder;
static struct home home;
static struct key_private *authority;

static void write_text(const char *name, const char *text)
{
    char path[PATH_MAX];
    struct why why = {""};
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    ck_assert_msg(file_write(path, bytes_of(text, strlen(text)), 0600, &why) == DONE, "%s", why.text);
}

static void make_home(void)
{
    char path[PATH_MAX];
    struct why why = {""};
    scoped_by(buffer_free) struct buffer der = {0};
    tree_make(&tree);
    folder = tree.root;
    ck_assert_int_eq(key_generate(&authority, &why), DONE);
    ck_assert_int_eq(key_public_der(authority, &der, &why), DONE);
    (void)snprintf(path, sizeof path, "%s/authority.der", folder);
    ck_assert_int_eq(file_write(path, buffer_view(&der), 0644, &why), DONE);
    write_text("silsila.conf",
               "origin = \"0101010101010101010101010101010101010101010101010101010101010101\"\n");
    ck_assert_msg(home_open(&home, folder, &why) == DONE, "%s", why.text);
}

static void remove_home(void)
{
    home_close(&home);
    key_private_free(&authority);
    tree_remove(&tree);
}

START_TEST(a_home_is_whole_or_refused)
{
    struct home bad;
    struct why why;
    ck_assert_str_eq(home.settings.admin, "admin");
    ck_assert_int_eq(home.settings.broker_port, 8883);
    ck_assert_uint_eq(home.origin[31], 1);
    ck_assert_int_eq(home_open(&bad, "/nowhere", &why), REJECT);
    write_text("silsila.conf", "origin = \"01\"\n");
    ck_assert_int_eq(home_open(&bad, folder, &why), REJECT);
    write_text("silsila.conf", "colour = \"red\"\n");
    ck_assert_int_eq(home_open(&bad, folder, &why), REJECT);
}
END_TEST

START_TEST(keys_are_certified_under_this_authority)
{
    struct why why = {""};
    struct certificate certificate;
    char path[PATH_MAX];
    scoped_by(buffer_free) struct buffer raw = {0};
    ck_assert_msg(home_certify(&home, authority, "server", SILSILA__V1__KEY_KIND__KEY_KIND_SERVER, "server",
                               4, &why) == DONE,
                  "%s", why.text);
    home_file(&home, "server.certificate", path);
    ck_assert_int_eq(file_read(path, 1024, &raw, &why), DONE);
    ck_assert_int_eq(home_certificate_check(&home, buffer_view(&raw), SILSILA__V1__KEY_KIND__KEY_KIND_SERVER,
                                            &certificate, &why),
                     DONE);
    ck_assert_uint_eq(certificate.serial, 4);
    raw.data[raw.len - 1] ^= 1;
    ck_assert_int_eq(home_certificate_check(&home, buffer_view(&raw), SILSILA__V1__KEY_KIND__KEY_KIND_SERVER,
                                            &certificate, &why),
                     REJECT);
}
END_TEST

START_TEST(a_request_proves_its_key)
{
    struct why why = {""};
    scoped_by(key_private_free) struct key_private *record = NULL;
    scoped_by(buffer_free) struct buffer raw = {0};
    Silsila__V1__EnrolmentRequest *request = NULL;
    ck_assert_int_eq(key_generate(&record, &why), DONE);
    ck_assert_int_eq(enrolment_request_write("gw-001", record, bytes_of("tls", 3), 17, &raw, &why), DONE);
    ck_assert_msg(enrolment_request_read(buffer_view(&raw), &request, &why) == DONE, "%s", why.text);
    ck_assert_str_eq(request->gateway, "gw-001");
    silsila__v1__enrolment_request__free_unpacked(request, NULL);
    for (size_t i = 0; i < raw.len; i++) {
        raw.data[i] ^= 0x10;
        ck_assert_int_ne(enrolment_request_read(buffer_view(&raw), &request, &why), DONE);
        raw.data[i] ^= 0x10;
    }
}
END_TEST

START_TEST(tls_certificates_are_for_one_id_only)
{
    char key_path[PATH_MAX], ca_path[PATH_MAX], ca_key_path[PATH_MAX], command[PATH_MAX * 3];
    struct why why = {""};
    scoped_by(key_private_free) struct key_private *key = NULL;
    scoped_by(buffer_free) struct buffer request = {0}, pem = {0};
    (void)snprintf(key_path, sizeof key_path, "%s/tls.key", folder);
    (void)snprintf(ca_path, sizeof ca_path, "%s/ca.crt", folder);
    (void)snprintf(ca_key_path, sizeof ca_key_path, "%s/ca.key", folder);
    ck_assert_int_eq(key_generate(&key, &why), DONE);
    ck_assert_int_eq(key_save(key, key_path, &why), DONE);
    (void)snprintf(
        command, sizeof command,
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=ca -keyout %s -out %s"
        " 2>/dev/null",
        ca_key_path, ca_path);
    ck_assert_int_eq(system(command), 0);
    ck_assert_msg(tls_request_make(key_path, "gw-001", &request, &why) == DONE, "%s", why.text);
    ck_assert_int_eq(
        tls_certificate_issue(buffer_view(&request), "gw-002", ca_path, ca_key_path, 10, &pem, &why), REJECT);
    ck_assert_int_eq(
        tls_certificate_issue(buffer_view(&request), "gw-001", ca_path, key_path, 10, &pem, &why), REJECT);
    ck_assert_msg(
        tls_certificate_issue(buffer_view(&request), "gw-001", ca_path, ca_key_path, 10, &pem, &why) == DONE,
        "%s", why.text);
    ck_assert_int_eq(memcmp(pem.data, "-----BEGIN CERTIFICATE-----", 27), 0);
    request.data[request.len - 1] ^= 1;
    ck_assert_int_eq(
        tls_certificate_issue(buffer_view(&request), "gw-001", ca_path, ca_key_path, 10, &pem, &why), REJECT);
    ck_assert_int_eq(tls_certificate_issue(bytes_of("x", 1), "gw-001", ca_path, ca_key_path, 10, &pem, &why),
                     REJECT);
}
END_TEST

/* cli/silsila.conf is the table's own example. */
START_TEST(the_example_follows_the_table)
{
    struct why why = {""};
    scoped_by(buffer_free) struct buffer file = {0};
    char *made = NULL;
    size_t len = 0;
    FILE *memory = open_memstream(&made, &len);
    ck_assert_ptr_nonnull(memory);
    conf_example(home_conf_table(), memory);
    (void)fclose(memory);
    ck_assert_msg(file_read(EXAMPLE_CONF, 65536, &file, &why) == DONE, "%s", why.text);
    ck_assert(bytes_equal(buffer_view(&file), bytes_of(made, len)));
    free(made);
}
END_TEST

static Suite *suite_of_home(void)
{
    Suite *s = suite_create("home");
    TCase *t = tcase_create("home");
    tcase_add_checked_fixture(t, make_home, remove_home);
    tcase_add_test(t, a_home_is_whole_or_refused);
    tcase_add_test(t, keys_are_certified_under_this_authority);
    tcase_add_test(t, a_request_proves_its_key);
    tcase_add_test(t, tls_certificates_are_for_one_id_only);
    tcase_add_test(t, the_example_follows_the_table);
    suite_add_tcase(s, t);
    return s;
}

TEST_MAIN(suite_of_home)
