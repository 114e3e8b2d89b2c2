/* SPDX-License-Identifier: Apache-2.0 */
#include "unzip/unzip.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/below.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mem.h"

#define FILE_MODE 0644
#define DIR_MODE  0755
#define EXEC_BITS 0111
#define DEPTH_MAX 200
#define NAME_MAX_ 255
#define SHOWN     100

struct link {
    char *path, *target;
};

struct unzip {
    struct archive *archive;
    const struct unzip_limits *limits;
    struct unzip_limits left;
    struct unzip_report *report;
    /* The directory of the last entry: the next one is mostly beside it. */
    char dir_path[UNZIP_PATH_MAX + 1];
    int dir; /* -1: none yet */
    struct link *links;
    size_t link_count;
};

/* --- names ------------------------------------------------------------------------------- */

static bool is_dots(const char *name, size_t len)
{
    return (len == 1 && name[0] == '.') || (len == 2 && name[0] == '.' && name[1] == '.');
}

bool unzip_path(const char *name, char ret[UNZIP_PATH_MAX + 1])
{
    size_t at = 0, depth = 0;
    for (size_t len; *name != '\0'; name += len + (name[len] == '/')) {
        len = strcspn(name, "/");
        if (len == 0 || is_dots(name, len)) {
            continue;
        }
        if (len > NAME_MAX_ || at + (at > 0) + len > UNZIP_PATH_MAX || ++depth > DEPTH_MAX) {
            return false;
        }
        if (at > 0) {
            ret[at++] = '/';
        }
        memcpy(ret + at, name, len);
        at += len;
    }
    ret[at] = '\0';
    return at > 0;
}

/* Only leading ".."s: behind another name they could be those of a link's target. */
bool unzip_link_ok(const char *path, const char *target)
{
    size_t depth = 0;
    for (const char *slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        depth++;
    }
    if (target[0] == '\0' || target[0] == '/') {
        return false;
    }
    bool down = false;
    for (size_t len; *target != '\0'; target += len + (target[len] == '/')) {
        len = strcspn(target, "/");
        if (len == 2 && is_dots(target, len)) {
            if (down || depth-- == 0) {
                return false;
            }
        } else {
            down = down || (len > 0 && !is_dots(target, len));
        }
    }
    return true;
}

/* --- what cannot be had ------------------------------------------------------------------ */

static void skip(struct unzip *u, const char *path, const char *why)
{
    if (u->report->skipped++ == 0) {
        err_set(&u->report->first, ERR_INVALID, "'%.*s': %s", SHOWN, path, why);
    }
}

static const char *archive_why(const struct unzip *u)
{
    const char *why = archive_error_string(u->archive);
    return why != NULL ? why : "it cannot be read";
}

/* By errno: 0 when only this entry is lost. */
static int failed(struct unzip *u, const char *path, struct err *e)
{
    int sys = errno;
    if (sys == ENOSPC || sys == EDQUOT || sys == EFBIG) {
        return err_set(e, ERR_LIMIT, "stopped: no room is left for '%.*s'", SHOWN, path);
    }
    if (sys == EEXIST) {
        return 0; /* it stays what it is */
    }
    struct err why;
    errno = sys;
    err_sys(&why, "cannot be made");
    skip(u, path, why.text);
    return 0;
}

static int count_file(struct unzip *u, struct err *e)
{
    if (u->left.files == 0) {
        return err_set(e, ERR_LIMIT, "stopped at the limit of %llu files and directories",
                       (unsigned long long)u->limits->files);
    }
    u->left.files--;
    return 0;
}

static int count_bytes(struct unzip *u, size_t bytes, struct err *e)
{
    if (bytes > u->left.bytes) {
        return err_set(e, ERR_LIMIT, "stopped at the limit of %llu bytes",
                       (unsigned long long)u->limits->bytes);
    }
    u->left.bytes -= bytes;
    return 0;
}

/* --- directories ------------------------------------------------------------------------- */

