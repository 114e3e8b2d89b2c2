/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One round is: wait (until the first timer at most), the events of the
 * descriptors, the timers that are due, the deferred calls.
 *
 * A watch may be removed and freed by any callback.  So an event is looked up
 * only when its turn comes, and loop_io_remove blanks those of the same round that
 * still wait; timers and deferred calls leave their heap or list before they are called.
 */
#include "base/loop.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/mem.h"

#define ROUND_EVENTS 64
#define SIGNALS      65
#define LATE_ROUNDS  8

/* Asleep for a moment before late calls: with few cores, whoever was answered runs before what
 * these set going. */
#define LATE_NS UINT64_C(50000)

struct signal_watch {
    loop_signal_fn *fn;
    void *ctx;
};

struct loop {
    int epoll_fd;
    bool stop;
    bool in_round;
    bool no_pwait2; /* a kernel below 5.11, or a container's filter */
    uint64_t now_ns;
    struct epoll_event events[ROUND_EVENTS];
    int event_count, event_next;
    struct loop_timer **heap;
    uint32_t heap_count, heap_cap;
    struct list deferred, late, mark;
    unsigned late_rounds; /* in which the late ones have waited */
    int signal_fd;
    sigset_t signals;
    struct loop_io signal_io;
    struct signal_watch signal_watches[SIGNALS];
};

int loop_new(struct loop **ret, struct err *e)
{
    AUTO(fd_closep) int fd = epoll_create1(EPOLL_CLOEXEC);
    if (fd < 0) {
        return err_sys(e, "epoll_create1");
    }
    struct loop *loop = xcalloc(1, sizeof(*loop));
    loop->epoll_fd = TAKE(&fd, -1);
    loop->signal_fd = -1;
    list_init(&loop->deferred);
    list_init(&loop->late);
    sigemptyset(&loop->signals);
    *ret = loop;
    return 0;
}

static void forget_all(struct list *calls)
{
    while (!list_empty(calls)) {
        loop_defer_cancel(LIST_ITEM(calls->next, struct loop_defer, link));
    }
}

void loop_free(struct loop *loop)
{
    if (loop == NULL) {
        return;
    }
    while (loop->heap_count > 0) {
        loop_timer_cancel(loop->heap[0]);
    }
    forget_all(&loop->deferred);
    forget_all(&loop->late);
    loop_io_remove(&loop->signal_io);
    fd_close(loop->signal_fd);
    fd_close(loop->epoll_fd);
    free(loop->heap);
    free(loop);
}

uint64_t loop_now_ns(struct loop *loop)
{
    if (!loop->in_round) {
        loop->now_ns = clock_mono_ns(&clock_system);
    }
    return loop->now_ns;
}

void loop_stop(struct loop *loop)
{
    loop->stop = true;
}

int loop_run(struct loop *loop, struct err *e)
{
    int r = 0;
    while (r == 0 && !loop->stop) {
        r = loop_step(loop, UINT64_MAX, e);
    }
    loop->stop = false;
    return r;
}

/* Descriptors */

int loop_io_add(struct loop *loop, struct loop_io *io, int fd, unsigned events, loop_io_fn *fn,
                void *ctx, struct err *e)
{
    struct epoll_event event = {.events = events, .data.ptr = io};
    if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0) {
        return err_sys(e, "watching descriptor %d", fd);
    }
    *io = (struct loop_io){loop, fd, fn, ctx};
    return 0;
}

int loop_io_modify(struct loop_io *io, unsigned events, struct err *e)
{
    struct epoll_event event = {.events = events, .data.ptr = io};
    if (epoll_ctl(io->loop->epoll_fd, EPOLL_CTL_MOD, io->fd, &event) < 0) {
        return err_sys(e, "watching descriptor %d", io->fd);
    }
    return 0;
}

void loop_io_remove(struct loop_io *io)
{
    struct loop *loop = io->loop;
    if (loop == NULL) {
        return;
    }
    epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, io->fd, NULL);
    for (int i = loop->event_next; i < loop->event_count; i++) {
        if (loop->events[i].data.ptr == io) {
            loop->events[i].data.ptr = NULL;
        }
    }
    io->loop = NULL;
}

