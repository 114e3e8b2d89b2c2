/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/preparer.h"

#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/log.h"
#include "cli/commands.h"
#include "cli/host.h"
#include "cli/prepare_run.h"
#include "cli/prepared_dir.h"
#include "config/config.h"
#include "runtimes/host_view.h"

#define BUSY_NS (60 * NS_PER_S) /* until the next look */

/* --- the child ----------------------------------------------------------------------------- */

/* Of the parent's nothing stays open but the directory: no lock, no cgroup, no socket. */
static int descriptors_place(int dir_fd, struct err *e)
{
    const int kept = STDERR_FILENO + 1;
    AUTO(fd_closep) int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0) {
        return err_sys(e, "setting standard input and output");
    }
    if (dir_fd != kept && dup3(dir_fd, kept, O_CLOEXEC) < 0) {
        return err_sys(e, "moving descriptors");
    }
    (void)TAKE(&null, -1);
    return close_range((unsigned)kept + 1, UINT_MAX, 0) < 0 ? err_sys(e, "close_range") : kept;
}

static int detach(pid_t parent, struct err *e)
{
    sigset_t none;
    sigemptyset(&none);
    (void)pthread_sigmask(SIG_SETMASK, &none, NULL);
    (void)setsid(); /* the terminal's Ctrl-C is the parent's to hear */
    if (prctl(PR_SET_PDEATHSIG, SIGTERM) < 0) {
        return err_sys(e, "PR_SET_PDEATHSIG");
    }
    return getppid() != parent ? err_set(e, ERR_GONE, "the parent has ended") : 0;
}

static int child_life(const struct preparer *p, pid_t parent)
{
    struct log log = host_log(p->config, "prepare");
    struct err e;
    int fd = detach(parent, &e);
    fd = fd < 0 ? fd : descriptors_place(p->dir->fd, &e);
    if (fd < 0) {
        LOG_WARN(&log, "compilers are not prepared", log_s("why", e.text));
        return CLI_FAILED;
    }
    const struct owned_dir dir = {.path = p->dir->path, .fd = fd};
    return prepare_in_background(p->config, &dir, &log);
}

/* --- the parent ---------------------------------------------------------------------------- */

static void on_exit_of_child(void *ctx, unsigned events)
{
    struct preparer *p = ctx;
    (void)events; /* a pidfd only ever becomes readable */

    siginfo_t info = {0};
    loop_io_remove(&p->exit_io);
    (void)waitid(P_PIDFD, (id_t)p->pidfd, &info, WEXITED);
    fd_closep(&p->pidfd);
    p->pid = 0;
    LOG_DEBUG(p->log, "preparing has ended", log_i("status", info.si_status));
    p->changed(p->ctx);
}

static int child_watch(struct preparer *p, pid_t pid, struct err *e)
{
    p->pid = pid;
    p->pidfd = pidfd_open(pid, 0); /* not yet waited for: the number is still its own */
    if (p->pidfd < 0) {
        return err_sys(e, "pidfd_open");
    }
    return loop_io_add(p->loop, &p->exit_io, p->pidfd, EPOLLIN, on_exit_of_child, p, e);
}

void preparer_run(struct preparer *p)
{
    pid_t parent = getpid();
    struct err e;
    p->due = false;
    pid_t pid = fork();
    if (pid == 0) {
        exit(child_life(p, parent)); /* NOLINT(concurrency-mt-unsafe): one thread */
    }
    int r = pid < 0 ? err_sys(&e, "fork") : child_watch(p, pid, &e);
    if (r < 0) {
        LOG_WARN(p->log, "compilers are not prepared", log_s("why", e.text));
    }
}

/* By what wanted a processor in the last minute. */
static bool machine_is_idle(void)
{
    cpu_set_t cpus;
    double load;
    CPU_ZERO(&cpus);
    return sched_getaffinity(0, sizeof(cpus), &cpus) == 0 && getloadavg(&load, 1) == 1 &&
           load <= CPU_COUNT(&cpus) / 2.0;
}

static void on_time(void *ctx);

static void look_again_in(struct preparer *p, uint64_t ns)
{
    loop_timer_set(p->loop, &p->when, loop_now_ns(p->loop) + ns, on_time, p);
}

static void on_time(void *ctx)
{
    struct preparer *p = ctx;
    bool may = p->config->prepare_delay_ms == 0 || machine_is_idle();
    if (p->pidfd >= 0 || !may) {
        look_again_in(p, BUSY_NS);
        return;
    }
    p->due = true;
    p->changed(p->ctx);
}

/* Who has just started a server, or changed packages, is about to use it. */
static void look_later(void *ctx)
{
    struct preparer *p = ctx;
    look_again_in(p, p->config->prepare_delay_ms * NS_PER_MS);
}

void preparer_init(struct preparer *p, void (*changed)(void *ctx), void *ctx)
{
    *p = (struct preparer){.pidfd = -1, .changed = changed, .ctx = ctx};
}

void preparer_begin(struct preparer *p, struct loop *loop, const struct config *config,
                    const struct owned_dir *dir, const struct log *log)
{
    if (!config->prepare_auto || dir->fd < 0 || faccessat(dir->fd, ".", W_OK, AT_EACCESS) < 0) {
        return;
    }
    p->loop = loop;
    p->config = config;
    p->dir = dir;
    p->log = log;
    look_later(p);
    struct err e;
    if (package_watch_start(&p->watch, loop, host_view_system.package_dir, PACKAGE_WATCH_DPKG,
                            look_later, p, &e) < 0) {
        LOG_DEBUG(log, "package changes not watched", log_s("error", e.text));
    }
}

void preparer_stop(struct preparer *p, bool kill)
{
    p->due = false;
    if (!p->loop) {
        return;
    }
    package_watch_stop(&p->watch);
    loop_timer_cancel(&p->when);
    if (p->pidfd >= 0) {
        (void)pidfd_send_signal(p->pidfd, kill ? SIGKILL : SIGTERM, NULL, 0);
    }
}

void preparer_done(struct preparer *p)
{
    preparer_stop(p, true);
    if (p->pidfd >= 0) {
        siginfo_t info = {0};
        loop_io_remove(&p->exit_io);
        (void)waitid(P_PIDFD, (id_t)p->pidfd, &info, WEXITED);
        fd_closep(&p->pidfd);
        p->pid = 0;
    }
}
