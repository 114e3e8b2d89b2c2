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

bool reap_dead(struct reap *r, pid_t child, int *ret_status)
{
    reap_clear(r); /* first: who dies from here on makes it readable again */
    int status;
    for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
        if (pid == child) {
            *ret_status = status;
            return true;
        }
    }
    return false;
}

/*
 * A process that has a SIGKILL pending can make no child any more, so one kill reaches all, also
 * a fork bomb.  Whoever still dies has a line of dying parents up to init: no child, nobody.
 */
void reap_kill_all(void)
{
    kill(-1, SIGKILL);
    while (waitpid(-1, NULL, 0) > 0 || errno == EINTR) {
    }
}
