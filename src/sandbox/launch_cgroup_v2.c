/* SPDX-License-Identifier: Apache-2.0 */
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

#define SUPERVISOR "supervisor"

static const struct {
    const char *name, *on, *off;
    bool optional;
} controllers[] = {
    {"memory", "+memory", "-memory", false},
    {"pids", "+pids", "-pids", false},
    {"cpu", "+cpu", "-cpu", true},
};

/* Relative to each other; 100 is what a fresh cgroup has. */
#define WEIGHT_WAITED_FOR "1000"
#define WEIGHT_BATCH      "100"

static const char *const weights[BOXD_CLASSES] = {
    [BOX_CLASS_INTERACTIVE] = WEIGHT_WAITED_FOR,
    [BOX_CLASS_BATCH] = WEIGHT_BATCH,
};

/* Only the true root lacks this file; it alone may hold processes and hand controllers on. */
static bool is_root(int dir_fd)
{
    return !cgroup_file_exists(dir_fd, "cgroup.type");
}

static bool is_writable(int dir_fd)
{
    return faccessat(dir_fd, ".", W_OK, AT_EACCESS) == 0 &&
           faccessat(dir_fd, "cgroup.procs", W_OK, AT_EACCESS) == 0 &&
           faccessat(dir_fd, "cgroup.subtree_control", W_OK, AT_EACCESS) == 0;
}

static char **words_of(int dir_fd, const char *file)
{
    AUTO(buf_done) struct buf text = {0};
    struct err e;
    return cgroup_file_read(dir_fd, file, &text, &e) < 0 ? NULL : strv_split(text.data, " \n");
}

static bool has_controllers(int dir_fd)
{
    AUTO(strv_freep) char **there = words_of(dir_fd, "cgroup.controllers");
    for (size_t i = 0; i < ARRAY_LEN(controllers); i++) {
        if (!controllers[i].optional && !strv_has(there, controllers[i].name)) {
            return false;
        }
    }
    return true;
}

/* What keeps children of it from having controllers once we have left it ourselves (*ret_leave);
 * NULL: nothing. */
static const char *obstacle_of(int dir_fd, bool *ret_leave)
{
    *ret_leave = false;
    if (!is_writable(dir_fd)) {
        return "is not delegated to us";
    }
    if (!has_controllers(dir_fd)) {
        return "has no memory and pids controllers: its parent must hand them on";
    }
    if (is_root(dir_fd)) {
        return NULL;
    }
    AUTO(strv_freep) char **procs = words_of(dir_fd, "cgroup.procs");
    char us[16];
    snprintf(us, sizeof(us), "%d", (int)getpid());
    *ret_leave = strv_has(procs, us);
    return strv_len(procs) > (*ret_leave ? 1 : 0) ? "holds other processes, too" : NULL;
}

/* The top as it is mounted here: as root on a host, that is the place which can always be divided.
 */
static bool top_take(char **path, int *fd, bool *ret_leave)
{
    AUTO(mem_freep) char *top_path = NULL;
    AUTO(fd_closep) int top_fd = -1;
    struct err e;
    if (!host_is_privileged() || cgroup_top_open(&top_path, &top_fd, &e) < 0 ||
        obstacle_of(top_fd, ret_leave)) {
        return false;
    }
    free(*path);
    fd_close(*fd);
    *path = TAKE(&top_path, NULL);
    *fd = TAKE(&top_fd, -1);
    return true;
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
    const char *obstacle = obstacle_of(fd, ret_leave);
    if (obstacle && (configured[0] || !top_take(&path, &fd, ret_leave))) {
        return err_set(e, ERR_DENIED, "'%s' %s", path, obstacle);
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

static int supervisor_enter(int dir_fd, struct err *e)
{
    AUTO(fd_closep) int leaf = -1;
    int r = cgroup_dir_make(dir_fd, SUPERVISOR, &leaf, e);
    return r < 0 ? r : cgroup_file_write(leaf, "cgroup.procs", "0", e); /* 0: who writes */
}

/* Beside busy boxes the server and boxd would have the least of all. */
static int supervisor_weigh(int dir_fd, struct err *e)
{
    AUTO(fd_closep) int leaf = openat(dir_fd, SUPERVISOR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (leaf < 0) {
        return err_sys(e, "open cgroup '%s'", SUPERVISOR);
    }
    bool weighed = cgroup_file_exists(leaf, "cpu.weight");
    return weighed ? cgroup_file_write(leaf, "cpu.weight", WEIGHT_WAITED_FOR, e) : 0;
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
        r = supervisor_enter(dir_fd, e);
        c->moved = r == 0;
    }
    if (r == 0) {
        r = controllers_enable(base_fd, e);
    }
    if (r == 0) {
        r = controllers_enable(dir_fd, e);
    }
    if (r == 0 && leave) {
        r = supervisor_weigh(dir_fd, e);
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
    int r = cgroup_file_write(p->parent_fd, "cgroup.procs", "0", e);
    if (r < 0) {
        return err_wrap(e, "going back to cgroup '%s'", p->parent_path);
    }
    c->moved = false;
    return 0;
}
