/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/loop.h"
#include "cli/audit.h"
#include "cli/commands.h"
#include "cli/host.h"
#include "cli/notify.h"
#include "cli/prepared_dir.h"
#include "cli/preparer.h"
#include "cli/privileges.h"
#include "cli/ready.h"
#include "cli/server_process.h"
#include "cli/steward.h"
#include "config/config.h"
#include "sandbox/launch.h"
#include "sandbox/orphans.h"

/* Who lives less than this has died quickly. */
#define QUICK_NS         (10 * NS_PER_S)
#define QUICK_DEATHS_MAX 5
#define PAUSE_NS         (100 * NS_PER_MS)
/* Beyond the grace time: for what the server does after it. */
#define SERVER_END_NS  (2 * NS_PER_S)
#define BOXD_END_NS    (5 * NS_PER_S)
#define ORPHANS_END_NS (5 * NS_PER_S)
#define CHILDREN       4 /* without the steward's */

struct child {
    const char *name;
    struct supervisor *supervisor;
    pid_t pid;
    int pidfd; /* -1: there is none */
    struct loop_io exit_io;
    uint64_t started_ns;
};

struct supervisor {
    const struct supervisor_config *config;
    const struct log *log;
    struct loop *loop;
    struct child boxd, server, egress;
    int server_sock; /* our end of the connection to the server process; -1 */
    struct loop_io server_io;
    struct loop_timer pause, patience;
    struct preparer preparer;
    struct steward steward;
    unsigned quick_deaths; /* in a row */
    bool start_due;
    bool ready, stopping, failed, told;
    struct err failure;
};

/* --- the server process: what happens in it before server_run --------------------------------- */

enum {
    FD_BOXD = 3,
    FD_PARENT,
    FD_DATA,
    FD_UNZIP,
    FD_PREPARED,
    FD_PACKAGES,
    FD_STEWARD,
    FD_END,
    FD_PARKING = 32
};

/* Nothing else of the parent's is open in it: no lock, no cgroup, no loop. */
static int descriptors_place(const int fds[FD_END - FD_BOXD], struct err *e)
{
    int parked[FD_END - FD_BOXD];
    for (int i = 0; i < FD_END - FD_BOXD; i++) {
        parked[i] = fds[i] < 0 ? -1 : fcntl(fds[i], F_DUPFD_CLOEXEC, FD_PARKING);
        if (fds[i] >= 0 && parked[i] < 0) {
            return err_sys(e, "moving descriptors");
        }
    }
    (void)close_range(FD_BOXD, FD_END - 1, 0);
    for (int i = 0; i < FD_END - FD_BOXD; i++) {
        if (parked[i] >= 0 && dup3(parked[i], FD_BOXD + i, O_CLOEXEC) < 0) {
            return err_sys(e, "moving descriptors");
        }
    }
    AUTO(fd_closep) int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0) {
        return err_sys(e, "setting standard input and output");
    }
    (void)TAKE(&null, -1);
    return close_range(FD_END, UINT_MAX, 0) < 0 ? err_sys(e, "close_range") : 0;
}

static void signals_reset(void)
{
    sigset_t none;
    sigemptyset(&none);
    (void)pthread_sigmask(SIG_SETMASK, &none, NULL);
}

static int server_child(const struct supervisor *s, const int fds[FD_END - FD_BOXD], pid_t parent)
{
    const struct supervisor_config *c = s->config;
    struct log log = host_log(c->config, "server");
    struct err e;
    signals_reset();
    (void)setsid(); /* the terminal's Ctrl-C is the parent's to hear */
    int r = descriptors_place(fds, &e);
    if (r == 0) {
        r = privileges_drop(c->uid, c->gid, true, parent, &e);
    }
    if (r < 0) {
        LOG_ERROR(&log, "the server process cannot start", log_s("error", e.text));
        return EXIT_FAILURE;
    }
    const struct server_start start = {
        .config = c->config,
        .boxd_sock = FD_BOXD,
        .parent_sock = FD_PARENT,
        .data_fd = FD_DATA,
        .unzip_fd = c->unzip_fd < 0 ? -1 : FD_UNZIP,
        .prepared_fd = c->prepared->fd < 0 ? -1 : FD_PREPARED,
        .packages_fd = c->packages->fd < 0 ? -1 : FD_PACKAGES,
        .steward_sock = FD_STEWARD,
        .cgroup_lack = instance_cgroup_lack(c->instance),
        .log = &log,
    };
    return server_run(&start);
}

