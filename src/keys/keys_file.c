/* SPDX-License-Identifier: Apache-2.0 */
#include "keys/keys_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "keys/keys_text.h"

#define NEW_NAME  KEYS_FILE ".new"
#define BYTES_MAX ((size_t)32 << 20)

int keys_file_lock(int dir_fd, int *ret_fd, struct err *e)
{
    AUTO(fd_closep) int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return err_sys(e, "opening the data directory");
    }
    while (flock(fd, LOCK_EX) < 0) {
        if (errno != EINTR) {
            return err_sys(e, "locking the data directory");
        }
    }
    *ret_fd = TAKE(&fd, -1);
    return 0;
}

int keys_file_read(int dir_fd, struct key **ret, size_t *ret_count, struct err *e)
{
    AUTO(fd_closep)
    int fd = openat(dir_fd, KEYS_FILE, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) < 0) {
        return err_sys(e, "open '%s'", KEYS_FILE);
    }
    if (!S_ISREG(st.st_mode)) {
        return err_set(e, ERR_INVALID, "'%s' is no file", KEYS_FILE);
    }
    AUTO(buf_done) struct buf text = {0};
    int r = fd_read_all(fd, BYTES_MAX, &text, e);
    if (r == 0) {
        r = keys_text_read(text.data != NULL ? text.data : "", text.len, ret, ret_count, e);
    }
    return r < 0 ? err_wrap(e, "'%s'", KEYS_FILE) : 0;
}

static int owner_take_over(int dir_fd, int fd, struct err *e)
{
    struct stat dir, file;
    if (fstat(dir_fd, &dir) < 0 || fstat(fd, &file) < 0) {
        return err_sys(e, "looking at '%s'", NEW_NAME);
    }
    bool same = dir.st_uid == file.st_uid && dir.st_gid == file.st_gid;
    if (!same && fchown(fd, dir.st_uid, dir.st_gid) < 0 && dir.st_uid != file.st_uid) {
        return err_sys(e, "giving '%s' to user %u, whose directory it is in", KEYS_FILE,
                       (unsigned)dir.st_uid);
    }
    return 0;
}

static int new_write(int dir_fd, const struct buf *text, struct err *e)
{
    AUTO(fd_closep)
    int fd = openat(dir_fd, NEW_NAME, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) {
        return err_sys(e, "making '%s'", NEW_NAME);
    }
    int r = owner_take_over(dir_fd, fd, e);
    if (r == 0) {
        r = fd_write_all(fd, text->data, text->len, e);
    }
    if (r == 0 && fsync(fd) < 0) {
        r = err_sys(e, "writing '%s'", NEW_NAME);
    }
    return r;
}

int keys_file_write(int dir_fd, const struct key *all, size_t count, struct err *e)
{
    AUTO(buf_done) struct buf text = {0};
    keys_text_write(all, count, true, &text);
    (void)unlinkat(dir_fd, NEW_NAME, 0); /* of one that was killed; we hold the lock */
    int r = new_write(dir_fd, &text, e);
    if (r == 0 && renameat(dir_fd, NEW_NAME, dir_fd, KEYS_FILE) < 0) {
        r = err_sys(e, "putting '%s' in its place", KEYS_FILE);
    }
    if (r < 0) {
        (void)unlinkat(dir_fd, NEW_NAME, 0);
        return r;
    }
    return fsync(dir_fd) < 0 ? err_sys(e, "writing the data directory") : 0;
}
