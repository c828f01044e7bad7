/* Writes the first corpus: sound messages, their prefixes, and what 7-faults rows 79 to 88 name.
 *
 *   make_corpus tests/fuzz/corpus
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "coldchain/envelope.h"
#include "common/cleanup.h"
#include "tests/fuzz/target.h"
#include "tests/golden/sample.h"

static const char *root;

static void put(const char *target, const char *name, struct bytes content)
{
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/%s", root, target);
    (void)mkdir(path, 0755);
    (void)snprintf(path, sizeof path, "%s/%s/%s", root, target, name);
    FILE *file = fopen(path, "wb");
    if (!file || fwrite(content.data, 1, content.len, file) != content.len || fclose(file) != 0) {
        perror(path);
        exit(EXIT_FAILURE);
    }
}

/* The message itself, five of its prefixes, and the message with each tail behind it. */
static void family(const char *target, const char *name, struct bytes sound)
{
    static const struct {
        const char *name;
        uint8_t bytes[12];
        size_t len;
    } tails[] = {
        {"field-0", {0x00, 0x01}, 2},
        {"unknown-field", {0xfa, 0x7f, 0x01, 0x41}, 4},
        {"overlong-number", {0x40, 0x81, 0x00}, 3},
        {"eleven-bytes", {0x40, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01}, 12},
        {"length-2g", {0x52, 0xff, 0xff, 0xff, 0xff, 0x07}, 6},
        {"not-utf8", {0x52, 0x05, 0x0a, 0x03, 0x0a, 0x01, 0xff}, 7},
        {"twice", {0x0a, 0x01, 0x41}, 3},
        {"depth", {0x52, 0x0a, 0x12, 0x08, 0xa2, 0x01, 0x05, 0xa2, 0x01, 0x02, 0xa2, 0x01}, 12},
    };
    char label[64];
    put(target, name, sound);
    for (size_t i = 1; i <= 5; i++) {
        (void)snprintf(label, sizeof label, "%s-cut-%zu", name, i);
        put(target, label, bytes_of(sound.data, sound.len * i / 6));
    }
    for (size_t i = 0; i < sizeof tails / sizeof tails[0]; i++) {
        scoped_by(buffer_free) struct buffer with = {0};
        buffer_add(&with, sound.data, sound.len);
        buffer_add(&with, tails[i].bytes, tails[i].len);
        (void)snprintf(label, sizeof label, "%s-%s", name, tails[i].name);
        put(target, label, buffer_view(&with));
    }
}

static void text(const char *name, const char *content)
{
    put("recording", name, bytes_of(content, strlen(content)));
}

int main(int argc, char **argv)
{
    static const uint8_t hash[HASH_LEN] = {1}, signature[SIGNATURE_LEN] = {2};
    struct why why;
    scoped_by(buffer_free) struct buffer first = {0}, second = {0}, said = {0}, receipt = {0}, config = {0},
                                         envelope = {0};
    if (argc != 2)
        return 2;
    root = argv[1];
    HOLDS(golden_body(1, NULL, &first, &why) == DONE && golden_body(2, hash, &second, &why) == DONE);
    HOLDS(golden_register(&said, &why) == DONE && golden_receipt(hash, NULL, &receipt, &why) == DONE);
    HOLDS(golden_config(&config, &why) == DONE);
    HOLDS(envelope_seal(buffer_view(&first), hash, signature, bytes_of("", 0), &envelope, &why) == DONE);
    family("body", "first", buffer_view(&first));
    family("body", "second", buffer_view(&second));
    family("body", "register", buffer_view(&said));
    family("envelope", "sealed", buffer_view(&envelope));
    family("receipt", "receipt", buffer_view(&receipt));
    family("config", "config", buffer_view(&config));
    first.data[1] = 2; /* the version, first of all fields */
    put("body", "later-version", buffer_view(&first));
    text("sound", "time,celsius\n2026-01-31T23:59:00Z,-31.25\n1769903940,4\n");
    text("bad",
         "2026-01-31 23:59:00,-31.25\n1769903940,-274\n1769903940,\n,4\nx,y,z\n\"1769903940\",\"-0.0004\"\n");
    text("huge", "99999999999999999999,4\n1769903940,99999999999999999999\n1769903940,-.\n");
    return EXIT_SUCCESS;
}
