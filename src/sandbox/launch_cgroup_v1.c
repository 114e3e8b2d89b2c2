/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "base/mem.h"
#include "sandbox/launch_cgroup.h"

struct controller {
    const char *name;
    bool optional;
};

static const struct controller controllers[BOXD_CG_COUNT] = {
    [BOXD_CG_MEMORY] = {"memory", false},
    [BOXD_CG_PIDS] = {"pids", false},
    [BOXD_CG_CPU] = {"cpu", true},
    [BOXD_CG_CPUACCT] = {"cpuacct", true},
};

/* Relative to each other; 1024 is what a fresh cgroup has. */
static const char *const shares[BOXD_CLASSES] = {
    [BOX_CLASS_INTERACTIVE] = "10240",
    [BOX_CLASS_BATCH] = "1024",
};

/* Without it a leaf's limit would not hold for what is below; only old kernels let it be 0. */
static int hierarchy_on(int dir_fd, struct err *e)
{
    AUTO(buf_done) struct buf text = {0};
    struct err ignored;
    if (cgroup_file_read(dir_fd, "memory.use_hierarchy", &text, &ignored) < 0 ||
        text.data[0] != '0') {
        return 0;
    }
    return cgroup_file_write(dir_fd, "memory.use_hierarchy", "1", e);
}

static int classes_make(struct launch_cgroup *c, unsigned index, int dir_fd, struct err *e)
{
    for (unsigned class = 0; class < BOXD_CLASSES; class ++) {
        int *fd = &c->fds[class][index];
        int r = cgroup_dir_make(dir_fd, launch_cgroup_class_names[class], fd, e);
        if (r == 0 && index == BOXD_CG_CPU) {
            r = cgroup_file_write(*fd, "cpu.shares", shares[class], e);
        }
        if (r < 0) {
            return r;
        }
    }
    return 0;
}

/* cpu and cpuacct are often one hierarchy: then they share the directories. */
static bool place_shared(const struct launch_cgroup *c, const char *path, unsigned *ret_index)
{
    for (unsigned i = 0; i < c->place_count; i++) {
        if (strcmp(c->places[i].parent_path, path) == 0) {
            *ret_index = i;
            return true;
        }
    }
    return false;
}

static int share(struct launch_cgroup *c, unsigned place, unsigned index, struct err *e)
{
    AUTO(fd_closep)
    int dir_fd = openat(c->places[place].parent_fd, c->places[place].name,
                        O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir_fd < 0) {
        return err_sys(e, "open '%s'", c->places[place].name);
    }
    return classes_make(c, index, dir_fd, e);
}

static int controller_make(struct launch_cgroup *c, const char *configured, unsigned index,
                           const char *name, struct err *e)
{
    AUTO(mem_freep) char *path = NULL;
    AUTO(fd_closep) int base_fd = -1;
    int r = cgroup_base_open(controllers[index].name, configured, &path, &base_fd, e);
    if (r == -ERR_NOT_FOUND && controllers[index].optional) {
        return 0;
    }
    if (r < 0) {
        return r;
    }
    unsigned place;
    if (place_shared(c, path, &place)) {
        return share(c, place, index, e);
    }
    AUTO(fd_closep) int dir_fd = -1;
    r = cgroup_place_add(c, TAKE(&path, NULL), TAKE(&base_fd, -1), name, &dir_fd, e);
    if (r == 0 && index == BOXD_CG_MEMORY) {
        r = hierarchy_on(dir_fd, e);
        c->swap_limited = cgroup_file_exists(dir_fd, "memory.memsw.limit_in_bytes");
    }
    return r < 0 ? r : classes_make(c, index, dir_fd, e);
}

int launch_cgroup_v1_make(struct launch_cgroup *c, const struct launch_config *config,
                          const char *name, struct err *e)
{
    for (unsigned i = 0; i < BOXD_CG_COUNT; i++) {
        int r = controller_make(c, config->cgroup_parent, i, name, e);
        if (r < 0) {
            return err_wrap(e, "cgroup v1, controller %s", controllers[i].name);
        }
    }
    c->has_peak = true; /* memory.max_usage_in_bytes is as old as v1 */
    return 0;
}
