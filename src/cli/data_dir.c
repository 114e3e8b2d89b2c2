/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/data_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/dir.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/tree.h"
#include "sandbox/launch.h"

#define LOCK_NAME "belljar.lock"
#define DEPTH_MAX 16

static void holder_read(int fd, char ret[32])
{
    ssize_t n = pread(fd, ret, 31, 0);
    ret[n > 0 ? n : 0] = '\0';
    ret[strspn(ret, "0123456789")] = '\0';
}

static int lock_take(struct data_dir *d, struct err *e)
{
    d->lock_fd = openat(d->dir_fd, LOCK_NAME, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (d->lock_fd < 0) {
        return err_sys(e, "open '%s/%s'", d->path, LOCK_NAME);
    }
    if (flock(d->lock_fd, LOCK_EX | LOCK_NB) < 0) {
        if (errno != EWOULDBLOCK) {
            return err_sys(e, "lock '%s/%s'", d->path, LOCK_NAME);
        }
        char holder[32];
        holder_read(d->lock_fd, holder);
        return err_set(e, ERR_BUSY,
                       "another belljar (process %s) uses the data directory '%s'; stop it, or "
                       "give this one a --data of its own",
                       holder[0] ? holder : "unknown", d->path);
    }
    char us[16];
    int len = snprintf(us, sizeof(us), "%d\n", (int)getpid());
    if (ftruncate(d->lock_fd, 0) < 0 || pwrite(d->lock_fd, us, (size_t)len, 0) != len) {
        return err_sys(e, "write '%s/%s'", d->path, LOCK_NAME);
    }
    return 0;
}

static int owner_set(int dir_fd, const char *name, uid_t uid, gid_t gid, unsigned depth,
                     struct err *e);

static int owner_set_below(int fd, uid_t uid, gid_t gid, unsigned depth, struct err *e)
{
    AUTO(dir_closep) DIR *dir = NULL;
    int r = dir_open(fd, ".", &dir, e);
    const struct dirent *entry;
    while (r == 0 && (entry = dir_next(dir))) {
        r = owner_set(dirfd(dir), entry->d_name, uid, gid, depth + 1, e);
    }
    return r;
}

/*
 * The user of the server process may be another one than at the last start.  What is in there was
 * made by that user: a link is not followed, and a file with a second name, which may be somebody
 * else's file, is refused.
 */
static int owner_set(int dir_fd, const char *name, uid_t uid, gid_t gid, unsigned depth,
                     struct err *e)
{
    AUTO(fd_closep) int fd = openat(dir_fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) < 0) {
        return err_sys(e, "open '%s'", name);
    }
    bool is_dir = S_ISDIR(st.st_mode);
    bool theirs = st.st_uid != uid || st.st_gid != gid;
    if (theirs && !is_dir && st.st_nlink > 1) {
        return err_set(e, ERR_DENIED, "'%s' has a second name elsewhere; remove it", name);
    }
    if (theirs && fchownat(fd, "", uid, gid, AT_EMPTY_PATH) < 0) {
        return err_sys(e, "giving '%s' to user %u", name, (unsigned)uid);
    }
    if (!is_dir || depth > DEPTH_MAX) {
        return 0;
    }
    int r = owner_set_below(fd, uid, gid, depth, e);
    return r < 0 ? err_wrap(e, "%s", name) : 0;
}

static int state_open(struct data_dir *d, uid_t uid, gid_t gid, struct err *e)
{
    if (mkdirat(d->dir_fd, DATA_DIR_STATE, 0700) < 0 && errno != EEXIST) {
        return err_sys(e, "mkdir '%s/%s'", d->path, DATA_DIR_STATE);
    }
    int r = owner_set(d->dir_fd, DATA_DIR_STATE, uid, gid, 0, e);
    if (r < 0) {
        return err_wrap(e, "data directory '%s'", d->path);
    }
    d->state_fd =
        openat(d->dir_fd, DATA_DIR_STATE, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return d->state_fd < 0 ? err_sys(e, "open '%s/%s'", d->path, DATA_DIR_STATE) : 0;
}

static int temporary_make(struct data_dir *d, struct instance *instance, struct err *e)
{
    const char *base = getenv("TMPDIR"); /* NOLINT(concurrency-mt-unsafe): one thread */
    AUTO(mem_freep) char *path = xasprintf("%s/belljar-XXXXXX", base && base[0] ? base : "/tmp");
    if (!mkdtemp(path)) {
        return err_sys(e, "making a temporary data directory '%s'", path);
    }
    d->temporary = true;
    d->path = realpath(path, NULL);
    if (!d->path) {
        return err_sys(e, "'%s'", path);
    }
    return instance_note_directory(instance, d->path, e);
}

static int given_make(struct data_dir *d, const char *path, struct err *e)
{
    if (mkdir(path, 0700) < 0 && errno != EEXIST) {
        return err_sys(e, "making the data directory '%s'", path);
    }
    d->path = realpath(path, NULL);
    return d->path ? 0 : err_sys(e, "data directory '%s'", path);
}

static int open_all(struct data_dir *d, uid_t uid, gid_t gid, struct err *e)
{
    d->dir_fd = open(d->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (d->dir_fd < 0) {
        return err_sys(e, "open '%s'", d->path);
    }
    int r = lock_take(d, e);
    return r < 0 ? r : state_open(d, uid, gid, e);
}

int data_dir_open(struct data_dir *d, const char *path, struct instance *instance, uid_t uid,
                  gid_t gid, struct err *e)
{
    *d = (struct data_dir){.dir_fd = -1, .lock_fd = -1, .state_fd = -1};
    int r = path[0] ? given_make(d, path, e) : temporary_make(d, instance, e);
    if (r == 0) {
        r = open_all(d, uid, gid, e);
    }
    if (r < 0) {
        struct err ignored; /* the first reason is the one to tell */
        (void)data_dir_close(d, instance, &ignored);
    }
    return r;
}

static int temporary_remove(const struct data_dir *d, struct instance *instance, struct err *e)
{
    const char *slash = strrchr(d->path, '/');
    AUTO(mem_freep) char *parent = xstrndup(d->path, (size_t)(slash - d->path));
    AUTO(fd_closep) int fd = open(parent[0] ? parent : "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return err_sys(e, "open '%s'", parent);
    }
    int r = tree_remove(fd, slash + 1, e);
    if (r < 0) {
        return err_wrap(e, "removing '%s'", d->path);
    }
    return instance_note_directory(instance, NULL, e);
}

int data_dir_close(struct data_dir *d, struct instance *instance, struct err *e)
{
    int r = 0;
    if (d->temporary && d->path) {
        r = temporary_remove(d, instance, e);
    }
    fd_closep(&d->state_fd);
    fd_closep(&d->lock_fd); /* gives the lock back */
    fd_closep(&d->dir_fd);
    free(TAKE(&d->path, NULL));
    return r;
}
