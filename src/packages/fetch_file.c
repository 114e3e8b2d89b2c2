/* SPDX-License-Identifier: Apache-2.0 */
#include "packages/fetch_file.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/encode.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/strv.h"

#define FILE_MODE  0644
#define HASH_BYTES ((size_t)256 * 1024)
#define SHA256_HEX 64
#define SHA512_LEN 64

/* --- digests ------------------------------------------------------------------------------- */

static bool is_sha256(const char *hex)
{
    return strlen(hex) == SHA256_HEX && strspn(hex, "0123456789abcdef") == SHA256_HEX;
}

static bool is_sha512(const char *base64)
{
    AUTO(buf_done) struct buf bytes = {0};
    struct err ignored;
    return base64_decode(base64, strlen(base64), &bytes, &ignored) == 0 && bytes.len == SHA512_LEN;
}

static const struct hash {
    const char *name, *prefix;
    bool (*is_right)(const char *text);
} hashes[] = {
    {"sha256", "sha256-", is_sha256},
    {"sha512", "sha512-", is_sha512},
};

int fetch_digest_parse(const char *text, struct fetch_digest *ret, struct err *e)
{
    for (size_t i = 0; i < ARRAY_LEN(hashes); i++) {
        const struct hash *h = &hashes[i];
        if (!str_starts(text, h->prefix) || !h->is_right(text + strlen(h->prefix))) {
            continue;
        }
        ret->hash = h->name;
        snprintf(ret->name, sizeof(ret->name), "%s", text);
        snprintf(ret->text, sizeof(ret->text), "%s", text + strlen(h->prefix));
        for (char *c = ret->name; *c != '\0'; c++) {
            if (*c == '/') {
                *c = '_';
            }
        }
        return 0;
    }
    return err_set(e, ERR_INVALID, "'%.100s' is no digest (sha256-<hex> or sha512-<base64>)", text);
}

static void digest_text(const struct fetch_digest *digest, const unsigned char *bytes, size_t len,
                        struct buf *ret)
{
    if (strcmp(digest->hash, "sha512") == 0) {
        base64_encode(bytes, len, ret);
        return;
    }
    for (size_t i = 0; i < len; i++) {
        buf_add_fmt(ret, "%02x", bytes[i]);
    }
}

static void md_freep(EVP_MD_CTX **md)
{
    EVP_MD_CTX_free(*md);
}

static int hash_file(int fd, const char *hash, unsigned char *ret, unsigned *ret_len, struct err *e)
{
    AUTO(md_freep) EVP_MD_CTX *md = EVP_MD_CTX_new();
    AUTO(mem_freep) char *piece = xmalloc(HASH_BYTES);
    if (!md || EVP_DigestInit_ex(md, EVP_get_digestbyname(hash), NULL) != 1) {
        return err_set(e, ERR_IO, "libcrypto has no %s", hash);
    }
    off_t at = 0;
    ssize_t len;
    while ((len = pread(fd, piece, HASH_BYTES, at)) > 0) {
        EVP_DigestUpdate(md, piece, (size_t)len);
        at += len;
    }
    if (len < 0) {
        return err_sys(e, "reading what was downloaded");
    }
    EVP_DigestFinal_ex(md, ret, ret_len);
    return 0;
}

