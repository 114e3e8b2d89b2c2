/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cgroup_init: which directories there are, and whether a process gets into a leaf in them, tried
 * with a child that does nothing else.
 */
#include "boxd/cgroup.h"
#include "boxd/cgroup_ops.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/sched.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "boxd/cgroup_read.h"
#include "boxproto/weaken.h"

#define REMOVE_TRIES 100

static const struct cgroup_ops cgroup_none; /* features says so; rlimits are all that is left */

static const struct cgroup_ops *const kinds[] = {
    [BOX_CGROUP_NONE] = &cgroup_none,
    [BOX_CGROUP_V1] = &cgroup_v1,
    [BOX_CGROUP_V2] = &cgroup_v2,
};

static bool same_directory(int a, int b)
{
    struct stat x, y;
    return fstat(a, &x) == 0 && fstat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

/* Hosts mount cpu and cpuacct apart or as one, and the config may name the one twice. */
static void directories_sort(struct cgroup *c)
{
    for (int i = 0; i < BOXD_CG_COUNT; i++) {
        c->first[i] = (uint8_t)i;
        for (int k = i - 1; k >= 0; k--) {
            c->first[i] = same_directory(c->fds[0][k], c->fds[0][i]) ? (uint8_t)k : c->first[i];
        }
    }
}

static int directories_take(struct cgroup *c, const struct boxd_config *config, struct err *e)
{
    for (int n = 0; n < BOXD_CLASSES; n++) {
        int *fds = c->fds[n];
        for (int i = 0; i < BOXD_CG_COUNT; i++) {
            int from = config->cgroup == BOX_CGROUP_V2 ? BOXD_CG_MEMORY : i;
            fds[i] = config->cgroup == BOX_CGROUP_NONE ? -1 : config->cgroup_fds[n][from];
        }
        if (config->cgroup == BOX_CGROUP_V1 && fds[BOXD_CG_CPUACCT] < 0) {
            fds[BOXD_CG_CPUACCT] = fds[BOXD_CG_CPU];
        }
        if (config->cgroup == BOX_CGROUP_V2 && fds[BOXD_CG_MEMORY] < 0) {
            return err_set(e, ERR_INVALID, "the configuration has no cgroup for class %d", n);
        }
    }
    directories_sort(c);
    return 0;
}

/* The exit status of a process that came into the leaf at once (`into`), or by itself. */
static int trial_run(const struct cgroup_leaf *leaf, bool into)
{
    struct clone_args args = {
        .flags = into ? CLONE_INTO_CGROUP : 0,
        .exit_signal = SIGCHLD,
        .cgroup = into ? (uint64_t)leaf->fds[BOXD_CG_MEMORY] : 0,
    };
    pid_t pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
    if (pid == 0) {
        struct err inner = {0};
        bool there = into || cgroup_leaf_enter(leaf, &inner) == 0;
        _exit(there ? 0 : inner.sys > 0 && inner.sys < 256 ? inner.sys : EIO);
    }
    int status = 0;
    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    return pid > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : ECHILD;
}

static int trial_enter(const struct cgroup_leaf *leaf, struct err *e)
{
    errno = trial_run(leaf, false);
    return errno != 0 ? err_sys(e, "a process cannot enter the cgroup '%s'", leaf->name) : 0;
}

/* The child is reaped, but the kernel may need a moment to take it off the leaf. */
static int trial_remove(struct cgroup_leaf *leaf, struct err *e)
{
    int r = cgroup_leaf_remove(leaf, e);
    for (int i = 0; r == -ERR_BUSY && i < REMOVE_TRIES; i++) {
        poll(NULL, 0, 1);
        r = cgroup_leaf_remove(leaf, e);
    }
    return r;
}

/*
 * The first limit on sockets rewrites the kernel's code (100 us), and the end of the last one does
 * it again: one above the leaves that allows all keeps it as it is.
 */
static void sockets_prepare(struct cgroup *c, const struct cgroup_leaf *leaf)
{
    struct err ignored; /* slower, not less */
    int dir = leaf->fds[BOXD_CG_MEMORY];
    c->socket_file = dir >= 0 && cgroup_file_exists(dir, CGROUP_SOCKET_LIMIT);
    if (c->socket_file) {
        kernel_write(c->fds[leaf->class][BOXD_CG_MEMORY], CGROUP_SOCKET_LIMIT, "-1", &ignored);
    }
}

uint32_t cgroup_leaf_features(const struct cgroup_leaf *leaf)
{
    uint32_t features = 0;
    for (const struct cgroup_file *file = leaf->cgroup->ops->files; file->name; file++) {
        int dir = leaf->fds[file->controller];
        features |= dir >= 0 && cgroup_file_exists(dir, file->name) ? file->feature : 0;
    }
    return features;
}

static int probe(struct cgroup *c, enum box_class class, const struct boxd_config *config,
                 struct err *e)
{
    AUTO(cgroup_leaf_discard) struct cgroup_leaf leaf = {0};
    int r = cgroup_leaf_make(c, class, &leaf, e);
    if (r < 0) {
        return r;
    }
    c->features = cgroup_leaf_features(&leaf);
    c->swap_file = cgroup_has(&leaf, BOX_FEATURE_SWAP) && !weakened(config->weaken, WEAKEN_SWAP);
    if (config->swap_limited) {
        c->features |= BOX_FEATURE_SWAP;
    }
    sockets_prepare(c, &leaf);
    r = cgroup_leaf_prepare(&leaf, &config->maxima, e);
    if (r < 0) {
        return r;
    }
    if (config->cgroup == BOX_CGROUP_V2 && trial_run(&leaf, true) == 0) {
        c->features |= BOX_FEATURE_CLONE_INTO;
    } else {
        r = trial_enter(&leaf, e);
    }
    return r < 0 ? r : trial_remove(&leaf, e);
}

int cgroup_init(struct cgroup *c, const struct boxd_config *config, struct err *e)
{
    if (config->cgroup >= ARRAY_LEN(kinds)) {
        return err_set(e, ERR_INVALID, "cgroup driver %u of the configuration", config->cgroup);
    }
    /* What an earlier boxd could not remove has other names. */
    struct cgroup new = {.ops = kinds[config->cgroup], .next = clock_mono_ns(&clock_system)};
    int r = directories_take(&new, config, e);
    if (r < 0) {
        return r;
    }
    if (config->cgroup != BOX_CGROUP_NONE) {
        uint32_t common = UINT32_MAX;
        for (int n = 0; n < BOXD_CLASSES; n++) {
            r = probe(&new, (enum box_class)n, config, e);
            if (r < 0) {
                return err_wrap(e, "trying a cgroup");
            }
            common &= new.features;
        }
        new.features = common;
    }
    *c = new;
    return 0;
}
