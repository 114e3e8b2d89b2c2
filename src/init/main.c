/* SPDX-License-Identifier: Apache-2.0 */
/*
 * belljar-init - PID 1 of one box.
 *
 * boxd's child becomes it, with two sockets and the system call filter open, as uid 999 with the
 * capabilities to kill and to change ids, and nothing else.  It offers pipes to the server (HELLO),
 * puts the filter on, makes a process under uid 1000, and sleeps.  That process waits for START,
 * unpacks files and becomes the program (READY, GO).  Init buries orphans while that runs, kills
 * what is left, says how it ended (EXITED) and, when asked, streams what it left (PRODUCT).  Then
 * it waits to be killed: a box is used once.  A WARM before START makes a program of that process
 * at once, which then waits for its files.
 *
 * It, or the process that it sleeps for, listens to boxd and the server all that time; the box ends
 * when either is gone.
 * It trusts nothing in the box: it opens no path there but as the program's user, in a child.
 */
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/err.h"
#include "boxproto/filter_file.h"
#include "boxproto/weaken.h"
#include "init/channel.h"
#include "init/collect.h"
#include "init/fence.h"
#include "init/limits.h"
#include "init/program.h"
#include "init/reap.h"
#include "init/start.h"
#include "init/streams.h"
#include "init/warm.h"

struct init {
    struct fence fence;
    struct reap reap;
    struct start start;
    struct program program;
    _Alignas(16) char stack[64 * 1024];
};

/*
 * Ignored signals outlive an exec; whoever started the service may have ignored some.  Not by
 * signal(): C libraries refuse the numbers that they keep for themselves (32 to 34), which the
 * program would inherit.
 */
static void reset_signals(void)
{
    const unsigned long none[8] = {0}; /* the kernel's struct sigaction: SIG_DFL, no flags */
    for (int signo = 1; signo < NSIG; signo++) {
        syscall(SYS_rt_sigaction, signo, none, NULL, sizeof(uint64_t));
    }
}

static int set_up(struct init *in, struct err *e)
{
    /* Nobody may read or write us, open our descriptors, or have us dump core. */
    if (prctl(PR_SET_DUMPABLE, 0) < 0 ||
        syscall(SYS_close_range, BOX_FD_WATCH, BOX_FD_FILTER, CLOSE_RANGE_CLOEXEC) < 0 ||
        syscall(SYS_close_range, BOX_FD_FILTER + 1, ~0U, 0) < 0) {
        return err_sys(e, "box init: setting up its process");
    }
    reset_signals();
    umask(S_IWGRP | S_IWOTH);
    int r = streams_open(&in->fence, e);
    if (r == 0) {
        r = reap_open(&in->reap, e);
    }
    if (r == 0) {
        r = limits_set_common(in->fence.weaken, e);
    }
    if (r == 0) {
        r = fence_prepare(&in->fence, e);
    }
    if (r == 0) {
        struct payload *p = &in->start.payload;
        r = filter_file_load(BOX_FD_FILTER, p->buf, sizeof(p->buf), e);
        if (r < 0) {
            err_wrap(e, "box init");
        }
    }
    close(BOX_FD_FILTER);
    return r;
}

/* Of a test build: the mask of what is left out, in hexadecimal. */
static uint64_t weaken_word(const char *word)
{
    uint64_t mask = 0;
    for (; *word; word++) {
        mask = mask << 4 | (uint64_t)(*word <= '9' ? *word - '0' : *word - 'a' + 10);
    }
    return mask;
}

/*
 * The keys of a terminal signal whatever is in its foreground, and so do their signals when they
 * are sent: a shell with job control would ignore them.  All others are for the program that was
 * started.  -1: it has ended, or given the terminal up.
 */
static pid_t foreground(const struct init *in, int signo)
{
    pid_t group = -1;
    int master = in->program.master;
    bool key = signo == SIGINT || signo == SIGQUIT || signo == SIGTSTP;
    return key && master >= 0 && ioctl(master, TIOCGPGRP, &group) == 0 ? group : -1;
}

