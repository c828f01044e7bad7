#include "common/keys.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "tests/helpers/check_main.h"

static const uint8_t origin[ORIGIN_LEN] = {7, 7, 7};
static const struct bytes payload = {(const uint8_t *)"thirty bags of plasma", 21};

struct pair {
    struct key_private *private;
    struct key_public *public;
};

static struct pair new_pair(void)
{
    struct pair pair = {0};
    struct why why;
    ck_assert_int_eq(key_generate(&pair.private, &why), DONE);
    ck_assert_int_eq(key_public_of(pair.private, &pair.public, &why), DONE);
    return pair;
}

static void free_pair(struct pair *pair)
{
    key_private_free(&pair->private);
    key_public_free(&pair->public);
}

START_TEST(a_signature_fits_its_key_purpose_origin_and_bytes_only)
{
    struct pair mine = new_pair(), other = new_pair();
    struct why why;
    uint8_t signature[SIGNATURE_LEN], foreign[ORIGIN_LEN] = {0};
    for (int i = 0; i < 50; i++) { /* short r and s come by chance: each takes another path through DER */
        ck_assert_int_eq(key_sign(mine.private, PURPOSE_ENVELOPE, origin, payload, signature, &why), DONE);
        ck_assert_int_eq(key_verify(mine.public, PURPOSE_ENVELOPE, origin, payload, signature, &why), DONE);
    }
    ck_assert_int_eq(key_verify(other.public, PURPOSE_ENVELOPE, origin, payload, signature, &why), REJECT);
    ck_assert_int_eq(key_verify(mine.public, PURPOSE_RECEIPT, origin, payload, signature, &why), REJECT);
    ck_assert_int_eq(key_verify(mine.public, PURPOSE_ENVELOPE, foreign, payload, signature, &why), REJECT);
    ck_assert_int_eq(key_verify(mine.public, PURPOSE_ENVELOPE, origin, bytes_of("thirty bags of plasmb", 21),
                                signature, &why),
                     REJECT);
    for (size_t bit = 0; bit < 8 * SIGNATURE_LEN; bit += 7) {
        uint8_t bent[SIGNATURE_LEN];
        memcpy(bent, signature, sizeof bent);
        bent[bit / 8] = (uint8_t)(bent[bit / 8] ^ (1 << bit % 8));
        ck_assert_int_eq(key_verify(mine.public, PURPOSE_ENVELOPE, origin, payload, bent, &why), REJECT);
    }
    free_pair(&mine);
    free_pair(&other);
}
END_TEST

/* n − s makes a second signature that plain ECDSA accepts. */
START_TEST(the_other_half_is_refused)
{
    static const uint8_t order[32] = {0xff, 0xff, 0xff, 0xff, 0,    0,    0,    0,    0xff, 0xff, 0xff,
                                      0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17,
                                      0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51};
    struct pair mine = new_pair();
    struct why why;
    uint8_t signature[SIGNATURE_LEN];
    ck_assert_int_eq(key_sign(mine.private, PURPOSE_ENVELOPE, origin, payload, signature, &why), DONE);
    int borrow = 0;
    for (int i = 31; i >= 0; i--) {
        int digit = order[i] - signature[32 + i] - borrow;
        borrow = digit < 0;
        signature[32 + i] = (uint8_t)(digit + 256 * borrow);
    }
    ck_assert_int_eq(key_verify(mine.public, PURPOSE_ENVELOPE, origin, payload, signature, &why), REJECT);
    ck_assert_ptr_nonnull(strstr(why.text, "high s"));
    free_pair(&mine);
}
END_TEST

START_TEST(zero_and_huge_halves_are_refused)
{
    struct pair mine = new_pair();
    struct why why;
    uint8_t signature[SIGNATURE_LEN] = {0};
    ck_assert_int_eq(key_verify(mine.public, PURPOSE_ENVELOPE, origin, payload, signature, &why), REJECT);
    memset(signature, 0xff, 32);
    signature[63] = 1;
    ck_assert_int_eq(key_verify(mine.public, PURPOSE_ENVELOPE, origin, payload, signature, &why), REJECT);
    free_pair(&mine);
}
END_TEST

