/* SPDX-License-Identifier: Apache-2.0 */
#include "init/program.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
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
#include "init/streams.h"
#include "init/unpack.h"

/*
 * What the child shares with init: its memory, and, when it is to become the program, its table of
 * descriptors.  Init stands still until the child has become the program or has ended.  So one
 * process reads, unpacks, waits and becomes the program, its errors need no pipe, and nothing is
 * copied.  The price is that a fault in the archive's parser would be a fault of init's; there is
 * no foreign code in the box until the program runs, or, beside a warm one, none that is not
 * stopped.  The child itself listens for boxd and the server while init cannot (one that somebody
 * stops from outside hears nothing).
 */
struct child {
    struct start *start;
    const struct fence *fence;
    const char *wait; /* of program_unpack */
    struct program program;
    bool done; /* what it was made for: from here on the end is the program's own */
    struct err err;
    _Atomic(int) alive; /* the kernel makes it 0 when the child has other memory, or none */
};

/* set_tid_address(2): init hears of our end, or of our exec.  A change of ids makes the memory that
 * is init's, too, as dumpable as fs.suid_dumpable says. */
static int leave_init(struct child *c)
{
    syscall(SYS_set_tid_address, &c->alive);
    int r = fence_enter(c->fence, &c->err);
    return r == 0 && prctl(PR_SET_DUMPABLE, 0) < 0 ? err_sys(&c->err, "box init: prctl") : r;
}

/* Before there is a START: the kernel makes a group for the scheduler, too. */
static int lead_session(struct err *e)
{
    return setsid() < 0 ? err_sys(e, "box init: setsid") : 0;
}

static int take_terminal(const struct start *s, struct err *e)
{
    return s->msg.stdio == BOX_STDIO_PTY && ioctl(STDIN_FILENO, TIOCSCTTY, 0) < 0
               ? err_sys(e, "box init: taking the terminal")
               : 0;
}

static int prepare_program(const struct child *c, struct err *e)
{
    int r = take_terminal(c->start, e);
    if (r == 0) {
        r = limits_set(&c->start->msg, c->fence->two_ids, c->fence->weaken, e);
    }
    if (r == 0 && weakened(c->fence->weaken, WEAKEN_CLOSE_FDS)) {
        r = fcntl(BOX_FD_WATCH, F_SETFD, 0) | fcntl(BOX_FD_CONTROL, F_SETFD, 0);
        return r < 0 ? err_sys(e, "box init: keeping its sockets open") : 0;
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

static int make_fifo(const char *name, struct err *e)
{
    return mkfifo(name, S_IRUSR | S_IWUSR) < 0 ? err_sys(e, "box init: making the FIFO '%s'", name)
                                               : 0;
}

static int wait_for_go(struct program *p, struct err *e)
{
    struct box_go go;
    int r = channel_send(BOX_FD_WATCH, BOX_MSG_READY, NULL, 0, e);
    if (r < 0) {
        return r;
    }
    channel_recv(BOX_FD_WATCH, UINT32_C(1) << BOX_MSG_GO, &go, sizeof(go), NULL, NULL);
    p->started_ns = clock_mono_ns(&clock_system);
    p->cpu_ns = own_cpu_ns();
    return 0;
}

/* All of it before READY: what the limits' clocks measure is then the program alone. */
static int program_main(void *arg)
{
    struct child *c = arg;
    struct start *s = c->start;
    int r = leave_init(c);
    if (r == 0) {
        r = lead_session(&c->err);
    }
    if (r == 0) {
        r = start_read(s, &c->err);
    }
    if (r == 0) {
        r = streams_set(s, &c->program.master, &c->err);
    }
    bool warm_up = r == 0 && start_is_warm_up(s);
    if (r == 0) {
        r = warm_up ? make_fifo(s->collect[0], &c->err) : unpack(&s->payload, NULL, &c->err);
    }
    if (r == 0) {
        r = prepare_program(c, &c->err);
    }
    if (r == 0 && !warm_up) {
        r = wait_for_go(&c->program, &c->err);
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
    int r = leave_init(c);
    if (r == 0) {
        r = unpack(&c->start->payload, c->wait, &c->err);
    }
    if (r == 0) {
        r = remove_fifo(c->wait, &c->err);
    }
    c->done = r == 0;
    _exit(r < 0);
}

/*
 * As vfork does it, but asleep: who waits in vfork counts as load, and a spare box waits for long.
 * No signal has a handler here, so nothing wakes us, or writes to the one errno, meanwhile.  musl
 * refuses CLONE_CHILD_CLEARTID since 1.2.5: there a child that somebody kills before its first
 * system call is waited for until the box is killed.
 */
static pid_t make_child(int (*run)(void *), int flags, struct child *c, void *stack)
{
    c->alive = 1;
    flags |= CLONE_VM | SIGCHLD;
    pid_t pid = clone(run, stack, flags | CLONE_CHILD_CLEARTID, c, NULL, NULL, &c->alive);
    if (pid < 0 && errno == EINVAL) {
        pid = clone(run, stack, flags, c);
    }
    while (pid > 0 && c->alive != 0) {
        syscall(SYS_futex, &c->alive, FUTEX_WAIT, 1, NULL);
    }
    return pid;
}

/* A child that ends by itself and leaves no error has met what channel_end() is for. */
static int ended_early(pid_t pid, struct err *e)
{
    siginfo_t info = {0};
    waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT);
    if (info.si_code == CLD_EXITED) {
        channel_end();
    }
    return err_set(e, ERR_IO,
                   "box init: its process was ended by signal %d before the program could run",
                   info.si_status);
}

static int run_child(int (*run)(void *), int flags, struct child *c, void *stack, struct err *e)
{
    c->program.pid = make_child(run, flags, c, stack);
    if (c->program.pid < 0) {
        return err_sys(e, "box init: making a process");
    }
    if (c->err.kind) {
        *e = c->err;
        return -(int)c->err.kind;
    }
    if (!c->done) {
        return ended_early(c->program.pid, e);
    }
    return 0;
}

int program_start(struct start *s, const struct fence *f, void *stack, struct program *ret,
                  struct err *e)
{
    struct child child = {.start = s, .fence = f, .program.master = -1};
    int r = run_child(program_main, CLONE_FILES, &child, stack, e);
    if (r == 0) {
        *ret = child.program;
    }
    return r;
}

int program_unpack(struct start *s, const struct fence *f, const char *wait, void *stack,
                   struct err *e)
{
    struct child child = {.start = s, .fence = f, .wait = wait, .program.master = -1};
    int r = run_child(unpack_main, 0, &child, stack, e);
    /* It is dead, or was never made: no other's end is taken. */
    if (child.program.pid > 0) {
        waitpid(child.program.pid, NULL, 0);
    }
    return r;
}