int fetch_digest_check(const struct fetch_digest *digest, int fd, struct err *e)
{
    unsigned char bytes[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    AUTO(buf_done) struct buf is = {0};
    int r = hash_file(fd, digest->hash, bytes, &len, e);
    if (r < 0) {
        return r;
    }
    digest_text(digest, bytes, len, &is);
    if (is.data && strcmp(is.data, digest->text) == 0) {
        return 0;
    }
    return err_set(e, ERR_INVALID, "wrong %s, want: %.64s got: %.64s", digest->hash, digest->text,
                   is.data);
}

/* --- files --------------------------------------------------------------------------------- */

static void part_name(const struct fetch_digest *digest, char ret[FETCH_NAME_MAX + 8])
{
    snprintf(ret, FETCH_NAME_MAX + 8, "%s.part", digest->name);
}

static bool is_there(int cache_fd, const char *name)
{
    struct stat st;
    return fstatat(cache_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode);
}

/* Whether the name still is this file's: it may have been finished before we had the lock. */
static bool is_same(int cache_fd, const char *name, int fd)
{
    struct stat a, b;
    return fstat(fd, &a) == 0 && fstatat(cache_fd, name, &b, AT_SYMLINK_NOFOLLOW) == 0 &&
           a.st_dev == b.st_dev && a.st_ino == b.st_ino && S_ISREG(a.st_mode);
}

static int open_nameless(struct fetch_file *f, struct err *e)
{
    f->fd = openat(f->cache_fd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, FILE_MODE);
    f->named = false;
    return f->fd < 0 ? err_sys(e, "a file in the cache") : 0;
}

static int open_part(struct fetch_file *f, const char *part, struct err *e)
{
    AUTO(fd_closep)
    int fd = openat(f->cache_fd, part, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, FILE_MODE);
    if (fd < 0) {
        return err_sys(e, "'%s' in the cache", part);
    }
    if (flock(fd, LOCK_EX | LOCK_NB) < 0 || !is_same(f->cache_fd, part, fd)) {
        return open_nameless(f, e);
    }
    off_t have = lseek(fd, 0, SEEK_END);
    if (have < 0) {
        return err_sys(e, "'%s' in the cache", part);
    }
    f->fd = TAKE(&fd, -1);
    f->named = true;
    f->have = (uint64_t)have;
    return 0;
}

int fetch_file_open(struct fetch_file *f, int cache_fd, const struct fetch_digest *digest,
                    struct err *e)
{
    char part[FETCH_NAME_MAX + 8];
    *f = (struct fetch_file){.cache_fd = cache_fd, .fd = -1};
    part_name(digest, part);
    if (is_there(cache_fd, digest->name)) {
        return 1;
    }
    return open_part(f, part, e);
}

int fetch_file_add(struct fetch_file *f, const void *data, size_t len, struct err *e)
{
    int r = fd_write_all(f->fd, data, len, e);
    if (r < 0) {
        return err_wrap(e, "the cache");
    }
    f->have += len;
    return 0;
}

int fetch_file_restart(struct fetch_file *f, struct err *e)
{
    if (ftruncate(f->fd, 0) < 0 || lseek(f->fd, 0, SEEK_SET) < 0) {
        return err_sys(e, "emptying a file in the cache");
    }
    f->have = 0;
    return 0;
}

int fetch_file_keep(struct fetch_file *f, const struct fetch_digest *digest, struct err *e)
{
    char part[FETCH_NAME_MAX + 8], here[32];
    part_name(digest, part);
    snprintf(here, sizeof(here), "/proc/self/fd/%d", f->fd);
    if (fsync(f->fd) < 0) {
        return err_sys(e, "'%s' to the disk", part);
    }
    int r = f->named ? renameat(f->cache_fd, part, f->cache_fd, digest->name)
                     : linkat(AT_FDCWD, here, f->cache_fd, digest->name, AT_SYMLINK_FOLLOW);
    if (r < 0 && errno != EEXIST) {
        return err_sys(e, "naming '%s' in the cache", digest->name);
    }
    fetch_file_close(f);
    return 0;
}

void fetch_file_close(struct fetch_file *f)
{
    fd_closep(&f->fd);
}

void fetch_file_drop(struct fetch_file *f, const struct fetch_digest *digest)
{
    char part[FETCH_NAME_MAX + 8];
    if (f->fd >= 0 && f->named) {
        part_name(digest, part);
        unlinkat(f->cache_fd, part, 0);
    }
    fetch_file_close(f);
}
