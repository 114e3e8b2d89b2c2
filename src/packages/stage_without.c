/* SPDX-License-Identifier: Apache-2.0 */
#include "packages/stage_without.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdbool.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/dir.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "packages/layer_clear.h"

#define DEPTH_MAX 100 /* what is below is no layer's: store_commit says so */

static bool is_meant(char *const *patterns, const char *path)
{
    for (char *const *p = patterns; *p; p++) {
        if (fnmatch(*p, path, 0) == 0) {
            return true;
        }
    }
    return false;
}

static int sweep(char *const *patterns, int fd, const char *path, unsigned depth, struct err *e)
{
    AUTO(dir_closep) DIR *dir = NULL;
    int r = dir_open(fd, ".", &dir, e);
    for (const struct dirent *entry; r == 0 && (entry = dir_next(dir)) != NULL;) {
        const char *name = entry->d_name;
        AUTO(mem_freep) char *below = xasprintf("%s%s%s", path, *path ? "/" : "", name);
        if (is_meant(patterns, below)) {
            r = layer_clear(fd, name, e);
            continue;
        }
        AUTO(fd_closep)
        int next = openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (next >= 0 && depth < DEPTH_MAX) {
            r = sweep(patterns, next, below, depth + 1, e);
        } else if (next < 0 && errno != ENOTDIR && errno != ELOOP) {
            r = err_sys(e, "open '%.100s' of a stage", below);
        }
    }
    return r;
}

int stage_without(int tree_fd, char *const *patterns, struct err *e)
{
    return patterns ? sweep(patterns, tree_fd, "", 0, e) : 0;
}