/* --- starting --------------------------------------------------------------------------------- */

static void on_exit_of_child(void *ctx, unsigned events);
static void on_server(void *ctx, unsigned events);

static int child_watch(struct child *child, pid_t pid, struct err *e)
{
    struct supervisor *s = child->supervisor;
    child->pid = pid;
    child->pidfd =
        pidfd_open(pid, 0); /* our child, not yet waited for: the number is still its own */
    if (child->pidfd < 0) {
        return err_sys(e, "pidfd_open");
    }
    child->started_ns = clock_mono_ns(&clock_system);
    return loop_io_add(s->loop, &child->exit_io, child->pidfd, EPOLLIN, on_exit_of_child, child, e);
}

static void child_kill(const struct child *child, int signo);
static void child_bury(struct child *child, siginfo_t *ret_info);

/* That of a boxd that is gone has nothing left to do. */
static int egress_start(struct supervisor *s, int *ret_sock, struct err *e)
{
    pid_t pid;
    siginfo_t info;
    AUTO(fd_closep) int sock = -1;
    if (s->egress.pidfd >= 0) {
        child_kill(&s->egress, SIGKILL);
        child_bury(&s->egress, &info);
    }
    int r = egress_spawn(s->config->instance, s->config->egress, &pid, &sock, e);
    r = r < 0 ? r : child_watch(&s->egress, pid, e);
    if (r == 0) {
        *ret_sock = TAKE(&sock, -1);
    }
    return r;
}

static int boxd_start(struct supervisor *s, int *ret_sock, struct err *e)
{
    pid_t pid;
    AUTO(fd_closep) int sock = -1;
    AUTO(fd_closep) int egress_sock = -1;
    struct launch_config launch = *s->config->launch;
    int r = s->config->egress ? egress_start(s, &egress_sock, e) : 0;
    launch.network = s->config->egress != NULL;
    launch.egress_sock = egress_sock;
    r = r < 0 ? r : boxd_spawn(&launch, s->config->instance, &pid, &sock, e);
    if (r == 0) {
        r = child_watch(&s->boxd, pid, e);
    }
    if (r == 0) {
        *ret_sock = TAKE(&sock, -1);
    }
    return r;
}

static int server_start(struct supervisor *s, int boxd_sock, struct err *e)
{
    int pair[2];
    int r = fd_seqpacket_pair_guarded(pair, e);
    if (r < 0) {
        return r;
    }
    AUTO(fd_closep) int theirs = pair[1];
    AUTO(fd_closep) int steward = -1;
    s->server_sock = pair[0];
    r = steward_connect(&s->steward, &steward, e);
    if (r < 0) {
        return r;
    }
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid == 0) {
        const int fds[] = {boxd_sock,
                           theirs,
                           s->config->state_fd,
                           s->config->unzip_fd,
                           s->config->prepared->fd,
                           s->config->packages->fd,
                           steward};
        exit(server_child(s, fds, parent)); /* NOLINT(concurrency-mt-unsafe): one thread */
    }
    if (pid < 0) {
        return err_sys(e, "fork");
    }
    r = child_watch(&s->server, pid, e);
    return r < 0 ? r
                 : loop_io_add(s->loop, &s->server_io, s->server_sock, EPOLLIN, on_server, s, e);
}

/* Whatever of the two is not there.  A new boxd goes to the server that is there, or to the one
 * that is then made. */
