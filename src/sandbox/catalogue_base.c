/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/catalogue.h"

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"

static const struct {
    const char *path;
    mode_t mode;
    unsigned major, minor;
} nodes[] = {
    {"base", S_IFDIR | 0755, 0, 0},
    {"base/dev", S_IFDIR | 0755, 0, 0},
    {"base/dev/pts", S_IFDIR | 0755, 0, 0},
    {"base/dev/shm", S_IFDIR | 0755, 0, 0},
    {"base/dev/null", S_IFCHR | 0666, 1, 3},
    {"base/dev/zero", S_IFCHR | 0666, 1, 5},
    {"base/dev/full", S_IFCHR | 0666, 1, 7},
    {"base/dev/random", S_IFCHR | 0666, 1, 8},
    {"base/dev/urandom", S_IFCHR | 0666, 1, 9},
    {"base/dev/tty", S_IFCHR | 0666, 5, 0},
    {"base/proc", S_IFDIR | 0555, 0, 0},
    {"base/proc/file", S_IFREG | 0444, 0, 0},
    {"base/proc/directory", S_IFDIR | 0555, 0, 0},
    {"cover", S_IFDIR | 0755, 0, 0},
    {"cover/dev", S_IFCHR, 0, 0}, /* whiteouts of overlayfs, which need no rights */
    {"cover/proc", S_IFCHR, 0, 0},
};

static const struct {
    const char *path, *to;
} links[] = {
    {"base/dev/fd", "/proc/self/fd"},       {"base/dev/stdin", "/proc/self/fd/0"},
    {"base/dev/stdout", "/proc/self/fd/1"}, {"base/dev/stderr", "/proc/self/fd/2"},
    {"base/dev/ptmx", "pts/ptmx"},
};

static int node_make(int root, size_t i, bool own_devices)
{
    mode_t mode = nodes[i].mode;
    if (S_ISDIR(mode)) {
        return mkdirat(root, nodes[i].path, mode & 07777);
    }
    if (S_ISCHR(mode) && nodes[i].major != 0 && !own_devices) {
        mode = S_IFREG | (mode & 07777); /* what the host's own is bound on */
    }
    return mknodat(root, nodes[i].path, mode, makedev(nodes[i].major, nodes[i].minor));
}

int catalogue_make_base(int root, bool own_devices, struct err *e)
{
    for (size_t i = 0; i < ARRAY_LEN(nodes); i++) {
        if (node_make(root, i, own_devices) < 0) {
            return err_sys(e, "making '%s'", nodes[i].path);
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(links); i++) {
        if (symlinkat(links[i].to, root, links[i].path) < 0) {
            return err_sys(e, "link '%s'", links[i].path);
        }
    }
    return 0;
}