static void signal_program(const struct init *in, int signo)
{
    pid_t group = foreground(in, signo);
    /* The number is not free before we have buried the program, and then nobody comes here. */
    if (group <= 1 || kill(-group, signo) < 0) {
        kill(-in->program.pid, signo);
    }
}

static void hear_boxd(bool running)
{
    struct box_stop m;
    channel_recv(BOX_FD_WATCH, UINT32_C(1) << BOX_MSG_STOP, &m, sizeof(m), NULL, NULL);
    if (running) {
        kill(-1, SIGKILL); /* all but us; the program's end is then met as any other */
    }
}

static void hear_server(const struct init *in, bool running)
{
    union {
        struct box_head head;
        struct box_signal signal;
        struct box_resize resize;
    } m;
    channel_recv(BOX_FD_CONTROL, UINT32_C(1) << BOX_MSG_SIGNAL | UINT32_C(1) << BOX_MSG_RESIZE, &m,
                 sizeof(m), NULL, NULL);
    if (!running) {
        return; /* it was sent before the server knew */
    }
    if (m.head.type == BOX_MSG_SIGNAL) {
        signal_program(in, m.signal.signo);
    } else if (in->program.master >= 0) {
        struct winsize size = {.ws_row = m.resize.rows, .ws_col = m.resize.columns};
        ioctl(in->program.master, TIOCSWINSZ, &size);
    }
}

/* Serves the box until `child` has ended; its wait status. */
static int wait_for(struct init *in, pid_t child, bool program)
{
    for (;;) {
        int status;
        int ready = channel_wait(CHANNEL_BOTH, in->reap.sigfd);
        if (ready == BOX_FD_CONTROL) {
            hear_server(in, program);
        } else if (ready == BOX_FD_WATCH) {
            hear_boxd(program);
        } else if (reap_dead(&in->reap, child, &status)) {
            return status;
        }
    }
}

static int tell_exited(const struct program *p, int status, uint64_t ended_ns, struct err *e)
{
    struct rusage used = {0};
    getrusage(RUSAGE_CHILDREN, &used);
    uint64_t cpu_ns = reap_cpu_ns();
    struct box_exited exited = {
        .head.type = BOX_MSG_EXITED,
        .wait_status = status,
        .wall_ns = ended_ns - p->started_ns,
        .cpu_ns = cpu_ns > p->cpu_ns ? cpu_ns - p->cpu_ns : 0,
        .max_rss = (uint64_t)used.ru_maxrss * 1024,
    };
    int r = fd_send(BOX_FD_WATCH, &exited, sizeof(exited), NULL, 0, e);
    return r < 0 ? err_wrap(e, "box init: sending EXITED") : 0;
}

static bool collects_some(const struct init *in)
{
    return in->start.msg.flags & BOX_START_COLLECT_SOME;
}

/* The exit status: 1: not all of it. */
static _Noreturn void be_collector(const struct init *in, int out_fd)
{
    const struct start *s = &in->start;
    uint64_t max = s->msg.collect_bytes;
    struct err e = {0};
    bool missed = false;
    int r = fence_enter(&in->fence, &e);
    if (r == 0) {
        r = collects_some(in) ? collect_some(s->collect, out_fd, max, in->fence.weaken, &missed, &e)
                              : collect(s->collect, out_fd, max, in->fence.weaken, &e);
    }
    if (r < 0 && !collects_some(in)) {
        channel_send_failed(BOX_FD_CONTROL, &e);
    }
    _exit(r < 0 || missed ? 1 : 0);
}

static int tell_collected(bool missed, struct err *e)
{
    struct box_collected m = {.head.type = BOX_MSG_COLLECTED, .missed = missed};
    int r = fd_send(BOX_FD_CONTROL, &m, sizeof(m), NULL, 0, e);
    return r < 0 ? err_wrap(e, "box init: sending COLLECTED") : 0;
}

