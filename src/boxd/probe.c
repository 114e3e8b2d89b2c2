/* SPDX-License-Identifier: Apache-2.0 */
#include "boxd/probe.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"
#include "boxd/mounts.h"
#include "boxd/spawn.h"
#include "boxd/weak.h"

/* A new file system of this type, put on the catalogue's "mnt". */
static bool try_mount(const char *type, const struct mount_option *options, size_t count,
                      int *ret_fd)
{
    struct err e;
    AUTO(fd_closep) int top = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    AUTO(fd_closep) int fd = -1;
    if (mount_make(type, options, count, MOUNT_ATTR_NOSUID, &fd, &e) < 0 ||
        mount_attach(fd, top, "mnt", &e) < 0 || mount_restrict(fd, MOUNT_ATTR_NOEXEC, &e) < 0) {
        return false;
    }
    *ret_fd = TAKE(&fd, -1);
    return true;
}

/* As a box has them. */
static bool try_devices(void)
{
    const struct mount_option layers = {"lowerdir", "/base:/empty"};
    AUTO(fd_closep) int fd = -1;
    if (!try_mount("overlay", &layers, 1, &fd)) {
        return false;
    }
    AUTO(fd_closep) int null = openat(fd, "dev/null", O_RDONLY | O_CLOEXEC);
    return null >= 0;
}

static bool try_netns(void)
{
    return unshare(CLONE_NEWNET) == 0;
}

static bool try_timens(void)
{
    /* The descriptor that boxd has for this is of boxd's own namespaces. */
    AUTO(fd_closep) int fd = open("/proc/self/timens_offsets", O_WRONLY | O_CLOEXEC);
    struct err e;
    return fd >= 0 && dup3(fd, SPAWN_FD_CLOCKS, O_CLOEXEC) >= 0 && spawn_clocks(&e) == 0;
}

static bool try_nesting_off(void)
{
    if (unshare(CLONE_NEWUSER) < 0) {
        return false;
    }
    AUTO(fd_closep)
    int fd = openat(SPAWN_FD_USER_SYSCTL, "max_user_namespaces", O_WRONLY | O_CLOEXEC);
    return fd >= 0 && write(fd, "0", 1) == 1;
}

static bool try_seccomp(void)
{
    uint32_t action = SECCOMP_RET_KILL_PROCESS;
    return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}

/* In this order: the last ends in a user namespace of its own. */
static const struct trial {
    uint32_t feature;
    const char *type; /* of a file system, with one option; or run */
    struct mount_option option;
    bool (*run)(void);
} trials[] = {
    {BOX_FEATURE_MOUNT_API, "tmpfs", {"mode", "0700"}, NULL},
    {BOX_FEATURE_OVERLAY, "overlay", {"lowerdir", "/layers:/empty"}, NULL},
    {BOX_FEATURE_PROC, "proc", {"hidepid", "invisible"}, NULL},
    {BOX_FEATURE_DEVICES, NULL, {0}, try_devices},
    {BOX_FEATURE_NETNS, NULL, {0}, try_netns},
    {BOX_FEATURE_TIMENS, NULL, {0}, try_timens},
    {BOX_FEATURE_SECCOMP, NULL, {0}, try_seccomp},
    {BOX_FEATURE_NESTED_OFF, NULL, {0}, try_nesting_off},
};

static _Noreturn void probe_main(int out)
{
    uint32_t features = 0;
    if (unshare(CLONE_NEWNS) < 0) {
        _exit(1);
    }
    for (size_t i = 0; i < ARRAY_LEN(trials); i++) {
        AUTO(fd_closep) int fd = -1;
        const struct trial *t = &trials[i];
        features |= (t->run ? t->run() : try_mount(t->type, &t->option, 1, &fd)) ? t->feature : 0;
    }
    struct err e;
    _exit(fd_write_all(out, &features, sizeof(features), &e) < 0);
}

int probe_features(const struct boxd_config *config, uint32_t *ret_features, struct err *e)
{
    int pair[2];
    if (pipe2(pair, O_CLOEXEC) < 0) {
        return err_sys(e, "pipe2");
    }
    AUTO(fd_closep) int in = pair[0];
    AUTO(fd_closep) int out = pair[1];
    AUTO(fd_closep) int pidfd = -1;
    pid_t pid = -1;
    int r = spawn_clone(CLONE_NEWPID, -1, &pid, &pidfd, e);
    if (r < 0) {
        return err_wrap(e, "probing");
    }
    if (pid == 0) {
        probe_main(out);
    }
    fd_closep(&out);
    uint32_t features;
    ssize_t n = read(in, &features, sizeof(features));
    waitid(P_PID, (id_t)pid, NULL, WEXITED);
    if (n != (ssize_t)sizeof(features)) {
        return err_set(e, ERR_UNSUPPORTED, "a mount namespace cannot be made on this host");
    }
    if ((config->flags & BOXD_ROOT) != 0) {
        features |= BOX_FEATURE_ROOT;
    }
    if ((config->flags & BOXD_OWN_IDS) != 0) {
        features |= BOX_FEATURE_TWO_IDS | BOX_FEATURE_UNIQUE_IDS;
    }
    if ((config->flags & BOXD_OWN_DEVICES) == 0 && !weakened(config->weaken, WEAKEN_DEVICES)) {
        features &= ~(uint32_t)BOX_FEATURE_DEVICES;
    }
    if (probe_landlock_abi() >= 2) {
        features |= BOX_FEATURE_LANDLOCK;
    }
    *ret_features = features;
    return 0;
}

uint32_t probe_landlock_abi(void)
{
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    return abi > 0 ? (uint32_t)abi : 0;
}
