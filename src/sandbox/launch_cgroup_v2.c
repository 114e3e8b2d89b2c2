/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/strv.h"
#include "sandbox/launch_cgroup.h"
#include "sandbox/launch_host.h"

#define SUPERVISOR  "supervisor"
#define MOVE_ROUNDS 16

static const struct {
    const char *name, *on, *off;
    bool optional;
} controllers[] = {
    {"memory", "+memory", "-memory", false},
    {"pids", "+pids", "-pids", false},
    {"cpu", "+cpu", "-cpu", true},
};

/* Relative to each other; 100 is what a fresh cgroup has. */
static const char *const weights[BOXD_CLASSES] = {
    [BOX_CLASS_INTERACTIVE] = "1000",
    [BOX_CLASS_BATCH] = "100",
};

/* Only the true root lacks this file; it alone may hold processes and hand controllers on. */
static bool is_root(int dir_fd)
{
    return !cgroup_file_exists(dir_fd, "cgroup.type");
}

static int procs_read(int dir_fd, char ***ret, struct err *e)
{
    AUTO(buf_done) struct buf text = {0};
    int r = cgroup_file_read(dir_fd, "cgroup.procs", &text, e);
    if (r < 0) {
        return r;
    }
    *ret = strv_split(text.data, "\n");
    return 0;
}

static bool is_writable(int dir_fd)
{
    return faccessat(dir_fd, ".", W_OK, AT_EACCESS) == 0 &&
           faccessat(dir_fd, "cgroup.procs", W_OK, AT_EACCESS) == 0 &&
           faccessat(dir_fd, "cgroup.subtree_control", W_OK, AT_EACCESS) == 0;
}

/* Whether children of it may have controllers, once we have left it ourselves (*ret_leave). */
static bool is_divisible(int dir_fd, bool *ret_leave)
{
    *ret_leave = false;
    if (!is_writable(dir_fd)) {
        return false;
    }
    AUTO(strv_freep) char **procs = NULL;
    struct err e;
    if (is_root(dir_fd)) {
        return true;
    }
    if (procs_read(dir_fd, &procs, &e) < 0) {
        return false;
    }
    char us[16];
    snprintf(us, sizeof(us), "%d", (int)getpid());
    *ret_leave = strv_len(procs) == 1 && strcmp(procs[0], us) == 0;
    return *ret_leave || strv_len(procs) == 0;
}

/*
 * The top as it is mounted here.  Inside a container that is the container's own cgroup, and all
 * that is in it belongs to the container: it may be moved.
 */
static int top_choose(char **ret_path, int *ret_fd, bool *ret_leave, bool *ret_usable,
                      struct err *e)
{
    int r = cgroup_top_open(ret_path, ret_fd, e);
    if (r < 0) {
        return r;
    }
    *ret_usable = is_divisible(*ret_fd, ret_leave);
    if (!*ret_usable && is_writable(*ret_fd)) {
        *ret_usable = *ret_leave = true;
    }
    return 0;
}

/* The configured cgroup; else ours when it can be divided; else, as root, the top. */
static int base_choose(const char *configured, char **ret_path, int *ret_fd, bool *ret_leave,
                       struct err *e)
{
    AUTO(mem_freep) char *path = NULL;
    AUTO(fd_closep) int fd = -1;
    int r = cgroup_base_open("", configured, &path, &fd, e);
    if (r < 0) {
        return r;
    }
    bool usable = is_divisible(fd, ret_leave);
    if (!usable && configured[0] == '\0' && host_is_privileged()) {
        mem_freep(&path);
        fd_closep(&fd);
        r = top_choose(&path, &fd, ret_leave, &usable, e);
        if (r < 0) {
            return r;
        }
    }
    if (!usable) {
        return err_set(e, ERR_DENIED,
                       "cgroup '%s' is not ours to divide (other processes are in it, or it is not "
                       "delegated); start with systemd-run --user --scope -p Delegate=yes",
                       path);
    }
    *ret_path = TAKE(&path, NULL);
    *ret_fd = TAKE(&fd, -1);
    return 0;
}

static int controllers_enable(int dir_fd, struct err *e)
{
    for (size_t i = 0; i < ARRAY_LEN(controllers); i++) {
        struct err failure;
        int r = cgroup_file_write(dir_fd, "cgroup.subtree_control", controllers[i].on, &failure);
        if (r < 0 && !controllers[i].optional) {
            *e = failure;
            return err_wrap(e, "enabling the %s controller", controllers[i].name);
        }
    }
    return 0;
}

