/* SPDX-License-Identifier: Apache-2.0 */
#include "packages/tree_size.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/dir.h"
#include "base/err.h"

#define DEPTH_MAX 128
#define BLOCK     512 /* of st_blocks */

static void add(int dir_fd, const char *name, unsigned depth, struct tree_size *sum)
{
    struct stat st;
    struct err ignored;
    if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
        return;
    }
    sum->bytes += (uint64_t)st.st_blocks * BLOCK / (S_ISDIR(st.st_mode) ? 1 : st.st_nlink);
    sum->names++;
    AUTO(dir_closep) DIR *dir = NULL;
    if (!S_ISDIR(st.st_mode) || depth > DEPTH_MAX || dir_open(dir_fd, name, &dir, &ignored) < 0) {
        return;
    }
    const struct dirent *entry;
    while ((entry = dir_next(dir))) {
        add(dirfd(dir), entry->d_name, depth + 1, sum);
    }
}

void tree_size_add(int dir_fd, const char *name, struct tree_size *sum)
{
    add(dir_fd, name, 0, sum);
}
