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
#include "sandbox/launch_host.h"
#include "sandbox/launch_instance.h"

#define BOXD_NAME "belljar-boxd"
#define INIT_NAME "belljar-init"
/* Descriptors are first moved out of the way of the fixed numbers. */
#define FD_PARKING 64

enum { FD_CGROUPS = BOXD_FD_FILTER + 1, FD_END = FD_CGROUPS + BOXD_CLASSES * BOXD_CG_COUNT };
_Static_assert(FD_END <= FD_PARKING, "the fixed descriptors overlap the parking");

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

static uint32_t flags_of(const struct instance *i, bool own_devices)
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
    return flags;
}

static int config_memfd(const struct launch_config *config, const struct instance *i,
                        bool own_devices, uint64_t weaken, int *ret_fd, struct err *e)
{
    struct boxd_config c = {
        .version = BOXD_CONFIG_VERSION,
        .flags = flags_of(i, own_devices),
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
        .weaken = weaken,
    };
    for (int class = 0; class < BOXD_CLASSES; class ++) {
        for (int k = 0; k < BOXD_CG_COUNT; k++) {
            bool there = i->cgroup.fds[class][k] >= 0;
            c.cgroup_fds[class][k] = there ? FD_CGROUPS + class * BOXD_CG_COUNT + k : -1;
        }
    }
    c.layer_count = (uint32_t)catalogue_layers(c.layers);
    return fd_memfd("boxd-config", &c, sizeof(c), true, ret_fd, e);
}

/* Closes all but stdio, what is at `wanted` (-1: nothing) from number 3 on, and `extra`. */
static int descriptors_place(const int *wanted, int count, int extra, int *ret_extra, struct err *e)
{
    int parked[FD_PARKING];
    for (int i = 0; i < count; i++) {
        parked[i] = wanted[i] < 0 ? -1 : fcntl(wanted[i], F_DUPFD_CLOEXEC, FD_PARKING);
        if (wanted[i] >= 0 && parked[i] < 0) {
            return err_sys(e, "moving descriptors");
        }
    }
    int extra_fd = fcntl(extra, F_DUPFD_CLOEXEC, FD_PARKING);
    if (extra_fd < 0) {
        return err_sys(e, "moving descriptors");
    }
    *ret_extra = extra_fd; /* errors from here on go there */
    (void)close_range(BOXD_FD_SERVER, FD_PARKING - 1, 0);
    for (int i = 0; i < count; i++) {
        if (parked[i] >= 0 && dup2(parked[i], BOXD_FD_SERVER + i) < 0) {
            return err_sys(e, "moving descriptors");
        }
    }
    if (close_range(FD_PARKING, UINT_MAX, CLOSE_RANGE_CLOEXEC) < 0) {
        return err_sys(e, "close_range");
    }
    return 0;
}

/* boxd says what it has to say on stderr; stdout belongs to whoever started us. */
static int stdio_set(struct err *e)
{
    AUTO(fd_closep) int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0) {
        return err_sys(e, "setting standard input and output");
    }
    return 0;
}

static void signals_reset(void)
{
    sigset_t none;
    sigemptyset(&none);
    for (int signo = 1; signo < NSIG; signo++) {
        (void)signal(signo, SIG_DFL); /* fails for SIGKILL and SIGSTOP, which have it */
    }
    (void)pthread_sigmask(SIG_SETMASK, &none, NULL);
}

static void open_files_raise(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static int child_detach(pid_t parent, struct err *e)
{
    signals_reset();
    open_files_raise();
    if (setsid() < 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) < 0) {
        return err_sys(e, "detaching from the terminal");
    }
    if (getppid() != parent) {
        return err_set(e, ERR_GONE, "the parent has ended");
    }
    if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) {
        err_sys(e, "making a mount namespace");
        const char *remedy = host_userns_obstacle();
        return remedy && e->kind == ERR_DENIED ? err_wrap(e, "%s", remedy) : -(int)e->kind;
    }
    return chdir("/") < 0 ? err_sys(e, "chdir '/'") : 0;
}

/* Returns only on failure; *ret_report is then where to write the error. */
static int child_run(const struct launch_config *config, const struct instance *i,
                     const struct programs *programs, int sock, pid_t parent, int *ret_report,
                     struct err *e)
{
    int fds[FD_END - BOXD_FD_SERVER];
    int config_fd = -1, root_fd = -1, filter_fd = -1; /* never closed here: exec or _exit follows */
    bool own_devices = false;
    int r = child_detach(parent, e);
    if (r == 0) {
        r = catalogue_build(programs->init_fd, programs->boxd_path, programs->weaken, &root_fd,
                            &own_devices, e);
    }
    if (r == 0) {
        r = config_memfd(config, i, own_devices, programs->weaken, &config_fd, e);
    }
    if (r == 0) {
        r = filter_build(programs->weaken, &filter_fd, e);
    }
    if (r == 0) {
        r = stdio_set(e);
    }
    if (r < 0) {
        return r;
    }
    fds[0] = sock;
    fds[BOXD_FD_CONFIG - BOXD_FD_SERVER] = config_fd;
    fds[BOXD_FD_CATALOGUE - BOXD_FD_SERVER] = root_fd;
    fds[BOXD_FD_FILTER - BOXD_FD_SERVER] = filter_fd;
    memcpy(&fds[FD_CGROUPS - BOXD_FD_SERVER], i->cgroup.fds, sizeof(i->cgroup.fds));
    r = descriptors_place(fds, ARRAY_LEN(fds), *ret_report, ret_report, e);
    if (r < 0) {
        return r;
    }
    char name[] = BOXD_NAME;
    char *const argv[] = {name, NULL};
    char *const env[] = {NULL};
    execve(programs->boxd_path, argv, env);
    return err_sys(e, "starting '%s'", programs->boxd_path);
}

/* EOF: exec closed the pipe, boxd runs. */
static int report_read(int fd, pid_t pid, struct err *e)
{
    struct err told = {0};
    ssize_t n;
    do {
        n = read(fd, &told, sizeof(told));
    } while (n < 0 && errno == EINTR);
    if (n == 0) {
        return 0;
    }
    int saved = errno;
    (void)waitpid(pid, NULL, 0);
    errno = saved;
    if (n != (ssize_t)sizeof(told)) {
        return err_sys(e, "starting boxd");
    }
    *e = told;
    return err_wrap(e, "starting boxd");
}

static int spawn(const struct launch_config *config, const struct instance *i,
                 const struct programs *programs, int boxd_sock, pid_t *ret_pid, struct err *e)
{
    int report[2];
    if (pipe2(report, O_CLOEXEC) < 0) {
        return err_sys(e, "pipe");
    }
    AUTO(fd_closep) int report_in = report[0];
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid == 0) {
        struct err failure;
        int report_out = report[1];
        (void)child_run(config, i, programs, boxd_sock, parent, &report_out, &failure);
        (void)!write(report_out, &failure, sizeof(failure));
        _exit(1);
    }
    int saved = errno;
    close(report[1]);
    if (pid < 0) {
        errno = saved;
        return err_sys(e, "fork");
    }
    int r = report_read(report_in, pid, e);
    if (r == 0) {
        *ret_pid = pid;
    }
    return r;
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
    r = spawn(config, instance, &programs, theirs, ret_pid, e);
    if (r == 0) {
        *ret_sock = TAKE(&ours, -1);
    }
    return r;
}
