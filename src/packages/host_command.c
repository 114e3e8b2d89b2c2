/* SPDX-License-Identifier: Apache-2.0 */
#include "packages/host_command.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"

#define SAID_MAX   8192
#define READ_BYTES 16384
#define CHILD_LOST 127

static const int end_signals[] = {SIGINT, SIGTERM, SIGHUP};

static void end_signals_set(sigset_t *set)
{
    sigemptyset(set);
    for (size_t i = 0; i < ARRAY_LEN(end_signals); i++) {
        sigaddset(set, end_signals[i]);
    }
}

/* --- the child ----------------------------------------------------------------------------- */

/* By its path: what the descriptor is of is a mount of the namespace that we leave. */
static bool place_put(const struct host_command *c)
{
    char link[32], source[PATH_MAX];
    snprintf(link, sizeof(link), "/proc/self/fd/%d", c->dir_fd);
    ssize_t len = readlink(link, source, sizeof(source) - 1);
    if (len <= 0) {
        return false;
    }
    source[len] = '\0';
    return unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount(source, c->place, NULL, MS_BIND, NULL) == 0;
}

static void child_run(const struct host_command *c, int out, int err, pid_t parent)
{
    sigset_t none;
    sigemptyset(&none);
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (prctl(PR_SET_PDEATHSIG, SIGTERM) < 0 || getppid() != parent || null < 0 ||
        dup2(null, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 ||
        dup2(err, STDERR_FILENO) < 0 || chdir("/") < 0) {
        _exit(CHILD_LOST);
    }
    if (!place_put(c)) {
        dprintf(STDERR_FILENO, "%s: %s\n", c->place, strerror(errno)); /* NOLINT: one thread */
        _exit(CHILD_LOST);
    }
    (void)pthread_sigmask(SIG_SETMASK, &none, NULL);
    (void)signal(SIGPIPE, SIG_DFL);
    execve(c->argv[0], c->argv, c->env);
    dprintf(STDERR_FILENO, "%s: %s\n", c->argv[0], strerror(errno)); /* NOLINT: one thread */
    _exit(CHILD_LOST);
}

/* --- us ------------------------------------------------------------------------------------- */

struct run {
    int out, err, signals;
    size_t output_max;
    struct buf *output, *said;
    bool ended_by_signal, too_much;
};

static void keep_last(struct buf *b, const char *data, size_t len)
{
    buf_add(b, data, len);
    if (b->len > SAID_MAX) {
        buf_consume(b, b->len - SAID_MAX);
    }
}

/* False at its end. */
static bool stream_read(struct run *run, int *fd)
{
    char data[READ_BYTES];
    ssize_t n = read(*fd, data, sizeof(data));
    if (n < 0 && errno == EINTR) {
        return true;
    }
    if (n <= 0) {
        fd_closep(fd);
        return false;
    }
    if (fd == &run->err) {
        keep_last(run->said, data, (size_t)n);
    } else if (run->output->len + (size_t)n > run->output_max) {
        run->too_much = true;
        return false;
    } else {
        buf_add(run->output, data, (size_t)n);
    }
    return true;
}

static void streams_read(struct run *run)
{
    while (!run->too_much && (run->out >= 0 || run->err >= 0)) {
        struct pollfd fds[] = {
            {run->out, POLLIN, 0}, {run->err, POLLIN, 0}, {run->signals, POLLIN, 0}};
        if (poll(fds, ARRAY_LEN(fds), -1) < 0 && errno != EINTR) {
            return;
        }
        if (fds[2].revents) {
            run->ended_by_signal = true; /* stays pending, for whoever else waits for it */
            return;
        }
        if (fds[0].revents) {
            (void)stream_read(run, &run->out);
        }
        if (fds[1].revents) {
            (void)stream_read(run, &run->err);
        }
    }
}

static int streams_take(struct run *run, pid_t pid, int *ret_status, struct err *e)
{
    streams_read(run);
    if (run->ended_by_signal || run->too_much) {
        (void)kill(pid, SIGTERM); /* our child, not waited for yet */
    }
    int status = 0;
    while (waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR) {
            return err_sys(e, "waitpid");
        }
    }
    if (run->ended_by_signal) {
        return err_set(e, ERR_GONE, "stopped");
    }
    if (run->too_much) {
        return err_set(e, ERR_LIMIT, "it printed more than %zu bytes", run->output_max);
    }
    *ret_status = status;
    return 0;
}

int host_command_run(const struct host_command *command, size_t output_max, struct buf *ret_output,
                     struct buf *ret_said, int *ret_status, struct err *e)
{
    int out[2], err[2];
    sigset_t ends;
    end_signals_set(&ends);
    AUTO(fd_closep) int signals = signalfd(-1, &ends, SFD_CLOEXEC);
    if (signals < 0 || pipe2(out, O_CLOEXEC) < 0) {
        return err_sys(e, "running '%s'", command->argv[0]);
    }
    AUTO(fd_closep) int out_read = out[0];
    AUTO(fd_closep) int out_end = out[1];
    if (pipe2(err, O_CLOEXEC) < 0) {
        return err_sys(e, "running '%s'", command->argv[0]);
    }
    AUTO(fd_closep) int err_read = err[0];
    AUTO(fd_closep) int err_end = err[1];
    pid_t parent = getpid(), pid = fork();
    if (pid < 0) {
        return err_sys(e, "fork");
    }
    if (pid == 0) {
        child_run(command, out_end, err_end, parent);
    }
    fd_closep(&out_end);
    fd_closep(&err_end);
    struct run run = {TAKE(&out_read, -1),
                      TAKE(&err_read, -1),
                      signals,
                      output_max,
                      ret_output,
                      ret_said,
                      false,
                      false};
    int r = streams_take(&run, pid, ret_status, e);
    fd_close(run.out);
    fd_close(run.err);
    return r < 0 ? err_wrap(e, "'%s'", command->argv[0]) : 0;
}
