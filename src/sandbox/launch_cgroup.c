/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/launch_cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/strv.h"
#include "sandbox/launch_mounts.h"

#define PROC_FILE_BYTES   (16 << 20)
#define CGROUP_FILE_BYTES (1 << 20)

const char *const launch_cgroup_class_names[BOXD_CLASSES] = {
    [BOX_CLASS_INTERACTIVE] = "interactive",
    [BOX_CLASS_BATCH] = "batch",
};

void launch_cgroup_init(struct launch_cgroup *c)
{
    *c = (struct launch_cgroup){.kind = BOX_CGROUP_NONE};
    for (unsigned class = 0; class < BOXD_CLASSES; class ++) {
        for (unsigned i = 0; i < BOXD_CG_COUNT; i++) {
            c->fds[class][i] = -1;
        }
    }
}

void launch_cgroup_done(struct launch_cgroup *c)
{
    for (unsigned class = 0; class < BOXD_CLASSES; class ++) {
        for (unsigned i = 0; i < BOXD_CG_COUNT; i++) {
            fd_closep(&c->fds[class][i]);
        }
    }
    for (unsigned i = 0; i < c->place_count; i++) {
        fd_closep(&c->places[i].parent_fd);
        free(c->places[i].parent_path);
    }
    c->place_count = 0;
}

int cgroup_file_write(int dir_fd, const char *file, const char *text, struct err *e)
{
    AUTO(fd_closep) int fd = openat(dir_fd, file, O_WRONLY | O_CLOEXEC);
    if (fd < 0) {
        return err_sys(e, "open '%s'", file);
    }
    if (write(fd, text, strlen(text)) < 0) { /* one write is one command */
        return err_sys(e, "write '%s' to '%s'", text, file);
    }
    return 0;
}

int cgroup_file_read(int dir_fd, const char *file, struct buf *ret, struct err *e)
{
    AUTO(fd_closep) int fd = openat(dir_fd, file, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return err_sys(e, "open '%s'", file);
    }
    int r = fd_read_all(fd, CGROUP_FILE_BYTES, ret, e);
    return r < 0 ? err_wrap(e, "'%s'", file) : 0;
}

bool cgroup_file_exists(int dir_fd, const char *file)
{
    return faccessat(dir_fd, file, F_OK, 0) == 0;
}

int cgroup_dir_make(int parent_fd, const char *name, int *ret_fd, struct err *e)
{
    if (mkdirat(parent_fd, name, 0755) < 0 && errno != EEXIST) {
        return err_sys(e, "mkdir '%s'", name);
    }
    int fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return err_sys(e, "open '%s'", name);
    }
    *ret_fd = fd;
    return 0;
}

/* Where `own`, a path of the hierarchy, is found below a mount of its directory `root`; NULL: it is
 * outside. */
static const char *path_below(const char *own, const char *root)
{
    size_t len = strcmp(root, "/") == 0 ? 0 : strlen(root);
    if (strncmp(own, root, len) != 0 || (own[len] != '/' && own[len] != '\0')) {
        return NULL;
    }
    own += len;
    return strcmp(own, "/") == 0 ? "" : own;
}

static bool mount_is(const struct mount_entry *m, const char *controller)
{
    if (controller[0] == '\0') {
        return strcmp(m->type, "cgroup2") == 0;
    }
    return strcmp(m->type, "cgroup") == 0 && mount_has_option(m->options, controller);
}

struct hierarchy {
    struct mount_entry mount;
    char own[MOUNT_PATH_MAX]; /* /proc/self/cgroup */
    const char *own_below;    /* the same, below the mount point */
};

static int hierarchy_find(const char *controller, struct hierarchy *h, struct err *e)
{
    AUTO(buf_done) struct buf mounts = {0};
    AUTO(buf_done) struct buf cgroups = {0};
    int r = fd_read_path("/proc/self/mountinfo", PROC_FILE_BYTES, &mounts, e);
    if (r == 0) {
        r = fd_read_path("/proc/self/cgroup", PROC_FILE_BYTES, &cgroups, e);
    }
    if (r < 0) {
        return r;
    }
    const char *what = controller[0] ? controller : "v2";
    if (!cgroup_path_of(cgroups.data, controller, h->own)) {
        return err_set(e, ERR_NOT_FOUND, "this kernel has no cgroup hierarchy '%s'", what);
    }
    const char *at = mounts.data;
    while (mount_next(&at, &h->mount)) {
        h->own_below = mount_is(&h->mount, controller) ? path_below(h->own, h->mount.root) : NULL;
        if (h->own_below) {
            return 0;
        }
    }
    return err_set(e, ERR_NOT_FOUND, "the cgroup hierarchy '%s' is not mounted", what);
}

static int path_open(char *path, char **ret_path, int *ret_fd, struct err *e)
{
    AUTO(mem_freep) char *owned = path;
    int fd = open(owned, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return err_sys(e, "open cgroup '%s'", owned);
    }
    *ret_path = TAKE(&owned, NULL);
    *ret_fd = fd;
    return 0;
}

static int configured_check(const char *configured, struct err *e)
{
    AUTO(strv_freep) char **parts = strv_split(configured, "/");
    if (strv_has(parts, "..") || strv_has(parts, ".")) {
        return err_set(e, ERR_INVALID, "sandbox.cgroup_parent '%s' may not have '.' or '..' in it",
                       configured);
    }
    return 0;
}

