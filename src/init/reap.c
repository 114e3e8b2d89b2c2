/* SPDX-License-Identifier: Apache-2.0 */
#include "init/reap.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"

int reap_open(struct reap *r, struct err *e)
{
    sigset_t mask;
    sigemptyset(&mask);
    sigaddset(&mask, SIGCHLD);
    pthread_sigmask(SIG_SETMASK, &mask, NULL); /* nothing can be wrong with these arguments */
    r->sigfd = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
    return r->sigfd < 0 ? err_sys(e, "box init: signalfd") : 0;
}

/* One read does, as a signal of this kind waits only once, for however many. */
void reap_clear(struct reap *r)
{
    struct signalfd_siginfo info;
    (void)!read(r->sigfd, &info, sizeof(info));
}

static uint64_t timeval_ns(struct timeval t)
{
    return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_usec * 1000;
}

uint64_t reap_cpu_ns(void)
{
    struct rusage used = {0};
    getrusage(RUSAGE_CHILDREN, &used);
    return timeval_ns(used.ru_utime) + timeval_ns(used.ru_stime);
}

/* All that are dead, up to `child`. */
static bool bury(pid_t child, int *ret_status)
{
    int status;
    for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
        if (pid == child) {
            *ret_status = status;
            return true;
        }
    }
    return false;
}

bool reap_dead(struct reap *r, pid_t child, int *ret_status)
{
    /* Mostly it is the child that ended, and nobody waits for more. */
    if (bury(child, ret_status)) {
        return true;
    }
    reap_clear(r); /* before the last look: who dies from here on makes it readable again */
    return bury(child, ret_status);
}

/*
 * A process that has a SIGKILL pending can make no child any more, so one kill reaches all, also
 * a fork bomb.  Whoever lives, or still dies, has a line of parents up to init: no child, nobody;
 * and then the kernel need not look at every process of the host.
 */
void reap_kill_all(void)
{
    if (waitpid(-1, NULL, WNOHANG | __WALL) < 0 && errno == ECHILD) {
        return;
    }
    kill(-1, SIGKILL);
    while (waitpid(-1, NULL, 0) > 0 || errno == EINTR) {
    }
}