static int start_missing(struct supervisor *s, struct err *e)
{
    AUTO(fd_closep) int sock = -1;
    int r = boxd_start(s, &sock, e);
    if (r < 0) {
        return r;
    }
    if (s->server.pidfd < 0) {
        return server_start(s, sock, e);
    }
    const struct server_message m = {.type = SERVER_BOXD};
    return fd_send(s->server_sock, &m, sizeof(m), &sock, 1, e);
}

/* --- ending ----------------------------------------------------------------------------------- */

static void child_kill(const struct child *child, int signo)
{
    if (child->pidfd >= 0) {
        (void)pidfd_send_signal(child->pidfd, signo, NULL, 0); /* ESRCH: it has just ended */
    }
}

static void on_patience_over(void *ctx)
{
    struct supervisor *s = ctx;
    LOG_WARN(s->log, "a process does not end in time; it is killed");
    child_kill(&s->server, SIGKILL);
    child_kill(&s->boxd, SIGKILL);
    if (s->stopping) { /* else it was boxd, and they go on */
        preparer_stop(&s->preparer, true);
        steward_stop(&s->steward, true);
    }
}

static void patience_set(struct supervisor *s, uint64_t ns)
{
    uint64_t at = clock_mono_ns(&clock_system) + ns;
    loop_timer_set(s->loop, &s->patience, at, on_patience_over, s);
}

/* boxd ends with its socket: when the server is gone, or at once when there is none. */
static void stop_begin(struct supervisor *s)
{
    s->stopping = true;
    loop_timer_cancel(&s->pause);
    s->start_due = false;
    notify_send("STOPPING=1");
    preparer_stop(&s->preparer, false);
    steward_stop(&s->steward, false);
    loop_stop(s->loop); /* supervisor_run looks whether there is anybody to wait for */
    if (s->server.pidfd < 0) {
        patience_set(s, BOXD_END_NS);
        return;
    }
    const struct server_message m = {.type = SERVER_DRAIN};
    struct err e;
    bool told = fd_send(s->server_sock, &m, sizeof(m), NULL, 0, &e) == 0; /* else it ends already */
    patience_set(s, (told ? s->config->config->grace_ms * NS_PER_MS : 0) + SERVER_END_NS);
}

static void fail(struct supervisor *s, const struct err *e)
{
    if (!s->failed) {
        s->failed = true;
        s->failure = *e;
    }
    if (!s->stopping) {
        stop_begin(s);
    }
}

static void on_signal(void *ctx, int signo)
{
    struct supervisor *s = ctx;
    if (!s->stopping) {
        LOG_INFO(s->log, "stopping", log_s("signal", sigabbrev_np(signo)));
        stop_begin(s);
        return;
    }
    LOG_WARN(s->log, "stopping at once");
    preparer_stop(&s->preparer, true);
    steward_stop(&s->steward, true);
    child_kill(&s->server, SIGKILL);
    child_kill(&s->boxd, SIGKILL);
}

/* --- what the children do --------------------------------------------------------------------- */

static void on_server(void *ctx, unsigned events)
{
    struct supervisor *s = ctx;
    (void)events;

    struct server_message m;
    size_t len = 0, fd_count = 0;
    struct err e;
    int r = fd_recv(s->server_sock, &m, sizeof(m), &len, NULL, &fd_count, MSG_DONTWAIT, &e);
    if (r == -ERR_BUSY) {
        return;
    }
    if (r < 0 || len != sizeof(m)) { /* it has ended: its pidfd will tell */
        loop_io_remove(&s->server_io);
        return;
    }
    if (m.type == SERVER_AUDIT) {
        audit_server(s->config->audit, &m.act);
        return;
    }
    m.addresses[sizeof(m.addresses) - 1] = '\0'; /* the server is not trusted */
    if (m.type == SERVER_READY && s->ready) {
        LOG_INFO(s->log, "the server is back", log_s("addresses", m.addresses));
    } else if (m.type == SERVER_READY) {
        s->ready = true;
        ready_print(m.addresses, s->config->kept);
        notify_send("READY=1");
        preparer_begin(&s->preparer, s->loop, s->config->config, s->config->prepared, s->log);
    }
}

