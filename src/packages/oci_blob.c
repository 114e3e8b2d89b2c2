/* SPDX-License-Identifier: Apache-2.0 */
#include "packages/oci_blob.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/strv.h"
#include "boxproto/boxarchive.h"
#include "packages/oci_json.h"

#define ALGORITHM  "sha256:"
#define READ_BYTES ((size_t)256 << 10)
#define SHOWN      100

void oci_blob_done(struct oci_blob *b)
{
    free(TAKE(&b->path, NULL));
}

static bool is_digest(const char *text)
{
    return strspn(text, "0123456789abcdef") >= SHA256_CHARS;
}

bool oci_digest_of_name(const char *path, char ret[SHA256_CHARS + 1])
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    name += str_starts(name, ALGORITHM) ? strlen(ALGORITHM) : 0;
    if (!is_digest(name) || (name[SHA256_CHARS] != '\0' && name[SHA256_CHARS] != '.')) {
        return false;
    }
    memcpy(ret, name, SHA256_CHARS);
    ret[SHA256_CHARS] = '\0';
    return true;
}

int oci_blob_describe(const json_t *descriptor, struct oci_blob *ret, struct err *e)
{
    const char *digest = oci_json_text(descriptor, "digest");
    const json_t *size = json_object_get(descriptor, "size");
    if (!digest || !str_starts(digest, ALGORITHM) || strlen(digest) != 71 ||
        !is_digest(digest + strlen(ALGORITHM))) {
        return err_set(e, ERR_INVALID, "'%.*s' is no digest of a blob; only sha256 ones are read",
                       SHOWN, digest ? digest : "");
    }
    if (size && (!json_is_integer(size) || json_integer_value(size) < 0)) {
        return err_set(e, ERR_INVALID, "%.*s: its size is no number", SHOWN, digest);
    }
    *ret = (struct oci_blob){.path = xasprintf("blobs/sha256/%s", digest + strlen(ALGORITHM)),
                             .size = size ? (uint64_t)json_integer_value(size) : OCI_SIZE_UNKNOWN};
    memcpy(ret->digest, digest + strlen(ALGORITHM), SHA256_CHARS);
    return 0;
}

/* `docker save` writes a layer that is there twice as a link to the other: within the archive
 * links are followed. */
static int archive_open(int dir_fd, const char *path)
{
    struct open_how how = {
        .flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV,
    };
    long fd;
    do {
        fd = syscall(SYS_openat2, dir_fd, path, &how, sizeof(how));
    } while (fd < 0 && errno == EAGAIN);
    return (int)fd;
}

bool oci_blob_exists(int dir_fd, const char *path)
{
    AUTO(fd_closep) int fd = archive_open(dir_fd, path);
    struct stat st;
    return fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

int oci_blob_digest(int fd, char ret[SHA256_CHARS + 1], struct err *e)
{
    AUTO(sha256_freep) struct sha256 *sum = sha256_new();
    AUTO(buf_done) struct buf piece = {0};
    char *room = buf_reserve(&piece, READ_BYTES);
    for (ssize_t n = 1; n != 0;) {
        n = read(fd, room, READ_BYTES);
        if (n < 0 && errno != EINTR) {
            return err_sys(e, "reading a blob");
        }
        sha256_add(sum, room, n > 0 ? (size_t)n : 0);
    }
    sha256_end(sum, ret);
    return lseek(fd, 0, SEEK_SET) < 0 ? err_sys(e, "reading a blob") : 0;
}

static int digest_check(int fd, const struct oci_blob *blob, struct err *e)
{
    char digest[SHA256_CHARS + 1];
    if (blob->digest[0] == '\0') {
        return 0;
    }
    int r = oci_blob_digest(fd, digest, e);
    if (r == 0 && strcmp(digest, blob->digest) != 0) {
        r = err_set(e, ERR_INVALID, "'%.*s' was changed or damaged: its digest is sha256:%.16s...",
                    SHOWN, blob->path, digest);
    }
    return r;
}

int oci_blob_open(int dir_fd, const struct oci_blob *blob, int *ret_fd, struct err *e)
{
    struct stat st;
    int r = boxarchive_check_path(blob->path, e);
    if (r < 0) {
        return r;
    }
    AUTO(fd_closep) int fd = archive_open(dir_fd, blob->path);
    if (fd < 0 && errno == ENOENT) {
        return err_set(e, ERR_INVALID,
                       "'%.*s' is not in the archive: save the image with all its layers", SHOWN,
                       blob->path);
    }
    if (fd < 0 || fstat(fd, &st) < 0) {
        return errno == EXDEV || errno == ELOOP
                   ? err_set(e, ERR_INVALID, "'%.*s' is a link that leads out of the archive",
                             SHOWN, blob->path)
                   : err_sys(e, "open '%.*s' of the archive", SHOWN, blob->path);
    }
    if (!S_ISREG(st.st_mode)) {
        return err_set(e, ERR_INVALID, "'%.*s' of the archive is no file", SHOWN, blob->path);
    }
    if (blob->size != OCI_SIZE_UNKNOWN && (uint64_t)st.st_size != blob->size) {
        return err_set(e, ERR_INVALID, "'%.*s' has %lld bytes where the image says %llu", SHOWN,
                       blob->path, (long long)st.st_size, (unsigned long long)blob->size);
    }
    r = digest_check(fd, blob, e);
    if (r == 0) {
        *ret_fd = TAKE(&fd, -1);
    }
    return r;
}

int oci_blob_json(int dir_fd, const struct oci_blob *blob, json_t **ret, struct err *e)
{
    AUTO(fd_closep) int fd = -1;
    AUTO(buf_done) struct buf text = {0};
    int r = oci_blob_open(dir_fd, blob, &fd, e);
    if (r < 0) {
        return r;
    }
    r = fd_read_all(fd, OCI_JSON_MAX, &text, e);
    r = r < 0 ? err_wrap(e, "'%.*s'", SHOWN, blob->path)
              : oci_json_parse(blob->path, text.data ? text.data : "", text.len, ret, e);
    return r;
}
