/* SPDX-License-Identifier: Apache-2.0 */
#include "boxd/spawn.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <linux/sched.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "boxd/cgroup.h"
#include "boxd/ids.h"
#include "boxd/weak.h"

/* --- the steps of the child, in order ------------------------------------------------------- */

/* Ends with boxd while the box is built; later init ends on EOF of the watch socket. */
static int step_process(const struct spawn *s, struct err *e)
{
    (void)s;
    sigset_t none;
    sigemptyset(&none);
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 ||
        pthread_sigmask(SIG_SETMASK, &none, NULL) != 0 || setsid() < 0) {
        return err_sys(e, "setting up the process");
    }
    return 0;
}

static int step_leaf(const struct spawn *s, struct err *e)
{
    return cgroup_leaf_clone_fd(s->leaf) >= 0 ? 0 : cgroup_leaf_enter(s->leaf, e);
}

static int step_network(const struct spawn *s, struct err *e)
{
    bool own = !weakened(s->rootfs.config->weaken, WEAKEN_NETNS);
    return own && setns(s->netns, CLONE_NEWNET) < 0 ? err_sys(e, "setns") : 0;
}

/*
 * boxd's ends of this and of other boxes' sockets are closed early: a child that waits for its id
 * maps must see EOF when boxd dies, and so must every other box.
 */
static int step_descriptors(const struct spawn *s, struct err *e)
{
    if (dup3(s->watch, BOX_FD_WATCH, 0) < 0 || dup3(s->control, BOX_FD_CONTROL, 0) < 0 ||
        dup3(s->filter, BOX_FD_FILTER, 0) < 0) {
        return err_sys(e, "dup3");
    }
    return close_range(SPAWN_FD_LAST + 1, ~0U, 0) < 0 ? err_sys(e, "close_range") : 0;
}

/* Here and not in clone3: boxd's one thread is spared the work, and the cgroup namespace starts at
 * the leaf. */
static int step_namespaces(const struct spawn *s, struct err *e)
{
    int flags = weak_namespaces(s->rootfs.config->weaken,
                                CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP);
    return unshare(flags) < 0 ? err_sys(e, "unshare") : 0;
}

static int step_files(const struct spawn *s, struct err *e)
{
    return rootfs_enter(&s->rootfs, e);
}

static int step_stdio(const struct spawn *s, struct err *e)
{
    (void)s;
    AUTO(fd_closep) int fd = open("/dev/null", O_RDWR | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) {
        return err_sys(e, "open '/dev/null'");
    }
    for (int i = STDIN_FILENO; i <= STDERR_FILENO; i++) {
        if (dup3(fd, i, 0) < 0) {
            return err_sys(e, "dup3");
        }
    }
    return 0;
}

/* Last of the namespaces, so that all others belong to boxd's: inside, nobody may change them. */
static int step_user(const struct spawn *s, struct err *e)
{
    bool own = !weakened(s->rootfs.config->weaken, WEAKEN_USERNS);
    int r = own ? ids_claim(s->rootfs.config, s->box, e) : 0;
    if (r < 0) {
        return r;
    }
    if (own && unshare(CLONE_NEWUSER) < 0) {
        return err_sys(e, "unshare");
    }
    struct box_maps maps = {.head = {.type = BOX_MSG_MAPS, .box = 0}};
    r = fd_send(BOX_FD_WATCH, &maps, sizeof(maps), NULL, 0, e);
    if (r < 0) {
        return r;
    }
    struct box_mapped mapped;
    size_t len;
    r = fd_recv(BOX_FD_WATCH, &mapped, sizeof(mapped), &len, NULL, NULL, 0, e);
    if (r < 0) {
        return r;
    }
    if (!box_msg_check(&mapped, len, UINT32_C(1) << BOX_MSG_MAPPED)) {
        return err_set(e, ERR_GONE, "boxd did not write the id maps");
    }
    bool nesting_off = own && (s->rootfs.features & BOX_FEATURE_NESTED_OFF) != 0;
    return ids_enter(s->rootfs.config, nesting_off ? SPAWN_FD_USER_SYSCTL : -1, e);
}