static void on_pause_over(void *ctx)
{
    struct supervisor *s = ctx;
    s->start_due = true;
    loop_stop(s->loop);
}

static void give_up(struct supervisor *s, const char *name)
{
    struct err e;
    err_set(&e, ERR_IO,
            "%s has died %d times in a row soon after its start; the log above says why", name,
            QUICK_DEATHS_MAX);
    fail(s, &e);
}

/* After a pause that doubles with each quick death; the first is made good at once. */
static void restart_later(struct supervisor *s, const struct child *child)
{
    uint64_t now = clock_mono_ns(&clock_system);
    s->quick_deaths = now - child->started_ns < QUICK_NS ? s->quick_deaths + 1 : 0;
    if (s->quick_deaths >= QUICK_DEATHS_MAX) {
        give_up(s, child->name);
        return;
    }
    uint64_t pause = s->quick_deaths > 1 ? PAUSE_NS << s->quick_deaths : 0;
    loop_timer_set(s->loop, &s->pause, now + pause, on_pause_over, s);
}

static void child_log(const struct supervisor *s, const struct child *child, const siginfo_t *info)
{
    bool exited = info->si_code == CLD_EXITED;
    /* It ends with the server; whether that has just failed to start we hear only after this. */
    bool expected = (child == &s->boxd && (s->server.pidfd < 0 || (!s->ready && exited))) ||
                    (child == &s->egress && s->boxd.pidfd < 0);
    if (s->stopping || expected) {
        LOG_DEBUG(s->log, "a process has ended", log_s("process", child->name));
        return;
    }
    LOG_ERROR(s->log, "a process has died", log_s("name", child->name),
              log_s("by", exited ? "exit" : "signal"), log_i("status", info->si_status));
}

static void child_bury(struct child *child, siginfo_t *ret_info)
{
    loop_io_remove(&child->exit_io);
    memset(ret_info, 0, sizeof(*ret_info));
    (void)waitid(P_PIDFD, (id_t)child->pidfd, ret_info, WEXITED);
    fd_closep(&child->pidfd);
    child->pid = 0;
}

/* It never was ready: trying again would not help. */
static void start_failed(struct supervisor *s, const struct child *child)
{
    struct err e;
    err_set(&e, ERR_IO, "%s could not start", child->name);
    fail(s, &e);
}

static void server_gone(struct supervisor *s, const siginfo_t *info)
{
    loop_io_remove(&s->server_io);
    fd_closep(&s->server_sock);
    steward_disconnect(&s->steward);
    if (!s->ready && info->si_code == CLD_EXITED && info->si_status == CLI_FAILED) {
        s->told = true;
    }
}

/* Without the server boxd is about to end, too: then both are started. */
static void restart_or_wait(struct supervisor *s, const struct child *child)
{
    if (child == &s->boxd || s->boxd.pidfd < 0) {
        restart_later(s, child);
    } else {
        patience_set(s, BOXD_END_NS);
    }
}

static void on_child_signal(void *ctx, int signo)
{
    const struct supervisor *s = ctx;
    (void)signo;
    pid_t kept[CHILDREN + STEWARD_CHILDREN] = {s->boxd.pid, s->server.pid, s->egress.pid,
                                               s->preparer.pid};
    orphans_bury(kept, CHILDREN + steward_pids(&s->steward, kept + CHILDREN));
}

static void on_exit_of_child(void *ctx, unsigned events)
{
    struct child *child = ctx;
    struct supervisor *s = child->supervisor;
    (void)events; /* a pidfd only ever becomes readable */

    siginfo_t info;
    child_bury(child, &info);
    on_child_signal(s, SIGCHLD);
    child_log(s, child, &info);
    if (child == &s->egress) {
        child_kill(&s->boxd, SIGTERM); /* boxes need it: its own end, or this, starts both again */
        return;
    }
    if (child == &s->server) {
        server_gone(s, &info);
    }
    if (s->stopping) {
        patience_set(s, BOXD_END_NS);
        loop_stop(s->loop); /* supervisor_run looks whether it was the last */
    } else if (!s->ready) {
        start_failed(s, child);
    } else {
        restart_or_wait(s, child);
    }
}