/* 1: *ret_fd is open, 0: it cannot be, for this entry. */
static int enter_dir(struct unzip *u, int dir, const char *name, int *ret_fd, struct err *e)
{
    int fd = below_open(dir, name, O_PATH | O_DIRECTORY, 0);
    if (fd < 0 && errno == ENOENT) {
        int r = count_file(u, e);
        if (r < 0) {
            return r;
        }
        if (mkdirat(dir, name, DIR_MODE) == 0) {
            fd = below_open(dir, name, O_PATH | O_DIRECTORY, 0);
        }
    }
    if (fd < 0) {
        return failed(u, name, e);
    }
    *ret_fd = fd;
    return 1;
}

/* Makes what is missing of the directory `path` ("": the current one), and stays in it: as above.
 */
static int go_to_dir(struct unzip *u, const char *path, struct err *e)
{
    if (u->dir >= 0 && strcmp(u->dir_path, path) == 0) {
        return 1;
    }
    AUTO(fd_closep) int dir = below_open(AT_FDCWD, ".", O_PATH | O_DIRECTORY, 0);
    if (dir < 0) {
        return err_sys(e, "the current directory");
    }
    char name[NAME_MAX_ + 1];
    const char *at = path;
    for (size_t len; *at != '\0'; at += len + (at[len] == '/')) {
        len = strcspn(at, "/");
        memcpy(name, at, len);
        name[len] = '\0';
        int next = -1;
        int r = enter_dir(u, dir, name, &next, e);
        if (r <= 0) {
            return r;
        }
        fd_close(dir);
        dir = next;
    }
    fd_close(u->dir);
    u->dir = TAKE(&dir, -1);
    memcpy(u->dir_path, path, strlen(path) + 1);
    return 1;
}

/* Goes to the directory of `path`; *ret_name is the last name of it. */
static int go_to_parent(struct unzip *u, const char *path, const char **ret_name, struct err *e)
{
    char parent[UNZIP_PATH_MAX + 1];
    const char *slash = strrchr(path, '/');
    size_t len = slash != NULL ? (size_t)(slash - path) : 0;
    memcpy(parent, path, len);
    parent[len] = '\0';
    *ret_name = slash != NULL ? slash + 1 : path;
    return go_to_dir(u, parent, e);
}

/* --- files and links --------------------------------------------------------------------- */

/*
 * Entries are small or large, and only the archive's own word says how large: each piece is counted
 * when it is there.  Returns 1 when the file is to be kept, 0 when nothing of it could be read.
 */
static int copy_data(struct unzip *u, const char *path, int fd, struct err *e)
{
    for (bool any = false, told = false;; any = true) {
        const void *data = NULL;
        size_t len = 0;
        la_int64_t offset;
        int a = archive_read_data_block(u->archive, &data, &len, &offset);
        if (a == ARCHIVE_EOF) {
            return 1;
        }
        if (a <= ARCHIVE_WARN && !told) {
            skip(u, path, archive_why(u));
            told = true;
        }
        if (a < ARCHIVE_WARN) {
            return any;
        }
        int r = count_bytes(u, len, e);
        if (r == 0 && fd_write_all(fd, data, len, e) < 0) {
            errno = e->sys;
            r = failed(u, path, e);
            return r < 0 ? r : 0;
        }
        if (r < 0) {
            return r;
        }
    }
}

