/* SPDX-License-Identifier: Apache-2.0 */
#include "unpack/unpack.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "unpack/image_user.h"

#define READ_BYTES  ((size_t)64 * 1024)
#define WRITE_BYTES ((size_t)64 * 1024)
#define PERM_BITS   0777
#define SHOWN       120
#define WHITEOUT    ".wh."
#define OPAQUE      ".wh..wh..opq"
#define READABLE    4
#define EXECUTABLE  1

struct out {
    int fd;
    struct buf buf;
};

static int out_flush(struct out *o, struct err *e)
{
    int r = fd_write_all(o->fd, o->buf.data, o->buf.len, e);
    buf_clear(&o->buf);
    return r;
}

static int out_add(struct out *o, const void *data, size_t len, struct err *e)
{
    buf_add(&o->buf, data, len);
    return o->buf.len >= WRITE_BYTES ? out_flush(o, e) : 0;
}

static int out_zeros(struct out *o, uint64_t len, struct err *e)
{
    static const char zeros[READ_BYTES];
    int r = 0;
    while (r == 0 && len > 0) {
        size_t part = len < sizeof(zeros) ? (size_t)len : sizeof(zeros);
        r = out_add(o, zeros, part, e);
        len -= part;
    }
    return r;
}

/* --- names ------------------------------------------------------------------------------- */

int unpack_path(const char *name, char ret[BOXARCHIVE_PATH_MAX + 1], struct err *e)
{
    size_t at = 0;
    ret[0] = '\0';
    for (size_t len; *name != '\0'; name += len + (name[len] == '/')) {
        len = strcspn(name, "/");
        if (len == 0 || (len == 1 && name[0] == '.')) {
            continue;
        }
        if (at + (at > 0) + len > BOXARCHIVE_PATH_MAX) {
            return err_set(e, ERR_INVALID, "'%.*s...': a name of more than %d bytes", SHOWN, ret,
                           BOXARCHIVE_PATH_MAX);
        }
        if (at > 0) {
            ret[at++] = '/';
        }
        memcpy(ret + at, name, len);
        at += len;
        ret[at] = '\0';
        if (len == 2 && name[0] == '.' && name[1] == '.') {
            return err_set(e, ERR_INVALID, "'%.*s': a name that leads out of the archive", SHOWN,
                           ret);
        }
    }
    return 0;
}

/* --- entries ------------------------------------------------------------------------------- */

static int archive_failed(struct archive *a, const char *what, struct err *e)
{
    const char *why = archive_error_string(a);
    return err_set(e, ERR_INVALID, "'%.*s': %.100s", SHOWN / 2, what,
                   why ? why : "it cannot be read");
}

/* Holes are blocks that are not told; what is told is in order. */
static int copy_data(struct archive *a, const char *path, uint64_t size, struct out *o,
                     struct err *e)
{
    uint64_t at = 0;
    int got, r = 0;
    const void *data;
    size_t len;
    la_int64_t offset;
    while (r == 0 && (got = archive_read_data_block(a, &data, &len, &offset)) == ARCHIVE_OK) {
        if (offset < 0 || (uint64_t)offset < at || (uint64_t)offset > size ||
            len > size - (uint64_t)offset) {
            return err_set(e, ERR_INVALID, "'%.*s': its data is not as long as its head says",
                           SHOWN, path);
        }
        r = out_zeros(o, (uint64_t)offset - at, e);
        r = r < 0 ? r : out_add(o, data, len, e);
        at = (uint64_t)offset + len;
    }
    if (r < 0) {
        return r;
    }
    return got == ARCHIVE_EOF ? out_zeros(o, size - at, e) : archive_failed(a, path, e);
}

/* Nothing is to be seen at `path`, whatever layers below have there. */
static int put_hidden(struct image_user *user, const char *path, struct out *o, struct err *e)
{
    char name[BOXARCHIVE_PATH_MAX + sizeof(WHITEOUT)];
    const char *slash = strrchr(path, '/');
    size_t parent = slash ? (size_t)(slash - path) + 1 : 0;
    snprintf(name, sizeof(name), "%.*s" WHITEOUT "%s", (int)parent, path, path + parent);
    image_user_hide(user, path);
    return boxarchive_add(&o->buf, BOXARCHIVE_FILE, 0644, name, NULL, 0, e);
}

static unsigned user_may(const struct unpack_options *options, struct archive_entry *entry)
{
    return image_user_may(options->image_user, archive_entry_uid(entry), archive_entry_gid(entry),
                          archive_entry_perm(entry));
}

