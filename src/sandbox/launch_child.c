/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/launch_child.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"

#define FD_FIRST 3
/* Descriptors are first moved out of the way of the fixed numbers. */
#define FD_PARKING (FD_FIRST + LAUNCH_CHILD_FDS)

/* --- in the child --------------------------------------------------------------------------- */

static void signals_reset(void)
{
    sigset_t none;
    sigemptyset(&none);
    for (int signo = 1; signo < NSIG; signo++) {
        (void)signal(signo, SIG_DFL); /* fails for SIGKILL and SIGSTOP, which have it */
    }
    (void)pthread_sigmask(SIG_SETMASK, &none, NULL);
}

int launch_child_detach(pid_t parent, struct err *e)
{
    signals_reset();
    if (setsid() < 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) < 0) {
        return err_sys(e, "detaching from the terminal");
    }
    return getppid() != parent ? err_set(e, ERR_GONE, "the parent has ended") : 0;
}

int launch_child_stdio(struct err *e)
{
    AUTO(fd_closep) int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0) {
        return err_sys(e, "setting standard input and output");
    }
    return 0;
}

int launch_child_place(const int *wanted, int count, int *report, struct err *e)
{
    int parked[FD_PARKING];
    for (int i = 0; i < count; i++) {
        parked[i] = wanted[i] < 0 ? -1 : fcntl(wanted[i], F_DUPFD_CLOEXEC, FD_PARKING);
        if (wanted[i] >= 0 && parked[i] < 0) {
            return err_sys(e, "moving descriptors");
        }
    }
    int report_fd = fcntl(*report, F_DUPFD_CLOEXEC, FD_PARKING);
    if (report_fd < 0) {
        return err_sys(e, "moving descriptors");
    }
    *report = report_fd; /* errors from here on go there */
    (void)close_range(FD_FIRST, FD_PARKING - 1, 0);
    for (int i = 0; i < count; i++) {
        if (parked[i] >= 0 && dup2(parked[i], FD_FIRST + i) < 0) {
            return err_sys(e, "moving descriptors");
        }
    }
    if (close_range(FD_PARKING, UINT_MAX, CLOSE_RANGE_CLOEXEC) < 0) {
        return err_sys(e, "close_range");
    }
    return 0;
}

/* --- in the parent -------------------------------------------------------------------------- */

/* EOF: exec closed the pipe, the program runs. */
static int report_read(int fd, pid_t pid, const char *name, struct err *e)
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
        return err_sys(e, "starting %s", name);
    }
    *e = told;
    return err_wrap(e, "starting %s", name);
}

int launch_child(const char *name, launch_child_fn *run, const void *ctx, pid_t *ret_pid,
                 struct err *e)
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
        (void)run(ctx, parent, &report_out, &failure);
        (void)!write(report_out, &failure, sizeof(failure));
        _exit(1);
    }
    int saved = errno;
    close(report[1]);
    if (pid < 0) {
        errno = saved;
        return err_sys(e, "fork");
    }
    int r = report_read(report_in, pid, name, e);
    if (r == 0) {
        *ret_pid = pid;
    }
    return r;
}