static int put_file(struct unzip *u, const char *path, mode_t mode, struct err *e)
{
    const char *name;
    int r = go_to_parent(u, path, &name, e);
    if (r <= 0) {
        return r;
    }
    if (u->left.files == 0) {
        return faccessat(u->dir, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0 ? 0 : count_file(u, e);
    }
    mode = (mode & EXEC_BITS) != 0 ? FILE_MODE | EXEC_BITS : FILE_MODE;
    AUTO(fd_closep) int fd = below_open(u->dir, name, O_WRONLY | O_CREAT | O_EXCL, mode);
    if (fd < 0) {
        return failed(u, path, e);
    }
    u->left.files--;
    r = copy_data(u, path, fd, e);
    if (r <= 0) {
        unlinkat(u->dir, name, 0);
        return r;
    }
    return 0;
}

/* Kept for the end. */
static int note_link(struct unzip *u, const char *path, const char *target, struct err *e)
{
    if (target == NULL || !unzip_link_ok(path, target)) {
        skip(u, path, "a link that leads out of the archive");
        return 0;
    }
    int r = count_file(u, e);
    if (r == 0) {
        r = count_bytes(u, strlen(target), e);
    }
    if (r == 0) {
        u->links = xreallocarray(u->links, u->link_count + 1, sizeof(u->links[0]));
        u->links[u->link_count++] = (struct link){xstrdup(path), xstrdup(target)};
    }
    return r;
}

static int put_links(struct unzip *u, struct err *e)
{
    for (size_t i = 0; i < u->link_count; i++) {
        const char *name;
        int r = go_to_parent(u, u->links[i].path, &name, e);
        if (r == 1 && symlinkat(u->links[i].target, u->dir, name) < 0) {
            r = failed(u, u->links[i].path, e);
        }
        if (r < 0) {
            return r;
        }
    }
    return 0;
}

/* --- the archive ------------------------------------------------------------------------- */

static int put_entry(struct unzip *u, struct archive_entry *entry, struct err *e)
{
    char path[UNZIP_PATH_MAX + 1];
    const char *name = archive_entry_pathname(entry);
    if (name == NULL || !unzip_path(name, path)) {
        skip(u, name != NULL ? name : "", "not a name for a file");
        return 0;
    }
    if (archive_entry_is_encrypted(entry)) {
        skip(u, path, "it is encrypted");
        return 0;
    }
    switch (archive_entry_filetype(entry)) {
    case AE_IFREG:
        return put_file(u, path, archive_entry_perm(entry), e);
    case AE_IFDIR:
        return go_to_dir(u, path, e);
    case AE_IFLNK:
        return note_link(u, path, archive_entry_symlink(entry), e);
    default:
        skip(u, path, "neither a file, a directory nor a link");
        return 0;
    }
}

static int put_all(struct unzip *u, struct err *e)
{
    struct archive_entry *entry;
    for (;;) {
        int a = archive_read_next_header(u->archive, &entry);
        if (a == ARCHIVE_EOF) {
            return put_links(u, e);
        }
        if (a < ARCHIVE_WARN) {
            skip(u, "the rest of the archive", archive_why(u));
            return put_links(u, e);
        }
        int r = put_entry(u, entry, e);
        if (r < 0) {
            return r;
        }
    }
}

static void unzip_done(struct unzip *u)
{
    for (size_t i = 0; i < u->link_count; i++) {
        free(u->links[i].path);
        free(u->links[i].target);
    }
    free(u->links);
    fd_close(u->dir);
    archive_read_free(u->archive);
}

int unzip(const void *zip, size_t size, const struct unzip_limits *limits, struct unzip_report *ret,
          struct err *e)
{
    *ret = (struct unzip_report){0};
    struct unzip u = {
        .archive = archive_read_new(), .limits = limits, .left = *limits, .report = ret, .dir = -1};
    if (u.archive == NULL) {
        return err_set(e, ERR_IO, "no memory for an archive reader");
    }
    int r = 0;
    /* The only format, and no filter: nothing is guessed. */
    if (archive_read_support_format_zip(u.archive) != ARCHIVE_OK) {
        r = err_set(e, ERR_UNSUPPORTED, "libarchive: %s", archive_why(&u));
    } else if (size == 0) {
        skip(&u, "the archive", "it is empty");
    } else if (archive_read_open_memory(u.archive, zip, size) != ARCHIVE_OK) {
        skip(&u, "the archive", archive_why(&u));
    } else {
        r = put_all(&u, e);
    }
    unzip_done(&u);
    return r < 0 ? r : 0;
}
