/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/prove_cgroup.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"
#include "sandbox/launch_cgroup.h"
#include "sandbox/launch_host.h"

#define CHILD "prove"

static bool is_ours_alone(int fd)
{
    AUTO(buf_done) struct buf members = {0};
    struct err e;
    char us[16];
    snprintf(us, sizeof(us), "%d\n", (int)getpid());
    return faccessat(fd, "cgroup.subtree_control", W_OK, AT_EACCESS) == 0 &&
           cgroup_file_read(fd, "cgroup.procs", &members, &e) == 0 && strcmp(members.data, us) == 0;
}

/* 0 is who writes it. */
static int enter(int fd, struct err *e)
{
    return cgroup_file_write(fd, "cgroup.procs", "0", e);
}

static int child_enter(int fd, struct err *e)
{
    AUTO(fd_closep) int child = -1;
    int r = cgroup_dir_make(fd, CHILD, &child, e);
    return r < 0 ? r : enter(child, e);
}

/* Where anything fails the server finds a cgroup that it cannot divide, and says so. */
void prove_cgroup_leave(struct prove_cgroup *ret)
{
    AUTO(mem_freep) char *path = NULL;
    AUTO(fd_closep) int fd = -1;
    struct err e;
    ret->fd = -1;
    /* Root takes the top of the hierarchy, whoever else is in its own cgroup. */
    if (host_is_privileged() || cgroup_base_open("", "", &path, &fd, &e) < 0 ||
        !is_ours_alone(fd)) {
        return;
    }
    if (child_enter(fd, &e) < 0) {
        (void)unlinkat(fd, CHILD, AT_REMOVEDIR);
        return;
    }
    ret->fd = TAKE(&fd, -1);
}

void prove_cgroup_enter(const struct prove_cgroup *g)
{
    struct err e;
    if (g->fd >= 0) {
        (void)enter(g->fd, &e);
    }
}

void prove_cgroup_done(struct prove_cgroup *g)
{
    struct err e;
    if (g->fd >= 0 && enter(g->fd, &e) == 0) {
        (void)unlinkat(g->fd, CHILD, AT_REMOVEDIR);
    }
    fd_closep(&g->fd);
}