static unsigned file_mode(const struct unpack_options *options, struct archive_entry *entry)
{
    if (!options->image_user) {
        return archive_entry_perm(entry) & PERM_BITS;
    }
    return (user_may(options, entry) & EXECUTABLE) ? 0755 : 0644;
}

/* A whiteout's own mode means nothing. */
static bool is_whiteout(const char *path)
{
    const char *slash = strrchr(path, '/');
    return strncmp(slash ? slash + 1 : path, WHITEOUT, strlen(WHITEOUT)) == 0;
}

static int put_file(struct archive *a, struct archive_entry *entry, const char *path,
                    const struct unpack_options *options, struct out *o, struct err *e)
{
    if (options->image_user && !is_whiteout(path) &&
        !(user_may(options, entry) & (READABLE | EXECUTABLE))) {
        return put_hidden(options->image_user, path, o, e);
    }
    la_int64_t size = archive_entry_size(entry);
    if (!archive_entry_size_is_set(entry) || size < 0) {
        return err_set(e, ERR_INVALID, "'%.*s': the archive does not say how long it is", SHOWN,
                       path);
    }
    if (archive_entry_is_encrypted(entry)) {
        return err_set(e, ERR_INVALID, "'%.*s': it is encrypted", SHOWN, path);
    }
    int r = boxarchive_add_head(&o->buf, BOXARCHIVE_FILE, file_mode(options, entry), path,
                                (uint64_t)size, e);
    return r < 0 ? r : copy_data(a, path, (uint64_t)size, o, e);
}

/* A directory that an image's user cannot enter is empty, in all layers. */
static int put_dir(struct archive_entry *entry, const char *path,
                   const struct unpack_options *options, struct out *o, struct err *e)
{
    if (!options->image_user) {
        return boxarchive_add(&o->buf, BOXARCHIVE_DIR, archive_entry_perm(entry) & PERM_BITS, path,
                              NULL, 0, e);
    }
    int r = boxarchive_add(&o->buf, BOXARCHIVE_DIR, 0755, path, NULL, 0, e);
    if (r == 0 && !(user_may(options, entry) & EXECUTABLE)) {
        char name[BOXARCHIVE_PATH_MAX + sizeof("/" OPAQUE)];
        snprintf(name, sizeof(name), "%s/" OPAQUE, path);
        image_user_hide(options->image_user, path);
        r = boxarchive_add(&o->buf, BOXARCHIVE_FILE, 0644, name, NULL, 0, e);
    }
    return r;
}

static int put_special(const char *path, const struct unpack_options *options, struct out *o,
                       struct err *e)
{
    if (options->image_user) {
        return put_hidden(options->image_user, path, o, e);
    }
    return options->skip_special
               ? 0
               : err_set(e, ERR_INVALID, "'%.*s': neither a file, a directory nor a link", SHOWN,
                         path);
}

static int put_link(const char *path, const char *target, struct out *o, struct err *e)
{
    size_t len = target ? strlen(target) : 0;
    return boxarchive_add(&o->buf, BOXARCHIVE_LINK, PERM_BITS, path, target, len, e);
}

static int put_hard_link(const char *path, const char *target, const struct unpack_options *options,
                         struct out *o, struct err *e)
{
    char old[BOXARCHIVE_PATH_MAX + 1];
    int r = unpack_path(target, old, e);
    if (r == 0 && options->image_user && image_user_hides(options->image_user, old)) {
        return put_hidden(options->image_user, path, o, e);
    }
    return r < 0 ? r : boxarchive_add(&o->buf, BOXARCHIVE_HARD_LINK, 0, path, old, strlen(old), e);
}

static bool is_wanted(const struct unpack_options *options, const char *path)
{
    if (path[0] == '\0' || (options->image_user && image_user_hides(options->image_user, path))) {
        return false;
    }
    bool any = options->only[0] == NULL;
    for (size_t i = 0; i < UNPACK_ONLY_MAX && options->only[i]; i++) {
        any = any || strcmp(options->only[i], path) == 0;
    }
    return any;
}

static int put_entry(struct archive *a, struct archive_entry *entry,
                     const struct unpack_options *options, struct out *o, struct err *e)
{
    char path[BOXARCHIVE_PATH_MAX + 1];
    const char *name = archive_entry_pathname(entry);
    if (!name) {
        return err_set(e, ERR_INVALID, "an entry whose name cannot be read");
    }
    int r = unpack_path(name, path, e);
    if (r < 0 || !is_wanted(options, path)) {
        return r;
    }
    const char *old = archive_entry_hardlink(entry);
    if (old) {
        return put_hard_link(path, old, options, o, e);
    }
    switch (archive_entry_filetype(entry)) {
    case AE_IFREG:
        return put_file(a, entry, path, options, o, e);
    case AE_IFDIR:
        return put_dir(entry, path, options, o, e);
    case AE_IFLNK:
        return put_link(path, archive_entry_symlink(entry), o, e);
    default:
        return put_special(path, options, o, e);
    }
}

