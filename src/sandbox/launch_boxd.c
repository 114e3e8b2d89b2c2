/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The child that becomes boxd:
 *
 *   own session, ends with us (PDEATHSIG)          nothing of a terminal, no orphan
 *   own mount namespace, private                   what follows is seen by nobody else
 *   the catalogue on a tmpfs                       catalogue.c
 *   config as a sealed memfd                       from our side of the fork: nothing foreign is in
 * it descriptors at the numbers of boxd_config.h    all others closed exec with an empty
 * environment
 *
 * A pipe that closes on exec tells us: an error, or nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/strv.h"
#include "boxproto/weaken.h"
#include "sandbox/catalogue.h"
#include "sandbox/filter.h"
#include "sandbox/launch_child.h"
#include "sandbox/launch_host.h"
#include "sandbox/launch_instance.h"

#define BOXD_NAME "belljar-boxd"
#define INIT_NAME "belljar-init"
enum { FD_CGROUPS = BOXD_FD_MAKER_FILTER + 1, FD_END = FD_CGROUPS + BOXD_CLASSES * BOXD_CG_COUNT };
_Static_assert(FD_END - BOXD_FD_SERVER <= LAUNCH_CHILD_FDS, "they can be placed");

/* Beside the running program; in a build tree, below src or beside our own directory; else where an
 * installation has it. */
static char *program_find(const char *configured, const char *name, const char *layer)
{
    if (configured && configured[0]) {
        return xstrdup(configured);
    }
    char exe[PATH_MAX];
    ssize_t len = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
    if (len <= 0) {
        return NULL;
    }
    exe[len] = '\0';
    *strrchr(exe, '/') = '\0';
    char *const candidates[] = {
        xasprintf("%s/%s", exe, name),
        xasprintf("%s/src/%s/%s", exe, layer, name),
        xasprintf("%s/../%s/%s", exe, layer, name),
        xasprintf("%s/../libexec/belljar/%s", exe, name),
    };
    char *found = NULL;
    for (size_t i = 0; i < ARRAY_LEN(candidates); i++) {
        if (!found && access(candidates[i], X_OK) == 0) {
            found = candidates[i];
        } else {
            free(candidates[i]);
        }
    }
    return found;
}

int launch_program_open(const char *name, const char *layer, int *ret_fd, struct err *e)
{
    AUTO(mem_freep) char *path = program_find(NULL, name, layer);
    if (!path) {
        return err_set(e, ERR_NOT_FOUND,
                       "%s is neither beside belljar nor in ../libexec/belljar; install it", name);
    }
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return err_sys(e, "open '%s'", path);
    }
    *ret_fd = fd;
    return 0;
}

struct programs {
    char boxd_path[PATH_MAX]; /* without links */
    int init_fd;
    uint64_t weaken; /* of a test build */
};

static int programs_open(const struct launch_config *config, struct programs *ret, struct err *e)
{
    AUTO(mem_freep) char *boxd = program_find(config->boxd_path, BOXD_NAME, "boxd");
    AUTO(mem_freep) char *init = program_find(config->init_path, INIT_NAME, "init");
    if (!boxd || !init) {
        return err_set(e, ERR_NOT_FOUND,
                       "%s is neither beside belljar nor in ../libexec/belljar; install it, or "
                       "name it with %s",
                       boxd ? INIT_NAME : BOXD_NAME, boxd ? "the init path" : "sandbox.boxd");
    }
    if (!realpath(boxd, ret->boxd_path)) {
        return err_sys(e, "'%s'", boxd);
    }
    int fd = open(init, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return err_sys(e, "open '%s'", init);
    }
    ret->init_fd = fd;
    return weaken_asked(&ret->weaken, e);
}

static uint32_t flags_of(const struct launch_config *config, const struct instance *i,
                         bool own_devices)
{
    uint32_t flags = 0;
    if (i->ids.initial && host_is_privileged()) {
        flags |= BOXD_ROOT;
    }
    if (i->own_ids) {
        flags |= BOXD_OWN_IDS;
    }
    if (own_devices) {
        flags |= BOXD_OWN_DEVICES;
    }
    if (config->network) {
        flags |= BOXD_EGRESS;
    }
    if (config->stage) {
        flags |= BOXD_STAGE;
    }
    return flags;
}

static int config_memfd(const struct launch_config *config, const struct instance *i,
                        const struct catalogue *catalogue, bool own_devices, int *ret_fd,
                        struct err *e)
{
    struct boxd_config c = {
        .version = BOXD_CONFIG_VERSION,
        .flags = flags_of(config, i, own_devices),
        .boxes = config->boxes,
        .id_base = i->own_ids ? i->id_base : 0,
        .maxima =
            {
                .memory_bytes = config->memory_max,
                .disk_bytes = config->disk_max,
                .disk_inodes = config->inodes_max,
                .processes = config->processes_max,
            },
        .cgroup = i->cgroup.kind,
        .cgroup_peak = i->cgroup.has_peak,
        .swap_limited = i->cgroup.swap_limited,
        .log_level = config->log ? (uint32_t)config->log->level : LOG_LEVEL_NONE,
        .weaken = catalogue->weaken,
    };
    for (int class = 0; class < BOXD_CLASSES; class ++) {
        for (int k = 0; k < BOXD_CG_COUNT; k++) {
            bool there = i->cgroup.fds[class][k] >= 0;
            c.cgroup_fds[class][k] = there ? FD_CGROUPS + class * BOXD_CG_COUNT + k : -1;
        }
    }
    c.layer_count = (uint32_t)catalogue_layers(catalogue_parts_of(catalogue), c.layers);
    return fd_memfd("boxd-config", &c, sizeof(c), true, ret_fd, e);
}