/*
 * A fork, for once: the collector works on what foreign code made, and init must hear boxd while
 * it does.  Init keeps the pipe's end open until it has said how that went, so at the end of the
 * pipe the server has COLLECTED or FAILED already.
 */
static int run_collector(struct init *in, int out_fd, struct err *e)
{
    pid_t pid = fork();
    if (pid < 0) {
        return err_sys(e, "box init: making a process");
    }
    if (pid == 0) {
        be_collector(in, out_fd);
    }
    int status = wait_for(in, pid, false);
    if (collects_some(in)) {
        return tell_collected(status != 0, e);
    }
    if (WIFSIGNALED(status)) {
        return err_set(e, ERR_IO, "box init: the collector was ended by signal %d",
                       WTERMSIG(status));
    }
    if (WEXITSTATUS(status) != 0) {
        return 0; /* it has told why itself */
    }
    return tell_collected(false, e);
}

static int send_product(struct init *in, struct err *e)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0) {
        return err_sys(e, "box init: making a pipe");
    }
    AUTO(fd_closep) int from = ends[0];
    AUTO(fd_closep) int to = ends[1];
    int r = channel_send(BOX_FD_CONTROL, BOX_MSG_PRODUCT, &from, 1, e);
    fd_closep(&from);
    if (r == 0) {
        r = run_collector(in, to, e);
    }
    if (r < 0 && collects_some(in)) {
        (void)tell_collected(true, e);
    } else if (r < 0) {
        channel_send_failed(BOX_FD_CONTROL, e);
    }
    return 0; /* boxd has been told of the program's end: this is between init and the server */
}

static void *stack_of(struct init *in)
{
    return in->stack + sizeof(in->stack);
}

static int start_program(struct init *in, struct err *e)
{
    int r = program_start(&in->start, &in->fence, stack_of(in), &in->program, e);
    streams_close(&in->start);
    if (r < 0) {
        return r;
    }
    start_unpacked(&in->start);
    if (start_is_warm_up(&in->start)) {
        r = warm_start(&in->start, &in->fence, &in->reap, stack_of(in), &in->program, e);
    }
    if (r < 0) {
        return r;
    }
    if (weakened(in->fence.weaken, WEAKEN_DUMPABLE)) {
        prctl(PR_SET_DUMPABLE, 1);
    }
    int master = in->program.master;
    if (master >= 0 || in->start.msg.flags & BOX_START_TELL) {
        r = channel_send(BOX_FD_CONTROL, BOX_MSG_STARTED, &master, master >= 0, e);
    }
    return r;
}

static int serve(struct init *in, struct err *e)
{
    int r = start_program(in, e);
    if (r < 0) {
        return r;
    }
    int status = wait_for(in, in->program.pid, true);
    uint64_t ended_ns = clock_mono_ns(&clock_system);
    if (!weakened(in->fence.weaken, WEAKEN_KILL_FIRST)) {
        reap_kill_all();
    }
    fd_closep(&in->program.master);
    r = tell_exited(&in->program, status, ended_ns, e);
    return r < 0 || !(in->start.msg.flags & BOX_START_COLLECT) ? r : send_product(in, e);
}

int main(int argc, char **argv)
{
    static struct init init; /* static for its size: untouched pages of it cost nothing */
    struct err e = {0};
    if (getpid() != 1) {
        return 2; /* started by hand: what ends a box with kill(-1) would end the machine's work */
    }
    init.program.master = -1;
    init.fence.two_ids = argc >= 2 && argv[1][0] == '2';
    init.fence.stage = argc >= 2 && strchr(argv[1], 'w') != NULL;
    if (WEAKEN_BUILD && argc == 3) {
        init.fence.weaken = weaken_word(argv[2]);
    }
    int r = set_up(&init, &e);
    if (r == 0) {
        r = serve(&init, &e);
    }
    if (r < 0) {
        reap_kill_all();
        channel_send_failed(BOX_FD_WATCH, &e);
        channel_send_failed(BOX_FD_CONTROL, &e);
    }
    channel_wait(-1, -1);
    channel_end();
}
