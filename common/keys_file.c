/* Private keys on disk. A key that was reported saved survives a power cut: the file is fsynced before it
 * gets its name and the folder after. The name is given by link(2), which never replaces a file, where
 * rename(2) would. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/keys.h"
#include "common/keys_private.h"

enum { PEM_MOST = 4096 };

static void bio_free(BIO **bio)
{
    (void)BIO_free(*bio);
}

static enum outcome write_all(int fd, const char *data, size_t len, const char *path, struct why *why)
{
    while (len > 0) {
        ssize_t wrote = write(fd, data, len);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote <= 0)
            return fail(why, RETRY, "%s: cannot write: %s", path, strerror(errno));
        data += wrote;
        len -= (size_t)wrote;
    }
    /* Durable before it has its name: a power cut leaves no name, or a whole key. */
    return fsync(fd) == 0 ? DONE : fail(why, RETRY, "%s: cannot sync: %s", path, strerror(errno));
}

static void sync_folder_of(const char *path)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    if (slash && slash != path)
        (void)snprintf(folder, sizeof folder, "%.*s", (int)(slash - path), path);
    else
        (void)snprintf(folder, sizeof folder, "%s", slash ? "/" : ".");
    scoped_by(cleanup_close) int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0)
        (void)fsync(fd);
}

enum outcome key_save(const struct key_private *key, const char *path, struct why *why)
{
    char temporary[PATH_MAX];
    int used = snprintf(temporary, sizeof temporary, "%s.%ld.new", path, (long)getpid());
    if (used < 0 || (size_t)used >= sizeof temporary)
        return fail(why, REJECT, "path of a key is too long");
    scoped_by(bio_free) BIO *memory = BIO_new(BIO_s_secmem());
    char *pem = NULL;
    if (!memory || PEM_write_bio_PKCS8PrivateKey(memory, key->pkey, NULL, NULL, 0, NULL, NULL) != 1) {
        ERR_clear_error();
        return fail(why, RETRY, "%s: cannot encode the key", path);
    }
    long len = BIO_get_mem_data(memory, &pem);
    (void)unlink(temporary); /* of an earlier process with our number */
    scoped_by(cleanup_close) int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return fail(why, RETRY, "%s: cannot create: %s", temporary, strerror(errno));
    enum outcome written = write_all(fd, pem, (size_t)len, path, why);
    if (written == DONE && link(temporary, path) != 0)
        written = fail(why, errno == EEXIST ? REJECT : RETRY, "%s: %s", path,
                       errno == EEXIST ? "exists already and is not overwritten" : strerror(errno));
    (void)unlink(temporary);
    if (written == DONE)
        sync_folder_of(path);
    return written;
}

enum outcome key_load(const char *path, struct key_private **made, struct why *why)
{
    scoped_by(cleanup_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat about;
    if (fd < 0 || fstat(fd, &about) != 0)
        return fail(why, RETRY, "%s: cannot open: %s", path, strerror(errno));
    if (about.st_mode & 077)
        return fail(why, REJECT, "%s: others may read this key (mode %04o); make it 0600", path,
                    (unsigned)about.st_mode & 07777u);
    char pem[PEM_MOST];
    ssize_t len = read(fd, pem, sizeof pem);
    if (len < 0)
        return fail(why, RETRY, "%s: cannot read: %s", path, strerror(errno));
    scoped_by(bio_free) BIO *memory = BIO_new_mem_buf(pem, (int)len);
    char no_password[1] = ""; /* given, so that OpenSSL never asks on a terminal */
    EVP_PKEY *pkey = memory ? PEM_read_bio_PrivateKey(memory, NULL, NULL, no_password) : NULL;
    OPENSSL_cleanse(pem, sizeof pem);
    ERR_clear_error();
    if (!pkey)
        return fail(why, REJECT, "%s: holds no private key in PEM", path);
    enum outcome outcome = key_private_wrap(pkey, made, why);
    return outcome == DONE ? DONE : fail_within(why, outcome, "%s", path);
}