static int step_init(const struct spawn *s, struct err *e)
{
    umask(022);
    if (close_range(SPAWN_FD_INIT, ~0U, CLOSE_RANGE_CLOEXEC) < 0) {
        return err_sys(e, "close_range");
    }
    const struct boxd_config *config = s->rootfs.config;
    char name[] = "belljar-init", weaken[24];
    char ids[] = {weak_two_ids(config) ? '2' : '1', config->flags & BOXD_STAGE ? 'w' : '\0', '\0'};
    snprintf(weaken, sizeof(weaken), "%" PRIx64, config->weaken);
    char *argv[] = {name, ids, WEAKEN_BUILD ? weaken : NULL, NULL};
    char *envp[] = {NULL};
    syscall(SYS_execveat, SPAWN_FD_INIT, "", argv, envp, AT_EMPTY_PATH);
    return err_sys(e, "execveat");
}

static const struct step {
    const char *what;
    int (*run)(const struct spawn *s, struct err *e);
} steps[] = {
    {"the box's process", step_process},
    {"the box's cgroup", step_leaf},
    {"the box's network namespace", step_network},
    {"the box's descriptors", step_descriptors},
    {"the box's namespaces", step_namespaces},
    {"the box's files", step_files},
    {"the box's stdio", step_stdio},
    {"the box's user namespace", step_user},
    {"the box's init", step_init},
};

static _Noreturn void child_main(const struct spawn *s)
{
    struct box_failed failed = {.head = {.type = BOX_MSG_FAILED}};
    bool placed = false;
    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        if (steps[i].run(s, &failed.err) < 0) {
            err_wrap(&failed.err, "%s", steps[i].what);
            struct err ignored;
            fd_send(placed ? BOX_FD_WATCH : s->watch, &failed, sizeof(failed), NULL, 0, &ignored);
            break;
        }
        placed = placed || steps[i].run == step_descriptors;
    }
    _exit(1);
}

/* --- in boxd ---------------------------------------------------------------------------------- */

int spawn_clone(uint64_t flags, int cgroup_fd, pid_t *ret_pid, int *ret_pidfd, struct err *e)
{
    /*
     * The pidfd is opened by clone3 itself: between clone and pidfd_open the child could end, its
     * number be used again, and we would kill a stranger.
     */
    int pidfd = -1;
    struct clone_args args = {
        .flags = flags | CLONE_PIDFD | CLONE_CLEAR_SIGHAND,
        .pidfd = (uintptr_t)&pidfd,
        .exit_signal = SIGCHLD,
    };
    if (cgroup_fd >= 0) {
        args.flags |= CLONE_INTO_CGROUP;
        args.cgroup = (uint64_t)cgroup_fd;
    }
    long pid = syscall(SYS_clone3, &args, sizeof(args));
    if (pid < 0) {
        return err_sys(e, "clone3");
    }
    *ret_pid = (pid_t)pid;
    *ret_pidfd = pidfd;
    return 0;
}

int spawn_clocks(struct err *e)
{
    char offsets[96];
    /* One offset moves three clocks: the one that is behind the others may not fall below 0. */
    struct timespec mono, raw, boot;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &mono);
    clock_gettime(CLOCK_MONOTONIC_RAW, &raw);
    clock_gettime(CLOCK_BOOTTIME, &boot);
    int len = snprintf(offsets, sizeof(offsets), "monotonic -%jd 0\nboottime -%jd 0\n",
                       (intmax_t)(raw.tv_sec < mono.tv_sec ? raw.tv_sec : mono.tv_sec),
                       (intmax_t)boot.tv_sec);
    /* It is our children's, not ours; the file sets the one that was made last, and knows no
     * pwrite. */
    if (unshare(CLONE_NEWTIME) < 0 || lseek(SPAWN_FD_CLOCKS, 0, SEEK_SET) < 0 ||
        write(SPAWN_FD_CLOCKS, offsets, (size_t)len) != len) {
        return err_sys(e, "making a time namespace");
    }
    return 0;
}

int spawn(const struct spawn *s, pid_t *ret_pid, int *ret_pidfd, struct err *e)
{
    int r = (s->rootfs.features & BOX_FEATURE_TIMENS) != 0 ? spawn_clocks(e) : 0;
    if (r < 0) {
        return r;
    }
    pid_t pid = -1;
    int pidfd = -1;
    r = spawn_clone(CLONE_NEWPID, cgroup_leaf_clone_fd(s->leaf), &pid, &pidfd, e);
    if (r < 0) {
        return r;
    }
    if (pid == 0) {
        child_main(s);
    }
    *ret_pid = pid;
    *ret_pidfd = pidfd;
    return 0;
}
