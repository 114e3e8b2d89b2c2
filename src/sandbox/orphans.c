/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/orphans.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/strv.h"

#define CHILDREN_BYTES (1 << 20)

int orphans_adopt(struct err *e)
{
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD); /* orphans_end waits for it */
    if (pthread_sigmask(SIG_BLOCK, &child, NULL) != 0 ||
        prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0) {
        return err_sys(e, "adopting orphans");
    }
    return 0;
}

static bool is_kept(pid_t pid, const pid_t *kept, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (kept[i] == pid) {
            return true;
        }
    }
    return false;
}

void orphans_bury(const pid_t *kept, size_t kept_count)
{
    for (;;) {
        siginfo_t info = {0};
        if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || info.si_pid == 0 ||
            is_kept(info.si_pid, kept, kept_count)) {
            return; /* behind one that is kept there may be more: its burial calls us again */
        }
        (void)waitid(P_PID, (id_t)info.si_pid, &info, WEXITED | WNOHANG);
    }
}

/* Until a child ends, or the time is over: false. */
static bool child_wait(uint64_t end_ns)
{
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    uint64_t now = clock_mono_ns(&clock_system);
    if (now >= end_ns) {
        return false;
    }
    uint64_t left = end_ns - now;
    struct timespec timeout = {(time_t)(left / NS_PER_S), (long)(left % NS_PER_S)};
    return sigtimedwait(&child, NULL, &timeout) >= 0 || errno == EINTR;
}

/* Of our own children, not waited for: their numbers are theirs. */
static void children_kill(void)
{
    AUTO(buf_done) struct buf text = {0};
    struct err e;
    if (fd_read_path("/proc/thread-self/children", CHILDREN_BYTES, &text, &e) < 0) {
        return;
    }
    AUTO(strv_freep) char **pids = strv_split(text.data, " \n");
    for (char **pid = pids; pid && *pid; pid++) {
        (void)kill((pid_t)strtol(*pid, NULL, 10), SIGKILL);
    }
}

static bool all_ended_by(uint64_t end_ns)
{
    do {
        orphans_bury(NULL, 0);
        if (waitid(P_ALL, 0, &(siginfo_t){0}, WEXITED | WNOHANG | WNOWAIT) < 0) {
            return true; /* ECHILD */
        }
    } while (child_wait(end_ns));
    return false;
}

void orphans_end(uint64_t patience_ns, const struct log *log)
{
    if (all_ended_by(clock_mono_ns(&clock_system) + patience_ns)) {
        return;
    }
    LOG_WARN(log, "processes of boxes do not end; they are killed");
    children_kill();
    (void)all_ended_by(clock_mono_ns(&clock_system) + patience_ns);
}
