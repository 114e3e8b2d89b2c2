/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A cgroup is emptied by cgroup.kill (v2, Linux 5.14); else each process in turn through its pidfd,
 * again and again until none is left.  Then its directories go, deepest first, by rmdir below
 * directory descriptors.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/dir.h"
#include "base/fd.h"
#include "base/strv.h"
#include "sandbox/launch_cgroup.h"

#define DEPTH_MAX    16
#define PATIENCE_MS  5000
#define KILL_ROUNDS  64
#define RMDIR_ROUNDS 200
#define RMDIR_MS     10
#define BATCH        64

/* The next directory in it; NULL at the end. */
static const char *child_next(DIR *dir)
{
    const struct dirent *entry;
    while ((entry = dir_next(dir))) {
        if (entry->d_type == DT_DIR) {
            return entry->d_name;
        }
    }
    return NULL;
}

static int is_cgroup(int fd, struct err *e)
{
    struct statfs fs;
    if (fstatfs(fd, &fs) < 0) {
        return err_sys(e, "statfs");
    }
    if (fs.f_type != CGROUP_SUPER_MAGIC && fs.f_type != CGROUP2_SUPER_MAGIC) {
        return err_set(e, ERR_INVALID, "it is no cgroup");
    }
    return 0;
}

/* cgroup.events becomes urgent to read when "populated" changes. */
static int wait_unpopulated(int dir_fd, struct err *e)
{
    uint64_t end = clock_mono_ns(&clock_system) + PATIENCE_MS * NS_PER_MS;
    AUTO(fd_closep) int fd = openat(dir_fd, "cgroup.events", O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return err_sys(e, "open 'cgroup.events'");
    }
    for (;;) {
        char text[256] = "";
        if (pread(fd, text, sizeof(text) - 1, 0) < 0) {
            return err_sys(e, "read 'cgroup.events'");
        }
        if (strstr(text, "populated 0")) {
            return 0;
        }
        uint64_t now = clock_mono_ns(&clock_system);
        struct pollfd p = {.fd = fd, .events = POLLPRI};
        if (now >= end || poll(&p, 1, (int)((end - now) / NS_PER_MS) + 1) < 0) {
            return err_set(e, ERR_BUSY, "processes in it do not end");
        }
    }
}

static int procs_of(int dir_fd, char ***ret, struct err *e)
{
    AUTO(buf_done) struct buf text = {0};
    int r = cgroup_file_read(dir_fd, "cgroup.procs", &text, e);
    if (r < 0) {
        return r;
    }
    *ret = strv_split(text.data, "\n");
    return 0;
}

struct victims {
    struct pollfd fds[BATCH];
    char *names[BATCH];
    unsigned count;
};

static void victims_open(struct victims *v, char **procs)
{
    for (char **pid = procs; pid && *pid && v->count < BATCH; pid++) {
        pid_t number = (pid_t)strtol(*pid, NULL, 10);
        int fd = number > 0 && number != getpid() ? pidfd_open(number, 0) : -1;
        if (fd >= 0) {
            v->fds[v->count] = (struct pollfd){.fd = fd, .events = POLLIN};
            v->names[v->count++] = *pid;
        }
    }
}

/*
 * Kills what is directly in this cgroup, and waits for it.  Between reading a number and opening
 * its pidfd the process may have ended and the number be somebody else's: only what is still listed
 * after that is signalled.
 */
static int kill_direct(int dir_fd, unsigned *ret_found, struct err *e)
{
    AUTO(strv_freep) char **before = NULL;
    AUTO(strv_freep) char **after = NULL;
    int r = procs_of(dir_fd, &before, e);
    if (r < 0) {
        return r;
    }
    struct victims v = {.count = 0};
    victims_open(&v, before);
    r = procs_of(dir_fd, &after, e);
    for (unsigned i = 0; i < v.count; i++) {
        if (r == 0 && strv_has(after, v.names[i])) {
            (void)pidfd_send_signal(v.fds[i].fd, SIGKILL, NULL, 0); /* ESRCH: it has just ended */
            (void)poll(&v.fds[i], 1, PATIENCE_MS / KILL_ROUNDS);
        }
        fd_close(v.fds[i].fd);
    }
    *ret_found += v.count;
    return r;
}

static int kill_below(int dir_fd, unsigned depth, unsigned *ret_found, struct err *e)
{
    int r = kill_direct(dir_fd, ret_found, e);
    if (r < 0 || depth >= DEPTH_MAX) {
        return r;
    }
    AUTO(dir_closep) DIR *dir = NULL;
    r = dir_open(dir_fd, ".", &dir, e);
    const char *name;
    while (r == 0 && (name = child_next(dir))) {
        AUTO(fd_closep)
        int child = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (child >= 0) {
            r = kill_below(child, depth + 1, ret_found, e);
        }
    }
    return r;
}

static int kill_all(int dir_fd, struct err *e)
{
    struct err unkillable;
    if (cgroup_file_write(dir_fd, "cgroup.kill", "1", &unkillable) == 0) {
        return wait_unpopulated(dir_fd, e);
    }
    for (unsigned round = 0; round < KILL_ROUNDS; round++) {
        unsigned found = 0;
        int r = kill_below(dir_fd, 0, &found, e);
        if (r < 0 || found == 0) {
            return r;
        }
    }
    return err_set(e, ERR_BUSY, "processes in it do not end");
}

/* The last process of a cgroup is gone for waiters a moment before it is gone for rmdir. */
static int rmdir_patiently(int parent_fd, const char *name, struct err *e)
{
    for (unsigned round = 0; round < RMDIR_ROUNDS; round++) {
        if (unlinkat(parent_fd, name, AT_REMOVEDIR) == 0 || errno == ENOENT) {
            return 0;
        }
        if (errno != EBUSY) {
            break;
        }
        (void)poll(NULL, 0, RMDIR_MS);
    }
    return err_sys(e, "rmdir '%s'", name);
}

static int remove_below(int parent_fd, const char *name, unsigned depth, struct err *e)
{
    if (depth > DEPTH_MAX) {
        return err_set(e, ERR_LIMIT, "'%s' is nested too deep", name);
    }
    AUTO(dir_closep) DIR *dir = NULL;
    int r = dir_open(parent_fd, name, &dir, e);
    if (r < 0) {
        return r;
    }
    const char *child;
    while ((child = child_next(dir))) {
        r = remove_below(dirfd(dir), child, depth + 1, e);
        if (r < 0) {
            return err_wrap(e, "in '%s'", name);
        }
    }
    return rmdir_patiently(parent_fd, name, e);
}

int cgroup_tree_remove(int parent_fd, const char *name, struct err *e)
{
    AUTO(fd_closep)
    int fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        return errno == ENOENT ? 0 : err_sys(e, "open '%s'", name);
    }
    int r = is_cgroup(fd, e);
    if (r == 0) {
        r = kill_all(fd, e);
    }
    fd_closep(&fd);
    return r < 0 ? r : remove_below(parent_fd, name, 0, e);
}

int cgroup_children_remove(int dir_fd, struct err *e)
{
    AUTO(dir_closep) DIR *dir = NULL;
    int r = dir_open(dir_fd, ".", &dir, e);
    const char *name;
    while (r == 0 && (name = child_next(dir))) {
        r = cgroup_tree_remove(dir_fd, name, e);
    }
    return r;
}
