/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/owned_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"

static int unusable(const char *path, const char *option, struct err *e)
{
    return err_sys(e, "'%s' cannot be used; name another directory with %s", path, option);
}

static int check(int fd, const char *path, const char *option, struct err *e)
{
    struct stat st;
    if (fstat(fd, &st) < 0) {
        return err_sys(e, "stat of '%s'", path);
    }
    bool trusted = st.st_uid == 0 || st.st_uid == geteuid();
    if (!trusted || (st.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
        return err_set(e, ERR_DENIED,
                       "'%s' belongs to user %u, mode %03o: somebody else can write to it; remove "
                       "it, or name another with %s",
                       path, (unsigned)st.st_uid, (unsigned)(st.st_mode & 0777), option);
    }
    return 0;
}

int owned_dir_open(const char *path, const char *option, bool make, struct owned_dir *ret,
                   struct err *e)
{
    bool made = make && mkdir(path, 0755) == 0;
    if (make && !made && errno != EEXIST) {
        return unusable(path, option, e);
    }
    AUTO(fd_closep) int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return unusable(path, option, e);
    }
    if (made && fchmod(fd, 0755) < 0) { /* whatever the umask: boxes read it as strangers */
        return err_sys(e, "chmod '%s'", path);
    }
    int r = check(fd, path, option, e);
    char *real = r < 0 ? NULL : realpath(path, NULL);
    if (r == 0 && !real) {
        r = err_sys(e, "'%s'", path);
    }
    if (r < 0) {
        return r;
    }
    *ret = (struct owned_dir){.path = real, .fd = TAKE(&fd, -1)};
    return 0;
}

void owned_dir_done(struct owned_dir *d)
{
    fd_closep(&d->fd);
    free(TAKE(&d->path, NULL));
}
