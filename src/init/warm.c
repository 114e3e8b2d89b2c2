/* SPDX-License-Identifier: Apache-2.0 */
#include "init/warm.h"

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#include "base/clock.h"
#include "base/err.h"
#include "init/channel.h"
#include "init/program.h"
#include "init/reap.h"
#include "init/start.h"

/*
 * RLIMIT_CPU counts from the program's first moment, and nobody can raise it.  It has a second more
 * than the limit that boxd watches from GO on: a start that takes less cannot be felt.
 */
#define CPU_MAX_NS (900 * NS_PER_MS)

static int ended_early(struct err *e)
{
    return err_set(e, ERR_GONE, "box init: the program ended before its files came");
}

/*
 * One that waits for a child to become another program (vfork) stops no sooner than that, and the
 * child is stopped: so all go on for a moment, and are stopped again.
 */
#define STOP_TRY_MS 4
#define STOP_TRIES  400
#define GO_ON_MS    1

/* Buries orphans meanwhile. */
static int wait_for_start(struct reap *reap, const struct program *p, struct err *e)
{
    int status;
    while (channel_wait(BOX_FD_CONTROL, reap->sigfd) != BOX_FD_CONTROL) {
        if (reap_dead(reap, p->pid, &status)) {
            return ended_early(e);
        }
    }
    return 0;
}

/* Its end is left for the program's own waiter to see. */
static int look_whether_stopped(const struct program *p, bool *ret_stopped, struct err *e)
{
    siginfo_t info = {0};
    int r = waitid(P_PID, (id_t)p->pid, &info, WSTOPPED | WEXITED | WNOHANG | WNOWAIT);
    if (r < 0) {
        return err_sys(e, "box init: waiting for the program to stop");
    }
    *ret_stopped = info.si_pid != 0;
    return info.si_pid != 0 && info.si_code != CLD_STOPPED ? ended_early(e) : 0;
}

/*
 * All processes of the box were sent SIGSTOP; until this one has stopped, threads of it may run.
 * Children of it stop before they are back from whatever the kernel does for them.
 */
static int wait_until_stopped(struct reap *reap, const struct program *p, struct err *e)
{
    bool stopped = false;
    int r = look_whether_stopped(p, &stopped, e);
    for (unsigned tries = 0; r == 0 && !stopped && tries < STOP_TRIES;) {
        if (channel_wait_ms(-1, reap->sigfd, STOP_TRY_MS) < 0) {
            kill(-1, SIGCONT);
            channel_wait_ms(-1, -1, GO_ON_MS);
            kill(-1, SIGSTOP);
            tries++;
        }
        reap_clear(reap);
        r = look_whether_stopped(p, &stopped, e);
    }
    if (r == 0 && !stopped) {
        return err_set(e, ERR_BUSY, "box init: the program does not stop for its files");
    }
    return r;
}

static uint64_t cpu_of(const struct program *p)
{
    clockid_t clock;
    struct timespec t = {0};
    if (clock_getcpuclockid(p->pid, &clock) == 0) {
        clock_gettime(clock, &t);
    }
    return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

static int unpack_files(struct start *s, const struct fence *f, const char *wait, void *stack,
                        const struct program *p, struct err *e)
{
    uint64_t cpu_ns = cpu_of(p);
    if (cpu_ns > CPU_MAX_NS) {
        return err_set(e, ERR_LIMIT,
                       "box init: the program used %llu ms of CPU time before its files came, more "
                       "than its limit of CPU time can spare",
                       (unsigned long long)(cpu_ns / NS_PER_MS));
    }
    return program_unpack(s, f, wait, stack, e);
}

/* Order matters: what the program and its dead children used up to here is not the job's. */
static int go(struct program *p, struct err *e)
{
    struct box_go m;
    int r = channel_send(BOX_FD_WATCH, BOX_MSG_READY, NULL, 0, e);
    if (r < 0) {
        return r;
    }
    channel_recv(BOX_FD_WATCH, UINT32_C(1) << BOX_MSG_GO, &m, sizeof(m), NULL, NULL);
    p->started_ns = clock_mono_ns(&clock_system);
    p->cpu_ns = reap_cpu_ns() + cpu_of(p);
    kill(-1, SIGCONT);
    return 0;
}

int warm_start(struct start *s, const struct fence *f, struct reap *reap, void *stack,
               struct program *p, struct err *e)
{
    char wait[BOX_WAIT_NAME_MAX + 1];
    snprintf(wait, sizeof(wait), "%s", s->collect[0]); /* checked; the next START takes its place */
    int r = wait_for_start(reap, p, e);
    if (r < 0) {
        return r;
    }
    kill(-1, SIGSTOP); /* it stops while we read on */
    r = start_read_warmed(s, e);
    if (r == 0) {
        r = wait_until_stopped(reap, p, e);
    }
    if (r == 0) {
        r = unpack_files(s, f, wait, stack, p, e);
    }
    if (r < 0) {
        return r;
    }
    start_unpacked(s);
    return go(p, e);
}
