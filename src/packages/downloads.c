/* SPDX-License-Identifier: Apache-2.0 */
#include "packages/downloads.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/dir.h"
#include "base/err.h"
#include "base/fd.h"

#define BLOCK 512 /* of st_blocks */

/* Regular files alone, and none that changed after `before_s`. */
static int files_remove(int parent_fd, const char *name, int64_t before_s, uint64_t *ret_bytes,
                        struct err *e)
{
    AUTO(dir_closep) DIR *dir = NULL;
    int r = dir_open(parent_fd, name, &dir, e);
    if (r < 0) {
        return r == -ERR_NOT_FOUND ? 0 : r;
    }
    for (const struct dirent *entry; (entry = dir_next(dir)) != NULL;) {
        struct stat st;
        if (fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
            !S_ISREG(st.st_mode) || st.st_mtim.tv_sec > before_s) {
            continue;
        }
        if (unlinkat(dirfd(dir), entry->d_name, 0) < 0 && errno != ENOENT) {
            return err_sys(e, "removing '%s' of the downloads", entry->d_name);
        }
        *ret_bytes += st.st_nlink == 1 ? (uint64_t)st.st_blocks * BLOCK : 0;
    }
    return 0;
}

/* Of one release; apt's lock file is apt.c's. */
static int archives_remove(int apt_fd, const char *suite, uint64_t *ret_bytes, struct err *e)
{
    AUTO(fd_closep) int fd = openat(apt_fd, suite, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        return errno == ENOTDIR ? 0 : err_sys(e, "open 'apt/%s'", suite);
    }
    AUTO(fd_closep) int lock = openat(fd, "lock", O_RDWR | O_NOFOLLOW | O_CLOEXEC);
    if (lock < 0) {
        return errno == ENOENT ? 0 : err_sys(e, "open 'apt/%s/lock'", suite);
    }
    if (flock(lock, LOCK_EX | LOCK_NB) < 0) {
        return errno == EWOULDBLOCK ? 0 : err_sys(e, "lock 'apt/%s/lock'", suite);
    }
    static const char *const folders[] = {"archives/partial", "archives", "cache"};
    int r = 0;
    for (size_t i = 0; r == 0 && i < ARRAY_LEN(folders); i++) {
        r = files_remove(fd, folders[i], INT64_MAX, ret_bytes, e);
    }
    return r;
}

/* Each fetcher has it locked, shared. */
static int cache_remove(int packages_fd, const struct clock *clock, uint64_t *ret_bytes,
                        struct err *e)
{
    AUTO(fd_closep) int fd = openat(packages_fd, "cache", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int64_t now_s = (int64_t)(clock_wall_ns(clock) / NS_PER_S);
    bool alone = fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0;
    return files_remove(packages_fd, "cache", alone ? INT64_MAX : now_s - DOWNLOAD_BUSY_S,
                        ret_bytes, e);
}

int downloads_remove(int packages_fd, const struct clock *clock, uint64_t *ret_bytes, struct err *e)
{
    AUTO(dir_closep) DIR *apt = NULL;
    int r = cache_remove(packages_fd, clock, ret_bytes, e);
    if (r < 0) {
        return r;
    }
    r = dir_open(packages_fd, "apt", &apt, e);
    if (r < 0) {
        return r == -ERR_NOT_FOUND ? 0 : r;
    }
    r = 0;
    for (const struct dirent *entry; r == 0 && (entry = dir_next(apt)) != NULL;) {
        r = archives_remove(dirfd(apt), entry->d_name, ret_bytes, e);
    }
    return r;
}