int cgroup_base_open(const char *controller, const char *configured, char **ret_path, int *ret_fd,
                     struct err *e)
{
    AUTO(mem_freep) struct hierarchy *h = xcalloc(1, sizeof(*h));
    int r = configured_check(configured, e);
    if (r == 0) {
        r = hierarchy_find(controller, h, e);
    }
    if (r < 0) {
        return r;
    }
    const char *below = configured[0] == '/' ? "" : h->own_below;
    const char *slash = configured[0] == '\0' || configured[0] == '/' ? "" : "/";
    char *path = xasprintf("%s%s%s%s", h->mount.point, below, slash, configured);
    return path_open(path, ret_path, ret_fd, e);
}

int cgroup_top_open(char **ret_path, int *ret_fd, struct err *e)
{
    AUTO(mem_freep) struct hierarchy *h = xcalloc(1, sizeof(*h));
    int r = hierarchy_find("", h, e);
    if (r < 0) {
        return r;
    }
    return path_open(xstrdup(h->mount.point), ret_path, ret_fd, e);
}

int cgroup_place_add(struct launch_cgroup *c, char *base_path, int base_fd, const char *name,
                     int *ret_dir, struct err *e)
{
    struct cgroup_place *p = &c->places[c->place_count++];
    p->parent_path = base_path;
    p->parent_fd = base_fd;
    snprintf(p->name, sizeof(p->name), "%s", name);
    int r = cgroup_tree_remove(base_fd, name, e);
    if (r < 0) {
        return err_wrap(e, "removing what is left of '%s/%s'", base_path, name);
    }
    r = cgroup_dir_make(base_fd, name, ret_dir, e);
    return r < 0 ? err_wrap(e, "in cgroup '%s'", base_path) : 0;
}

static bool v2_has_controllers(void)
{
    AUTO(mem_freep) char *path = NULL;
    AUTO(fd_closep) int fd = -1;
    AUTO(buf_done) struct buf text = {0};
    struct err e;
    if (cgroup_top_open(&path, &fd, &e) < 0 ||
        cgroup_file_read(fd, "cgroup.controllers", &text, &e) < 0) {
        return false;
    }
    AUTO(strv_freep) char **words = strv_split(text.data, " \n");
    return strv_has(words, "memory") && strv_has(words, "pids");
}

static uint32_t kind_choose(enum cgroup_choice choice)
{
    switch (choice) {
    case CGROUP_ONLY_V2:
        return BOX_CGROUP_V2;
    case CGROUP_ONLY_V1:
        return BOX_CGROUP_V1;
    case CGROUP_NONE:
        return BOX_CGROUP_NONE;
    case CGROUP_AUTO:
        break;
    }
    return v2_has_controllers() ? BOX_CGROUP_V2 : BOX_CGROUP_V1;
}

static bool host_has_swap(void)
{
    AUTO(buf_done) struct buf text = {0};
    struct err e;
    if (fd_read_path("/proc/swaps", CGROUP_FILE_BYTES, &text, &e) < 0) {
        return false; /* a kernel without swap has no such file */
    }
    const char *first_line = strchr(text.data, '\n');
    return first_line && first_line[1] != '\0'; /* the first line is the heading */
}

static int kind_make(struct launch_cgroup *c, const struct launch_config *config, const char *name,
                     struct err *e)
{
    if (c->kind == BOX_CGROUP_V2) {
        return launch_cgroup_v2_make(c, config, name, e);
    }
    return launch_cgroup_v1_make(c, config, name, e);
}

int launch_cgroup_make(struct launch_cgroup *c, const struct launch_config *config,
                       const char *name, struct err *e)
{
    launch_cgroup_init(c);
    c->kind = kind_choose(config->cgroup);
    if (c->kind == BOX_CGROUP_NONE) {
        return 0;
    }
    int r = kind_make(c, config, name, e);
    if (r == 0) {
        c->swap_limited = c->swap_limited || !host_has_swap();
        return 0;
    }
    struct err ignored;
    (void)launch_cgroup_remove(c, &ignored); /* the reason to tell is the first one */
    launch_cgroup_done(c);
    if (config->cgroup != CGROUP_AUTO) {
        return r;
    }
    launch_cgroup_init(c);
    c->why_none = *e;
    return 0;
}

int launch_cgroup_clear(const struct launch_cgroup *c, struct err *e)
{
    int r = 0;
    for (unsigned class = 0; class < BOXD_CLASSES; class ++) {
        for (unsigned i = 0; r == 0 && i < BOXD_CG_COUNT; i++) {
            r = c->fds[class][i] < 0 ? 0 : cgroup_children_remove(c->fds[class][i], e);
        }
    }
    return r < 0 ? err_wrap(e, "removing the boxes of a dead boxd") : 0;
}

int launch_cgroup_remove(struct launch_cgroup *c, struct err *e)
{
    int result = 0;
    if (c->moved) {
        result = launch_cgroup_v2_leave(c, e);
    }
    for (unsigned i = 0; i < c->place_count; i++) {
        struct err failure;
        const struct cgroup_place *p = &c->places[i];
        int r = cgroup_tree_remove(p->parent_fd, p->name, &failure);
        if (r < 0 && result == 0) {
            *e = failure;
            result = err_wrap(e, "removing cgroup '%s/%s'", p->parent_path, p->name);
        }
    }
    return result;
}
