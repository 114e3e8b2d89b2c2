/* SPDX-License-Identifier: Apache-2.0 */
#include "init/program.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "boxproto/weaken.h"
#include "init/channel.h"
#include "init/fence.h"
#include "init/limits.h"
#include "init/lookup.h"
#include "init/start.h"
#include "init/unpack.h"

/*
 * What the child shares with init.  The child is made with CLONE_VM | CLONE_VFORK: init stands
 * still until the child has become the program or has ended, and both see the same memory.  So one
 * process unpacks, waits and becomes the program, its errors need no pipe, and nothing is copied:
 * against fork this saves 40 of 120 us (a static program, Linux 6.18).  The price is that a fault
 * in the archive's parser would be a fault of init's; until the program runs there is no foreign
 * code in the box.  The child itself listens for boxd and the server while init cannot.
 */
struct child {
    struct start *start;
    const struct fence *fence;
    const char *wait; /* of program_unpack */
    struct program program;
    bool done; /* what it was made for: from here on the end is the program's own */
    struct err err;
};

static int lead_session(const struct start *s, struct err *e)
{
    if (setsid() < 0) {
        return err_sys(e, "box init: setsid");
    }
    if (s->msg.stdio == BOX_STDIO_PTY && ioctl(STDIN_FILENO, TIOCSCTTY, 0) < 0) {
        return err_sys(e, "box init: taking the terminal");
    }
    return 0;
}

static int prepare_program(const struct child *c, struct err *e)
{
    int r = lead_session(c->start, e);
    if (r == 0) {
        r = limits_set(&c->start->msg, c->fence->two_ids, c->fence->weaken, e);
    }
    if (r == 0 && weakened(c->fence->weaken, WEAKEN_CLOSE_FDS)) {
        return fcntl(BOX_FD_WATCH, F_SETFD, 0) | fcntl(BOX_FD_CONTROL, F_SETFD, 0);
    }
    if (r == 0 && syscall(SYS_close_range, BOX_FD_WATCH, ~0U, CLOSE_RANGE_CLOEXEC) < 0) {
        r = err_sys(e, "box init: close_range");
    }
    return r;
}

static uint64_t own_cpu_ns(void)
{
    struct timespec t = {0};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

static _Noreturn void become_program(struct child *c)
{
    sigset_t none;
    c->done = true;
    sigemptyset(&none);
    pthread_sigmask(SIG_SETMASK, &none, NULL);
    lookup_exec(c->start->argv, c->start->env, &c->err);
    _exit(1);
}

/* All of it before READY: what the limits' clocks measure is then the program alone. */
static int cold_main(void *arg)
{
    struct child *c = arg;
    struct box_go go;
    int r = fence_enter(c->fence, &c->err);
    if (r == 0) {
        r = unpack(&c->start->payload, NULL, &c->err);
    }
    if (r == 0) {
        r = prepare_program(c, &c->err);
    }
    if (r == 0) {
        r = channel_send(BOX_FD_WATCH, BOX_MSG_READY, NULL, 0, &c->err);
    }
    if (r < 0) {
        _exit(1);
    }
    channel_recv(BOX_FD_WATCH, UINT32_C(1) << BOX_MSG_GO, &go, sizeof(go), NULL, NULL);
    c->program.started_ns = clock_mono_ns(&clock_system);
    c->program.cpu_ns = own_cpu_ns();
    become_program(c);
}

static int warm_main(void *arg)
{
    struct child *c = arg;
    const char *wait = c->start->collect[0];
    int r = fence_enter(c->fence, &c->err);
    if (r == 0 && mkfifo(wait, S_IRUSR | S_IWUSR) < 0) {
        r = err_sys(&c->err, "box init: making the FIFO '%s'", wait);
    }
    if (r == 0) {
        r = prepare_program(c, &c->err);
    }
    if (r < 0) {
        _exit(1);
    }
    become_program(c);
}

/* Where no file took its place: a program that waits for what never comes finds nothing. */
static int remove_fifo(const char *name, struct err *e)
{
    struct stat state;
    bool there = lstat(name, &state) == 0 && S_ISFIFO(state.st_mode);
    return there && unlink(name) < 0 ? err_sys(e, "box init: removing the FIFO '%s'", name) : 0;
}

/*
 * The name of the FIFO is never missing: a child of the program may be in the kernel with its
 * open(), and stops no sooner than that is over.
 */
static int unpack_main(void *arg)
{
    struct child *c = arg;
    int r = fence_enter(c->fence, &c->err);
    if (r == 0) {
        r = unpack(&c->start->payload, c->wait, &c->err);
    }
    if (r == 0) {
        r = remove_fifo(c->wait, &c->err);
    }
    c->done = r == 0;
    _exit(r < 0);
}

static int run_child(int (*run)(void *), struct child *c, void *stack, struct err *e)
{
    c->program.pid = clone(run, stack, CLONE_VM | CLONE_VFORK | SIGCHLD, c);
    if (c->program.pid < 0) {
        return err_sys(e, "box init: making a process");
    }
    if (c->err.kind) {
        *e = c->err;
        return -(int)c->err.kind;
    }
    if (!c->done) {
        return err_set(e, ERR_IO, "box init: the process that unpacks was killed");
    }
    return 0;
}

int program_start(struct start *s, const struct fence *f, void *stack, struct program *ret,
                  struct err *e)
{
    struct child child = {.start = s, .fence = f};
    int r = run_child(cold_main, &child, stack, e);
    if (r == 0) {
        *ret = child.program;
    }
    return r;
}

int program_warm(struct start *s, const struct fence *f, void *stack, struct program *ret,
                 struct err *e)
{
    struct child child = {.start = s, .fence = f};
    int r = run_child(warm_main, &child, stack, e);
    if (r == 0) {
        *ret = child.program;
    }
    return r;
}

int program_unpack(struct start *s, const struct fence *f, const char *wait, void *stack,
                   struct err *e)
{
    struct child child = {.start = s, .fence = f, .wait = wait};
    int r = run_child(unpack_main, &child, stack, e);
    /* It is dead, or was never made: no other's end is taken. */
    if (child.program.pid > 0) {
        waitpid(child.program.pid, NULL, 0);
    }
    return r;
}