/* New processes may be forked meanwhile by those that are there: look again until none is. */
static int procs_move(int from_fd, int to_fd, struct err *e)
{
    for (unsigned round = 0; round < MOVE_ROUNDS; round++) {
        AUTO(strv_freep) char **procs = NULL;
        int r = procs_read(from_fd, &procs, e);
        if (r < 0 || strv_len(procs) == 0) {
            return r;
        }
        for (char **pid = procs; *pid; pid++) {
            r = cgroup_file_write(to_fd, "cgroup.procs", *pid, e);
            if (r < 0 && e->sys != ESRCH) {
                return r;
            }
        }
    }
    return err_set(e, ERR_BUSY, "its processes fork faster than they can be moved");
}

static int supervisor_enter(int base_fd, int dir_fd, struct err *e)
{
    AUTO(fd_closep) int leaf = -1;
    int r = cgroup_dir_make(dir_fd, SUPERVISOR, &leaf, e);
    return r < 0 ? r : procs_move(base_fd, leaf, e);
}

static int class_make(struct launch_cgroup *c, int dir_fd, unsigned class, struct err *e)
{
    int *fd = &c->fds[class][BOXD_CG_MEMORY];
    int r = cgroup_dir_make(dir_fd, launch_cgroup_class_names[class], fd, e);
    if (r == 0) {
        r = controllers_enable(*fd, e);
    }
    if (r == 0 && cgroup_file_exists(*fd, "cpu.weight")) {
        r = cgroup_file_write(*fd, "cpu.weight", weights[class], e);
    }
    return r;
}

static int base_fill(struct launch_cgroup *c, int base_fd, int dir_fd, bool leave, struct err *e)
{
    int r = 0;
    if (leave) { /* before the controllers: a cgroup with processes cannot hand them on */
        r = supervisor_enter(base_fd, dir_fd, e);
        c->moved = r == 0;
    }
    if (r == 0) {
        r = controllers_enable(base_fd, e);
    }
    if (r == 0) {
        r = controllers_enable(dir_fd, e);
    }
    for (unsigned class = 0; r == 0 && class < BOXD_CLASSES; class ++) {
        r = class_make(c, dir_fd, class, e);
    }
    return r;
}

int launch_cgroup_v2_make(struct launch_cgroup *c, const struct launch_config *config,
                          const char *name, struct err *e)
{
    AUTO(mem_freep) char *path = NULL;
    AUTO(fd_closep) int base_fd = -1;
    bool leave;
    int r = base_choose(config->cgroup_parent, &path, &base_fd, &leave, e);
    if (r < 0) {
        return err_wrap(e, "cgroup v2");
    }
    int base = base_fd; /* c->places keeps it open */
    AUTO(fd_closep) int dir_fd = -1;
    r = cgroup_place_add(c, TAKE(&path, NULL), TAKE(&base_fd, -1), name, &dir_fd, e);
    if (r == 0) {
        r = base_fill(c, base, dir_fd, leave, e);
    }
    if (r < 0) {
        return err_wrap(e, "cgroup v2");
    }
    c->has_peak = cgroup_file_exists(dir_fd, "memory.peak");
    c->swap_limited = cgroup_file_exists(dir_fd, "memory.swap.max");
    return 0;
}

/* Back to where we came from: the classes go first, then the controllers, then we may be there
 * again. */
int launch_cgroup_v2_leave(struct launch_cgroup *c, struct err *e)
{
    const struct cgroup_place *p = &c->places[0];
    AUTO(fd_closep) int dir_fd = openat(p->parent_fd, p->name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir_fd < 0) {
        return err_sys(e, "open cgroup '%s/%s'", p->parent_path, p->name);
    }
    for (unsigned class = 0; class < BOXD_CLASSES; class ++) {
        int r = cgroup_tree_remove(dir_fd, launch_cgroup_class_names[class], e);
        if (r < 0) {
            return r;
        }
    }
    const int handing_on[] = {dir_fd, p->parent_fd};
    for (size_t i = 0; i < ARRAY_LEN(handing_on); i++) {
        for (size_t k = 0; k < ARRAY_LEN(controllers); k++) {
            struct err
                off; /* an optional one was perhaps never on; what matters is the move below */
            (void)cgroup_file_write(handing_on[i], "cgroup.subtree_control", controllers[k].off,
                                    &off);
        }
    }
    AUTO(fd_closep) int leaf = openat(dir_fd, SUPERVISOR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int r = leaf < 0 ? err_sys(e, "open '%s'", SUPERVISOR) : procs_move(leaf, p->parent_fd, e);
    if (r < 0) {
        return err_wrap(e, "going back to cgroup '%s'", p->parent_path);
    }
    c->moved = false;
    return 0;
}