/* --- archives ------------------------------------------------------------------------------ */

static void reader_freep(struct archive **a)
{
    archive_read_free(*a);
    *a = NULL;
}

static int reader_new(bool deb, struct archive **ret, struct err *e)
{
    struct archive *a = archive_read_new();
    if (!a) {
        return err_set(e, ERR_IO, "no memory for an archive reader");
    }
    archive_read_support_filter_gzip(a);
    archive_read_support_filter_bzip2(a);
    archive_read_support_filter_xz(a);
    archive_read_support_filter_zstd(a);
    archive_read_support_format_tar(a);
    if (deb) {
        archive_read_support_format_zip(a);
        archive_read_support_format_ar(a);
    }
    *ret = a;
    return 0;
}

/* *ret: NULL at the end. */
static int next_entry(struct archive *a, struct archive_entry **ret, struct err *e)
{
    int got = archive_read_next_header(a, ret);
    if (got == ARCHIVE_EOF) {
        *ret = NULL;
        return 0;
    }
    return got < ARCHIVE_WARN ? archive_failed(a, "the archive", e) : 0;
}

static int put_all(struct archive *a, struct archive_entry *entry,
                   const struct unpack_options *options, struct out *o, struct err *e)
{
    int r = 0;
    while (r == 0 && entry) {
        r = put_entry(a, entry, options, o, e);
        r = r < 0 ? r : next_entry(a, &entry, e);
    }
    return r;
}

struct member {
    struct archive *outer;
    char block[READ_BYTES];
};

static la_ssize_t member_read(struct archive *a, void *ctx, const void **ret_data)
{
    struct member *m = ctx;
    la_ssize_t len = archive_read_data(m->outer, m->block, sizeof(m->block));
    if (len < 0) {
        archive_set_error(a, EIO, "%s", archive_error_string(m->outer));
        return ARCHIVE_FATAL;
    }
    *ret_data = m->block;
    return len;
}

/* The tar that is the present entry of `outer`. */
static int put_member(struct archive *outer, const struct unpack_options *options, struct out *o,
                      struct err *e)
{
    struct member m = {.outer = outer};
    AUTO(reader_freep) struct archive *a = NULL;
    struct archive_entry *entry;
    int r = reader_new(false, &a, e);
    if (r < 0) {
        return r;
    }
    if (archive_read_open(a, &m, NULL, member_read, NULL) != ARCHIVE_OK) {
        return archive_failed(a, "the package's files", e);
    }
    r = next_entry(a, &entry, e);
    return r < 0 ? r : put_all(a, entry, options, o, e);
}

static int put_deb(struct archive *a, struct archive_entry *entry,
                   const struct unpack_options *options, struct out *o, struct err *e)
{
    const char *wanted = options->deb_control ? "control.tar" : "data.tar";
    int r = 0;
    while (r == 0 && entry) {
        const char *name = archive_entry_pathname(entry);
        if (name && strncmp(name, wanted, strlen(wanted)) == 0) {
            return put_member(a, options, o, e);
        }
        r = next_entry(a, &entry, e);
    }
    return r < 0 ? r : err_set(e, ERR_INVALID, "a Debian package without its %s", wanted);
}

static bool is_ar(struct archive *a)
{
    return (archive_format(a) & ARCHIVE_FORMAT_BASE_MASK) == ARCHIVE_FORMAT_AR;
}

int unpack(int in_fd, int out_fd, const struct unpack_options *options, struct err *e)
{
    AUTO(reader_freep) struct archive *a = NULL;
    struct archive_entry *entry;
    struct out o = {.fd = out_fd};
    int r = reader_new(true, &a, e);
    if (r < 0) {
        return r;
    }
    if (archive_read_open_fd(a, in_fd, READ_BYTES) != ARCHIVE_OK) {
        return archive_failed(a, "the archive", e);
    }
    r = next_entry(a, &entry, e);
    if (r == 0) {
        r = is_ar(a) ? put_deb(a, entry, options, &o, e) : put_all(a, entry, options, &o, e);
    }
    r = r < 0 ? r : out_flush(&o, e);
    buf_done(&o.buf);
    return r;
}