static void run_events(struct loop *loop)
{
    while (loop->event_next < loop->event_count) {
        struct epoll_event event = loop->events[loop->event_next++];
        struct loop_io *io = event.data.ptr;
        if (io != NULL) {
            io->fn(io->ctx, event.events);
        }
    }
}

/* Timers: a binary heap, the earliest at 0 */

static void heap_put(struct loop *loop, uint32_t index, struct loop_timer *t)
{
    loop->heap[index] = t;
    t->heap_index = index;
}

static void heap_up(struct loop *loop, struct loop_timer *t)
{
    uint32_t i = t->heap_index;
    while (i > 0 && loop->heap[(i - 1) / 2]->at_ns > t->at_ns) {
        heap_put(loop, i, loop->heap[(i - 1) / 2]);
        i = (i - 1) / 2;
    }
    heap_put(loop, i, t);
}

static void heap_down(struct loop *loop, struct loop_timer *t)
{
    uint32_t i = t->heap_index;
    for (;;) {
        uint32_t child = 2 * i + 1;
        if (child + 1 < loop->heap_count &&
            loop->heap[child + 1]->at_ns < loop->heap[child]->at_ns) {
            child++;
        }
        if (child >= loop->heap_count || loop->heap[child]->at_ns >= t->at_ns) {
            break;
        }
        heap_put(loop, i, loop->heap[child]);
        i = child;
    }
    heap_put(loop, i, t);
}

void loop_timer_set(struct loop *loop, struct loop_timer *t, uint64_t at_ns, loop_fn *fn, void *ctx)
{
    loop_timer_cancel(t);
    if (loop->heap_count == loop->heap_cap) {
        loop->heap_cap = loop->heap_cap > 0 ? loop->heap_cap * 2 : 16;
        loop->heap = xreallocarray(loop->heap, loop->heap_cap, sizeof(struct loop_timer *));
    }
    *t = (struct loop_timer){loop, at_ns, loop->heap_count++, fn, ctx};
    heap_up(loop, t);
}

void loop_timer_cancel(struct loop_timer *t)
{
    struct loop *loop = t->loop;
    if (loop == NULL) {
        return;
    }
    t->loop = NULL;
    struct loop_timer *last = loop->heap[--loop->heap_count];
    if (last != t) {
        last->heap_index = t->heap_index;
        heap_up(loop, last);
        heap_down(loop, last);
    }
}

/* As many as there were: a timer that sets itself to "now" must not shut out the descriptors. */
static void run_timers(struct loop *loop)
{
    for (uint32_t left = loop->heap_count; left > 0 && loop->heap_count > 0; left--) {
        struct loop_timer *t = loop->heap[0];
        if (t->at_ns > loop->now_ns) {
            return;
        }
        loop_timer_cancel(t);
        t->fn(t->ctx);
    }
}

/* Deferred calls */

static void defer(struct loop *loop, struct list *calls, struct loop_defer *d, loop_fn *fn,
                  void *ctx)
{
    d->fn = fn;
    d->ctx = ctx;
    if (d->loop == NULL) {
        d->loop = loop;
        list_append(calls, &d->link);
    }
}

void loop_defer(struct loop *loop, struct loop_defer *d, loop_fn *fn, void *ctx)
{
    defer(loop, &loop->deferred, d, fn, ctx);
}

void loop_defer_late(struct loop *loop, struct loop_defer *d, loop_fn *fn, void *ctx)
{
    defer(loop, &loop->late, d, fn, ctx);
}

void loop_defer_cancel(struct loop_defer *d)
{
    if (d->loop != NULL) {
        list_remove(&d->link);
        d->loop = NULL;
    }
}

static void run_calls(struct loop *loop, struct list *calls)
{
    /* A mark behind those that wait now: what they add runs in the next round. */
    struct list *mark = &loop->mark;
    list_append(calls, mark);
    while (calls->next != mark) {
        struct loop_defer *d = LIST_ITEM(calls->next, struct loop_defer, link);
        loop_defer_cancel(d);
        d->fn(d->ctx);
    }
    list_remove(mark);
}

