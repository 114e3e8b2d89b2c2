#pragma once
/*
 * loop - one epoll loop: descriptors, timers, signals, deferred calls.
 *
 * Watches are embedded in their owners and zero-initialised; removing one that is
 * not added is fine, and one may be removed (and its owner freed) from any
 * callback, also when its own event is pending in the same round.  Idle costs
 * nothing: no tick.  One thread.
 */
#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"

struct err;
struct loop;

typedef void loop_io_fn(void *ctx, unsigned events); /* EPOLLIN ... */
typedef void loop_fn(void *ctx);
typedef void loop_signal_fn(void *ctx, int signo);

struct loop_io {
    struct loop *loop; /* NULL: not added */
    int fd;
    loop_io_fn *fn;
    void *ctx;
};

struct loop_timer {
    struct loop *loop; /* NULL: not armed */
    uint64_t at_ns;    /* CLOCK_MONOTONIC */
    uint32_t heap_index;
    loop_fn *fn;
    void *ctx;
};

struct loop_defer {
    struct loop *loop; /* NULL: not queued */
    struct list link;
    loop_fn *fn;
    void *ctx;
};

int loop_new(struct loop **ret, struct err *e);
void loop_free(struct loop *loop);              /* NULL is fine */
int loop_run(struct loop *loop, struct err *e); /* until loop_stop */
/* One round: waits at most max_wait_ns (UINT64_MAX: for ever), runs what is due. */
int loop_step(struct loop *loop, uint64_t max_wait_ns, struct err *e);
void loop_stop(struct loop *loop);
uint64_t loop_now_ns(struct loop *loop); /* CLOCK_MONOTONIC, read once a round */

int loop_io_add(struct loop *loop, struct loop_io *io, int fd, unsigned events, loop_io_fn *fn,
                void *ctx, struct err *e);
int loop_io_modify(struct loop_io *io, unsigned events, struct err *e);
void loop_io_remove(struct loop_io *io); /* before the fd is closed */

/* Arms (again) for a moment of CLOCK_MONOTONIC; fires once. */
void loop_timer_set(struct loop *loop, struct loop_timer *t, uint64_t at_ns, loop_fn *fn,
                    void *ctx);
void loop_timer_cancel(struct loop_timer *t);

/* Runs fn after the events of this round; queued twice runs once. */
void loop_defer(struct loop *loop, struct loop_defer *d, loop_fn *fn, void *ctx);
/* For what nobody waits for: runs fn when no descriptor is ready and no other call is deferred, or
 * when a few rounds have had something of these. */
void loop_defer_late(struct loop *loop, struct loop_defer *d, loop_fn *fn, void *ctx);
void loop_defer_cancel(struct loop_defer *d); /* of either */

/* Blocks the signal in this thread and hears it through a signalfd. */
int loop_signal_add(struct loop *loop, int signo, loop_signal_fn *fn, void *ctx, struct err *e);