START_TEST(a_public_key_has_one_form_and_one_id)
{
    struct pair mine = new_pair();
    struct why why;
    scoped_by(buffer_free) struct buffer der = {0};
    ck_assert_int_eq(key_public_der(mine.private, &der, &why), DONE);
    uint8_t id[KEY_ID_LEN], hash[HASH_LEN], private_id[KEY_ID_LEN];
    key_public_id(mine.public, id);
    key_private_id(mine.private, private_id);
    sha256(buffer_view(&der), hash);
    ck_assert_mem_eq(id, hash, sizeof id);
    ck_assert_mem_eq(private_id, hash, sizeof id);
    struct key_public *none = NULL;
    for (size_t len = 0; len < der.len; len++)
        ck_assert_int_eq(key_public_read(bytes_of(der.data, len), &none, &why), REJECT);
    buffer_add_byte(&der, 0);
    ck_assert_int_eq(key_public_read(buffer_view(&der), &none, &why), REJECT);
    der.len--;
    der.data[90] ^= 1; /* off the curve */
    ck_assert_int_eq(key_public_read(buffer_view(&der), &none, &why), REJECT);
    ck_assert_ptr_null(none);
    free_pair(&mine);
}
END_TEST

START_TEST(a_saved_key_comes_back_and_is_never_overwritten)
{
    char folder[] = "/tmp/silsila-keys-XXXXXX", path[64];
    ck_assert_ptr_nonnull(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/record.key", folder);
    struct pair mine = new_pair(), other = new_pair();
    struct why why;
    struct stat about;
    ck_assert_int_eq(key_save(mine.private, path, &why), DONE);
    ck_assert_int_eq(stat(path, &about), 0);
    ck_assert_uint_eq(about.st_mode & 0777, 0600);
    ck_assert_int_eq(key_save(other.private, path, &why), REJECT);
    struct key_private *back = NULL;
    uint8_t id[KEY_ID_LEN], back_id[KEY_ID_LEN];
    ck_assert_int_eq(key_load(path, &back, &why), DONE);
    key_private_id(mine.private, id);
    key_private_id(back, back_id);
    ck_assert_mem_eq(id, back_id, sizeof id);
    key_private_free(&back);
    ck_assert_int_eq(chmod(path, 0640), 0);
    ck_assert_int_eq(key_load(path, &back, &why), REJECT);
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(key_load(path, &back, &why), RETRY);
    ck_assert_int_eq(rmdir(folder), 0); /* and nothing temporary was left */
    free_pair(&mine);
    free_pair(&other);
}
END_TEST

START_TEST(what_is_no_key_is_refused)
{
    char path[] = "/tmp/silsila-nokey-XXXXXX";
    scoped_by(cleanup_close) int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, "not a key\n", 10), 10);
    struct key_private *none = NULL;
    struct why why;
    ck_assert_int_eq(key_load(path, &none, &why), REJECT);
    ck_assert_ptr_null(none);
    (void)unlink(path);
}
END_TEST

static Suite *suite_of_keys(void)
{
    Suite *s = suite_create("keys");
    TCase *t = tcase_create("keys");
    tcase_add_test(t, a_signature_fits_its_key_purpose_origin_and_bytes_only);
    tcase_add_test(t, the_other_half_is_refused);
    tcase_add_test(t, zero_and_huge_halves_are_refused);
    tcase_add_test(t, a_public_key_has_one_form_and_one_id);
    tcase_add_test(t, a_saved_key_comes_back_and_is_never_overwritten);
    tcase_add_test(t, what_is_no_key_is_refused);
    suite_add_tcase(s, t);
    return s;
}

TEST_MAIN(suite_of_keys)