/* `idle`: this round had nothing else to do, so that it slept for LATE_NS. */
static void run_late(struct loop *loop, bool idle)
{
    if (list_empty(&loop->late)) {
        return;
    }
    if (!idle && ++loop->late_rounds < LATE_ROUNDS) {
        return;
    }
    loop->late_rounds = 0;
    run_calls(loop, &loop->late);
}

/* Signals */

static void on_signal(void *ctx, unsigned events)
{
    struct loop *loop = ctx;
    (void)events;

    struct signalfd_siginfo info;
    while (read(loop->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
        struct signal_watch *w = &loop->signal_watches[info.ssi_signo % SIGNALS];
        if (w->fn != NULL) {
            w->fn(w->ctx, (int)info.ssi_signo);
        }
    }
}

int loop_signal_add(struct loop *loop, int signo, loop_signal_fn *fn, void *ctx, struct err *e)
{
    sigset_t signals = loop->signals;
    if (sigaddset(&signals, signo) < 0) {
        return err_sys(e, "signal %d", signo);
    }
    pthread_sigmask(SIG_BLOCK, &signals, NULL); /* fails for a wrong first argument only */
    int fd = signalfd(loop->signal_fd, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    if (fd < 0) {
        return err_sys(e, "signalfd");
    }
    loop->signal_fd = fd;
    if (loop->signal_io.loop == NULL) {
        int r = loop_io_add(loop, &loop->signal_io, fd, EPOLLIN, on_signal, loop, e);
        if (r < 0) {
            return r;
        }
    }
    loop->signals = signals;
    loop->signal_watches[signo] = (struct signal_watch){fn, ctx};
    return 0;
}

/* One round */

/* How long this round may wait; UINT64_MAX is for ever. */
static uint64_t round_wait_ns(struct loop *loop, uint64_t max_wait_ns)
{
    if (!list_empty(&loop->deferred) || loop->stop) {
        return 0;
    }
    if (!list_empty(&loop->late) && max_wait_ns > LATE_NS) {
        max_wait_ns = LATE_NS;
    }
    if (loop->heap_count == 0) {
        return max_wait_ns;
    }
    uint64_t now = loop_now_ns(loop);
    uint64_t at = loop->heap[0]->at_ns;
    uint64_t wait = at > now ? at - now : 0;
    return wait < max_wait_ns ? wait : max_wait_ns;
}

/* In milliseconds, rounded up: woken too early, the loop would spin until the timer is due. */
static int wait_in_ms(struct loop *loop, uint64_t wait_ns)
{
    int ms = -1;
    if (wait_ns != UINT64_MAX) {
        uint64_t up = wait_ns / NS_PER_MS + (wait_ns % NS_PER_MS != 0);
        ms = up > INT32_MAX ? INT32_MAX : (int)up;
    }
    return epoll_wait(loop->epoll_fd, loop->events, ROUND_EVENTS, ms);
}

static int wait_for_events(struct loop *loop, uint64_t wait_ns)
{
    if (loop->no_pwait2) {
        return wait_in_ms(loop, wait_ns);
    }
    struct timespec ts = {.tv_sec = (time_t)(wait_ns / NS_PER_S),
                          .tv_nsec = (long)(wait_ns % NS_PER_S)};
    int n = epoll_pwait2(loop->epoll_fd, loop->events, ROUND_EVENTS,
                         wait_ns == UINT64_MAX ? NULL : &ts, NULL);
    if (n < 0 && (errno == ENOSYS || errno == EPERM)) {
        loop->no_pwait2 = true;
        return wait_in_ms(loop, wait_ns);
    }
    return n;
}

int loop_step(struct loop *loop, uint64_t max_wait_ns, struct err *e)
{
    int n = wait_for_events(loop, round_wait_ns(loop, max_wait_ns));
    if (n < 0 && errno != EINTR) {
        return err_sys(e, "waiting for events");
    }
    loop->now_ns = clock_mono_ns(&clock_system);
    loop->in_round = true;
    loop->event_next = 0;
    loop->event_count = n > 0 ? n : 0;
    run_events(loop);
    run_timers(loop);
    bool idle = loop->event_count == 0 && list_empty(&loop->deferred);
    run_calls(loop, &loop->deferred);
    run_late(loop, idle);
    loop->in_round = false;
    return 0;
}