static int open_files_raise(uint32_t boxes, struct err *e)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0) {
        return err_sys(e, "reading the limit of open files");
    }
    rlim_t need = BOXD_FDS((rlim_t)boxes);
    limit.rlim_max = limit.rlim_max < need ? need : limit.rlim_max;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0) {
        return err_sys(e, "%ju open files for %u boxes (raise `ulimit -Hn`)", (uintmax_t)need,
                       (unsigned)boxes);
    }
    return 0;
}

/*
 * Answers of all boxes may wait while the server does something else: each packet takes the kernel
 * 1 KiB.  Without the right to pass net.core.wmem_max it stays at that.
 */
static int answers_make_room(int sock, uint32_t boxes, struct err *e)
{
    int bytes = (int)boxes * 4096;
    bytes = bytes < 1 << 18 ? 1 << 18 : bytes;
    if (setsockopt(sock, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes)) < 0 &&
        setsockopt(sock, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes)) < 0) {
        return err_sys(e, "SO_SNDBUF");
    }
    return 0;
}

static int child_detach(pid_t parent, uint32_t boxes, struct err *e)
{
    int r = launch_child_detach(parent, e);
    r = r < 0 ? r : open_files_raise(boxes, e);
    if (r < 0) {
        return r;
    }
    if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) {
        err_sys(e, "making a mount namespace");
        const char *remedy = host_userns_obstacle();
        return remedy && e->kind == ERR_DENIED ? err_wrap(e, "%s", remedy) : -(int)e->kind;
    }
    return chdir("/") < 0 ? err_sys(e, "chdir '/'") : 0;
}

struct child {
    const struct launch_config *config;
    const struct instance *instance;
    const struct programs *programs;
    int sock;
};

/* Never closed here: exec or _exit follows. */
static int filters_build(uint64_t weaken, bool taps, int *fds, struct err *e)
{
    int r = filter_build(weaken, &fds[BOXD_FD_FILTER - BOXD_FD_SERVER], e);
    r = r < 0 ? r : filter_build_boxd(weaken, &fds[BOXD_FD_OWN_FILTER - BOXD_FD_SERVER], e);
    return r < 0 ? r : filter_build_maker(taps, &fds[BOXD_FD_MAKER_FILTER - BOXD_FD_SERVER], e);
}

static int child_run(const void *ctx, pid_t parent, int *report, struct err *e)
{
    const struct child *child = ctx;
    const struct launch_config *config = child->config;
    const struct instance *i = child->instance;
    const struct programs *programs = child->programs;
    int fds[FD_END - BOXD_FD_SERVER];
    int config_fd = -1, root_fd = -1; /* never closed here: exec or _exit follows */
    bool own_devices = false;
    const struct catalogue catalogue = {
        .init_fd = programs->init_fd,
        .exe_path = programs->boxd_path,
        .prepared = config->prepared,
        .packages = config->packages,
        .stage = config->stage,
        .network = config->network,
        .weaken = programs->weaken,
    };
    int r = child_detach(parent, config->boxes, e);
    if (r == 0) {
        r = catalogue_build(&catalogue, &root_fd, &own_devices, e);
    }
    if (r == 0) {
        r = config_memfd(config, i, &catalogue, own_devices, &config_fd, e);
    }
    if (r == 0) {
        r = filters_build(programs->weaken, config->network, fds, e);
    }
    if (r == 0) {
        r = launch_child_stdio(e);
    }
    if (r < 0) {
        return r;
    }
    fds[0] = child->sock;
    fds[BOXD_FD_CONFIG - BOXD_FD_SERVER] = config_fd;
    fds[BOXD_FD_CATALOGUE - BOXD_FD_SERVER] = root_fd;
    memcpy(&fds[FD_CGROUPS - BOXD_FD_SERVER], i->cgroup.fds, sizeof(i->cgroup.fds));
    fds[BOXD_FD_EGRESS - BOXD_FD_SERVER] = config->network ? config->egress_sock : -1;
    r = launch_child_place(fds, ARRAY_LEN(fds), report, e);
    if (r < 0) {
        return r;
    }
    char name[] = BOXD_NAME;
    char *const argv[] = {name, NULL};
    char *const env[] = {NULL};
    execve(programs->boxd_path, argv, env);
    return err_sys(e, "starting '%s'", programs->boxd_path);
}

int boxd_spawn(const struct launch_config *config, struct instance *instance, pid_t *ret_pid,
               int *ret_sock, struct err *e)
{
    struct programs programs = {.init_fd = -1};
    int r = programs_open(config, &programs, e);
    if (r < 0) {
        return r;
    }
    AUTO(fd_closep) int init_fd = programs.init_fd;
    r = launch_cgroup_clear(&instance->cgroup, e);
    if (r < 0) {
        return r;
    }
    int pair[2];
    r = fd_seqpacket_pair(pair, e);
    if (r < 0) {
        return r;
    }
    AUTO(fd_closep) int ours = pair[0];
    AUTO(fd_closep) int theirs = pair[1];
    const struct child child = {config, instance, &programs, theirs};
    r = answers_make_room(theirs, config->boxes, e);
    r = r < 0 ? r : launch_child("boxd", child_run, &child, ret_pid, e);
    if (r == 0) {
        *ret_sock = TAKE(&ours, -1);
    }
    return r;
}
