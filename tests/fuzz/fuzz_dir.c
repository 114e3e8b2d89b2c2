/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz_dir.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/tree.h"
#include "fuzz.h"

#define TOP "/dev/shm"

void fuzz_dir_make(struct fuzz_dir *ret)
{
    *ret = (struct fuzz_dir){.path = TOP "/belljar-fuzz-XXXXXX", .fd = -1};
    REQUIRE(mkdtemp(ret->path));
    ret->fd = open(ret->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    REQUIRE(ret->fd >= 0);
}

static struct fuzz_dir *looked_at; /* nftw passes no context */

static int count(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)path;
    if (at->level == 0) {
        return 0;
    }
    bool plain = S_ISREG(st->st_mode) || S_ISDIR(st->st_mode);
    REQUIRE(plain || S_ISLNK(st->st_mode) || (S_ISCHR(st->st_mode) && st->st_rdev == 0));
    REQUIRE((st->st_mode & (S_ISUID | S_ISGID | S_ISVTX)) == 0);
    looked_at->names++;
    looked_at->bytes += type == FTW_F || type == FTW_SL ? (uint64_t)st->st_size : 0;
    return 0;
}

void fuzz_dir_look(struct fuzz_dir *d)
{
    d->bytes = d->names = 0;
    looked_at = d;
    REQUIRE(nftw(d->path, count, 8, FTW_PHYS) == 0);
    looked_at = NULL;
}

void fuzz_dir_remove(struct fuzz_dir *d)
{
    struct err e;
    AUTO(fd_closep) int top = open(TOP, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    fd_closep(&d->fd);
    REQUIRE(tree_remove(top, strrchr(d->path, '/') + 1, &e) == 0);
}