static void on_start_due(struct supervisor *s)
{
    s->start_due = false;
    loop_timer_cancel(&s->patience);
    struct err e;
    if (start_missing(s, &e) == 0) {
        return;
    }
    if (!s->ready) {
        fail(s, &e);
        return;
    }
    LOG_ERROR(s->log, "starting again failed", log_s("error", e.text));
    child_kill(&s->boxd, SIGKILL);
    if (s->boxd.pidfd < 0) {
        restart_later(s, &s->boxd);
    }
}

/* The preparer has something to do, or its child or one of the steward's has ended. */
static void on_helper(void *ctx)
{
    const struct supervisor *s = ctx;
    loop_stop(s->loop);
}

static void steward_begin(struct supervisor *s)
{
    const struct steward_config config = {
        .loop = s->loop,
        .config = s->config->config,
        .flags = s->config->flags,
        .packages = s->config->packages,
        .log = s->log,
        .audit = s->config->audit,
        .ended = on_helper,
        .ctx = s,
    };
    steward_init(&s->steward, &config);
}

static int supervisor_init(struct supervisor *s, const struct supervisor_config *config,
                           struct err *e)
{
    *s = (struct supervisor){.config = config, .log = config->log, .server_sock = -1};
    s->boxd = (struct child){.name = "boxd", .supervisor = s, .pidfd = -1};
    s->server = (struct child){.name = "server", .supervisor = s, .pidfd = -1};
    s->egress = (struct child){.name = "egress", .supervisor = s, .pidfd = -1};
    preparer_init(&s->preparer, on_helper, s);
    int r = loop_new(&s->loop, e);
    steward_begin(s);
    static const int signals[] = {SIGTERM, SIGINT, SIGHUP};
    for (size_t i = 0; r == 0 && i < ARRAY_LEN(signals); i++) {
        r = loop_signal_add(s->loop, signals[i], on_signal, s, e);
    }
    if (r == 0) {
        r = loop_signal_add(s->loop, SIGCHLD, on_child_signal, s, e);
    }
    r = r < 0 ? r : orphans_adopt(e);
    if (r == 0) {
        steward_sync(&s->steward);
    }
    return r;
}

static void supervisor_done(struct supervisor *s)
{
    child_kill(&s->server, SIGKILL);
    child_kill(&s->boxd, SIGKILL);
    child_kill(&s->egress, SIGKILL);
    struct child *const children[] = {&s->server, &s->boxd, &s->egress};
    for (size_t i = 0; i < ARRAY_LEN(children); i++) {
        siginfo_t info;
        if (children[i]->pidfd >= 0) {
            child_bury(children[i], &info);
        }
    }
    preparer_done(&s->preparer);
    steward_done(&s->steward);
    orphans_end(ORPHANS_END_NS, s->log);
    if (s->loop) {
        loop_io_remove(&s->server_io);
        loop_timer_cancel(&s->pause);
        loop_timer_cancel(&s->patience);
        loop_free(s->loop);
    }
    fd_closep(&s->server_sock);
}

static bool is_over(const struct supervisor *s)
{
    return s->stopping && s->server.pidfd < 0 && s->boxd.pidfd < 0 && s->preparer.pidfd < 0 &&
           steward_is_idle(&s->steward);
}

int supervisor_run(const struct supervisor_config *config, bool *ret_told, struct err *e)
{
    struct supervisor s;
    int r = supervisor_init(&s, config, e);
    s.start_due = true;
    /* Children are made here, not in a callback: the server's life must not begin on top of the
     * loop's stack. */
    while (r == 0 && !is_over(&s)) {
        if (s.start_due) {
            on_start_due(&s);
        } else if (s.preparer.due) {
            preparer_run(&s.preparer);
        } else {
            r = loop_run(s.loop, e);
        }
    }
    supervisor_done(&s);
    *ret_told = s.told;
    if (r == 0 && s.failed) {
        *e = s.failure;
        return -(int)s.failure.kind;
    }
    return r;
}
